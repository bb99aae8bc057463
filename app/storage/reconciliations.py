"""Comparisons of both sides: how far each one is, and what it found."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.runs.reconciliation import Reconciliation
from app.domain.values import replace
from app.storage.engine import codec
from app.storage.engine.dialect import each_value, one_of
from app.storage.engine.tables import reconciliations

_SHOPS = each_value(reconciliations.c.shop_id)
AT_ONCE = 100

LONGEST_PAUSE = timedelta(hours=1)


class Reconciliations:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, run: Reconciliation) -> int:
        """Answers the number it got."""
        made = await self._connection.execute(insert(reconciliations).returning(reconciliations.c.id), [_row(run)])
        number: int = made.scalar_one()
        return number

    async def find(self, number: int) -> Reconciliation | None:
        found = await self._read(select(reconciliations).where(reconciliations.c.id == number))
        return found[0] if found else None

    async def of_shop(self, shop_id: str, limit: int) -> list[Reconciliation]:
        """Newest first."""
        theirs = select(reconciliations).where(reconciliations.c.shop_id == shop_id)
        return await self._read(theirs.order_by(reconciliations.c.id.desc()).limit(limit))

    async def last_over(self) -> dict[int, str]:
        """Number -> shop of each shop's newest comparison that is over: some steps along the index for each shop."""
        newest = (
            select(reconciliations.c.id)
            .where(reconciliations.c.shop_id == _SHOPS.c.name, reconciliations.c.over)
            .order_by(reconciliations.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        rows = await self._connection.execute(select(_SHOPS.c.name, newest).where(_SHOPS.c.name.is_not(None)))
        return {row[1]: row[0] for row in rows if row[1] is not None}

    async def with_numbers(self, numbers: Collection[int]) -> list[Reconciliation]:
        found: list[Reconciliation] = []
        wanted = sorted(numbers)
        for start in range(0, len(wanted), AT_ONCE):
            some = wanted[start : start + AT_ONCE]
            found += await self._read(select(reconciliations).where(one_of(self._connection, reconciliations.c.id, some)))
        return found

    async def due(self, now: datetime) -> list[Reconciliation]:
        due = (reconciliations.c.due_at <= now) | (reconciliations.c.due_at > now + LONGEST_PAUSE)  # `domain.clocks`
        moving = ~reconciliations.c.over & due
        return await self._read(select(reconciliations).where(moving).order_by(reconciliations.c.due_at).limit(AT_ONCE))

    async def save(self, run: Reconciliation, before: Reconciliation) -> bool:
        """Write the next state if the one it follows from still stands; False, and nothing written, otherwise."""
        unchanged = (reconciliations.c.id == run.id) & (reconciliations.c.version == before.version)
        after = _row(replace(run, version=before.version + 1))
        changed = await self._connection.execute(update(reconciliations).where(unchanged).values(after))
        return changed.rowcount == 1

    async def _read(self, wanted: Any) -> list[Reconciliation]:
        rows = await self._connection.execute(wanted)
        return [replace(codec.decode(row.doc, Reconciliation), id=row.id, version=row.version) for row in rows]


def _row(run: Reconciliation) -> dict[str, object]:
    return {"shop_id": run.shop_id, "over": run.is_over, "due_at": run.due_at, "version": run.version, "doc": _doc(run)}


def _doc(run: Reconciliation) -> bytes:
    return codec.encode(replace(run, id=0, version=0))
