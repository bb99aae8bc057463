"""H4: an answer is unpacked within the limit on what is read, however it is packed."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.clients.rate_limiter import RateLimiter
from app.clients.transport import ANSWER_LIMIT_BYTES, TOO_LARGE, Received, Reply, Transport
from app.clients.unpacking import NotUnpacked, TooLarge, Unpacking
from app.domain.delivery.outcomes import Unknown

UNREADABLE = Unknown("the answer cannot be unpacked")
MB = 1024 * 1024


def packed(content: bytes) -> bytes:
    """Without the time of day: it would be part of a test's name."""
    return gzip.compress(content, mtime=0)


@cache
def bomb(size: int, wbits: int = 16 + zlib.MAX_WBITS) -> bytes:
    """Zeros, packed a megabyte at a time. Seconds of work: made when a test runs, not when tests are collected."""
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    return b"".join([packer.compress(bytes(MB)) for _ in range(size // MB)]) + packer.flush()


@asynccontextmanager
async def answering(body: bytes, *headers: str, status: str = "200 OK") -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server of bare sockets; answers its address and the heads of requests it got."""
    heard: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.append(await reader.readuntil(b"\r\n\r\n"))
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", heard
    finally:
        server.close()


async def received(body: bytes, *headers: str) -> Received:
    async with answering(body, *headers) as (url, _), httpx.AsyncClient() as http:
        return await Transport(http, RateLimiter(1000)).post(url, {}, {})


@contextmanager
def memory_watched() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("packed_body", "headers", "outcome"),
    [
        (lambda: bomb(200 * MB), ["Content-Encoding: gzip"], TOO_LARGE),
        (lambda: bomb(200 * MB), ["Content-Encoding: x-gzip"], TOO_LARGE),
        (lambda: bomb(200 * MB, zlib.MAX_WBITS), ["Content-Encoding: deflate"], TOO_LARGE),
        (lambda: bomb(9 * MB) * 30, ["Content-Encoding: gzip"], TOO_LARGE),
        (lambda: packed(bomb(200 * MB)), ["Content-Encoding: gzip, gzip"], UNREADABLE),
        (lambda: packed(bomb(200 * MB)), ["Content-Encoding: gzip", "Content-Encoding: GZIP"], UNREADABLE),
        (lambda: bomb(200 * MB), ["Content-Encoding: br"], UNREADABLE),
        (lambda: bomb(200 * MB), ["Content-Encoding: zstd"], UNREADABLE),
        (lambda: bomb(200 * MB), ["Content-Encoding: gzip, identity, deflate"], UNREADABLE),
    ],
    ids=["gzip", "x-gzip", "deflate", "many files", "twice", "two headers", "brotli", "zstd", "mixed"],
)
async def test_h4_a_packed_bomb_is_not_unpacked(packed_body: Callable[[], bytes], headers: list[str], outcome: Unknown) -> None:
    body = packed_body()
    with memory_watched():
        assert await received(body, *headers) == outcome
        assert tracemalloc.get_traced_memory()[1] < 4 * ANSWER_LIMIT_BYTES


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b'{"a": 1}', []),
        (b'{"a": 1}', ["Content-Encoding: identity"]),
        (packed(b'{"a": 1}'), ["Content-Encoding: gzip"]),
        (packed(b'{"a"') + packed(b": 1}"), ["Content-Encoding: gzip"]),
        (zlib.compress(b'{"a": 1}'), ["Content-Encoding: Deflate"]),
    ],
)
async def test_one_layer_that_we_asked_for_is_read(body: bytes, headers: list[str]) -> None:
    answer = await received(body, *headers)
    assert isinstance(answer, Reply)
    assert answer.body == b'{"a": 1}'


@pytest.mark.parametrize("body", [packed(b"x" * 100)[:-4], packed(b"x" * 100)[:12], b"plain", packed(b"x") + b"rest"])
async def test_what_is_broken_is_not_read_in_part(body: bytes) -> None:
    assert await received(body, "Content-Encoding: gzip") == UNREADABLE


async def test_an_empty_answer_needs_no_unpacking() -> None:
    answer = await received(b"", "Content-Encoding: gzip")
    assert isinstance(answer, Reply)
    assert answer.body == b""


async def test_we_ask_for_what_we_read() -> None:
    async with answering(b"{}") as (url, heard), httpx.AsyncClient() as http:
        await Transport(http, RateLimiter(1000)).post(url, {}, {})
    (head,) = heard
    assert [line for line in head.lower().split(b"\r\n") if line.startswith(b"accept-encoding")] == [b"accept-encoding: gzip"]


@given(st.binary(max_size=2000), st.integers(1, 50), st.sampled_from(["gzip", "deflate", ""]), st.integers(0, 2100))
def test_however_it_is_cut_into_pieces_it_is_read_whole_or_not_at_all(
    content: bytes, piece: int, encoding: str, limit: int
) -> None:
    written = {"gzip": packed(content), "deflate": zlib.compress(content), "": content}[encoding]
    unpacking = Unpacking([encoding], limit)
    try:
        for start in range(0, len(written), piece):
            unpacking.feed(written[start : start + piece])
        assert unpacking.whole() == content
        assert max(len(content), len(written)) <= limit
    except TooLarge:
        assert max(len(content), len(written)) > limit


@given(st.binary(max_size=200))
def test_noise_is_not_unpacked(noise: bytes) -> None:
    unpacking = Unpacking(["gzip"], 1000)

    def read() -> bytes:
        unpacking.feed(b"\x00" + noise)
        return unpacking.whole()

    with pytest.raises(NotUnpacked):
        read()
