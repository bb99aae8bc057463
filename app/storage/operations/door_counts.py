"""What the processes of one gateway count of requests, minute by minute; rows live for two minutes."""

from collections.abc import Mapping

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.storage.engine.dialect import insert
from app.storage.engine.tables import door_counts


class DoorCounts:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, window: int, counted: Mapping[str, int]) -> Mapping[str, int]:
        """Add to the counts of a minute; answers all of that minute."""
        if counted:
            await self._connection.execute(delete(door_counts).where(door_counts.c.minute < window - 1))
            statement = insert(self._connection, door_counts)
            added = {"number": door_counts.c.number + statement.excluded.number}
            rows = [{"minute": window, "name": name, "number": number} for name, number in sorted(counted.items())]
            await self._connection.execute(statement.on_conflict_do_update(index_elements=["minute", "name"], set_=added), rows)
        held = select(door_counts.c.name, door_counts.c.number).where(door_counts.c.minute == window)
        return {row.name: row.number for row in await self._connection.execute(held)}
