"""Late events."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from app.domain.commands import AddEvent, UpsertContact
from app.domain.decisions.decide import decide
from app.domain.decisions.plan import Send
from app.domain.events import (
    AccountChanged,
    CartChanged,
    CustomerRegistered,
    ErasureRequested,
    Event,
    OrderPlaced,
    TagsEdited,
    TransferConsentGranted,
)
from app.domain.shops.shop import Shop
from tests.domain.decisions.properties.strategies import (
    QUICK,
    THOROUGH,
    everything,
    learned,
    orders,
    shops,
    shuffled_with_repetitions,
    states,
)
from tests.support.builders import commands_of, life

# -- (g) late events -------------------------------------------------------------------------------------------------------


@THOROUGH
@given(shops, shuffled_with_repetitions(states))
def test_a_late_event_never_overwrites_newer_state(shop: Shop, events: list[Event]) -> None:
    contact = learned(shop, events)
    said = [
        (event.at, event.customer)
        for event in events
        if isinstance(event, CustomerRegistered | AccountChanged | TransferConsentGranted) and event.customer
    ]
    for name in ("first_name", "company", "phone"):
        words = [(when, text) for when, person in said if (text := getattr(person, name))]
        newest = {text for when, text in words if when == max(when for when, _ in words)}
        assert (name not in contact.profile and not words) or contact.profile[name].value in newest
    for when, person in said:
        if person.wholesaler is not None:
            assert contact.wholesaler is not None
            assert contact.wholesaler.at >= when
    moved = [event for event in events if isinstance(event, AccountChanged)]
    if moved:
        latest = max(event.at for event in moved)
        assert contact.email in {event.customer.email for event in moved if event.at == latest}


@THOROUGH
@given(shops, st.lists(states | orders, max_size=7, unique_by=lambda event: event.at).flatmap(st.permutations))
def test_salesmanago_never_gets_an_older_status_after_a_newer_one(shop: Shop, events: list[Event]) -> None:
    spoken: dict[str, tuple[tuple[datetime, bool, datetime], str]] = {}
    placed: dict[str, datetime] = {}
    story = life(shop)
    for event in events:
        person = getattr(event, "customer", None)
        rank = (event.at, True, event.at)
        if isinstance(event, OrderPlaced):  # it names its buyer of the day it was placed (R10)
            placed[event.order_id] = min(event.at, placed.get(event.order_id, event.at))
            rank = (placed[event.order_id], False, event.at)
        for name in ("first_name", "company", "phone") if person else ():
            text = getattr(person, name)
            if text and (name not in spoken or spoken[name][0] <= rank):
                spoken[name] = (rank, text)
        story = story.goes_on(shop, event)
        for command in commands_of(story.plan):
            for name in spoken if isinstance(command, UpsertContact) else ():
                assert command.profile.get(name) in (None, spoken[name][1])


@QUICK
@given(shops, st.lists(everything, max_size=8))
def test_a_decision_changes_nothing_but_its_answer_and_repeats_itself(shop: Shop, events: list[Event]) -> None:
    story = life(shop, *events[:-1])
    for event in events[-1:]:
        first, second = decide(event, shop, story.contact), decide(event, shop, story.contact)
        assert first == second
        if isinstance(event, CartChanged | TagsEdited | ErasureRequested):
            assert not isinstance(first.plan, Send) or not any(isinstance(one, AddEvent) for one in first.plan.commands)
