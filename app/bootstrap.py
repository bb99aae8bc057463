"""The composition root: the one place that knows which real thing stands behind which name."""

import random
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

import httpx
import structlog

from app.clients.salesmanago.client import SalesmanagoClient
from app.clients.transport import Pacer, Transport
from app.domain.errors import BadConfiguration
from app.jobs import Bell, Pauses, Wake, Worker
from app.services.carts import Carts
from app.services.delivery import Delivery
from app.services.directory import AccountAccess, Directory
from app.services.health import Health
from app.services.intake import Intake
from app.services.planner import Planner
from app.services.ports import Clock, Store, Upstream
from app.services.secrets_at_rest import KeyRing, Pseudonyms
from app.services.trace import Trace
from app.settings import Settings
from app.shops_file import load
from app.storage import migrations
from app.storage.database import Database
from app.storage.work import Store as SqlStore

log = structlog.get_logger(__name__)

_PEPPER = "pseudonym_pepper"


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Gateway:
    """Everything a door needs, put together."""

    settings: Settings
    ring: KeyRing
    directory: Directory
    intake: Intake
    trace: Trace
    health: Health
    planner: Planner
    delivery: Delivery
    worker: Worker
    upstreams: "Upstreams"


class Upstreams:
    """The SALESmanago client of each account; a changed account gets a new one."""

    def __init__(self, directory: Directory, http: httpx.AsyncClient, clock: Clock) -> None:
        self._directory = directory
        self._http = http
        self._clock = clock
        self._clients: dict[str, tuple[AccountAccess, SalesmanagoClient]] = {}

    def __call__(self, account_id: str) -> Upstream:
        return self.client(account_id)

    def client(self, account_id: str) -> SalesmanagoClient:
        access = self._directory.access(account_id)
        known = self._clients.get(account_id)
        if known is None or known[0] != access:
            transport = Transport(self._http, Pacer(access.account.calls_per_second))
            known = (access, SalesmanagoClient(access.account, access.api_secret, transport, self._clock))
            self._clients[account_id] = known
        return known[1]


@asynccontextmanager
async def open_gateway(settings: Settings, clock: Clock = utc_now) -> AsyncIterator[Gateway]:
    """The gateway on its database, migrated, its configuration applied. Nothing runs yet: `worker.start()` does that.

    Raises `BadConfiguration` without encryption keys, `AlreadyOwned` if another process has the SQLite file.
    """
    if not settings.encryption_keys:
        raise BadConfiguration(
            ["GATEWAY_ENCRYPTION_KEYS is missing: secrets are stored encrypted. Make a key with `gateway keys encryption`."]
        )
    database = Database(settings.database_url)
    try:
        database.own()
        await migrations.upgrade(database)
        async with httpx.AsyncClient(timeout=httpx.Timeout(30.0)) as http:
            gateway = await _compose(settings, database, http, clock)
            try:
                yield gateway
            finally:
                await gateway.worker.stop()
                await gateway.intake.close()
    finally:
        await database.close()


async def _compose(settings: Settings, database: Database, http: httpx.AsyncClient, clock: Clock) -> Gateway:
    store: Store = SqlStore(database)
    ring = KeyRing(list(settings.encryption_keys))
    directory = Directory(store, ring, clock)
    if database.is_sqlite:
        async with store.work() as work:
            await work.outbox.release_all()
            await work.commit()
    if settings.config is not None:
        accounts, shops = load(settings.config, ring)
        await directory.apply(accounts, shops)
    await directory.refresh()
    wake = Wake(Bell(), Bell())
    upstreams = Upstreams(directory, http, clock)
    planner = Planner(store, directory, clock, Pseudonyms(await _pepper(store, ring)), wake.delivering.ring)
    delivery = Delivery(store, directory, upstreams, clock, random.SystemRandom().random)
    carts = Carts(store, directory, clock)
    pauses = Pauses(settings.poll_seconds, settings.cart_sweep_seconds, settings.directory_seconds)
    return Gateway(
        settings=settings,
        ring=ring,
        directory=directory,
        intake=Intake(store, clock, wake.planning.ring),
        trace=Trace(store),
        health=Health(store, directory, clock, partial(migrations.is_current, database), settings.freshness_alarm_seconds),
        planner=planner,
        delivery=delivery,
        worker=Worker(planner, delivery, carts, directory, wake, pauses),
        upstreams=upstreams,
    )


async def _pepper(store: Store, ring: KeyRing) -> str:
    """The secret of the pseudonyms: made once, kept encrypted."""
    async with store.work() as work:
        stored = (await work.registry.facts()).get(_PEPPER)
        if stored is not None:
            return ring.open(stored)
        pepper = secrets.token_hex(32)
        await work.registry.set_fact(_PEPPER, ring.close(pepper))
        await work.commit()
        return pepper
