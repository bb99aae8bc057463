"""A shop goes with all that was held of it, a bounded number of rows at a time; its neighbour keeps every row. On both stores."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.domain.errors import NotFound, NotPossible
from app.domain.intake.inbox import NewEvent
from app.services.shops.removal import ShopRemoval
from app.storage.engine.tables import metadata
from app.storage.operations import removal
from tests.support.world import World, orders, registers
from tests.support.worlds.changes import configured, shop

KEPT = {"audit_log", "consents", "consent_heads", "consent_anchors"}
"""The log and the sealed lines."""


async def rows_of(world: World, shop_id: str) -> dict[str, int]:
    """Table -> rows that name the shop."""
    found = {}
    async with world.database.transaction() as connection:
        for table in metadata.sorted_tables:
            if "shop_id" in table.c:
                counted = select(func.count()).select_from(table).where(table.c.shop_id == shop_id)
                found[table.name] = (await connection.execute(counted)).scalar_one()
    return {name: number for name, number in found.items() if number and name not in KEPT}


@pytest.fixture
async def leaving(world: World) -> World:
    """Two shops with the same people; the first is disabled, and something of it was not sent yet."""
    await configured(world, shop(1), shop(2))
    for name in ("shop1", "shop2"):
        people = [f"p{number}@example.com" for number in range(12)]
        await world.post(*(registers(email) for email in people), shop=name)
        await world.post(*(orders(f"o{number}", email, minutes=1) for number, email in enumerate(people)), shop=name)
        await world.directory.issue_key(name)
    await world.plan()
    await configured(world, shop(1, enabled=False), shop(2))
    return world


async def test_a_removed_shop_leaves_no_row_and_the_other_shop_keeps_every_one(
    leaving: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "ROWS", 5)  # several rounds of every table
    before = await rows_of(leaving, "shop2")
    assert await rows_of(leaving, "shop1")
    going = ShopRemoval(leaving.store, leaving.directory, leaving.clock)
    preview = await going.preview("shop1")
    assert await going.remove("shop1", unsent_too=True) == preview
    assert (preview["people"], preview["events"], preview["keys"]) == (12, 24, 1)
    assert await rows_of(leaving, "shop1") == {}
    assert await rows_of(leaving, "shop2") == before
    assert [one.id for one in leaving.directory.shops()] == ["shop2"]
    with pytest.raises(NotFound):
        await going.preview("shop1")


async def test_a_shop_with_more_rows_than_a_transaction_takes_goes_whole(world: World) -> None:
    await configured(world, shop(1), shop(2))
    at = world.clock.now
    many = [
        NewEvent("shop1", f"e{number}", "registration", registers(f"p{number}@example.com"), "d")
        for number in range(removal.ROWS + 200)
    ]
    async with world.store.work() as work:
        await work.inbox.add(many, at + timedelta(seconds=1))
        await work.commit()
    await configured(world, shop(1, enabled=False), shop(2))
    going = ShopRemoval(world.store, world.directory, world.clock)
    assert (await going.remove("shop1", unsent_too=False))["events"] == removal.ROWS + 200
    assert await rows_of(world, "shop1") == {}


async def test_a_shop_that_is_enabled_or_has_something_unsent_stays_whole(leaving: World) -> None:
    going = ShopRemoval(leaving.store, leaving.directory, leaving.clock)
    before = await rows_of(leaving, "shop1")
    with pytest.raises(NotPossible, match="Unsent commands of the shop: 36,"):
        await going.remove("shop1", unsent_too=False)
    with pytest.raises(NotPossible, match="is enabled"):
        await going.remove("shop2", unsent_too=True)
    assert await rows_of(leaving, "shop1") == before
