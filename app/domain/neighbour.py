"""What every worker must agree on about one destination: its breaker, and the bucket its calls are booked in."""

from dataclasses import dataclass

from app.domain.breaker import CLOSED, Breaker
from app.domain.pacing import Pace


@dataclass(frozen=True)
class Neighbour:
    breaker: Breaker = CLOSED
    pace: Pace | None = None
    """None where one process at a time makes the calls, and paces them itself."""
