"""Deliver what the outbox holds: claim a lease, look where an outcome is unknown, send, judge, record.

No transaction is open while the network is. A crash after the claim leaves commands marked as perhaps sent, and whoever
claims them next looks before sending again.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from app.domain.commands import DeleteContact
from app.domain.delivery import Done, Park, Throttled, backoff
from app.domain.difference import untold
from app.domain.pipeline import Attempted, Claim, EventState
from app.domain.reasons import Reason
from app.services.directory import Directory
from app.services.parcels import Parcel, is_trouble
from app.services.ports import Clock, Store, Upstream, Work
from app.services.sending import send
from app.services.take_back import take_back

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
CONTACTS_PER_CLAIM = 400
LONGEST_REST = timedelta(seconds=60)
"""An account that does not answer is asked again at least this often; its contacts keep their own, longer backoff."""


class Delivery:
    """Delivers for any number of accounts. `upstream` answers the client of an account."""

    def __init__(
        self,
        store: Store,
        directory: Directory,
        upstream: Callable[[str], Upstream],
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        self._store = store
        self._directory = directory
        self._upstream = upstream
        self._clock = clock
        self._jitter = jitter
        self._rest_until: dict[str, datetime] = {}
        self._failures: Counter[str] = Counter()

    async def deliver_due(self, account_id: str) -> int:
        """Send what is due for an account; answers how many contacts were served. 0 = nothing due, or the account rests."""
        now = self._clock()
        if self._rest_until.get(account_id, now) > now:
            return 0
        claims = await self._claim(account_id)
        if not claims:
            return 0
        upstream = self._upstream(account_id)
        async with self._kept_alive(claims[0].lease_token):
            parcels = [Parcel.of(claim) for claim in claims]
            await send(upstream, parcels)
        await self._record(account_id, parcels)
        return len(parcels)

    # -- claiming --------------------------------------------------------------------------------------------------------

    async def _claim(self, account_id: str) -> list[Claim]:
        """Nothing is claimed while an act that takes permission away waits to be decided (I6)."""
        now = self._clock()
        async with self._store.work() as work:
            if await work.inbox.has_urgent():
                return []
            closed = self._directory.closed_shops(account_id)
            claims = await work.outbox.claim(account_id, closed, CONTACTS_PER_CLAIM, now, LEASE)
            if not claims:
                return []
            for claim in claims:
                if claim.take_back is not None:
                    await self._apply_take_back(work, claim)
            await work.outbox.return_claims([claim.contact_id for claim in claims if claim.take_back is not None])
            await work.commit()
        return [claim for claim in claims if claim.take_back is None and claim.commands]

    async def _apply_take_back(self, work: Work, claim: Claim) -> None:
        assert claim.take_back is not None
        now = self._clock()
        cancelled = await take_back(work, claim.contact_id, claim.take_back.act, claim.take_back.reason, now)
        people = await work.contacts.by_ids([claim.contact_id])
        await work.contacts.save([replace(one, contact=untold(one.contact, cancelled)) for one in people], now)

    @asynccontextmanager
    async def _kept_alive(self, token: int) -> AsyncIterator[None]:
        """Renew the lease at a third of its length for as long as the calls take."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(LEASE.total_seconds() / 3)
                async with self._store.work() as work:
                    await work.outbox.renew(token, self._clock() + LEASE)
                    await work.commit()

        renewing = asyncio.create_task(renew())
        try:
            yield
        finally:
            renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await renewing

    # -- recording -------------------------------------------------------------------------------------------------------

    async def _record(self, account_id: str, parcels: Sequence[Parcel]) -> None:
        now = self._clock()
        attempted = [parcel.judged(now, self._jitter()) for parcel in parcels]
        self._rest_or_go_on(account_id, parcels, now)
        async with self._store.work() as work:
            lost = await work.outbox.record(attempted, account_id, now)
            kept = [one for one in attempted if one.claim.contact_id not in lost]
            done = Counter(try_.command.event_seq for one in kept for try_ in one.tried if isinstance(try_.verdict, Done))
            await work.inbox.commands_settled(done, now)
            for reason in (Reason.REFUSED, Reason.GAVE_UP):
                parked = {try_.command.event_seq for one in kept for try_ in one.tried if try_.verdict == Park(reason)}
                await work.inbox.mark(parked, EventState.PARKED, reason, now)
            for one in kept:
                if any(isinstance(try_.command.command, DeleteContact) for try_ in one.tried):
                    await work.outbox.scrub(one.claim.contact_id, "erased")
            await work.commit()
        if lost:
            log.warning("lease_lost", account_id=account_id, contacts=len(lost))
        self._report(account_id, attempted)

    def _rest_or_go_on(self, account_id: str, parcels: Sequence[Parcel], now: datetime) -> None:
        """When an account asks for rest or cannot be reached, nobody else's turn is spent on finding out again."""
        outcomes = [answer.outcome for parcel in parcels for answer in parcel.answers()]
        trouble = [one for one in outcomes if is_trouble(one)]
        if not trouble:
            self._failures[account_id] = 0
            return
        self._failures[account_id] += 1
        rest = min(backoff(self._failures[account_id]) * self._jitter(), LONGEST_REST)
        asked = [one.retry_after for one in trouble if isinstance(one, Throttled) and one.retry_after is not None]
        self._rest_until[account_id] = now + max(rest, timedelta(seconds=max(asked, default=0.0)))
        log.info("account_rests", account_id=account_id, seconds=rest.total_seconds(), cause=type(trouble[-1]).__name__)

    def _report(self, account_id: str, attempted: Sequence[Attempted]) -> None:
        counted = Counter(type(try_.outcome).__name__.lower() for one in attempted for try_ in one.tried)
        log.info("delivered", account_id=account_id, contacts=len(attempted), **counted)
