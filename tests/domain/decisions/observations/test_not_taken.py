"""A status that did not get there, what siblings adopt, and looks that show nothing new (R06, R55)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.consent import Channel, Status, TimedStatus
from app.domain.decisions.observations.statuses import (
    acted_since,
    adopt_sibling_status,
    differs_only_in_time,
    found,
    is_another,
    not_taken,
)
from app.domain.delivery.verify import RemoteContact
from app.domain.events import StatusRejected
from app.domain.person.contact import Contact
from app.domain.person.sides import KeptBack, Observed, ObservedStatus, SentState
from app.domain.values import replace
from tests.domain import channels
from tests.domain.channels import Turned
from tests.domain.decisions.observations.looking import IN, OUT, look, minute
from tests.support.builders import EMAIL

for_both_channels = pytest.mark.parametrize("turned", channels.BOTH)
STOOD, ACTED, NOW = TimedStatus(IN, minute(1)), TimedStatus(IN, minute(5)), minute(9)
REJECTED = StatusRejected(at=NOW, email=EMAIL, by_email=True, shown_out=True, email_stood=STOOD)


def known(sent: TimedStatus | None = ACTED, **seen: Any) -> Contact:
    return Contact(email=EMAIL, sent_state=SentState(email=EMAIL, email_news=sent), observed=Observed(**seen))


def shown(status: Status, since: float) -> ObservedStatus:
    return ObservedStatus(status, minute(since), minute(8))


@pytest.mark.parametrize(
    ("event", "before", "sent", "seen"),
    [
        pytest.param(
            replace(REJECTED, shown_out=False), known(), ACTED, {"email_refused": ACTED}, id="refused-with-what-carried-it"
        ),
        pytest.param(
            replace(REJECTED, shown_out=False, by_email=False),
            known(email_refused=STOOD),
            ACTED,
            {"email_refused": STOOD},
            id="of-no-channel",
        ),
        pytest.param(
            replace(REJECTED, email_stood=None),
            known(),
            None,
            {"email_news": ObservedStatus(OUT, NOW, NOW)},
            id="nothing-stood-before",
        ),
        pytest.param(REJECTED, known(), ACTED, {"email_kept_back": KeptBack(ACTED, STOOD, NOW)}, id="kept-back"),
        pytest.param(REJECTED, known(None), None, {}, id="nothing-was-sent"),
        pytest.param(
            REJECTED, known(TimedStatus(OUT, minute(5))), TimedStatus(OUT, minute(5)), {}, id="an-opt-out-was-learned-meanwhile"
        ),
        pytest.param(
            REJECTED,
            known(email_news=shown(OUT, 5)),
            TimedStatus(OUT, minute(5)),
            {"email_news": shown(OUT, 5)},
            id="the-opt-out-is-as-old-as-the-act",
        ),
        pytest.param(
            REJECTED,
            known(email_news=shown(OUT, 2)),
            TimedStatus(OUT, minute(2)),
            {"email_news": shown(OUT, 2)},
            id="the-opt-out-is-older-than-the-act",
        ),
        *(
            pytest.param(
                REJECTED,
                known(email_news=look_shown),
                ACTED,
                {"email_news": look_shown, "email_kept_back": KeptBack(ACTED, STOOD, NOW)},
                id=name,
            )
            for look_shown, name in (
                (shown(OUT, 1), "the-opt-out-is-what-stood"),
                (shown(OUT, 6), "the-opt-out-is-newer"),
                (shown(IN, 2), "an-opt-in-is-shown"),
            )
        ),
        pytest.param(
            replace(REJECTED, by_email=False), known(email_news=shown(IN, 2)), ACTED, {"email_news": shown(IN, 2)}, id="by-none"
        ),
    ],
)
@for_both_channels
def test_r06_a_status_that_was_not_taken_is_cleared_or_kept_back(
    event: StatusRejected, before: Contact, sent: TimedStatus | None, seen: dict[str, Any], turned: Turned
) -> None:
    after = not_taken(turned(event), turned(before))
    assert after == turned(known(sent, **seen))


@pytest.mark.parametrize(
    ("since", "seen"),
    [
        (minute(1), {"email_news": ObservedStatus(IN, minute(1), minute(1))}),
        (minute(2), {"email_unexplained_since": minute(2)}),
    ],
)
def test_r55_an_opt_in_that_waited_for_its_callback_was_shown(since: datetime, seen: dict[str, Any]) -> None:
    after = not_taken(REJECTED, known(email_unexplained_since=since))
    assert after == known(email_kept_back=KeptBack(ACTED, STOOD, NOW), **seen)


# -- another contact, another shop -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "another"),
    [(None, NOW, False), (NOW, None, False), (NOW, NOW, False), (NOW, minute(8), False), (minute(8), NOW, True)],
)
def test_r72_a_contact_made_after_the_one_that_was_known_is_another(
    before: datetime | None, now: datetime | None, another: bool
) -> None:
    assert is_another(known(created_at=before), RemoteContact(email=EMAIL, created_at=now)) == another


@pytest.mark.parametrize(
    ("ours", "theirs", "adopted"),
    [
        (None, ACTED, ACTED),
        (ACTED, None, ACTED),
        (STOOD, ACTED, ACTED),
        (ACTED, STOOD, ACTED),
        (ACTED, TimedStatus(OUT, minute(5)), TimedStatus(OUT, minute(5))),
    ],
)
@for_both_channels
def test_r06_the_newer_status_that_a_sibling_sent_is_adopted(ours: Any, theirs: Any, adopted: Any, turned: Turned) -> None:
    sent = (theirs, None) if turned is channels.as_said else (None, theirs)
    assert adopt_sibling_status(turned(known(ours)), *sent, Observed()) == turned(known(adopted))


@pytest.mark.parametrize(("ours", "theirs", "newer"), [(None, 3, 3), (3, None, 3), (2, 3, 3), (3, 2, 3)])
@for_both_channels
def test_r06_what_a_sibling_saw_later_is_adopted(ours: int | None, theirs: int | None, newer: int, turned: Turned) -> None:
    def seen(number: int | None) -> Observed:
        if number is None:
            return Observed()
        status = ObservedStatus(OUT, minute(number), minute(number))
        return Observed(email_news=status, email_kept_back=KeptBack(ACTED, STOOD, minute(number)))

    after = adopt_sibling_status(turned(replace(known(), observed=seen(ours))), None, None, turned(seen(theirs)))
    assert after == turned(replace(known(), observed=seen(newer)))


def test_r06_of_two_polls_at_the_same_time_the_shop_keeps_its_own() -> None:
    mine, theirs = (Observed(email_news=ObservedStatus(status, minute(1), minute(3))) for status in (IN, OUT))
    assert adopt_sibling_status(replace(known(), observed=mine), None, None, theirs).observed == mine


# -- looks that show nothing new -------------------------------------------------------------------------------------------

LOOKED = known(email_news=ObservedStatus(IN, minute(6), minute(6)), tags_at=minute(6))


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        (LOOKED, LOOKED, True),
        (LOOKED, replace(LOOKED, observed=replace(LOOKED.observed, tags_at=minute(7))), True),
        (LOOKED, replace(LOOKED, observed=replace(LOOKED.observed, tags_at=None)), False),
        (LOOKED, replace(LOOKED, registered=True), False),
        (known(email_news=shown(IN, 6)), known(email_news=replace(shown(IN, 6), at=minute(9))), True),
        (known(email_news=shown(IN, 6)), known(email_news=shown(OUT, 6)), False),
        (known(email_news=shown(IN, 6)), known(email_news=shown(IN, 7)), False),
        (known(), known(email_news=shown(IN, 6)), False),
        # the first one since something was sent
        (
            known(email_news=ObservedStatus(IN, minute(4), minute(5))),
            known(email_news=ObservedStatus(IN, minute(4), minute(6))),
            False,
        ),
        (
            known(email_news=ObservedStatus(IN, minute(4), minute(4))),
            known(email_news=ObservedStatus(IN, minute(4), minute(5))),
            True,
        ),
        (
            known(None, email_news=ObservedStatus(IN, minute(4), minute(4))),
            known(None, email_news=ObservedStatus(IN, minute(4), minute(6))),
            True,
        ),
    ],
)
@for_both_channels
def test_a_poll_that_shows_what_was_known_is_not_stored_but_for_the_first_since_something_was_sent(
    before: Contact, after: Contact, is_same: bool, turned: Turned
) -> None:
    assert differs_only_in_time(turned(before), turned(after)) == is_same


# -- found -----------------------------------------------------------------------------------------------------------------

GRACE = timedelta(minutes=10)


@pytest.mark.parametrize(
    ("since", "is_act"),
    [(None, False), (minute(30), False), (minute(21), False), (minute(20), True), (minute(10), True), (minute(4), False)],
)
def test_r53_a_change_waits_its_grace_for_a_callback_from_when_it_was_first_seen(since: datetime | None, is_act: bool) -> None:
    before = known(email_news=ObservedStatus(IN, minute(5), minute(6)), email_unexplained_since=since)
    act, remembered = found(look(30, OUT), before, GRACE)
    if is_act:
        assert act == replace(look(30, OUT), at=since, acted=True)
        assert remembered == before
    else:
        assert act is None
        waits_since = minute(30) if since in (None, minute(4)) else since  # one from before what was sent is of another change
        assert remembered == replace(before, observed=replace(before.observed, email_unexplained_since=waits_since))


def test_r53_a_change_of_the_phone_is_an_act_at_once() -> None:
    told_out = known(TimedStatus(OUT, minute(5)), email_news=ObservedStatus(OUT, minute(5), minute(6)))
    before = channels.of_the_other_channel(told_out)
    act, remembered = found(look(30, IN, "phone"), before, GRACE)
    assert act == replace(look(30, IN, "phone"), at=minute(6) + timedelta(microseconds=1), acted=True)
    assert remembered == before
    resigned = channels.of_the_other_channel(known(email_news=ObservedStatus(IN, minute(5), minute(6))))
    assert found(look(30, OUT, "phone"), resigned, GRACE)[0] == replace(look(30, OUT, "phone"), acted=True)


@pytest.mark.parametrize("since", [None, minute(20)])
def test_r53_what_is_as_it_was_waits_for_nothing_any_more(since: datetime | None) -> None:
    before = known(email_news=ObservedStatus(IN, minute(6), minute(6)), email_unexplained_since=since)
    act, remembered = found(look(30, IN), before, GRACE)
    assert act is None
    assert remembered.observed == Observed(email_news=ObservedStatus(IN, minute(6), minute(30)))


@pytest.mark.parametrize(("since", "is_sent_again"), [(None, False), (minute(21), False), (minute(20), True), (minute(10), True)])
def test_r55_an_opt_out_that_is_not_shown_waits_for_a_callback_about_an_opt_in_before_it_is_sent_again(
    since: datetime | None, is_sent_again: bool
) -> None:
    before = replace(
        known(TimedStatus(OUT, minute(5)), email_news=ObservedStatus(IN, minute(1), minute(2)), email_unexplained_since=since),
        email_news=Channel(opted_out=minute(5)),
    )
    act, remembered = found(look(30, IN), before, timedelta(0), GRACE)
    assert act is None
    if is_sent_again:
        assert remembered.sent_state.email_news is None
        assert remembered.observed.email_unexplained_since is None
    else:
        observed = replace(before.observed, email_unexplained_since=since or minute(30))
        assert remembered == replace(before, observed=observed)


@pytest.mark.parametrize(
    ("before", "out", "since"),
    [
        (None, False, minute(9)),
        (shown(IN, 6), True, minute(9)),
        (shown(OUT, 6), False, minute(8) + timedelta(microseconds=1)),
    ],
)
def test_r06_an_opt_out_is_dated_late_and_an_opt_in_early(before: ObservedStatus | None, out: bool, since: datetime) -> None:
    assert acted_since(before, minute(9), out=out) == since
