"""The composition root: the one place that knows which real thing stands behind which name."""

import contextlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import structlog

from app.bootstrap.file_at_start import apply_file
from app.bootstrap.outgoing import authorities, tellers, to_anywhere_client
from app.bootstrap.parts import Parts, parts_of
from app.bootstrap.pseudonyms import pseudonyms_of
from app.bootstrap.salesmanago import Upstreams
from app.bootstrap.senders import Senders
from app.bootstrap.shop_sides import ShopSides
from app.configuration.settings import Settings
from app.domain.errors import BadConfiguration, NotReady
from app.services.carts import Carts
from app.services.delivery.loop import CLAIMS_IN_FLIGHT, CLAIMS_OF_ONE_PROCESS, Delivery
from app.services.delivery.taking_over import take_over
from app.services.from_salesmanago.callbacks import Callbacks
from app.services.from_salesmanago.polling import Poller
from app.services.health.alarm_raising import TroubleWatch
from app.services.health.alarm_telling import Alarms
from app.services.health.health import Health
from app.services.health.history import History
from app.services.health.waiting import WhatWaits
from app.services.intake import Intake
from app.services.operations.audit import AuditLog
from app.services.operations.consent_export import ConsentReader
from app.services.operations.data_requests import DataRequests
from app.services.operations.disputes import Disputes
from app.services.operations.door_counts import DoorCounts
from app.services.operations.installation import Installation
from app.services.operations.ledger_check import LedgerCheck
from app.services.operations.replay import Operations
from app.services.operations.request_log import RequestLog
from app.services.operations.retention import Cleaner
from app.services.operations.trace import Trace
from app.services.outbox.manual_tasks import ManualTaskList
from app.services.planning.dry_run import DryRun
from app.services.planning.planner import Planner
from app.services.ports.clock import Clock
from app.services.recovery_links import RecoveryLinks
from app.services.runs.backfills import Backfills
from app.services.runs.reconciliations import Reconciliations
from app.services.shops.consequences import Consequences
from app.services.shops.directory import ShopDirectory
from app.services.shops.key_rotation import KeyRotation
from app.services.shops.key_use import KeyUse
from app.services.shops.keyring import KeyRing
from app.services.shops.removal import ShopRemoval
from app.services.shops.sessions import Sessions
from app.sources.wiring import Sources, sources_of
from app.storage.engine import migrations
from app.storage.engine.clock import DatabaseClock
from app.storage.engine.database import Database
from app.storage.engine.place import place_of
from app.storage.operations.leftovers import Leftovers
from app.storage.unit_of_work import Store as SqlStore
from app.worker.loops import Intervals, Signal, Signals, Worker
from app.worker.recurring_jobs import JobQueue

log = structlog.get_logger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Gateway:
    """Everything a door needs, put together."""

    settings: Settings
    ring: KeyRing
    rotation: KeyRotation
    directory: ShopDirectory
    intake: Intake
    trace: Trace
    data_requests: DataRequests
    health: Health
    callbacks: Callbacks
    manual_tasks: ManualTaskList
    consents: ConsentReader
    ledger: LedgerCheck
    disputes: Disputes
    waits: WhatWaits
    operations: Operations
    requests: RequestLog
    door_counts: DoorCounts
    audit: AuditLog
    installation: Installation
    history: History
    key_use: KeyUse
    sessions: Sessions
    sources: Sources
    planner: Planner
    delivery: Delivery
    pull: Poller
    backfills: Backfills
    recovery: RecoveryLinks
    reconciliations: Reconciliations
    cleaner: Cleaner
    worker: Worker
    upstreams: Upstreams
    shop_sides: ShopSides
    consequences: Consequences
    removal: ShopRemoval
    parts: Parts


@asynccontextmanager
async def open_gateway(settings: Settings, clock: Clock = utc_now, *, prepares: bool = True) -> AsyncIterator[Gateway]:
    """The gateway on its database, migrated, its configuration applied. Nothing runs yet: `worker.start()` does that.

    `prepares`: False for a command that only asks (R74): it creates no database, migrates none, and applies no configuration.
    What it does not change stays as it is, byte by byte.

    Raises `BadConfiguration` without encryption keys, `AlreadyOwned` if another process has the SQLite file, `NotPrepared`.
    """
    if not settings.encryption_keys:
        raise BadConfiguration(
            ["GATEWAY_ENCRYPTION_KEYS is missing: secrets are stored encrypted. Make a key with `gateway keys encryption`."]
        )
    database = Database(settings.database_url)
    try:
        if not prepares and database.path is not None and not database.path.exists():
            await migrations.check_current(database)  # before anything is created beside it
        database.own()
        await (migrations.upgrade(database) if prepares else migrations.check_current(database))
        if prepares and database.is_sqlite:
            async with SqlStore(database, clock).work() as work:
                await take_over(work)
                await work.commit()
            await Leftovers(database).empty_log()  # a process that was killed may have left there whom it erased
        shared = None if database.is_sqlite or clock is not utc_now else DatabaseClock(database)
        if shared is not None:
            await shared.read()
        timeout = httpx.Timeout(30.0)
        # Notices go where a shop says. A proxy of the environment would undo the check of the address.
        settings = settings if prepares else settings.model_copy(update={"config": None, "traces": False})
        parts = parts_of(settings)
        async with (
            parts.client(timeout=timeout, verify=authorities(trust_env=True)) as http,
            to_anywhere_client(parts, timeout) as to_anywhere,
        ):
            gateway = await _compose(settings, database, http, to_anywhere, shared or clock, shared, parts)
            await gateway.installation.check(writes=prepares)
            if prepares:
                await gateway.ledger.anchor()
            try:
                yield gateway
            finally:
                await gateway.worker.stop()
                await gateway.sources.pushes.close()
                await gateway.intake.close()
                await gateway.requests.close()
                with contextlib.suppress(NotReady):
                    await gateway.key_use.write()
                parts.close()
    finally:
        await database.close()


async def _compose(
    settings: Settings,
    database: Database,
    http: httpx.AsyncClient,
    to_anywhere: httpx.AsyncClient,
    clock: Clock,
    shared: DatabaseClock | None,
    parts: Parts,
) -> Gateway:
    store = SqlStore(database, clock if database.is_sqlite else None)
    ring = KeyRing(list(settings.encryption_keys))
    directory = ShopDirectory(store, ring, clock)
    sides = ShopSides(directory, http, to_anywhere, clock)
    consequences = Consequences(store, lambda stored: sides.of(directory.opened(stored)))
    if settings.config is not None:
        await apply_file(settings.config, ring, directory, consequences)
    await directory.refresh()
    wake = Signals(Signal(), Signal())
    upstreams = Upstreams(store, directory, http, clock, alone=database.is_sqlite)
    pseudonyms = await pseudonyms_of(store, ring)
    intake = parts.intake(store, clock, wake.planning.notify, pseudonyms)
    planner = parts.planner(store, directory, clock, pseudonyms, wake.delivering.notify)
    senders = parts.senders(Senders(store, directory, upstreams, sides, clock, lambda: planner.is_behind), store)
    lease = timedelta(seconds=settings.lease_seconds)
    claims = CLAIMS_OF_ONE_PROCESS if database.is_sqlite else CLAIMS_IN_FLIGHT
    delivery = Delivery(store, senders, directory.shop, clock, random.SystemRandom().random, wake.planning.notify, lease, claims)
    grace = timedelta(seconds=settings.callback_grace_seconds)
    pull = Poller(store, directory, upstreams, clock, wake.planning.notify, grace)
    recovery = RecoveryLinks(ring, clock)
    carts = Carts(store, directory, clock, recovery)
    cleaner = Cleaner(store, settings.retention, clock)
    dry_run = DryRun(store, directory, clock, pseudonyms)
    backfills = Backfills(store, directory, sides, dry_run, clock, wake.planning.notify)
    reconciliations = Reconciliations(store, directory, upstreams, sides, pull, dry_run, clock, wake.planning.notify)
    requests = RequestLog(store)
    shared_store = None if database.is_sqlite else store  # an SQLite file has one process
    door_counts = DoorCounts(shared_store, clock, salt=pseudonyms("door counts", ""))
    operations = Operations(store, directory, clock, wake.everything)
    sources = sources_of(
        store, directory, intake, sides, clock, pseudonyms, timedelta(seconds=settings.scan_seconds), settings.base_url, to_anywhere
    )
    pauses = Intervals(
        poll=settings.poll_seconds,
        cart_sweep=settings.cart_sweep_seconds,
        directory=settings.directory_seconds,
        pull=settings.pull_seconds,
        sweep=settings.sweep_seconds,
        nightly=settings.nightly_seconds,
    )
    consents, ledger = ConsentReader(store, pseudonyms), LedgerCheck(store, pseudonyms)
    trace = Trace(store, consents, pseudonyms, directory, clock, lambda: installation.may_send)
    installation = Installation(store, partial(place_of, database, settings.installation), clock)
    late, silent = settings.freshness_alarm_seconds, settings.receipt_alarm_seconds
    migrated = partial(migrations.is_current, database)
    health = Health(store, directory, clock, migrated, late, silent, sources.watch, installation, lambda: intake.failures)
    key_use = KeyUse(store, directory)
    trouble = TroubleWatch(store, operations, requests, directory, clock)
    return Gateway(
        settings=settings,
        ring=ring,
        rotation=KeyRotation(store, ring, clock),
        directory=directory,
        intake=intake,
        trace=trace,
        data_requests=DataRequests(store, directory, intake, trace, pseudonyms, clock),
        health=health,
        callbacks=Callbacks(store, directory, intake, clock),
        manual_tasks=ManualTaskList(store, clock),
        consents=consents,
        ledger=ledger,
        disputes=Disputes(store, clock),
        waits=WhatWaits(store, directory, health, sources.watch),
        operations=operations,
        requests=requests,
        door_counts=door_counts,
        audit=AuditLog(store, clock),
        installation=installation,
        history=History(store, directory, clock),
        key_use=key_use,
        sessions=Sessions(store, directory, clock),
        sources=sources,
        planner=planner,
        delivery=delivery,
        pull=pull,
        backfills=backfills,
        recovery=recovery,
        reconciliations=reconciliations,
        cleaner=cleaner,
        worker=Worker(
            planner,
            delivery,
            carts,
            pull,
            backfills,
            reconciliations,
            cleaner,
            sources,
            Alarms(health, sources.watch, trouble, door_counts, store=store, tells=tellers(settings, http), guard=installation),
            installation,
            directory,
            wake,
            pauses,
            JobQueue(database.dsn),
            health.probe,
            requests.write,
            key_use.write,
            door_counts.exchange if shared_store is not None else None,
            shared.read if shared is not None else None,
            ledger.examine_all,
            store.leftovers.step if database.is_sqlite else None,
        ),
        upstreams=upstreams,
        shop_sides=sides,
        consequences=consequences,
        removal=ShopRemoval(store, directory, clock),
        parts=parts,
    )
