"""How long each class of data is kept, and who may be forgotten (M4)."""

from datetime import timedelta
from typing import Any

import pytest

from app.domain.consent import Channel, TransferConsent
from app.domain.operations.retention import Retention, is_forgettable
from app.domain.person.contact import Contact
from app.domain.person.sides import SentState
from tests.support.builders import EMAIL, NOON, at

NOW = at(NOON)


@pytest.mark.parametrize(
    ("facts", "may_be_forgotten"),
    [
        ({}, True),
        ({"registered": True}, True),
        ({"email_news": Channel(opted_in=NOW), "transfer": TransferConsent(NOW, NOW)}, True),
        ({"sent_state": SentState(email=EMAIL)}, False),
        ({"erased": True}, False),
        ({"erased_at": NOW}, False),
        ({"transfer": TransferConsent(withdrawn=NOW)}, False),
        ({"email_news": Channel(opted_out=NOW)}, False),
        ({"email_news": Channel(brought_out=NOW)}, False),
        ({"phone_news": Channel(opted_out=NOW)}, False),
    ],
)
def test_m4_only_who_was_never_sent_and_forbade_nothing_may_be_forgotten(facts: Any, may_be_forgotten: bool) -> None:
    assert is_forgettable(Contact(email=EMAIL, **facts)) is may_be_forgotten


def test_m4_what_keeps_promises_outlives_what_explains_them() -> None:
    kept = Retention()
    assert kept.requests < kept.content < kept.parked < kept.events <= kept.never_sent
    assert (kept.requests, kept.content, kept.parked) == (timedelta(days=7), timedelta(days=30), timedelta(days=90))
    assert (kept.events, kept.never_sent) == (timedelta(days=400), timedelta(days=400))
