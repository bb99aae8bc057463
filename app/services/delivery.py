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
from app.domain.delivery import LONGEST_DELAY, Done, Park, Throttled, Unknown, backoff
from app.domain.difference import untold
from app.domain.errors import NotReady
from app.domain.pipeline import Answer, Attempted, Call, Claim, EventState
from app.domain.reasons import Reason
from app.services.directory import Directory
from app.services.parcels import Parcel, troubles
from app.services.ports import Clock, Store, Upstream, Work
from app.services.sending import send
from app.services.take_back import take_back

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
CONTACTS_PER_CLAIM = 400
RECORD_AGAIN_SECONDS = (0.1, 0.5, 2.0)
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
        ready = [claim for claim in claims if not claim.take_backs and claim.commands]
        if ready:
            parcels = [Parcel.of(claim) for claim in ready]
            async with self._kept_alive(ready[0].lease_token):
                await self._send(account_id, parcels)
            await self._recorded(account_id, parcels)
        return len(claims)

    async def _send(self, account_id: str, parcels: Sequence[Parcel]) -> None:
        try:
            await send(self._upstream(account_id), parcels)
        except Exception as error:
            # A defect of ours: what was not answered counts as perhaps sent and is tried again, later and later.
            log.exception("sending_failed", account_id=account_id)
            call = Call("", self._clock(), 0, "unknown", type(error).__name__, 0)
            for parcel in parcels:
                parcel.fail(Answer(Unknown(f"defect: {type(error).__name__}"), call))

    # -- claiming --------------------------------------------------------------------------------------------------------

    async def _claim(self, account_id: str) -> list[Claim]:
        """Nothing is claimed while an act that takes permission away waits to be decided (I6)."""
        now = self._clock()
        async with self._store.work() as work:
            if await work.inbox.has_urgent(self._directory.open_shops(account_id)):
                return []
            closed = self._directory.closed_shops(account_id)
            claims = await work.outbox.claim(account_id, closed, CONTACTS_PER_CLAIM, now, LEASE)
            if not claims:
                return []
            returned = [claim for claim in claims if claim.take_backs]
            for claim in returned:
                await self._apply_take_backs(work, claim)
            await work.outbox.return_claims(returned)
            await work.commit()
        return claims

    async def _apply_take_backs(self, work: Work, claim: Claim) -> None:
        """An act that arrived while the contact was on its way: what came back unsent does not leave any more."""
        now = self._clock()
        cancelled = [
            command
            for one in claim.take_backs
            for command in await take_back(work, claim.shop_id, claim.contact_id, one.act, one.reason, now, one.up_to)
        ]
        people = await work.contacts.by_ids([claim.contact_id])
        await work.contacts.save([replace(one, contact=untold(one.contact, cancelled)) for one in people], now)

    @asynccontextmanager
    async def _kept_alive(self, token: int) -> AsyncIterator[None]:
        """Renew the lease at a third of its length for as long as the calls take."""

        async def renew() -> None:
            while True:
                await asyncio.sleep(LEASE.total_seconds() / 3)
                with contextlib.suppress(NotReady):  # a blip of the store: the next third of the lease tries again
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

    async def _recorded(self, account_id: str, parcels: Sequence[Parcel]) -> None:
        """The calls are made: a blip of the store must not cost their answers."""
        now = self._clock()
        attempted = [parcel.judged(now, self._jitter()) for parcel in parcels]
        self._rest_or_go_on(account_id, parcels, now)
        for pause in RECORD_AGAIN_SECONDS:
            with contextlib.suppress(NotReady):
                await self._record(account_id, attempted, now)
                return
            await asyncio.sleep(pause)
        await self._record(account_id, attempted, now)

    async def _record(self, account_id: str, attempted: Sequence[Attempted], now: datetime) -> None:
        async with self._store.work() as work:
            lost = await work.outbox.record(attempted, account_id, now)
            kept = [one for one in attempted if one.claim.contact_id not in lost]
            done = Counter(try_.command.event_seq for one in kept for try_ in one.tried if isinstance(try_.verdict, Done))
            await work.inbox.commands_settled(done, now)
            for reason in (Reason.REFUSED, Reason.GAVE_UP):
                parked = {try_.command.event_seq for one in kept for try_ in one.tried if try_.verdict == Park(reason)}
                await work.inbox.mark(parked, EventState.PARKED, reason, now)
            for one in kept:
                if any(isinstance(try_.command.command, DeleteContact) and try_.verdict == Done() for try_ in one.tried):
                    await work.outbox.scrub(one.claim.contact_id, "erased")
                if readdressed := one.readdressed():
                    await work.outbox.rewrite(one.claim.contact_id, readdressed, [], now)
            await work.commit()
        if lost:
            log.warning("lease_lost", account_id=account_id, contacts=len(lost))
        self._report(account_id, attempted)

    def _rest_or_go_on(self, account_id: str, parcels: Sequence[Parcel], now: datetime) -> None:
        """When an account asks for rest or cannot be reached, nobody else's turn is spent on finding out again."""
        outcomes = [answer.outcome for parcel in parcels for answer in parcel.answers()]
        trouble = troubles(outcomes)
        if not trouble:
            self._failures[account_id] = 0
            return
        self._failures[account_id] += 1
        rest = min(backoff(self._failures[account_id]) * self._jitter(), LONGEST_REST)
        asked = [one.retry_after for one in trouble if isinstance(one, Throttled) and one.retry_after is not None]
        rest = max(rest, min(timedelta(seconds=max(asked, default=0.0)), LONGEST_DELAY))
        self._rest_until[account_id] = now + rest
        log.info("account_rests", account_id=account_id, seconds=rest.total_seconds(), cause=type(trouble[-1]).__name__)

    def _report(self, account_id: str, attempted: Sequence[Attempted]) -> None:
        counted = Counter(type(try_.outcome).__name__.lower() for one in attempted for try_ in one.tried)
        log.info("delivered", account_id=account_id, contacts=len(attempted), **counted)
