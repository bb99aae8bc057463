"""The first transfer, as people ask for it: start it, watch it, hold it (R60-R64). Its steps are in `backfill_steps.py`."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from app.domain.consent import Policy
from app.domain.errors import NotFound, NotPossible
from app.domain.operations.audit import Action
from app.domain.runs import backfill as steps
from app.domain.runs.backfill import Backfill, BackfillMode, Phase
from app.domain.runs.backfill_tally import Tally
from app.domain.shops.consequences import listing_panels, platform_of, transfers_by_itself
from app.domain.shops.shop import Shop
from app.services.operations.audit import note
from app.services.planning.dry_run import DryRun
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work
from app.services.runs.backfill_steps import BackfillSteps, Queued, ShopSides
from app.services.shops.directory import ShopDirectory

log = structlog.get_logger(__name__)

SHOWN = 20


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
        self._clock = clock
        self._queued = queued
        self.steps = BackfillSteps(store, directory, sides, dry_run, clock, queued)
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
        if not shop.panel.kind.lists_accounts:
            panels = " or ".join(f'"{kind}"' for kind in listing_panels(shop.source.kind))
            if not panels:
                on = platform_of(shop.source.kind)
                raise NotPossible(f"The accounts of a shop on {on} cannot be listed. Post them as events instead.")
            raise NotPossible(
                "The shop has no panel whose accounts can be listed. Post the accounts as events instead, or set `panel` of the "
                f"shop to kind = {panels}."
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
        def pausing(run: Backfill) -> Backfill:
            if not run.is_moving:
                raise NotPossible("Only a backfill that is moving can be paused.")
            return steps.paused(run)

        return await self._change(shop_id, backfill_id, pausing, Action.BACKFILL_PAUSED)

    async def resume(self, shop_id: str, backfill_id: int) -> Progress:
        def resuming(run: Backfill) -> Backfill:
            if run.paused is None:
                raise NotPossible("Only a paused backfill can be resumed.")
            return steps.resumed(run, self._clock())

        return await self._change(shop_id, backfill_id, resuming, Action.BACKFILL_RESUMED)

    async def approve(self, shop_id: str, backfill_id: int) -> Progress:
        def approving(run: Backfill) -> Backfill:
            if run.phase is not Phase.AWAITING_APPROVAL:
                raise NotPossible("Only a backfill that waits for approval after its dry run can be approved.")
            return steps.approved(run, self._clock())

        return await self._change(shop_id, backfill_id, approving, Action.BACKFILL_APPROVED)

    async def cancel(self, shop_id: str, backfill_id: int) -> Progress:
        def cancelling(run: Backfill) -> Backfill:
            if run.is_over:
                raise NotPossible("The backfill is over.")
            return steps.cancelled(run, self._clock())

        return await self._change(shop_id, backfill_id, cancelling, Action.BACKFILL_CANCELLED)

    async def _change(self, shop_id: str, backfill_id: int, changed: Callable[[Backfill], Backfill], action: Action) -> Progress:
        """What a person asked for is done to the run as it stands, however fast it moves: no step comes in between."""
        async with self._store.work() as work:
            run = _of(shop_id, await work.backfills.find_and_hold(backfill_id))
            after = changed(run)
            await work.backfills.save(after, run)
            if run.phase is Phase.AWAITING_APPROVAL:
                await work.backfills.forget_accounts(run.id)  # the dry run's; the transfer counts anew
            before, now = (one.phase.value if one.paused is None else "paused" for one in (run, after))
            await note(work, self._clock, action, shop_id, about=str(run.id), before=before, after=now)
            await work.commit()
        self._queued()
        return await self.progress(shop_id, run.id)

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
            return _of(shop_id, await work.backfills.find(backfill_id))

    async def step_due(self) -> int:
        """One step of every backfill whose time has come; answers how many there were."""
        return await self.steps.step_due()


def _of(shop_id: str, run: Backfill | None) -> Backfill:
    if run is None or run.shop_id != shop_id:
        raise NotFound("backfill")
    return run
