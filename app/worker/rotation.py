"""One recurring job for many things of a kind: an idle account has no job, no timer and no transaction of its own."""

import asyncio
import contextlib
import heapq
import time
from collections.abc import Awaitable, Callable, Collection

import structlog

log = structlog.get_logger(__name__)

AT_ONCE = 8
"""Things served at a time. One that takes long holds up none of the others."""


class Rotation:
    """Serves each of the things that are named now about every so often; a new one at once.

    A step of the job: whatever is due is served, and it ends when nothing is under way, so that what runs in one place stays there.
    """

    def __init__(
        self,
        kind: str,
        names: Callable[[], Awaitable[Collection[str]]],
        serve: Callable[[str], Awaitable[float]],
        *,
        poll_seconds: float,
        at_once: int = AT_ONCE,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """`names`: asked every `poll_seconds`; `serve`: answers in how many seconds the thing is to be served again."""
        self._kind = kind
        self._names = names
        self._serve = serve
        self._poll_seconds = poll_seconds
        self._at_once = at_once
        self._steady = steady
        self._asked_at = -poll_seconds
        self._named: frozenset[str] = frozenset()
        self._due: list[tuple[float, str]] = []
        """A heap; every named thing that is not being served stands in it once."""

    async def __call__(self) -> int:
        """Answers 0: there is never more to do at once."""
        running: dict[asyncio.Task[float], str] = {}
        try:
            while True:
                await self._learn_names(running)
                self._start_due(running)
                if not running:
                    return 0
                await asyncio.wait(running, timeout=self._poll_seconds, return_when=asyncio.FIRST_COMPLETED)
                self._put_back([task for task in running if task.done()], running)
        finally:
            for task in running:
                task.cancel()
            for task, name in running.items():
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await task
                if name in self._named:
                    heapq.heappush(self._due, (self._steady(), name))

    async def _learn_names(self, running: dict[asyncio.Task[float], str]) -> None:
        now = self._steady()
        if now < self._asked_at + self._poll_seconds:
            return
        self._asked_at = now
        named = frozenset(await self._names())
        if named == self._named:
            return
        kept = [(due, name) for due, name in self._due if name in named]
        known = {name for _, name in kept} | set(running.values())
        self._due = kept + [(now, name) for name in sorted(named - known)]
        heapq.heapify(self._due)
        self._named = named

    def _start_due(self, running: dict[asyncio.Task[float], str]) -> None:
        while self._due and self._due[0][0] <= self._steady() and len(running) < self._at_once:
            _, name = heapq.heappop(self._due)
            running[asyncio.create_task(self._served(name), name=f"{self._kind}:{name}")] = name

    async def _served(self, name: str) -> float:
        try:
            return await self._serve(name)
        except Exception:
            log.exception("step_failed", kind=self._kind, name=name)
            return self._poll_seconds

    def _put_back(self, ended: Collection[asyncio.Task[float]], running: dict[asyncio.Task[float], str]) -> None:
        for task in ended:
            name = running.pop(task)
            if name in self._named:
                heapq.heappush(self._due, (self._steady() + max(task.result(), 0.0), name))
