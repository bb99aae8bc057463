"""What is kept no longer, removed a bounded number of rows at a time; each method answers how many."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Table, and_, delete, exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.delivery.outbox import CommandState, to_account
from app.domain.intake.inbox import EventState
from app.domain.operations.retention import is_forgettable
from app.domain.person.contact import Contact
from app.storage.engine import codec
from app.storage.engine.tables import (
    attempts,
    backfill_accounts,
    backfills,
    calls,
    carts,
    consents,
    contact_aliases,
    contact_queues,
    contacts,
    door_requests,
    inbox,
    outbox,
    reconciliations,
)

ROWS = 1000
"""Of one class in one transaction: nobody waits long behind a cleaning."""

PAGES = 2000

_ENDED = (EventState.SENT.value, EventState.WITHHELD.value, EventState.SUPERSEDED.value)
_SETTLED = (CommandState.SENT.value, CommandState.CANCELLED.value)


class Cleaning:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def payloads(self, before: datetime, states: Sequence[EventState]) -> int:
        """What events said; that they happened, and what became of them, stays."""
        old = inbox.c.payload.is_not(None) & inbox.c.state.in_([one.value for one in states]) & (inbox.c.settled_at < before)
        seqs = await self._ids(select(inbox.c.seq).where(old).order_by(inbox.c.settled_at))
        if seqs:
            forgotten = update(inbox).where(inbox.c.seq.in_(seqs)).values(payload=None, warnings=None)
            await self._connection.execute(forgotten)
        return len(seqs)

    async def commands(self, before: datetime) -> int:
        """What was sent, with every attempt."""
        return await self._commands(outbox.c.state.in_(_SETTLED) & (outbox.c.settled_at < before))

    async def parked_commands(self, before: datetime) -> int:
        """What waited for a person in vain. Its event stays parked, with the reason."""
        to_accounts = outbox.c.destination.startswith(to_account(""), autoescape=True)  # hand-work waits for its person (R56)
        return await self._commands((outbox.c.state == CommandState.PARKED.value) & to_accounts & (outbox.c.settled_at < before))

    async def _commands(self, old: Any) -> int:
        ids = await self._ids(select(outbox.c.id).where(old).order_by(outbox.c.settled_at))
        if ids:
            await self._connection.execute(delete(attempts).where(attempts.c.command_id.in_(ids)))
            await self._connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))
        return len(ids)

    async def calls(self, before: datetime) -> int:
        """Calls are written in the order of time, so the oldest are the first."""
        first = (await self._connection.execute(select(calls.c.id, calls.c.started_at).order_by(calls.c.id).limit(ROWS))).all()
        return await self._delete(calls, calls.c.id, [row.id for row in first if row.started_at < before])

    async def requests(self, before: datetime) -> int:
        """The request log: written in the order of time, so the oldest are the first."""
        oldest = select(door_requests.c.id, door_requests.c.at).order_by(door_requests.c.id).limit(ROWS)
        first = (await self._connection.execute(oldest)).all()
        return await self._delete(door_requests, door_requests.c.id, [row.id for row in first if row.at < before])

    async def events(self, before: datetime) -> int:
        """The lines of events that ended, or were given up, once nothing refers to them: hand-work keeps its event."""
        ended = inbox.c.state.in_((*_ENDED, EventState.PARKED.value)) & (inbox.c.settled_at < before)
        waited_for = exists().where(carts.c.event_seq == inbox.c.seq)
        with_commands = exists().where(outbox.c.event_seq == inbox.c.seq)
        old = select(inbox.c.seq).where(ended, ~waited_for, ~with_commands)
        seqs = await self._ids(old.order_by(inbox.c.settled_at))
        return await self._delete(inbox, inbox.c.seq, seqs)

    async def carts(self, before: datetime) -> int:
        """Closed carts whose last change is long ago."""
        ended = exists().where(inbox.c.seq == carts.c.event_seq, inbox.c.settled_at < before)
        closed = select(carts.c.shop_id, carts.c.cart_id).where(carts.c.due_at.is_(None), ended).limit(ROWS)
        return await self._delete_pairs(carts, closed, carts.c.shop_id, carts.c.cart_id)

    async def never_sent(self, before: datetime, after: int) -> tuple[int, int]:
        """People who were never sent and without events for long; answers how many, and the last id checked (0 = all were)."""
        busy = exists().where(contact_queues.c.contact_id == contacts.c.id)
        with_cart = exists().where(carts.c.contact_id == contacts.c.id)
        merged = contacts.c.merged_into.is_not(None)
        old = select(contacts.c.id, contacts.c.doc).where(contacts.c.id > after, contacts.c.updated_at < before)
        old = old.where(~busy, ~with_cart, ~merged)
        rows = (await self._connection.execute(old.order_by(contacts.c.id).limit(ROWS))).all()
        ids = [row.id for row in rows if is_forgettable(codec.decode(row.doc, Contact))]
        if ids:
            await self._connection.execute(delete(contact_aliases).where(contact_aliases.c.contact_id.in_(ids)))
            # The sealed line stays; the address beside it goes with the person.
            forgotten = update(consents).where(consents.c.contact_id.in_(ids)).values(details=None)
            await self._connection.execute(forgotten)
        return await self._delete(contacts, contacts.c.id, ids), rows[-1].id if len(rows) == ROWS else 0

    async def reports(self, before: datetime) -> int:
        """Lines per account of transfers that are over, whose report stands, and old comparisons."""
        over = select(backfills.c.id).where(backfills.c.over, backfills.c.due_at < before)
        lines = select(backfill_accounts.c.backfill_id, backfill_accounts.c.account_id)
        old_lines = lines.where(backfill_accounts.c.backfill_id.in_(over)).limit(ROWS)
        removed = await self._delete_pairs(
            backfill_accounts, old_lines, backfill_accounts.c.backfill_id, backfill_accounts.c.account_id
        )
        old = select(reconciliations.c.id).where(reconciliations.c.over, reconciliations.c.due_at < before)
        return removed + await self._delete(reconciliations, reconciliations.c.id, await self._ids(old))

    async def shrink(self) -> None:
        """Give free pages of an SQLite file back. PostgreSQL's autovacuum needs no reminder."""
        if self._connection.dialect.name == "sqlite":
            # The driver takes one step of a statement without rows, and each step frees one page.
            free: int = (await self._connection.exec_driver_sql("PRAGMA freelist_count")).scalar_one()
            for _ in range(min(free, PAGES)):
                await self._connection.exec_driver_sql("PRAGMA incremental_vacuum(1)")

    async def _ids(self, wanted: Any) -> list[int]:
        return list((await self._connection.execute(wanted.limit(ROWS))).scalars())

    async def _delete(self, table: Table, key: "Column[Any]", ids: Sequence[int]) -> int:
        if ids:
            await self._connection.execute(delete(table).where(key.in_(ids)))
        return len(ids)

    async def _delete_pairs(self, table: Table, wanted: Any, one: "Column[Any]", other: "Column[Any]") -> int:
        pairs = (await self._connection.execute(wanted)).all()
        for first, second in pairs:
            await self._connection.execute(delete(table).where(and_(one == first, other == second)))
        return len(pairs)
