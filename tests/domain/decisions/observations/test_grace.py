"""The grace in which a callback may explain a change, and opt-ins that were kept back (R06, R53, R55)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.commands import UpsertContact
from app.domain.consent import Channel, TimedStatus
from app.domain.decisions.changes.salesmanago_changes import difference
from app.domain.decisions.changes.standing import email_stood, phone_stood
from app.domain.decisions.decide import decide
from app.domain.decisions.observations.statuses import found
from app.domain.events import Event, StatusObserved, StatusRejected
from app.domain.person.contact import Contact
from tests.domain.decisions.observations.looking import CHANNELS, IN, OPEN, OUT, look, minute, news, word
from tests.support.builders import commands_of, life, registered

GRACE = timedelta(minutes=10)


# -- the grace ----------------------------------------------------------------------------------------------------------


def test_without_a_grace_a_poll_speaks_at_once() -> None:
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


@pytest.mark.parametrize(("since", "counted_from"), [(5, 5), (4.9, 10)])
def test_a_grace_that_began_before_something_was_sent_begins_anew(since: float, counted_from: float) -> None:
    """Of the moment in which it was sent, the change may still be the later one."""
    known = life(OPEN, registered(minute(0)), word(5, IN)).contact
    known = replace(known, observed=replace(known.observed, email_unexplained_since=minute(since)))
    act, known = found(look(10, OUT), known, GRACE)
    assert (act, known.observed.email_unexplained_since) == (None, minute(counted_from))


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


def test_r55_a_callback_gets_time_to_come_before_an_opt_out_that_does_not_show_is_sent_again() -> None:
    known = life(OPEN, registered(minute(0)), word(1, IN), look(2, IN), word(3, OUT)).contact
    for number in (4, 9, 13.9):
        act, known = found(look(number, IN), known, timedelta(0), GRACE)
        assert (act, known.sent_state.email_news) == (None, TimedStatus(OUT, minute(3)))
    act, known = found(look(14, IN), known, timedelta(0), GRACE)
    assert (act, known.sent_state.email_news) == (None, None)  # so it is told once more


def test_a_change_from_before_what_was_sent_last_takes_no_grace_from_the_next() -> None:
    known = life(OPEN, registered(minute(0)), look(1, IN)).contact
    _, known = found(look(2, OUT), known, GRACE)
    known = decide(word(4, IN), OPEN, known).contact
    act, known = found(look(20, OUT), known, GRACE)
    assert (act, known.observed.email_unexplained_since) == (None, minute(20))


def kept_back(known: Contact, number: float, stood: float, channel: str) -> Contact:
    by = {f"by_{channel}": True, f"{channel}_stood": TimedStatus(IN, minute(stood))}
    return decide(StatusRejected(at=minute(number), email=known.email, shown_out=True, **by), OPEN, known).contact


@pytest.mark.parametrize("channel", CHANNELS)
def test_r06_an_opt_in_that_was_kept_back_is_sent_by_nothing_until_a_poll_finds_the_resignation(channel: str) -> None:
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
def test_r06_of_what_stands_there_counts_what_was_seen_and_only_until_an_opt_out_is_sent(
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
def test_r06_an_opt_in_after_one_that_was_kept_back_is_sent_against_the_opt_out_that_was_shown(channel: str) -> None:
    known = life(OPEN, registered(minute(0)), word(1, IN, channel), look(2, IN, channel), word(3, IN, channel)).contact
    decision = decide(word(6, IN, channel), OPEN, kept_back(known, 5, 2, channel))
    (upsert,) = (one for one in commands_of(decision.plan) if isinstance(one, UpsertContact))
    assert getattr(upsert, f"{channel}_status") is IN
    assert getattr(upsert, f"{channel}_stood") == TimedStatus(OUT, minute(5))


def test_the_phone_has_no_callback_and_gets_no_grace() -> None:
    known = life(OPEN, registered(minute(0)), look(1, IN, "phone")).contact
    act, _ = found(look(2, OUT, "phone"), known, GRACE)
    assert act == look(2, OUT, "phone", acted=True)


def test_a_poll_of_the_phone_does_not_begin_the_grace_of_the_e_mail_anew() -> None:
    """Every look of ours shows both channels: otherwise no opt-out found by looking would ever arrive."""
    known = life(OPEN, registered(minute(0)), look(1, IN), look(1, OUT, "phone")).contact
    acts = []
    for number in range(2, 40, 2):
        act, known = found(look(number, OUT), known, GRACE)
        _, known = found(look(number, OUT, "phone"), known, GRACE)
        acts.append(act)
    assert look(2, OUT, acted=True) in acts
