"""How the gateway is: what an operator, a probe or a merchant wants to know first."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Protocol

from app.domain.consent import box_seems_hidden
from app.domain.errors import NotReady
from app.domain.operations.history import NotSent, ReasonCount, reasons_of, since
from app.domain.runs.backfill_tally import Tally
from app.domain.values import Words
from app.services.health.problems import NOT_MIGRATED, NOT_USABLE, TAKES_NOTHING, ShopHealth, problems_of
from app.services.health.recent import Recent
from app.services.operations.installation import Installation
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory

PROBE_SECONDS = 5.0
"""How often the process finds out by writing whether it can write; nobody who asks causes a write."""

_ASK_SECONDS = 1.0
"""How often the store is asked at most for callers without a key, however many they are."""

_SLICE = 2000
"""Events counted in one unit of work; between two of them others may use the store."""

_BREATH_SECONDS = 0.004

_IDLE = 20
"""Counting takes a twentieth of the time at most, however much there is to count and however often it is asked for."""


@dataclass(frozen=True)
class Report:
    ready: bool
    problems: tuple[Words, ...]
    shops: tuple[ShopHealth, ...]
    queues: Mapping[str, int] = field(default_factory=dict)
    """Destination -> contacts for whom something waits; only where it was counted."""
    open_circuits: Mapping[str, bool] = field(default_factory=dict)
    """Destination -> whether it takes nothing at the moment."""
    transfers: Mapping[str, Tally] = field(default_factory=dict)
    """Shop -> how its newest first transfer stands."""
    totals: Mapping[str, int] = field(default_factory=dict)
    """Shop -> accounts that the panel counted for it."""
    not_sent: Mapping[str, list[NotSent]] = field(default_factory=dict)
    """Shop -> why events of the last days are withheld or parked."""
    sends: bool = True
    """False: the database may be a copy, and nothing is sent until a person confirms it (J5)."""


@dataclass(frozen=True)
class Readiness:
    """What everybody may know. `failing`: names of checks, without a word about any shop."""

    failing: tuple[str, ...]
    sends: bool = True
    """Whether what is accepted is sent; not as long as the database may be a copy."""

    @property
    def ready(self) -> bool:
        return not self.failing


_NOT_USABLE = Report(False, (NOT_USABLE,), ())


class Sources(Protocol):
    async def problems(self) -> list[Words]: ...


class Health:
    def __init__(
        self,
        store: Store,
        directory: ShopDirectory,
        clock: Clock,
        migrated: Callable[[], Awaitable[bool]],
        alarm_after_seconds: float,
        receipt_alarm_seconds: float = 900.0,
        sources: Sources | None = None,
        installation: Installation | None = None,
        failures: Callable[[], int] = lambda: 0,
    ) -> None:
        """`failures`: how often the store did not take what was to be accepted."""
        self._sources = sources
        self._failures = failures
        self._known_failures = 0
        self._installation = installation
        self._store = store
        self._directory = directory
        self._clock = clock
        self._migrated = migrated
        self._alarm_after = timedelta(seconds=alarm_after_seconds)
        self._receipt_alarm_after = timedelta(seconds=receipt_alarm_seconds)
        self._writable = True
        self._readiness = Recent(self._check, idle=0, at_least=_ASK_SECONDS)
        self._counted = Recent(self.report, idle=_IDLE, at_least=0)

    async def readiness(self) -> Readiness:
        """For every caller, as often as they like: nothing is written, nothing counted, and the store is asked once a second."""
        return await self._readiness.get()

    async def recent(self) -> Report:
        """As `report`; some seconds old where counting takes long."""
        return await self._counted.get()

    async def probe(self) -> int:
        """Find out by writing; a full disk reads well. Answers 0: there is never more to do at once.

        A nearly full one takes so little: what could not be accepted since the last time counts as well.
        """
        failures = self._failures()
        is_new, self._known_failures = failures > self._known_failures, failures
        try:
            await self._write()
            self._writable = not is_new
        except (NotReady, OSError, TimeoutError):
            self._writable = False
        return 0

    async def _check(self) -> Readiness:
        try:
            migrated = await self._migrated()
        except (NotReady, OSError, TimeoutError):
            return Readiness(("store",))
        checks = {"store": self._writable, "migrations": migrated}
        return Readiness(tuple(name for name, good in checks.items() if not good), self._sends)

    @property
    def _sends(self) -> bool:
        return self._installation is None or self._installation.may_send

    async def report(self) -> Report:
        """As `quick_report`, with all events, queues and transfers counted: every event is read for it, a little at a time."""
        try:
            found = await self._report(await self._counts())
            queues, open_circuits = await self._queues()
            transfers, totals = await self._transfers()
            not_sent = await self._not_sent()
        except (NotReady, OSError, TimeoutError):
            return _NOT_USABLE
        return replace(found, queues=queues, open_circuits=open_circuits, transfers=transfers, totals=totals, not_sent=not_sent)

    async def quick_report(self) -> Report:
        """Ready = events can be accepted durably. A late shop is a problem to show, not a reason to refuse events.

        Nothing is counted: see `report`.
        """
        try:
            return await self._report({})
        except (NotReady, OSError, TimeoutError):
            return _NOT_USABLE

    async def _report(self, counts: Mapping[str, dict[str, int]]) -> Report:
        """`counts`: shop -> state -> number of events, to be shown with the shops."""
        migrated = await self._migrated()
        shops = await self._shops(counts)
        of_sources = await self._sources.problems() if self._sources is not None else []
        ready = migrated and self._writable
        problems = [] if self._writable else [TAKES_NOTHING]
        problems += [] if migrated else [NOT_MIGRATED]
        if self._installation is not None and (found := self._installation.whereabouts) is not None and not found.is_confirmed:
            problems.append(found.words)
        problems += [words for shop in shops for words in problems_of(shop)]
        return Report(ready, (*problems, *of_sources), tuple(shops), sends=self._sends)

    async def _queues(self) -> tuple[dict[str, int], dict[str, bool]]:
        async with self._store.work() as work:
            waiting = await work.outbox.waiting_contacts()
            states = await work.destinations.all()
        now = self._clock()
        asked = {name: 0 if self._directory.is_disabled(name) else number for name, number in waiting.items()}
        circuits = {name: one.takes_nothing(asked.get(name, 0), now) for name, one in states.items()}
        return dict.fromkeys(states, 0) | waiting, circuits

    async def _transfers(self) -> tuple[dict[str, Tally], dict[str, int]]:
        tallies: dict[str, Tally] = {}
        totals: dict[str, int] = {}
        async with self._store.work() as work:
            for run in await work.backfills.newest():
                if self._directory.shop(run.shop_id) is not None:
                    tallies[run.shop_id] = run.report or run.preview or await work.backfills.tally(run)
                    totals[run.shop_id] = run.total
        return tallies, totals

    async def _not_sent(self) -> dict[str, list[NotSent]]:
        """From counts that are kept: no event is read (R92)."""
        now = self._clock()
        async with self._store.reading() as work:
            counts = await work.reason_counts.since(since(now))
        of_shop: dict[str, list[ReasonCount]] = {}
        for one in counts:
            of_shop.setdefault(one.shop_id, []).append(one)
        return {shop.id: reasons_of(of_shop.get(shop.id, ()), shop.time_zone, now) for shop in self._directory.shops()}

    async def _write(self) -> None:
        async with self._store.work() as work:
            await work.registry.set_entry("ready_at", self._clock().isoformat())
            await work.commit()

    async def _counts(self) -> dict[str, dict[str, int]]:
        """Shop -> state -> number of events. Every event is counted once; not all of them at the same moment."""
        total: dict[str, dict[str, int]] = {}
        last: int | None = 0
        while last is not None:
            async with self._store.work() as work:
                counted, last = await work.inbox.counts_after(last, _SLICE)
            for shop_id, by_state in counted.items():
                ours = total.setdefault(shop_id, {})
                for state, number in by_state.items():
                    ours[state] = ours.get(state, 0) + number
            if last is not None:
                await asyncio.sleep(_BREATH_SECONDS)
        return total

    async def _shops(self, counts: Mapping[str, dict[str, int]]) -> list[ShopHealth]:
        async with self._store.work() as work:
            oldest = await work.inbox.oldest_waiting()
            boxes = await work.sales.consent_answers()
            conflicts = await work.contacts.conflicts()
            on_their_way = await work.outbox.oldest_queued("newsletter:")
            by_hand = await work.manual_tasks.counts("newsletter:")
            tags_by_hand = await work.manual_tasks.counts("tags:")
            transfers = {run.shop_id for run in await work.backfills.newest() if run.waits_for_a_person}
        now = self._clock()
        found = []
        for shop in self._directory.shops():
            receipt_age = max(now - on_their_way[shop.id], timedelta()) if shop.id in on_their_way else timedelta()
            merged, differing = conflicts.get(shop.id, (0, 0))
            age = max(now - oldest[shop.id], timedelta()) if shop.id in oldest else timedelta()
            hidden = shop.id in boxes and box_seems_hidden(shop.policy, boxes[shop.id])
            found.append(
                ShopHealth(
                    shop_id=shop.id,
                    oldest_waiting_seconds=age.total_seconds(),
                    late=age >= self._alarm_after,
                    consent_box_seems_hidden=hidden,
                    enabled=shop.enabled,
                    shadow=shop.shadow,
                    events=counts.get(shop.id, {}),
                    conflicts=merged,
                    differences=differing,
                    oldest_receipt_seconds=receipt_age.total_seconds(),
                    receipt_missing=receipt_age >= self._receipt_alarm_after,
                    manual_tasks=by_hand.get(shop.id, 0) + tags_by_hand.get(shop.id, 0),
                    transfer_waits=shop.id in transfers,
                )
            )
        return found
