"""What all workers share about one destination: its breaker, and the bucket its calls are booked in."""

from app.domain.delivery.circuit_breaker import CLOSED, Breaker
from app.domain.delivery.rate_limit import Pace
from app.domain.values import value


@value()
class DestinationState:
    breaker: Breaker = CLOSED
    pace: Pace | None = None
    """None where one process at a time makes the calls, and paces them itself."""
