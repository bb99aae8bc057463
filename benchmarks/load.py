"""A small HTTP load: raw sockets, keep-alive, one request in flight per connection. Fast enough not to be what is measured."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Load:
    """What came of a run."""

    seconds: float
    times: tuple[float, ...]
    """Of every answer, in seconds, the quickest first."""
    statuses: dict[int, int]

    @property
    def per_second(self) -> float:
        return len(self.times) / self.seconds

    @property
    def p50_ms(self) -> float:
        return self.times[len(self.times) // 2] * 1000

    @property
    def p99_ms(self) -> float:
        return self.times[int(len(self.times) * 0.99)] * 1000


Body = Callable[[int], bytes]
"""The body of the n-th request."""


def together(loads: Sequence[Load]) -> Load:
    """Several runs as one."""
    statuses: Counter[int] = Counter()
    for one in loads:
        statuses.update(one.statuses)
    return Load(sum(one.seconds for one in loads), tuple(sorted(time for one in loads for time in one.times)), dict(statuses))


async def post(host: str, port: int, path: str, key: str, body_of: Body, requests: int, connections: int) -> Load:
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
    return Load(took, tuple(sorted(times)), statuses)


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
    await reader.readexactly(length)
    return int(head.split(b" ", 2)[1])
