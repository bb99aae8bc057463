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

from sqlalchemy import CTE, Insert, Row, Update, case, exists, func, select, text, true, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.bundles import is_quiet, one_bundle
from app.domain.commands import Command, DeleteContact
from app.domain.pipeline import (
    Claim,
    CommandState,
    DeferredTakeBack,
    InFlight,
    Mailbox,
    NewCommand,
    WaitingCommand,
)
from app.domain.reasons import Reason
from app.domain.take_back import TakeBack
from app.domain.turns import in_turn
from app.storage import codec
from app.storage.dialect import insert_of, locked, one_of
from app.storage.mailboxes import LISTED, LISTED_AND_ACTS, LIVE, is_of, judged_anew, remove_empty
from app.storage.many import execute_many
from app.storage.tables import LEASE_NUMBERS, mailboxes, outbox

_WAITING = text("outbox.state = 'waiting'")

COMMANDS_PER_CLAIM = 200
"""Of one contact at a time: a hot contact must not fill a batch alone."""


BACKGROUND_PER_CLAIM = 100
"""So few that a live contact never waits long for a call between theirs."""

READ_AT_LEAST = 20
"""Contacts, where fewer are wanted: many may turn out to be of a list."""

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
                    "priority": LIVE if box in live else LISTED,
                    "pending": count,
                    "due_at": at,
                    "attempts": 0,
                }
                for box, count in sorted(pending.items())  # one order of locks everywhere
            ],
        )

    async def claim(
        self,
        destination: str,
        closed_shops: Collection[str],
        limit: int,
        now: datetime,
        lease: timedelta,
        *,
        only_live: bool = False,
    ) -> list[Claim]:
        """Lease up to `limit` contacts with their waiting commands: live ones first, the shops in turn, oldest due first.

        `only_live`: nobody of whom first must be told what a list brought.

        Until the result is recorded the commands count as perhaps sent: after a crash the next holder looks first.
        """
        boxes, commands = await self._next_bundles(destination, closed_shops, limit, now, only_live=only_live)
        if not boxes:
            return []
        token = await self._next_number()
        leased = self._change(destination, [box.contact_id for box in boxes])
        await self._connection.execute(leased.values(leased_until=now + lease, lease_token=token))
        ids = [command.id for waiting in commands.values() for command in waiting]
        await self._connection.execute(update(outbox).where(one_of(self._connection, outbox.c.id, ids)).values(maybe_sent=True))
        return [
            Claim(
                Mailbox(box.contact_id, destination),
                box.shop_id,
                token,
                box.attempts,
                box.first_tried_at,
                tuple(commands[box.contact_id]),
                codec.decode(box.take_backs, tuple[DeferredTakeBack, ...]) if box.take_backs else (),
            )
            for box in boxes
        ]

    async def _next_bundles(
        self, destination: str, closed_shops: Collection[str], limit: int, now: datetime, *, only_live: bool
    ) -> tuple[list[Row[Any]], dict[int, list[WaitingCommand]]]:
        """Mailboxes to be claimed together, and what of each may travel."""
        some = max(limit, READ_AT_LEAST)
        while True:
            found = [
                await self._due(destination, shop_id, some, now, only_live=only_live)
                for shop_id in await self._shops_waiting(destination)
                if shop_id not in closed_shops
            ]
            # Live contacts do not wait behind what must be asked for those of a list (R63): each kind is claimed for itself.
            first = min((boxes[0].priority for boxes in found if boxes), default=LIVE)
            alike = [[box for box in boxes if box.priority == first] for boxes in found]
            boxes = in_turn(alike, some if first == LIVE else BACKGROUND_PER_CLAIM)
            waiting = await self.waiting(destination, [box.contact_id for box in boxes]) if boxes else {}
            bundles = {contact: _next(commands) for contact, commands in waiting.items()}
            listed = [contact for contact, bundle in bundles.items() if is_quiet(bundle[0].command)] if first == LIVE else []
            if not listed:
                boxes = boxes[:limit]
                return boxes, {box.contact_id: bundles.get(box.contact_id, []) for box in boxes}
            await self._connection.execute(self._change(destination, listed).values(priority=LISTED_AND_ACTS))

    def _change(self, destination: str, contact_ids: Collection[int]) -> Update:
        theirs = (mailboxes.c.destination == destination) & one_of(self._connection, mailboxes.c.contact_id, contact_ids)
        return update(mailboxes).where(theirs)

    async def is_due(self, destination: str, closed_shops: Collection[str], now: datetime, *, only_live: bool = False) -> bool:
        """Is there anything to claim?"""
        for shop_id in await self._shops_waiting(destination):
            if shop_id not in closed_shops and await self._due(destination, shop_id, 1, now, only_live=only_live):
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

    async def _due(self, destination: str, shop_id: str, limit: int, now: datetime, *, only_live: bool) -> list[Row[Any]]:
        free = mailboxes.c.leased_until.is_(None) | (mailboxes.c.leased_until < now)
        theirs = (mailboxes.c.destination == destination) & (mailboxes.c.shop_id == shop_id)
        due = select(mailboxes).where(theirs, mailboxes.c.due_at <= now, free)
        if only_live:
            due = due.where(mailboxes.c.priority == LIVE)
        due = due.order_by(mailboxes.c.priority, mailboxes.c.due_at, mailboxes.c.contact_id).limit(limit)
        return list((await self._connection.execute(locked(self._connection, due))).all())

    async def _next_number(self) -> int:
        if self._connection.dialect.name == "sqlite":  # one process, whose leases end with it
            return next(_numbers)
        number: int = (await self._connection.execute(select(LEASE_NUMBERS.next_value()))).scalar_one()
        return number

    async def leases(self, destination: str, now: datetime) -> InFlight:
        theirs = (mailboxes.c.destination == destination) & mailboxes.c.lease_token.is_not(None) & (mailboxes.c.leased_until >= now)
        of_lists = case((mailboxes.c.priority != LIVE, mailboxes.c.lease_token))
        counted = select(func.count(mailboxes.c.lease_token.distinct()), func.count(of_lists.distinct())).where(theirs)
        row = (await self._connection.execute(counted)).one()
        return InFlight(row[0], row[1])

    async def waiting_contacts(self) -> dict[str, int]:
        """Destination -> how many contacts something waits for."""
        counted = select(mailboxes.c.destination, func.count()).group_by(mailboxes.c.destination)
        return {row.destination: row[1] for row in await self._connection.execute(counted)}

    async def waiting(self, destination: str, contact_ids: Collection[int]) -> dict[int, list[WaitingCommand]]:
        theirs = (outbox.c.destination == destination) & one_of(self._connection, outbox.c.contact_id, contact_ids)
        rows = await self._connection.execute(_QUEUED.where(theirs, _WAITING).order_by(outbox.c.contact_id, outbox.c.id))
        found: dict[int, list[WaitingCommand]] = {}
        for contact_id, command_id, event_seq, command, maybe_sent, tried, counted in rows:
            waiting = WaitingCommand(command_id, event_seq, codec.decode_command(command), maybe_sent, tried, counted)
            found.setdefault(contact_id, []).append(waiting)
        return found

    async def renew(self, token: int, now: datetime, until: datetime) -> bool:
        """False if the lease had ended: perhaps somebody else holds some of it by now."""
        ours = (mailboxes.c.lease_token == token) & (mailboxes.c.leased_until >= now)
        return (await self._connection.execute(update(mailboxes).where(ours).values(leased_until=until))).rowcount > 0

    async def lock_mailboxes(self, contact_ids: Collection[int]) -> None:
        """Before taking back from several: in the order in which those who record lock them, or both would wait for each other."""
        if contact_ids and self._connection.dialect.name != "sqlite":
            theirs = select(mailboxes.c.contact_id).where(one_of(self._connection, mailboxes.c.contact_id, contact_ids))
            ordered = theirs.order_by(mailboxes.c.contact_id, mailboxes.c.destination).with_for_update()
            await self._connection.execute(ordered)

    async def mailboxes_of(self, contact_ids: Collection[int]) -> list[Mailbox]:
        """Everywhere something waits for contacts, in one order of locks."""
        if not contact_ids:
            return []
        columns = (mailboxes.c.contact_id, mailboxes.c.destination)
        theirs = select(*columns).where(one_of(self._connection, mailboxes.c.contact_id, contact_ids)).order_by(*columns)
        return [Mailbox(row.contact_id, row.destination) for row in await self._connection.execute(theirs)]

    async def deferred(self, destination: str, contact_ids: Collection[int]) -> dict[int, tuple[DeferredTakeBack, ...]]:
        """Acts that arrived for contacts while their commands were on their way."""
        if not contact_ids:
            return {}
        noted = (mailboxes.c.destination == destination) & one_of(self._connection, mailboxes.c.contact_id, contact_ids)
        rows = await self._connection.execute(
            select(mailboxes.c.contact_id, mailboxes.c.take_backs).where(noted, mailboxes.c.take_backs.is_not(None))
        )
        return {row.contact_id: codec.decode(row.take_backs, tuple[DeferredTakeBack, ...]) for row in rows}

    async def forget_take_backs(self, mailbox: Mailbox) -> None:
        """They were applied."""
        await self._connection.execute(update(mailboxes).where(is_of(mailbox)).values(take_backs=None))

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
        elsewhere = _DESTINATIONS.c.name.not_like("account:%")  # accounts have loops of their own
        theirs = exists().where(mailboxes.c.destination == _DESTINATIONS.c.name, mailboxes.c.due_at <= now, free)
        return list((await self._connection.execute(select(_DESTINATIONS.c.name).where(elsewhere, theirs))).scalars())

    async def is_leased(self, mailbox: Mailbox, now: datetime) -> bool:
        """Are its commands on their way at this moment? Waits for a claim that is just being made."""
        box = select(mailboxes.c.leased_until).where(is_of(mailbox))
        if self._connection.dialect.name != "sqlite":
            box = box.with_for_update()
        until = (await self._connection.execute(box)).scalar_one_or_none()
        return until is not None and until >= now

    async def in_motion(self, destination: str, contact_ids: Collection[int], since: datetime) -> set[int]:
        """Contacts with commands that wait, or were settled since a time: what SALESmanago shows of them may be old."""
        theirs = (outbox.c.destination == destination) & one_of(self._connection, outbox.c.contact_id, contact_ids)
        waiting = select(outbox.c.contact_id).where(theirs, _WAITING)
        settled = select(outbox.c.contact_id).where(theirs, outbox.c.settled_at >= since)
        return set((await self._connection.execute(waiting.union(settled))).scalars())

    async def arrived_since(self, mailbox: Mailbox, since: datetime) -> bool:
        """Was anything written there for the contact since a time, or perhaps written at some time?"""
        theirs = (outbox.c.contact_id == mailbox.contact_id) & (outbox.c.destination == mailbox.destination)
        sent = (outbox.c.settled_at >= since) & (outbox.c.state == CommandState.SENT.value)
        perhaps = (outbox.c.state == CommandState.WAITING.value) & outbox.c.maybe_sent
        return (await self._connection.execute(select(outbox.c.id).where(theirs, sent | perhaps).limit(1))).first() is not None

    async def oldest_queued(self, prefix: str) -> dict[str, datetime]:
        """Shop -> when the oldest command that still waits for a kind of destination was queued."""
        theirs = outbox.c.destination.startswith(prefix, autoescape=True)
        oldest = select(outbox.c.shop_id, func.min(outbox.c.queued_at).label("oldest")).where(theirs, _WAITING)
        return {row.shop_id: row.oldest for row in await self._connection.execute(oldest.group_by(outbox.c.shop_id))}

    async def release_all(self) -> None:
        """On an embedded database a lease at start belongs to a process that is gone."""
        await self._connection.execute(update(mailboxes).values(leased_until=None, lease_token=None))

    async def rewrite(self, mailbox: Mailbox, changed: Mapping[int, Command], cancelled: Collection[int], at: datetime) -> None:
        """Replace waiting commands that may leave only in a weaker form; cancel those that may not leave at all."""
        for command_id, command in changed.items():
            change = update(outbox).where(outbox.c.id == command_id).values(command=codec.encode_tagged(command))
            await self._connection.execute(change)
        if cancelled:
            change = update(outbox).where(one_of(self._connection, outbox.c.id, cancelled))
            await self._connection.execute(change.values(state=CommandState.CANCELLED.value, settled_at=at))
            await self._reduce(mailbox, len(cancelled))

    async def defer_take_back(self, mailbox: Mailbox, act: TakeBack, reason: Reason) -> None:
        """Note on the mailbox what the next claim has to take back first, of what is queued by now."""
        theirs = (outbox.c.destination == mailbox.destination) & (outbox.c.contact_id == mailbox.contact_id)
        newest = select(func.max(outbox.c.id)).where(theirs, _WAITING)
        up_to = (await self._connection.execute(newest)).scalar_one_or_none() or 0
        box = is_of(mailbox)
        stored = (await self._connection.execute(select(mailboxes.c.take_backs).where(box))).scalar_one_or_none()
        earlier = codec.decode(stored, tuple[DeferredTakeBack, ...]) if stored is not None else ()
        noted = codec.encode((*earlier, DeferredTakeBack(act, reason, up_to)))
        await self._connection.execute(update(mailboxes).where(box).values(take_backs=noted))

    async def scrub(self, contact_id: int, pseudonym: str) -> None:
        """Erase the content of everything settled for a contact."""
        scrubbed = codec.encode_tagged(DeleteContact(email=pseudonym))
        settled = (outbox.c.contact_id == contact_id) & (outbox.c.state != CommandState.WAITING.value)
        await self._connection.execute(update(outbox).where(settled).values(command=scrubbed))

    async def _reduce(self, mailbox: Mailbox, count: int) -> None:
        less = {"pending": mailboxes.c.pending - count, "priority": judged_anew(mailboxes.c.priority == LISTED_AND_ACTS)}
        await self._connection.execute(update(mailboxes).where(is_of(mailbox)).values(less))
        await remove_empty(self._connection, [mailbox])


def _destinations() -> CTE:
    """Where anything waits: one step per destination along the index, however many contacts wait there."""
    first = select(func.min(mailboxes.c.destination).label("name")).cte("destinations", recursive=True)
    following = select(func.min(mailboxes.c.destination)).where(mailboxes.c.destination > first.c.name).scalar_subquery()
    return first.union_all(select(following).where(first.c.name.is_not(None)))


_DESTINATIONS = _destinations()

_QUEUE = plain_insert(outbox)
_QUEUED = select(
    outbox.c.contact_id,
    outbox.c.id,
    outbox.c.event_seq,
    outbox.c.command,
    outbox.c.maybe_sent,
    outbox.c.attempts,
    outbox.c.counted,
)


@cache
def _open(dialect: str) -> Insert:
    """More for a contact: a mailbox, or more in the one there is."""
    statement = insert_of(dialect, mailboxes)
    added = statement.excluded
    more = {
        "pending": mailboxes.c.pending + added.pending,
        "priority": case(
            (added.priority >= mailboxes.c.priority, mailboxes.c.priority),
            (mailboxes.c.lease_token.is_not(None), LISTED_AND_ACTS),  # what is on its way is still of a list
            else_=added.priority,
        ),
    }
    return statement.on_conflict_do_update(index_elements=["contact_id", "destination"], set_=more)


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
