"""One call to a neighbour: paced, with a total deadline and a cap on the answer; every end of it is a value."""

import asyncio
import email.utils
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from app.domain.delivery import Throttled, Unknown, Unreachable
from app.domain.pacing import Pace
from app.redaction import redacted

DEADLINE_SECONDS = 30.0
"""Connect, send and read together: the official client's figure (contract 1.6)."""

ANSWER_LIMIT_BYTES = 10 * 1024 * 1024

_DETAIL_CHARS = 300


class Pacer:
    """Holds calls back to the pace of their neighbour. `in_flight`: calls at a time, and calls that may follow at once."""

    def __init__(self, calls_per_second: float, in_flight: int = 2) -> None:
        self._pace = Pace(calls_per_second, burst=in_flight)
        self._slots = asyncio.Semaphore(in_flight)

    async def __aenter__(self) -> None:
        await self._slots.acquire()
        try:
            self._pace, wait = self._pace.take(time.monotonic())
            await asyncio.sleep(wait)
            while (closed := self._pace.closed_until - time.monotonic()) > 0:  # rest was asked for while we waited
                self._pace, wait = self._pace.take(time.monotonic())
                await asyncio.sleep(max(wait, closed))
        except BaseException:
            self._slots.release()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._slots.release()

    def rest(self, seconds: float) -> None:
        self._pace = self._pace.close(time.monotonic() + seconds)


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

    def __init__(self, http: httpx.AsyncClient, pacer: Pacer) -> None:
        self._http = http
        self._pacer = pacer

    async def post(self, url: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> Received:
        return await self.send(Outgoing("POST", url, headers, body))

    async def send(self, request: Outgoing) -> Received:
        async with self._pacer:
            received = await self._within_deadline(request)
        if isinstance(received, Throttled) and received.retry_after:
            self._pacer.rest(min(received.retry_after, 60.0))
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
        raw = request.body if isinstance(request.body, bytes) else None
        async with self._http.stream(
            request.method,
            request.url,
            content=raw,
            json=request.body if raw is None else None,
            params=dict(request.parameters) or None,
            headers=dict(request.headers),
            extensions={"sni_hostname": request.server_name} if request.server_name else None,
            follow_redirects=False,
        ) as response:
            early = _by_status(response)
            if early is not None:
                return early
            received = bytearray()
            async for chunk in response.aiter_bytes():
                received += chunk
                if len(received) > ANSWER_LIMIT_BYTES:
                    return Unknown("the answer is larger than we read")
            return Reply(response.status_code, bytes(received), response.headers)


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
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - now).total_seconds())


def scrubbed(text: str) -> str:
    """A neighbour's words without addresses, short enough to keep."""
    return redacted(text)[:_DETAIL_CHARS]
