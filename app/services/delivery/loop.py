"""Deliver what the outbox holds, to whichever neighbour it is for: claim a lease, send, judge, record.

No transaction is open while the network is. A crash after the claim leaves commands marked as perhaps sent, and whoever
claims them next verifies before sending again.
"""

import asyncio
import contextlib
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from itertools import chain, repeat

import structlog

from app.domain.clocks import went_back
from app.domain.commands import DeleteContact, HomeCommand, Question, UpsertContact
from app.domain.decisions.changes.salesmanago_changes import repeat_opt_out
from app.domain.decisions.changes.sent_state import mark_unsent
from app.domain.decisions.recheck import needs_person, rechecked
from app.domain.delivery.answers import Attempted, addressed_as_before, without_call
from app.domain.delivery.circuit_breaker import CLOSED, Breaker, Circuit
from app.domain.delivery.destination import DestinationState
from app.domain.delivery.outbox import Claim, ContactQueue, NewCommand, to_account
from app.domain.delivery.outcomes import LONGEST_DELAY, Done, NeedsPerson, Outcome, Unknown, name_of, without_words
from app.domain.errors import NotReady
from app.domain.intake.endings import endings
from app.domain.intake.inbox import EventState, NewEvent
from app.domain.person.contact import Contact
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.services.delivery.dispatch import Dispatch, FailedDispatch, failures, stops_batch
from app.services.delivery.given_up import GivenUp
from app.services.delivery.lease import Lease, LeaseLength
from app.services.delivery.sender import Sender
from app.services.outbox.manual_tasks import replace_older
from app.services.outbox.revocation import revoke
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work

log = structlog.get_logger(__name__)

RECORD_AGAIN_SECONDS = (0.1, 0.5, 2.0)
"""Between one try to record and the next; the last of them again and again."""

CLAIMS_IN_FLIGHT = 2
"""Open claims per destination over all processes, as many as calls may be in flight. Calls cannot be counted across
processes, so a claim counts as one."""

CLAIMS_OF_ONE_PROCESS = 4
"""A process that is alone counts its calls themselves (`RateLimiter`): while some claims wait for jobs to end, others call."""


class Delivery:
    """Delivers to any number of destinations. `sender` answers who sends to one; `shop_of` knows the shops by id, as they are
    configured now; `heard` is called when news came back."""

    def __init__(
        self,
        store: Store,
        sender: Callable[[str], Sender],
        shop_of: Callable[[str], Shop | None],
        clock: Clock,
        jitter: Callable[[], float],
        heard: Callable[[], None] = lambda: None,
        lease: timedelta = timedelta(seconds=60),
        claims_in_flight: int = CLAIMS_IN_FLIGHT,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._sender = sender
        self._shop_of = shop_of
        self._clock = clock
        self._jitter = jitter
        self._heard = heard
        self._lengths = LeaseLength(lease)
        self._name = secrets.token_hex(8)
        self.claims_in_flight = claims_in_flight
        self._claims_for_lists = max(claims_in_flight - 1, 1)
        """One less: jobs of a list, which may take SALESmanago minutes, leave room for whoever comes now (R63)."""
        self._steady = steady
        self._clock_read: tuple[datetime, float] | None = None
        """What it said, and the steady clock then."""
        self._given_up = GivenUp(store, clock)
        self._suspects: set[ContactQueue] = set()
        """Who was on the way when something of ours failed. Forgetting it costs a round."""
        self._claiming: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def due_destinations(self) -> list[str]:
        """Where something is due, and nobody rests."""
        async with self._store.work() as work:
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

    async def deliver_due(self, destination: str, claimed: Callable[[bool], None] = lambda _: None) -> int:
        """Send what is due for a destination; answers how many contacts were served. 0 = nothing due, or it rests.

        `claimed` is called once the claim is made; whether as many were claimed as may be at a time: then more may be due.
        """
        with contextlib.ExitStack() as places:
            return await self._deliver(destination, places, claimed)

    async def _deliver(self, destination: str, places: contextlib.ExitStack, claimed: Callable[[bool], None]) -> int:
        """`places`: releases the slot that is reserved for the first call, if no call is made."""
        async with self._claiming[destination]:  # otherwise two tasks could book a slot for the same claim
            if not await self._is_due(destination):
                return 0
            sender = self._sender(destination)
            places.callback(sender.release_slot)
            if not await sender.ready():
                return 0
            began, length = time.monotonic(), self._lengths.now
            claims, breaker = await self._claim(destination, length)
        claimed(len(claims) >= sender.contacts_per_claim)
        ready = [claim for claim in claims if claim.commands]
        if ready:
            sender = self._sender(destination)  # while we waited, the configuration may have changed
            dispatches = [self._dispatch(sender, claim) for claim in ready]
            lease = Lease(ready[0].lease_token, length, began)
            async with self._kept_alive(lease, sender):
                heard = await self._send(destination, sender, dispatches, lease)
            for form in (heard, [without_words(one) for one in heard]):
                try:
                    await self._note_health(destination, breaker, form)
                    break
                except Exception:  # what became of the calls is written down all the same
                    log.exception("health_not_noted", destination=destination)
            done = bool(heard) or any(dispatch.outcomes() for dispatch in dispatches)
            await self._recorded(destination, dispatches, lease)
            await self._given_up.ended(destination, anything_done=done)
        return len(claims)

    async def _is_due(self, destination: str) -> bool:
        """Worth waiting for a turn? What is claimed after the wait is looked up anew."""
        async with self._store.work() as work:
            now = await work.now()
            if (await work.destinations.locked(destination)).breaker.state(now) is Circuit.OPEN:
                return False
            in_flight = await work.leases.in_flight(destination, now)
            if in_flight.claims >= self.claims_in_flight:
                return False
            only_live = in_flight.of_lists >= self._claims_for_lists
            return await work.leases.is_due(destination, self._sender(destination).closed_shops, now, only_live=only_live)

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
        """What was heard of the neighbour. Whoever was there when something of ours failed travels alone the next time (R73)."""
        heard = list[Outcome]()
        sendable = [one for one in dispatches if not isinstance(one, FailedDispatch)]
        suspects = [one for one in sendable if one.claim.contact_queue in self._suspects]
        others = [one for one in sendable if one.claim.contact_queue not in self._suspects]
        for some in ([others] if others else []) + [[one] for one in suspects]:
            if any(map(stops_batch, heard)):
                break
            await self._send_group(destination, sender, some, lease, heard)
        return heard

    async def _send_group(
        self, destination: str, sender: Sender, dispatches: Sequence[Dispatch], lease: Lease, heard: list[Outcome]
    ) -> None:
        boxes = {dispatch.claim.contact_queue for dispatch in dispatches}
        try:
            await sender.send(dispatches, lease, heard)
            self._suspects -= boxes
        except Exception as error:
            # A defect of ours: what was not answered counts as perhaps sent and is tried again; who failed alone is parked.
            log.exception("sending_failed", destination=destination, contacts=len(dispatches))
            failed: Outcome = Unknown(f"defect: {type(error).__name__}")
            heard.append(failed)
            if boxes <= self._suspects and not isinstance(error, NotReady):
                self._suspects -= boxes
                failed = NeedsPerson(Reason.DEFECT, type(error).__name__)
            elif not isinstance(error, NotReady):
                self._suspects |= boxes
            answer = without_call(failed, self._clock())
            for dispatch in dispatches:
                dispatch.fail(answer)

    # -- claiming --------------------------------------------------------------------------------------------------------

    async def _claim(self, destination: str, length: timedelta | None = None) -> tuple[list[Claim], Breaker]:
        """Nothing leaves a shop while an act that takes permission away waits to be decided (I6).

        What such an act could not take back, because it was on its way at that moment, is taken back before it is tried again.
        """
        while True:
            claims, breaker = await self._lease(destination, length or self._lengths.now)
            interrupted = [claim for claim in claims if claim.revocations]
            if not interrupted:
                return claims, breaker
            await self._revoke_deferred(interrupted)

    async def _lease(self, destination: str, length: timedelta) -> tuple[list[Claim], Breaker]:
        """Claims, leased; or claims with take-backs, which are not: leaving without a commit gives them back."""
        sender, nothing = self._sender(destination), list[Claim]()
        async with self._store.work() as work:
            state = await work.destinations.locked(destination)  # those who claim here come one after the other
            now, breaker = await work.now(), state.breaker
            circuit = breaker.state(now)
            in_flight = await work.leases.in_flight(destination, now)
            if circuit is Circuit.OPEN or in_flight.claims >= self.claims_in_flight:
                return nothing, breaker
            if sender.blocked_by_revocations_of and await work.inbox.has_urgent(sender.blocked_by_revocations_of):
                return nothing, breaker
            at_most = 1 if circuit is Circuit.HALF_OPEN else sender.contacts_per_claim
            only_live = in_flight.of_lists >= self._claims_for_lists
            claims = await work.leases.claim(destination, sender.closed_shops, at_most, now, length, only_live=only_live)
            if not claims:
                await work.commit()  # who turned out to be of a list is looked at once
                return nothing, breaker
            if not await self._has_turn(work, sender, now, length):
                return nothing, breaker
            # A shop may have left the account while something of it waits here.
            if destination.startswith(to_account("")) and await work.inbox.has_urgent({claim.shop_id for claim in claims}):
                return nothing, breaker
            if circuit is Circuit.HALF_OPEN:
                await work.destinations.save(destination, replace(state, breaker=breaker.probing(now + length, length)))
            claims = await self._judged(work, claims)
            if not any(claim.revocations for claim in claims):
                await work.commit()
        return claims, breaker

    async def _judged(self, work: Work, claims: list[Claim]) -> list[Claim]:
        """What may not leave by the rules of now is taken back first, like what an act took back (R06b)."""
        shops = {shop_id: self._shop_of(shop_id) for shop_id in {claim.shop_id for claim in claims}}
        careful = {shop_id for shop_id, shop in shops.items() if shop is not None and needs_person(shop)}
        concerned = [claim.contact_id for claim in claims if claim.shop_id in careful]
        try:
            people = await self._people(work, concerned)
            unread = set[int]()
        except Exception as error:
            if not work.survives(error):
                raise
            people, unread = {}, set(concerned)  # somebody among them cannot be read: each by itself
        judged = []
        for claim in claims:
            try:
                if claim.contact_id in unread:
                    people |= await self._people(work, [claim.contact_id])
                judged.append(rechecked(claim, shops[claim.shop_id], people.get(claim.contact_id)))
            except Exception as error:  # of ours, over this one: it is parked, and holds up nobody else (R73)
                if not work.survives(error):
                    raise
                log.exception("judging_failed", contact_id=claim.contact_id)
                judged.append(replace(claim, defect=type(error).__name__))
        return judged

    async def _people(self, work: Work, contact_ids: Sequence[int]) -> dict[int, Contact]:
        """By the id that is asked for; who was merged into another is that other one."""
        found = {one.id: one for one in await work.contacts.by_ids(contact_ids)} if contact_ids else {}
        into = {one.merged_into for one in found.values() if one.merged_into is not None}
        takers = {one.id: one for one in await work.contacts.by_ids(into)} if into else {}
        return {contact_id: takers.get(one.merged_into or 0, one).contact for contact_id, one in found.items()}

    async def _revoke_deferred(self, claims: Sequence[Claim]) -> None:
        """The lock of those who decide comes first, then the contact queue: contacts are written by one at a time."""
        forgot = False
        async with self._store.work() as work:
            await work.inbox.lock_contacts()
            now = await work.now()
            for claim in claims:
                contact_queue = claim.contact_queue
                if await work.leases.is_held(contact_queue, now):
                    continue  # somebody else has it by now, and will come here
                try:
                    forgot = await self._revocation_of(work, claim, now) or forgot
                except Exception as error:  # of ours, over this one: nothing of it leaves, and it holds up nobody else (R73)
                    if not work.survives(error):
                        raise
                    log.exception("taking_back_failed", contact_id=claim.contact_id)
                    await work.outbox.park(contact_queue, [one.id for one in claim.commands], now)
                    await work.outbox.forget_revocations(contact_queue)
            await work.commit()
        if forgot:
            await self._store.empty_log()

    async def _revocation_of(self, work: Work, claim: Claim, now: datetime) -> bool:
        """Answers whether the person was erased meanwhile, and what is settled by now was scrubbed."""
        contact_queue = claim.contact_queue
        noted = (await work.outbox.deferred(contact_queue.destination, [contact_queue.contact_id])).get(
            contact_queue.contact_id, ()
        )
        cancelled = [
            command
            for one in dict.fromkeys((*noted, *claim.revocations))
            for command in await revoke(work, claim.shop_id, contact_queue, one.act, one.reason, now, one.up_to)
        ]
        people = await work.contacts.by_ids([contact_queue.contact_id])
        await work.contacts.save([replace(one, contact=mark_unsent(one.contact, cancelled)) for one in people], now)
        await work.outbox.forget_revocations(contact_queue)
        erased = [one for one in people if one.erased_hash is not None]
        for one in erased:
            await work.outbox.scrub(one.id, one.erased_hash or "")
        return bool(erased)

    async def _has_turn(self, work: Work, sender: Sender, now: datetime, length: timedelta) -> bool:
        """Some neighbours take one caller at a time, whichever process it is in. Leaving without a commit gives the claim back."""
        return sender.turn is None or await work.registry.acquire_lock(sender.turn, self._name, now, now + length)

    @asynccontextmanager
    async def _kept_alive(self, lease: Lease, sender: Sender) -> AsyncIterator[None]:
        """Renew the lease at a third of its length for as long as the calls take."""

        async def renew() -> None:
            while True:
                third, slept = lease.length.total_seconds() / 3, time.monotonic()
                await asyncio.sleep(third)
                began = time.monotonic()
                with contextlib.suppress(NotReady):  # a blip of the store: the next third of the lease tries again
                    async with self._store.work() as work:
                        now = await work.now()
                        held = await work.leases.renew(lease.token, now, now + lease.length)
                        held = await self._has_turn(work, sender, now, lease.length) and held
                        await work.commit()
                    self._lengths.renewed(time.monotonic() - slept - third)
                    if not held:
                        lease.lost()
                        return
                    lease.renewed(began)

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await renewing

    # -- recording -------------------------------------------------------------------------------------------------------

    async def _recorded(self, destination: str, dispatches: Sequence[Dispatch], lease: Lease) -> None:
        """Everything together; should that fail, each by itself: what one answer says holds up nobody else (R73)."""
        now = self._clock()
        judged = [self._ended(dispatch, now) for dispatch in dispatches]
        attempted = [one for one, _ in judged]
        try:
            await self._kept(destination, attempted, {one.claim.contact_id: news for one, news in judged}, now, lease)
        except NotReady:
            raise
        except Exception:
            log.exception("recording_failed", destination=destination, contacts=len(judged))
            for one, news in judged:
                await self._recorded_alone(destination, one, news, now, lease)

    def _ended(self, dispatch: Dispatch, now: datetime) -> tuple[Attempted, list[NewEvent]]:
        try:
            attempted = dispatch.judged(now, self._jitter())
            return attempted, dispatch.news(attempted)
        except Exception as error:
            log.exception("judging_failed", contact_id=dispatch.claim.contact_id)
            untried = Attempted(dispatch.claim, (), now, 0, None, now)
            return untried.not_recorded(type(error).__name__), []

    async def _recorded_alone(self, destination: str, one: Attempted, news: list[NewEvent], now: datetime, lease: Lease) -> None:
        """As it is; without the neighbour's words; parked. Whatever the store refuses, the call is not repeated at once."""
        failure = None
        for form in (one, one.without_words()):
            failure = await self._failure_to_keep(destination, form, news, now, lease)
            if failure is None:
                return
        parked = one.not_recorded(type(failure).__name__)
        if await self._failure_to_keep(destination, parked, [], now, lease) is None:
            return
        log.error("answer_lost", destination=destination, contact_id=one.claim.contact_id)
        async with self._store.work() as work:
            await work.leases.put_off(one.claim.contact_queue, one.claim.lease_token, now + LONGEST_DELAY)
            await work.commit()

    async def _failure_to_keep(
        self, destination: str, one: Attempted, news: list[NewEvent], now: datetime, lease: Lease
    ) -> Exception | None:
        try:
            await self._kept(destination, [one], {one.claim.contact_id: news}, now, lease)
        except NotReady:
            raise
        except Exception as error:
            log.exception("answer_not_recorded", destination=destination, contact_id=one.claim.contact_id)
            return error
        return None

    async def _kept(
        self,
        destination: str,
        attempted: Sequence[Attempted],
        news: Mapping[int, list[NewEvent]],
        now: datetime,
        lease: Lease,
    ) -> None:
        """The calls are made: their answers are kept until the store takes them, or until whoever claims next looks first."""
        for pause in chain(RECORD_AGAIN_SECONDS, repeat(RECORD_AGAIN_SECONDS[-1])):
            try:
                await self._record(destination, attempted, news, now)
                return
            except NotReady:
                if not lease:
                    raise
            await asyncio.sleep(pause)

    async def _record(
        self, destination: str, attempted: Sequence[Attempted], news: Mapping[int, list[NewEvent]], now: datetime
    ) -> None:
        async with self._store.work() as work:
            lost = await work.results.record(attempted, destination, now)
            kept = [one for one in attempted if one.claim.contact_id not in lost]
            ended = endings(kept)
            await work.inbox.commands_settled(ended.delivered, now)
            for dropped in ended.dropped:
                await work.inbox.drop(*dropped, now)
            for reason, parked in ended.parked.items():
                await work.inbox.mark(parked, EventState.PARKED, reason, now)
            for one in kept:
                await replace_older(work, one.claim.contact_queue, one.shop_states(), now)
            await self._tell_opt_outs_again(work, destination, [one for one in kept if one.told_opt_in()], now)
            heard = [event for one in kept for event in news[one.claim.contact_id]]
            await work.inbox.add(heard, now)
            forgot = False
            for one in kept:
                if any(isinstance(try_.command.command, DeleteContact) and try_.verdict == Done() for try_ in one.tried):
                    await work.outbox.scrub(one.claim.contact_id, "erased")
                    forgot = True
                if readdressed := one.readdressed():
                    await work.outbox.rewrite(one.claim.contact_queue, readdressed, [], now)
                if kept_names := one.not_renamed():
                    await self._address_as_before(work, one.claim.contact_queue, kept_names, now)
            forgot = await self._forget_erased(work, kept) or forgot
            await work.commit()
        if forgot:
            await self._store.empty_log()
        if lost:
            log.warning("lease_lost", destination=destination, contacts=len(lost))
        if heard:
            self._heard()
        self._report(destination, attempted)

    async def _address_as_before(self, work: Work, contact_queue: ContactQueue, names: Mapping[str, str], now: datetime) -> None:
        """SALESmanago refused a rename: what waits behind it goes to the contact that is there, and makes no twin (R72)."""
        waiting = (await work.outbox.waiting(contact_queue.destination, [contact_queue.contact_id])).get(
            contact_queue.contact_id, []
        )
        await work.outbox.rewrite(contact_queue, addressed_as_before(waiting, names), [], now)

    async def _tell_opt_outs_again(self, work: Work, destination: str, told: Sequence[Attempted], now: datetime) -> None:
        """An opt-in arrived although meanwhile an opt-out was learned, from a callback or another shop of the account.

        Which of the two SALESmanago saw last is not known, so the opt-out is told once more (I6). An opt-out that waits in
        the same contact queue comes after the opt-in anyway.
        """
        if not told:
            return
        contacts = [one.claim.contact_id for one in told]
        waiting = await work.outbox.waiting(destination, contacts)
        shops = {one.claim.contact_id: (one.claim.shop_id, one.told_opt_in()[-1].event_seq) for one in told}
        arrived = {
            one.claim.contact_id: [opt_in.command for opt_in in one.told_opt_in() if isinstance(opt_in.command, UpsertContact)]
            for one in told
        }
        for person in await work.contacts.by_ids(contacts):
            behind = [one.command for one in waiting.get(person.id, ()) if isinstance(one.command, UpsertContact)]
            again = repeat_opt_out(person.contact, behind, arrived[person.id])
            if again is not None:
                shop_id, seq = shops[person.id]
                await work.outbox.queue([NewCommand(destination, shop_id, person.id, seq, again, counted=False)], now)

    async def _forget_erased(self, work: Work, kept: Sequence[Attempted]) -> bool:
        """Erased while a change was on its way home: what is settled now must not keep the address either."""
        named = [one.claim.contact_id for one in kept if isinstance(one.claim.commands[0].command, HomeCommand | Question)]
        erased = [person for person in await work.contacts.by_ids(named) if person.erased_hash is not None] if named else []
        for person in erased:
            await work.outbox.scrub(person.id, person.erased_hash or "")
        return bool(erased)

    async def _note_health(self, destination: str, before: Breaker, outcomes: Sequence[Outcome]) -> None:
        """When a neighbour asks for rest or cannot be reached, nobody else's turn is spent on finding out again."""
        trouble = failures(outcomes)
        if before == CLOSED and not trouble:
            return  # nothing has changed
        with contextlib.suppress(NotReady):  # what is not noted now is found out again
            async with self._store.work() as work:
                state = await work.destinations.locked(destination)
                now = await work.now()
                if outcomes:
                    breaker = state.breaker.failed(trouble, now, self._jitter()) if trouble else CLOSED
                else:
                    breaker = state.breaker.not_probed(before)
                await work.destinations.save(destination, replace(state, breaker=breaker))
                await work.commit()
            if breaker.rest_until is None:
                log.info("destination_is_back", destination=destination)
            elif outcomes:
                seconds = (breaker.rest_until - now).total_seconds()
                log.info("destination_rests", destination=destination, seconds=seconds, cause=breaker.cause)

    def _report(self, destination: str, attempted: Sequence[Attempted]) -> None:
        counted = Counter(name_of(try_.outcome) for one in attempted for try_ in one.tried)
        log.info("delivered", destination=destination, contacts=len(attempted), **counted)
