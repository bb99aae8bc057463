"""Replays and versions of an order change nothing that was told (R18, R19)."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.commands import AddEvent, Command, EventKind
from app.domain.decisions.changes.salesmanago_changes import difference
from app.domain.decisions.changes.sent_state import mark_sent
from app.domain.events import (
    CartChanged,
    Event,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    ProductViewed,
    TransferConsentWithdrawn,
)
from app.domain.shops.shop import Shop
from tests.domain.decisions.properties.strategies import DAWN, QUICK, THOROUGH, living, orders, shops, undone
from tests.support.builders import Story, a_shop, an_item, an_order, cancelled, life, returned

# -- (d) replay ------------------------------------------------------------------------------------------------------------


def in_order(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event.at)


def whole_profile(event: Event) -> Event:
    """Every description names every field, so that nothing waits for an older message to be said."""
    person = getattr(event, "customer", None)
    if person is None:
        return event
    full = replace(person, first_name=person.first_name or "x", company=person.company or "x", phone=person.phone or "x")
    return replace(event, customer=full)


def each_order_once(events: list[Event]) -> list[Event]:
    first = {event.order_id: event for event in reversed(in_order(events)) if isinstance(event, OrderPlaced)}
    return [event for event in events if not isinstance(event, OrderPlaced) or first[event.order_id] is event]


def settled(shop: Shop, story: Story) -> Story:
    """What was learned but not told yet is told, as the next event would."""
    rest = difference(story.contact, a_shop())
    if rest is None or not story.contact.transfer.permits(shop.policy):
        return story
    return replace(story, contact=mark_sent(story.contact, [rest]))


def replayed(shop: Shop, events: list[Event]) -> list[Command]:
    """Views are left out: each is an occurrence of its own, told apart only by its event id at the door."""
    events = [event for event in in_order(events) if not isinstance(event, ProductViewed)]
    return list(settled(shop, life(shop, *events)).goes_on(shop, *events).commands)


@THOROUGH
@given(st.lists(living, max_size=8))
def test_where_everything_may_go_nothing_learned_waits_unsent(events: list[Event]) -> None:
    """A cart is the exception: it tells what it knows when it is due. So is who was never worth sending at all."""
    events = [event for event in events if not isinstance(event, TransferConsentWithdrawn | CartChanged)]
    story = life(a_shop(), *events)
    assert not story.contact.is_transferred or difference(story.contact, a_shop()) is None


@THOROUGH
@given(st.lists(living, max_size=8, unique_by=lambda event: event.at))
def test_a_replay_changes_nothing_for_anybody_who_never_withdrew(events: list[Event]) -> None:
    assert replayed(a_shop(), [event for event in events if not isinstance(event, TransferConsentWithdrawn)]) == []


@THOROUGH
@given(shops, st.lists(living, max_size=8, unique_by=lambda event: event.at))
def test_a_replay_changes_nothing_where_consents_come_and_go(shop: Shop, events: list[Event]) -> None:
    """An order that a withdrawal withheld may go when it is told again after a new consent, so each is told once here."""
    assert replayed(shop, [whole_profile(event) for event in each_order_once(events)]) == []


@QUICK
@given(st.lists(orders | undone, max_size=6, unique_by=lambda event: event.at))
def test_a_replay_repeats_no_purchase_cancellation_or_return(events: list[Event]) -> None:
    assert replayed(a_shop(), events) == []


# -- (d2) versions of an order, and what takes it back (R18, R19) -----------------------------------------------------------


@st.composite
def order_histories(draw: st.DrawFn) -> list[Event]:
    """Everything that is told of one order, in any order of arrival, some of it again."""
    hours = draw(st.lists(st.integers(1, 12), min_size=2, max_size=8, unique=True))
    told: list[Event] = []
    for hour in hours:
        when = DAWN + timedelta(hours=hour)
        match draw(st.sampled_from(["version", "version", "return", "named return", "cancellation"])):
            case "version":
                told.append(an_order(DAWN, as_of=when, value=draw(st.sampled_from(["1.00", "2.00", "3.00"]))))
            case "return":
                told.append(returned(when, items=(an_item(draw(st.sampled_from(["1", "2"]))),), value="1.00"))
            case "named return":
                told.append(returned(when, items=(an_item("3"),), value="1.00", return_id=draw(st.sampled_from(["a", "b"]))))
            case _:
                told.append(cancelled(when))
    again = draw(st.lists(st.sampled_from(told), max_size=3))
    return draw(st.permutations([an_order(DAWN, as_of=DAWN, value="9.00"), *told, *again]))


@THOROUGH
@given(order_histories())
def test_r18_r19_an_order_ends_as_one_purchase_in_its_newest_version_and_every_return_follows_it_once(events: list[Event]) -> None:
    story = life(a_shop(), *events)
    held: list[AddEvent] = []
    for command in story.commands:
        if isinstance(command, AddEvent) and command.is_update:
            held = [command if one.kind is command.kind else one for one in held]
        elif isinstance(command, AddEvent):
            held.append(command)
    versions = [event for event in events if isinstance(event, OrderPlaced)]
    newest = max(versions, key=lambda version: version.as_of or version.at)
    (purchase,) = [one for one in held if one.kind is EventKind.PURCHASE]
    assert held[0] is purchase
    assert (purchase.value, purchase.lines[0].product_id) == (newest.value, newest.items[0].product_id)
    distinct = {event.return_id or event.items[0].product_id for event in events if isinstance(event, OrderReturned)}
    assert sum(one.kind is EventKind.RETURN for one in held) == len(distinct)
    cancellations = [one.at for one in held if one.kind is EventKind.CANCELLATION]
    assert len(cancellations) == len(set(cancellations))
    assert bool(cancellations) <= any(isinstance(event, OrderCancelled) for event in events)
    assert story.waiting == ()
