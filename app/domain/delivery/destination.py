"""What all workers share about one destination: its breaker, and the bucket its calls are booked in."""

from datetime import datetime

from app.domain.delivery.circuit_breaker import CLOSED, Breaker, Circuit
from app.domain.delivery.rate_limit import Pace
from app.domain.values import value


@value()
class DestinationState:
    breaker: Breaker = CLOSED
    pace: Pace | None = None
    """None where one process at a time makes the calls, and paces them itself."""

    def takes_nothing(self, waiting: int, now: datetime) -> bool:
        """Is it down, and asked? Where nothing waits nobody asks, so what it answered last would be said of it for ever."""
        return waiting > 0 and self.breaker.state(now) is not Circuit.CLOSED
