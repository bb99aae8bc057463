"""What stands between the gateway and the stand-in: it forwards, or misbehaves as networks and servers do. Raw sockets."""

import asyncio
import contextlib
import functools
import gzip
import socket
import struct
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from enum import Enum
from typing import Any
from urllib.parse import urlsplit


class Way(Enum):
    FORWARD = "forward"
    THROTTLE = "429"
    ERROR_500 = "500"
    ERROR_502 = "502"
    SLOW = "slow to act"
    LATE_ANSWER = "acts at once, answers late"
    HANG = "hang"
    APPLIED_THEN_HANG = "applied, then hang"
    TRICKLE = "1 byte a second"
    RESET_MIDDLE = "reset in the middle of the answer"
    RESET_BEFORE = "reset before an answer"
    HTML_200 = "HTML with 200"
    TRUNCATED_JSON = "truncated JSON"
    WRONG_LENGTH = "wrong content length"
    GZIP_BOMB = "gzip bomb"
    HUGE_BODY = "100 MB body"
    ENDLESS_HEADERS = "endless headers"


@dataclass
class Rule:
    way: Way
    left: int | None = None
    """For so many calls; None: until it is taken away."""
    path: str = ""
    retry_after: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True)
class Called:
    """A call as it arrived here, by the wall clock."""

    at: float
    path: str
    way: Way


_HEAD = "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nConnection: close\r\n{more}\r\n"
_HUGE = 100 * 1024 * 1024


class Proxy:
    """Listens on a port of its own; runs in a thread of its own."""

    def __init__(self) -> None:
        self.calls: list[Called] = []
        self._rules: list[Rule] = []
        self._target = ("", 0)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def to(self, url: str) -> str:
        """Start in front of a server; answers the address to use instead."""
        parts = urlsplit(url)
        self._target = (parts.hostname or "", parts.port or 80)
        self._thread.start()
        self.up()
        return f"http://127.0.0.1:{self._port}"

    def up(self) -> None:
        self._run(self._listen())

    def down(self) -> None:
        """Connections are refused, as where no server runs."""
        self._run(self._deafen())

    def close(self) -> None:
        if not self._thread.is_alive():
            return
        self._run(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def behave(
        self, way: Way, *, times: int | None = None, path: str = "", retry_after: str | None = None, seconds: float = 0.0
    ) -> None:
        if way is Way.GZIP_BOMB:
            _bomb()  # made here: the thread that forwards must not stand still for it
        self._rules.append(Rule(way, times, path, retry_after, seconds))

    def heal(self) -> None:
        self._rules.clear()

    def times(self, way: Way | None = None) -> list[float]:
        return [one.at for one in self.calls if way in (None, one.way)]

    # -- inside the thread -----------------------------------------------------------------------------------------------

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._served, "127.0.0.1", self._port, reuse_address=True)
            self._port = self._server.sockets[0].getsockname()[1]

    async def _deafen(self) -> None:
        if self._server is None:
            return
        server, self._server = self._server, None
        for one in server.sockets:
            self._loop.remove_reader(one.fileno())
        for _ in range(3):
            await asyncio.sleep(0)  # who was accepted just now is served: a server that has closed drops the connection, open
        server.close()

    async def _end(self) -> None:
        await self._deafen()
        served = list(self._tasks)
        for task in served:
            task.cancel()
        await asyncio.gather(*served, return_exceptions=True)
        await asyncio.sleep(0.01)  # a connection is closed in a later turn of the loop

    def _rule(self, path: str) -> Rule:
        for rule in self._rules:
            if rule.path in path:
                if rule.left is not None:
                    rule.left -= 1
                    if rule.left <= 0:
                        self._rules.remove(rule)
                return rule
        return Rule(Way.FORWARD)

    async def _served(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
                await self._serve(reader, writer)
        finally:
            self._tasks.discard(task)
            with contextlib.suppress(OSError, RuntimeError):
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        at, path = time.time(), head.split(b" ", 2)[1].decode()
        rule = self._rule(path)
        self.calls.append(Called(at, path, rule.way))
        lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        body = await reader.readexactly(int(lengths[0])) if lengths else b""
        await self._answer(rule, head, body, reader, writer)

    async def _answer(
        self, rule: Rule, head: bytes, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        forwarded: Callable[[], Awaitable[bytes]] = lambda: self._forward(head, body)  # noqa: E731 - one line says it best
        match rule.way:
            case Way.FORWARD:
                await _say(writer, await forwarded())
            case Way.THROTTLE:
                more = f"Retry-After: {rule.retry_after}\r\n" if rule.retry_after is not None else ""
                await _say(writer, _page("429 Too Many Requests", more))
            case Way.ERROR_500 | Way.ERROR_502:
                await _say(writer, _page(f"{rule.way.value} Error"))
            case Way.HTML_200:
                await _say(writer, _page("200 OK"))
            case Way.SLOW:
                await asyncio.sleep(rule.seconds)
                await _say(writer, await forwarded())
            case Way.LATE_ANSWER:
                answer = await forwarded()
                await asyncio.sleep(rule.seconds)
                await _say(writer, answer)
            case Way.HANG:
                await reader.read()  # until the caller loses patience
            case Way.APPLIED_THEN_HANG:
                await forwarded()
                await reader.read()
            case Way.TRICKLE:
                for byte in await forwarded():
                    await _say(writer, bytes([byte]))
                    await asyncio.sleep(1)
            case Way.RESET_BEFORE:
                _reset(writer)
            case Way.RESET_MIDDLE:
                answer = await forwarded()
                await _say(writer, answer[: len(answer) - 10])
                await asyncio.sleep(0.05)
                _reset(writer)
            case Way.TRUNCATED_JSON:
                _, _, said = (await forwarded()).partition(b"\r\n\r\n")
                await _say(writer, _json(said[: len(said) // 2]))
            case Way.WRONG_LENGTH:
                _, _, said = (await forwarded()).partition(b"\r\n\r\n")
                await _say(writer, _json(said, length=len(said) + 1000))
            case Way.GZIP_BOMB:
                await _say(writer, _json(_bomb(), more="Content-Encoding: gzip\r\n"))
            case Way.HUGE_BODY:
                await _say(writer, _json(b"", length=_HUGE))
                for _ in range(_HUGE // 65536):
                    await _say(writer, b" " * 65536)
            case Way.ENDLESS_HEADERS:
                await _say(writer, b"HTTP/1.1 200 OK\r\n")
                while not writer.is_closing():
                    await _say(writer, b"X-Filler: " + b"a" * 500 + b"\r\n")
                    await asyncio.sleep(0.001)

    async def _forward(self, head: bytes, body: bytes) -> bytes:
        """Ask the stand-in, whole, on a connection that ends with the answer."""
        lines = [line for line in head.split(b"\r\n") if line and not line.lower().startswith(b"connection:")]
        reader, writer = await asyncio.open_connection(*self._target)
        try:
            writer.write(b"\r\n".join([*lines, b"Connection: close", b"", body]))
            return await reader.read()
        finally:
            writer.close()


@functools.cache
def _bomb() -> bytes:
    """400 MB that travel as 400 KB."""
    return gzip.compress(b"\0" * _HUGE * 4)


async def _say(writer: asyncio.StreamWriter, said: bytes) -> None:
    writer.write(said)
    await writer.drain()


def _page(status: str, more: str = "") -> bytes:
    page = f"<html><body><h1>{status}</h1></body></html>"
    return (_HEAD.format(status=status, kind="text/html", more=f"Content-Length: {len(page)}\r\n{more}") + page).encode()


def _json(body: bytes, *, length: int | None = None, more: str = "") -> bytes:
    told = f"Content-Length: {len(body) if length is None else length}\r\n{more}"
    return _HEAD.format(status="200 OK", kind="application/json", more=told).encode() + body


def _reset(writer: asyncio.StreamWriter) -> None:
    """RST instead of a polite end."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
