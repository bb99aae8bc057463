"""Comparisons of both sides, as people ask for them: start one, watch it (R26, A8). Its steps are in `reconciliation_steps.py`."""

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from app.domain.errors import NotFound, NotPossible
from app.domain.operations.audit import Action
from app.domain.runs import reconciliation as steps
from app.domain.runs.backfill import MARGIN
from app.domain.runs.backfill_schedule import is_day
from app.domain.runs.reconciliation import Cause, Reconciliation, ReconciliationMode
from app.domain.shops.shop import Shop
from app.services.operations.audit import note
from app.services.planning.dry_run import DryRun
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work
from app.services.runs.reconciliation_steps import ContactPoller, Queued, ReconciliationSteps, ShopSides, Upstreams
from app.services.shops.directory import ShopDirectory

SHOWN = 20
SHOPS_AT_ONCE = 100
FIRST_WINDOW = timedelta(days=7)


class Reconciliations:
    """`queued` is called when a repair put something into the inbox."""

    def __init__(
        self,
        store: Store,
        directory: ShopDirectory,
        upstream: Upstreams,
        sides: ShopSides,
        poller: ContactPoller,
        dry_run: DryRun,
        clock: Clock,
        queued: Queued,
    ) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self.steps = ReconciliationSteps(store, directory, upstream, sides, poller, dry_run, clock, queued)
        self._started: dict[str, datetime] = {}
        """When each shop's last comparison began. Forgetting it costs a question."""

    # -- what people ask for ---------------------------------------------------------------------------------------------

    async def start(self, shop_id: str, mode: ReconciliationMode, only: Sequence[Cause] = ()) -> Reconciliation:
        """Every account of the panel is compared. `only`: the causes that a repair puts right; empty = all.

        Raises `NotFound`, or `NotPossible` while one is under way, or for a preview of some causes.
        """
        if self._directory.shop(shop_id) is None:
            raise NotFound("shop")
        if only and mode is not ReconciliationMode.REPAIR:
            raise NotPossible("Causes are chosen for a repair. A preview compares everything and changes nothing.")
        async with self._store.work() as work:
            await work.inbox.lock_contacts()  # of two who start at once, one finds the other's
            if any(not one.is_over for one in await work.reconciliations.of_shop(shop_id, 1)):
                raise NotPossible("A comparison of this shop is under way. Let it end first.")
            run = await self._begin(work, shop_id, mode, None, tuple(dict.fromkeys(only)))
            chosen = "\n".join((mode.value, *run.only))
            await note(work, self._clock, Action.RECONCILIATION_STARTED, shop_id, about=str(run.id), after=chosen)
            await work.commit()
        return run

    async def start_nightly(self) -> int:
        """In the shop's night, once a night, a preview: accounts that changed since the last one, and everybody transferred."""
        now, begun = self._clock(), 0
        asleep = [
            one
            for one in self._directory.shops()
            if one.enabled and not self._is_rested(one, now) and not is_day(now, one.backfill, one.time_zone)
        ]
        for start in range(0, len(asleep), SHOPS_AT_ONCE):
            begun += await self._start_some(asleep[start : start + SHOPS_AT_ONCE], now)
        return begun

    def _is_rested(self, shop: Shop, now: datetime) -> bool:
        """Is the last comparison too young for another one, as far as the last question showed?"""
        started = self._started.get(shop.id)
        return started is not None and timedelta(0) <= now - started < steps.NIGHTLY

    async def _start_some(self, shops: Sequence[Shop], now: datetime) -> int:
        begun = 0
        async with self._store.work() as work:
            await work.inbox.lock_contacts()
            for shop in shops:
                runs = await work.reconciliations.of_shop(shop.id, SHOWN)
                last = runs[0] if runs else None
                whole = next((one for one in runs if one.is_over and not one.trouble), None)  # not one that was cut short
                if last is None or (last.is_over and now - last.started_at >= steps.NIGHTLY):
                    since = whole.started_at - MARGIN if whole is not None else now - FIRST_WINDOW
                    last = await self._begin(work, shop.id, ReconciliationMode.PREVIEW, since)
                    begun += 1
                self._started[shop.id] = last.started_at
            await work.commit()
        return begun

    async def _begin(
        self, work: Work, shop_id: str, mode: ReconciliationMode, since: datetime | None, only: tuple[Cause, ...] = ()
    ) -> Reconciliation:
        now = self._clock()
        run = Reconciliation(
            shop_id=shop_id, mode=mode, token=secrets.token_hex(6), started_at=now, due_at=now, accounts_since=since, only=only
        )
        return replace(run, id=await work.reconciliations.add(run))

    async def of_shop(self, shop_id: str) -> list[Reconciliation]:
        """The newest first."""
        async with self._store.work() as work:
            return await work.reconciliations.of_shop(shop_id, SHOWN)

    async def one(self, shop_id: str, number: int) -> Reconciliation:
        """Raises `NotFound`."""
        async with self._store.work() as work:
            run = await work.reconciliations.find(number)
        if run is None or run.shop_id != shop_id:
            raise NotFound("comparison")
        return run

    async def people(self, run: Reconciliation) -> dict[str, list[str]]:
        """The samples as people know them: addresses of contacts, numbers of accounts."""
        contacts = {int(one[1:]) for some in run.samples.values() for one in some if one.startswith("c")}
        async with self._store.work() as work:
            known = {f"c{one.id}": one.contact.email for one in await work.contacts.by_ids(contacts)} if contacts else {}
        return {cause: [known.get(one) or _named(one) for one in some] for cause, some in run.samples.items()}

    async def step_due(self) -> int:
        """One page of every comparison whose time has come; answers how many there were."""
        return await self.steps.step_due()


def _named(sample: str) -> str:
    return f"{'contact' if sample.startswith('c') else 'account'} {sample[1:]}"
