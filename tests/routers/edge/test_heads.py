"""A head that is too large or does not end is answered or cut off; the others do not notice."""

import asyncio
import contextlib
import json

import pytest

from tests.routers.edge.raw import HEAD, request, until_closed

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
    answer = await until_closed(reader)
    assert answer.startswith(b"HTTP/1.1 431")
    assert answer.count(b"HTTP/1.1") == 1
    problem = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert (problem["status"], problem["type"]) == (431, "/problems/headers-too-large")
    writer.close()


@pytest.mark.parametrize("headers", [[b"X-Long: " + b"a" * 30_000], [b"X-%d: a" % number for number in range(98)]])
async def test_a_head_within_its_limits_is_served(served_at: tuple[int, bytes], headers: list[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served_at[0])
    writer.write(request(*headers, b"Connection: close"))
    assert (await until_closed(reader)).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_requests_in_one_piece_are_each_measured_for_themselves(served_at: tuple[int, bytes]) -> None:
    """Forty heads of 2 KB come in one piece: none of them is too large."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served_at[0])
    one = request(b"X-Long: " + b"a" * 2000)
    writer.write(one * 39 + request(b"Connection: close"))
    assert (await until_closed(reader)).count(b"HTTP/1.1 200") == 40
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
        assert b"202" not in await until_closed(reader)
    writer.close()


async def test_what_is_no_http_is_answered_with_a_problem(served_at: tuple[int, bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", served_at[0])
    writer.write(b"HELLO\r\n\r\n")
    answer = await until_closed(reader)
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"application/problem+json" in answer
    writer.close()
