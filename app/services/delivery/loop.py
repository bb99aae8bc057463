"""Deliver the commands of the outbox to their destinations: claim a lease, send, evaluate, record.

No transaction is open while the network is. A crash after the claim leaves commands marked as perhaps sent, and the process that
claims them next verifies before sending again.
"""

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from app.domain.clocks import went_back
from app.domain.delivery.answers import without_call
from app.domain.delivery.circuit_breaker import Circuit
from app.domain.delivery.destination import DestinationState
from app.domain.delivery.outbox import BACKGROUND_PER_CLAIM, Claim, ContactQueue, to_account
from app.domain.delivery.outcomes import NeedsPerson, Outcome, Unknown, without_words
from app.domain.errors import NotReady
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.services.delivery.claims import Claims
from app.services.delivery.dispatch import Dispatch, FailedDispatch, stops_batch
from app.services.delivery.given_up import GivenUp
from app.services.delivery.lease import Lease, LeaseLength
from app.services.delivery.recorder import Recorder
from app.services.delivery.senders.sender import Sender
from app.services.ports.clock import Clock
from app.services.ports.storage import Store

log = structlog.get_logger(__name__)


CLAIMS_IN_FLIGHT = 2
"""Claims per destination that may call, over all processes: as many as calls may be in flight. Calls cannot be counted across
processes, so a claim counts as one, from when it is made until its last call has ended."""

CLAIMS_OF_ONE_PROCESS = 8
"""A process that is alone counts its calls themselves (`RateLimiter`): while some claims wait for jobs to end, others call.

With half as many, a third of the processor idles while the last jobs are waited for, however fast they are: see `JobTimes`.
"""


class Delivery:
    """Delivers to any number of destinations. `sender` answers who sends to one; `shop_of` knows the shops by id, as they are
    configured now; `notify_planner` is called when answers produced events."""

    def __init__(
        self,
        store: Store,
        sender: Callable[[str], Sender],
        shop_of: Callable[[str], Shop | None],
        clock: Clock,
        jitter: Callable[[], float],
        notify_planner: Callable[[], None] = lambda: None,
        lease: timedelta = timedelta(seconds=60),
        claims_in_flight: int = CLAIMS_IN_FLIGHT,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._sender = sender
        self._clock = clock
        self._jitter = jitter
        self._lengths = LeaseLength(lease)
        self.claims = Claims(store, lambda destination: self._sender(destination), shop_of, self._lengths, claims_in_flight)
        self._recorder = Recorder(store, clock, lambda: self._jitter(), notify_planner)
        self.claims_in_flight = claims_in_flight
        self._steady = steady
        self._clock_read: tuple[datetime, float] | None = None
        """What it said, and the steady clock then."""
        self._given_up = GivenUp(store, clock)
        self._suspects: set[ContactQueue] = set()
        """Who was on the way when something of ours failed. Forgetting it costs a round."""
        self._claiming: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._about_to_claim = set[str]()
        """Destinations of which some task waits for its slot: whatever is due there until then is for that task."""

    async def due_destinations(self) -> list[str]:
        """Where something is due, and nobody rests."""
        async with self._store.reading() as work:
            now = await work.now()
            due = await work.leases.due_destinations(now)
            known = await work.destinations.of(due)
        return [one for one in due if known.get(one, DestinationState()).breaker.state(now) is not Circuit.OPEN]

    def claims_at_once(self, destination: str) -> int:
        """How many claims of one process may be on their way to a destination."""
        return self.claims_in_flight if destination.startswith(to_account("")) else 1

    async def watch_clock(self) -> int:
        """At the start, and when the clock was set back: nothing rests until a time that a wrong clock meant. Answers 0."""
        elapsed = self._steady()
        async with self._store.work() as work:
            now = await work.now()
            back = timedelta(0)
            if self._clock_read is not None:
                before, read_at = self._clock_read
                back = went_back(before, now, timedelta(seconds=elapsed - read_at))
            if self._clock_read is None or back:
                moved = await work.leases.set_right(now, back, self._lengths.longest)
                await work.commit()
                if moved or back:
                    log.warning("clock_set_right", seconds=back.total_seconds(), contacts=moved)
        self._clock_read = now, elapsed
        return 0

    async def deliver_due(self, destination: str, claimed: Callable[[], None] = lambda: None) -> int:
        """Send what is due for a destination; answers how many contacts were served. 0 = nothing due, or it rests.

        `claimed` is called once as many are claimed as may be at a time: more may be due.
        """
        with contextlib.ExitStack() as places:
            return await self._deliver(destination, places, claimed)

    async def _deliver(self, destination: str, places: contextlib.ExitStack, claimed: Callable[[], None]) -> int:
        """`places`: releases the slot that is reserved for the first call, if no call is made."""
        if destination in self._about_to_claim:
            return 0
        async with self._claiming[destination]:  # otherwise two tasks could book a slot for the same claim
            if not await self.claims.is_due(destination):
                return 0
            sender = self._sender(destination)
            places.callback(sender.release_slot)
            if not await self._waited_for_slot(destination, sender):
                return 0
            began, length = time.monotonic(), self._lengths.now
            claims, breaker = await self.claims.claim(destination, length)
        if len(claims) >= min(sender.contacts_per_claim, BACKGROUND_PER_CLAIM):
            claimed()
        ready = [claim for claim in claims if claim.commands]
        if ready:
            sender = self._sender(destination)  # while we waited, the configuration may have changed
            dispatches = [self._dispatch(sender, claim) for claim in ready]
            lease = Lease(ready[0].lease_token, length, began)
            async with self.claims.kept_alive(lease, sender):
                outcomes = await self._send(destination, sender, dispatches, lease)
            for form in (outcomes, [without_words(one) for one in outcomes]):
                try:
                    await self._recorder.note_health(destination, breaker, form)
                    break
                except Exception:  # what became of the calls is written down all the same
                    log.exception("health_not_noted", destination=destination)
            await self.claims.calls_ended(destination, lease.token)
            done = bool(outcomes) or any(dispatch.outcomes() for dispatch in dispatches)
            await self._recorder.record(destination, dispatches, lease, is_down=breaker.is_down)
            await self._given_up.ended(destination, anything_done=done)
        elif claims:
            await self.claims.calls_ended(destination, claims[0].lease_token)
        return len(claims)

    async def _waited_for_slot(self, destination: str, sender: Sender) -> bool:
        self._about_to_claim.add(destination)
        try:
            return await sender.ready()
        finally:
            self._about_to_claim.discard(destination)

    def _dispatch(self, sender: Sender, claim: Claim) -> Dispatch:
        if claim.defect is not None:
            return self._failed(claim, claim.defect)
        try:
            return sender.dispatch(claim)
        except Exception as error:
            log.exception("sending_failed", contact_id=claim.contact_id)
            return self._failed(claim, type(error).__name__)

    def _failed(self, claim: Claim, why: str) -> FailedDispatch:
        failed = FailedDispatch(claim)
        failed.fail(without_call(NeedsPerson(Reason.DEFECT, why), self._clock()))
        return failed

    async def _send(self, destination: str, sender: Sender, dispatches: Sequence[Dispatch], lease: Lease) -> list[Outcome]:
        """Outcomes that count for the circuit breaker. After an internal failure each contact of the batch is sent alone (R73)."""
        outcomes = list[Outcome]()
        sendable = [one for one in dispatches if not isinstance(one, FailedDispatch)]
        suspects = [one for one in sendable if one.claim.contact_queue in self._suspects]
        others = [one for one in sendable if one.claim.contact_queue not in self._suspects]
        for some in ([others] if others else []) + [[one] for one in suspects]:
            if any(map(stops_batch, outcomes)):
                break
            await self._send_group(destination, sender, some, lease, outcomes)
        return outcomes

    async def _send_group(
        self, destination: str, sender: Sender, dispatches: Sequence[Dispatch], lease: Lease, outcomes: list[Outcome]
    ) -> None:
        queues = {dispatch.claim.contact_queue for dispatch in dispatches}
        try:
            await sender.send(dispatches, lease, outcomes)
            self._suspects -= queues
        except Exception as error:
            # A defect of ours: what was not answered counts as perhaps sent and is tried again; who failed alone is parked.
            log.exception("sending_failed", destination=destination, contacts=len(dispatches))
            failed: Outcome = Unknown(f"defect: {type(error).__name__}")
            outcomes.append(failed)
            if queues <= self._suspects and not isinstance(error, NotReady):
                self._suspects -= queues
                failed = NeedsPerson(Reason.DEFECT, type(error).__name__)
            elif not isinstance(error, NotReady):
                self._suspects |= queues
            answer = without_call(failed, self._clock())
            for dispatch in dispatches:
                dispatch.fail(answer)
