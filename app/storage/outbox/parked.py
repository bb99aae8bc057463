"""What could not be delivered, or not be decided: grouped by cause, and put back to work."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, literal, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.commands import Command
from app.domain.delivery.outbox import CommandState, ContactQueue
from app.domain.intake.inbox import EventState
from app.domain.operations.replay import ParkedCommand, ParkedFilter, ParkedGroup
from app.domain.reasons import Reason
from app.storage.engine import codec
from app.storage.engine.dialect import insert
from app.storage.engine.tables import contact_queues, inbox, outbox
from app.storage.operations.reason_counts import ReasonCounts
from app.storage.outbox.attempts import last_words
from app.storage.outbox.contact_queues import LISTED

_PARKED_COMMAND = text("outbox.state = 'parked'")
_PARKED_EVENT = text("inbox.state = 'parked'")
SAMPLES = 5


class Parked:
    def __init__(self, connection: AsyncConnection, reasons: ReasonCounts) -> None:
        self._connection = connection
        self._reasons = reasons

    async def groups(self, wanted: ParkedFilter) -> list[ParkedGroup]:
        """The largest first."""
        found = [*await self._grouped(_commands(wanted)), *await self._grouped(_undecided(wanted))]
        return sorted(found, key=lambda group: -group.number)

    async def _grouped(self, items: Select[Any]) -> list[ParkedGroup]:
        each = items.subquery()
        cause = (each.c.shop_id, each.c.destination, each.c.reason, each.c.words)
        times = (func.min(each.c.settled_at).label("oldest"), func.max(each.c.settled_at).label("newest"))
        rows = await self._connection.execute(select(*cause, func.count().label("number"), *times).group_by(*cause))
        return [
            ParkedGroup(
                shop_id=row.shop_id,
                destination=row.destination or None,
                reason=Reason(row.reason),
                words=row.words or "",
                number=row.number,
                oldest=row.oldest,
                newest=row.newest,
                samples=await self._samples(items, row),
            )
            for row in rows.all()
        ]

    async def _samples(self, items: Select[Any], group: Any) -> list[str]:
        each = items.subquery()
        alike = [each.c[name] == getattr(group, name) for name in ("shop_id", "destination", "reason", "words")]
        return list((await self._connection.execute(select(each.c.event_id).where(*alike).distinct().limit(SAMPLES))).scalars())

    async def commands(self, wanted: ParkedFilter, after: int, limit: int) -> list[ParkedCommand]:
        """In the order in which they were queued."""
        while True:
            each = _commands(wanted).where(outbox.c.id > after).order_by(outbox.c.id).limit(limit)
            rows = (await self._connection.execute(each)).all()
            found = [
                ParkedCommand(
                    row.id,
                    row.destination,
                    row.shop_id,
                    row.contact_id,
                    row.event_seq,
                    row.event_id,
                    row.counted,
                    command,
                    Reason(row.reason),
                )
                for row in rows
                if (command := codec.decode_command(row.command)) is not None  # what cannot be read stays parked
            ]
            if found or not rows:
                return found
            after = rows[-1].id

    async def undecided(self, wanted: ParkedFilter, closed_shops: Collection[str]) -> int:
        """How many events wait because the rules failed over them."""
        counted = select(func.count()).select_from(_undecided(wanted).where(inbox.c.shop_id.not_in(closed_shops)).subquery())
        number: int = (await self._connection.execute(counted)).scalar_one()
        return number

    async def decide_again(self, wanted: ParkedFilter, closed_shops: Collection[str]) -> int:
        """Put events over which the rules failed back into the inbox; answers how many."""
        seqs = select(_undecided(wanted).where(inbox.c.shop_id.not_in(closed_shops)).subquery().c.id)
        await self._reasons.changing(inbox.c.seq.in_(seqs))
        change = update(inbox).where(inbox.c.seq.in_(seqs))
        change = change.values(
            state=EventState.RECEIVED.value, lane=None, reason=None, detail=None, decided_at=None, settled_at=None
        )
        return (await self._connection.execute(change)).rowcount

    async def send_again(self, items: Mapping[int, Command], parked: Sequence[ParkedCommand], at: datetime) -> None:
        """Put parked commands back into the outbox, in the form they have today, and make their contacts claimable."""
        again = []
        for one in parked:
            if one.id not in items:
                continue
            change = update(outbox).where(outbox.c.id == one.id, _PARKED_COMMAND)
            # Perhaps some of it arrived, then or by another way since: it is verified before it is sent.
            changed = await self._connection.execute(
                change.values(
                    command=codec.encode_tagged(items[one.id]),
                    state=CommandState.WAITING.value,
                    maybe_sent=True,
                    reason=None,
                    settled_at=None,
                )
            )
            if changed.rowcount:  # nobody settled it by hand meanwhile
                again.append(one)
        await self._make_claimable(again, at)
        await self._count_anew({one.event_seq for one in again if one.counted})

    async def _count_anew(self, seqs: Collection[int]) -> None:
        """An event goes on as planned once nothing of it is parked any more."""
        theirs = (outbox.c.event_seq == inbox.c.seq) & outbox.c.counted
        counted = select(func.count()).select_from(outbox)
        waiting = counted.where(theirs, outbox.c.state == CommandState.WAITING.value).correlate(inbox).scalar_subquery()
        stuck = counted.where(theirs, _PARKED_COMMAND).correlate(inbox).scalar_subquery()
        events = inbox.c.seq.in_(seqs) & _PARKED_EVENT
        await self._reasons.changing(events)
        await self._connection.execute(update(inbox).where(events).values(open_commands=waiting))
        planned = {"state": EventState.PLANNED.value, "reason": None, "settled_at": None}
        await self._connection.execute(update(inbox).where(events, stuck == 0).values(planned))

    async def close(self, command_ids: Collection[int], reason: Reason, at: datetime) -> None:
        """Nothing is left of them."""
        change = update(outbox).where(outbox.c.id.in_(command_ids), _PARKED_COMMAND)
        await self._connection.execute(change.values(state=CommandState.CANCELLED.value, reason=reason.value, settled_at=at))

    async def _make_claimable(self, commands: Sequence[ParkedCommand], at: datetime) -> None:
        queues: dict[ContactQueue, list[ParkedCommand]] = {}
        for one in commands:
            queues.setdefault(ContactQueue(one.contact_id, one.destination), []).append(one)
        if not queues:
            return
        statement = insert(self._connection, contact_queues)
        more = {
            "pending": contact_queues.c.pending + statement.excluded.pending,
            "due_at": statement.excluded.due_at,
            "attempts": 0,
            "first_tried_at": None,
        }
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["contact_id", "destination"], set_=more),
            [
                {
                    "contact_id": queue.contact_id,
                    "destination": queue.destination,
                    "shop_id": theirs[0].shop_id,
                    "priority": LISTED,
                    "pending": len(theirs),
                    "due_at": at,
                    "attempts": 0,
                }
                for queue, theirs in sorted(queues.items())  # one order of locks everywhere
            ],
        )


def _commands(wanted: ParkedFilter) -> Select[Any]:
    words = func.coalesce(last_words(), "")
    columns = [column for column in outbox.c if column.name not in ("state", "attempts")]
    found = select(*columns, words.label("words"), inbox.c.event_id).join(inbox, inbox.c.seq == outbox.c.event_seq)
    return found.where(_PARKED_COMMAND, *_meant(wanted, outbox.c.shop_id, outbox.c.reason, words))


def _undecided(wanted: ParkedFilter) -> Select[Any]:
    """Events that are parked for themselves: no command of theirs exists."""
    words = func.coalesce(inbox.c.detail, "")
    columns = (inbox.c.seq.label("id"), inbox.c.shop_id, inbox.c.reason, inbox.c.event_id, inbox.c.settled_at)
    found = select(*columns, literal("").label("destination"), words.label("words"))
    failed = inbox.c.reason == Reason.RULE_FAILED.value
    return found.where(_PARKED_EVENT, failed, *_meant(wanted, inbox.c.shop_id, inbox.c.reason, words))


def _meant(
    wanted: ParkedFilter, shop_id: ColumnElement[Any], reason: ColumnElement[Any], words: ColumnElement[Any]
) -> list[ColumnElement[bool]]:
    return [
        column == value
        for column, value in (
            (shop_id, wanted.shop_id),
            (reason, wanted.reason.value if wanted.reason is not None else None),
            (words, wanted.words),
            (inbox.c.event_id, wanted.event_id),
        )
        if value is not None
    ]
