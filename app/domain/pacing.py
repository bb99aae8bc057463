"""Pace towards one account: a token bucket as a value (the generic cell rate algorithm). Times are seconds of a monotonic clock."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Pace:
    calls_per_second: float
    burst: int = 2
    """Calls that may follow each other without waiting."""
    booked_until: float = 0.0
    """When the calls booked so far would have left at an even pace."""
    closed_until: float = 0.0
    """Nothing leaves before: SALESmanago asked for rest."""

    def take(self, now: float) -> tuple["Pace", float]:
        """Book one call. Answers the seconds to wait before it may leave; the booking stands, so callers queue up fairly."""
        interval = 1 / self.calls_per_second
        leaves = max(now, self.closed_until, self.booked_until - (self.burst - 1) * interval)
        return replace(self, booked_until=max(self.booked_until, leaves) + interval), leaves - now

    def close(self, until: float) -> "Pace":
        return replace(self, closed_until=max(self.closed_until, until))
