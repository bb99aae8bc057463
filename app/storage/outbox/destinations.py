"""One row per destination: its breaker and its bucket, shared by all workers. The row is also the lock of those who claim."""

from collections.abc import Collection

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.delivery.destination import DestinationState
from app.storage.engine import codec
from app.storage.engine.dialect import insert, one_of
from app.storage.engine.tables import destinations


class Destinations:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def locked(self, destination: str) -> DestinationState:
        """As known; until the transaction ends nobody else reads it like this."""
        row = select(destinations.c.doc).where(destinations.c.destination == destination)
        if self._connection.dialect.name != "sqlite":
            row = row.with_for_update()
        stored = (await self._connection.execute(row)).scalar_one_or_none()
        if stored is None:
            statement = insert(self._connection, destinations).on_conflict_do_nothing(index_elements=["destination"])
            await self._connection.execute(statement, [{"destination": destination, "doc": codec.encode(DestinationState())}])
            stored = (await self._connection.execute(row)).scalar_one()
        return codec.decode(stored, DestinationState)

    async def save(self, destination: str, state: DestinationState) -> None:
        change = update(destinations).where(destinations.c.destination == destination).values(doc=codec.encode(state))
        await self._connection.execute(change)

    async def of(self, names: Collection[str]) -> dict[str, DestinationState]:
        """Those of these that are known."""
        wanted = one_of(self._connection, destinations.c.destination, names)
        rows = await self._connection.execute(select(destinations).where(wanted))
        return {row.destination: codec.decode(row.doc, DestinationState) for row in rows}

    async def all(self) -> dict[str, DestinationState]:
        rows = await self._connection.execute(select(destinations).order_by(destinations.c.destination))
        return {row.destination: codec.decode(row.doc, DestinationState) for row in rows}
