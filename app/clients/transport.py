"""One call to a foreign API: rate-limited, with a total deadline and a cap on the answer; every outcome is a value."""

import asyncio
import contextlib
import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from app.clients.rate_limiter import RateLimiter, Resting
from app.clients.unpacking import ACCEPTED, NotUnpacked, TooLarge, Unpacking
from app.domain.delivery.outcomes import LONGEST_DELAY, Throttled, Unknown, Unreachable
from app.domain.errors import NotReady
from app.formats.words import mended
from app.observability.metrics import call_seconds
from app.observability.redaction import redacted_extract

DEADLINE_SECONDS = 30.0
"""Connect, send and read together: the official client's figure (contract 1.6)."""

ANSWER_LIMIT_BYTES = 10 * 1024 * 1024

TOO_LARGE = Unknown("the answer is larger than we read")

_DETAIL_CHARS = 300
_EXAMINED_CHARS = 10 * _DETAIL_CHARS
"""Of an answer's text. More than is kept, so that the cut through an address falls where nothing is kept."""

_as_json = msgspec.json.Encoder().encode


@dataclass(frozen=True)
class Reply:
    """An answer that arrived whole. Its status is below 500 and not 429."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


Received = Reply | Throttled | Unreachable | Unknown


@dataclass(frozen=True)
class Outgoing:
    """A request. `body` is JSON, or bytes that were signed as they are."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] | bytes | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    server_name: str | None = None
    """Whose certificate is expected, where the URL names a checked address instead of a host."""


class Transport:
    """Sends requests. Redirects are not followed: a body with credentials goes where it was meant to go."""

    def __init__(self, http: httpx.AsyncClient, limiter: RateLimiter) -> None:
        self._http = http
        self._limiter = limiter

    async def reserve(self) -> bool:
        """Reserve a slot of the rate limiter: the next call of this task is made at once, if it follows soon.

        False: it asked for so much rest that nobody waits for it, and no place is kept. Raises `NotReady` if nothing can be booked.
        """
        try:
            await self._limiter.reserve()
        except Resting:
            return False
        return True

    def holds_place(self, reading_seconds: float = 0.0) -> bool:
        """Would a call still leave at once? See `RateLimiter.holds_place`."""
        return self._limiter.holds_place(reading_seconds)

    def give_up(self) -> None:
        """No call follows on what was reserved."""
        self._limiter.give_up()

    async def post(self, url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Received:
        return await self.send(Outgoing("POST", url, headers, body))

    async def send(self, request: Outgoing) -> Received:
        try:
            async with self._limiter:
                began = time.monotonic()
                received = await self._within_deadline(request)
                _count(request, received, time.monotonic() - began)
        except NotReady:
            return Unreachable("the call could not be booked")
        except Resting as rest:
            return Throttled(rest.seconds)
        if isinstance(received, Throttled):
            with contextlib.suppress(NotReady):  # the breaker rests as well
                await self._limiter.throttled(min(received.retry_after or 0.0, LONGEST_DELAY.total_seconds()))
        return received

    async def _within_deadline(self, request: Outgoing) -> Received:
        try:
            async with asyncio.timeout(DEADLINE_SECONDS):
                return await self._with_blips(request)
        except TimeoutError:
            return Unknown("no whole answer in time")
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            return Unreachable(type(error).__name__)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Unknown(type(error).__name__)

    async def _with_blips(self, request: Outgoing) -> Received:
        """A connection that was not made may be tried again at once: nothing was sent."""
        blip = AsyncRetrying(
            retry=retry_if_exception_type((httpx.ConnectError, httpx.ConnectTimeout)),
            stop=stop_after_attempt(2),
            wait=wait_random_exponential(multiplier=0.1, max=1),
            reraise=True,
        )
        return await blip(self._once, request)

    async def _once(self, request: Outgoing) -> Received:
        body, headers = request.body, dict(request.headers)
        if body is not None and not isinstance(body, bytes):
            body, headers = _as_json(body), {"Content-Type": "application/json", **headers}
        headers = {"Accept-Encoding": ACCEPTED, **headers}
        async with self._http.stream(
            request.method,
            request.url,
            content=body,
            params=dict(request.parameters) or None,
            headers=headers,
            extensions={"sni_hostname": request.server_name} if request.server_name else None,
            follow_redirects=False,
        ) as response:
            early = _by_status(response)
            if early is not None:
                return early
            return await _whole(response)


def _count(request: Outgoing, received: Received, seconds: float) -> None:
    host = request.server_name or urlsplit(request.url).hostname or ""
    outcome = "answered" if isinstance(received, Reply) else type(received).__name__.lower()
    call_seconds.labels(host, outcome).observe(seconds)


async def _whole(response: httpx.Response) -> Reply | Unknown:
    """The answer, unpacked by ourselves: httpx would unpack each piece to its end, however much it becomes."""
    encodings = response.headers.get_list("content-encoding", split_commas=True)
    response.headers.pop("content-encoding", None)
    try:
        unpacking = Unpacking(encodings, ANSWER_LIMIT_BYTES)
        async for piece in response.aiter_bytes():
            unpacking.feed(piece)
        return Reply(response.status_code, unpacking.whole(), response.headers)
    except TooLarge:
        return TOO_LARGE
    except NotUnpacked:
        return Unknown("the answer cannot be unpacked")


def _by_status(response: httpx.Response) -> Received | None:
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Throttled(retry_after(response.headers, datetime.now(UTC)))
    if status == httpx.codes.SERVICE_UNAVAILABLE:
        asked = retry_after(response.headers, datetime.now(UTC))
        return Unreachable("HTTP 503") if asked is None else Throttled(asked)
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return Unknown(f"HTTP {status}")
    if response.is_redirect:
        return Unreachable(f"HTTP {status}: redirected")
    return None


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The header in seconds, from either of its forms; None if it is missing or unreadable."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = email.utils.parsedate_to_datetime(value)
        return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())
    except (ValueError, OverflowError, TypeError, IndexError):  # a date no calendar has
        return None


def scrubbed(text: str) -> str:
    """An answer's text without addresses and without signs that cannot be stored, short enough to store."""
    return redacted_extract(mended(text[:_EXAMINED_CHARS]), _DETAIL_CHARS)
