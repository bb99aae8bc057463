"""The unit of work: one transaction, one visible commit, all tables at hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.backfills import Backfills
from app.storage.cleaning import Cleaning
from app.storage.consents import ConsentLedger
from app.storage.contacts import Contacts
from app.storage.database import Database
from app.storage.inbox import Inbox
from app.storage.outbox import Outbox
from app.storage.reconciliations import Reconciliations
from app.storage.registry import Registry
from app.storage.sales import Carts, Sales
from app.storage.traces import Traces


class Work:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.inbox = Inbox(connection)
        self.outbox = Outbox(connection)
        self.contacts = Contacts(connection)
        self.consents = ConsentLedger(connection)
        self.registry = Registry(connection)
        self.sales = Sales(connection)
        self.carts = Carts(connection)
        self.backfills = Backfills(connection)
        self.reconciliations = Reconciliations(connection)
        self.cleaning = Cleaning(connection)
        self.traces = Traces(connection)

    async def commit(self) -> None:
        await self._connection.commit()


class Store:
    """Hands out units of work."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Work]:
        """Leaving without `commit()` undoes everything. Raises `NotReady` if the store cannot take anything now."""
        async with self._database.transaction() as connection:
            yield Work(connection)
