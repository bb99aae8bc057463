"""The inbox in numbers: what waits, since when, and what became of the last days' events."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    cast,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.intake.inbox import EventState
from app.domain.operations.open_items.items import OpenEvents
from app.domain.reasons import Reason
from app.storage.engine.dialect import distinct
from app.storage.engine.tables import inbox

_HOUR: ColumnElement[int] = literal_column("3600000000", BigInteger)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Instants are stored in microseconds since; an hour in microseconds."""

_WAITING_STATES = text("inbox.state IN ('received', 'planned')")  # as the partial index has it
_HELD_STATE = text("inbox.state = 'held'")


class InboxCounts:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def waiting_counts(self, shop_id: str) -> dict[str, int]:
        """State -> number of a shop's events that have not ended, along the partial indexes."""
        found: dict[str, int] = {}
        for waiting in (_WAITING_STATES, _HELD_STATE):
            theirs = select(inbox.c.state, func.count().label("number")).where(inbox.c.shop_id == shop_id, waiting)
            found |= {row.state: row.number for row in await self._connection.execute(theirs.group_by(inbox.c.state))}
        return found

    async def open_events(self, shop_id: str, limit: int) -> list[OpenEvents]:
        """A shop's events that have not ended, by what they wait for; of more than `limit` the oldest. Along partial indexes."""
        found: list[OpenEvents] = []
        for waiting in (_WAITING_STATES, _HELD_STATE):
            columns = (inbox.c.state, inbox.c.reason, inbox.c.received_at, (inbox.c.type == "cart").label("is_cart"))
            has_commands = (inbox.c.open_commands > 0).label("has_commands")
            theirs = select(*columns, has_commands).where(inbox.c.shop_id == shop_id, waiting)
            # Held events have no index by time; any of them tell that something waits.
            oldest = theirs.order_by(inbox.c.received_at) if waiting is _WAITING_STATES else theirs
            each = oldest.limit(limit).subquery()
            kinds = (each.c.state, each.c.reason, each.c.is_cart, each.c.has_commands)
            counted = select(*kinds, func.count().label("number"), func.min(each.c.received_at).label("since")).group_by(*kinds)
            rows = (await self._connection.execute(counted)).all()
            is_at_least = sum(row.number for row in rows) >= limit
            found += [
                OpenEvents(
                    state=EventState(row.state),
                    reason=Reason(row.reason) if row.reason else None,
                    is_cart=bool(row.is_cart),
                    has_commands=bool(row.has_commands),
                    number=row.number,
                    since=row.since,
                    is_at_least=is_at_least,
                )
                for row in rows
            ]
        return found

    async def oldest_waiting(self) -> dict[str, datetime]:
        """Per shop, when its oldest event that is not settled was received (R11). What a list brings has no such promise.

        Along the partial index, from each shop's oldest on: a long queue costs no more than a short one.
        """
        waiting = _WAITING_STATES
        not_a_cart = (inbox.c.type != "cart") | (inbox.c.open_commands > 0)
        of_ours = inbox.c.reason.is_(None) | (inbox.c.reason != Reason.WAITS_FOR_ORDER.value)  # the order is the shop's to send
        found: dict[str, datetime] = {}
        async for shop_id in distinct(self._connection, inbox.c.shop_id, waiting):
            theirs = (waiting, inbox.c.shop_id == shop_id, not_a_cart, of_ours, ~inbox.c.background)
            promised = select(inbox.c.received_at).where(*theirs)
            oldest = (await self._connection.execute(promised.order_by(inbox.c.received_at).limit(1))).scalar_one_or_none()
            if oldest is not None:
                found[shop_id] = oldest
        return found

    async def counts(self) -> dict[str, dict[str, int]]:
        """Shop -> state -> number of events."""
        counted, _ = await self.counts_after(0, None)
        return counted

    async def counts_after(self, seq: int, rows: int | None) -> tuple[dict[str, dict[str, int]], int | None]:
        """The same of the next events alone, and the last of them to go on after; None when there are no more."""
        part = select(inbox.c.shop_id, inbox.c.state, inbox.c.seq).where(inbox.c.seq > seq).order_by(inbox.c.seq).limit(rows)
        each = part.subquery()
        columns = (each.c.shop_id, each.c.state, func.count().label("number"), func.max(each.c.seq).label("last"))
        found = (await self._connection.execute(select(*columns).group_by(each.c.shop_id, each.c.state))).all()
        counted: dict[str, dict[str, int]] = {}
        for row in found:
            counted.setdefault(row.shop_id, {})[row.state] = row.number
        full = rows is not None and sum(row.number for row in found) == rows
        return counted, max(row.last for row in found) if full else None

    async def last_before(self, at: datetime) -> int:
        """The last event that was received before a time; 0 if none. Ids grow with time, so a few lookups find it."""
        column = inbox.c.received_at
        low, high = 0, int((await self._connection.execute(select(func.coalesce(func.max(inbox.c.seq), 0)))).scalar_one())
        while low < high:
            middle = (low + high + 1) // 2
            one = select(inbox.c.seq, column).where(inbox.c.seq <= middle).order_by(inbox.c.seq.desc()).limit(1)
            row = (await self._connection.execute(one)).first()
            if row is None or row.received_at < at:
                low = middle
            else:
                high = min(row.seq, middle) - 1
        return max(low, 0)

    async def hours_after(self, seq: int, rows: int) -> tuple[list[tuple[str, datetime, str, int]], int | None]:
        """(shop, hour of arrival, state, number) of the next events, and the last of them to go on after; None at the end."""
        part = select(inbox.c.shop_id, inbox.c.state, inbox.c.seq, inbox.c.received_at).where(inbox.c.seq > seq)
        each = part.order_by(inbox.c.seq).limit(rows).subquery()
        ticks = cast(each.c.received_at, BigInteger)
        hour = (ticks - ticks % _HOUR).label("hour")  # no parameter: PostgreSQL would not see that both are the same
        columns = (each.c.shop_id, each.c.state, hour, func.count().label("number"), func.max(each.c.seq).label("last"))
        found = (await self._connection.execute(select(*columns).group_by(each.c.shop_id, each.c.state, hour))).all()
        counted = [(row.shop_id, _EPOCH + timedelta(microseconds=row.hour), row.state, row.number) for row in found]
        full = sum(row.number for row in found) == rows
        return counted, max(row.last for row in found) if full else None
