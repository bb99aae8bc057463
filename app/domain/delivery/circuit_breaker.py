"""The circuit breaker of one destination, as a value: closed, open for a time after failures, then one probe at a time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.clocks import bounded_rest
from app.domain.delivery.outcomes import LONGEST_DELAY, Outcome, backoff, message_of, name_of, pause_asked
from app.domain.values import replace, value

LONGEST_REST = timedelta(seconds=60)
"""A destination that does not answer is probed at least this often, so none of its contacts waits longer for it."""


class Circuit(StrEnum):
    """Whether calls to a destination are made."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"
    """The pause is over: one contact is tried first."""


@value()
class Breaker:
    failures: int = 0
    """Rounds in a row in which every call failed."""
    rest_until: datetime | None = None
    since: datetime | None = None
    """When it began."""
    cause: str = ""
    """The last answer, as it stands in traces."""
    rests: timedelta = LONGEST_DELAY
    """How long it was to rest when that was set, by a clock that may have been wrong."""
    is_probed: bool = False
    """One contact is tried at this moment: `rest_until` is not a rest, but when that has ended at the latest."""

    @property
    def is_down(self) -> bool:
        """Nothing got through to the destination lately: what fails now says nothing of the contact it was for."""
        return self.failures > 0

    def state(self, now: datetime) -> Circuit:
        if not self.is_down:
            return Circuit.CLOSED
        until = None if self.rest_until is None else bounded_rest(self.rest_until, now, self.rests)
        return Circuit.OPEN if until is not None and now < until else Circuit.HALF_OPEN

    def failed(self, trouble: Sequence[Outcome], now: datetime, jitter: float) -> "Breaker":
        """Another round brought only trouble. `jitter`: 0 to 1 of the backoff; what was asked for is never shortened."""
        failures = self.failures + 1
        rest = min(backoff(failures) * jitter, LONGEST_REST)
        rest = max(rest, *(pause_asked(one) for one in trouble))
        last = trouble[-1]
        cause = ": ".join(filter(None, (name_of(last), message_of(last))))
        return Breaker(failures, now + rest, self.since or now, cause, rest)

    def probing(self, until: datetime, longest: timedelta = LONGEST_REST) -> "Breaker":
        """One worker probes, until `until` at the latest. Nobody else does meanwhile."""
        return replace(self, rest_until=until, rests=longest, is_probed=True)

    def not_probed(self, before: "Breaker") -> "Breaker":
        """Undo `probing()`, unless another worker changed the breaker meanwhile. `before`: the breaker before the probe."""
        without_probe = replace(self, rest_until=None, rests=before.rests, is_probed=before.is_probed)
        return before if without_probe == replace(before, rest_until=None) else self

    def without_prober(self) -> "Breaker":
        """Who probed is gone: the next may at once. A rest stands."""
        return replace(self, rest_until=None, is_probed=False) if self.is_probed else self


CLOSED = Breaker()
