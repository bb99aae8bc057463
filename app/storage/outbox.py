"""The outbox: commands waiting for a neighbour, and the mailboxes through which they are claimed.

A mailbox is one row per contact and destination with waiting commands. Claiming looks at mailboxes alone, so its cost does
not grow with the number of waiting commands, and a contact is leased as a whole, which keeps its order.
"""

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import count
from typing import Any

from sqlalchemy import ColumnElement, Insert, Row, bindparam, case, delete, func, or_, select, text, true, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.commands import Command, DeleteContact
from app.domain.delivery import Delivered, Done, Drop, Park, RetryAt, TakeBack, name_of, one_bundle
from app.domain.pipeline import (
    Attempted,
    Claim,
    CommandState,
    DeferredTakeBack,
    HandWork,
    Mailbox,
    NewCommand,
    Tried,
    WaitingCommand,
)
from app.domain.reasons import Reason
from app.domain.turns import in_turn
from app.storage import codec
from app.storage.dialect import insert_of, locked
from app.storage.many import execute_many
from app.storage.tables import LEASE_NUMBERS, attempts, calls, mailboxes, outbox

_WAITING = text("outbox.state = 'waiting'")
_PARKED = text("outbox.state = 'parked'")

COMMANDS_PER_CLAIM = 200
"""Of one contact at a time: a hot contact must not fill a batch alone."""


BACKGROUND_PER_CLAIM = 50
"""So few that a live contact never waits long for them."""


_numbers = count(time.time_ns() // 1000)
"""Of leases on the embedded store: greater than those of an earlier process."""


class Outbox:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def queue(self, commands: Sequence[NewCommand], at: datetime) -> None:
        """Append commands and make their contacts claimable."""
        if not commands:
            return
        await execute_many(self._connection, _QUEUE, [_row(command, at) for command in commands])
        pending = Counter(command.mailbox for command in commands)
        shops = {command.mailbox: command.shop_id for command in commands}
        live = {command.mailbox for command in commands if not command.background}
        await execute_many(
            self._connection,
            _open(self._connection.dialect.name),
            [
                {
                    "contact_id": box.contact_id,
                    "destination": box.destination,
                    "shop_id": shops[box],
                    "priority": 0 if box in live else 1,
                    "pending": count,
                    "due_at": at,
                    "attempts": 0,
                }
                for box, count in sorted(pending.items())  # one order of locks everywhere
            ],
        )

    async def claim(
        self, destination: str, closed_shops: Collection[str], limit: int, now: datetime, lease: timedelta
    ) -> list[Claim]:
        """Lease up to `limit` contacts with their waiting commands: live ones first, the shops in turn, oldest due first.

        Until the result is recorded the commands count as perhaps sent: after a crash the next holder looks first.
        """
        found = [
            await self._due(destination, shop_id, limit, now)
            for shop_id in await self._shops_waiting(destination)
            if shop_id not in closed_shops
        ]
        # Live contacts do not wait behind what must be asked for those of a list (R63).
        first = min((boxes[0].priority for boxes in found if boxes), default=0)
        alike = [[box for box in boxes if box.priority == first] for boxes in found]
        boxes = in_turn(alike, limit if first == 0 else min(limit, BACKGROUND_PER_CLAIM))
        if not boxes:
            return []
        token = await self._next_number()
        contact_ids = [box.contact_id for box in boxes]
        ours = (mailboxes.c.destination == destination) & mailboxes.c.contact_id.in_(contact_ids)
        leased = update(mailboxes).where(ours)
        await self._connection.execute(leased.values(leased_until=now + lease, lease_token=token))
        commands = await self.waiting(destination, contact_ids)
        commands = {contact: _next(waiting) for contact, waiting in commands.items()}
        ids = [command.id for waiting in commands.values() for command in waiting]
        await self._connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(maybe_sent=True))
        return [
            Claim(
                Mailbox(box.contact_id, destination),
                box.shop_id,
                token,
                box.attempts,
                box.first_tried_at,
                tuple(commands.get(box.contact_id, ())),
                codec.decode(box.take_backs, tuple[DeferredTakeBack, ...]) if box.take_backs else (),
            )
            for box in boxes
        ]

    async def is_due(self, destination: str, closed_shops: Collection[str], now: datetime) -> bool:
        """Is there anything to claim?"""
        for shop_id in await self._shops_waiting(destination):
            if shop_id not in closed_shops and await self._due(destination, shop_id, 1, now):
                return True
        return False

    async def _shops_waiting(self, destination: str) -> list[str]:
        """One step per shop along the index: the number of waiting contacts does not matter."""
        shops: list[str] = []
        while True:
            behind = mailboxes.c.shop_id > shops[-1] if shops else true()
            following = select(func.min(mailboxes.c.shop_id)).where(mailboxes.c.destination == destination, behind)
            shop_id = (await self._connection.execute(following)).scalar_one()
            if shop_id is None:
                return shops
            shops.append(shop_id)

    async def _due(self, destination: str, shop_id: str, limit: int, now: datetime) -> list[Row[Any]]:
        free = mailboxes.c.leased_until.is_(None) | (mailboxes.c.leased_until < now)
        theirs = (mailboxes.c.destination == destination) & (mailboxes.c.shop_id == shop_id)
        due = select(mailboxes).where(theirs, mailboxes.c.due_at <= now, free)
        due = due.order_by(mailboxes.c.priority, mailboxes.c.due_at, mailboxes.c.contact_id).limit(limit)
        return list((await self._connection.execute(locked(self._connection, due))).all())

    async def _next_number(self) -> int:
        if self._connection.dialect.name == "sqlite":  # one process, whose leases end with it
            return next(_numbers)
        number: int = (await self._connection.execute(select(LEASE_NUMBERS.next_value()))).scalar_one()
        return number

    async def leases(self, destination: str, now: datetime) -> int:
        """How many claims of a destination are on their way, in all processes."""
        theirs = (mailboxes.c.destination == destination) & mailboxes.c.lease_token.is_not(None) & (mailboxes.c.leased_until >= now)
        counted = select(func.count(mailboxes.c.lease_token.distinct())).where(theirs)
        number: int = (await self._connection.execute(counted)).scalar_one()
        return number

    async def waiting_contacts(self) -> dict[str, int]:
        """Destination -> how many contacts something waits for."""
        counted = select(mailboxes.c.destination, func.count()).group_by(mailboxes.c.destination)
        return {row.destination: row[1] for row in await self._connection.execute(counted)}

    async def waiting(self, destination: str, contact_ids: Collection[int]) -> dict[int, list[WaitingCommand]]:
        theirs = (outbox.c.destination == destination) & outbox.c.contact_id.in_(contact_ids)
        rows = await self._connection.execute(select(outbox).where(theirs, _WAITING).order_by(outbox.c.contact_id, outbox.c.id))
        found: dict[int, list[WaitingCommand]] = {}
        for row in rows:
            command = codec.decode_command(row.command)
            waiting = WaitingCommand(row.id, row.event_seq, command, row.maybe_sent, row.attempts, row.counted)
            found.setdefault(row.contact_id, []).append(waiting)
        return found

    async def renew(self, token: int, now: datetime, until: datetime) -> bool:
        """False if the lease had ended: perhaps somebody else holds some of it by now."""
        ours = (mailboxes.c.lease_token == token) & (mailboxes.c.leased_until >= now)
        return (await self._connection.execute(update(mailboxes).where(ours).values(leased_until=until))).rowcount > 0

    async def lock_mailboxes(self, contact_ids: Collection[int]) -> None:
        """Before taking back from several: in the order in which those who record lock them, or both would wait for each other."""
        if contact_ids and self._connection.dialect.name != "sqlite":
            theirs = select(mailboxes.c.contact_id).where(mailboxes.c.contact_id.in_(contact_ids))
            ordered = theirs.order_by(mailboxes.c.contact_id, mailboxes.c.destination).with_for_update()
            await self._connection.execute(ordered)

    async def mailboxes_of(self, contact_ids: Collection[int]) -> list[Mailbox]:
        """Everywhere something waits for contacts, in one order of locks."""
        if not contact_ids:
            return []
        columns = (mailboxes.c.contact_id, mailboxes.c.destination)
        theirs = select(*columns).where(mailboxes.c.contact_id.in_(contact_ids)).order_by(*columns)
        return [Mailbox(row.contact_id, row.destination) for row in await self._connection.execute(theirs)]

    async def deferred(self, destination: str, contact_ids: Collection[int]) -> dict[int, tuple[DeferredTakeBack, ...]]:
        """Acts that arrived for contacts while their commands were on their way."""
        if not contact_ids:
            return {}
        noted = (mailboxes.c.destination == destination) & mailboxes.c.contact_id.in_(contact_ids)
        rows = await self._connection.execute(
            select(mailboxes.c.contact_id, mailboxes.c.take_backs).where(noted, mailboxes.c.take_backs.is_not(None))
        )
        return {row.contact_id: codec.decode(row.take_backs, tuple[DeferredTakeBack, ...]) for row in rows}

    async def forget_take_backs(self, mailbox: Mailbox) -> None:
        """They were applied."""
        await self._connection.execute(update(mailboxes).where(_is(mailbox)).values(take_backs=None))

    async def close_parked(self, contact_id: int, at: datetime) -> None:
        """What waited for a person is of nobody any more."""
        theirs = (outbox.c.contact_id == contact_id) & (outbox.c.state == CommandState.PARKED.value)
        await self._connection.execute(update(outbox).where(theirs).values(state=CommandState.CANCELLED.value, settled_at=at))

    async def event_id_there(self, event_seq: int) -> str | None:
        """The id SALESmanago gave to what one of our events became there; None while it has not arrived."""
        sent = (outbox.c.event_seq == event_seq) & (outbox.c.state == CommandState.SENT.value) & outbox.c.counted
        newest = select(outbox.c.upstream_id).where(sent, outbox.c.upstream_id.is_not(None)).order_by(outbox.c.id.desc())
        found: str | None = (await self._connection.execute(newest.limit(1))).scalar_one_or_none()
        return found

    async def due_destinations(self, now: datetime) -> list[str]:
        """Destinations besides accounts where somebody's turn has come."""
        free = mailboxes.c.leased_until.is_(None) | (mailboxes.c.leased_until < now)
        elsewhere = mailboxes.c.destination.not_like("account:%")  # accounts have loops of their own
        due = select(mailboxes.c.destination).where(elsewhere, mailboxes.c.due_at <= now, free).distinct()
        return list((await self._connection.execute(due)).scalars())

    async def is_leased(self, mailbox: Mailbox, now: datetime) -> bool:
        """Are its commands on their way at this moment? Waits for a claim that is just being made."""
        box = select(mailboxes.c.leased_until).where(_is(mailbox))
        if self._connection.dialect.name != "sqlite":
            box = box.with_for_update()
        until = (await self._connection.execute(box)).scalar_one_or_none()
        return until is not None and until >= now

    async def in_motion(self, destination: str, contact_ids: Collection[int], since: datetime) -> set[int]:
        """Contacts with commands that wait, or were settled since a time: what SALESmanago shows of them may be old."""
        theirs = (outbox.c.destination == destination) & outbox.c.contact_id.in_(contact_ids)
        waiting = select(outbox.c.contact_id).where(theirs, _WAITING)
        settled = select(outbox.c.contact_id).where(theirs, outbox.c.settled_at >= since)
        return set((await self._connection.execute(waiting.union(settled))).scalars())

    async def arrived_since(self, mailbox: Mailbox, since: datetime) -> bool:
        """Was anything written there for the contact since a time, or perhaps written at some time?"""
        theirs = (outbox.c.contact_id == mailbox.contact_id) & (outbox.c.destination == mailbox.destination)
        sent = (outbox.c.settled_at >= since) & (outbox.c.state == CommandState.SENT.value)
        perhaps = (outbox.c.state == CommandState.WAITING.value) & outbox.c.maybe_sent
        return (await self._connection.execute(select(outbox.c.id).where(theirs, sent | perhaps).limit(1))).first() is not None

    async def parked(self, destination: str, contact_id: int | None = None, limit: int = 500) -> list[HandWork]:
        """What a person has to carry out at a destination, oldest first."""
        detail = (
            select(attempts.c.detail)
            .where(attempts.c.command_id == outbox.c.id)
            .order_by(attempts.c.number.desc())
            .limit(1)
            .scalar_subquery()
        )
        found = select(outbox, detail.label("detail")).where(outbox.c.destination == destination, _PARKED)
        if contact_id is not None:
            found = found.where(outbox.c.contact_id == contact_id)
        rows = await self._connection.execute(found.order_by(outbox.c.id).limit(limit))
        return [
            HandWork(
                id=row.id,
                event_seq=row.event_seq,
                command=codec.decode_command(row.command),
                counted=row.counted,
                reason=Reason(row.reason),
                detail=row.detail or "",
                since=row.settled_at,
            )
            for row in rows
        ]

    async def settle_parked(self, command_id: int, shop_id: str | None, *, done: bool, at: datetime) -> WaitingCommand | None:
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
        return WaitingCommand(row.id, row.event_seq, command, row.maybe_sent, row.attempts, row.counted)

    async def oldest_queued(self, prefix: str) -> dict[str, datetime]:
        """Shop -> when the oldest command that still waits for a kind of destination was queued."""
        theirs = outbox.c.destination.startswith(prefix, autoescape=True)
        oldest = select(outbox.c.shop_id, func.min(outbox.c.queued_at).label("oldest")).where(theirs, _WAITING)
        return {row.shop_id: row.oldest for row in await self._connection.execute(oldest.group_by(outbox.c.shop_id))}

    async def parked_counts(self, prefix: str) -> dict[str, int]:
        """Shop -> how many commands for a kind of destination wait for a person."""
        theirs = outbox.c.destination.startswith(prefix, autoescape=True)
        counted = select(outbox.c.shop_id, func.count().label("number")).where(theirs, _PARKED)
        return {row.shop_id: row.number for row in await self._connection.execute(counted.group_by(outbox.c.shop_id))}

    async def release_all(self) -> None:
        """On an embedded database a lease at start belongs to a process that is gone."""
        await self._connection.execute(update(mailboxes).values(leased_until=None, lease_token=None))

    async def rewrite(self, mailbox: Mailbox, changed: Mapping[int, Command], cancelled: Collection[int], at: datetime) -> None:
        """Replace waiting commands that may leave only in a weaker form; cancel those that may not leave at all."""
        for command_id, command in changed.items():
            change = update(outbox).where(outbox.c.id == command_id).values(command=codec.encode_tagged(command))
            await self._connection.execute(change)
        if cancelled:
            change = update(outbox).where(outbox.c.id.in_(cancelled))
            await self._connection.execute(change.values(state=CommandState.CANCELLED.value, settled_at=at))
            await self._reduce(mailbox, len(cancelled))

    async def defer_take_back(self, mailbox: Mailbox, act: TakeBack, reason: Reason) -> None:
        """Note on the mailbox what the next claim has to take back first, of what is queued by now."""
        theirs = (outbox.c.destination == mailbox.destination) & (outbox.c.contact_id == mailbox.contact_id)
        newest = select(func.max(outbox.c.id)).where(theirs, _WAITING)
        up_to = (await self._connection.execute(newest)).scalar_one_or_none() or 0
        box = _is(mailbox)
        stored = (await self._connection.execute(select(mailboxes.c.take_backs).where(box))).scalar_one_or_none()
        earlier = codec.decode(stored, tuple[DeferredTakeBack, ...]) if stored is not None else ()
        noted = codec.encode((*earlier, DeferredTakeBack(act, reason, up_to)))
        await self._connection.execute(update(mailboxes).where(box).values(take_backs=noted))

    async def scrub(self, contact_id: int, pseudonym: str) -> None:
        """Erase the content of everything settled for a contact."""
        scrubbed = codec.encode_tagged(DeleteContact(email=pseudonym))
        settled = (outbox.c.contact_id == contact_id) & (outbox.c.state != CommandState.WAITING.value)
        await self._connection.execute(update(outbox).where(settled).values(command=scrubbed))

    async def record(self, attempted: Sequence[Attempted], destination: str, now: datetime) -> set[int]:
        """Record what became of claims; answers the contacts whose lease was lost meanwhile: nothing of theirs was changed."""
        held = await self._still_held(attempted)
        kept = [one for one in attempted if one.claim.contact_id in held]
        tried = [try_ for one in kept for try_ in one.tried]
        await self._write_calls(tried, destination, now)
        await self._write_states(tried, now)
        await self._put_back(kept)
        await self._move_mailboxes(kept)
        return {one.claim.contact_id for one in attempted} - held

    async def _still_held(self, attempted: Sequence[Attempted]) -> set[int]:
        tokens = {one.claim.contact_id: one.claim.lease_token for one in attempted}
        theirs = _among([one.claim.mailbox for one in attempted])
        rows = select(mailboxes.c.contact_id, mailboxes.c.lease_token).where(theirs).order_by(mailboxes.c.contact_id)
        if self._connection.dialect.name != "sqlite":
            rows = rows.with_for_update()
        return {row.contact_id for row in await self._connection.execute(rows) if row.lease_token == tokens[row.contact_id]}

    async def _write_calls(self, tried: Sequence[Tried], destination: str, now: datetime) -> None:
        made = list({id(one.call): one.call for one in tried if one.call is not None}.values())
        numbers: dict[int, int] = {}
        if made:
            rows = await self._connection.execute(
                plain_insert(calls).returning(calls.c.id, sort_by_parameter_order=True),
                [{"destination": destination, **_call_row(call)} for call in made],
            )
            numbers = {id(call): number for call, number in zip(made, rows.scalars(), strict=True)}
        if tried:
            await execute_many(
                self._connection,
                _ATTEMPT,
                [
                    {
                        "command_id": one.command.id,
                        "number": one.number,
                        "call_id": numbers.get(id(one.call)),
                        "at": now,
                        "outcome": name_of(one.outcome),
                        "detail": one.call.detail if one.call else "found by look-up",
                    }
                    for one in tried
                ],
            )

    async def _write_states(self, tried: Sequence[Tried], now: datetime) -> None:
        await execute_many(self._connection, _STATE, [_state_row(one, now) for one in tried])

    async def _put_back(self, kept: Sequence[Attempted]) -> None:
        """Commands of a claim that nobody came to try are as they were before it."""
        fresh = []
        for one in kept:
            ids = {try_.command.id for try_ in one.tried}
            fresh += [waiting.id for waiting in one.claim.commands if waiting.id not in ids and not waiting.maybe_sent]
        await self._untried(fresh)

    async def _untried(self, command_ids: Collection[int]) -> None:
        if command_ids:
            await self._connection.execute(update(outbox).where(outbox.c.id.in_(command_ids)).values(maybe_sent=False))

    async def _move_mailboxes(self, kept: Sequence[Attempted]) -> None:
        """Give the leases back; a mailbox is gone with the last of its commands."""
        await execute_many(self._connection, _GIVE_BACK, [_mailbox_row(one) for one in kept])
        await self._remove_empty([one.claim.mailbox for one in kept if _settled(one)])

    async def _reduce(self, mailbox: Mailbox, count: int) -> None:
        less = update(mailboxes).where(_is(mailbox)).values(pending=mailboxes.c.pending - count)
        await self._connection.execute(less)
        await self._remove_empty([mailbox])

    async def _remove_empty(self, boxes: Sequence[Mailbox]) -> None:
        if boxes:
            await self._connection.execute(delete(mailboxes).where(_among(boxes), mailboxes.c.pending <= 0))


_QUEUE = plain_insert(outbox)
_ATTEMPT = plain_insert(attempts)
_STATE = (
    update(outbox)
    .where(outbox.c.id == bindparam("b_id"))
    .values(
        state=bindparam("b_state"),
        maybe_sent=bindparam("b_maybe_sent"),
        attempts=bindparam("b_number"),
        reason=bindparam("b_reason"),
        upstream_id=bindparam("b_upstream_id"),
        settled_at=bindparam("b_settled_at", type_=outbox.c.settled_at.type),
    )
)
_GIVE_BACK = (
    update(mailboxes)
    .where(mailboxes.c.contact_id == bindparam("b_contact"), mailboxes.c.destination == bindparam("b_destination"))
    .values(
        pending=mailboxes.c.pending - bindparam("b_settled"),
        due_at=bindparam("b_due_at", type_=mailboxes.c.due_at.type),
        leased_until=None,
        lease_token=None,
        attempts=bindparam("b_attempts"),
        first_tried_at=bindparam("b_first", type_=mailboxes.c.first_tried_at.type),
    )
)


@cache
def _open(dialect: str) -> Insert:
    """More for a contact: a mailbox, or more in the one there is."""
    statement = insert_of(dialect, mailboxes)
    added = statement.excluded
    more = {
        "pending": mailboxes.c.pending + added.pending,
        "priority": case((added.priority < mailboxes.c.priority, added.priority), else_=mailboxes.c.priority),
    }
    return statement.on_conflict_do_update(index_elements=["contact_id", "destination"], set_=more)


def _is(mailbox: Mailbox) -> ColumnElement[bool]:
    return (mailboxes.c.contact_id == mailbox.contact_id) & (mailboxes.c.destination == mailbox.destination)


def _among(boxes: Sequence[Mailbox]) -> ColumnElement[bool]:
    """By destination: SQLite finds no index for a list of pairs."""
    by_destination: dict[str, list[int]] = {}
    for box in boxes:
        by_destination.setdefault(box.destination, []).append(box.contact_id)
    return or_(
        *((mailboxes.c.destination == name) & mailboxes.c.contact_id.in_(contacts) for name, contacts in by_destination.items())
    )


def _next(waiting: list[WaitingCommand]) -> list[WaitingCommand]:
    bounded = waiting[:COMMANDS_PER_CLAIM]
    return bounded[: one_bundle([one.command for one in bounded])]


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


def _call_row(call: object) -> dict[str, object]:
    return {name: getattr(call, name) for name in ("path", "started_at", "milliseconds", "outcome", "detail", "items")}


def _state_row(one: Tried, now: datetime) -> dict[str, object]:
    state = CommandState.SENT
    reason: str | None = None
    look = False
    match one.verdict:
        case Done():
            pass
        case Park(reason=why):
            state, reason = CommandState.PARKED, why.value
        case Drop(reason=why):
            state, reason = CommandState.CANCELLED, why.value
        case RetryAt(look_first=first):
            state, look = CommandState.WAITING, first
    return {
        "b_id": one.command.id,
        "b_state": state.value,
        "b_maybe_sent": look,
        "b_number": one.number,
        "b_reason": reason,
        "b_upstream_id": one.outcome.upstream_id if isinstance(one.outcome, Delivered) else None,
        "b_settled_at": None if state is CommandState.WAITING else now,
    }


def _mailbox_row(one: Attempted) -> dict[str, object]:
    claim = one.claim
    return {
        "b_contact": claim.mailbox.contact_id,
        "b_destination": claim.mailbox.destination,
        "b_settled": _settled(one),
        "b_due_at": one.due_at,
        "b_attempts": 0 if one.progressed else claim.attempts + 1,
        "b_first": None if one.progressed else (claim.first_tried_at or one.tried_at),
    }


def _settled(one: Attempted) -> int:
    return sum(1 for try_ in one.tried if not isinstance(try_.verdict, RetryAt))
