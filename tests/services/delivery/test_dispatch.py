"""What a claim came to, judged: which attempt it was, and since when nothing moves."""

from datetime import datetime, timedelta

import pytest

from app.domain.commands import UpsertContact
from app.domain.delivery.answers import Answer, Call
from app.domain.delivery.outbox import Claim, ContactQueue, WaitingCommand, to_account
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Throttled, Unreachable
from app.services.delivery.contact_dispatch import ContactDispatch
from tests.conftest import NOON

EARLIER = NOON - timedelta(hours=1)


@pytest.mark.parametrize(
    ("outcome", "failing", "since"),
    [
        (Unreachable("down"), 4, EARLIER),
        (Throttled(60.0), 4, EARLIER),
        (Delivered(), 0, None),
        (Refused("Invalid phone number"), 0, None),
        (None, 3, EARLIER),
    ],
    ids=["did not arrive", "throttled", "arrived", "parked", "nobody came to try it"],
)
def test_failing_attempts_are_counted_where_something_was_tried(
    outcome: Outcome | None, failing: int, since: datetime | None
) -> None:
    dispatch = ContactDispatch.of(a_claim(attempts=3, first_tried_at=EARLIER))
    dispatch.upsert = an_answer(outcome) if outcome is not None else None
    judged = dispatch.judged(NOON, jitter=0.5)
    assert (judged.failing, judged.failing_since) == (failing, since)


def test_the_first_failure_is_where_it_began() -> None:
    dispatch = ContactDispatch.of(a_claim())
    dispatch.upsert = an_answer(Unreachable("down"))
    judged = dispatch.judged(NOON, jitter=0.5)
    assert (judged.failing, judged.failing_since) == (1, NOON)


def test_what_nobody_came_to_try_is_due_at_once() -> None:
    judged = ContactDispatch.of(a_claim()).judged(NOON, jitter=0.5)
    assert (judged.tried, judged.due_at) == ((), NOON)


def a_claim(attempts: int = 0, first_tried_at: datetime | None = None) -> Claim:
    command = WaitingCommand(1, 1, UpsertContact(email="jan@example.pl"), maybe_sent=False)
    return Claim(ContactQueue(1, to_account("main")), "shop1", 1, attempts, first_tried_at, (command,))


def an_answer(outcome: Outcome) -> Answer:
    return Answer(outcome, Call("/api/contact/upsert", NOON, 1, "", "", 1))
