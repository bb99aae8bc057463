"""What a look at SALESmanago teaches of a status, and what it does not (R55). Minutes count from ten o'clock."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.consent import Channel, Status, TimedStatus
from app.domain.decisions.discrepancies import ConflictKind, conflicts, is_disputed
from app.domain.decisions.observations.statuses import observe_status
from app.domain.events import Event, StatusObserved
from app.domain.person.contact import Contact
from app.domain.person.sides import KeptBack, Observed, ObservedStatus, SentState
from tests.domain import channels
from tests.domain.channels import Turned
from tests.domain.decisions.observations.looking import CHANNELS, IN, OPEN, OUT, brought_home, look, minute, news, sent, word
from tests.support.builders import life, registered, status_seen, subscribed


def dated(status: Status, seen: float, before: float) -> TimedStatus:
    """When it changed between two looks nobody knows: an opt-out is dated late, an opt-in early (R06)."""
    return TimedStatus(status, minute(seen) if status is OUT else minute(before) + timedelta(microseconds=1))


# -- statuses: what is an act ----------------------------------------------------------------------------------------------

NOTHING_HAPPENED = {
    "the first look shows a contact nobody ever opted in": [look(1, OUT)],
    "the first look shows somebody whom another system opted in": [look(1, IN)],
    "it shows the same again": [look(1, OUT), look(2, OUT), look(3, OUT)],
    "a look from before the last one": [look(5, OUT), look(1, IN)],
}


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("looks", NOTHING_HAPPENED.values(), ids=NOTHING_HAPPENED)
def test_a_poll_that_shows_no_change_teaches_no_act_and_updates_nobody(looks: list[StatusObserved], channel: str) -> None:
    turned = [replace(one, email_out=None, phone_out=one.email_out) if channel == "phone" else one for one in looks]
    story = life(OPEN, registered(minute(0)), *turned).contact
    assert (story.email_news, story.phone_news) == (Channel(), Channel())
    assert life(OPEN, registered(minute(0))).goes_on(OPEN, *turned).commands == ()


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(("before", "after"), [(IN, OUT), (OUT, IN)])
def test_a_change_between_two_polls_is_an_act_dated_so_that_it_favours_no_opt_in(
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


def test_an_opt_out_that_stands_where_an_opt_in_was_sent_counts_even_without_an_earlier_poll() -> None:
    """We cannot tell a refusal of ours from a click; an opt-out is believed."""
    story = life(OPEN, subscribed(minute(0)), look(5, OUT))
    assert story.contact.email_news.status is OUT
    assert sent(story) == [IN]


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("acted", [False, True], ids=["found by a look", "told by a callback"])
def test_who_opts_in_again_in_salesmanago_right_after_an_opt_out_in_salesmanago_is_believed(channel: str, acted: bool) -> None:
    """Nothing of this was ever told by us: both changes are the person's, and we looked in between."""
    story = life(OPEN, registered(minute(0)), look(1, IN, channel), look(2, OUT, channel, acted=acted))
    again = story.goes_on(OPEN, look(3, IN, channel))
    assert sent(again, channel) == []
    assert news(again.contact, channel).status is IN


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_change_in_salesmanago_is_an_act_as_long_as_each_was_seen_twice(channel: str) -> None:
    story = life(OPEN, registered(minute(0)), look(1, OUT, channel))
    for number, status in enumerate((IN, OUT, IN, OUT), start=1):
        story = story.goes_on(OPEN, look(10 * number, status, channel), look(10 * number + 1, status, channel))
        assert news(story.contact, channel).said == dated(status, seen=10 * number, before=max(1, 10 * number - 9))
        assert sent(story, channel) == []


# -- statuses: what does not take ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channel", CHANNELS)
def test_an_opt_out_of_ours_that_does_not_show_is_sent_once_more_and_then_disputed(channel: str) -> None:
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
def test_an_opt_in_of_ours_that_does_not_show_is_disputed_at_once_and_never_sent_again(channel: str) -> None:
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
def test_a_click_is_an_act_whatever_the_polls_showed(status: Status, channel: str) -> None:
    for shown in ([], [look(1, IN, channel)], [look(1, OUT, channel)], [look(1, OUT, channel), word(2, IN, channel)]):
        story = life(OPEN, registered(minute(0)), *shown)
        clicked = story.goes_on(OPEN, look(5, status, channel, acted=True))
        assert news(clicked.contact, channel).said == TimedStatus(status, minute(5))
        assert sent(clicked, channel) == []
        assert clicked.goes_on(OPEN, look(5, status, channel, acted=True)).commands == (), "the same click twice"


def test_a_click_from_before_the_last_poll_still_counts_as_of_its_own_time() -> None:
    story = life(OPEN, registered(minute(0)), look(1, IN), look(9, IN), look(5, OUT, acted=True))
    assert story.contact.email_news.said == TimedStatus(OUT, minute(5))
    assert story.contact.observed.email_news == ObservedStatus(IN, minute(1), minute(9))


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("status", [IN, OUT])
def test_a_click_reported_after_a_poll_that_shows_it_already_does_not_echo(status: Status, channel: str) -> None:
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


def test_one_poll_of_both_channels_teaches_what_two_polls_would() -> None:
    start = life(OPEN, registered(minute(0)), look(1, IN), look(1, OUT, "phone")).contact
    one = observe_status(status_seen(minute(2), email_out=True, phone_out=False), start)
    two = observe_status(look(2, IN, "phone"), observe_status(look(2, OUT), start))
    assert one == two


# -- what was sent, and what of it arrived ---------------------------------------------------------------------------------

SENT_IN, SENT_OUT, STOOD = TimedStatus(IN, minute(5)), TimedStatus(OUT, minute(5)), TimedStatus(IN, minute(1))
RESIGNED = Channel().opt_out(minute(5))


def known(sent: TimedStatus | None, channel: Channel = Channel(), **seen: Any) -> Contact:
    return Contact(email_news=channel, sent_state=SentState(email="jan@example.pl", email_news=sent), observed=Observed(**seen))


def seen_as(status: Status, number: float) -> ObservedStatus:
    return ObservedStatus(status, minute(1), minute(number))


@pytest.mark.parametrize("turned", channels.BOTH)
@pytest.mark.parametrize(
    ("contact", "seen", "said", "sent_after", "is_disputed"),
    [
        pytest.param(known(SENT_IN, email_refused=SENT_IN), look(10, OUT), None, SENT_IN, False, id="it was refused"),
        pytest.param(known(SENT_IN, email_refused=STOOD), look(10, OUT), (OUT, 10), (OUT, 10), False, id="another was refused"),
        pytest.param(
            known(SENT_IN, email_kept_back=KeptBack(SENT_IN, STOOD, minute(6))), look(10, IN), None, SENT_IN, False, id="kept back"
        ),
        pytest.param(
            known(SENT_IN, email_kept_back=KeptBack(SENT_IN, STOOD, minute(6)), email_news=seen_as(IN, 2)),
            look(4, OUT),
            (OUT, 4),
            (OUT, 4),
            False,
            id="kept back, so what stood before counts",
        ),
        pytest.param(
            known(SENT_IN, email_kept_back=KeptBack(STOOD, STOOD, minute(3)), email_news=seen_as(IN, 2)),
            look(4, OUT),
            None,
            SENT_IN,
            False,
            id="an earlier one was kept back",
        ),
        pytest.param(known(None, email_news=seen_as(IN, 3)), look(3, OUT), (OUT, 3), (OUT, 3), False, id="two looks of one moment"),
        pytest.param(known(SENT_IN), look(5, OUT), (OUT, 5), (OUT, 5), False, id="a look of the moment of the act"),
        pytest.param(known(SENT_IN), look(4, OUT), None, SENT_IN, False, id="a look from before the act"),
        pytest.param(
            known(SENT_OUT, RESIGNED, email_news=seen_as(OUT, 3)),
            look(6, IN),
            (OUT, 5),
            None,
            True,
            id="an opt-in that may be from before the resignation",
        ),
        pytest.param(known(SENT_OUT, email_news=seen_as(IN, 6)), look(7, IN), None, SENT_OUT, True, id="an opt-in that was there"),
        pytest.param(known(SENT_OUT), look(6, IN), None, SENT_OUT, True, id="another shop sent the opt-out"),
        pytest.param(
            known(SENT_IN, RESIGNED, email_news=seen_as(OUT, 3)),
            look(6, OUT),
            (OUT, 5),
            SENT_IN,
            True,
            id="an opt-in unseen",
        ),
    ],
)
def test_r06_an_observation_is_compared_with_what_salesmanago_really_received(
    contact: Contact,
    seen: StatusObserved,
    said: tuple[Status, float] | None,
    sent_after: TimedStatus | tuple[Status, float] | None,
    is_disputed: bool,
    turned: Turned,
) -> None:
    after = turned(observe_status(turned(seen), turned(contact)))
    assert after.email_news.said == (said and TimedStatus(said[0], minute(said[1])))
    expected = TimedStatus(sent_after[0], minute(sent_after[1])) if isinstance(sent_after, tuple) else sent_after
    assert (after.sent_state.email_news, after.observed.email_disputed) == (expected, is_disputed)
