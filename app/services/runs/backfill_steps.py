"""The first transfer, step by step: read a page of the panel's accounts, queue them as events, remember where we are (R60-R64).

The page is read with no transaction open. What it brings and where it leaves us are then written together, and only if
nobody moved the backfill meanwhile: a crash, a second worker, or a person who pauses at that moment can at most cause the
page to be read once more.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from app.domain.commands import Command, as_upsert
from app.domain.consent import Policy, Status
from app.domain.delivery.outcomes import Delivered, backoff, message_of, name_of, pause_asked
from app.domain.errors import NotReady
from app.domain.events import AccountListed
from app.domain.intake.gateway_events import gateway_event
from app.domain.intake.inbox import EventState, NewEvent, Settlement
from app.domain.reasons import Reason
from app.domain.runs import backfill as steps
from app.domain.runs.backfill import Backfill, ListedAccount, ListedAccountRecord, Listing, Pause, Phase, Sample
from app.domain.runs.backfill_tally import QUEUED, WOULD_SEND
from app.domain.shops.shop import Shop
from app.services.isolation import storable
from app.services.planning.dry_run import DryRun
from app.services.ports.clock import Clock
from app.services.ports.shop_side import ShopSide
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory

log = structlog.get_logger(__name__)

LOAD_ASKED_EVERY = timedelta(minutes=1)
LONGEST_REST = timedelta(minutes=10)
OVERLOADED = "panel_overloaded"
SHOP_DISABLED = "shop_disabled"
DEFECT = "defect"
"""Of ours, in this one step; it is in the log."""


class ShopSides(Protocol):
    def __call__(self, shop_id: str) -> ShopSide: ...


class Queued(Protocol):
    def __call__(self) -> None: ...


class BackfillSteps:
    """`queued` is called when a page brought events."""

    def __init__(
        self, store: Store, directory: ShopDirectory, sides: ShopSides, dry_run: DryRun, clock: Clock, queued: Queued
    ) -> None:
        self._store = store
        self._directory = directory
        self._sides = sides
        self._clock = clock
        self._dry_run = dry_run
        self._queued = queued
        self._failures: Counter[int] = Counter()
        self._load_asked: dict[str, datetime] = {}

    async def step_due(self) -> int:
        """One step of every backfill whose time has come; answers how many there were."""
        async with self._store.work() as work:
            due = await work.backfills.due(self._clock())
        await asyncio.gather(*(self._step_alone(run) for run in due))  # a slow panel holds up no other (R71)
        return len(due)

    async def _step_alone(self, run: Backfill) -> None:
        try:
            await self.step(run)
        except NotReady:
            raise
        except Exception:
            log.exception("backfill_step_failed", shop_id=run.shop_id, backfill_id=run.id)
            self._failures[run.id] += 1
            await self._rest(run, DEFECT, min(backoff(self._failures[run.id]), LONGEST_REST))

    async def step(self, run: Backfill) -> None:
        shop = self._directory.shop(run.shop_id)
        if shop is None or not shop.enabled:
            await self._rest(run, SHOP_DISABLED, LOAD_ASKED_EVERY)
        elif run.lists_accounts and shop.policy is not Policy.ALL_CUSTOMERS:
            await self._save(run, steps.paused(run, Pause.POLICY_CHANGED))
        elif run.lists_accounts:
            await self._page(run, shop)
        else:
            await self._check(run)

    async def _page(self, run: Backfill, shop: Shop) -> None:
        side, at = self._sides(shop.id), self._clock()
        if await self._is_overloaded(shop, side, at):
            await self._rest(run, OVERLOADED, steps.OVERLOAD_REST)
            return
        listing = await side.accounts(run.page, run.closing_since if run.phase is Phase.CLOSING else None)
        outcome = listing.answer.outcome
        if not isinstance(outcome, Delivered):
            self._failures[run.id] += 1
            # Retry-After may lengthen a rest, never shorten it; beyond our longest wait we ask again ourselves.
            pause = max(pause_asked(outcome), min(backoff(self._failures[run.id]), LONGEST_REST))
            await self._rest(run, message_of(outcome) or name_of(outcome), pause)
            return
        self._failures.pop(run.id, None)
        if run.phase is Phase.COUNTING:
            await self._count(run, listing, shop, at)
        else:
            await self._queue(run, listing, shop, at)

    async def _is_overloaded(self, shop: Shop, side: ShopSide, now: datetime) -> bool:
        """Asked once a minute, not with every page (contract 1.7)."""
        asked = self._load_asked.get(shop.id)
        if asked is not None and now - asked < LOAD_ASKED_EVERY:
            return False
        if await side.is_overloaded():
            return True
        self._load_asked[shop.id] = now
        return False

    async def _queue(self, run: Backfill, listing: Listing, shop: Shop, at: datetime) -> None:
        """A page; without the accounts that cannot be queued, should there be one: they are noted as failed (R73)."""
        try:
            await self._queue_without(frozenset(), run, listing, shop, at)
        except NotReady:
            raise
        except Exception:
            log.exception("backfill_page_failed", shop_id=run.shop_id, backfill_id=run.id, page=run.page)
            culprits = [account.id for account in listing.accounts if not await self._is_storable(run, account, shop, at)]
            if not culprits:
                raise
            await self._queue_without(frozenset(culprits), run, listing, shop, at)

    async def _is_storable(self, run: Backfill, account: ListedAccount, shop: Shop, at: datetime) -> bool:
        try:
            note = _noted(run, account, shop)
            events = [_event(run, shop, account, at)] if note.note == QUEUED else []
        except Exception:
            log.exception("account_left_out", shop_id=shop.id, account=account.id)
            return False
        return len(await storable(self._store, events, at)) == len(events)

    async def _queue_without(self, culprits: frozenset[int], run: Backfill, listing: Listing, shop: Shop, at: datetime) -> None:
        async with self._store.work() as work:
            known = await work.backfills.noted(run.id, [account.id for account in listing.accounts])
            notes: dict[int, ListedAccountRecord] = {}
            events: list[NewEvent] = []
            queued = changed = 0
            for account in listing.accounts:
                if run.phase is Phase.CANARY and run.canaries + queued >= shop.backfill.canary:
                    break
                before = notes.get(account.id) or known.get(account.id)
                if account.id in culprits:
                    if before is None:
                        notes[account.id] = ListedAccountRecord(account.id, Reason.DEFECT.value, "")
                elif before is None:
                    note = _noted(run, account, shop)
                    notes[account.id] = note
                    queued += note.note == QUEUED
                    events += [_event(run, shop, account, at)] if note.note == QUEUED else []
                elif run.phase is Phase.CLOSING and _is_news(before, account, shop):
                    await work.backfills.note_again(run.id, account.id, account.content, run.event_id(account))
                    events.append(_event(run, shop, account, at))
                    changed += 1
            fresh = await work.backfills.note(run.id, list(notes.values()))
            after = steps.after_page(run, listing, len(fresh), queued, shop, self._clock(), changed=changed)
            if not await work.backfills.save(after, run):
                return  # somebody paused it, or stepped it, while the page was read
            await work.inbox.add(events, self._clock())
            await work.commit()
        self._report(run, after)
        if events:
            self._queued()

    async def _count(self, run: Backfill, listing: Listing, shop: Shop, at: datetime) -> None:
        """What would happen, decided by the very rules that would decide it, and not kept."""
        staying = {account.id: reason for account in listing.accounts if (reason := steps.own_reason(account, shop))}
        listed = [(one.id, _listed(one, at)) for one in listing.accounts if one.id not in staying]
        verdicts, failed = await self._dry_run.of_each(shop.id, listed)
        staying |= dict.fromkeys(failed, Reason.DEFECT)
        notes, samples = [], dict(run.samples)
        for account in listing.accounts:
            settlement, commands = verdicts.get(account.id, (None, []))
            note = _imagined_end(settlement) if settlement is not None else staying[account.id].value
            notes.append(ListedAccountRecord(account.id, note, "" if account.id in staying else account.content))
            if len(samples.get(note, ())) < steps.SAMPLES:
                samples[note] = (*samples.get(note, ()), _sample(account, commands))
        async with self._store.work() as work:
            fresh = await work.backfills.note(run.id, notes)
            after = replace(steps.after_page(run, listing, len(fresh), 0, shop, self._clock()), samples=samples)
            if after.phase is not Phase.COUNTING:
                tally = await work.backfills.tally(run)
                after = replace(after, preview=tally, report=tally if after.is_over else None)
            if not await work.backfills.save(after, run):
                return
            await work.commit()
        self._report(run, after)

    async def _check(self, run: Backfill) -> None:
        async with self._store.work() as work:
            after = steps.after_check(run, await work.backfills.tally(run), self._clock())
            if await work.backfills.save(after, run):
                await work.commit()
        self._report(run, after)

    async def _rest(self, run: Backfill, why: str, rest: timedelta) -> None:
        if run.trouble != why:
            log.info("backfill_rests", shop_id=run.shop_id, backfill_id=run.id, why=why)
        await self._save(run, steps.resting(run, why, self._clock() + rest))

    async def _save(self, run: Backfill, after: Backfill) -> None:
        async with self._store.work() as work:
            if await work.backfills.save(after, run):
                await work.commit()

    def _report(self, run: Backfill, after: Backfill) -> None:
        if after.phase is not run.phase or after.paused is not run.paused:
            log.info("backfill_phase", shop_id=run.shop_id, backfill_id=run.id, phase=after.phase.value, found=after.found)


def _noted(run: Backfill, account: ListedAccount, shop: Shop) -> ListedAccountRecord:
    reason = steps.own_reason(account, shop)
    if reason is not None:
        return ListedAccountRecord(account.id, reason.value, "")  # of whom is none of this shop's business only the number is kept
    return ListedAccountRecord(account.id, QUEUED, account.content, run.event_id(account))


def _is_news(before: ListedAccountRecord, account: ListedAccount, shop: Shop) -> bool:
    """Changed since it was queued, or of our shop only now."""
    changed = before.note != QUEUED or before.content != account.content
    return changed and steps.own_reason(account, shop) is None


def _event(run: Backfill, shop: Shop, account: ListedAccount, at: datetime) -> NewEvent:
    return gateway_event(shop.id, "account-listed", _listed(account, at), run.event_id(account), held=not shop.enabled)


def _listed(account: ListedAccount, at: datetime) -> AccountListed:
    assert account.customer is not None, "accounts without an address stay"
    return AccountListed(at=at, customer=account.customer)


def _imagined_end(settlement: Settlement) -> str:
    if settlement.state is EventState.PLANNED:
        return WOULD_SEND
    return settlement.reason.value if settlement.reason is not None else settlement.state.value


def _sample(account: ListedAccount, commands: Sequence[Command]) -> Sample:
    upsert = next(filter(None, map(as_upsert, commands)), None)
    if upsert is None:
        return Sample(account.id)
    said = {"email": upsert.email_status, "sms": upsert.phone_status}
    opt_ins = tuple(channel for channel, status in said.items() if status is Status.OPT_IN)
    return Sample(account.id, tuple(sorted(upsert.profile)), upsert.add_tags, opt_ins)
