"""The one sentence about a person or an order (R90)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.domain.commands import Command, SetSubscription, UpsertContact
from app.domain.consent import Status, TimedStatus
from app.domain.delivery.outbox import CommandState
from app.domain.intake.inbox import EventState
from app.domain.operations.open_items.words import OPEN, OpenKind
from app.domain.operations.summary import Verdict, is_in_salesmanago, summary_of
from app.domain.operations.trace import CommandTrace, EventTrace
from app.domain.operations.waiting import WAITS, Wait, Waiting
from app.domain.person.contact import Contact
from app.domain.person.sides import SentState
from app.domain.reasons import EXPLANATIONS, Reason
from tests.support.builders import an_event as a_purchase
from tests.support.builders import at

NOW = at("2026-11-23T12:00")
ERASED, UNKNOWN, THERE = Contact(erased=True), Contact(email="j@example.com"), Contact(sent_state=SentState(email="j@example.com"))


def an_event(state: EventState, reason: Reason | None = None, number: int = 1) -> EventTrace:
    return EventTrace(
        event_id=f"e{number}",
        shop_id="shop1",
        type="order",
        state=state,
        reason=reason,
        detail=None,
        occurred_at=NOW + timedelta(minutes=number),
        received_at=NOW,
        decided_at=NOW,
        settled_at=None,
        warnings=(),
        commands=(),
    )


def with_command(event: EventTrace, command: Command, state: CommandState) -> EventTrace:
    trace = CommandTrace(
        id=1,
        command=command,
        state=state.value,
        reason=Reason.REFUSED,
        queued_at=NOW,
        settled_at=NOW,
        upstream_id=None,
        attempts=(),
    )
    return replace(event, commands=(*event.commands, trace))


FIRST, LATER = UpsertContact(email="j@example.com", introduces=True), UpsertContact(email="j@example.com")
RESIGNS = SetSubscription(email="j@example.com", email_news=TimedStatus(Status.OPT_OUT, NOW))
SENT = an_event(EventState.SENT)
NO_CONSENT = an_event(EventState.WITHHELD, Reason.NO_CONSENT)
PARKED = an_event(EventState.PARKED, Reason.REFUSED, 2)
WAITING = an_event(EventState.PLANNED, None, 3)
NOTHING_NEW = an_event(EventState.SUPERSEDED, Reason.NOTHING_NEW, 4)
WAITS_NOW = {("shop1", "e3"): Waiting(code=Wait.QUEUED, explanation=WAITS[Wait.QUEUED])}


@pytest.mark.parametrize(
    ("contact", "events", "waits", "verdict", "reason"),
    [
        (None, [], {}, Verdict.UNKNOWN, None),
        (ERASED, [SENT], {}, Verdict.ERASED, Reason.ERASED),
        (UNKNOWN, [NO_CONSENT], {}, Verdict.NOT_THERE, Reason.NO_CONSENT),
        (THERE, [NO_CONSENT, SENT], {}, Verdict.UP_TO_DATE, None),
        (THERE, [SENT, PARKED], {}, Verdict.REFUSED, Reason.REFUSED),
        (THERE, [SENT, PARKED, WAITING], WAITS_NOW, Verdict.REFUSED, Reason.REFUSED),
        (None, [NO_CONSENT], {}, Verdict.NOT_THERE, Reason.NO_CONSENT),
        (None, [SENT], {}, Verdict.UP_TO_DATE, None),
        (UNKNOWN, [], {}, Verdict.OVER, None),
        (None, [NO_CONSENT, NOTHING_NEW], {}, Verdict.NOT_THERE, Reason.NO_CONSENT),
        (None, [NOTHING_NEW], {}, Verdict.NOT_THERE, Reason.NOTHING_NEW),
        (None, [NO_CONSENT, an_event(EventState.WITHHELD, Reason.SHADOW, 5)], {}, Verdict.NOT_THERE, Reason.SHADOW),
        (UNKNOWN, [WAITING], {}, Verdict.OVER, None),
    ],
)
def test_r90_the_sentence_says_what_matters_most(
    contact: Contact | None,
    events: list[EventTrace],
    waits: dict[tuple[str, str], Waiting],
    verdict: Verdict,
    reason: Reason | None,
) -> None:
    found = summary_of(contact, events, waits)
    assert found.verdict is verdict
    assert found.explanation == (EXPLANATIONS[reason] if reason is not None else None)


@pytest.mark.parametrize(
    ("mailed_at", "why"),
    [(None, "was not asked yet"), (NOW, "click in SALESmanago's mail"), (NOW - timedelta(days=1), "not asked yet")],
)
def test_b6_a_subscription_that_waits_for_a_click_is_not_up_to_date_and_says_whether_the_mail_was_sent(
    mailed_at: datetime | None, why: str
) -> None:
    sent = replace(THERE.sent_state, email_asked_at=mailed_at)
    found = summary_of(replace(THERE, email_asked_at=NOW, sent_state=sent), [SENT], {})
    assert found.verdict is Verdict.WAITS_FOR_CLICK
    assert found.explanation is not None
    assert why in found.explanation.why
    assert found.explanation.why_pl not in ("", found.explanation.why)
    assert (found.explanation.what_to_do, found.explanation.what_to_do_pl) == (
        OPEN[OpenKind.CLICK].what_to_do,
        OPEN[OpenKind.CLICK].what_to_do_pl,
    )


def test_what_waits_is_counted_and_the_oldest_says_why() -> None:
    found = summary_of(THERE, [SENT, WAITING], WAITS_NOW)
    assert (found.verdict, found.number, found.event_id) == (Verdict.WAITS, 1, "e3")
    assert found.waiting == WAITS_NOW["shop1", "e3"]


@pytest.mark.parametrize(
    ("contact", "events", "is_there"),
    [
        (THERE, [], True),
        (UNKNOWN, [], False),
        (THERE, [with_command(PARKED, FIRST, CommandState.PARKED)], False),
        (THERE, [with_command(WAITING, FIRST, CommandState.WAITING)], False),
        (THERE, [with_command(SENT, FIRST, CommandState.SENT), with_command(PARKED, LATER, CommandState.PARKED)], True),
        (THERE, [with_command(PARKED, LATER, CommandState.PARKED)], True),
        (THERE, [with_command(SENT, a_purchase(), CommandState.SENT)], True),
    ],
)
def test_r90_a_person_whose_first_contact_has_not_arrived_is_not_said_to_be_in_salesmanago(
    contact: Contact, events: list[EventTrace], is_there: bool
) -> None:
    assert is_in_salesmanago(contact, events) is is_there


@pytest.mark.parametrize(("command", "is_manual"), [(RESIGNS, True), (LATER, False)])
def test_r91_a_change_that_only_a_person_makes_in_the_shop_is_a_manual_task_and_nothing_to_retry(
    command: Command, is_manual: bool
) -> None:
    assert summary_of(THERE, [with_command(PARKED, command, CommandState.PARKED)], {}).is_manual_task is is_manual


def test_r90_of_several_that_are_refused_the_newest_is_named_and_all_are_counted() -> None:
    found = summary_of(THERE, [PARKED, SENT, an_event(EventState.PARKED, Reason.GAVE_UP, 6)], {})
    assert (found.event_id, found.number, found.explanation) == ("e6", 2, EXPLANATIONS[Reason.GAVE_UP])
    held = summary_of(None, [NO_CONSENT, NOTHING_NEW], {})
    assert (held.event_id, held.number, held.is_manual_task) == ("e1", 0, False)


def test_r90_of_an_event_without_a_reason_the_newest_of_its_commands_says_why() -> None:
    parked = with_command(an_event(EventState.PARKED), LATER, CommandState.SENT)
    parked = replace(
        parked, commands=(replace(parked.commands[0], reason=Reason.GAVE_UP), replace(parked.commands[0], reason=None))
    )
    assert summary_of(THERE, [parked], {}).explanation == EXPLANATIONS[Reason.GAVE_UP]
    newest = replace(parked, commands=(*parked.commands, replace(parked.commands[0], reason=Reason.REFUSED)))
    assert summary_of(THERE, [newest], {}).explanation == EXPLANATIONS[Reason.REFUSED]


def test_r91_something_parked_for_salesmanago_beside_a_change_in_the_shop_is_no_manual_task_alone() -> None:
    both = with_command(with_command(PARKED, RESIGNS, CommandState.PARKED), LATER, CommandState.PARKED)
    assert not summary_of(THERE, [both], {}).is_manual_task
    sent_beside = with_command(with_command(PARKED, RESIGNS, CommandState.PARKED), LATER, CommandState.SENT)
    assert summary_of(THERE, [sent_beside], {}).is_manual_task
    assert not summary_of(THERE, [PARKED], {}).is_manual_task, "nothing was to be sent"


def test_r90_what_waits_in_another_shop_is_not_what_waits_here() -> None:
    elsewhere = {("shop2", "e3"): WAITS_NOW["shop1", "e3"]}
    assert summary_of(THERE, [WAITING], elsewhere).verdict is Verdict.UP_TO_DATE
