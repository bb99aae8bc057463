"""Accept events: store them, and only then say so (I1).

Requests that arrive together share one transaction (group commit): the writer takes whatever waits, commits once, and
answers them all. A lone request is not delayed.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from datetime import datetime
from typing import NamedTuple

import structlog

from app.domain.errors import GatewayError, NotReady
from app.domain.intake.arrival import arrived
from app.domain.intake.inbox import Accepted, Conflict, NewEvent
from app.domain.values import replace
from app.observability.metrics import clock_ahead_seconds
from app.services.planning.event_ids import disguised, names_somebody
from app.services.planning.people import Pseudonym
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work

log = structlog.get_logger(__name__)

GROUP = 256
"""Events per commit, or a few more: beyond it the time of the commit no longer matters beside the inserts. A larger batch is
stored in several commits, and others of the process come between them."""

IDLE_ITERATIONS = 8
"""A group is complete after so many iterations of the event loop without another request. One takes some microseconds
when nothing waits; a commit costs as much as ten inserts."""

GATHER_SECONDS = 0.005
"""Or once its first request has waited so long: an iteration lasts when somebody else computes in it."""


class _Waiting(NamedTuple):
    events: Sequence[NewEvent]
    answers: asyncio.Future[list[Accepted | Conflict]]
    since: float
    """By the clock of the event loop."""


class Intake:
    """`accepted` is called after every commit that brought new events. `pseudonym`: how ids of erased people were disguised."""

    def __init__(self, store: Store, clock: Clock, accepted: Callable[[], None], pseudonym: Pseudonym | None = None) -> None:
        self._pseudonym = pseudonym
        self._store = store
        self._clock = clock
        self._accepted = accepted
        self._queue: asyncio.Queue[_Waiting] = asyncio.Queue(maxsize=10_000)
        self._writer: asyncio.Task[None] | None = None
        self.failures = 0
        """How often the store did not take what was to be accepted."""

    async def accept(self, events: Sequence[NewEvent]) -> list[Accepted | Conflict]:
        """Store events durably; answers one by one, in order.

        A second call with the same id and content changes nothing and answers as the first did. Raises `NotReady` if
        nothing can be promised; then nothing was stored of these events, or they are stored and will answer as duplicates.
        """
        if len(events) <= GROUP:
            return await self._accept_group(events)
        answers: list[Accepted | Conflict] = []
        for start in range(0, len(events), GROUP):
            answers += await self._accept_group(events[start : start + GROUP])
        return answers

    async def _accept_group(self, events: Sequence[NewEvent]) -> list[Accepted | Conflict]:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write(), context=Context())  # it serves more than this request
        loop = asyncio.get_running_loop()
        waiting = _Waiting(events, loop.create_future(), loop.time())
        try:
            self._queue.put_nowait(waiting)
        except asyncio.QueueFull:
            raise NotReady(retry_after_seconds=1) from None
        return await waiting.answers

    async def accept_with(self, events: Sequence[NewEvent], also: Callable[[Work], Awaitable[None]]) -> list[Accepted | Conflict]:
        """As `accept`, in a transaction of its own, in which `also` stores what belongs to the events: both, or nothing."""
        return await self._stored(list(events), also)

    async def close(self) -> None:
        """Callers that still wait get `NotReady`; what was being committed may be stored and will answer as a duplicate."""
        if self._writer is not None:
            self._writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._writer
        _refuse(self._all_waiting(), NotReady())

    def _all_waiting(self) -> list[_Waiting]:
        """Taken out of the queue."""
        return [self._queue.get_nowait() for _ in range(self._queue.qsize())]

    async def _write(self) -> None:
        while True:
            group = [await self._queue.get()]
            try:
                await self._gather(group)
            except asyncio.CancelledError:
                _refuse(group, NotReady())
                raise
            await self._commit(group)

    async def _gather(self, group: list[_Waiting]) -> None:
        """Add what waits, and what arrives before the event loop is idle, up to a full group."""
        clock = asyncio.get_running_loop().time
        taken, idle, until = len(group[0].events), 0, group[0].since + GATHER_SECONDS
        while True:
            while taken < GROUP and not self._queue.empty():
                group.append(self._queue.get_nowait())
                taken += len(group[-1].events)
                idle = 0
            if taken >= GROUP or idle >= IDLE_ITERATIONS or clock() >= until:
                return
            await asyncio.sleep(0)
            idle += 1

    async def _commit(self, group: list[_Waiting]) -> None:
        try:
            await self._stored([event for waiting in group for event in waiting.events], answer=lambda found: _answer(group, found))
        except GatewayError as failure:
            # Later callers have waited as long already: nobody waits for a second failure before getting an answer.
            _refuse([*group, *self._all_waiting()], failure)
            return
        except Exception as defect:
            # One event must not fail the others: each request is tried alone, and the caller of the one at fault gets the error.
            if len(group) > 1:
                for waiting in group:
                    await self._commit([waiting])
            else:
                log.exception("intake_failed")
                _refuse(group, defect)
            return
        except asyncio.CancelledError:
            _refuse(group, NotReady())
            raise

    async def _stored(
        self,
        events: list[NewEvent],
        also: Callable[[Work], Awaitable[None]] | None = None,
        answer: Callable[[list[Accepted | Conflict]], None] = lambda _: None,
    ) -> list[Accepted | Conflict]:
        """`answer` is called before the next caller of the store has it: a round of planning would come before the answer."""
        try:
            async with self._store.work(first=True) as work:
                received_at = self._clock()
                known = await self._as_erased(work, events)
                answers = await work.inbox.add([_dated(event, received_at) for event in known or events], received_at)
                if also is not None:
                    await also(work)
                await work.commit()
                if known:  # the caller gets its own id
                    answers = [replace(one, event_id=event.event_id) for one, event in zip(answers, events, strict=True)]
                self._accepted()
                answer(answers)
        except NotReady:
            self.failures += 1
            raise
        return answers

    async def _as_erased(self, work: Work, events: list[NewEvent]) -> list[NewEvent]:
        """The events, under the ids by which those of erased people are remembered; empty if there is none among them."""
        if self._pseudonym is None or not any(names_somebody(event.event_id) for event in events):
            return []
        ids = {
            (event.shop_id, event.event_id): disguised(self._pseudonym, event.shop_id, event.event_id)
            for event in events
            if names_somebody(event.event_id)
        }
        there = await work.inbox.there([(shop_id, other) for (shop_id, _), other in ids.items()])
        if not there:
            return []
        known = {key: other for key, other in ids.items() if (key[0], other) in there}
        return [replace(event, event_id=known.get((event.shop_id, event.event_id), event.event_id)) for event in events]


def _dated(event: NewEvent, received_at: datetime) -> NewEvent:
    """The event as it is stored (R08); how far a shop's clock is ahead is shown."""
    stored = arrived(event, received_at)
    if stored is not event:
        clock_ahead_seconds.labels(event.shop_id).set((event.event.at - received_at).total_seconds())
    return stored


def _answer(group: list[_Waiting], answers: list[Accepted | Conflict]) -> None:
    at = 0
    for waiting in group:
        if not waiting.answers.done():
            waiting.answers.set_result(answers[at : at + len(waiting.events)])
        at += len(waiting.events)


def _refuse(group: list[_Waiting], failure: Exception) -> None:
    for waiting in group:
        if not waiting.answers.done():
            waiting.answers.set_exception(failure)
