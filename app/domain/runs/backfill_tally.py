"""Counts what became of a backfill's accounts."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import field

from app.domain.intake.inbox import EventState
from app.domain.reasons import Reason
from app.domain.values import value


@value()
class Tally:
    """What became of the accounts: found = sent + withheld (by reason) + failed + still waiting."""

    found: int = 0
    sent: int = 0
    withheld: Mapping[str, int] = field(default_factory=dict)
    failed: int = 0
    waiting: int = 0

    @property
    def adds_up(self) -> bool:
        """Nothing waits, and every account found ended somewhere: only then may anybody say "complete"."""
        return self.waiting == 0 and self.found == self.sent + sum(self.withheld.values()) + self.failed


QUEUED = "queued"
"""The note on an account that became an event; otherwise its note is the reason why it did not."""
WOULD_SEND = "would_send"
Ended = tuple[str, str] | None
"""State and reason of an event; None if there is no such event."""


def tallied(groups: Iterable[tuple[str, Ended, Ended, int]]) -> Tally:
    """From (note, what became of the event, and of the one of the closing pass, number of accounts)."""
    counted: Counter[str] = Counter()
    withheld: Counter[str] = Counter()
    for note, first, again, number in groups:
        end = _end(note, first, again)
        if end in ("sent", "failed", "waiting"):
            counted[end] += number
        else:
            withheld[end] += number
    found = sum(counted.values()) + sum(withheld.values())
    return Tally(found, counted["sent"], dict(sorted(withheld.items())), counted["failed"], counted["waiting"])


def _end(note: str, first: Ended, again: Ended) -> str:
    if note == WOULD_SEND:
        return "sent"
    if note == Reason.DEFECT:
        return "failed"
    if note != QUEUED:
        return note
    ends = [one for one in (first, again) if one is not None]
    states = {state for state, _ in ends}
    if not ends or states & {EventState.RECEIVED, EventState.PLANNED, EventState.HELD}:
        return "waiting"
    if EventState.PARKED in states:
        return "failed"
    return "sent" if EventState.SENT in states else ends[0][1] or "unknown"
