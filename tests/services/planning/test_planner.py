"""Deciding: who is who, which shop is open, carts, and a rule that fails."""

import asyncio
import sqlite3
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.domain.commands import AddEvent, ErasedCommand, EventKind, UpsertContact
from app.domain.consent import BOXES_REMEMBERED, ConsentAnswer, ConsentAnswerCounts, Policy, Status, box_seems_hidden
from app.domain.errors import NotReady
from app.domain.person.consent_ledger import Entry
from app.domain.reasons import Reason
from app.services.planning import follow_ups, planner, planning_round
from app.services.planning.planner import FIRST_ROUND, ROUND, EventCost, Planner, RoundLimits, round_size
from app.services.shops.directory import ShopDirectory
from app.storage.consent_ledger import ConsentLedger
from app.storage.unit_of_work import Work
from tests.support.world import (
    EWA,
    JAN,
    World,
    a_shop,
    at,
    erases,
    fills_cart,
    grants,
    orders,
    registers,
    renames,
    subscribes,
    tags,
    unsubscribes,
    views,
    withdraws,
)

NEW = "new@example.pl"


async def test_a_withheld_order_and_a_consenting_one_tell_the_rule_apart(world: World) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await world.post(
        registers(first_name="Jan"),
        orders("o1", minutes=1, box=ConsentAnswer.NOT_GIVEN),
        orders("o2", minutes=2, box=ConsentAnswer.GIVEN),
    )
    await world.run()
    assert await world.at_rest() == {
        "e1": ("withheld", "no_consent"),
        "e2": ("withheld", "order_not_consented"),
        "e3": ("sent", None),
    }
    assert [event.external_id for event in world.upstream.events] == ["o2"]


async def test_an_event_is_not_parked_because_the_store_failed_while_it_was_decided(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An opt-out that waited for a person instead would be no opt-out at all (I6)."""
    real, cuts = follow_ups.revoke, iter([True])

    async def cut_once(work: Work, *more: Any) -> Any:
        if next(cuts, False):
            if not world.database.is_sqlite:
                await work._connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))
            raise OperationalError("SELECT 1", {}, sqlite3.OperationalError("disk I/O error"))
        return await real(work, *more)

    monkeypatch.setattr(follow_ups, "revoke", cut_once)
    await world.post(subscribes(JAN))
    await world.plan()
    await world.post(unsubscribes(JAN, 1))
    with pytest.raises(NotReady):
        await world.plan()
    await world.run()
    assert next(cuts, None) is None
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}
    assert [one.email_status for one in world.upstream.sent(UpsertContact)] == [Status.OPT_OUT]


async def test_an_event_on_which_our_rules_fail_is_parked_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    real = planning_round.decide

    def decide(event, *more, **known):  # type: ignore[no-untyped-def]
        if getattr(event, "order_id", None) == "poison":
            raise ZeroDivisionError
        return real(event, *more, **known)

    monkeypatch.setattr(planning_round, "decide", decide)
    await world.post(orders("o1"), orders("poison"), orders("o2"), orders("o3", EWA))
    await world.run()
    states = await world.at_rest()
    assert states == {"e1": ("sent", None), "e2": ("parked", "rule_failed"), "e3": ("sent", None), "e4": ("sent", None)}
    assert sorted(event.external_id for event in world.upstream.events) == ["o1", "o2", "o3"]
    trace = await world.trace("e2")
    assert trace.detail == "ZeroDivisionError"
    assert "poison" in (await world.dump())["inbox"]  # kept whole, to be replayed


# -- shops that are switched off ---------------------------------------------------------------------------------------------


async def test_a_disabled_shop_is_held_and_everything_is_delivered_in_order_once_it_is_enabled(world: World) -> None:
    await world.configure(a_shop(), a_shop("shop2", number=2))
    await world.post(orders("o1"))
    await world.plan()
    await world.configure(a_shop(enabled=False), a_shop("shop2", number=2))
    await world.post(orders("o2", minutes=1), subscribes(JAN, 2))
    await world.post(orders("x1"), shop="shop2")
    await world.run()
    assert [event.external_id for event in world.upstream.events] == ["x1"]
    assert {event: state for event, (state, _) in (await world.states()).items()} == {
        "e1": "planned",
        "e2": "held",
        "e3": "held",
        "e4": "sent",
    }
    await world.configure(a_shop(), a_shop("shop2", number=2))
    await world.run()
    assert [event.external_id for event in world.upstream.events] == ["x1", "o1", "o2"]
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}


async def test_an_opt_out_in_a_disabled_shop_does_not_stop_the_others(world: World) -> None:
    await world.configure(a_shop(enabled=False), a_shop("shop2", number=2))
    await world.post(unsubscribes())
    await world.post(orders("x1"), shop="shop2")
    await world.run()
    assert [event.external_id for event in world.upstream.events] == ["x1"]
    await world.configure(a_shop(), a_shop("shop2", number=2))
    await world.run()
    await world.at_rest()


async def test_an_event_held_by_a_planner_that_did_not_know_of_the_enabling_is_not_forgotten(world: World) -> None:
    """R71: another process enabled the shop a moment ago; this one renews its directory later."""
    await world.configure(a_shop(enabled=False))
    elsewhere = ShopDirectory(world.store, world.ring, world.clock)
    await elsewhere.refresh()
    late = Planner(world.store, elsewhere, world.clock, world.pseudonym, lambda: None)
    await world.configure(a_shop())
    await world.post(orders("o1"))
    await late.plan_due()
    await elsewhere.refresh()
    await world.run()
    assert await world.at_rest() == {"e1": ("sent", None)}


async def test_a_shop_in_shadow_decides_everything_and_sends_nothing(world: World) -> None:
    await world.configure(a_shop(shadow=True))
    await world.post(orders("o1"), fills_cart(minutes=1))
    await world.run()
    assert world.upstream.calls == []
    world.clock.advance(minutes=62)
    await world.carts.report_quiet()
    assert await world.at_rest() == {"e1": ("withheld", "shadow"), "e2": ("withheld", "shadow")}
    await world.configure(a_shop())
    await world.post(orders("o2", minutes=2))
    await world.run()
    assert set(world.upstream.sent(UpsertContact)[0].add_tags) == {"Obuwie"}  # what shadow kept back is still to be told


async def test_a_shop_in_shadow_keeps_what_it_would_have_sent_to_be_shown(world: World) -> None:
    await world.configure(a_shop(shadow=True))
    await world.post(orders("o1"))
    await world.run()
    async with world.store.work() as work:
        trace = await work.traces.of_event("shop1", "e1")
        (newest,) = await work.traces.shadowed("shop1", 10)
        assert await work.outbox.in_flight("account:main", [1], at(-60)) == set()
        assert await work.outbox.waiting_contacts() == {}
    assert trace == newest
    assert [(type(one.command), one.state, one.reason) for one in trace.commands if one.destination == "account:main"] == [
        (UpsertContact, "cancelled", Reason.SHADOW),
        (AddEvent, "cancelled", Reason.SHADOW),
    ]
    assert all(one.is_only_shown for one in trace.commands)


async def test_an_erasure_takes_what_a_shop_in_shadow_would_have_sent(world: World) -> None:
    await world.configure(a_shop(shadow=True))
    await world.post(orders("o1"))
    await world.run()
    await world.post(erases(minutes=5))
    await world.run()
    async with world.store.work() as work:
        trace = await work.traces.of_event("shop1", "e1")
    assert {type(one.command) for one in trace.commands} == {ErasedCommand}


# -- who is who ----------------------------------------------------------------------------------------------------------


async def test_a_tag_edit_of_an_unknown_customer_travels_with_the_first_event_that_names_both(world: World) -> None:
    await world.post(tags(customer_id="17", added=("vip",)))
    await world.run()
    assert world.upstream.calls == []
    await world.post(registers(id="17", minutes=1))
    await world.run()
    (upsert,) = world.upstream.sent(UpsertContact)
    assert (upsert.email, set(upsert.add_tags)) == (JAN, {"rejestracja", "idosell_vip"})
    await world.post(tags(2, customer_id="17", removed=("vip",)))
    await world.run()
    assert world.upstream.sent(UpsertContact)[-1].remove_tags == ("idosell_vip",)
    assert await world.at_rest() == {"e1": ("withheld", "address_unknown"), "e2": ("sent", None), "e3": ("sent", None)}


async def test_a_tag_edit_finds_its_customer_also_when_the_address_was_known_first(world: World) -> None:
    await world.post(subscribes(JAN))
    await world.run()
    await world.post(tags(1, customer_id="17", added=("vip",)))
    await world.run()
    await world.post(registers(id="17", minutes=2))
    await world.run()
    assert "idosell_vip" in world.upstream.contacts[JAN]
    assert list(world.upstream.contacts) == [JAN]
    await world.at_rest()


async def test_a_late_event_with_the_address_from_before_a_rename_finds_the_renamed_person(world: World) -> None:
    await world.post(registers(), renames(JAN, NEW, 10))
    await world.run()
    await world.post(orders("late", JAN, 5), tags(6, email=JAN, added=("vip",)))
    await world.run()
    assert list(world.upstream.contacts) == [NEW]
    assert [(event.external_id, event.email) for event in world.upstream.events] == [("late", NEW)]
    assert "idosell_vip" in world.upstream.contacts[NEW]
    await world.at_rest()


async def test_a_person_who_takes_over_an_abandoned_address_is_somebody_else(world: World) -> None:
    await world.post(registers(), renames(JAN, NEW, 10), registers(JAN, 20), orders("theirs", JAN, 21), orders("ours", NEW, 21))
    await world.run()
    assert set(world.upstream.contacts) == {NEW, JAN}
    assert {event.external_id: event.email for event in world.upstream.events} == {"theirs": JAN, "ours": NEW}
    await world.at_rest()


@pytest.mark.parametrize("rounds", [False, True], ids=["one-round", "rounds"])
async def test_two_people_who_swap_addresses_stay_two_people(world: World, rounds: bool) -> None:
    await world.post(registers(JAN, id="1", first_name="Jan"), registers(EWA, id="2", first_name="Ewa"))
    await world.run()
    for change in (renames(JAN, NEW, 1, "1"), renames(EWA, JAN, 2, "2"), renames(NEW, EWA, 3, "1")):
        await world.post(change)
        if rounds:
            await world.run()
    await world.run()
    await world.post(orders("of_jan", EWA, 5), orders("of_ewa", JAN, 6))
    await world.run()
    async with world.store.work() as work:
        people = await work.contacts.known_as("shop1", [JAN, EWA], [], [])
    assert {one.contact.email: one.contact.profile["first_name"].value for one in people} == {JAN: "Ewa", EWA: "Jan"}
    assert set(world.upstream.contacts) == {JAN, EWA}
    await world.at_rest()


async def test_a_rename_onto_a_known_address_joins_what_is_known_and_shows_the_conflict(world: World) -> None:
    await world.post(registers(JAN), tags(1, email=JAN, added=("vip",)), subscribes(JAN, 1), registers(NEW, 2))
    await world.run()
    await world.post(unsubscribes(JAN, 3), renames(JAN, NEW, 4))
    await world.run()
    assert "idosell_vip" in world.upstream.contacts[NEW]
    assert set(world.upstream.contacts) == {JAN, NEW}  # the old one is left for a person to see
    async with world.store.work() as work:
        assert await work.contacts.conflicts() == {"shop1": (1, 0)}
    await world.at_rest()


# -- carts ---------------------------------------------------------------------------------------------------------------


async def sweep(world: World, **later: float) -> None:
    world.clock.advance(**later)
    await world.plan()
    await world.carts.report_quiet()
    await world.deliver()


def reported(world: World) -> list[AddEvent]:
    return [event for event in world.upstream.sent(AddEvent) if event.kind is EventKind.CART]


async def test_a_cart_is_reported_after_an_idle_hour_and_not_before(world: World) -> None:
    await world.post(fills_cart())
    await world.run()
    await sweep(world, minutes=59.9)
    assert world.upstream.calls == []
    await sweep(world, minutes=0.1)
    assert world.upstream.methods == ["upsert", "add_event"]
    assert [event.email for event in reported(world)] == [JAN]
    await sweep(world, hours=1)
    assert len(reported(world)) == 1
    assert await world.at_rest() == {"e1": ("sent", None)}


async def test_a_change_starts_the_idle_hour_again_and_the_same_content_does_not(world: World) -> None:
    await world.post(fills_cart())
    await world.run()
    world.clock.advance(minutes=30)
    await world.post(fills_cart(minutes=30, goods="102"))
    await world.run()
    await world.post(fills_cart(minutes=31, goods="102"))
    await sweep(world, minutes=59)
    assert reported(world) == []
    await sweep(world, minutes=1)
    assert [event.lines[0].product_id for event in reported(world)] == ["102"]
    states = await world.at_rest()
    assert states == {"e1": ("superseded", "cart_replaced"), "e2": ("sent", None), "e3": ("superseded", "cart_unchanged")}


async def test_a_purchase_before_the_cart_is_reported_makes_it_pointless(world: World) -> None:
    await world.post(fills_cart())
    await world.run()
    await world.post(orders("o1", minutes=40))
    await sweep(world, minutes=61)
    assert reported(world) == []
    assert await world.at_rest() == {"e1": ("superseded", "cart_bought"), "e2": ("sent", None)}


async def test_an_emptied_cart_is_not_reported(world: World) -> None:
    await world.post(fills_cart(), fills_cart(minutes=10, goods=""))
    await sweep(world, minutes=90)
    assert await world.at_rest() == {"e1": ("superseded", "cart_replaced"), "e2": ("superseded", "cart_emptied")}


async def test_a_guests_cart_waits_for_its_address(world: World) -> None:
    await world.post(fills_cart(email=None), fills_cart(email=None, cart_id="c2"))
    await world.run()
    await world.post(fills_cart(email=JAN, minutes=20))
    await sweep(world, minutes=61)
    assert [(event.email, event.lines[0].product_id) for event in reported(world)] == [(JAN, "101")]
    assert (await world.states())["e2"] == ("planned", "cart_waits")  # who it is may still be said
    await sweep(world, minutes=69)
    states = await world.at_rest()
    assert states == {"e1": ("sent", None), "e2": ("withheld", "address_unknown"), "e3": ("superseded", "cart_unchanged")}


async def test_a_guest_who_says_who_they_are_after_the_idle_hour_is_still_reported_in_time(world: World) -> None:
    await world.post(fills_cart(email=None))
    await sweep(world, minutes=61)
    assert reported(world) == []
    await world.post(fills_cart(email=JAN, minutes=70))
    await sweep(world, minutes=10)
    assert [event.email for event in reported(world)] == [JAN]
    assert await world.at_rest() == {"e1": ("sent", None), "e2": ("superseded", "cart_unchanged")}


async def test_a_guests_cart_from_before_the_consent_is_never_reported(world: World) -> None:
    """R07: carts from before the consent stay in the shop, whenever the address becomes known."""
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await world.post(fills_cart(email=None))
    await world.run()
    await world.post(grants(JAN, 10), fills_cart(email=JAN, minutes=20))
    await sweep(world, minutes=61)
    assert reported(world) == []
    await world.at_rest()


async def test_a_withdrawal_before_the_idle_hour_is_over_keeps_the_cart_here(world: World) -> None:
    await world.post(fills_cart())
    await world.run()
    await world.post(withdraws(JAN, 30))
    await sweep(world, minutes=61)
    assert world.upstream.calls == []
    assert (await world.at_rest())["e1"] == ("withheld", "consent_withdrawn")


async def test_a_cart_of_a_shop_that_was_disabled_meanwhile_waits_and_is_reported_if_it_is_not_too_late(world: World) -> None:
    await world.post(fills_cart())
    await world.run()
    await world.configure(a_shop(enabled=False))
    await sweep(world, minutes=61)
    assert (await world.states())["e1"] == ("planned", "cart_waits")
    assert world.upstream.calls == []
    await world.configure(a_shop())
    await sweep(world, minutes=10)
    assert [event.email for event in reported(world)] == [JAN]
    assert await world.at_rest() == {"e1": ("sent", None)}


async def test_a_cart_nobody_could_send_in_time_is_dropped_and_says_so(world: World) -> None:
    await world.post(fills_cart())
    await sweep(world, minutes=131)
    assert world.upstream.calls == []
    assert await world.at_rest() == {"e1": ("superseded", "cart_stale")}


async def test_two_carts_of_one_person_tell_the_contact_once(world: World) -> None:
    await world.post(fills_cart(), fills_cart(cart_id="c2", goods="102"), views())
    await sweep(world, minutes=61)
    assert len(world.upstream.sent(UpsertContact)) == 1
    assert len(reported(world)) == 2
    assert await world.at_rest() == {f"e{n}": ("sent", None) for n in (1, 2, 3)}


async def test_a_cart_follows_its_owner_through_a_rename(world: World) -> None:
    await world.post(registers(), fills_cart())
    await world.run()
    await world.post(renames(JAN, NEW, 10))
    await sweep(world, minutes=61)
    assert [event.email for event in reported(world)] == [NEW]
    assert list(world.upstream.contacts) == [NEW]
    await world.at_rest()


async def test_a_cart_follows_its_owner_through_a_rename_onto_a_known_address(world: World) -> None:
    await world.post(registers(JAN), registers(NEW), fills_cart(JAN))
    await world.run()
    await world.post(renames(JAN, NEW, 10))
    await sweep(world, minutes=61)
    assert [event.email for event in reported(world)] == [NEW]
    await world.at_rest()


async def boxes(world: World) -> ConsentAnswerCounts:
    async with world.store.work() as work:
        return (await work.sales.consent_answers())["shop1"]


async def test_r05_of_the_last_orders_the_consent_box_is_remembered(world: World) -> None:
    await world.post(
        orders("o1"),
        orders("o2", box=ConsentAnswer.GIVEN),
        orders("o3", box=ConsentAnswer.GIVEN),
        orders("o4", EWA, box=ConsentAnswer.NOT_GIVEN),
    )
    await world.run()
    assert await boxes(world) == ConsentAnswerCounts(given=2, not_given=1, not_asked=1)
    await world.at_rest()


async def test_r05_an_order_without_box_of_somebody_who_consented_earlier_says_nothing_of_the_box(world: World) -> None:
    await world.post(orders("o1", box=ConsentAnswer.GIVEN), orders("o2"))
    await world.run()
    await world.post(withdraws(JAN, 1), orders("o3", minutes=2))
    await world.run()
    assert await boxes(world) == ConsentAnswerCounts(given=1, not_asked=1)


@pytest.mark.parametrize(
    ("not_asked", "hidden"), [(BOXES_REMEMBERED - 1, False), (BOXES_REMEMBERED, True), (BOXES_REMEMBERED + 250, True)]
)
async def test_r05_a_box_that_is_hidden_after_years_of_answers_is_noticed(world: World, not_asked: int, hidden: bool) -> None:
    await world.post(*(orders(f"a{number}", f"a{number}@example.pl", box=ConsentAnswer.GIVEN) for number in range(60)))
    await world.plan()
    await world.post(*(orders(f"b{number}", f"b{number}@example.pl") for number in range(not_asked)))
    await world.plan()
    assert box_seems_hidden(Policy.ORDER_CONSENT, await boxes(world)) is hidden


async def test_m1_an_address_may_be_erased_of_one_person_and_later_of_another(world: World) -> None:
    await world.post(registers(JAN), erases(JAN, minutes=1))
    await world.run()
    await world.post(registers(EWA, minutes=2), renames(EWA, JAN, minutes=3))
    await world.run()
    await world.post(erases(JAN, minutes=4))
    await world.run()
    assert {state for state, _ in (await world.at_rest()).values()} <= {"sent", "withheld", "superseded"}
    assert await world.tables_naming(JAN) == await world.tables_naming(EWA) == []
    await world.post(views(email=JAN, minutes=3.5))
    await world.run()
    assert (await world.at_rest())["e6"] == ("withheld", "erased")


@pytest.mark.parametrize("neighbour", [JAN, EWA, None])
async def test_who_is_meant_by_a_shared_customer_id_does_not_depend_on_who_else_is_in_the_round(
    world: World, neighbour: str | None
) -> None:
    await world.post(registers(JAN, id="7"), orders("o1", EWA, id="7"))
    await world.run()
    if neighbour is not None:
        await world.post(views(email=neighbour))
    await world.post(tags(customer_id="7", added=("vip",)))
    await world.run()
    assert {email for email, theirs in world.upstream.contacts.items() if "idosell_vip" in theirs} == {JAN}  # whose account it is


async def test_the_ledger_is_asked_only_about_those_who_acted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.post(registers(JAN), subscribes(JAN, minutes=1), registers(EWA), subscribes(EWA, minutes=1))
    await world.run()
    asked: list[set[int]] = []
    of = ConsentLedger.of

    async def remembered(ledger: ConsentLedger, contact_ids: set[int]) -> dict[int, list[Entry]]:
        asked.append(set(contact_ids))
        return await of(ledger, contact_ids)

    monkeypatch.setattr(ConsentLedger, "of", remembered)
    await world.post(views(email=JAN), unsubscribes(EWA, minutes=2), subscribes("new@example.pl"))
    await world.run()
    assert asked == [{2}]


async def test_others_are_served_while_a_round_decides_for_long(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every event takes longer than a turn may: between each two of them the loop goes on."""
    await world.configure(a_shop())
    await world.post(*(registers(f"p{number}@example.pl") for number in range(20)))
    turns, turn_of = 0, []
    decide = planning_round.decide

    def slow(*happened: Any, **known: Any) -> Any:
        turn_of.append(turns)
        return decide(*happened, **known)

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(planner, "TIME_SLICE_SECONDS", -1)
    monkeypatch.setattr(planning_round, "decide", slow)
    waiting = asyncio.create_task(others())
    await world.run()
    waiting.cancel()
    assert len(turn_of) == len(set(turn_of)) >= 20


@pytest.mark.parametrize(
    ("planned", "deciding", "storing", "next_one"),
    [
        (FIRST_ROUND, 0.0001, 0.0001, 2 * FIRST_ROUND),
        (1, 0.0, 0.0, 2 * FIRST_ROUND),
        (ROUND, 0.001, 0.0001, ROUND),
        (FIRST_ROUND, 0.25, 0.0001, 4),
        (FIRST_ROUND, 0.0001, 0.25, 2),
        (FIRST_ROUND, 16.0, 0.0, 1),
        (1, 0.0, 60.0, 1),
    ],
)
def test_a_round_takes_as_many_events_as_the_last_one_could_afford(
    planned: int, deciding: float, storing: float, next_one: int
) -> None:
    assert round_size(planned, EventCost(deciding, storing), RoundLimits(seconds=1.0, uncut=0.5)) == next_one


async def test_a_planner_is_behind_until_a_round_takes_all_that_waits(world: World) -> None:
    await world.post(*(registers(f"p{number}@example.pl") for number in range(3)))
    seen = []
    while await world.planner.plan_due(limit=2):
        seen.append(world.planner.is_behind)
    assert seen == [True, False]
    assert not world.planner.is_behind


@pytest.mark.parametrize("first", [True, False])
async def test_a_round_ends_early_only_while_a_caller_waits_for_the_store(
    world: World, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    """On SQLite, where a caller cannot be answered meanwhile; PostgreSQL has a connection for each."""
    await world.configure(a_shop())
    await world.post(*(registers(f"p{number}@example.pl") for number in range(5)))
    waiting: list[asyncio.Task[None]] = []
    decide = planning_round.decide

    async def waits() -> None:
        async with world.store.work(first=first):
            pass

    def with_company(*happened: Any, **known: Any) -> Any:
        if not waiting:
            waiting.append(asyncio.create_task(waits()))
        return decide(*happened, **known)

    monkeypatch.setattr(planner, "TIME_SLICE_SECONDS", -1)
    monkeypatch.setattr(planning_round, "decide", with_company)
    limits = RoundLimits(awaited=0.0, seconds=3_600, uncut=3_600)
    ours = Planner(world.store, world.directory, world.clock, world.pseudonym, lambda: None, limits=limits)
    assert await ours.plan_due() == (2 if first and world.database.is_sqlite else 5)
    await asyncio.gather(*waiting)


def _hurried(world: World) -> Planner:
    """A planner for whom every decision takes as long as a whole round should."""
    return Planner(world.store, world.directory, world.clock, world.pseudonym, lambda: None, limits=RoundLimits(0.0, 0.0, 0.0))


async def test_a_round_of_costly_events_ends_early_and_the_rest_follows(world: World) -> None:
    await world.post(*(registers(f"p{number}@example.pl") for number in range(5)))
    hurried = _hurried(world)
    assert [await hurried.plan_due() for _ in range(6)] == [1, 1, 1, 1, 1, 0]
    await world.run()
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}


async def test_r06_a_costly_round_ends_behind_its_last_opt_out(world: World) -> None:
    """Otherwise what was decided before the opt-out would leave before it."""
    await world.post(subscribes(JAN), registers(EWA), unsubscribes(JAN, 1), registers(NEW))
    assert await _hurried(world).plan_due() == 3
    await world.run()
    assert [one.email_status for one in world.upstream.sent(UpsertContact) if one.email == JAN] == [Status.OPT_OUT]


async def test_a_round_is_cut_by_what_storing_costs_only_where_it_holds_the_store(world: World) -> None:
    """Where others get at the store meanwhile, their time is in the figure: a slow process would decide one by one for ever."""
    limits = RoundLimits(awaited=9, seconds=9, uncut=0)
    ours = Planner(world.store, world.directory, world.clock, world.pseudonym, lambda: None, limits=limits)
    await world.post(*(registers(f"c{number}@example.pl") for number in range(6)))
    assert await ours.plan_due() == 6
    await world.post(*(registers(f"d{number}@example.pl") for number in range(6)))
    assert await ours.plan_due() == (1 if world.database.is_sqlite else 6)
