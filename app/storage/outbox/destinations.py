"""One row per destination: its breaker and its bucket, shared by all workers. The row is also the lock of those who claim."""

from collections.abc import Collection

from sqlalchemy import bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.delivery.destination import DestinationState
from app.domain.values import replace
from app.storage.engine import codec
from app.storage.engine.dialect import ListStatement, insert
from app.storage.engine.tables import destinations


class Destinations:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def locked(self, destination: str) -> DestinationState:
        """As known; until the transaction ends nobody else reads it like this."""
        row, which = _ROW if self._connection.dialect.name == "sqlite" else _LOCKED_ROW, {"at": destination}
        stored = (await self._connection.execute(row, which)).scalar_one_or_none()
        if stored is None:
            statement = insert(self._connection, destinations).on_conflict_do_nothing(index_elements=["destination"])
            await self._connection.execute(statement, [{"destination": destination, "doc": codec.encode(DestinationState())}])
            stored = (await self._connection.execute(row, which)).scalar_one()
        return codec.decode(stored, DestinationState)

    async def save(self, destination: str, state: DestinationState) -> None:
        await self._connection.execute(_SAVE, {"at": destination, "state": codec.encode(state)})

    async def end_probes(self) -> None:
        """Those who probe are gone."""
        for name, state in (await self.all()).items():
            if state.breaker.is_probed:
                await self.save(name, replace(state, breaker=state.breaker.without_prober()))

    async def of(self, names: Collection[str]) -> dict[str, DestinationState]:
        """Those of these that are known."""
        rows = await _NAMED.run(self._connection, names)
        return {row.destination: codec.decode(row.doc, DestinationState) for row in rows}

    async def all(self) -> dict[str, DestinationState]:
        rows = await self._connection.execute(select(destinations).order_by(destinations.c.destination))
        return {row.destination: codec.decode(row.doc, DestinationState) for row in rows}


_NAMED = ListStatement(lambda listed: select(destinations).where(listed(destinations.c.destination)))
_ROW = select(destinations.c.doc).where(destinations.c.destination == bindparam("at"))
_LOCKED_ROW = _ROW.with_for_update()
_SAVE = update(destinations).where(destinations.c.destination == bindparam("at")).values(doc=bindparam("state"))
