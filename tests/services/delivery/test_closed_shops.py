"""Shops that are disabled or in the shadow."""

from app.domain.consent import TimedStatus
from tests.support.world import (
    EWA,
    JAN,
    World,
    at,
    registers,
)
from tests.support.worlds.changes import (
    OUT,
    PANEL,
    changes,
    configured,
    ended,
    happened,
    looked,
    person,
    reported,
    resigned,
    shop,
)


async def test_what_is_on_its_way_to_a_disabled_shop_waits_until_it_is_enabled(two: World) -> None:
    await two.post(resigned(1), shop="shop1", event_id="before")
    await two.plan()
    await configured(two, shop(1, enabled=False), shop(2))
    await two.post(resigned(2, EWA), shop="shop1", event_id="while-disabled")
    await two.post(resigned(1), shop="shop2")
    await two.run_for(hours=0.1, steps=2)
    assert two.sides["shop1"].asked == []
    assert changes(two.sides["shop2"].done) == [TimedStatus(OUT, at(1))]
    await configured(two, shop(1), shop(2))
    await two.run()
    assert (changes(two.sides["shop1"].done), changes(two.sides["shop1"].done, EWA)) == (
        [TimedStatus(OUT, at(1))],
        [TimedStatus(OUT, at(2))],
    )
    await ended(two)


async def test_looking_again_and_again_at_a_person_of_a_disabled_shop_brings_the_news_once(tagged: World) -> None:
    """R71: what is held would otherwise grow with every look, for as long as the shop is disabled."""
    await tagged.post(registers())
    await tagged.run()
    await looked(tagged)
    await configured(tagged, shop(1, panel=PANEL, enabled=False))
    tagged.upstream.contacts[JAN].add("koszyk")
    for _ in range(3):
        await looked(tagged)
    assert [kind for kind, _, _ in await happened(tagged)].count("upstream-tags") <= 2  # one of them from before


async def test_in_the_shadow_nothing_goes_to_the_shop_and_nothing_counts_as_sent(world: World) -> None:
    await configured(world, shop(1, shadow=True))
    world.upstream.contacts[JAN] = set()
    await world.post(resigned(1), event_id="out")
    await world.post(reported(2), event_id="in")
    await world.run()
    states = await world.at_rest()
    assert states["out"] == states["in"] == ("withheld", "shadow")
    assert (world.side.asked, world.upstream.calls) == ([], [])
    assert (await person(world)).shop_state.email_news is None
    await configured(world, shop(1))
    await world.post(resigned(3))
    await world.run()
    assert changes(world.side.done) == [TimedStatus(OUT, at(3))]


async def test_a_shop_that_steps_into_the_shadow_does_not_learn_of_the_same_poll_again_and_again(world: World) -> None:
    await configured(world, shop(1, panel=PANEL))
    await world.post(registers())
    await world.run()
    await looked(world)
    await configured(world, shop(1, panel=PANEL, shadow=True))
    world.upstream.contacts[JAN].add("koszyk")
    before = len(await happened(world))
    for _ in range(3):
        await looked(world)
    assert len(await happened(world)) - before <= 1
