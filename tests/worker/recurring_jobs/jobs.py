"""What tests of recurring jobs share: steps that count their runs, and queues of a quick timing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import Any

import asyncpg

from app.worker.recurring_jobs import JobQueue, Timing

SHORT = Timing(heartbeat=1.0, dequeue=0.2, granularity=0.02, heal=0.1, prune=0.1, reconnect=0.05)
NEVER = 3600.0
"""Seconds that no test waits for: what runs again all the same has another reason."""

HANG_SECONDS = 8.0


class Step:
    """Counts its runs, watches for another one beside it, finds what it is told and then nothing."""

    def __init__(self, *finds: int, seconds: float = 0.0) -> None:
        self.runs = 0
        self.ended = 0
        self.cancelled = 0
        self.most_at_once = 0
        self._active = 0
        self._finds = list(finds)
        self._seconds = seconds

    async def __call__(self) -> int:
        self.runs += 1
        self._active += 1
        self.most_at_once = max(self.most_at_once, self._active)
        try:
            await self._work()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self._active -= 1
        self.ended += 1
        return self._finds.pop(0) if self._finds else 0

    async def _work(self) -> None:
        await asyncio.sleep(self._seconds)


class Gate(Step):
    """A step that stays inside until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()

    async def _work(self) -> None:
        await self.open.wait()


class Broken(Step):
    async def _work(self) -> None:
        raise ValueError("broken")


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    loop = asyncio.get_running_loop()
    late = loop.time() + HANG_SECONDS
    while not (await met if isawaitable(met := condition()) else met):
        assert loop.time() < late, "it never came"
        await asyncio.sleep(0.005)


async def some_time_passes(queue: JobQueue, rounds: int = 3) -> None:
    """By the queue's own measure: another of its jobs has run so many times."""
    other = Step()
    name = f"other:{id(other)}"
    queue.every(name, 0.01, other)
    await until(lambda: other.runs >= rounds)
    queue.every(name, NEVER, other)


@asynccontextmanager
async def running(dsn: str | None, timing: Timing = SHORT) -> AsyncIterator[JobQueue]:
    queue = JobQueue(dsn, timing)
    queue.start()
    try:
        yield queue
    finally:
        await queue.stop(0.5)


async def ask(dsn: str, question: str) -> list[Any]:
    """The first column."""
    connection = await asyncpg.connect(dsn)
    try:
        return [row[0] for row in await connection.fetch(question)]
    finally:
        await connection.close()


async def lose_jobs(queue: JobQueue, dsn: str | None) -> None:
    if dsn is None:
        assert queue._session is not None
        await queue._session.queries.clear_queue()
    else:
        await ask(dsn, "DELETE FROM pgqueuer")


async def cut_connections(dsn: str) -> None:
    others = "datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    cut = await ask(dsn, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    assert cut == [True]
