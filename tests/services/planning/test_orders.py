"""Orders on their whole way: told again, taken back before they came, cancelled and placed again (R17-R19)."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.domain.commands import EventKind
from app.domain.consent import ConsentAnswer, Policy
from app.domain.delivery.coalesce import PURCHASES_SENT_ALONE
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Unknown, Unreachable
from app.domain.event_parts import Item
from app.domain.operations.replay import ParkedFilter
from app.domain.operations.retention import Retention
from app.domain.reasons import Reason
from app.services.operations.replay import Operations
from app.services.operations.retention import Cleaner
from tests.support.world import (
    EWA,
    JAN,
    World,
    a_shop,
    at,
    cancels,
    edits,
    erases,
    orders,
    registers,
    renames,
    returns,
    scripted,
    withdraws,
)

ORDER = replace(orders(), as_of=at(0))
CHEAPER = edits(ORDER, 5, value=Decimal("99.00"), currency="EUR", items=(Item(product_id="102", name="Czapka"),))
DOWN = Unreachable("down")


def shown(world: World) -> list[tuple[str, str, EventKind, Decimal | None]]:
    return [(one.external_id, one.email, one.kind, one.value) for one in world.upstream.events]


def bought(value: str = "119.00", email: str = JAN) -> tuple[Any, ...]:
    return ("o1", email, EventKind.PURCHASE, Decimal(value))


async def cleaned(world: World) -> None:
    await Cleaner(world.store, Retention(), world.clock).clean()


async def people(world: World) -> list[str]:
    """Every address that stands in a column of its own, were it the present one or the one that was sent."""
    return sorted({line for line in (await world.dump())["contacts"].split("\n") if "@" in line and "{" not in line})


# -- R18 -------------------------------------------------------------------------------------------------------------------


async def test_r18_a_sent_order_that_is_edited_updates_its_one_event(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    await world.post(CHEAPER)
    await world.run()
    assert shown(world) == [bought("99.00")]
    assert world.upstream.methods == ["upsert", "add_event", "update_event"]
    assert world.upstream.events[0].lines[0].product_id == "102"
    await world.post(edits(CHEAPER, 9, value=Decimal("1.00")))
    await world.run()
    await world.post(CHEAPER, edits(CHEAPER, 9, value=Decimal("1.00")))
    await world.run()
    assert shown(world) == [bought("1.00")]
    ends = list((await world.at_rest()).values())
    assert ends == [("sent", None)] * 3 + [("superseded", "order_replaced"), ("superseded", "order_already_sent")]


@pytest.mark.parametrize("together", [True, False], ids=["of one round", "of two rounds"])
async def test_r18_a_purchase_that_has_not_left_leaves_in_its_newest_version(world: World, together: bool) -> None:
    await world.post(ORDER)
    if not together:
        await world.plan()
    await world.post(CHEAPER)
    await world.run()
    assert shown(world) == [bought("99.00")]
    assert world.upstream.methods == ["upsert", "add_event"]
    assert list((await world.at_rest()).values()) == [("sent", None)] * 2


@pytest.mark.parametrize("applied", [True, False], ids=["it had arrived", "it had not"])
@pytest.mark.parametrize("ids", [True, False], ids=["ids are shown", "no ids are shown"])
async def test_r18_versions_sent_around_an_answer_that_never_came_end_as_one_purchase(
    world: World, applied: bool, ids: bool
) -> None:
    world.upstream.applied, world.upstream.shows_ids = applied, ids
    world.upstream.respond = scripted(Unknown("timeout"), method="add_event")
    await world.post(ORDER, CHEAPER)
    await world.run()
    await world.run_for(hours=1)
    assert shown(world) == [bought("99.00")]
    assert list((await world.at_rest()).values()) == [("sent", None)] * 2


async def test_r18_an_update_whose_answer_never_came_is_repeated(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    world.upstream.applied = False
    world.upstream.respond = scripted(Unknown("timeout"), method="update_event")
    await world.post(CHEAPER)
    await world.run_for(hours=1)
    assert shown(world) == [bought("99.00")]
    assert world.upstream.methods.count("update_event") == 2
    assert list((await world.at_rest()).values()) == [("sent", None)] * 2


@pytest.mark.parametrize("ids", [True, False], ids=["ids are shown", "no ids are shown"])
async def test_r18_a_purchase_of_a_batch_is_changed_where_its_id_is_shown_and_says_so_where_not(world: World, ids: bool) -> None:
    world.upstream.shows_ids = ids
    await world.post(ORDER, *(orders(f"m{n}", f"c{n}@example.pl") for n in range(PURCHASES_SENT_ALONE)))
    await world.run()
    assert world.upstream.methods == ["upsert_many", "add_events"]
    world.upstream.ids = {str(number): event for number, event in enumerate(world.upstream.events)}
    await world.post(replace(CHEAPER, customer=replace(CHEAPER.customer, first_name="Jan")))
    await world.run()
    states = await world.at_rest()
    assert bought("99.00" if ids else "119.00") in shown(world)
    assert states[f"e{PURCHASES_SENT_ALONE + 2}"] == (("sent", None) if ids else ("withheld", "order_not_updatable"))
    assert len(world.upstream.events) == PURCHASES_SENT_ALONE + 1


async def test_r18_even_a_few_purchases_travel_together_while_more_wait_to_be_decided(world: World) -> None:
    await world.post(ORDER, orders("o2", EWA), orders("o3", "c@example.pl"))
    await world.planner.plan_due(limit=2)
    await world.deliver()
    assert world.upstream.methods == ["upsert_many", "add_events"]
    await world.run()
    assert world.upstream.methods[2:] == ["upsert", "add_event"]


async def test_r18_each_of_a_few_purchases_that_left_together_can_be_changed_though_no_ids_are_shown(world: World) -> None:
    world.upstream.shows_ids = False
    placed = [replace(orders(f"o{n}", f"c{n}@example.pl"), as_of=at(0)) for n in range(PURCHASES_SENT_ALONE)]
    await world.post(*placed)
    await world.run()
    await world.post(*(edits(one, 5, value=Decimal("99.00")) for one in placed))
    await world.run()
    assert {one.external_id: one.value for one in world.upstream.events} == {one.order_id: Decimal("99.00") for one in placed}
    assert set((await world.at_rest()).values()) == {("sent", None)}


async def test_r18_an_event_that_is_gone_in_salesmanago_is_sent_anew_and_once(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    world.upstream.events.clear()  # staff deleted it
    await world.post(CHEAPER, edits(CHEAPER, 9, value=Decimal("1.00")))
    await world.run()
    assert shown(world) == [bought("1.00")]
    await world.post(edits(CHEAPER, 12, value=Decimal("2.00")))
    await world.run()
    assert shown(world) == [bought("2.00")]


async def test_r18_an_update_that_is_refused_makes_no_second_purchase(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    world.upstream.respond = scripted(Refused("value"), method="update_event")
    await world.post(CHEAPER)
    await world.run()
    assert shown(world) == [bought()]
    assert list((await world.at_rest()).values()) == [("sent", None), ("parked", "refused")]


async def test_r18_a_corrected_address_leaves_the_purchase_where_it_is_and_says_so(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    await world.post(edits(ORDER, 5, customer=replace(ORDER.customer, email=EWA)))
    await world.run()
    assert shown(world) == [bought()]
    assert (await world.at_rest())["e2"] == ("withheld", "order_of_another_address")
    await world.post(cancels(email=EWA, minutes=8))
    await world.run()
    assert shown(world) == [bought(), ("o1", JAN, EventKind.CANCELLATION, Decimal("119.00"))]


async def test_r18_a_renamed_buyer_is_the_same_buyer(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    await world.post(renames(JAN, EWA, 3), edits(CHEAPER, 5, customer=replace(ORDER.customer, email=EWA)))
    await world.run()
    assert shown(world) == [bought("99.00", EWA)]


async def test_r18_a_cancelled_order_that_is_placed_again_stays_one_purchase(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    await world.post(cancels(minutes=4), edits(ORDER, 6))
    await world.run()
    assert shown(world) == [bought(), ("o1", JAN, EventKind.CANCELLATION, Decimal("119.00"))]
    assert [one.at for one in world.upstream.events] == [at(6), at(4)]
    assert list((await world.at_rest()).values()) == [("sent", None)] * 3


async def test_r18_an_update_revoked_before_it_left_is_sent_when_it_may(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    world.upstream.respond = lambda *_: DOWN
    await world.post(CHEAPER)
    await world.run()
    await world.post(withdraws(minutes=7))
    await world.plan()
    world.upstream.respond = lambda *_: Delivered()
    await world.run_for(hours=1)
    assert shown(world) == [bought()]
    assert (await world.at_rest())["e2"] == ("withheld", "consent_withdrawn")
    await world.post(replace(CHEAPER, at=at(8), as_of=at(9), box=ConsentAnswer.GIVEN))  # the person consents again, and orders
    await world.run()
    assert shown(world) == [bought("99.00")]


async def test_r18_in_shadow_mode_an_order_is_known_and_nothing_is_sent_and_afterwards_it_is(world: World) -> None:
    await world.configure(a_shop(shadow=True))
    await world.post(ORDER, cancels(minutes=3))
    await world.run()
    assert [reason for _, reason in (await world.at_rest()).values()] == ["shadow", "purchase_not_sent"]
    await world.configure(a_shop())
    await world.post(edits(ORDER, 5))
    await world.run()
    assert shown(world) == [bought()]


# -- R19 -------------------------------------------------------------------------------------------------------------------


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


async def replayed(world: World) -> None:
    await Operations(world.store, world.directory, world.clock, lambda: None).replay(ParkedFilter())
    await world.run_for(hours=2)


def refusing(method: str) -> Callable[[str, list[Any]], Outcome]:
    return lambda called, items: Refused("no") if called == method else Delivered()


async def test_r18_a_parked_version_that_is_replayed_does_not_overwrite_a_newer_one(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    world.upstream.respond = refusing("update_event")
    await world.post(CHEAPER)
    await world.run()
    world.upstream.respond = lambda method, items: Delivered()
    await world.post(edits(CHEAPER, 10, value=Decimal("70.00")))
    await world.run_for(hours=2)
    assert (await world.states())["e2"] == ("parked", "refused")
    await replayed(world)
    assert (await world.states())["e2"] == ("superseded", "order_replaced")
    await world.post(edits(CHEAPER, 20, value=Decimal("60.00")))
    await world.run()
    assert shown(world) == [bought("60.00")], "and the newest one is still known as the one to be changed"


async def test_r18_a_parked_purchase_of_which_a_newer_version_is_parked_too_leaves_as_that(world: World) -> None:
    world.upstream.respond = lambda called, items: Refused("no") if "event" in called else Delivered()
    await world.post(ORDER)
    await world.run()
    await world.post(CHEAPER)
    await world.run_for(hours=24)
    assert set((await world.states()).values()) == {("parked", "refused")}
    world.upstream.respond = lambda method, items: Delivered()
    await replayed(world)
    assert shown(world) == [bought("99.00")]
    assert [try_.reason for try_ in (await world.trace("e1")).commands if try_.reason] == [Reason.ORDER_REPLACED]
    await world.at_rest()


async def test_r18_a_parked_cancellation_of_an_order_that_stands_again_is_not_replayed(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    world.upstream.respond = refusing("add_event")
    await world.post(cancels(minutes=3))
    await world.run()
    world.upstream.respond = lambda method, items: Delivered()
    await world.post(CHEAPER)
    await world.run_for(hours=2)
    await replayed(world)
    assert (await world.states())["e2"] == ("superseded", "order_replaced")
    assert shown(world) == [bought("99.00")]


async def test_r18_a_parked_cancellation_of_a_cancelled_order_is_replayed(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    world.upstream.respond = refusing("add_event")
    await world.post(cancels(minutes=3))
    await world.run()
    world.upstream.respond = lambda method, items: Delivered()
    await replayed(world)
    assert [kind for _, _, kind, _ in shown(world)] == [EventKind.PURCHASE, EventKind.CANCELLATION]
    assert (await world.at_rest())["e2"] == ("sent", None)
