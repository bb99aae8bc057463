"""The first transfer, step by step: read a page of the panel's accounts, queue them as events, remember where we are (R60-R64).

The page is read with no transaction open. What it brings and where it leaves us are then written together, and only if
nobody moved the backfill meanwhile: a crash, a second worker, or a person who pauses at that moment can at most cause the
page to be read once more.
"""

import asyncio
import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from app.domain.commands import Command, UpsertContact
from app.domain.consent import Policy, Status
from app.domain.delivery.outcomes import LONGEST_DELAY, Delivered, Throttled, backoff, message_of
from app.domain.errors import NotFound, NotPossible, NotReady
from app.domain.events import AccountListed
from app.domain.intake.gateway_events import heard
from app.domain.intake.inbox import EventState, NewEvent, Settlement
from app.domain.operations.audit import Action
from app.domain.reasons import Reason
from app.domain.runs import backfill as steps
from app.domain.runs.backfill import Backfill, BackfillMode, ListedAccount, ListedAccountRecord, Listing, Pause, Phase, Sample
from app.domain.runs.backfill_tally import QUEUED, WOULD_SEND, Tally
from app.domain.shops.consequences import transfers_by_itself
from app.domain.shops.shop import PanelKind, Shop
from app.services.isolation import storable
from app.services.operations.audit import note
from app.services.planning.dry_run import DryRun
from app.services.ports.clock import Clock
from app.services.ports.shop_side import ShopSide
from app.services.ports.storage import Store, Work
from app.services.shops.directory import ShopDirectory

log = structlog.get_logger(__name__)

SHOWN = 20
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


@dataclass(frozen=True)
class Progress:
    """A backfill as people want to see it. `eta`: at the planned rates; of a paused one, if it were resumed now."""

    run: Backfill
    tally: Tally
    eta: datetime | None


class Backfills:
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
        self._checked = -1
        """The version of the directory of which every shop was asked about."""
        self._had_one: set[str] = set()
        """Shops that need not be asked about again."""

    # -- what people ask for ---------------------------------------------------------------------------------------------

    async def start(self, shop_id: str, mode: BackfillMode) -> Progress:
        """Raises `NotFound`, or `NotPossible` with the reason: the policy, the panel, or one that is under way."""
        shop = self._shop(shop_id)
        if shop.policy is not Policy.ALL_CUSTOMERS:
            raise NotPossible(
                "The shop sends only customers who consented while ordering (policy order_consent), so there is no transfer of "
                "existing accounts (R64). Each of them is transferred with their next order that gives the consent."
            )
        if shop.panel.kind is not PanelKind.IDOSELL:
            raise NotPossible(
                "The shop has no panel whose accounts can be listed. Post the accounts as events instead, or set `panel` of the "
                'shop to kind = "idosell".'
            )
        async with self._store.work() as work:
            await work.inbox.lock_contacts()  # of two who start at once, one finds the other's
            if any(not one.is_over for one in await work.backfills.of_shop(shop_id, SHOWN)):
                raise NotPossible("A backfill of this shop is under way. Let it end, or cancel it first.")
            run = await self._begin(work, shop, mode, by_a_person=True)
            await note(work, self._clock, Action.BACKFILL_STARTED, shop_id, about=str(run.id), after=mode.value)
            await work.commit()
        return await self.progress(shop_id, run.id)

    async def start_automatic(self) -> int:
        """Begin the transfer of every shop that was activated and never had one (R60); answers how many."""
        if self._checked == self._directory.version:
            return 0
        checked = self._directory.version
        wanted = [shop for shop in self._directory.shops() if shop.id not in self._had_one and transfers_by_itself(shop)]
        if not wanted:
            self._checked = checked
            return 0
        begun = 0
        async with self._store.work() as work:
            await work.inbox.lock_contacts()
            for shop in wanted:
                if not await work.backfills.ever_ran(shop.id):
                    await self._begin(work, shop, BackfillMode.RUN, by_a_person=False)
                    begun += 1
            await work.commit()
        self._had_one |= {shop.id for shop in wanted}
        self._checked = checked
        return begun

    async def _begin(self, work: Work, shop: Shop, mode: BackfillMode, *, by_a_person: bool) -> Backfill:
        run = steps.begun(shop, mode, secrets.token_hex(6), self._clock(), by_a_person=by_a_person)
        run = replace(run, id=await work.backfills.add(run))
        log.info("backfill_begun", shop_id=shop.id, backfill_id=run.id, mode=mode.value, phase=run.phase.value)
        return run

    async def pause(self, shop_id: str, backfill_id: int) -> Progress:
        run = await self._one(shop_id, backfill_id)
        if not run.is_moving:
            raise NotPossible("Only a backfill that is moving can be paused.")
        return await self._changed(run, steps.paused(run), Action.BACKFILL_PAUSED)

    async def resume(self, shop_id: str, backfill_id: int) -> Progress:
        run = await self._one(shop_id, backfill_id)
        if run.paused is None:
            raise NotPossible("Only a paused backfill can be resumed.")
        return await self._changed(run, steps.resumed(run, self._clock()), Action.BACKFILL_RESUMED)

    async def approve(self, shop_id: str, backfill_id: int) -> Progress:
        run = await self._one(shop_id, backfill_id)
        if run.phase is not Phase.AWAITING_APPROVAL:
            raise NotPossible("Only a backfill that waits for approval after its dry run can be approved.")
        return await self._changed(run, steps.approved(run, self._clock()), Action.BACKFILL_APPROVED)

    async def cancel(self, shop_id: str, backfill_id: int) -> Progress:
        run = await self._one(shop_id, backfill_id)
        if run.is_over:
            raise NotPossible("The backfill is over.")
        return await self._changed(run, steps.cancelled(run, self._clock()), Action.BACKFILL_CANCELLED)

    async def _changed(self, run: Backfill, after: Backfill, action: Action) -> Progress:
        async with self._store.work() as work:
            if not await work.backfills.save(after, run):
                raise NotPossible("The backfill moved on at this very moment. Look at it and ask again.")
            if run.phase is Phase.AWAITING_APPROVAL:
                await work.backfills.forget_accounts(run.id)  # the dry run's; the transfer counts anew
            before = "paused" if run.paused else run.phase.value
            changed = "paused" if after.paused else after.phase.value
            await note(work, self._clock, action, run.shop_id, about=str(run.id), before=before, after=changed)
            await work.commit()
        self._queued()
        return await self.progress(run.shop_id, run.id)

    async def progress(self, shop_id: str, backfill_id: int) -> Progress:
        """Raises `NotFound`."""
        run = await self._one(shop_id, backfill_id)
        return await self._progress(run)

    async def of_shop(self, shop_id: str) -> list[Progress]:
        """The newest ones first."""
        async with self._store.work() as work:
            runs = await work.backfills.of_shop(shop_id, SHOWN)
        return [await self._progress(run) for run in runs]

    async def _progress(self, run: Backfill) -> Progress:
        tally = run.report or run.preview if run.is_over or run.phase is Phase.AWAITING_APPROVAL else None
        if tally is None:
            async with self._store.work() as work:
                tally = await work.backfills.tally(run)
        return Progress(run, tally, steps.eta(run, self._shop(run.shop_id), self._clock()))

    def _shop(self, shop_id: str) -> Shop:
        shop = self._directory.shop(shop_id)
        if shop is None:
            raise NotFound("shop")
        return shop

    async def _one(self, shop_id: str, backfill_id: int) -> Backfill:
        async with self._store.work() as work:
            run = await work.backfills.find(backfill_id)
        if run is None or run.shop_id != shop_id:
            raise NotFound("backfill")
        return run

    # -- stepping --------------------------------------------------------------------------------------------------------

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
            await self._look(run)

    async def _page(self, run: Backfill, shop: Shop) -> None:
        side, at = self._sides(shop.id), self._clock()
        if await self._is_overloaded(shop, side, at):
            await self._rest(run, OVERLOADED, steps.OVERLOAD_REST)
            return
        listing = await side.accounts(run.page, run.closing_since if run.phase is Phase.CLOSING else None)
        outcome = listing.answer.outcome
        if not isinstance(outcome, Delivered):
            self._failures[run.id] += 1
            asked = (outcome.retry_after or 0.0) if isinstance(outcome, Throttled) else 0.0
            # Retry-After may lengthen a rest, never shorten it; beyond our longest wait we ask again ourselves.
            asked_for = timedelta(seconds=min(asked, LONGEST_DELAY.total_seconds()))
            await self._rest(run, message_of(outcome), max(asked_for, min(backoff(self._failures[run.id]), LONGEST_REST)))
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

    async def _look(self, run: Backfill) -> None:
        async with self._store.work() as work:
            after = steps.after_look(run, await work.backfills.tally(run), self._clock())
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
    return heard(shop.id, "account-listed", _listed(account, at), run.event_id(account), held=not shop.enabled)


def _listed(account: ListedAccount, at: datetime) -> AccountListed:
    assert account.customer is not None, "accounts without an address stay"
    return AccountListed(at=at, customer=account.customer)


def _imagined_end(settlement: Settlement) -> str:
    if settlement.state is EventState.PLANNED:
        return WOULD_SEND
    return settlement.reason.value if settlement.reason is not None else settlement.state.value


def _sample(account: ListedAccount, commands: Sequence[Command]) -> Sample:
    upsert = next((one for one in commands if isinstance(one, UpsertContact)), None)
    if upsert is None:
        return Sample(account.id)
    said = {"email": upsert.email_status, "sms": upsert.phone_status}
    opt_ins = tuple(channel for channel, status in said.items() if status is Status.OPT_IN)
    return Sample(account.id, tuple(sorted(upsert.profile)), upsert.add_tags, opt_ins)
