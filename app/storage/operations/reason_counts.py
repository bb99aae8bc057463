"""How many events are withheld or parked, by reason and by the hour they came in (R92): counted where an event changes.

Whatever changes an event says so before (`undecided`, `changing`). Before the commit the events are looked at once more, and what
differs is added with one statement, in one order: the counts are the last rows a transaction locks, so workers never wait for
each other crosswise. What is cleaned away or erased stays counted.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.intake.inbox import EventState
from app.domain.operations.history import ReasonCount, count_changes, hour_of
from app.domain.reasons import Reason
from app.storage.engine.dialect import ListStatement, insert, one_of
from app.storage.engine.tables import inbox, reason_counts

_COUNTED = inbox.c.state.in_((EventState.WITHHELD.value, EventState.PARKED.value)) & inbox.c.reason.is_not(None)
_COLUMNS = (inbox.c.seq, inbox.c.shop_id, inbox.c.received_at, inbox.c.state, inbox.c.reason)
_ROWS = 1000
_WITHHELD_WITH_THE_LAST = ListStatement(
    lambda listed: select(*_COLUMNS).where(
        listed(inbox.c.seq), inbox.c.state == EventState.PLANNED.value, inbox.c.reason.is_not(None)
    )
)


class ReasonCounts:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._before: dict[int, ReasonCount | None] = {}
        """Event -> what it counted as when the transaction began."""

    def undecided(self, seqs: Iterable[int]) -> None:
        """These are about to change, and do not count yet."""
        for seq in seqs:
            self._before.setdefault(seq, None)

    async def changing(self, *which: ColumnElement[bool]) -> None:
        """These events are about to change."""
        self._note((await self._connection.execute(select(*_COLUMNS).where(*which))).all())

    async def commands_arrive(self, seqs: Collection[int]) -> None:
        """With the last of its commands an event is sent, or withheld if only facts in it were to travel: that one counts then."""
        self._note((await _WITHHELD_WITH_THE_LAST.run(self._connection, seqs)).all())

    def _note(self, rows: Sequence[Any]) -> None:
        for row in rows:
            counts = row.state in (EventState.WITHHELD, EventState.PARKED) and row.reason is not None
            self._before.setdefault(row.seq, _count_of(row) if counts else None)

    async def write(self) -> None:
        """Add what differs. To be called before the commit."""
        before, self._before = self._before, {}
        if not before:
            return
        theirs = select(*_COLUMNS).where(one_of(self._connection, inbox.c.seq, list(before)), _COUNTED)
        after = {row.seq: _count_of(row) for row in await self._connection.execute(theirs)}
        rows = [_row(one) for one in count_changes(before, after)]
        if rows:
            statement = insert(self._connection, reason_counts)
            added = {"number": reason_counts.c.number + statement.excluded.number}
            keys = [column.name for column in reason_counts.primary_key]
            await self._connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=added), rows)

    async def since(self, at: datetime) -> list[ReasonCount]:
        """Of the hours that began at a time or later: a row per shop, hour, state and reason, however many events."""
        columns = reason_counts.c
        recent = select(reason_counts).where(columns.hour >= at, columns.number > 0)
        return [
            ReasonCount(row.shop_id, row.hour, EventState(row.state), Reason(row.reason), row.number)
            for row in await self._connection.execute(recent)
        ]

    async def remove(self, before: datetime) -> int:
        """Hours of long ago; answers how many rows."""
        keys = list(reason_counts.primary_key)
        old = (await self._connection.execute(select(*keys).where(reason_counts.c.hour < before).limit(_ROWS))).all()
        for row in old:
            await self._connection.execute(delete(reason_counts).where(*[key == one for key, one in zip(keys, row, strict=True)]))
        return len(old)


def _count_of(row: Any) -> ReasonCount:
    return ReasonCount(row.shop_id, hour_of(row.received_at), EventState(row.state), Reason(row.reason), 1)


def _row(one: ReasonCount) -> dict[str, object]:
    return {"hour": one.hour, "shop_id": one.shop_id, "state": one.state.value, "reason": one.reason.value, "number": one.number}
