"""Tags that a poll of SALESmanago shows: mirrored, named when they are gone, added again where they were lost (R26, R30)."""

import pytest

from app.domain.commands import UpsertContact
from app.domain.shops.shop import TagConflicts
from tests.support.world import (
    JAN,
    World,
    registers,
    tags,
)
from tests.support.worlds.changes import (
    PANEL,
    configured,
    down,
    ended,
    fine,
    looked,
    shop,
)


async def test_r30_tags_and_points_are_mirrored_and_what_is_gone_is_named(tagged: World) -> None:
    await tagged.post(registers(), shop="shop1")
    await tagged.run()
    tagged.upstream.contacts[JAN] |= {"MENU1", "KOSZYK", "IDOSELL_OBCY"}
    tagged.upstream.points["MENU1"] = 7
    assert await looked(tagged) == 1
    (first,) = tagged.side.done
    assert {name: first.tags.points[name] for name in ("menu1", "koszyk")} == {"menu1": 7, "koszyk": 1}
    assert first.tags.complete
    assert not [name for name in first.tags.points if "idosell" in name]  # R29
    assert await looked(tagged) == 0  # at rest
    tagged.upstream.contacts[JAN].discard("KOSZYK")
    tagged.upstream.points["MENU1"] = 9  # R32
    assert await looked(tagged) == 1
    second = tagged.side.done[-1]
    assert (second.tags.points["menu1"], second.tags.gone) == (9, ("koszyk",))
    assert tagged.sides["shop2"].asked == []
    await ended(tagged)


async def test_older_lists_of_tags_that_wait_are_not_written_one_by_one(tagged: World) -> None:
    await tagged.post(registers(), shop="shop1")
    await tagged.run()
    tagged.side.respond = down
    for name in ("menu1", "menu2", "menu3"):
        tagged.upstream.contacts[JAN].add(name)
        await looked(tagged)
    tagged.side.respond = fine
    await tagged.run_for(hours=0.5, steps=3)
    (written,) = tagged.side.done
    assert {"menu1", "menu2", "menu3"} <= written.tags.points.keys()
    await ended(tagged)


async def test_r26_a_tag_that_salesmanago_lost_is_added_again_and_reported(tagged: World) -> None:
    await tagged.post(registers(), tags(1, email=JAN, added=("vip",)), shop="shop1")
    await tagged.run()
    await looked(tagged)
    tagged.upstream.contacts[JAN].discard("idosell_vip")
    assert await looked(tagged) == 1
    assert tagged.upstream.sent(UpsertContact)[-1].add_tags == ("idosell_vip",)
    assert "idosell_vip" in tagged.upstream.contacts[JAN]
    await ended(tagged)


@pytest.mark.parametrize("policy", [TagConflicts.ACCEPT, TagConflicts.REPORT])
async def test_r26_under_the_other_policies_a_lost_tag_stays_lost_and_is_reported(tagged: World, policy: TagConflicts) -> None:
    await configured(tagged, shop(1, panel=PANEL, tag_conflicts=policy))
    await tagged.post(registers(), tags(1, email=JAN, added=("vip",)), shop="shop1")
    await tagged.run()
    await looked(tagged)
    tagged.upstream.contacts[JAN].discard("idosell_vip")
    for _ in range(3):
        await looked(tagged)
    assert "idosell_vip" not in tagged.upstream.contacts[JAN]
    async with tagged.store.work() as work:
        assert [one.contact.email for one in await work.contacts.disputed("shop1", 10)] == [JAN]
    await ended(tagged)
