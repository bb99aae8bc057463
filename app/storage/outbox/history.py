"""The outbox: what was sent, and what is on its way."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.commands import AddEvent, Command, EventKind
from app.domain.delivery.outbox import CommandState, ContactQueue
from app.domain.reasons import Reason
from app.storage.engine import codec
from app.storage.engine.dialect import one_of
from app.storage.engine.tables import outbox

WAITING = text("outbox.state = 'waiting'")
"""As the partial index has it."""

_NOT_ONLY_SHOWN = outbox.c.reason.is_distinct_from(Reason.SHADOW.value)


class OutboxHistory:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def remote_event_id(self, event_seq: int) -> str | None:
        """The id SALESmanago gave to what one of our events became there; None while it has not arrived."""
        sent = (outbox.c.event_seq == event_seq) & (outbox.c.state == CommandState.SENT.value) & outbox.c.counted
        newest = select(outbox.c.upstream_id).where(sent, outbox.c.upstream_id.is_not(None)).order_by(outbox.c.id.desc())
        found: str | None = (await self._connection.execute(newest.limit(1))).scalar_one_or_none()
        return found

    async def event_ids_there(self, event_seqs: Collection[int]) -> dict[int, str]:
        """As `remote_event_id`, for many, of purchases alone: a batch answers no ids, and what was sent with it may have one."""
        sent = (outbox.c.state == CommandState.SENT.value) & outbox.c.upstream_id.is_not(None)
        columns = select(outbox.c.event_seq, outbox.c.upstream_id, outbox.c.command)
        rows = await self._connection.execute(columns.where(one_of(self._connection, outbox.c.event_seq, event_seqs), sent))
        decoded = ((row.event_seq, row.upstream_id, codec.decode_command(row.command)) for row in rows)
        purchases = (one for one in decoded if isinstance(one[2], AddEvent) and one[2].kind is EventKind.PURCHASE)
        return {seq: upstream_id for seq, upstream_id, _ in purchases}

    async def in_flight(self, destination: str, contact_ids: Collection[int], since: datetime) -> set[int]:
        """Contacts with commands that wait, or were settled since a time: what SALESmanago shows of them may be old."""
        theirs = (outbox.c.destination == destination) & one_of(self._connection, outbox.c.contact_id, contact_ids)
        waiting = select(outbox.c.contact_id).where(theirs, WAITING)
        settled = select(outbox.c.contact_id).where(theirs, outbox.c.settled_at >= since, _NOT_ONLY_SHOWN)
        return set((await self._connection.execute(waiting.union(settled))).scalars())

    async def last_settled(self, destination: str, contact_ids: Collection[int], since: datetime) -> dict[int, datetime]:
        """When a command of a contact was settled last, if that is since a time."""
        theirs = (outbox.c.destination == destination) & one_of(self._connection, outbox.c.contact_id, contact_ids)
        settled = theirs & (outbox.c.settled_at >= since) & _NOT_ONLY_SHOWN
        last = select(outbox.c.contact_id, func.max(outbox.c.settled_at).label("at")).where(settled)
        return {row.contact_id: row.at for row in await self._connection.execute(last.group_by(outbox.c.contact_id))}

    async def delivered_since(self, contact_queue: ContactQueue, since: datetime) -> list[Command | None]:
        """What was written there for the contact since a time, or perhaps at some time. None: it cannot be read."""
        theirs = (outbox.c.contact_id == contact_queue.contact_id) & (outbox.c.destination == contact_queue.destination)
        sent = (outbox.c.settled_at >= since) & (outbox.c.state == CommandState.SENT.value)
        perhaps = (outbox.c.state == CommandState.WAITING.value) & outbox.c.maybe_sent
        rows = await self._connection.execute(select(outbox.c.command).where(theirs, sent | perhaps))
        return [codec.decode_command(stored) for stored in rows.scalars()]
