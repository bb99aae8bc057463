"""What this process holds of the outbox for a while, and until when it may act on it."""

import time
from datetime import timedelta


class Lease:
    """The local side of a lease: a process that was stopped past its end makes no further call. Its records are fenced anyway."""

    def __init__(self, token: int, length: timedelta, began: float) -> None:
        """`began`: the monotonic clock, read before the lease was written."""
        self.token = token
        self._seconds = length.total_seconds()
        self._until = began + self._seconds

    def renewed(self, began: float) -> None:
        self._until = began + self._seconds

    def lost(self) -> None:
        """Somebody else may hold it by now."""
        self._until = 0.0

    def __bool__(self) -> bool:
        """May another call be made?"""
        return time.monotonic() < self._until
