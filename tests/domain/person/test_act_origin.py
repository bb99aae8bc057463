"""A click, staff and a bounce, told apart as far as anybody says it."""

import pytest

from app.domain.event_kinds.stored_names import NAMES
from app.domain.event_parts import NO_EVIDENCE, Evidence, Origin
from app.domain.events import AccountChanged, Event, StatusObserved, Subscribed, TransferConsentGranted, Unsubscribed
from app.domain.operations.evidence import Decided, evidence_of
from app.domain.person.act_origin import FROM_SALESMANAGO, WORDS, origin_of
from app.domain.person.consent_ledger import ActKind, Entry, Matter, details_of
from app.domain.reasons import Reason
from tests.conftest import NOON
from tests.support.builders import EMAIL


def entry(source: type[Event], kind: ActKind, evidence: Evidence | None = NO_EVIDENCE, matter: Matter = Matter.EMAIL) -> Entry:
    """`evidence`: None where it was erased."""
    return Entry(
        number=1,
        subject="s",
        matter=matter,
        kind=kind,
        acted_at=NOON,
        recorded_at=NOON,
        source=NAMES[source],
        event_id="e1",
        details=None if evidence is None else details_of(EMAIL, evidence, "salt"),
        details_digest="",
        previous="",
    )


@pytest.mark.parametrize(
    ("line", "origin"),
    [
        (entry(Unsubscribed, ActKind.OPT_OUT, Evidence(reason="too many")), Origin.CLICK),
        (entry(Unsubscribed, ActKind.OPT_OUT, None), Origin.CLICK),
        (entry(Unsubscribed, ActKind.REMOVED), Origin.STAFF),
        (entry(AccountChanged, ActKind.OPT_OUT), Origin.SHOP),
        (entry(Subscribed, ActKind.OPT_IN), Origin.SHOP),
        (entry(Subscribed, ActKind.OPT_IN, Evidence(confirmed=True)), Origin.CLICK),
        (entry(StatusObserved, ActKind.OPT_OUT, Evidence(origin=Origin.CLICK_OR_STAFF)), Origin.CLICK_OR_STAFF),
        (entry(StatusObserved, ActKind.OPT_OUT, Evidence(origin=Origin.INVALID_ADDRESS)), Origin.INVALID_ADDRESS),
        (entry(StatusObserved, ActKind.OPT_OUT), Origin.NOT_SHOWN),
        (entry(StatusObserved, ActKind.OPT_OUT, None), None),
        (entry(TransferConsentGranted, ActKind.GRANTED, matter=Matter.TRANSFER), None),
    ],
)
def test_the_origin_of_a_line_follows_from_what_reported_it(line: Entry, origin: Origin | None) -> None:
    assert origin_of(line) == origin


def test_the_words_of_every_origin_are_complete_in_both_languages() -> None:
    assert set(WORDS) == set(Origin)
    assert all(english and polish and english != polish for english, polish in WORDS.values())


@pytest.mark.parametrize("origin", sorted(Origin))
def test_r90_the_evidence_says_who_changed_it_where_salesmanago_showed_it(origin: Origin) -> None:
    decided = Decided(event_id="this", type="subscription", reason=Reason.OPTED_OUT_THERE, occurred_at=NOON, decided_at=NOON)
    line = entry(StatusObserved, ActKind.OPT_OUT, Evidence(origin=origin))
    (found,) = evidence_of(decided, [line], [])
    told = [said.endswith(by) for said, by in zip(found.words, WORDS[origin], strict=True)]
    assert told == [origin in FROM_SALESMANAGO] * 2
