"""A caller that trickles, or sends a head without end, is let go; the others do not notice."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.routers.edge import body_limits, deadlines
from app.server.runner import bound, served
from tests.support.gateways import open_door

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

HEAD = b"POST /v1/shops/shop1/orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nAuthorization: Bearer %s\r\n"


@pytest.fixture
async def served_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[int, bytes]]:
    """(port, key of shop1) of a gateway with little patience."""
    monkeypatch.setattr(deadlines, "HEAD_SECONDS", 0.4)
    monkeypatch.setattr(body_limits, "BODY_SECONDS", 0.4)
    listening = bound("127.0.0.1", 0)
    async with open_door(tmp_path) as door, served(door.app, listening):
        yield listening.getsockname()[1], door.keys["shop1"].encode()


async def _until_closed(reader: asyncio.StreamReader) -> bytes:
    """What arrives, until the other side is gone: to one that still sends, its end may be a reset."""
    heard = b""
    async with asyncio.timeout(5):
        with contextlib.suppress(ConnectionResetError):
            while some := await reader.read(65_536):
                heard += some
    return heard


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


# -- heads without end ---------------------------------------------------------------------------------------------------


def request(*headers: bytes, path: bytes = b"/healthz", body: bytes = b"") -> bytes:
    return b"\r\n".join([b"GET " + path + b" HTTP/1.1", b"Host: x", *headers, b"", b""]) + body


TOO_LARGE = {
    "one header of 40 KB": request(b"X-Long: " + b"a" * 40_000),
    "one header of 1 MB": request(b"X-Long: " + b"a" * 1_000_000),
    "a header of 1 MB that does not end": request(b"X-Long: " + b"a" * 1_000_000)[:-4],
    "a name of 1 MB": request(b"X" * 1_000_000 + b": a"),
    "an address of 1 MB": request(path=b"/" + b"a" * 1_000_000),
    "a query of 1 MB": request(path=b"/healthz?" + b"a" * 1_000_000),
    "a thousand headers": request(*(b"X-%d: a" % number for number in range(1000))),
    "a hundred empty headers and one": request(*(b"X: " for _ in range(100))),
    "many headers, large together": request(*(b"X-%d: " % number + b"a" * 1000 for number in range(40))),
}


@pytest.mark.parametrize("sent", TOO_LARGE.values(), ids=TOO_LARGE)
async def test_a_head_that_is_too_large_is_answered_431_and_the_connection_closed(
    served_at: tuple[int, bytes], sent: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served_at[0])
    writer.write(sent)
    answer = await _until_closed(reader)
    assert answer.startswith(b"HTTP/1.1 431")
    assert answer.count(b"HTTP/1.1") == 1
    problem = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (problem["status"], problem["type"]) == (431, "/problems/headers-too-large")
    writer.close()


@pytest.mark.parametrize("headers", [[b"X-Long: " + b"a" * 30_000], [b"X-%d: a" % number for number in range(98)]])
async def test_a_head_within_its_limits_is_served(served_at: tuple[int, bytes], headers: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served_at[0])
    writer.write(request(*headers, b"Connection: close"))
    assert (await _until_closed(reader)).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_requests_in_one_piece_are_each_measured_for_themselves(served_at: tuple[int, bytes]) -> None:
    """Forty heads of 2 KB come in one piece: none of them is too large."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served_at[0])
    one = request(b"X-Long: " + b"a" * 2000)
    writer.write(one * 39 + request(b"Connection: close"))
    assert (await _until_closed(reader)).count(b"HTTP/1.1 200") == 40
    writer.close()


@pytest.mark.parametrize("endless", [b"1;" + b"x" * 500_000, b"0\r\nX-Trailer: " + b"a" * 500_000])
async def test_chunk_extensions_and_trailers_without_end_close_the_connection(served_at: tuple[int, bytes], endless: bytes) -> None:
    port, key = served_at
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD % key + b"Transfer-Encoding: chunked\r\n\r\n")
    await writer.drain()
    with contextlib.suppress(ConnectionError):
        for at in range(0, len(endless), 50_000):
            writer.write(endless[at : at + 50_000])
            await writer.drain()
            await asyncio.sleep(0)
        assert b"202" not in await _until_closed(reader)
    writer.close()


async def test_what_is_no_http_is_answered_with_a_problem(served_at: tuple[int, bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served_at[0])
    writer.write(b"HELLO\r\n\r\n")
    answer = await _until_closed(reader)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in answer
    writer.close()


# -- who shows no key ----------------------------------------------------------------------------------------------------


async def test_a_wrong_key_is_refused_before_the_body_came(served_at: tuple[int, bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served_at[0])
    writer.write(HEAD % b"gwk_00000000_00_00" + b"Content-Length: 1000000\r\n\r\n{")
    async with asyncio.timeout(5):
        assert (await reader.readline()).startswith(b"HTTP/1.1 401")
    writer.close()


async def test_who_goes_on_sending_a_body_after_a_refusal_is_let_go(
    served_at: tuple[int, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadlines, "LINGER_SECONDS", 0.3)
    reader, writer = await asyncio.open_connection("127.0.0.1", served_at[0])
    writer.write(HEAD % b"gwk_00000000_00_00" + b"Content-Length: 1000000\r\n\r\n{")
    trickling = asyncio.create_task(_trickle(writer))
    assert (await _until_closed(reader)).startswith(b"HTTP/1.1 401")
    trickling.cancel()
    writer.close()


async def _trickle(writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)


async def test_a_refused_caller_that_sends_all_of_its_body_gets_the_answer_and_may_go_on(served_at: tuple[int, bytes]) -> None:
    """Cut off while it sends, it would hear of a broken connection, and not why."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served_at[0])
    body = b" " * 800_000
    writer.write(HEAD % b"gwk_00000000_00_00" + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    await writer.drain()
    writer.write(request(b"Connection: close"))
    answer = await _until_closed(reader)
    assert answer.startswith(b"HTTP/1.1 401")
    assert b"HTTP/1.1 200" in answer
    writer.close()
