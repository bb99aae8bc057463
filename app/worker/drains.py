"""Deliveries of one process: a task per claim, and only where something is due.

Nothing runs, waits or polls for a destination at which nothing is due: a thousand idle accounts cost nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import structlog

log = structlog.get_logger(__name__)

Due = Callable[[], Awaitable[Sequence[str]]]
Claimed = Callable[[bool], None]
"""Called once a claim is made: may more be due, beside what it took?"""
Deliver = Callable[[str, Claimed], Awaitable[int]]
"""Delivers what is due at a destination, and answers how many contacts were served."""


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
        self._claiming: dict[str, asyncio.Task[None]] = {}
        """Who is about to claim at a destination. Whatever is due there is for that task: a second one would find nothing."""
        self._asked: set[str] = set()
        """Due while somebody was claiming, perhaps too late for that claim."""
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
        """One task more at each destination where something is due; it starts the next one if it left something. Answers 0."""
        for destination in await self._due():
            self._start(destination)
        return 0

    def _start(self, destination: str) -> None:
        if self._stopping:
            return
        if destination in self._claiming:
            self._asked.add(destination)
            return
        running = self._running.setdefault(destination, set())
        if len(running) >= self._at_once(destination):
            self._missed.add(destination)
            return
        task = asyncio.create_task(self._drain(destination), name=f"deliver:{destination}")
        self._claiming[destination] = task
        running.add(task)
        task.add_done_callback(partial(self._ended, destination))

    async def _drain(self, destination: str) -> None:
        task = asyncio.current_task()
        assert task is not None
        try:
            while not self._stopping and await self._deliver(destination, partial(self._claimed, destination, task)):
                if destination in self._claiming:
                    self._asked.add(destination)
                    return
                self._claiming[destination] = task
        except Exception:
            log.exception("drain_failed", destination=destination)

    def _claimed(self, destination: str, task: asyncio.Task[None], more: bool) -> None:
        if self._claiming.get(destination) is not task:
            return
        del self._claiming[destination]
        if more or destination in self._asked:
            self._asked.discard(destination)
            self._start(destination)

    def _ended(self, destination: str, task: asyncio.Task[None]) -> None:
        running = self._running[destination]
        running.discard(task)
        if not running:
            del self._running[destination]
        self._claimed(destination, task, more=False)
        if destination in self._missed:
            self._missed.discard(destination)
            self._again()
