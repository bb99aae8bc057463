"""Pace towards one account: a token bucket as a value. `now` is a monotonic clock in seconds."""

from dataclasses import dataclass, replace

BURST = 2.0
"""Calls that may follow each other without waiting."""


@dataclass(frozen=True)
class Pace:
    calls_per_second: float
    tokens: float = BURST
    counted_at: float = 0.0
    closed_until: float = 0.0
    """Nothing leaves before: SALESmanago asked for rest, or does not answer."""

    def take(self, now: float) -> tuple["Pace", float]:
        """Book one call. Answers the seconds to wait before it may leave; the booking stands, so callers queue up fairly."""
        refilled = min(BURST, self.tokens + (now - self.counted_at) * self.calls_per_second)
        booked = replace(self, tokens=refilled - 1, counted_at=now)
        wait = 0.0 if refilled >= 1 else (1 - refilled) / self.calls_per_second
        return booked, max(wait, self.closed_until - now)

    def close(self, until: float) -> "Pace":
        return replace(self, closed_until=max(self.closed_until, until))
