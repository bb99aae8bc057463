"""Deliveries of one process: a task per claim, and only where something is due.

Nothing runs, waits or polls for a destination at which nothing is due: a thousand idle accounts cost nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

log = structlog.get_logger(__name__)

Due = Callable[[], Awaitable[Sequence[str]]]
Deliver = Callable[[str, Callable[[], None]], Awaitable[int]]
"""Delivers what is due at a destination, and answers how many contacts were served; calls back once they are claimed."""


class Drains:
    """Tasks that deliver until nothing is due any more."""

    def __init__(
        self,
        due: Callable[[], Awaitable[Sequence[str]]],
        deliver: Deliver,
        at_once: Callable[[str], int],
        again: Callable[[], None],
    ) -> None:
        """`due` answers where something is due, `at_once` how many claims a destination may have; `again`: call `start` soon."""
        self._due = due
        self._deliver = deliver
        self._at_once = at_once
        self._again = again
        self._running: dict[str, set[asyncio.Task[None]]] = {}
        self._missed: set[str] = set()
        """Due while all of their tasks ran: any of them may have been about to end."""
        self._stopping = False

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        return [task for tasks in self._running.values() for task in tasks]

    def stop(self) -> None:
        """Every task ends with the claim that it has."""
        self._stopping = True

    async def start(self) -> int:
        """One task more at each destination where something is due; each starts the next one when it has claimed. Answers 0."""
        for destination in await self._due():
            self._start(destination)
        return 0

    def _start(self, destination: str) -> None:
        if self._stopping:
            return
        running = self._running.setdefault(destination, set())
        if len(running) >= self._at_once(destination):
            self._missed.add(destination)
            return
        task = asyncio.create_task(self._drain(destination), name=f"deliver:{destination}")
        running.add(task)
        task.add_done_callback(partial(self._ended, destination))

    async def _drain(self, destination: str) -> None:
        try:
            while not self._stopping and await self._deliver(destination, partial(self._start, destination)):
                pass
        except Exception:
            log.exception("drain_failed", destination=destination)

    def _ended(self, destination: str, task: asyncio.Task[None]) -> None:
        running = self._running[destination]
        running.discard(task)
        if not running:
            del self._running[destination]
        if destination in self._missed:
            self._missed.discard(destination)
            self._again()
