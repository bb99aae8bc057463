"""What other shops of the account know of a person, and what they adopt."""

import pytest

from app.domain.consent import TimedStatus
from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Unreachable
from app.domain.events import Event, TagsEdited
from app.services.delivery.loop import Delivery
from tests.support.world import (
    JAN,
    World,
    at,
    registers,
    scripted,
    subscribes,
    unsubscribes,
)
from tests.support.worlds.changes import (
    DAY,
    IN,
    OUT,
    ended,
    listed,
    looked,
    person,
    run,
    statuses,
    two_shops,
    up_again,
)


@pytest.mark.parametrize("in_one_round", [False, True], ids=["later", "in the same round"])
async def test_r06_a_person_who_is_new_to_a_shop_comes_with_the_opt_out_that_another_shop_knows(
    world: World, in_one_round: bool
) -> None:
    await two_shops(world)
    await world.post(subscribes(JAN), unsubscribes(JAN, 60), shop="shop1")
    if not in_one_round:
        await world.run()
    world.clock.advance(hours=2)
    await world.post(listed(180, -300 * DAY, id="77"), listed(180, 30, sms=True), listed(181, 59), shop="shop2")
    await world.run()
    assert statuses(world)[-1] is OUT
    assert IN not in statuses(world)[1:]
    assert JAN in world.upstream.opted_out
    assert (await person(world, shop_id="shop2")).sent_state.email_news == TimedStatus(OUT, at(60))
    await ended(world)


async def test_r06_a_person_who_is_new_to_a_shop_comes_with_the_opt_out_that_only_a_poll_showed(world: World) -> None:
    await two_shops(world)
    await world.post(registers(), shop="shop1")
    await world.run()
    await looked(world)
    world.upstream.opted_out.add(JAN)
    await looked(world)
    world.clock.advance(hours=1)
    await world.post(listed(60, -5), shop="shop2")
    await world.run()
    assert statuses(world) == []
    await ended(world)


async def test_r06_whom_a_shop_first_knew_by_number_alone_comes_with_the_opt_out_of_another_shop_as_well(world: World) -> None:
    await two_shops(world)
    await world.post(TagsEdited(at=at(0), customer_id="77", added=("vip",)), shop="shop2")
    await world.post(subscribes(JAN), unsubscribes(JAN, 60), shop="shop1")
    await world.run()
    world.clock.advance(hours=2)
    await world.post(listed(90, 30, id="77"), shop="shop2")
    await world.run()
    assert statuses(world)[-1] is OUT
    assert JAN in world.upstream.opted_out


async def opt_in_overtaken(world: World, *meanwhile: tuple[str, Event]) -> None:
    """An opt-in of shop 2 is on its way when an opt-out of shop 1 is decided, and delivered by another worker."""
    await two_shops(world, looked_at=True)

    async def overtaken(method: str, items: list) -> None:
        if not method.startswith("upsert"):
            return
        world.upstream.before_answer = None
        for name, event in meanwhile:
            await world.post(event, shop=name)
        await world.plan()
        other = Delivery(world.store, world._sender, world.directory.shop, world.clock, lambda: 1.0)
        await other.deliver_due(to_account("main"))

    await world.post(subscribes(JAN, 2, has_account=True), shop="shop2")
    await world.plan()
    world.upstream.before_answer = overtaken
    await world.delivery.deliver_due(to_account("main"))
    await run(world)


async def test_r06_an_opt_in_that_lands_after_another_shops_opt_out_is_followed_by_an_opt_out(world: World) -> None:
    await opt_in_overtaken(world, ("shop1", unsubscribes(JAN, 3)))
    assert statuses(world) == [IN, OUT, OUT]
    assert JAN in world.upstream.opted_out
    for name in ("shop1", "shop2"):
        assert (await person(world, shop_id=name)).sent_state.email_news == TimedStatus(OUT, at(3))
    await ended(world)
    assert await looked(world) == 0


async def test_r06_no_opt_out_is_repeated_for_somebody_who_opted_in_afresh_meanwhile(world: World) -> None:
    await opt_in_overtaken(world, ("shop1", unsubscribes(JAN, 3)), ("shop2", subscribes(JAN, 4, has_account=True)))
    assert statuses(world)[-1] is IN
    assert JAN not in world.upstream.opted_out
    await ended(world)


async def test_r06_no_opt_out_is_repeated_for_somebody_who_opted_in_afresh_at_the_shop_where_they_opted_out(world: World) -> None:
    await opt_in_overtaken(world, ("shop1", unsubscribes(JAN, 3)), ("shop1", subscribes(JAN, 4, has_account=True)))
    assert statuses(world)[-1] is IN
    assert JAN not in world.upstream.opted_out
    await ended(world)


async def test_r06_an_opt_in_that_did_not_land_is_not_followed_by_an_opt_out_of_its_own(world: World) -> None:
    world.upstream.respond = scripted(Unreachable("down"), method="upsert")
    await opt_in_overtaken(world, ("shop1", unsubscribes(JAN, 3)))
    await up_again(world)
    assert statuses(world).count(IN) <= 1
    assert statuses(world)[-1] is OUT
    assert JAN in world.upstream.opted_out
    await ended(world)
