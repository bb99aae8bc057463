"""Looks opt nobody in who did not act, and the same look twice changes nothing."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.decisions.observations.statuses import differs_only_in_time, observe_status
from app.domain.events import Event, StatusObserved
from app.domain.shops.shop import TagConflicts
from tests.domain.decisions.observations.looking import CHANNELS, IN, OPEN, OUT, brought_home, look, minute, news, sent, word
from tests.support.builders import a_shop, an_order, life, registered, status_seen, subscribed, tags_edited, tags_seen, unsubscribed

# -- nobody opts in who did not act; the same look twice -------------------------------------------------------------------

passive_looks = st.builds(
    status_seen,
    st.integers(0, 30).map(minute),
    email_out=st.sampled_from([None, True, False]),
    phone_out=st.sampled_from([None, True, False]),
)
quiet_events = st.builds(registered, st.integers(0, 30).map(minute)) | st.builds(an_order, st.integers(0, 30).map(minute))
opt_outs = st.builds(
    unsubscribed, st.integers(0, 30).map(minute), by_email=st.booleans(), by_sms=st.booleans(), confirmed=st.just(True)
)


def in_order(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event.at)


def _never_shows_a_fresh_opt_in(events: list[Event]) -> list[Event]:
    """SALESmanago opts nobody in by itself: once a channel was shown as opted out, or we told so, it stays out."""
    kept, out = [], {"email": False, "phone": False}
    for event in events:
        if isinstance(event, StatusObserved):
            out = {"email": out["email"] or event.email_out is True, "phone": out["phone"] or event.phone_out is True}
            event = replace(
                event,
                email_out=True if out["email"] and event.email_out is not None else event.email_out,
                phone_out=True if out["phone"] and event.phone_out is not None else event.phone_out,
            )
        kept.append(event)
    return kept


@settings(max_examples=150, deadline=None)
@given(st.lists(passive_looks | quiet_events | opt_outs, max_size=10))
def test_polls_and_our_own_commands_opt_nobody_in_whom_nobody_opted_in(events: list[Event]) -> None:
    """No person subscribes, nobody clicks, and SALESmanago itself never turns an opt-out into an opt-in."""
    story = life(OPEN, *_never_shows_a_fresh_opt_in(events))
    assert story.contact.email_news.opted_in is None
    assert story.contact.phone_news.opted_in is None
    assert IN not in sent(story) + sent(story, "phone")
    assert IN not in [one.status for one in brought_home(story) + brought_home(story, "phone")]


@settings(max_examples=150, deadline=None)
@given(st.lists(passive_looks | quiet_events | opt_outs | st.builds(subscribed, st.integers(0, 30).map(minute)), max_size=10))
def test_polls_never_make_us_send_salesmanago_an_opt_in(events: list[Event]) -> None:
    """An opt-in travels to SALESmanago with an act of the person in the shop, never because of what SALESmanago showed."""
    story = life(OPEN)
    for event in in_order(events):
        story = story.goes_on(OPEN, event)
        if isinstance(event, StatusObserved):
            assert IN not in sent(story) + sent(story, "phone")


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_poll_from_before_the_subscription_says_nothing_of_it(channel: str) -> None:
    """It shows somebody who never opted in; the look was decided after the subscription, or the shop's clock is fast."""
    story = life(OPEN, word(1, IN, channel))
    after = story.goes_on(OPEN, look(0, OUT, channel))
    assert sent(after, channel) == []
    assert news(after.contact, channel).opted_out is None


@settings(max_examples=120, deadline=None)
@given(
    st.lists(passive_looks | quiet_events | opt_outs | st.builds(subscribed, st.integers(0, 30).map(minute)), max_size=8),
    passive_looks,
)
def test_the_same_poll_twice_changes_nothing_the_second_time(events: list[Event], last: StatusObserved) -> None:
    last = replace(last, at=minute(31))
    once = life(OPEN, registered(minute(0)), *in_order(events), last)
    twice = once.goes_on(OPEN, last)
    assert twice.commands == ()
    assert differs_only_in_time(once.contact, twice.contact)
    later = once.goes_on(OPEN, replace(last, at=minute(32)))
    assert later.commands == ()
    assert differs_only_in_time(later.contact, later.goes_on(OPEN, replace(last, at=minute(33))).contact)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(["VIP", "KOSZYK", "MENU1", "IDOSELL_HURT"]), st.integers(0, 9)), max_size=4),
    st.sampled_from([TagConflicts.ACCEPT, TagConflicts.REPORT]),
)
def test_the_same_tags_twice_change_nothing_the_second_time(lists: list[dict[str, int]], setting: TagConflicts) -> None:
    shop = a_shop(tag_conflicts=setting)
    story = life(shop, registered(minute(0)), tags_edited(minute(1), added=["hurt"]))
    for number, shown in enumerate(lists, start=2):
        story = story.goes_on(shop, tags_seen(minute(number), shown))
        again = story.goes_on(shop, tags_seen(minute(number + 0.5), shown))
        assert again.commands == ()
        assert differs_only_in_time(story.contact, again.contact)


def test_the_first_poll_since_something_was_sent_is_worth_keeping_and_the_next_is_not() -> None:
    told_in = life(OPEN, look(0, OUT), subscribed(minute(1))).contact
    first = observe_status(look(2, IN), told_in)
    assert not differs_only_in_time(told_in, first)
    assert differs_only_in_time(first, observe_status(look(3, IN), first))
