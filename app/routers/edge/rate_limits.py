"""How many refusals an address gets, and how many requests a key makes, before the answer is 429.

Counts stand in a memory that does not grow and that several processes share (`DoorCounts`). A valid key always passes the limit of
its address: behind one address there may be a shop and somebody who guesses.
"""

import hmac
import math
import secrets
import time

import structlog
from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter

from app.domain.errors import TooMany
from app.observability.metrics import requests_refused
from app.services.operations.door_counts import DoorCounts

log = structlog.get_logger(__name__)

Headers = tuple[tuple[bytes, bytes], ...]

WINDOW_SECONDS = 60

SLOTS = 4096
"""Addresses share so many counters, in a way nobody outside can foresee: who has a million addresses takes no more memory."""

_LINES = RateLimitItemPerMinute(10)
"""Alarms in the log, about all addresses together."""


class Refusals:
    """Wrong keys and forged callbacks, by network address."""

    NAME = "refusals"

    def __init__(self, per_minute: int, counts: DoorCounts | None = None) -> None:
        self._counts = counts or DoorCounts()
        self._limiter = FixedWindowRateLimiter(self._counts)
        self._limit = RateLimitItemPerMinute(per_minute)
        self._once = RateLimitItemPerMinute(1)
        self._salt = self._counts.salt or secrets.token_bytes(16)

    def note(self, network: str, kind: str) -> TooMany | None:
        """Another refusal; what is answered instead once the limit is used up. The same, whichever keys were tried."""
        requests_refused.labels(kind).inc()
        slot = str(int.from_bytes(hmac.digest(self._salt, network.encode(), "sha256")[:4]) % SLOTS)
        if self._limiter.test(self._limit, self.NAME, slot):
            self._limiter.hit(self._limit, self.NAME, slot)
            if kind == "callback":
                log.warning("callback_refused")  # neither the address nor the key belongs into a log
            return None
        self._alarm(network, slot)
        why = "This address was refused too often. A valid key passes all the same."
        return TooMany(why, self.NAME, self._limit.amount, WINDOW_SECONDS, self._seconds(slot))

    def _seconds(self, slot: str) -> int:
        return _left(self._limiter, self._limit, self.NAME, slot)

    def _alarm(self, network: str, slot: str) -> None:
        if not self._limiter.test(self._once, "alarm", slot) or not self._limiter.hit(_LINES, "lines"):
            return
        self._limiter.hit(self._once, "alarm", slot)
        self._counts.note_trying(network)
        log.warning("address_refused_often", network=network, refusals=self._limit.amount, seconds=WINDOW_SECONDS)


class Pace:
    """Requests of one key; what a batch holds counts item by item."""

    NAME = "key"

    def __init__(self, per_minute: int, counts: DoorCounts | None = None) -> None:
        """0 = no limit."""
        self._limit = RateLimitItemPerMinute(per_minute) if per_minute else None
        self._limiter = FixedWindowRateLimiter(counts or DoorCounts())
        self.limited = self._limit is not None

    def take(self, key_id: str) -> None:
        """Another request. Raises `TooMany`."""
        if self._limit is None:
            return
        if not self._limiter.test(self._limit, self.NAME, key_id):
            seconds = _left(self._limiter, self._limit, self.NAME, key_id)
            raise TooMany("The requests of this key are used up.", self.NAME, self._limit.amount, WINDOW_SECONDS, seconds)
        self._limiter.hit(self._limit, self.NAME, key_id)

    def charge(self, key_id: str, more: int) -> None:
        """What a request turned out to hold. A batch may overdraw; the next request waits for it."""
        if self._limit is not None and more > 0:
            self._limiter.hit(self._limit, self.NAME, key_id, cost=more)

    def headers(self, key_id: str) -> Headers:
        """How much is left, for an answer."""
        if self._limit is None:
            return ()
        left = self._limiter.get_window_stats(self._limit, self.NAME, key_id).remaining
        return headers_of(self.NAME, self._limit.amount, left, _left(self._limiter, self._limit, self.NAME, key_id))


def headers_of(name: str, quota: int, remaining: int, seconds: int) -> Headers:
    """As the IETF's draft on RateLimit header fields writes them."""
    policy = f'"{name}";q={quota};w={WINDOW_SECONDS}'
    return ((b"ratelimit-policy", policy.encode()), (b"ratelimit", f'"{name}";r={remaining};t={seconds}'.encode()))


def _left(limiter: FixedWindowRateLimiter, limit: RateLimitItemPerMinute, *names: str) -> int:
    """Seconds until the window is over, at least one."""
    return max(1, math.ceil(limiter.get_window_stats(limit, *names).reset_time - time.time()))
