"""Tags of SALESmanago that staff took off in the panel, from the reading to the panel and back (R30)."""

from datetime import timedelta

import pytest

from app.domain.commands import MirrorTags
from app.domain.decisions.discrepancies import conflicts
from app.domain.delivery.outcomes import NeedsPerson, Unreachable
from app.domain.events import TagsEdited
from app.domain.reasons import Reason
from app.domain.runs.reconciliation import Cause, ReconciliationMode
from app.domain.shops.shop import Panel, PanelKind
from app.services.runs.reconciliations import Reconciliations
from tests.support.world import JAN, World, registers
from tests.support.worlds.changes import PANEL, configured, ended, fine, looked, person, pulling, shop

KOSZYK = "salesmanago_shop1_koszyk"


@pytest.fixture
async def mirrored(world: World) -> World:
    """`koszyk` was given to Jan in SALESmanago."""
    await configured(world, shop(1, panel=PANEL))
    await world.post(registers(id="1"))
    await world.run()
    world.upstream.contacts[JAN].add("KOSZYK")
    return world


def shows(world: World, *names: str) -> TagsEdited:
    return TagsEdited(at=world.clock(), customer_id="1", all_tags=(), mirrored=("salesmanago_shop1_rejestracja", *names))


async def read(world: World, *names: str) -> None:
    """A scan read the customer's tags a minute later."""
    world.clock.advance(minutes=1)
    await world.post(shows(world, *names))
    await world.run()


async def disputed(world: World) -> list[tuple[str, ...]]:
    async with world.store.work() as work:
        people = await work.contacts.disputed("shop1", 10)
    (the_shop,) = world.directory.shops()
    return [one.about for stored in people for one in conflicts(stored.contact, the_shop)]


def written(world: World) -> int:
    return len([one for one in world.side.done if isinstance(one, MirrorTags)])


async def test_r30_a_tag_that_staff_took_off_is_written_once_more_and_then_shown_as_a_conflict(mirrored: World) -> None:
    await looked(mirrored)
    assert written(mirrored) == 1
    await read(mirrored, KOSZYK)
    assert written(mirrored) == 1
    await read(mirrored)
    assert (written(mirrored), await disputed(mirrored)) == (2, [])
    for _ in range(3):
        await read(mirrored)
    assert (written(mirrored), await disputed(mirrored)) == (2, [("koszyk",)])
    await read(mirrored, KOSZYK)
    assert await disputed(mirrored) == []
    await ended(mirrored)


async def test_r30_a_tag_that_salesmanago_takes_away_is_taken_off_in_the_panel_and_is_no_conflict(mirrored: World) -> None:
    await looked(mirrored)
    mirrored.upstream.contacts[JAN].discard("KOSZYK")
    await looked(mirrored)
    assert mirrored.side.done[-1].tags.gone == ("koszyk",)
    await read(mirrored)
    assert (written(mirrored), await disputed(mirrored)) == (2, [])


async def test_r30_what_the_panel_showed_before_the_tag_arrived_is_no_removal(mirrored: World) -> None:
    mirrored.side.respond = lambda command: Unreachable("down")
    await looked(mirrored)
    await read(mirrored)
    early = shows(mirrored)
    mirrored.side.respond = fine
    await mirrored.run_for(hours=1)
    await mirrored.post(early)
    await mirrored.run()
    assert (written(mirrored), (await person(mirrored)).shop_state.taken_off) == (1, {})
    await read(mirrored)
    assert written(mirrored) == 2


async def test_r30_a_tag_that_the_panel_refused_was_taken_off_by_nobody(mirrored: World) -> None:
    mirrored.side.respond = lambda command: NeedsPerson(Reason.PANEL_REFUSED)
    await looked(mirrored)
    for _ in range(3):
        await read(mirrored)
    assert (await disputed(mirrored), (await person(mirrored)).shop_state.taken_off) == ([], {})


async def test_r30_a_tag_that_the_same_round_writes_was_taken_off_by_nobody(mirrored: World) -> None:
    await looked(mirrored)
    mirrored.upstream.contacts[JAN].add("MENU1")
    mirrored.clock.advance(seconds=1)
    await pulling(mirrored).pull_changed("main", timedelta(0))
    await mirrored.post(shows(mirrored, KOSZYK))
    await mirrored.run()
    assert (written(mirrored), (await person(mirrored)).shop_state.taken_off) == (2, {})


async def test_a8_a_comparison_counts_a_tag_that_is_off_and_its_repair_writes_it_again(mirrored: World) -> None:
    await configured(mirrored, shop(1, panel=Panel(kind=PanelKind.WEBHOOK)))  # it has no accounts to list
    await looked(mirrored)
    await read(mirrored)
    await read(mirrored)
    mirrored.clock.advance(minutes=1)
    runs = Reconciliations(
        mirrored.store,
        mirrored.directory,
        lambda _: mirrored.upstream,
        lambda name: mirrored.sides[name],
        pulling(mirrored),
        mirrored.dry_run,
        mirrored.clock,
        lambda: None,
    )
    for mode, times in ((ReconciliationMode.PREVIEW, 2), (ReconciliationMode.REPAIR, 3)):
        await runs.start("shop1", mode)
        while await runs.step_due():
            pass
        assert (await runs.of_shop("shop1"))[0].causes == {Cause.TAG_TAKEN_OFF: 1}
        await mirrored.run()
        assert written(mirrored) == times
    assert await disputed(mirrored) == []
