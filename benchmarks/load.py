"""A small HTTP load: raw sockets, keep-alive, one request in flight per connection. Fast enough not to be what is measured."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What came of a run: answers per second, and the time to an answer in milliseconds."""

    per_second: float
    p50_ms: float
    p99_ms: float
    statuses: dict[int, int]


async def post(host: str, port: int, path: str, key: str, body_of: Callable[[int], bytes], requests: int, connections: int) -> Load:
    """`body_of(n)` is the body of the n-th request."""
    numbers = iter(range(requests))
    times: list[float] = []
    statuses: dict[int, int] = {}

    async def connection() -> None:
        reader, writer = await asyncio.open_connection(host, port)
        for number in numbers:
            body = body_of(number)
            head = (
                f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            )
            began = time.perf_counter()
            writer.write(head.encode() + body)
            status = await _answer(reader)
            times.append(time.perf_counter() - began)
            statuses[status] = statuses.get(status, 0) + 1
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(connection() for _ in range(connections)))
    took = time.perf_counter() - began
    times.sort()
    return Load(len(times) / took, times[len(times) // 2] * 1000, times[int(len(times) * 0.99)] * 1000, statuses)


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1])
