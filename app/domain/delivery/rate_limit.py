"""Pace towards one account: an adaptive token bucket as a value (the generic cell rate algorithm). Times are seconds.

The bucket is cut by 30 % when the destination throttles and fills up again slowly (decision 8 of the design: a complaint is
information about the limit, not only about this moment).
"""

from app.domain.delivery.outcomes import LONGEST_DELAY
from app.domain.values import replace, value

CUT = 0.7
"""What is left of the rate after a complaint."""

SMALLEST_SHARE = 0.05

REGAIN_SECONDS = 600.0
"""From nothing to the whole allowed rate."""

LONGEST_WAIT_SECONDS = 60.0
"""A call waits so long for rest to end; before a longer one it is given up, and what it was for is tried again later."""

LONGEST_REST_SECONDS = LONGEST_DELAY.total_seconds() + 5.0
LONGEST_QUEUE = 10
"""Calls that are booked one after the other, at the most: a few processes with two in flight each."""

ONE_COMPLAINT_SECONDS = 5.0
"""Calls that were in flight together get the same 429: it counts once."""


@value()
class Pace:
    calls_per_second: float
    burst: int = 2
    """Calls that may follow each other without waiting."""
    booked_until: float = 0.0
    """When the calls booked so far would have left at an even pace."""
    closed_until: float = 0.0
    """Nothing leaves before: SALESmanago asked for rest."""
    slowed_to: float = 1.0
    """The share of the allowed rate right after the last complaint."""
    slowed_at: float = 0.0

    def share(self, now: float) -> float:
        """The part of the allowed rate that is used at the moment: 1 without complaints."""
        return min(1.0, self.slowed_to + max(0.0, now - self.slowed_at) / REGAIN_SECONDS)

    def bounded(self, now: float) -> "Pace":
        """Without what only a clock that was ahead can have set: nobody waits for that time (see `clocks`)."""
        queue = LONGEST_WAIT_SECONDS + LONGEST_QUEUE / (self.calls_per_second * SMALLEST_SHARE)
        return replace(
            self,
            closed_until=self.closed_until if self.closed_until - now <= LONGEST_REST_SECONDS else 0.0,
            booked_until=self.booked_until if self.booked_until - now <= queue else 0.0,
            slowed_at=min(self.slowed_at, now),
        )

    def take(self, now: float) -> tuple["Pace", float]:
        """Book one call. Answers the seconds to wait before it may leave; the booking stands, so callers queue up fairly.

        While rest was asked for that nobody should wait through, nothing is booked.
        """
        known = self.bounded(now)
        if known.closed_until - now > LONGEST_WAIT_SECONDS:
            return known, known.closed_until - now
        interval = 1 / (known.calls_per_second * known.share(now))
        leaves = max(now, known.closed_until, known.booked_until - (known.burst - 1) * interval)
        return replace(known, booked_until=max(known.booked_until, leaves) + interval), leaves - now

    def used_up(self, now: float) -> "Pace":
        """As if as many calls as may follow each other had just left: nobody knows whether they have."""
        known = self.bounded(now)
        interval = 1 / (known.calls_per_second * known.share(now))
        return replace(known, booked_until=max(known.booked_until, now + known.burst * interval))

    def close(self, until: float) -> "Pace":
        return replace(self, closed_until=max(self.closed_until, until))

    def throttled(self, now: float) -> "Pace":
        """The destination answered that there are too many calls."""
        if 0 <= now - self.slowed_at < ONE_COMPLAINT_SECONDS and self.slowed_to < 1:
            return self
        return replace(self, slowed_to=max(SMALLEST_SHARE, self.share(now) * CUT), slowed_at=now)
