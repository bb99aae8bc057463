"""Which newsletter status SALESmanago has, as far as anybody knows (R06, R55)."""

from datetime import timedelta

import pytest

from app.domain.consent import Status, TimedStatus
from app.domain.decisions.changes.standing import email_stood, phone_stood
from app.domain.person.contact import Contact
from app.domain.person.sides import KeptBack, Observed, ObservedStatus, SentState
from app.domain.values import replace
from tests.domain.channels import of_the_other_channel
from tests.support.builders import at

NOON = at("2026-11-23T12:00")
BEFORE, AFTER = NOON - timedelta(minutes=1), NOON + timedelta(minutes=1)
IN, OUT = TimedStatus(Status.OPT_IN, NOON), TimedStatus(Status.OPT_OUT, NOON)
SHOWN_IN, SHOWN_OUT = (ObservedStatus(status, BEFORE, NOON) for status in (Status.OPT_IN, Status.OPT_OUT))
LATER_IN = TimedStatus(Status.OPT_IN, AFTER)


def out(when: object) -> TimedStatus:
    return TimedStatus(Status.OPT_OUT, when)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("sent", "observed", "stood"),
    [
        pytest.param(None, Observed(), None, id="nothing-known"),
        pytest.param(IN, Observed(), None, id="sent-and-not-shown"),
        pytest.param(None, Observed(email_news=SHOWN_OUT), OUT, id="shown"),
        pytest.param(LATER_IN, Observed(email_news=SHOWN_OUT), OUT, id="an-opt-in-that-may-still-wait"),
        pytest.param(out(AFTER), Observed(email_news=SHOWN_IN), None, id="a-newer-opt-out-that-may-still-wait"),
        pytest.param(OUT, Observed(email_news=SHOWN_IN), None, id="an-opt-out-of-the-same-time"),
        pytest.param(out(BEFORE), Observed(email_news=SHOWN_IN), IN, id="an-older-opt-out"),
        pytest.param(out(AFTER), Observed(email_news=SHOWN_IN, email_refused=out(AFTER)), IN, id="a-refused-opt-out"),
        pytest.param(IN, Observed(email_kept_back=KeptBack(IN, IN, AFTER)), out(AFTER), id="kept-back"),
        pytest.param(
            IN, Observed(email_news=SHOWN_IN, email_kept_back=KeptBack(IN, IN, NOON)), OUT, id="kept-back-when-it-was-shown"
        ),
        pytest.param(
            IN, Observed(email_news=SHOWN_IN, email_kept_back=KeptBack(IN, IN, BEFORE)), IN, id="kept-back-before-it-was-shown"
        ),
        pytest.param(
            LATER_IN, Observed(email_news=SHOWN_IN, email_kept_back=KeptBack(IN, IN, AFTER)), IN, id="another-one-kept-back"
        ),
    ],
)
def test_r06_what_salesmanago_showed_stands_until_an_opt_out_was_sent(
    sent: TimedStatus | None, observed: Observed, stood: TimedStatus | None
) -> None:
    contact = Contact(sent_state=SentState(email_news=sent), observed=observed)
    assert email_stood(contact) == stood
    assert phone_stood(of_the_other_channel(contact)) == stood


@pytest.mark.parametrize(
    ("sent", "observed", "stood"),
    [
        pytest.param(None, Observed(email_news=SHOWN_OUT), LATER_IN, id="to-an-opt-in"),
        pytest.param(None, Observed(email_news=SHOWN_IN), out(AFTER), id="to-an-opt-out"),
        pytest.param(IN, Observed(), out(AFTER), id="of-what-was-sent"),
        pytest.param(None, Observed(), None, id="of-nothing-known"),
        pytest.param(LATER_IN, Observed(), None, id="not-after-what-was-sent"),
        pytest.param(IN, Observed(email_news=SHOWN_IN, email_kept_back=KeptBack(IN, OUT, BEFORE)), IN, id="of-one-kept-back"),
    ],
)
def test_r55_a_change_that_waits_for_its_callback_counts(
    sent: TimedStatus | None, observed: Observed, stood: TimedStatus | None
) -> None:
    observed = replace(observed, email_unexplained_since=AFTER)
    assert email_stood(Contact(sent_state=SentState(email_news=sent), observed=observed)) == stood
