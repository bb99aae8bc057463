"""What only a person can carry out: parked commands for the shop's own side (R56)."""

from collections import Counter
from datetime import datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.delivery.outbox import CommandState, ManualTask, WaitingCommand
from app.domain.reasons import Reason
from app.storage.engine import codec
from app.storage.engine.dialect import distinct
from app.storage.engine.tables import outbox
from app.storage.outbox.attempts import last_words

_PARKED = text("outbox.state = 'parked'")


class ManualTasks:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def items(self, destination: str, contact_id: int | None = None, limit: int = 500) -> list[ManualTask]:
        """What a person has to carry out at a destination, oldest first."""
        found = select(outbox, last_words().label("detail")).where(outbox.c.destination == destination, _PARKED)
        if contact_id is not None:
            found = found.where(outbox.c.contact_id == contact_id)
        rows = await self._connection.execute(found.order_by(outbox.c.id).limit(limit))
        return [
            ManualTask(
                id=row.id,
                event_seq=row.event_seq,
                command=command,
                counted=row.counted,
                reason=Reason(row.reason),
                detail=row.detail or "",
                since=row.settled_at,
            )
            for row in rows
            if (command := codec.decode_command(row.command)) is not None
        ]

    async def settle(self, command_id: int, shop_id: str | None, *, done: bool, at: datetime) -> WaitingCommand | None:
        """A person carried it out, or something newer took its place; answers what was parked, None if nothing was."""
        state = CommandState.SENT if done else CommandState.CANCELLED
        reason = None if done else Reason.REPLACED.value
        theirs = (outbox.c.id == command_id) & outbox.c.destination.not_like("account:%")
        if shop_id is not None:
            theirs &= outbox.c.shop_id == shop_id
        change = update(outbox).where(theirs, _PARKED).values(state=state.value, reason=reason, settled_at=at)
        row = (await self._connection.execute(change.returning(*outbox.c))).one_or_none()
        if row is None:
            return None
        command = codec.decode_command(row.command)
        if command is None:
            return None
        return WaitingCommand(row.id, row.event_seq, command, row.maybe_sent, row.attempts, row.counted)

    async def counts(self, prefix: str) -> dict[str, int]:
        """Shop -> how many commands for a kind of destination wait for a person. Nothing is read of what waits elsewhere."""
        found: Counter[str] = Counter()
        async for destination in distinct(self._connection, outbox.c.destination, _PARKED):
            if destination.startswith(prefix):
                theirs = select(outbox.c.shop_id, func.count().label("number")).where(outbox.c.destination == destination, _PARKED)
                found.update({row.shop_id: row.number for row in await self._connection.execute(theirs.group_by(outbox.c.shop_id))})
        return dict(found)
