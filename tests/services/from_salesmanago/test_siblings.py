"""What other shops of the account know of a person, and what they adopt."""

from collections.abc import Awaitable, Callable
from itertools import permutations

import pytest

from app.domain.consent import Policy, Status, TimedStatus
from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Unreachable
from app.domain.events import Event, TagsEdited
from app.domain.values import replace
from app.services.delivery.loop import Delivery
from tests.support.world import (
    JAN,
    World,
    at,
    erases,
    registers,
    renames,
    scripted,
    subscribes,
    unsubscribes,
)
from tests.support.worlds.changes import (
    DAY,
    IN,
    OUT,
    configured,
    ended,
    listed,
    looked,
    person,
    run,
    shop,
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


CLOSED, OPEN = "under consent", "of everybody"
"""Two shops of one account: the first may not send the person. Which of them is served first, their names decide."""

ACTS_AT_TWO_SHOPS: dict[str, tuple[Callable[[str], list[tuple[str, Event]]], Status]] = {
    "no opt-in": (lambda who: [(OPEN, registers(who)), (CLOSED, unsubscribes(who, 60))], OUT),
    "an older opt-in": (lambda who: [(OPEN, subscribes(who, 30)), (CLOSED, unsubscribes(who, 60))], OUT),
    "a newer opt-in": (
        lambda who: [(OPEN, registers(who)), (CLOSED, unsubscribes(who, 60)), (OPEN, subscribes(who, 90))],
        IN,
    ),
    "opt-ins around it": (
        lambda who: [(OPEN, subscribes(who, 30)), (CLOSED, unsubscribes(who, 60)), (OPEN, subscribes(who, 90))],
        IN,
    ),
}


@pytest.mark.parametrize("closed", [1, 2])
@pytest.mark.parametrize("after_each", [World.run, World.plan, None], ids=["apart", "sent together", "in one round"])
@pytest.mark.parametrize(("acts", "newest"), ACTS_AT_TWO_SHOPS.values(), ids=ACTS_AT_TWO_SHOPS)
async def test_r06a_an_opt_out_at_a_shop_that_may_not_send_the_person_counts_in_whatever_order_two_shops_report(
    world: World,
    acts: Callable[[str], list[tuple[str, Event]]],
    newest: Status,
    closed: int,
    after_each: Callable[[World], Awaitable[None]] | None,
) -> None:
    await configured(world, shop(closed, policy=Policy.ORDER_CONSENT), shop(3 - closed))
    world.clock.advance(hours=3)
    for number, order in enumerate(permutations(range(len(acts(JAN))))):
        who = f"jan{number}@example.pl"
        for place in order:
            name, act = acts(who)[place]
            await world.post(act, shop=f"shop{closed if name is CLOSED else 3 - closed}")
            if after_each is not None:
                await after_each(world)
        await world.run()
        assert (who in world.upstream.opted_out) is (newest is OUT), order
        assert statuses(world, who)[-1] is newest, order
    await ended(world)


@pytest.mark.parametrize(
    ("afresh", "newest"), [(registers(JAN, 90), OUT), (subscribes(JAN, 90), IN)], ids=["registered", "subscribed"]
)
async def test_r06a_an_opt_out_at_a_shop_that_may_not_send_the_person_outlives_an_erasure_at_another(
    world: World, afresh: Event, newest: Status
) -> None:
    await configured(world, shop(1, policy=Policy.ORDER_CONSENT), shop(2))
    world.clock.advance(hours=3)
    await world.post(registers(), shop="shop2")
    await world.post(unsubscribes(JAN, 30), shop="shop1")
    await world.run()
    await world.post(erases(JAN, 60), shop="shop2")
    await world.run()
    await world.post(afresh, shop="shop2")
    await world.run()
    assert statuses(world)[-1] is newest
    assert (JAN in world.upstream.opted_out) is (newest is OUT)
    await ended(world)


async def test_r06a_an_opt_out_of_text_messages_at_a_shop_that_may_not_send_the_person_follows_when_another_sends_them(
    world: World,
) -> None:
    await configured(world, shop(1, policy=Policy.ORDER_CONSENT), shop(2))
    world.clock.advance(hours=3)
    await world.post(replace(unsubscribes(JAN, 60), by_email=False, by_sms=True), shop="shop1")
    await world.run()
    assert world.upstream.calls == []
    await world.post(subscribes(JAN, 30, by_sms=True, phone="+48600100200"), shop="shop2")
    await world.run()
    assert JAN in world.upstream.opted_out_phone
    assert JAN not in world.upstream.opted_out
    await ended(world)


async def test_r72_an_opt_out_of_another_shop_follows_when_a_person_takes_the_address(world: World) -> None:
    await configured(world, shop(1, policy=Policy.ORDER_CONSENT), shop(2))
    world.clock.advance(hours=3)
    await world.post(unsubscribes("new@example.pl", 30), shop="shop1")
    await world.post(registers(), shop="shop2")
    await world.run()
    assert world.upstream.opted_out == set()
    await world.post(renames(JAN, "new@example.pl", 60), shop="shop2")
    await world.run()
    assert world.upstream.opted_out == {"new@example.pl"}
    await ended(world)
