"""A shop that may not send somebody, and another shop of the account that does: what the first knows counts."""

from collections.abc import Awaitable, Callable
from itertools import permutations

import pytest

from app.domain.consent import Policy, Status
from app.domain.events import Event
from app.domain.values import replace
from tests.support.world import (
    JAN,
    World,
    erases,
    registers,
    renames,
    subscribes,
    unsubscribes,
)
from tests.support.worlds.changes import (
    IN,
    OUT,
    configured,
    ended,
    shop,
    statuses,
)

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


@pytest.mark.parametrize(("dialect", "closed"), [("sqlite", 1), ("sqlite", 2), ("postgresql", 1)], indirect=["dialect"])
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
