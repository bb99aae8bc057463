"""Which use case runs when. Everything here finds its work in the tables; being woken only saves the wait.

Events flow through loops of this process, woken by its own signals: planning, delivery, drains. What time brings (carts,
polls of SALESmanago, the first transfer) are jobs of the queue, which run in one place at a time, whichever process that is.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from app.domain.intake.pushes import SourceName
from app.services.carts import Carts
from app.services.delivery.loop import Delivery
from app.services.from_salesmanago.polling import Poller
from app.services.health.alarm_telling import Alarms
from app.services.health.health import PROBE_SECONDS
from app.services.operations.door_counts import EXCHANGE_SECONDS
from app.services.operations.installation import Installation
from app.services.operations.request_log import WRITE_SECONDS
from app.services.operations.retention import Cleaner
from app.services.planning.planner import Planner
from app.services.runs.backfills import Backfills
from app.services.runs.reconciliations import Reconciliations
from app.services.shops.directory import ShopDirectory
from app.services.shops.key_use import WRITE_SECONDS as KEY_USE_SECONDS
from app.sources.wiring import Sources
from app.worker.drains import Drains
from app.worker.garbage import search_between_rounds
from app.worker.recurring_jobs import JobQueue
from app.worker.rotation import Rotation

log = structlog.get_logger(__name__)

STOP_SECONDS = 5.0
"""How long a stop waits for calls under way; what is cut off then is verified by the next claim."""

ALARM_SECONDS = 60.0
CLOCK_SECONDS = 30.0
CLOCK_JUMP_SECONDS = 5.0
"""A clock that is ahead for longer is caught at it, so that it is known by how much."""
CLEANING_SECONDS = 6 * 3600.0
LEFTOVERS_SECONDS = 2.0

LONGEST_WAIT_SECONDS = 30.0
"""How long an account of which somebody is known for the first time waits at most until SALESmanago is asked about it."""

_AFTER_FAILURE_SECONDS = 1.0


class Signal:
    """Wakes the loops that listen. A loop that misses a signal loses a poll, never work."""

    def __init__(self) -> None:
        self._listeners: list[asyncio.Event] = []

    def listener(self) -> asyncio.Event:
        self._listeners.append(asyncio.Event())
        return self._listeners[-1]

    def notify(self) -> None:
        for listener in self._listeners:
            listener.set()


@dataclass(frozen=True)
class Signals:
    """Hints between the parts of one process."""

    planning: Signal
    delivering: Signal

    def everything(self) -> None:
        for signal in (self.planning, self.delivering):
            signal.notify()


@dataclass(frozen=True)
class Intervals:
    """Seconds between polls when nothing woke a loop."""

    poll: float
    cart_sweep: float
    directory: float
    pull: float
    sweep: float
    nightly: float


class Worker:
    """Planning, delivery and schedules of one process."""

    def __init__(
        self,
        planner: Planner,
        delivery: Delivery,
        carts: Carts,
        pull: Poller,
        backfills: Backfills,
        reconciliations: Reconciliations,
        cleaner: Cleaner,
        sources: Sources,
        alarms: Alarms,
        installation: Installation,
        directory: ShopDirectory,
        wake: Signals,
        pauses: Intervals,
        queue: JobQueue,
        probe: Callable[[], Awaitable[int]],
        write_requests: Callable[[], Awaitable[int]],
        write_key_use: Callable[[], Awaitable[int]],
        exchange_counts: Callable[[], Awaitable[int]] | None = None,
        read_clock: Callable[[], Awaitable[int]] | None = None,
        examine_ledgers: Callable[[], Awaitable[int]] | None = None,
        remove_leftovers: Callable[[], Awaitable[int]] | None = None,
    ) -> None:
        self._planner = planner
        self._delivery = delivery
        self._carts = carts
        self._pull = pull
        self._backfills = backfills
        self._reconciliations = reconciliations
        self._cleaner = cleaner
        self._sources = sources
        self._alarms = alarms
        self._installation = installation
        self._directory = directory
        self._wake = wake
        self._pauses = pauses
        self._queue = queue
        self._probe = probe
        self._write_requests = write_requests
        self._write_key_use = write_key_use
        self._exchange_counts = exchange_counts
        self._read_clock = read_clock
        self._examine_ledgers = examine_ledgers
        self._remove_leftovers = remove_leftovers
        self._tasks: list[asyncio.Task[None]] = []
        self._scanned = _Scanned(directory)
        self._drains = Drains(self._due, self._deliver, delivery.claims_at_once, wake.delivering.notify)
        self._stopping = asyncio.Event()

    def start(self, *, delivering: bool = True) -> None:
        """Every process watches who its shops are and which keys live; planning and delivery run where they are wanted."""
        self._spawn("directory", self._watch_directory, self._pauses.directory)
        self._spawn("installation", self._watch_installation, self._pauses.directory)
        self._spawn("probe", self._probe, PROBE_SECONDS)
        self._spawn("requests", self._write_requests, WRITE_SECONDS)
        self._spawn("key_use", self._write_key_use, KEY_USE_SECONDS)
        if self._exchange_counts is not None:
            self._spawn("door_counts", self._exchange_counts, EXCHANGE_SECONDS)
        if self._read_clock is not None:
            self._spawn("clock", self._read_clock, CLOCK_SECONDS)
        if self._remove_leftovers is not None:
            self._spawn("leftovers", self._remove_leftovers, LEFTOVERS_SECONDS)
        if delivering:
            self._spawn("clock_jumps", self._delivery.watch_clock, CLOCK_JUMP_SECONDS)
            self._spawn("plan", self._planner.plan_due, self._pauses.poll, self._wake.planning)
            self._spawn("deliver", self._drains.start, self._pauses.poll, self._wake.delivering)
            self._queue.every("carts", self._pauses.cart_sweep, self._sweep_carts)
            self._queue.every("backfills", self._pauses.poll, self._guarded(self._step_backfills))
            self._queue.every("pushes", self._pauses.poll, self._sources.translator.step)
            self._every_account("pull", self._pull.pull_changed, self._pauses.pull)
            self._every_account("sweep", self._pull.sweep, self._pauses.sweep)
            scans = Rotation("scan", self._scanned.names, self._scan, poll_seconds=self._pauses.directory)
            self._queue.every("scan", self._pauses.poll, self._guarded(scans))
            nightly = self._pauses.nightly
            self._queue.every("nightly", nightly, self._guarded(self._reconciliations.start_nightly), first=nightly)
            if self._examine_ledgers is not None:
                self._queue.every("ledgers", nightly, self._examine_ledgers, first=nightly)
            self._queue.every("clean", CLEANING_SECONDS, self._cleaner.clean, first=nightly)
            self._queue.every("alarms", ALARM_SECONDS, self._alarms.watch, first=ALARM_SECONDS)
            self._queue.every("reconcile", self._pauses.poll, self._guarded(self._reconciliations.step_due))
            self._queue.start()

    async def stop(self) -> None:
        """Let every loop end the step it is in, for a bounded time."""
        self._stopping.set()
        self._drains.stop()
        await asyncio.gather(self._stop_loops(), self._queue.stop(STOP_SECONDS))

    async def _stop_loops(self) -> None:
        if self._tasks:
            _ended, late = await asyncio.wait([*self._tasks, *self._drains.tasks], timeout=STOP_SECONDS)
            for task in late:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _sweep_carts(self) -> int:
        # What the inbox still holds may be the purchase that closes a cart.
        while await self._planner.plan_due():
            pass
        reported = await self._carts.report_quiet()
        if reported:
            self._wake.delivering.notify()
        return reported

    async def _step_backfills(self) -> int:
        await self._backfills.start_automatic()
        return await self._backfills.step_due()

    async def _watch_directory(self) -> int:
        await self._directory.refresh()
        return 0

    def _every_account(self, kind: str, step: Callable[[str, timedelta], Awaitable[int]], pause: float) -> None:
        """Of accounts that know anybody. The lock lasts a little less than the pause, so that the next step finds it free."""
        lock_length = timedelta(seconds=pause * 0.9)

        async def serve(account_id: str) -> float:
            await step(account_id, lock_length)
            return pause

        rotation = Rotation(kind, self._pull.accounts, serve, poll_seconds=min(pause, LONGEST_WAIT_SECONDS))
        self._queue.every(kind, min(pause, self._pauses.directory), self._guarded(rotation))

    async def _scan(self, source: str) -> float:
        """Page by page at once, and then not before the next round is due."""
        name = self._scanned.source(source)
        if name is None or await self._sources.scanner.step(name):
            return 0.0
        return max(self._pauses.poll, self._sources.scanner.seconds_until_due(name))

    # -- a copy of a database talks to nobody (J5) -------------------------------------------------------------------------

    async def _watch_installation(self) -> int:
        before = self._installation.may_send
        if await self._installation.check() and not before:
            self._wake.everything()
        return 0

    def _guarded(self, step: Callable[[], Awaitable[int]]) -> Callable[[], Awaitable[int]]:
        """A step that calls a foreign API: it does nothing while the database may be a copy."""

        async def perhaps() -> int:
            return await step() if self._installation.may_send else 0

        return perhaps

    async def _due(self) -> Sequence[str]:
        return await self._delivery.due_destinations() if self._installation.may_send else ()

    async def _deliver(self, destination: str, claimed: Callable[[], None]) -> int:
        return await self._delivery.deliver_due(destination, claimed) if self._installation.may_send else 0

    # -- loops -------------------------------------------------------------------------------------------------------------

    def _spawn(self, name: str, step: Callable[[], Awaitable[int]], pause: float, signal: Signal | None = None) -> None:
        listener = signal.listener() if signal is not None else asyncio.Event()
        self._tasks.append(asyncio.create_task(self._loop(name, step, pause, listener), name=name))

    async def _loop(self, name: str, step: Callable[[], Awaitable[int]], pause: float, woken: asyncio.Event) -> None:
        """Repeat a step until the worker stops, at once while it finds work; a failure costs a second, not the loop."""
        while not self._stopping.is_set():
            woken.clear()  # cleared first: a signal during the step wakes the loop again
            try:
                found = await step()
            except Exception:
                log.exception("loop_failed", loop=name)
                await self._pause(asyncio.Event(), _AFTER_FAILURE_SECONDS)
                continue
            search_between_rounds()
            if not found:
                await self._pause(woken, pause)

    async def _pause(self, woken: asyncio.Event, seconds: float) -> None:
        waits = [asyncio.create_task(woken.wait()), asyncio.create_task(self._stopping.wait())]
        try:
            await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


class _Scanned:
    """The panels that are scanned, by name; worked out anew when the configuration has changed."""

    def __init__(self, directory: ShopDirectory) -> None:
        self._directory = directory
        self._version = -1
        self._sources: dict[str, SourceName] = {}

    async def names(self) -> Collection[str]:
        if self._version != self._directory.version:
            self._version = self._directory.version
            self._sources = {
                source.name: source
                for source in self._directory.sources()
                if any(shop.enabled and shop.source.is_scanned for shop in self._directory.shops_of_source(source))
            }
        return self._sources.keys()

    def source(self, name: str) -> SourceName | None:
        return self._sources.get(name)
