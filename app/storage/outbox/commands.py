"""The outbox: commands that wait for a destination. They are claimed through contact queues, a row per contact: see `leases.py`."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Insert, Select, bindparam, case, func, select, text, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.commands import Command, erased_form
from app.domain.decisions.undelivered import Undelivered
from app.domain.delivery import outcomes
from app.domain.delivery.outbox import CommandState, ContactQueue, DeferredRevocation, NewCommand, WaitingCommand, to_account
from app.domain.delivery.revocation import Revocation, opt_outs_of
from app.domain.reasons import Reason
from app.storage.engine import codec
from app.storage.engine.bulk import execute_many
from app.storage.engine.dialect import ListStatement, distinct, insert_of, one_of
from app.storage.engine.tables import contact_queues, inbox, outbox
from app.storage.inbox_endings import InboxEndings
from app.storage.outbox.contact_queues import (
    BULK_BLOCKING_LIVE,
    LISTED,
    LIVE,
    by_destination,
    is_of,
    remove_settled,
    reset_priority,
)
from app.storage.outbox.history import WAITING, OutboxHistory

_PARKED = text("outbox.state = 'parked'")


class Outbox(OutboxHistory):
    def __init__(self, connection: AsyncConnection, events: InboxEndings) -> None:
        super().__init__(connection)
        self._events = events

    async def queue(self, commands: Sequence[NewCommand], at: datetime) -> None:
        """Append commands and make their contacts claimable."""
        if not commands:
            return
        await execute_many(self._connection, _QUEUE, [_row(command, at) for command in commands])
        queues = [command.contact_queue for command in commands]
        pending = Counter(queues)
        shops = {queue: command.shop_id for queue, command in zip(queues, commands, strict=True)}
        live = {queue for queue, command in zip(queues, commands, strict=True) if not command.background}
        await execute_many(
            self._connection,
            _open(self._connection.dialect.name),
            [
                {
                    "contact_id": queue.contact_id,
                    "destination": queue.destination,
                    "shop_id": shops[queue],
                    "priority": LIVE if queue in live else LISTED,
                    "pending": count,
                    "due_at": at,
                    "attempts": 0,
                }
                for queue, count in sorted(pending.items())  # one order of locks everywhere
            ],
        )
        opt_outs = {queue for queue, command in zip(queues, commands, strict=True) if opt_outs_of(command.command) is not None}
        await self._hurry(opt_outs, at)

    async def show(self, commands: Sequence[NewCommand], reason: Reason, at: datetime) -> None:
        """Store what is not to be sent beside its event, to be shown; no contact becomes claimable by it."""
        ended = {"state": CommandState.CANCELLED.value, "reason": reason.value, "settled_at": at, "counted": False}
        if commands:
            await execute_many(self._connection, _QUEUE, [{**_row(command, at), **ended} for command in commands])

    async def _hurry(self, queues: Collection[ContactQueue], at: datetime) -> None:
        """An opt-out does not wait for the end of its contact's backoff, but for as long as an unclear outcome needs to settle."""
        soon = at + outcomes.SETTLING
        for destination, contact_ids in by_destination(sorted(queues)).items():
            theirs = (contact_queues.c.destination == destination) & one_of(
                self._connection, contact_queues.c.contact_id, contact_ids
            )
            await self._connection.execute(update(contact_queues).where(theirs, contact_queues.c.due_at > soon).values(due_at=soon))

    async def waiting_contacts(self, shop_id: str | None = None) -> dict[str, int]:
        """Destination -> how many contacts something waits for. `shop_id`: contacts of that shop alone."""
        counted = select(contact_queues.c.destination, func.count()).group_by(contact_queues.c.destination)
        return {row.destination: row[1] for row in await self._connection.execute(_of_shop(counted, shop_id))}

    async def first_due(self, shop_id: str | None = None) -> dict[str, datetime]:
        """Destination -> when the first contact for whom something waits is due. `shop_id`: of the contacts of that shop."""
        first = select(contact_queues.c.destination, func.min(contact_queues.c.due_at)).group_by(contact_queues.c.destination)
        return {row.destination: row[1] for row in await self._connection.execute(_of_shop(first, shop_id))}

    async def waiting(self, destination: str, contact_ids: Collection[int]) -> dict[int, list[WaitingCommand]]:
        return (await self.waiting_or_unreadable(destination, contact_ids))[0]

    async def waiting_or_unreadable(
        self, destination: str, contact_ids: Collection[int]
    ) -> tuple[dict[int, list[WaitingCommand]], dict[int, list[int]]]:
        """As `waiting`; beside them, per contact, the numbers of commands that cannot be read."""
        rows = await _QUEUED.run(self._connection, contact_ids, at=destination)
        found: dict[int, list[WaitingCommand]] = {}
        unreadable: dict[int, list[int]] = {}
        for contact_id, command_id, event_seq, stored, maybe_sent, tried, counted in rows.all():
            command = codec.decode_command(stored)
            if command is None:
                unreadable.setdefault(contact_id, []).append(command_id)
                continue
            waiting = WaitingCommand(command_id, event_seq, command, maybe_sent, tried, counted)
            found.setdefault(contact_id, []).append(waiting)
        return found, unreadable

    async def park(self, contact_queue: ContactQueue, command_ids: Collection[int], at: datetime, reason: Reason) -> None:
        """They stay for a person to see, and hold up nobody else (R73)."""
        theirs = one_of(self._connection, outbox.c.id, command_ids)
        parked = {"state": CommandState.PARKED.value, "reason": reason.value, "settled_at": at}
        change = update(outbox).where(theirs, WAITING).values(parked).returning(outbox.c.event_seq, outbox.c.counted)
        changed = (await self._connection.execute(change)).all()
        await self._events.park({row.event_seq for row in changed if row.counted}, reason, at)
        await self._reduce(contact_queue, len(changed))

    async def undelivered(self, contact_ids: Collection[int]) -> dict[int, list[Undelivered]]:
        """What waits or is parked of contacts on the way to SALESmanago, in the order of queueing."""
        columns = (outbox.c.id, outbox.c.contact_id, outbox.c.command, outbox.c.state, inbox.c.seq, inbox.c.event_id)
        theirs = one_of(self._connection, outbox.c.contact_id, contact_ids) & outbox.c.destination.startswith(to_account(""))
        found: list[tuple[int, int, Undelivered]] = []
        for state in (WAITING, _PARKED):  # along an index each
            rows = await self._connection.execute(
                select(*columns).join(inbox, inbox.c.seq == outbox.c.event_seq).where(theirs, state)
            )
            for row in rows:
                command = codec.decode_command(row.command)
                if command is not None:
                    parked = row.state == CommandState.PARKED.value
                    found.append((row.id, row.contact_id, Undelivered(command, parked, row.seq, row.event_id)))
        by_contact: dict[int, list[Undelivered]] = {}
        for _, contact_id, one in sorted(found, key=lambda one: one[0]):
            by_contact.setdefault(contact_id, []).append(one)
        return by_contact

    async def lock_contact_queues(self, contact_ids: Collection[int]) -> None:
        """Before taking back from several: in the order in which those who record lock them, or both would wait for each other."""
        if contact_ids and self._connection.dialect.name != "sqlite":
            theirs = select(contact_queues.c.contact_id).where(one_of(self._connection, contact_queues.c.contact_id, contact_ids))
            ordered = theirs.order_by(contact_queues.c.contact_id, contact_queues.c.destination).with_for_update()
            await self._connection.execute(ordered)

    async def contact_queues_of(self, contact_ids: Collection[int]) -> list[ContactQueue]:
        """Everywhere something waits for contacts, in one order of locks."""
        if not contact_ids:
            return []
        columns = (contact_queues.c.contact_id, contact_queues.c.destination)
        theirs = select(*columns).where(one_of(self._connection, contact_queues.c.contact_id, contact_ids)).order_by(*columns)
        return [ContactQueue(row.contact_id, row.destination) for row in await self._connection.execute(theirs)]

    async def deferred(self, destination: str, contact_ids: Collection[int]) -> dict[int, tuple[DeferredRevocation, ...]]:
        """Acts that arrived for contacts while their commands were on their way."""
        if not contact_ids:
            return {}
        rows = await _NOTED.run(self._connection, contact_ids, at=destination)
        return {row.contact_id: codec.decode_all(row.take_backs, DeferredRevocation) for row in rows}

    async def forget_revocations(self, contact_queue: ContactQueue) -> None:
        """They were applied."""
        await self._connection.execute(update(contact_queues).where(is_of(contact_queue)).values(take_backs=None))

    async def close_parked(self, contact_id: int, at: datetime) -> None:
        """What waited for a person is of nobody any more."""
        theirs = (outbox.c.contact_id == contact_id) & (outbox.c.state == CommandState.PARKED.value)
        await self._connection.execute(update(outbox).where(theirs).values(state=CommandState.CANCELLED.value, settled_at=at))

    async def oldest_queued(self, prefix: str) -> dict[str, datetime]:
        """Shop -> when the oldest command that still waits for a kind of destination was queued; found by its contact queues."""
        theirs = (outbox.c.contact_id == contact_queues.c.contact_id) & (outbox.c.destination == contact_queues.c.destination)
        found: dict[str, datetime] = {}
        async for destination in distinct(self._connection, contact_queues.c.destination):
            if not destination.startswith(prefix):
                continue
            waiting = select(outbox.c.shop_id, func.min(outbox.c.queued_at).label("oldest")).join(contact_queues, theirs)
            oldest = waiting.where(contact_queues.c.destination == destination, WAITING).group_by(outbox.c.shop_id)
            for row in await self._connection.execute(oldest):
                found[row.shop_id] = min(found.get(row.shop_id, row.oldest), row.oldest)
        return found

    async def rewrite(
        self, contact_queue: ContactQueue, changed: Mapping[int, Command], cancelled: Collection[int], at: datetime
    ) -> None:
        """Replace waiting commands that may leave only in a weaker form; cancel those that may not leave at all."""
        for command_id, command in changed.items():
            change = update(outbox).where(outbox.c.id == command_id).values(command=codec.encode_tagged(command))
            await self._connection.execute(change)
        if cancelled:
            change = update(outbox).where(one_of(self._connection, outbox.c.id, cancelled))
            await self._connection.execute(change.values(state=CommandState.CANCELLED.value, settled_at=at))
            await self._reduce(contact_queue, len(cancelled))

    async def defer_revocation(self, contact_queue: ContactQueue, act: Revocation, reason: Reason) -> None:
        """Note on the contact queue what the next claim has to cancel first, of what is queued by now."""
        theirs = (outbox.c.destination == contact_queue.destination) & (outbox.c.contact_id == contact_queue.contact_id)
        newest = select(func.max(outbox.c.id)).where(theirs, WAITING)
        up_to = (await self._connection.execute(newest)).scalar_one_or_none() or 0
        the_queue = is_of(contact_queue)
        stored = (await self._connection.execute(select(contact_queues.c.take_backs).where(the_queue))).scalar_one_or_none()
        earlier = codec.decode_all(stored, DeferredRevocation) if stored is not None else ()
        noted = codec.encode_all((*earlier, DeferredRevocation(act, reason, up_to)))
        await self._connection.execute(update(contact_queues).where(the_queue).values(take_backs=noted))

    async def scrub(self, contact_id: int, pseudonym: str) -> None:
        """Erase the content of everything settled for a contact."""
        settled = (outbox.c.contact_id == contact_id) & (outbox.c.state != CommandState.WAITING.value)
        rows = (await self._connection.execute(select(outbox.c.id, outbox.c.command).where(settled))).all()
        scrubbed = [
            {"b_id": row.id, "b_command": erased}
            for row in rows
            if (erased := codec.encode_tagged(erased_form(codec.kind_of(row.command), pseudonym))) != row.command
        ]
        await execute_many(self._connection, _SCRUB, scrubbed)

    async def _reduce(self, contact_queue: ContactQueue, count: int) -> None:
        less = {
            "pending": contact_queues.c.pending - count,
            "priority": reset_priority(contact_queues.c.priority == BULK_BLOCKING_LIVE),
        }
        await self._connection.execute(update(contact_queues).where(is_of(contact_queue)).values(less))
        await remove_settled(self._connection, contact_queue.destination, {contact_queue.contact_id: 0})


_SCRUB = update(outbox).where(outbox.c.id == bindparam("b_id")).values(command=bindparam("b_command"))
_QUEUE = plain_insert(outbox)
_QUEUED = ListStatement(
    lambda listed: (
        select(
            outbox.c.contact_id,
            outbox.c.id,
            outbox.c.event_seq,
            outbox.c.command,
            outbox.c.maybe_sent,
            outbox.c.attempts,
            outbox.c.counted,
        )
        .where(outbox.c.destination == bindparam("at"), listed(outbox.c.contact_id), WAITING)
        .order_by(outbox.c.contact_id, outbox.c.id)
    )
)
_NOTED = ListStatement(
    lambda listed: select(contact_queues.c.contact_id, contact_queues.c.take_backs).where(
        contact_queues.c.destination == bindparam("at"),
        listed(contact_queues.c.contact_id),
        contact_queues.c.take_backs.is_not(None),
    )
)


@cache
def _open(dialect: str) -> Insert:
    """More for a contact: a contact queue, or more in the one there is."""
    statement = insert_of(dialect, contact_queues)
    added = statement.excluded
    more = {
        "pending": contact_queues.c.pending + added.pending,
        "priority": case(
            (added.priority >= contact_queues.c.priority, contact_queues.c.priority),
            (contact_queues.c.lease_token.is_not(None), BULK_BLOCKING_LIVE),  # what is on its way is still of a list
            else_=added.priority,
        ),
    }
    return statement.on_conflict_do_update(index_elements=["contact_id", "destination"], set_=more)


def _of_shop(counted: Select[Any], shop_id: str | None) -> Select[Any]:
    return counted if shop_id is None else counted.where(contact_queues.c.shop_id == shop_id)


def _row(command: NewCommand, at: datetime) -> dict[str, object]:
    return {
        "destination": command.destination,
        "shop_id": command.shop_id,
        "contact_id": command.contact_id,
        "event_seq": command.event_seq,
        "counted": command.counted,
        "command": codec.encode_tagged(command.command),
        "state": CommandState.WAITING.value,
        "maybe_sent": False,
        "attempts": 0,
        "queued_at": at,
    }
