"""The unit of work: one transaction, one visible commit, all tables at hand."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.backfills import Backfills
from app.storage.consent_ledger import ConsentLedger
from app.storage.contacts import Contacts
from app.storage.engine.database import Database
from app.storage.inbox import Inbox
from app.storage.ledger_anchors import LedgerAnchors
from app.storage.operations.audit import AuditLog, Sessions
from app.storage.operations.door_counts import DoorCounts
from app.storage.operations.leftovers import Leftovers
from app.storage.operations.reason_counts import ReasonCounts
from app.storage.operations.removal import Removal
from app.storage.operations.request_log import RequestLog
from app.storage.operations.retention import Cleaning
from app.storage.operations.traces import Traces
from app.storage.outbox.attempts import Results
from app.storage.outbox.commands import Outbox
from app.storage.outbox.destinations import Destinations
from app.storage.outbox.leases import Leases
from app.storage.outbox.manual_tasks import ManualTasks
from app.storage.outbox.parked import Parked
from app.storage.pushes import Pushes
from app.storage.reconciliations import Reconciliations
from app.storage.sales import Carts, Sales
from app.storage.shops import Registry


class Work:
    def __init__(self, connection: AsyncConnection, clock: Callable[[], datetime] | None, is_awaited: Callable[[], bool]) -> None:
        self._connection = connection
        self._clock = clock
        self._is_awaited = is_awaited
        self.reason_counts = ReasonCounts(connection)
        self.inbox = Inbox(connection, self.reason_counts)
        self.outbox = Outbox(connection, self.inbox)
        self.leases = Leases(connection, self.outbox)
        self.results = Results(connection)
        self.manual_tasks = ManualTasks(connection)
        self.contacts = Contacts(connection)
        self.consents = ConsentLedger(connection)
        self.anchors = LedgerAnchors(connection)
        self.registry = Registry(connection)
        self.sales = Sales(connection)
        self.carts = Carts(connection)
        self.backfills = Backfills(connection)
        self.reconciliations = Reconciliations(connection)
        self.cleaning = Cleaning(connection)
        self.traces = Traces(connection)
        self.destinations = Destinations(connection)
        self.parked = Parked(connection, self.reason_counts)
        self.requests = RequestLog(connection)
        self.door_counts = DoorCounts(connection)
        self.pushes = Pushes(connection)
        self.removal = Removal(connection)
        self.audit = AuditLog(connection)
        self.sessions = Sessions(connection)

    @property
    def is_awaited(self) -> bool:
        return self._is_awaited()

    async def now(self) -> datetime:
        """The time every worker agrees on, for leases and bookings: the database's, wherever there can be several."""
        if self._clock is not None:
            return self._clock()
        at: datetime = (await self._connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return at

    def survives(self, error: Exception) -> bool:
        """Can the transaction still be committed? Not after the store itself failed, nor after a statement that it refused."""
        return not isinstance(error, (SQLAlchemyError, OSError))

    async def commit(self) -> None:
        await self.reason_counts.write()
        await self._connection.commit()


class Store:
    """Hands out units of work."""

    def __init__(self, database: Database, clock: Callable[[], datetime] | None = None) -> None:
        """`clock` stands for the database's: the embedded store has one owner, whose clock is as good."""
        self._database = database
        self._clock = clock if clock is not None or not database.is_sqlite else lambda: datetime.now(UTC)
        self.leftovers = Leftovers(database)

    @asynccontextmanager
    async def work(self, *, first: bool = False) -> AsyncIterator[Work]:
        """Leaving without `commit()` undoes everything. Raises `NotReady` if the store cannot take anything now.

        `first`: somebody waits for an answer, so this goes before all others that wait for the store.
        """
        async with self._database.transaction(first=first) as connection:
            yield Work(connection, self._clock, lambda: self._database.is_awaited)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Work]:
        """A unit of work that only reads: what it reads need not be of one moment, nor stay so."""
        async with self._database.transaction(reading=True) as connection:
            yield Work(connection, self._clock, lambda: self._database.is_awaited)

    async def remove_leftovers(self) -> None:
        """After somebody was erased, or something cleaned away: the store's files must not keep it."""
        await self.leftovers.remove()
