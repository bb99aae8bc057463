"""A caller that trickles is let go; the others do not notice."""

import asyncio
import contextlib

import pytest

from app.routers.edge import deadlines
from tests.routers.edge.raw import HEAD, request, until_closed


async def test_a_request_whose_headers_do_not_end_is_cut_off(served_at: tuple[int, bytes]) -> None:
    async def answer_to(sent: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", served_at[0])
        writer.write(sent)
        answer = await until_closed(reader)
        writer.close()
        return answer

    unfinished = (b"", b"POST /v1/shops/shop1/or", HEAD % b"key" + b"X-Slow: ")
    assert await asyncio.gather(*map(answer_to, unfinished)) == [b"", b"", b""]


async def test_a_later_request_of_a_connection_has_a_deadline_of_its_own(served_at: tuple[int, bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served_at[0])
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTT")
    answer = await until_closed(reader)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.count(b"HTTP/1.1") == 1
    writer.close()


async def test_a_body_that_does_not_end_is_answered_408_and_the_connection_closed(served_at: tuple[int, bytes]) -> None:
    port, key = served_at
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD % key + b'Content-Length: 100\r\n\r\n{"event_id":')
    answer = await until_closed(reader)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"/problems/too-slow" in answer
    writer.close()


async def test_hundreds_of_idle_connections_keep_nobody_waiting(served_at: tuple[int, bytes]) -> None:
    port, _ = served_at
    idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(300)]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (await until_closed(reader)).startswith(b"HTTP/1.1 200")
    ends = await asyncio.gather(*(until_closed(one) for one, _ in idle))
    assert set(ends) == {b""}
    for _, other in (*idle, (reader, writer)):
        other.close()
        with contextlib.suppress(OSError):
            await other.wait_closed()


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
    assert (await until_closed(reader)).startswith(b"HTTP/1.1 401")
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
    answer = await until_closed(reader)
    assert answer.startswith(b"HTTP/1.1 401")
    assert b"HTTP/1.1 200" in answer
    writer.close()
