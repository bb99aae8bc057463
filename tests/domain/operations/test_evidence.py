"""What a decision rests on, by reason (R90)."""

from datetime import timedelta

import pytest

from app.domain.operations.evidence import (
    ON_CONSENT,
    ON_NEWSLETTER,
    ON_NOTHING_ELSE,
    ON_ORDER,
    WORDS,
    Decided,
    Evidence,
    evidence_of,
)
from app.domain.person.consent_ledger import ActKind, Entry, Matter
from app.domain.reasons import Reason
from tests.conftest import NOON

HOUR = timedelta(hours=1)


def entry(number: int, matter: Matter, kind: ActKind, hours: float = 0, recorded: float | None = None) -> Entry:
    return Entry(
        number=number,
        subject="s",
        matter=matter,
        kind=kind,
        acted_at=NOON + hours * HOUR,
        recorded_at=NOON + (hours if recorded is None else recorded) * HOUR,
        source="order",
        event_id=f"e{number}",
        details=None,
        details_digest="",
        previous="",
    )


def decided(reason: Reason | None, hours: float = 10, event_id: str = "this", kind: str = "order") -> Decided:
    return Decided(event_id=event_id, type=kind, reason=reason, occurred_at=NOON, decided_at=NOON + hours * HOUR)


GIVEN = entry(1, Matter.TRANSFER, ActKind.GRANTED)
WITHDRAWN = entry(2, Matter.TRANSFER, ActKind.WITHDRAWN, 2)
SUBSCRIBED = entry(3, Matter.EMAIL, ActKind.OPT_IN, 1)
LATER = entry(4, Matter.TRANSFER, ActKind.GRANTED, 3, recorded=20)


@pytest.mark.parametrize(
    ("reason", "ledger", "found"),
    [
        (None, [GIVEN, SUBSCRIBED], [("transfer_granted", "e1"), ("email_opt_in", "e3")]),
        (None, [], [("own_event", "this")]),
        (Reason.CONSENT_WITHDRAWN, [GIVEN, WITHDRAWN], [("transfer_withdrawn", "e2")]),
        (Reason.CONSENT_WITHDRAWN, [GIVEN, WITHDRAWN, LATER], [("transfer_withdrawn", "e2")]),
        (Reason.NO_CONSENT, [SUBSCRIBED], [("transfer_never", None)]),
        (Reason.ORDER_NOT_CONSENTED, [GIVEN], [("own_answer", "this"), ("transfer_granted", "e1")]),
        (Reason.UNCONFIRMED_REMOVAL, [SUBSCRIBED], [("email_opt_in", "e3")]),
        (Reason.OPT_IN_NOT_CONFIRMED, [GIVEN], [("newsletter_never", None)]),
        (Reason.CART_EMPTIED, [GIVEN, SUBSCRIBED], [("own_event", "this")]),
    ],
)
def test_r90_the_evidence_is_the_act_that_counted_when_it_was_decided(
    reason: Reason | None, ledger: list[Entry], found: list[tuple[str, str | None]]
) -> None:
    assert [(one.what, one.event_id) for one in evidence_of(decided(reason), ledger, [])] == found


def test_r90_of_two_acts_at_one_moment_the_one_that_ends_it_counts() -> None:
    ending = entry(5, Matter.TRANSFER, ActKind.WITHDRAWN)
    for ledger in ([GIVEN, ending], [ending, GIVEN]):
        assert [one.what for one in evidence_of(decided(Reason.CONSENT_WITHDRAWN), ledger, [])] == ["transfer_withdrawn"]


@pytest.mark.parametrize("reason", sorted(ON_ORDER))
def test_r90_what_was_decided_by_the_order_names_what_else_was_sent_of_it(reason: Reason) -> None:
    other = decided(None, event_id="first", kind="order-cancellation")
    (found,) = evidence_of(decided(reason), [], [decided(reason), other])
    assert (found.what, found.event_id, found.source, found.at) == ("order_event", "first", "order-cancellation", NOON)
    assert [one.what for one in evidence_of(decided(reason), [], [decided(reason)])] == ["order_never"]


def test_every_reason_rests_on_one_kind_of_evidence_and_every_evidence_has_words_in_both_languages() -> None:
    kinds = (ON_CONSENT, ON_NEWSLETTER, ON_ORDER, ON_NOTHING_ELSE)
    assert sum(map(len, kinds)) == len(Reason)
    acts = {f"{matter.value}_{kind.value}" for matter in (Matter.EMAIL, Matter.SMS) for kind in ActKind}
    acts -= {f"{matter}_{kind}" for matter in ("email", "sms") for kind in ("granted", "withdrawn")}
    assert acts | {"transfer_granted", "transfer_withdrawn"} <= WORDS.keys()
    assert all(english and polish and english != polish for english, polish in WORDS.values())


def test_r90_the_event_itself_says_no_more_than_the_line_it_stands_at() -> None:
    assert {what for what in WORDS if not Evidence(what=what).says_more} == {"own_event"}
