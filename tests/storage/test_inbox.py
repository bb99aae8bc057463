"""The inbox keeps its promises on either database."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.domain.consent import ConsentAnswer
from app.domain.event_parts import Customer, Item
from app.domain.events import Event, OrderPlaced, ProductViewed, TransferConsentWithdrawn
from app.domain.intake.inbox import Accepted, Conflict, EventState, Settlement
from app.domain.operations.open_items.items import items_of_events
from app.domain.reasons import Reason
from app.domain.values import replace
from app.storage.engine.codec import encode_tagged
from app.storage.engine.database import Database
from app.storage.engine.tables import inbox
from app.storage.unit_of_work import Store
from tests.support.stored import SHOP, T0, after, due, new_event, stored, subscribed, unsubscribed

SPAN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def rows(database: Database) -> dict[str, object]:
    async with database.transaction() as connection:
        return {row.event_id: row for row in await connection.execute(select(inbox))}


async def add(store: Store, *events, at: datetime = T0):  # type: ignore[no-untyped-def]
    async with store.work() as work:
        answers = await work.inbox.add(events, at)
        await work.commit()
    return answers


async def test_a_repeated_event_is_stored_once_and_answered_as_the_first_time(store: Store, database: Database) -> None:
    first = await add(store, new_event("e1", warnings=("unknown field: ż",)))
    again = await add(store, new_event("e1"), at=after(seconds=5))
    assert first == [Accepted("e1", False, T0, ("unknown field: ż",))]
    assert again == [Accepted("e1", True, T0, ("unknown field: ż",))]
    assert len(await rows(database)) == 1


async def test_a_repetition_in_a_later_call_is_a_duplicate_even_if_the_clock_stood_still(store: Store) -> None:
    await add(store, new_event("e1"))
    (again,) = await add(store, new_event("e1"))
    assert again == Accepted("e1", True, T0, ())


async def test_repetitions_within_one_group_are_duplicates_of_the_first(store: Store, database: Database) -> None:
    answers = await add(store, new_event("e1"), new_event("e2"), new_event("e1"), new_event("e1"))
    assert [answer.duplicate for answer in answers] == [False, False, True, True]
    assert len(await rows(database)) == 2


@pytest.mark.parametrize("traced", [(SPAN, None, SPAN), (None, SPAN, None)])
async def test_events_of_one_group_are_stored_whether_their_requests_are_traced_or_not(
    store: Store, database: Database, traced: tuple[str | None, ...]
) -> None:
    events = [replace(new_event(f"e{number}"), trace=trace) for number, trace in enumerate(traced)]
    assert [answer.duplicate for answer in await add(store, *events)] == [False, False, False]
    stored_rows = await rows(database)
    assert tuple(stored_rows[event.event_id].trace for event in events) == traced


async def test_other_content_under_a_used_id_is_a_conflict_and_changes_nothing(store: Store, database: Database) -> None:
    await add(store, new_event("e1", digest="one"))
    answers = await add(store, new_event("e1", subscribed("other@example.pl"), digest="two"), new_event("e2"), at=after(seconds=1))
    assert answers == [Conflict("e1", "one"), Accepted("e2", False, after(seconds=1), ())]
    assert (await rows(database))["e1"].subject == "jan@example.pl"


async def test_other_content_within_one_group_conflicts_with_the_first(store: Store) -> None:
    answers = await add(store, new_event("e1", digest="one"), new_event("e1", digest="two"), new_event("e1", digest="one"))
    assert answers == [Accepted("e1", False, T0, ()), Conflict("e1", "one"), Accepted("e1", True, T0, ())]


async def test_an_event_id_belongs_to_its_shop(store: Store) -> None:
    answers = await add(store, new_event("e1", digest="one"), new_event("e1", digest="two", shop="shop2"))
    assert answers == [Accepted("e1", False, T0, ()), Accepted("e1", False, T0, ())]


async def test_a_whole_batch_goes_in_at_once(store: Store) -> None:
    events = [new_event(f"e{number}", subscribed(f"c{number}@example.pl")) for number in range(1255)]
    answers = await add(store, *events)
    assert [answer.event_id for answer in answers] == [event.event_id for event in events]
    assert [event.event_id for event in await due(store, 2000)] == [event.event_id for event in events]


async def test_nothing_to_add_is_answered_with_nothing(store: Store) -> None:
    assert await add(store) == []


async def test_events_are_due_in_order_of_acceptance_with_acts_that_take_permission_away_first(store: Store) -> None:
    await stored(store, new_event("e1"), new_event("e2"))
    await stored(store, new_event("out", unsubscribed()), new_event("e3"))
    found = await stored(store, new_event("back", TransferConsentWithdrawn(at=T0, email="jan@example.pl")))
    assert [event.event_id for event in found] == ["out", "back", "e1", "e2", "e3"]
    assert [event.event_id for event in await due(store, 3)] == ["out", "back", "e1"]


@pytest.mark.parametrize(("events_in_bytes", "read"), [(0, 1), (0.5, 1), (1, 2), (2.5, 3), (9, 5)])
async def test_events_of_more_bytes_than_asked_for_wait_for_the_next_round(store: Store, events_in_bytes: float, read: int) -> None:
    """However large they are, one look holds little of them, and never none."""
    size = len(encode_tagged(subscribed()))
    found = await stored(store, *(new_event(f"e{number}") for number in range(5)))
    some = await due(store, max_bytes=int(size * events_in_bytes))
    assert some == found[:read]


async def test_only_an_undecided_act_that_takes_permission_away_is_urgent(store: Store) -> None:
    await stored(store, new_event("e1"))
    async with store.work() as work:
        assert not await work.inbox.has_urgent([SHOP])
    out = (await stored(store, new_event("out", unsubscribed())))[0]
    async with store.work() as work:
        assert await work.inbox.has_urgent([SHOP])
        await work.inbox.settle([Settlement(out.seq, EventState.SUPERSEDED, Reason.NOTHING_NEW)], T0)
        assert not await work.inbox.has_urgent([SHOP])
        await work.commit()


@pytest.mark.parametrize(
    ("state", "kept", "settled"),
    [
        (EventState.WITHHELD, False, True),
        (EventState.SUPERSEDED, False, True),
        (EventState.PLANNED, True, False),
        (EventState.PARKED, True, True),
        (EventState.HELD, True, True),
    ],
)
async def test_a_decision_keeps_the_payload_only_of_what_is_still_needed(
    store: Store, database: Database, state: EventState, kept: bool, settled: bool
) -> None:
    one, other = await stored(store, new_event("e1"), new_event("e2"))
    async with store.work() as work:
        await work.inbox.settle([Settlement(one.seq, state, Reason.NO_CONSENT, 7, 2, "why", "hash")], after(seconds=3))
        await work.commit()
    found = await rows(database)
    row = found["e1"]
    assert (row.state, row.reason, row.contact_id, row.open_commands, row.detail, row.subject) == (
        state.value,
        "no_consent",
        7,
        2,
        "why",
        "hash",
    )
    assert (row.payload is not None, row.settled_at, row.decided_at) == (
        kept,
        after(seconds=3) if settled else None,
        after(seconds=3),
    )
    assert (found["e2"].state, found["e2"].payload is not None, found["e2"].subject) == ("received", True, "jan@example.pl")
    assert [event.seq for event in await due(store)] == [other.seq]


async def test_an_event_is_sent_when_its_last_command_arrived(store: Store, database: Database) -> None:
    one, two = await stored(store, new_event("e1"), new_event("e2"))
    async with store.work() as work:
        settled = [Settlement(event.seq, EventState.PLANNED, None, 1, open_commands=3) for event in (one, two)]
        await work.inbox.settle(settled, T0)
        await work.inbox.commands_settled({one.seq: 2, two.seq: 3}, after(seconds=1))
        await work.commit()
    found = await rows(database)
    assert (found["e1"].state, found["e1"].open_commands, found["e1"].settled_at) == ("planned", 1, None)
    assert (found["e2"].state, found["e2"].open_commands, found["e2"].settled_at) == ("sent", 0, after(seconds=1))
    async with store.work() as work:
        await work.inbox.commands_settled({one.seq: 1}, after(seconds=9))
        await work.commit()
    assert ((await rows(database))["e1"].state, (await rows(database))["e1"].settled_at) == ("sent", after(seconds=9))


async def test_a_parked_or_withheld_event_stays_so_when_its_other_commands_arrive(store: Store, database: Database) -> None:
    one, two = await stored(store, new_event("e1"), new_event("e2"))
    async with store.work() as work:
        settled = [Settlement(event.seq, EventState.PLANNED, None, 1, open_commands=1) for event in (one, two)]
        await work.inbox.settle(settled, T0)
        await work.inbox.mark({one.seq}, EventState.PARKED, Reason.REFUSED, T0)
        await work.inbox.mark({two.seq}, EventState.WITHHELD, Reason.CONSENT_WITHDRAWN, T0)
        await work.inbox.mark(set(), EventState.PARKED, Reason.GAVE_UP, T0)
        await work.inbox.commands_settled({one.seq: 1, two.seq: 1}, T0)
        await work.commit()
    found = await rows(database)
    assert (found["e1"].state, found["e1"].reason) == ("parked", "refused")
    assert (found["e2"].state, found["e2"].reason) == ("withheld", "consent_withdrawn")


async def test_only_a_planned_event_can_be_superseded_by_a_newer_state(store: Store, database: Database) -> None:
    one, two = await stored(store, new_event("e1"), new_event("e2"))
    async with store.work() as work:
        await work.inbox.settle([Settlement(one.seq, EventState.PLANNED), Settlement(two.seq, EventState.WITHHELD)], T0)
        for event in (one, two):
            await work.inbox.supersede_planned(event.seq, Reason.CART_REPLACED, after(seconds=1))
        await work.commit()
    found = await rows(database)
    assert (found["e1"].state, found["e1"].reason, found["e1"].settled_at) == ("superseded", "cart_replaced", after(seconds=1))
    assert found["e2"].state == "withheld"


async def test_what_was_superseded_while_it_waited_gives_up_its_payload(store: Store, database: Database) -> None:
    (one,) = await stored(store, new_event("e1"))
    async with store.work() as work:
        await work.inbox.settle([Settlement(one.seq, EventState.PLANNED)], T0)
        await work.inbox.supersede_planned(one.seq, Reason.CART_REPLACED, T0)
        await work.commit()
    assert (await rows(database))["e1"].payload is None


async def test_a_disabled_shop_holds_its_undecided_events_until_it_is_released(store: Store) -> None:
    await stored(store, new_event("e1"), new_event("x1", shop="shop2"), new_event("e2"))
    await stored(store, new_event("e3", held=True))
    async with store.work() as work:
        await work.inbox.hold(SHOP)
        await work.commit()
    assert [event.event_id for event in await due(store)] == ["x1"]
    async with store.work() as work:
        await work.inbox.release([SHOP])
        await work.commit()
    assert [event.event_id for event in await due(store)] == ["e1", "x1", "e2", "e3"]


async def test_a_person_is_forgotten_by_contact_and_by_address_in_that_shop_alone(store: Store, database: Database) -> None:
    order = an_order("jan@example.pl")
    events = await stored(
        store,
        new_event("by_contact", order, warnings=("odd",)),
        new_event("by_subject", subscribed("old@example.pl")),
        new_event("other_person", subscribed("ewa@example.pl")),
        new_event("other_shop", subscribed("old@example.pl"), shop="shop2"),
        new_event("undecided", subscribed("old@example.pl")),
    )
    contacts = {"by_contact": 5, "by_subject": None, "other_person": 6, "other_shop": 7}
    async with store.work() as work:
        settled = [Settlement(e.seq, EventState.PLANNED, None, contacts[e.event_id]) for e in events if e.event_id in contacts]
        await work.inbox.settle(settled, T0)
        await work.inbox.forget_person(5, {"old@example.pl", "jan@example.pl"}, SHOP, "hash")
        await work.commit()
    found = await rows(database)
    for event_id in ("by_contact", "by_subject"):
        row = found[event_id]
        assert (row.payload, row.warnings, row.order_id, row.subject, row.state) == (None, None, None, "hash", "planned")
    for event_id in ("other_person", "other_shop", "undecided"):
        assert found[event_id].payload is not None
        assert found[event_id].subject.endswith("@example.pl")


async def test_forgetting_a_person_leaves_held_events_readable_until_they_are_decided(store: Store) -> None:
    """A held event is not decided either: when the shop is released it must be judged, not break the planner."""
    await stored(store, new_event("e1", held=True))
    async with store.work() as work:
        await work.inbox.forget_person(5, {"jan@example.pl"}, SHOP, "hash")
        await work.inbox.release([SHOP])
        await work.commit()
    assert [event.event_id for event in await due(store)] == ["e1"]


async def test_the_oldest_waiting_event_of_each_shop_is_known_and_a_quiet_cart_is_not_waiting(store: Store) -> None:
    async with store.work() as work:
        assert await work.inbox.oldest_waiting() == {}
    one, cart, two = await stored(store, new_event("e1"), new_event("cart", kind="cart"), new_event("e2", shop="shop2"))
    await stored(store, new_event("e3"), at=after(seconds=8))
    async with store.work() as work:
        assert await work.inbox.oldest_waiting() == {SHOP: T0, "shop2": T0}
        await work.inbox.settle(
            [
                Settlement(one.seq, EventState.WITHHELD, Reason.NO_CONSENT),
                Settlement(cart.seq, EventState.PLANNED, Reason.CART_WAITS),
                Settlement(two.seq, EventState.PARKED, Reason.RULE_FAILED),
            ],
            T0,
        )
        assert await work.inbox.oldest_waiting() == {SHOP: after(seconds=8)}
        await work.inbox.settle([Settlement(cart.seq, EventState.PLANNED, open_commands=1)], T0)
        assert await work.inbox.oldest_waiting() == {SHOP: T0}


async def test_r91_what_has_not_ended_is_known_by_what_it_waits_for_and_counted_up_to_a_number(store: Store) -> None:
    cart, late, sent = await stored(store, new_event("cart", kind="cart"), new_event("e1"), new_event("e2"))
    await stored(store, *(new_event(f"held{n}", held=True) for n in range(2)), new_event("e3"), at=after(seconds=8))
    await stored(store, new_event("other", shop="shop2"))
    async with store.work() as work:
        await work.inbox.settle(
            [
                Settlement(cart.seq, EventState.PLANNED, Reason.CART_WAITS),
                Settlement(late.seq, EventState.PLANNED, Reason.WAITS_FOR_ORDER),
                Settlement(sent.seq, EventState.PLANNED, open_commands=1),
            ],
            T0,
        )
        found = items_of_events(SHOP, await work.inbox.open_events(SHOP, 10))
        assert [(one.kind.value, one.number, one.since, one.is_at_least) for one in found] == [
            ("decision", 1, after(seconds=8), False),
            ("delivery", 1, T0, False),
            ("order", 1, T0, False),
            ("cart", 1, T0, False),
            ("held", 2, after(seconds=8), False),
        ]
        few = items_of_events(SHOP, await work.inbox.open_events(SHOP, 2))
        assert sum(one.number for one in few if one.kind.value != "held") == 2
        assert all(one.is_at_least for one in few)
        assert await work.inbox.open_events("nobody", 10) == []


async def test_events_are_counted_by_shop_and_state(store: Store) -> None:
    one, *_ = await stored(store, new_event("e1"), new_event("e2"), new_event("e3", shop="shop2", held=True))
    async with store.work() as work:
        await work.inbox.settle([Settlement(one.seq, EventState.SUPERSEDED, Reason.NOTHING_NEW)], T0)
        assert await work.inbox.counts() == {SHOP: {"superseded": 1, "received": 1}, "shop2": {"held": 1}}


@pytest.mark.parametrize("rows", [1, 2, 3, 4])
async def test_events_counted_a_few_at_a_time_are_each_counted_once(store: Store, rows: int) -> None:
    await stored(store, *(new_event(f"e{number}", shop=SHOP if number % 2 else "shop2") for number in range(7)))
    total: Counter[str] = Counter()
    last: int | None = 0
    async with store.work() as work:
        while last is not None:
            counted, last = await work.inbox.counts_after(last, rows)
            assert sum(by_state["received"] for by_state in counted.values()) <= rows
            total.update({shop: by_state["received"] for shop, by_state in counted.items()})
    assert total == {SHOP: 3, "shop2": 4}


def an_order(email: str) -> OrderPlaced:
    return OrderPlaced(
        at=datetime(2026, 3, 29, 1, 59, 59, 999_999, tzinfo=UTC),
        customer=Customer(email=email, id="17", first_name="Żaneta", last_name="Gęślą-Jaźń \U0001f34f \x7f", wholesaler=False),
        order_id="5501/ż",
        box=ConsentAnswer.NOT_ASKED,
        currency="PLN",
        value=Decimal("199.9900"),
        items=(
            Item(product_id="1", name='"\\ \x7e\x7f\x80 ', quantity=Decimal("0.001"), menu_paths=(("Obuwie", "Męskie"), ("ü",))),
        ),
    )


@pytest.mark.parametrize(
    "event",
    [
        an_order("zażółć@gęślą.pl"),
        subscribed("~}|\x7f@example.pl", at=datetime(1970, 1, 1, 0, 0, 0, 1, tzinfo=UTC)),
        subscribed("a@example.pl", at=datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ProductViewed(
            at=datetime.max.replace(tzinfo=UTC), email="a@b.pl", product_id="9" * 64, url="https://ż.pl/?q=%C5%BC&x=\u2028"
        ),
        unsubscribed("x" * 300 + "@example.pl", at=T0 + timedelta(microseconds=1)),
    ],
    ids=["order", "first-microsecond", "before-1970", "end-of-time", "long"],
)
async def test_an_event_comes_back_exactly_as_it_went_in(store: Store, database: Database, event: Event) -> None:
    (found,) = await stored(store, new_event("!~e", event, warnings=("ż", "")), at=event.at)
    assert found.event == event
    row = (await rows(database))["!~e"]
    assert (row.occurred_at, row.received_at) == (event.at, event.at)
    assert row.occurred_at.utcoffset() == timedelta()


async def test_times_of_other_zones_are_the_same_instant(store: Store, database: Database) -> None:
    warsaw = datetime.fromisoformat("2026-11-23T10:15:00.000001+01:00")
    (found,) = await stored(store, new_event("e1", subscribed(at=warsaw)))
    assert found.event.at == warsaw
    assert (await rows(database))["e1"].occurred_at == datetime(2026, 11, 23, 9, 15, 0, 1, tzinfo=UTC)
