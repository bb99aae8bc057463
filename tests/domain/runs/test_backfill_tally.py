"""What became of the accounts of a first transfer adds up."""

from typing import Any

import pytest

from app.domain.reasons import Reason
from app.domain.runs.backfill_tally import QUEUED, WOULD_SEND, Tally, tallied

NO_CONSENT = Reason.NO_CONSENT.value


@pytest.mark.parametrize(
    ("note", "first", "again", "tally"),
    [
        (WOULD_SEND, None, None, Tally(3, sent=3)),
        (Reason.DEFECT, None, None, Tally(3, failed=3)),
        (NO_CONSENT, None, None, Tally(3, withheld={NO_CONSENT: 3})),
        (QUEUED, None, None, Tally(3, waiting=3)),
        *((QUEUED, (state, ""), None, Tally(3, waiting=3)) for state in ("received", "planned", "held")),
        (QUEUED, ("sent", ""), ("planned", ""), Tally(3, waiting=3)),
        (QUEUED, ("parked", ""), None, Tally(3, failed=3)),
        (QUEUED, ("sent", ""), ("parked", ""), Tally(3, failed=3)),
        (QUEUED, ("sent", ""), None, Tally(3, sent=3)),
        (QUEUED, ("superseded", "nothing_new"), ("sent", ""), Tally(3, sent=3)),
        (QUEUED, ("withheld", NO_CONSENT), None, Tally(3, withheld={NO_CONSENT: 3})),
        (QUEUED, ("withheld", NO_CONSENT), ("superseded", "nothing_new"), Tally(3, withheld={NO_CONSENT: 3})),
        (QUEUED, ("withheld", ""), None, Tally(3, withheld={"unknown": 3})),
    ],
)
def test_an_account_ends_as_its_event_did_or_as_its_note_says(note: str, first: Any, again: Any, tally: Tally) -> None:
    assert tallied([(note, first, again, 3)]) == tally


def test_groups_of_one_end_are_counted_together_and_reasons_are_in_order() -> None:
    groups = [
        (WOULD_SEND, None, None, 2),
        (WOULD_SEND, None, None, 3),
        ("b", None, None, 1),
        ("a", None, None, 4),
        ("b", None, None, 1),
    ]
    tally = tallied(groups)
    assert tally == Tally(11, sent=5, withheld={"a": 4, "b": 2})
    assert list(tally.withheld) == ["a", "b"]


@pytest.mark.parametrize(
    ("tally", "adds_up"),
    [
        (Tally(), True),
        (Tally(6, sent=1, withheld={"a": 2}, failed=3), True),
        (Tally(7, sent=1, withheld={"a": 2}, failed=3, waiting=1), False),
        (Tally(6, sent=1, withheld={"a": 2}, failed=3, waiting=1), False),
        (Tally(7, sent=1, withheld={"a": 2}, failed=3), False),
        (Tally(5, sent=1, withheld={"a": 2}, failed=3), False),
    ],
)
def test_a_transfer_is_complete_when_nothing_waits_and_every_account_ended_somewhere(tally: Tally, adds_up: bool) -> None:
    assert tally.adds_up == adds_up
