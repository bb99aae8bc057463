"""Parts with spans: intake notes the request that brought an event, senders follow it to the call."""

import time
from collections.abc import Callable, Collection, Sequence
from typing import Any

import httpx
from starlette.types import ASGIApp

from app.bootstrap.parts import Parts
from app.domain.delivery.outbox import Claim
from app.domain.delivery.outcomes import Delivered, Outcome
from app.domain.intake.inbox import Accepted, Conflict, InboxEvent, NewEvent
from app.domain.values import replace
from app.observability.tracing import TracedClient, TracedDoor, Tracing
from app.services.delivery.dispatch import Dispatch
from app.services.delivery.lease import Lease
from app.services.delivery.senders.sender import Sender
from app.services.intake import Intake
from app.services.planning.own_lanes import OwnLanes
from app.services.planning.people import Pseudonym
from app.services.planning.planner import Planner
from app.services.planning.planning_round import PlanningRound
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work
from app.services.shops.directory import ShopDirectory


class TracedParts(Parts):
    def __init__(self, tracing: Tracing) -> None:
        self._tracing = tracing

    def client(self, **options: Any) -> httpx.AsyncClient:
        return TracedClient(self._tracing, **options)

    def intake(self, store: Store, clock: Clock, accepted: Callable[[], None], pseudonym: Pseudonym) -> Intake:
        return TracedIntake(store, clock, accepted, pseudonym, self._tracing)

    def planner(
        self, store: Store, directory: ShopDirectory, clock: Clock, pseudonym: Pseudonym, planned: Callable[[], None]
    ) -> Planner:
        return TracedPlanner(store, directory, clock, pseudonym, planned, self._tracing)

    def senders(self, senders: Callable[[str], Sender], store: Store) -> Callable[[str], Sender]:
        return lambda destination: TracedSender(senders(destination), destination, store, self._tracing)

    def door(self, app: ASGIApp) -> ASGIApp:
        return TracedDoor(app, self._tracing)

    def close(self) -> None:
        self._tracing.close()


class TracedIntake(Intake):
    """Each event is stored with the span of the request that brought it."""

    def __init__(
        self, store: Store, clock: Clock, accepted: Callable[[], None], pseudonym: Pseudonym | None, tracing: Tracing
    ) -> None:
        super().__init__(store, clock, accepted, pseudonym)
        self._tracing = tracing

    async def accept(self, events: Sequence[NewEvent]) -> list[Accepted | Conflict]:
        span = self._tracing.current()
        return await super().accept([replace(event, trace=span) for event in events])


class TracedPlanner(Planner):
    def __init__(
        self,
        store: Store,
        directory: ShopDirectory,
        clock: Clock,
        pseudonym: Pseudonym,
        planned: Callable[[], None],
        tracing: Tracing,
    ) -> None:
        super().__init__(store, directory, clock, pseudonym, planned)
        self._tracing = tracing

    def _round(self, work: Work) -> PlanningRound:
        return TracedRound(work, self._directory, self._clock, self._pseudonym, self._tracing)


class TracedRound(PlanningRound):
    """A round, with a span for each event it decided: from when its deciding began until all of the round was written."""

    def __init__(self, work: Work, directory: ShopDirectory, clock: Clock, pseudonym: Pseudonym, tracing: Tracing) -> None:
        super().__init__(work, directory, clock, pseudonym)
        self._traced = work
        self._tracing = tracing
        self._began: dict[int, int] = {}
        self._requests: dict[int, tuple[str, str, str]] = {}
        """Event -> shop, kind, span of its request."""

    async def load(self, events: list[InboxEvent], lanes: OwnLanes | None = None) -> None:
        self._requests = await self._traced.traces.requests_of([event.seq for event in events])
        await super().load(events, lanes)

    async def plan(self, event: InboxEvent) -> None:
        self._began[event.seq] = time.time_ns()
        await super().plan(event)

    async def save(self) -> None:
        await super().save()
        for ended in self.decided.settlements():
            if ended.seq in self._requests and ended.seq in self._began:
                shop, kind, parent = self._requests[ended.seq]
                reason = ended.reason.value if ended.reason is not None else ""
                self._tracing.decided(shop, kind, parent, self._began[ended.seq], ended.state.value, reason)


class TracedSender:
    """A sender, with a span for each event that something is sent for."""

    def __init__(self, sender: Sender, destination: str, store: Store, tracing: Tracing) -> None:
        self._sender = sender
        self._destination = destination
        self._store = store
        self._tracing = tracing
        self.contacts_per_claim: int = sender.contacts_per_claim
        self.closed_shops: Collection[str] = sender.closed_shops
        self.blocked_by_revocations_of: Collection[str] = sender.blocked_by_revocations_of
        self.lock: str | None = sender.lock

    async def ready(self) -> bool:
        return await self._sender.ready()

    def release_slot(self) -> None:
        self._sender.release_slot()

    def dispatch(self, claim: Claim) -> Dispatch:
        return self._sender.dispatch(claim)

    async def send(self, dispatches: Sequence[Dispatch], lease: Lease, outcomes: list[Outcome]) -> None:
        seqs = sorted({command.event_seq for one in dispatches for command in one.claim.commands})
        async with self._store.work() as work:
            requests = await work.traces.requests_of(seqs)
        with self._tracing.delivery(self._destination, [requests[seq] for seq in seqs if seq in requests]) as spans:
            await self._sender.send(dispatches, lease, outcomes)
            ends = _ends(dispatches)
            for seq, span in zip([seq for seq in seqs if seq in requests], spans, strict=True):
                span.set_attribute("gateway.outcomes", sorted(ends.get(seq, {"not tried"})))


def _ends(dispatches: Sequence[Dispatch]) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for one in dispatches:
        for command, answer in one.outcomes():
            name = type(answer.outcome if answer is not None else Delivered()).__name__.lower()
            found.setdefault(command.event_seq, set()).add(name)
    return found
