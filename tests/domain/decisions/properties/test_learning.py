"""The order of learning does not matter."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import AccountChanged, Event
from app.domain.person.contact import Contact
from app.domain.person.merge import absorb
from app.domain.shops.shop import Shop
from tests.domain.decisions.properties.strategies import QUICK, THOROUGH, learned, living, shops
from tests.support.builders import EMAIL


def facts(contact: Contact) -> Contact:
    """The facts alone. A tag that is off and older than the last full list is as good as never heard of."""
    complete = contact.panel_tags_complete_at
    spoken = {tag: flag for tag, flag in contact.panel_tags.items() if flag.value or complete is None or flag.at > complete}
    return replace(contact, panel_tags=spoken, sent_state=Contact().sent_state, earned_tags=())


def without_acts(contact: Contact) -> Contact:
    """Which acts were for the present address depends on when a move was heard of (R72); see `test_contact.py`."""
    nobody = Contact()
    acts = {"email_news": nobody.email_news, "phone_news": nobody.phone_news, "transfer": nobody.transfer, "moved_at": None}
    return replace(facts(contact), **acts)


# -- (a) the order of learning --------------------------------------------------------------------------------------------


stories = st.lists(living, max_size=8, unique_by=lambda event: event.at)


@THOROUGH
@given(shops, stories.flatmap(lambda events: st.tuples(st.just(events), st.permutations(events))))
def test_events_learned_in_any_order_end_in_the_same_facts(shop: Shop, orders: tuple[list[Event], list[Event]]) -> None:
    one, other = orders
    moves = any(isinstance(event, AccountChanged) and event.customer.email != EMAIL for event in one)
    of = without_acts if moves else facts
    assert of(learned(shop, one)) == of(learned(shop, other))


@QUICK
@given(shops, st.lists(living, max_size=8))
def test_learning_an_event_twice_teaches_nothing_new(shop: Shop, events: list[Event]) -> None:
    once = learned(shop, events)
    if events:
        assert facts(learned(shop, events[-1:], once)) == facts(once)


@QUICK
@given(shops, st.lists(living, max_size=6, unique_by=lambda event: event.at), st.integers(0, 6))
def test_two_memories_of_one_person_join_to_what_one_memory_would_know(shop: Shop, events: list[Event], cut: int) -> None:
    events = [event for event in events if not isinstance(event, AccountChanged)]
    joined = absorb(learned(shop, events[:cut]), learned(shop, events[cut:]))
    assert facts(joined) == facts(learned(shop, events))
