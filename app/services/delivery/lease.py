"""What this process holds of the outbox for a while, and until when it may act on it."""

import time
from datetime import timedelta

MOST_LONGER = timedelta(seconds=50)
"""Than is configured: a lease that lasts a minute longer than one of our own was taken by a wrong clock (`storage.shops`)."""

_TIMES_AS_LONG = 3
"""As a renewal was late: it comes after a third, so a lease of three times as much outlives one that is as late again."""


class LeaseLength:
    """As long as is configured, and longer while this process is late to renew: it would lose every lease, and never get on."""

    def __init__(self, configured: timedelta) -> None:
        self._configured = configured
        self.longest = configured + MOST_LONGER
        self.now = configured

    def renewed(self, late_seconds: float) -> None:
        """How late a renewal was. The length grows at once, and comes back by a tenth at a time."""
        needed = timedelta(seconds=late_seconds) * _TIMES_AS_LONG
        self.now = min(max(self._configured, needed, self.now * 0.9), self.longest)


class Lease:
    """The local side of a lease: a process that was stopped past its end makes no further call. Its records are fenced anyway."""

    def __init__(self, token: int, length: timedelta, began: float) -> None:
        """`began`: the monotonic clock, read before the lease was written."""
        self.token = token
        self.length = length
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
