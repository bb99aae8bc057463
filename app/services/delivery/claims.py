"""Which contacts a worker takes, and for how long: claims, leased, judged by the rules of now (I6, R06b)."""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import structlog

from app.domain.decisions.changes.sent_state import mark_unsent
from app.domain.decisions.recheck import needs_person, rechecked
from app.domain.decisions.undelivered import behind_parked_purchases, undoes_a_purchase
from app.domain.delivery.circuit_breaker import Breaker, Circuit
from app.domain.delivery.outbox import Claim, to_account
from app.domain.errors import NotReady
from app.domain.person.contact import Contact
from app.domain.person.sale import of_orders
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.services.delivery.lease import Lease, LeaseLength
from app.services.delivery.senders.sender import Sender
from app.services.outbox.revocation import revoke
from app.services.ports.storage import Store, Work

log = structlog.get_logger(__name__)


class Claims:
    """`claims_in_flight`: of one destination at a time, over all processes; what is only recorded still does not count."""

    def __init__(
        self,
        store: Store,
        sender: Callable[[str], Sender],
        shop_of: Callable[[str], Shop | None],
        lengths: LeaseLength,
        claims_in_flight: int,
    ) -> None:
        self._store = store
        self._sender = sender
        self._shop_of = shop_of
        self._lengths = lengths
        self._name = secrets.token_hex(8)
        self.claims_in_flight = claims_in_flight
        self._claims_for_lists = max(claims_in_flight - 1, 1)
        """One less: bulk jobs, which may take SALESmanago minutes, leave a slot for live commands (R63)."""

    async def is_due(self, destination: str) -> bool:
        """Is it worth waiting for a slot? What is claimed after the wait is read again."""
        closed = self._sender(destination).closed_shops
        async with self._store.reading() as work:
            now = await work.now()
            if not await work.leases.is_due(destination, closed, now):
                return False
            known = await work.destinations.of([destination])
            if destination in known and known[destination].breaker.state(now) is Circuit.OPEN:
                return False
            in_flight = await work.leases.in_flight(destination, now)
            if in_flight.claims >= self.claims_in_flight:
                return False
            only_live = in_flight.of_lists >= self._claims_for_lists
            return not only_live or await work.leases.is_due(destination, closed, now, only_live=True)

    async def claim(self, destination: str, length: timedelta | None = None) -> tuple[list[Claim], Breaker]:
        """Nothing leaves a shop while an act that takes permission away waits to be decided (I6).

        What such an act could not cancel, because it was on its way at that moment, is cancelled before it is tried again.
        """
        while True:
            claims, breaker = await self._lease(destination, length or self._lengths.now)
            interrupted = [claim for claim in claims if claim.revocations]
            if not interrupted:
                return claims, breaker
            await self._revoke_deferred(interrupted)

    async def _lease(self, destination: str, length: timedelta) -> tuple[list[Claim], Breaker]:
        """Claims, leased; or claims with revocations, which are not: leaving without a commit gives them back."""
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
                await work.commit()  # what turned out to be bulk is checked once
                return nothing, breaker
            if not await self._holds_lock(work, sender, now, length):
                return nothing, breaker
            # A shop may have left the account while something of it waits here.
            left = {claim.shop_id for claim in claims}.difference(sender.blocked_by_revocations_of)
            if left and destination.startswith(to_account("")) and await work.inbox.has_urgent(left):
                return nothing, breaker
            if circuit is Circuit.HALF_OPEN:
                await work.destinations.save(destination, replace(state, breaker=breaker.probing(now + length, length)))
            claims = await self._judged(work, await self._without_those_behind_parked(work, claims, now))
            if not any(claim.revocations for claim in claims):
                await work.commit()
        return claims, breaker

    async def calls_ended(self, destination: str, token: int) -> None:
        """Others may call while what became of these calls is recorded. Where that cannot be said, the lease's end says it."""
        with contextlib.suppress(NotReady):
            async with self._store.work() as work:
                await work.leases.calls_ended(token, destination, await work.now())
                await work.commit()

    async def _without_those_behind_parked(self, work: Work, claims: list[Claim], now: datetime) -> list[Claim]:
        """A cancellation or return does not leave while the purchase of its order is parked (R17): it is parked with it."""
        undoing = [claim for claim in claims if any(map(undoes_a_purchase, (one.command for one in claim.commands)))]
        if not undoing:
            return claims
        undelivered = await work.outbox.undelivered([claim.contact_id for claim in undoing])
        held = dict[int, list[int]]()
        for claim in undoing:
            theirs = undelivered.get(claim.contact_id, [])
            if any(one.parked for one in theirs):
                orders = of_orders([one.command for one in claim.commands])
                sales = await work.sales.of_orders(claim.shop_id, orders)
                held[claim.contact_id] = behind_parked_purchases(claim.commands, theirs, sales)
        for claim in undoing:
            if numbers := held.get(claim.contact_id):
                await work.outbox.park(claim.contact_queue, numbers, now, Reason.WAITS_FOR_PARKED)
                if len(numbers) == len(claim.commands):  # nothing of the claim is left: what comes after it need not wait
                    await work.leases.put_off(claim.contact_queue, claim.lease_token, now)
        return [
            replace(claim, commands=tuple(one for one in claim.commands if one.id not in held.get(claim.contact_id, ())))
            for claim in claims
        ]

    async def _judged(self, work: Work, claims: list[Claim]) -> list[Claim]:
        """What may not leave by the rules of now is cancelled first, as it is by a revocation (R06b)."""
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
                    await work.outbox.park(contact_queue, [one.id for one in claim.commands], now, Reason.DEFECT)
                    await work.outbox.forget_revocations(contact_queue)
            await work.commit()
        if forgot:
            await self._store.remove_leftovers()

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

    async def _holds_lock(self, work: Work, sender: Sender, now: datetime, length: timedelta) -> bool:
        """Some destinations take one caller at a time over all processes. Leaving without a commit gives the claim back."""
        return sender.lock is None or await work.registry.acquire_lock(sender.lock, self._name, now, now + length)

    @asynccontextmanager
    async def kept_alive(self, lease: Lease, sender: Sender) -> AsyncIterator[None]:
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
                        held = await self._holds_lock(work, sender, now, lease.length) and held
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
