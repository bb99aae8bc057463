"""Cancellations and returns: those that come before their order, and whose they are (R17, R19)."""

from dataclasses import replace

import pytest

from app.domain.commands import EventKind
from app.domain.consent import ConsentAnswer, Policy
from app.domain.delivery.outcomes import Delivered
from tests.services.planning.orders.stories import DOWN, ORDER, cleaned, people
from tests.support.world import (
    EWA,
    JAN,
    World,
    a_shop,
    at,
    cancels,
    erases,
    orders,
    registers,
    renames,
    returns,
    withdraws,
)


@pytest.mark.parametrize("restarted", [False, True], ids=["of one round", "after a restart"])
async def test_r19_what_comes_before_its_order_follows_it_in_order_and_makes_nobody(world: World, restarted: bool) -> None:
    await world.post(cancels(email="somebody@else.example", minutes=9), returns(minutes=5, email="any@else.example"))
    if restarted:
        await world.run()
        assert set((await world.states()).values()) == {("planned", "waits_for_order")}
        assert await people(world) == []
        world.restart()
    await world.post(ORDER)
    await world.run()
    assert [(one.kind, one.email, one.at) for one in world.upstream.events] == [
        (EventKind.PURCHASE, JAN, at(0)),
        (EventKind.RETURN, JAN, at(5)),
        (EventKind.CANCELLATION, JAN, at(9)),
    ]
    assert await people(world) == [JAN]
    assert set((await world.at_rest()).values()) == {("sent", None)}


async def test_r19_what_waits_for_an_order_is_no_alarm(world: World) -> None:
    await world.post(cancels())
    await world.run()
    async with world.store.work() as work:
        assert await work.inbox.oldest_waiting() == {}


async def test_r19_an_order_that_stays_in_the_shop_ends_what_waited_for_it(world: World) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await world.post(cancels(minutes=3))
    await world.run()
    await world.post(orders(box=ConsentAnswer.NOT_GIVEN), returns(minutes=4))
    await world.run()
    reasons = [reason for _, reason in (await world.at_rest()).values()]
    assert reasons == ["purchase_not_sent", "order_not_consented", "purchase_not_sent"]
    assert world.upstream.methods == []


async def test_r19_the_wait_ends_after_seven_days_unless_the_order_is_on_its_way(world: World) -> None:
    await world.post(cancels("o1"), cancels("o2"))
    await world.run()
    world.clock.advance(hours=7 * 24 - 1)
    await cleaned(world)
    assert set((await world.states()).values()) == {("planned", "waits_for_order")}
    world.clock.advance(hours=2)
    await world.post(orders("o2"))
    await cleaned(world)
    states = await world.states()
    assert states["e1"] == ("withheld", "order_never_came")
    assert states["e2"] == ("planned", "waits_for_order")
    assert "o1" not in (await world.dump())["sales"]
    await world.run()
    assert [one.kind for one in world.upstream.events] == [EventKind.PURCHASE, EventKind.CANCELLATION]
    await world.post(orders("o1"))
    await world.run()
    assert [one.external_id for one in world.upstream.events] == ["o2", "o2", "o1"]
    await world.at_rest()


async def test_r19_a_disabled_shop_decides_what_waits_when_it_is_enabled_again(world: World) -> None:
    await world.post(cancels(minutes=3))
    await world.run()
    await world.configure(a_shop(enabled=False))
    await world.post(ORDER)
    await world.run()
    world.clock.advance(hours=8 * 24)
    await cleaned(world)
    assert (await world.states())["e1"] == ("planned", "waits_for_order")
    await world.configure(a_shop())
    await world.run()
    assert [one.kind for one in world.upstream.events] == [EventKind.PURCHASE, EventKind.CANCELLATION]


async def test_r19_an_erasure_removes_what_waits_and_what_was_known_of_orders(world: World) -> None:
    await world.post(orders("o1"))
    await world.run()
    await world.post(cancels("o9"), returns("o8"))
    await world.run()
    await world.post(returns("o7"), erases(minutes=20))
    await world.run()
    states = await world.at_rest()
    assert {states[event] for event in ("e2", "e3", "e4")} == {("withheld", "erased")}
    assert await world.tables_naming(JAN) == []
    assert "Koszulka" not in (await world.dump())["sales"]
    await world.post(cancels("o1", minutes=30), cancels("o1", email=EWA, minutes=30))
    await world.run()
    states = await world.at_rest()
    assert (states["e6"], states["e7"]) == (("withheld", "erased"), ("withheld", "purchase_not_sent"))
    assert await people(world) == []
    assert await world.tables_naming(JAN) == []


async def test_r19_two_returns_of_one_second_are_two_and_one_reported_again_is_one(world: World) -> None:
    await world.post(ORDER, returns(minutes=5), returns(minutes=5, goods="102"), returns(minutes=6))
    await world.run()
    assert [one.kind for one in world.upstream.events] == [EventKind.PURCHASE, EventKind.RETURN, EventKind.RETURN]
    assert (await world.at_rest())["e4"] == ("superseded", "already_queued")  # the one before it has not left yet


async def test_r19_a_return_that_was_revoked_before_it_left_can_be_sent_again(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    world.upstream.respond = lambda *_: DOWN
    await world.post(returns(minutes=5))
    await world.run()
    await world.post(withdraws(minutes=7))
    await world.plan()
    world.upstream.respond = lambda *_: Delivered()
    await world.run_for(hours=1)
    await world.post(replace(orders("o2", minutes=9), box=ConsentAnswer.GIVEN))
    await world.run()
    await world.post(returns(minutes=10))
    await world.run()
    assert [(one.external_id, one.kind) for one in world.upstream.events] == [
        ("o1", EventKind.PURCHASE),
        ("o2", EventKind.PURCHASE),
        ("o1", EventKind.RETURN),
    ]


async def test_r17_a_cancellation_goes_to_the_person_who_ordered_whatever_address_it_names(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    await world.post(cancels(email="typo@example.pl"))
    await world.run()
    assert [(one.kind, one.email) for one in world.upstream.events] == [(EventKind.PURCHASE, JAN), (EventKind.CANCELLATION, JAN)]
    assert await people(world) == [JAN]


@pytest.mark.parametrize("together", [True, False], ids=["of one round", "of two rounds"])
async def test_r17_a_cancellation_finds_its_buyer_through_two_merges(world: World, together: bool) -> None:
    first, second, third = "a@example.pl", "b@example.pl", "c@example.pl"
    await world.post(registers(first), registers(second), registers(third))
    await world.run()
    await world.post(orders(email=first, minutes=1))
    await world.run()
    world.clock.advance(minutes=4)
    await world.post(renames(first, second, 2))
    if not together:
        await world.run()
    await world.post(renames(second, third, 3))
    await world.run()
    await world.post(cancels(email=first, minutes=4), event_id="cancelled")
    await world.run()
    assert (await world.at_rest())["cancelled"] == ("sent", None)
    assert [(one.kind, one.email) for one in world.upstream.events][-1] == (EventKind.CANCELLATION, third)
    async with world.store.work() as work:
        assert {one.merged_into for one in await work.contacts.by_ids([1, 2])} == {3}
