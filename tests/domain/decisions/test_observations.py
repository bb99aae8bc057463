"""What a look at SALESmanago teaches, and what it does not (R26, R55). Minutes count from ten o'clock."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.commands import SetSubscription, UpsertContact
from app.domain.consent import Channel, Status, TimedStatus
from app.domain.decisions.changes.salesmanago_changes import difference
from app.domain.decisions.changes.sent_state import mark_sent
from app.domain.decisions.changes.shop_changes import panel_tags
from app.domain.decisions.changes.standing import email_stood, phone_stood
from app.domain.decisions.decide import decide
from app.domain.decisions.discrepancies import ConflictKind, conflicts, is_disputed
from app.domain.decisions.observations.statuses import adopt_sibling_status, differs_only_in_time, found, observe_status
from app.domain.decisions.observations.tags import READD_LIMIT, READD_WINDOW, saw_tags
from app.domain.events import Event, StatusObserved, StatusRejected
from app.domain.panel_tags import PanelTag, changes, short_name
from app.domain.person.contact import Contact
from app.domain.person.sides import ObservedStatus
from app.domain.shops.shop import Panel, PanelKind, TagConflicts
from app.domain.tags import MOST_TAGS, outgoing_text
from app.sandbox.salesmanago.memory.tags import fold
from tests.support.builders import (
    Story,
    a_shop,
    an_order,
    at,
    commands_of,
    life,
    lost_tags,
    registered,
    somebody,
    status_seen,
    subscribed,
    tags_edited,
    tags_seen,
    unsubscribed,
)

OPEN = a_shop()
TEN = at("2026-11-23T10:00")
IN, OUT = Status.OPT_IN, Status.OPT_OUT
CHANNELS = ["email", "phone"]
GRACE = timedelta(minutes=10)


def minute(number: float) -> datetime:
    return TEN + timedelta(minutes=number)


def look(number: float, status: Status, channel: str = "email", *, acted: bool = False) -> StatusObserved:
    return status_seen(minute(number), acted=acted, **{f"{channel}_out": status is OUT})


def dated(status: Status, seen: float, before: float) -> TimedStatus:
    """When it changed between two looks nobody knows: an opt-out is dated late, an opt-in early (R06)."""
    return TimedStatus(status, minute(seen) if status is OUT else minute(before) + timedelta(microseconds=1))


def word(number: float, status: Status, channel: str = "email") -> Event:
    """The person's own act in the shop."""
    act = subscribed if status is IN else unsubscribed
    return act(minute(number), by_email=channel == "email", by_sms=channel == "phone")


def news(contact: Contact, channel: str = "email") -> Channel:
    return contact.email_news if channel == "email" else contact.phone_news


def sent(story: Story, channel: str = "email") -> list[Status]:
    """What SALESmanago was told of a channel, one after another."""
    upserts = [one for one in story.commands if isinstance(one, UpsertContact)]
    said = [one.email_status if channel == "email" else one.phone_status for one in upserts]
    return [status for status in said if status is not None]


def brought_home(story: Story, channel: str = "email") -> list[TimedStatus]:
    changes = [one for one in story.commands if isinstance(one, SetSubscription)]
    said = [one.email_news if channel == "email" else one.phone_news for one in changes]
    return [one for one in said if one is not None]


# -- statuses: what is an act ----------------------------------------------------------------------------------------------

NOTHING_HAPPENED = {
    "the first look shows a contact nobody ever opted in": [look(1, OUT)],
    "the first look shows somebody whom another system opted in": [look(1, IN)],
    "it shows the same again": [look(1, OUT), look(2, OUT), look(3, OUT)],
    "a look from before the last one": [look(5, OUT), look(1, IN)],
}


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("looks", NOTHING_HAPPENED.values(), ids=NOTHING_HAPPENED)
def test_a_look_that_shows_no_change_teaches_no_act_and_tells_nobody(looks: list[StatusObserved], channel: str) -> None:
    turned = [replace(one, email_out=None, phone_out=one.email_out) if channel == "phone" else one for one in looks]
    story = life(OPEN, registered(minute(0)), *turned).contact
    assert (story.email_news, story.phone_news) == (Channel(), Channel())
    assert life(OPEN, registered(minute(0))).goes_on(OPEN, *turned).commands == ()


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(("before", "after"), [(IN, OUT), (OUT, IN)])
def test_a_change_between_two_looks_is_an_act_dated_so_that_it_favours_no_opt_in(
    before: Status, after: Status, channel: str
) -> None:
    story = life(OPEN, registered(minute(0)), look(1, before, channel))
    changed = story.goes_on(OPEN, look(2, after, channel))
    assert news(changed.contact, channel).said == dated(after, seen=2, before=1)
    assert brought_home(changed, channel) == [dated(after, seen=2, before=1)]
    assert sent(changed, channel) == [], "SALESmanago knows: no echo"


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("status", [IN, OUT])
def test_what_our_own_command_did_is_no_act(status: Status, channel: str) -> None:
    other = OUT if status is IN else IN
    story = life(OPEN, registered(minute(0)), look(1, other, channel), word(2, status, channel))
    assert sent(story, channel) == [status]
    after = story.goes_on(OPEN, look(3, status, channel), look(4, status, channel))
    assert after.commands == ()
    assert news(after.contact, channel) == news(story.contact, channel)
    assert not is_disputed(after.contact)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("status", [IN, OUT])
def test_a_change_after_we_saw_our_own_command_done_is_an_act(status: Status, channel: str) -> None:
    other = OUT if status is IN else IN
    story = life(OPEN, registered(minute(0)), look(1, other, channel), word(2, status, channel), look(3, status, channel))
    changed = story.goes_on(OPEN, look(4, other, channel))
    assert news(changed.contact, channel).said == dated(other, seen=4, before=3)
    assert brought_home(changed, channel) == [dated(other, seen=4, before=3)]
    assert sent(changed, channel) == []


def test_an_opt_out_that_stands_where_we_told_an_opt_in_counts_even_if_we_never_looked_before() -> None:
    """We cannot tell a refusal of ours from a click; an opt-out is believed."""
    story = life(OPEN, subscribed(minute(0)), look(5, OUT))
    assert story.contact.email_news.status is OUT
    assert sent(story) == [IN]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("acted", [False, True], ids=["found by a look", "told by a callback"])
def test_who_opts_in_again_over_there_right_after_an_opt_out_over_there_is_believed(channel: str, acted: bool) -> None:
    """Nothing of this was ever told by us: both changes are the person's, and we looked in between."""
    story = life(OPEN, registered(minute(0)), look(1, IN, channel), look(2, OUT, channel, acted=acted))
    again = story.goes_on(OPEN, look(3, IN, channel))
    assert sent(again, channel) == []
    assert news(again.contact, channel).status is IN


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_change_over_there_is_an_act_as_long_as_each_was_seen_twice(channel: str) -> None:
    story = life(OPEN, registered(minute(0)), look(1, OUT, channel))
    for number, status in enumerate((IN, OUT, IN, OUT), start=1):
        story = story.goes_on(OPEN, look(10 * number, status, channel), look(10 * number + 1, status, channel))
        assert news(story.contact, channel).said == dated(status, seen=10 * number, before=max(1, 10 * number - 9))
        assert sent(story, channel) == []


# -- statuses: what does not take ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_opt_out_of_ours_that_does_not_show_is_told_once_more_and_then_disputed(channel: str) -> None:
    story = life(OPEN, registered(minute(0)), look(1, IN, channel), word(2, OUT, channel))
    assert sent(story, channel) == [OUT]
    once_more = story.goes_on(OPEN, look(3, IN, channel))
    assert sent(once_more, channel) == [OUT]
    assert _kept(once_more.contact) == ["sms" if channel == "phone" else channel]
    never_again = once_more.goes_on(OPEN, *(look(number, IN, channel) for number in range(4, 30)))
    assert never_again.commands == ()
    assert is_disputed(never_again.contact)
    assert news(never_again.contact, channel).status is OUT
    settled = never_again.goes_on(OPEN, look(40, OUT, channel))
    assert settled.commands == ()
    assert not is_disputed(settled.contact)


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_opt_in_of_ours_that_does_not_show_is_disputed_at_once_and_never_told_again(channel: str) -> None:
    story = life(OPEN, registered(minute(0)), look(1, OUT, channel), word(2, IN, channel))
    assert sent(story, channel) == [IN]
    after = story.goes_on(OPEN, *(look(number, OUT, channel) for number in range(3, 20)))
    assert after.commands == ()
    assert _kept(after.contact) == ["sms" if channel == "phone" else channel]
    assert not is_disputed(after.goes_on(OPEN, look(30, IN, channel)).contact)


def _kept(contact: Contact) -> list[str]:
    return [name for one in conflicts(contact, OPEN) if one.kind is ConflictKind.STATUS_KEPT for name in one.about]


def test_a_click_ends_a_dispute() -> None:
    stuck = life(OPEN, registered(minute(0)), look(1, IN), word(2, OUT), look(3, IN), look(4, IN))
    clicked = stuck.goes_on(OPEN, look(5, IN, acted=True))
    assert clicked.contact.email_news.said == TimedStatus(IN, minute(5))
    assert not is_disputed(clicked.contact)
    assert sent(clicked) == []


# -- statuses: clicks and older looks ------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("status", [IN, OUT])
def test_a_click_is_an_act_whatever_the_looks_showed(status: Status, channel: str) -> None:
    for shown in ([], [look(1, IN, channel)], [look(1, OUT, channel)], [look(1, OUT, channel), word(2, IN, channel)]):
        story = life(OPEN, registered(minute(0)), *shown)
        clicked = story.goes_on(OPEN, look(5, status, channel, acted=True))
        assert news(clicked.contact, channel).said == TimedStatus(status, minute(5))
        assert sent(clicked, channel) == []
        assert clicked.goes_on(OPEN, look(5, status, channel, acted=True)).commands == (), "the same click twice"


def test_a_click_from_before_the_last_look_still_counts_as_of_its_own_time() -> None:
    story = life(OPEN, registered(minute(0)), look(1, IN), look(9, IN), look(5, OUT, acted=True))
    assert story.contact.email_news.said == TimedStatus(OUT, minute(5))
    assert story.contact.observed.email_news == ObservedStatus(IN, minute(1), minute(9))


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("status", [IN, OUT])
def test_a_click_heard_of_after_a_look_that_shows_it_already_does_not_echo(status: Status, channel: str) -> None:
    story = life(OPEN, registered(minute(0)), look(2, status, channel))
    heard = story.goes_on(OPEN, look(1, status, channel, acted=True))
    assert brought_home(heard, channel) == [TimedStatus(status, minute(1))]
    assert sent(heard, channel) == []


def test_a_newer_act_in_the_shop_outweighs_an_older_click() -> None:
    story = life(OPEN, registered(minute(0)), subscribed(minute(9)), look(5, OUT, acted=True))
    assert story.contact.email_news.status is IN
    assert brought_home(story) == []


# -- channels -------------------------------------------------------------------------------------------------------------

events_of_a_channel = st.lists(
    st.tuples(st.sampled_from(["look", "click", "word"]), st.sampled_from([IN, OUT]), st.integers(0, 20)), max_size=8
)


@settings(max_examples=100, deadline=None)
@given(events_of_a_channel, events_of_a_channel)
def test_e_mail_and_phone_never_leak_into_each_other(by_email: list[Any], by_phone: list[Any]) -> None:
    """What happens on one channel ends the same with and without the other."""

    def made(kind: str, status: Status, number: int, channel: str) -> Event:
        return word(number, status, channel) if kind == "word" else look(number, status, channel, acted=kind == "click")

    emails = [made(*one, "email") for one in by_email]
    phones = [made(*one, "phone") for one in by_phone]
    both = life(OPEN, registered(minute(0)), *(one for pair in _zipped(emails, phones) for one in pair))
    alone = life(OPEN, registered(minute(0)), *emails)
    assert sent(both) == sent(alone)
    assert brought_home(both) == brought_home(alone)
    assert both.contact.email_news == alone.contact.email_news
    assert replace(both.contact.observed, phone_news=None, phone_disputed=False) == alone.contact.observed
    other = life(OPEN, registered(minute(0)), *phones)
    assert sent(both, "phone") == sent(other, "phone")
    assert both.contact.phone_news == other.contact.phone_news


def _zipped(one: list[Event], other: list[Event]) -> list[list[Event]]:
    return [[*one[number : number + 1], *other[number : number + 1]] for number in range(max(len(one), len(other)))]


def test_one_look_at_both_channels_teaches_what_two_looks_would() -> None:
    start = life(OPEN, registered(minute(0)), look(1, IN), look(1, OUT, "phone")).contact
    one = observe_status(status_seen(minute(2), email_out=True, phone_out=False), start)
    two = observe_status(look(2, IN, "phone"), observe_status(look(2, OUT), start))
    assert one == two


# -- the grace ----------------------------------------------------------------------------------------------------------


def test_without_a_grace_a_look_speaks_at_once() -> None:
    known = life(OPEN, registered(minute(0)), look(1, IN)).contact
    act, remembered = found(look(2, OUT), known, timedelta(0))
    assert act == look(2, OUT, acted=True)
    assert remembered == known, "the act is learned when it is decided"


def test_a_change_gets_its_grace_and_then_counts_from_when_it_was_first_seen() -> None:
    known = life(OPEN, registered(minute(0)), look(1, IN)).contact
    for number in (2, 5, 11.9):
        act, known = found(look(number, OUT), known, GRACE)
        assert act is None
        assert known.email_news == Channel()
    act, known = found(look(12, OUT), known, GRACE)
    assert act == look(2, OUT, acted=True)


def test_a_callback_within_the_grace_explains_the_change() -> None:
    known = life(OPEN, registered(minute(0)), look(1, IN)).contact
    _, known = found(look(2, OUT), known, GRACE)
    known = decide(look(1.5, OUT, acted=True), OPEN, known).contact
    act, known = found(look(13, OUT), known, GRACE)
    assert act is None
    assert known.observed.email_unexplained_since is None


def test_a_change_that_was_taken_back_within_the_grace_is_forgotten_and_the_next_gets_a_grace_of_its_own() -> None:
    known = life(OPEN, registered(minute(0)), look(1, IN)).contact
    _, known = found(look(2, OUT), known, GRACE)
    act, known = found(look(3, IN), known, GRACE)
    assert (act, known.observed.email_unexplained_since) == (None, None)
    act, known = found(look(13, OUT), known, GRACE)
    assert act is None
    act, _ = found(look(23, OUT), known, GRACE)
    assert act == look(13, OUT, acted=True)


def test_r55_a_callback_gets_time_to_come_before_an_opt_out_that_does_not_show_is_told_again() -> None:
    known = life(OPEN, registered(minute(0)), word(1, IN), look(2, IN), word(3, OUT)).contact
    for number in (4, 9, 13.9):
        act, known = found(look(number, IN), known, timedelta(0), GRACE)
        assert (act, known.sent_state.email_news) == (None, TimedStatus(OUT, minute(3)))
    act, known = found(look(14, IN), known, timedelta(0), GRACE)
    assert (act, known.sent_state.email_news) == (None, None)  # so it is told once more


def test_a_change_from_before_what_was_told_last_takes_no_grace_from_the_next() -> None:
    known = life(OPEN, registered(minute(0)), look(1, IN)).contact
    _, known = found(look(2, OUT), known, GRACE)
    known = decide(word(4, IN), OPEN, known).contact
    act, known = found(look(20, OUT), known, GRACE)
    assert (act, known.observed.email_unexplained_since) == (None, minute(20))


def kept_back(known: Contact, number: float, stood: float, channel: str) -> Contact:
    by = {f"by_{channel}": True, f"{channel}_stood": TimedStatus(IN, minute(stood))}
    return decide(StatusRejected(at=minute(number), email=known.email, shown_out=True, **by), OPEN, known).contact


@pytest.mark.parametrize("channel", CHANNELS)
def test_r06_an_opt_in_that_was_kept_back_is_told_by_nothing_until_a_look_finds_the_resignation(channel: str) -> None:
    known = life(OPEN, registered(minute(0)), word(1, IN, channel), look(2, IN, channel), word(3, IN, channel)).contact
    known = kept_back(known, 5, 2, channel)
    upsert = difference(known, OPEN, minute(6))
    assert upsert is None or (upsert.email_status, upsert.phone_status) == (None, None)
    act, known = found(look(7, OUT, channel), known, timedelta(0))
    assert act is not None
    assert news(decide(act, OPEN, known).contact, channel).status is OUT


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    ("seen", "stood"),
    [
        ([], None),
        ([look(1, IN)], TimedStatus(IN, minute(1))),
        ([look(1, OUT)], TimedStatus(OUT, minute(1))),
        ([word(0.5, IN), look(1, IN), word(2, OUT)], None),  # it may still wait, here or in another shop's queue
        ([word(0.5, IN), look(1, IN), word(2, OUT), look(3, OUT)], TimedStatus(OUT, minute(3))),
        ([word(0.5, IN), look(1, IN), look(2, OUT, acted=True)], TimedStatus(OUT, minute(2))),
        ([word(0.5, IN), look(1, IN), word(1.5, IN)], TimedStatus(IN, minute(1))),
    ],
)
def test_r06_of_what_stands_there_counts_what_was_seen_and_only_until_an_opt_out_is_told(
    channel: str, seen: list[Event], stood: TimedStatus | None
) -> None:
    by = [_of_channel(event, channel) for event in seen]
    known = life(OPEN, registered(minute(0)), *by).contact
    assert (email_stood if channel == "email" else phone_stood)(known) == stood


def _of_channel(event: Event, channel: str) -> Event:
    if channel == "email":
        return event
    if isinstance(event, StatusObserved):
        return replace(event, email_out=None, phone_out=event.email_out)
    return replace(event, by_email=False, by_sms=True)  # type: ignore[call-arg] - acts of the shop have both


@pytest.mark.parametrize("channel", CHANNELS)
def test_r06_who_opts_in_again_after_an_opt_in_was_kept_back_is_told_against_the_opt_out_that_was_shown(channel: str) -> None:
    known = life(OPEN, registered(minute(0)), word(1, IN, channel), look(2, IN, channel), word(3, IN, channel)).contact
    decision = decide(word(6, IN, channel), OPEN, kept_back(known, 5, 2, channel))
    (upsert,) = (one for one in commands_of(decision.plan) if isinstance(one, UpsertContact))
    assert getattr(upsert, f"{channel}_status") is IN
    assert getattr(upsert, f"{channel}_stood") == TimedStatus(OUT, minute(5))


def test_the_phone_has_no_callback_and_gets_no_grace() -> None:
    known = life(OPEN, registered(minute(0)), look(1, IN, "phone")).contact
    act, _ = found(look(2, OUT, "phone"), known, GRACE)
    assert act == look(2, OUT, "phone", acted=True)


def test_a_look_at_the_phone_does_not_begin_the_grace_of_the_e_mail_anew() -> None:
    """Every look of ours shows both channels: otherwise no opt-out found by looking would ever arrive."""
    known = life(OPEN, registered(minute(0)), look(1, IN), look(1, OUT, "phone")).contact
    acts = []
    for number in range(2, 40, 2):
        act, known = found(look(number, OUT), known, GRACE)
        _, known = found(look(number, OUT, "phone"), known, GRACE)
        acts.append(act)
    assert look(2, OUT, acted=True) in acts


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
def test_looks_and_our_own_commands_opt_nobody_in_whom_nobody_opted_in(events: list[Event]) -> None:
    """No person subscribes, nobody clicks, and SALESmanago itself never turns an opt-out into an opt-in."""
    story = life(OPEN, *_never_shows_a_fresh_opt_in(events))
    assert story.contact.email_news.opted_in is None
    assert story.contact.phone_news.opted_in is None
    assert IN not in sent(story) + sent(story, "phone")
    assert IN not in [one.status for one in brought_home(story) + brought_home(story, "phone")]


@settings(max_examples=150, deadline=None)
@given(st.lists(passive_looks | quiet_events | opt_outs | st.builds(subscribed, st.integers(0, 30).map(minute)), max_size=10))
def test_looks_never_make_us_tell_salesmanago_an_opt_in(events: list[Event]) -> None:
    """An opt-in travels to SALESmanago with an act of the person in the shop, never because of what SALESmanago showed."""
    story = life(OPEN)
    for event in in_order(events):
        story = story.goes_on(OPEN, event)
        if isinstance(event, StatusObserved):
            assert IN not in sent(story) + sent(story, "phone")


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_look_from_before_the_subscription_says_nothing_of_it(channel: str) -> None:
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
def test_the_same_look_twice_changes_nothing_the_second_time(events: list[Event], last: StatusObserved) -> None:
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


def test_the_first_look_since_something_was_told_is_worth_keeping_and_the_next_is_not() -> None:
    told_in = life(OPEN, look(0, OUT), subscribed(minute(1))).contact
    first = observe_status(look(2, IN), told_in)
    assert not differs_only_in_time(told_in, first)
    assert differs_only_in_time(first, observe_status(look(3, IN), first))


# -- tags -----------------------------------------------------------------------------------------------------------------


def tagged(shop: Any) -> Contact:
    return life(shop, registered(minute(0)), tags_edited(minute(1), added=["vip"])).contact


def told_again(contact: Contact, shop: Any) -> Contact:
    upsert = difference(contact, shop)
    return contact if upsert is None else mark_sent(contact, [upsert])


@pytest.mark.parametrize(
    ("setting", "added_again"),
    [(TagConflicts.READD, ("idosell_vip",)), (TagConflicts.ACCEPT, ()), (TagConflicts.REPORT, ())],
)
def test_a_lost_tag_is_a_conflict_and_only_readd_adds_it_again(setting: TagConflicts, added_again: tuple[str, ...]) -> None:
    shop = a_shop(tag_conflicts=setting)
    contact = saw_tags(tags_seen(minute(2), {"REJESTRACJA": 1}), tagged(shop), shop)
    upsert = difference(contact, shop)
    assert (upsert.add_tags if upsert else ()) == added_again
    assert lost_tags(contact, shop) == ["idosell_vip"]
    assert is_disputed(contact)
    back = saw_tags(tags_seen(minute(3), {"IDOSELL_VIP": 1}), told_again(contact, shop), shop)
    assert lost_tags(back, shop) == []
    assert not is_disputed(back)
    assert difference(back, shop) is None


def test_a_tag_is_added_again_three_times_a_day_and_then_only_reported() -> None:
    contact, added = tagged(OPEN), []
    for number in range(2, 20):
        contact = saw_tags(tags_seen(minute(number)), contact, OPEN)
        upsert = difference(contact, OPEN)
        added.append(upsert is not None)
        contact = told_again(contact, OPEN)
        assert lost_tags(contact, OPEN) == ["idosell_vip"]
    assert added == [True] * READD_LIMIT + [False] * (18 - READD_LIMIT)
    assert "three times" in conflicts(contact, OPEN)[0].words
    next_day = saw_tags(tags_seen(minute(2) + READD_WINDOW), contact, OPEN)
    assert difference(next_day, OPEN) is not None


def test_a_tug_of_war_is_noticed_although_the_tag_comes_back_in_between() -> None:
    contact, added = tagged(OPEN), 0
    for number in range(2, 40, 2):
        contact = saw_tags(tags_seen(minute(number)), contact, OPEN)
        added += difference(contact, OPEN) is not None
        contact = saw_tags(tags_seen(minute(number + 1), {"IDOSELL_VIP": 1}), told_again(contact, OPEN), OPEN)
        assert lost_tags(contact, OPEN) == []
    assert added == READD_LIMIT


def test_a_tag_that_staff_took_off_as_well_is_no_conflict_any_more() -> None:
    lost = life(OPEN, registered(minute(0)), tags_edited(minute(1), added=["vip"]), tags_seen(minute(2)))
    assert is_disputed(lost.contact)
    gone = lost.goes_on(OPEN, tags_edited(minute(3), removed=["vip"]), tags_seen(minute(4)), tags_seen(minute(5)))
    assert not is_disputed(gone.contact)
    assert commands_of(gone.plan) == ()


@pytest.mark.parametrize("stores", [lambda tag: fold(tag), str.upper, str], ids=["base letters alone", "upper case", "as sent"])
def test_r27_tags_of_any_alphabet_are_known_again_however_salesmanago_stores_them(stores: Callable[[str], str]) -> None:
    """Told, shown, and at rest: nothing is lost, nothing told again, and each section keeps its own name in the panel."""
    shop = a_shop(panel=Panel(kind=PanelKind.IDOSELL))
    sections = ["Взуття", "Bluzy дитячі", "Bluzy жіночі", "Παπούτσια", "靴", "Obuwie męskie", "ą" * 70]
    staff = tags_edited(minute(1), added=["Постійний", "Оптовий", "żółw", "й" * 70])
    story = life(shop, registered(minute(0)), staff, an_order(minute(2), categories=sections))
    sent = [tag for one in story.commands if isinstance(one, UpsertContact) for tag in one.add_tags]
    shown = {stores(tag): 5 for tag in sent}
    looked = story.goes_on(shop, tags_seen(minute(3), shown))
    assert not [one for one in looked.commands if isinstance(one, UpsertContact)]
    assert looked.goes_on(shop, tags_seen(minute(4), shown)).commands == ()
    assert lost_tags(looked.contact, shop) == []
    assert panel_tags(looked.contact).gone == ()
    assert panel_tags(looked.contact).sections == panel_tags(story.contact).sections
    written = changes((), panel_tags(story.contact), shop.number).add
    assert set(written) == {short_name(outgoing_text(section).lower()) for section in sections}
    standing = [PanelTag(number, name, 1) for number, name in enumerate(written, start=1)]
    later = changes(standing, panel_tags(looked.contact), shop.number)
    assert (list(later.add), later.set, later.remove) == (
        ["salesmanago_shop1_rejestracja"],
        {tag.id: 5 for tag in standing},
        (),
    )


def test_r26_a_tag_in_other_letters_is_lost_when_nothing_stands_there_that_could_be_it() -> None:
    story = life(OPEN, registered(minute(0)), tags_edited(minute(1), added=["Взуття"]))
    lost = story.goes_on(OPEN, tags_seen(minute(2), {"REJESTRACJA": 1, "IDOSELL_____": 1}))
    assert [one.add_tags for one in lost.commands if isinstance(one, UpsertContact)] == [("idosell_Взуття",)]


def test_of_very_many_tags_that_salesmanago_shows_the_same_thousand_are_mirrored_whatever_their_order() -> None:
    many = {f"T{number}": 1 for number in range(3_000)}
    contact = saw_tags(tags_seen(minute(1), many), somebody(), OPEN)
    assert len(contact.observed.tags) == MOST_TAGS
    assert saw_tags(tags_seen(minute(1), dict(reversed(many.items()))), contact, OPEN) == contact


def test_tags_without_our_prefix_are_never_lost() -> None:
    story = life(OPEN, registered(minute(0)), an_order(minute(1), categories=["Obuwie"]), tags_seen(minute(2)))
    assert lost_tags(story.contact, OPEN) == []
    assert [one for one in commands_of(story.plan) if isinstance(one, UpsertContact)] == []


def test_an_older_list_of_tags_teaches_nothing() -> None:
    known = saw_tags(tags_seen(minute(5), {"KOSZYK": 3, "IDOSELL_VIP": 1}), tagged(OPEN), OPEN)
    assert saw_tags(tags_seen(minute(4), {"MENU1": 1}), known, OPEN) == known


@pytest.mark.parametrize("setting", [TagConflicts.ACCEPT, TagConflicts.REPORT])
def test_a_loss_that_lasts_keeps_the_day_it_began(setting: TagConflicts) -> None:
    shop = a_shop(tag_conflicts=setting)
    contact = tagged(shop)
    for day in range(4):
        contact = saw_tags(tags_seen(minute(2) + timedelta(days=day)), contact, shop)
    assert [one.since for one in conflicts(contact, shop)] == [minute(2)]


# -- several shops on one account ------------------------------------------------------------------------------------------


def test_what_another_shop_told_is_no_act_here_and_no_news_when_it_is_seen() -> None:
    ours = life(OPEN, registered(minute(0)), look(1, IN)).contact
    told_out = TimedStatus(OUT, minute(2))
    ours = adopt_sibling_status(ours, told_out, None, ours.observed)
    assert ours.email_news == Channel()
    decision = decide(look(3, OUT), OPEN, ours)
    assert (commands_of(decision.plan), decision.contact.email_news) == ((), Channel())


def test_what_another_shop_told_keeps_an_older_opt_in_of_this_shop_at_home_and_not_a_newer_one() -> None:
    ours = adopt_sibling_status(life(OPEN, registered(minute(0))).contact, TimedStatus(OUT, minute(5)), None, somebody().observed)
    older, newer = decide(subscribed(minute(4)), OPEN, ours), decide(subscribed(minute(6)), OPEN, ours)
    assert [one.email_status for one in commands_of(older.plan) if isinstance(one, UpsertContact)] in ([], [None])
    assert [one.email_status for one in commands_of(newer.plan) if isinstance(one, UpsertContact)] == [IN]


@pytest.mark.parametrize("ours_later", [True, False])
def test_of_two_words_to_salesmanago_the_weightier_is_remembered(ours_later: bool) -> None:
    ours = replace(
        somebody(), sent_state=replace(somebody().sent_state, email_news=TimedStatus(IN, minute(5 if ours_later else 1)))
    )
    heard = adopt_sibling_status(ours, TimedStatus(OUT, minute(3)), None, somebody().observed)
    assert heard.sent_state.email_news == (TimedStatus(IN, minute(5)) if ours_later else TimedStatus(OUT, minute(3)))
    tie = adopt_sibling_status(
        replace(ours, sent_state=replace(ours.sent_state, email_news=TimedStatus(IN, minute(3)))),
        TimedStatus(OUT, minute(3)),
        None,
        ours.observed,
    )
    assert tie.sent_state.email_news == TimedStatus(OUT, minute(3))


def test_the_phone_of_another_shop_says_nothing_of_our_e_mail() -> None:
    ours = somebody()
    heard = adopt_sibling_status(
        ours, None, TimedStatus(OUT, minute(3)), replace(ours.observed, phone_news=ObservedStatus(OUT, minute(3), minute(3)))
    )
    assert (heard.sent_state.email_news, heard.observed.email_news) == (None, None)
    assert (heard.sent_state.phone_news, heard.observed.phone_news) == (
        TimedStatus(OUT, minute(3)),
        ObservedStatus(OUT, minute(3), minute(3)),
    )
