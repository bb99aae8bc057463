"""Limits how fast and how many calls leave: a token bucket, slots, and the wait for a slot."""

import asyncio
import time
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from app.domain.delivery.rate_limit import LONGEST_WAIT_SECONDS, Pace


class Bucket(Protocol):
    """Where calls are booked."""

    async def take(self) -> float:
        """Book a call: the seconds to wait before it may leave."""
        ...

    async def closed_for(self) -> float:
        """Seconds during which nothing may leave although it was booked."""
        ...

    async def throttled(self, rest_seconds: float) -> None:
        """The answer says there are too many calls, and perhaps for how long to wait."""
        ...


class Resting(Exception):
    """Rest was asked for, longer than a call may wait: it is not made."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds


class LocalBucket:
    """For destinations that one process at a time calls."""

    def __init__(self, calls_per_second: float, burst: int) -> None:
        self._pace = Pace(calls_per_second, burst)

    async def take(self) -> float:
        self._pace, wait = self._pace.take(time.monotonic())
        return wait

    async def closed_for(self) -> float:
        return self._pace.closed_until - time.monotonic()

    async def throttled(self, rest_seconds: float) -> None:
        now = time.monotonic()
        self._pace = self._pace.throttled(now).close(now + rest_seconds)


class RateLimiter:
    """Limits the rate of calls, and how many are in flight. `in_flight`: calls at a time, and the burst that may follow at once."""

    def __init__(self, calls_per_second: float, in_flight: int = 2, bucket: Bucket | None = None) -> None:
        self._bucket = bucket or LocalBucket(calls_per_second, in_flight)
        self._slots = asyncio.Semaphore(in_flight)
        self._places = WeakKeyDictionary[asyncio.Task[Any], float]()
        """Tasks that hold a place in flight, and until when their slot is valid (monotonic clock)."""
        self._late = 0.0
        """How many seconds later a slot may be used: a busy process would otherwise book every slot anew, and lose that as well."""

    async def reserve(self) -> None:
        """Wait until a call may leave, and hold its place, so that the caller reads what to send at the last moment (I6).

        The task holds one of the places in flight until its next call is answered or `give_up()`. The booked slot is valid
        for `RESERVED_SECONDS`, and as much longer as readings lately took.
        """
        task = _this_task()
        if task not in self._places:
            await self._slots.acquire()
            self._places[task] = 0.0
        if self._places[task] + self._late <= time.monotonic():
            try:
                await self._slot()
            except BaseException:
                self.give_up()
                raise
            self._places[task] = time.monotonic() + RESERVED_SECONDS

    def holds_place(self, reading_seconds: float = 0.0) -> bool:
        """Is the slot of this task still valid? If so, it stays valid while the body is written.

        `reading_seconds`: how long it took to read whether the call may leave. The next slot may be late by twice as much.
        """
        task, now, allowed = _this_task(), time.monotonic(), self._late
        self._late = min(max(2 * reading_seconds, allowed * _LATENESS_KEPT), LATEST_SECONDS)
        until = self._places.get(task, 0.0)
        if not until or until + allowed <= now:
            return False
        self._places[task] = max(until, now + WRITING_SECONDS)
        return True

    def give_up(self) -> None:
        """Release the place of this task, if it holds one."""
        if self._places.pop(_this_task(), None) is not None:
            self._slots.release()

    async def __aenter__(self) -> None:
        await self.reserve()
        del self._places[_this_task()]  # the slot is used, the call is in flight until it is answered

    async def _slot(self) -> None:
        """Book a slot and wait for it. One for which a busy process woke up too late is given up, a few times (I7)."""
        wait, given_up = await self._bucket.take(), 0
        while wait > 0:  # meanwhile the other side may have asked for a pause
            if wait > LONGEST_WAIT_SECONDS and (closed := await self._bucket.closed_for()) > LONGEST_WAIT_SECONDS:
                raise Resting(closed)
            due = time.monotonic() + wait
            await asyncio.sleep(wait)
            late = time.monotonic() > due + RESERVED_SECONDS and given_up < SLOTS_GIVEN_UP
            closed = await self._bucket.closed_for()
            if closed <= 0 and not late:
                return
            given_up += late
            wait = max(await self._bucket.take(), closed)

    async def __aexit__(self, *_: object) -> None:
        self._slots.release()

    async def throttled(self, rest_seconds: float) -> None:
        await self._bucket.throttled(rest_seconds)


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None, "calls are made by tasks"
    return task


RESERVED_SECONDS = 0.1
"""A slot expires after this long. A caller that wakes up later books another, so late callers cannot bunch up."""
SLOTS_GIVEN_UP = 3
"""Slots in a row that a busy process may miss. Then one is used all the same: calls too close are better than none."""
LATEST_SECONDS = 5.0
"""How late a call may leave, however long it takes to read whether it may."""
_LATENESS_KEPT = 0.9
"""Of what a reading allowed, from each call to the next."""
WRITING_SECONDS = 0.1
"""After `holds_place()` said yes, the slot stays valid this long, to write the body (I6).

A call is late by all of these at most, and calls that come together are as many more than the pace allows for a moment (I7).
"""
