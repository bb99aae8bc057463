"""A caller that trickles is let go; the others do not notice."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app import deadlines
from app.routers import border
from app.server import bound, served
from tests.gateways import open_door

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

HEAD = b"POST /v1/shops/shop1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\n"


@pytest.fixture
async def served_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[int, bytes]]:
    """(port, key of shop1) of a gateway with little patience."""
    monkeypatch.setattr(deadlines, "HEAD_SECONDS", 0.4)
    monkeypatch.setattr(border, "BODY_SECONDS", 0.4)
    listening = bound("127.0.0.1", 0)
    async with open_door(tmp_path) as door, served(door.app, listening):
        yield listening.getsockname()[1], door.keys["shop1"].encode()


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(5):
        return await reader.read()


@pytest.mark.parametrize("sent", [b"", b"POST /v1/shops/shop1/or", HEAD % b"key" + b"X-Slow: "])
async def test_a_request_whose_headers_do_not_end_is_cut_off(served_at: tuple[int, bytes], sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served_at[0])
    writer.write(sent)
    assert await _until_closed(reader) == b""
    writer.close()


async def test_a_later_request_of_a_connection_has_a_deadline_of_its_own(served_at: tuple[int, bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served_at[0])
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTT")
    answer = await _until_closed(reader)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b"HTTP/1.1") == 1
    writer.close()


async def test_a_body_that_does_not_end_is_answered_408_and_the_connection_closed(served_at: tuple[int, bytes]) -> None:
    port, key = served_at
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD % key + b'Content-Length: 100\r\n\r\n{"event_id":')
    answer = await _until_closed(reader)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"/problems/too-slow" in answer
    writer.close()


async def test_hundreds_of_idle_connections_keep_nobody_waiting(served_at: tuple[int, bytes]) -> None:
    port, _ = served_at
    idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(300)]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await _until_closed(reader)).startswith(b"HTTP/1.1 200")
    ends = await asyncio.gather(*(_until_closed(one) for one, _ in idle))
    assert set(ends) == {b""}
    for _, other in (*idle, (reader, writer)):
        other.close()
        with contextlib.suppress(OSError):
            await other.wait_closed()
