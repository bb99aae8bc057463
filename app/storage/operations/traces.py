"""Read side: what became of an event, and a person's time line."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.delivery.outbox import CommandState
from app.domain.intake.inbox import EventState
from app.domain.operations.trace import AttemptTrace, CommandTrace, EventTrace, first_and_last
from app.domain.reasons import Reason
from app.storage.engine import codec
from app.storage.engine.tables import attempts, calls, contact_aliases, contact_queues, contacts, inbox, outbox

TIMELINE_LIMIT = 500


class Traces:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of_event(self, shop_id: str, event_id: str) -> EventTrace | None:
        found = await self._traces((inbox.c.shop_id == shop_id) & (inbox.c.event_id == event_id))
        return found[0] if found else None

    async def of_person(self, shop_id: str, email: str) -> list[EventTrace]:
        """All events of the person that has, or had, the address; oldest first."""
        ids = set(
            (
                await self._connection.execute(
                    select(contacts.c.id)
                    .where(contacts.c.shop_id == shop_id, contacts.c.email == email)
                    .union(
                        select(contact_aliases.c.contact_id).where(
                            contact_aliases.c.shop_id == shop_id, contact_aliases.c.email == email
                        )
                    )
                )
            ).scalars()
        )
        under_it = select(inbox.c.seq).where(inbox.c.shop_id == shop_id, inbox.c.subject == email)
        theirs = select(inbox.c.seq).where(inbox.c.shop_id == shop_id, inbox.c.contact_id.in_(ids))
        return await self._traces(inbox.c.seq.in_(under_it.union(theirs)))  # along an index each; OR would read everything

    async def of_order(self, shop_id: str, order_id: str) -> list[EventTrace]:
        return await self._traces((inbox.c.shop_id == shop_id) & (inbox.c.order_id == order_id))

    async def access_request_of(self, shop_id: str, event_id: str) -> str | None:
        """The address an access request names."""
        found = select(inbox.c.subject).where(
            inbox.c.shop_id == shop_id, inbox.c.event_id == event_id, inbox.c.type == "access-request"
        )
        subject: str | None = (await self._connection.execute(found)).scalar_one_or_none()
        return subject

    async def shadowed(self, shop_id: str, limit: int) -> list[EventTrace]:
        """What a shop in shadow mode would have sent last. Asked of such a shop, whose newest events are of that kind."""
        newest = select(inbox.c.seq).where(inbox.c.shop_id == shop_id, inbox.c.reason == Reason.SHADOW.value)
        seqs = (await self._connection.execute(newest.order_by(inbox.c.seq.desc()).limit(limit))).scalars()
        return await self._traces(inbox.c.seq.in_(list(seqs)))

    async def kinds_of(self, shop_id: str, event_ids: Collection[str]) -> dict[str, str]:
        """Event -> its kind, of those that are known."""
        wanted = select(inbox.c.event_id, inbox.c.type).where(inbox.c.shop_id == shop_id, inbox.c.event_id.in_(event_ids))
        return {row.event_id: row.type for row in await self._connection.execute(wanted)}

    async def requests_of(self, seqs: Sequence[int]) -> dict[int, tuple[str, str, str]]:
        """Event -> its shop, its kind, and the span of the request that posted it; empty if there was none."""
        wanted = select(inbox.c.seq, inbox.c.shop_id, inbox.c.type, inbox.c.trace).where(inbox.c.seq.in_(seqs))
        return {row.seq: (row.shop_id, row.type, row.trace or "") for row in await self._connection.execute(wanted)}

    async def _traces(self, which: Any) -> list[EventTrace]:
        columns = [column for column in inbox.c if column.name not in ("payload", "digest", "trace")]
        rows = (
            await self._connection.execute(select(*columns).where(which).order_by(inbox.c.seq.desc()).limit(TIMELINE_LIMIT))
        ).all()
        commands = await self._commands([row.seq for row in rows])
        return [_trace(row, commands.get(row.seq, ())) for row in reversed(rows)]

    async def _commands(self, seqs: Sequence[int]) -> dict[int, list[CommandTrace]]:
        box = (contact_queues.c.contact_id == outbox.c.contact_id) & (contact_queues.c.destination == outbox.c.destination)
        found_by = select(outbox, contact_queues.c.due_at, contact_queues.c.leased_until).outerjoin(contact_queues, box)
        rows = (await self._connection.execute(found_by.where(outbox.c.event_seq.in_(seqs)).order_by(outbox.c.id))).all()
        tried = await self._attempts([row.id for row in rows])
        found: dict[int, list[CommandTrace]] = {}
        for row in rows:
            trace = CommandTrace(
                id=row.id,
                command=codec.decode_traced(row.command),
                state=row.state,
                reason=Reason(row.reason) if row.reason else None,
                queued_at=row.queued_at,
                settled_at=row.settled_at,
                upstream_id=row.upstream_id,
                attempts=first_and_last(tried.get(row.id, ())),
                destination=row.destination,
                due_at=row.due_at if row.state == CommandState.WAITING.value else None,
                leased_until=row.leased_until if row.state == CommandState.WAITING.value else None,
            )
            found.setdefault(row.event_seq, []).append(trace)
        return found

    async def _attempts(self, command_ids: Sequence[int]) -> dict[int, list[AttemptTrace]]:
        rows = await self._connection.execute(
            select(attempts, calls.c.path, calls.c.milliseconds)
            .outerjoin(calls, calls.c.id == attempts.c.call_id)
            .where(attempts.c.command_id.in_(command_ids))
            .order_by(attempts.c.command_id, attempts.c.number)
        )
        found: dict[int, list[AttemptTrace]] = {}
        for row in rows:
            trace = AttemptTrace(row.number, row.at, row.outcome, row.detail, row.path, row.milliseconds)
            found.setdefault(row.command_id, []).append(trace)
        return found


def _trace(row: Any, commands: Sequence[CommandTrace]) -> EventTrace:
    return EventTrace(
        event_id=row.event_id,
        shop_id=row.shop_id,
        type=row.type,
        state=EventState(row.state),
        reason=Reason(row.reason) if row.reason else None,
        detail=row.detail,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        decided_at=row.decided_at,
        settled_at=row.settled_at,
        warnings=codec.decode(row.warnings, tuple[str, ...]) if row.warnings else (),
        commands=tuple(commands),
        contact_id=row.contact_id,
        order_id=row.order_id,
    )
