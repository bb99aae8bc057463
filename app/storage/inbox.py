"""The inbox: every accepted event, in the order of acceptance, and what became of it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Integer,
    Update,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    literal,
    literal_column,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.delivery.outbox import CommandState
from app.domain.event_kinds.subjects import order_id_of
from app.domain.event_kinds.traits import is_bulk, revokes_permission
from app.domain.intake.inbox import Accepted, Conflict, EventState, InboxEvent, NewEvent, Settlement, end_unsent
from app.domain.intake.lanes import Ahead, Apart, Undecided, lane_of, link_of
from app.domain.reasons import Reason
from app.observability.redaction import redacted
from app.storage.engine import codec
from app.storage.engine.bulk import execute_many
from app.storage.engine.dialect import distinct, insert_of, one_of
from app.storage.engine.tables import inbox, outbox

_HOUR: ColumnElement[int] = literal_column("3600000000", BigInteger)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Instants are stored in microseconds since; an hour in microseconds."""
_PLANNING = 7_303_001
"""Advisory lock: who has it alone decides about anybody; those who share it decide about the people of their lanes."""

_LANE = 7_303
"""Advisory locks, one per lane."""


_WAITING_STATES = text("inbox.state IN ('received', 'planned')")  # as the partial index has it
_HELD_STATE = text("inbox.state = 'held'")
_FOR_ORDER = text("inbox.state = 'planned' AND inbox.reason = 'waits_for_order'")

_DUE_ORDER = (inbox.c.urgent.desc(), inbox.c.background, inbox.c.seq)

_LOCK_LANES = text(
    "SELECT lane FROM unnest(:lanes) AS lane WHERE pg_try_advisory_xact_lock(:class, lane) LIMIT :number"
).bindparams(
    bindparam("lanes", type_=postgresql.ARRAY(Integer)), bindparam("class", type_=Integer), bindparam("number", type_=Integer)
)

_Key = tuple[str, str]
"""(shop, event_id): what makes an event one."""


class _Stored(NamedTuple):
    """What decides about a repetition, and what answers it."""

    digest: str
    received_at: datetime
    warnings: tuple[str, ...]


class Inbox:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, events: Sequence[NewEvent], received_at: datetime) -> list[Accepted | Conflict]:
        """Store the events that are new; answer each one, in order. The unique key decides, also between processes."""
        if not events:
            return []
        rows: dict[_Key, dict[str, object]] = {}
        divided = self._connection.dialect.name != "sqlite"
        traced = any(event.trace is not None for event in events)
        for event in events:
            rows.setdefault((event.shop_id, event.event_id), _row(event, received_at, divided=divided, traced=traced))
        new, known = await self._insert(rows)
        answers: list[Accepted | Conflict] = []
        for event in events:
            key = (event.shop_id, event.event_id)
            first = known.get(key)
            if first is None:
                first = known[key] = _Stored(event.digest, received_at, event.warnings)
            if first.digest != event.digest:
                answers.append(Conflict(event.event_id, first.digest))
                continue
            answers.append(Accepted(event.event_id, key not in new, first.received_at, first.warnings))
            new.discard(key)
        return answers

    async def _insert(self, rows: Mapping[_Key, Mapping[str, object]]) -> tuple[set[_Key], dict[_Key, _Stored]]:
        """Which keys are new, and what was stored before under the others."""
        if self._connection.dialect.name != "sqlite":
            added = await self._connection.execute(_INSERT_RETURNING, list(rows.values()))
            new = {(row.shop_id, row.event_id) for row in added}
            known = [key for key in rows if key not in new]
            return new, await self._stored(known) if known else {}
        # Asking SQLite for each row what became of it costs as much as the row: mostly all of them are new.
        number = await execute_many(self._connection, _INSERT, list(rows.values()))
        if number == len(rows):
            return set(rows), {}
        stored = await self._stored(list(rows))
        new = set(list(stored)[len(stored) - number :])  # one writer: what it adds comes after all that was there
        return new, {key: first for key, first in stored.items() if key not in new}

    async def _stored(self, keys: list[_Key]) -> dict[_Key, _Stored]:
        """In the order of acceptance."""
        columns = (inbox.c.shop_id, inbox.c.event_id, inbox.c.digest, inbox.c.received_at, inbox.c.warnings)
        found = select(*columns).where(tuple_(inbox.c.shop_id, inbox.c.event_id).in_(keys)).order_by(inbox.c.seq)
        return {
            (row.shop_id, row.event_id): _Stored(row.digest, row.received_at, _warnings(row.warnings))
            for row in await self._connection.execute(found)
        }

    async def try_lock_contacts(self) -> bool:
        """True for the one planner that may decide until the transaction ends."""
        if self._connection.dialect.name == "sqlite":
            return True
        answer = await self._connection.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _PLANNING})
        return bool(answer.scalar_one())

    async def lock_contacts(self) -> None:
        """As `try_lock_contacts`, but waits for the lock: a round lasts a moment."""
        if self._connection.dialect.name != "sqlite":
            await self._connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _PLANNING})

    async def share_contacts(self) -> None:
        """Wait until nobody has the lock alone; held with others until the transaction ends."""
        await self._connection.execute(text("SELECT pg_advisory_xact_lock_shared(:key)"), {"key": _PLANNING})

    async def try_lock_lanes(self, lanes: Sequence[int], number: int) -> list[int]:
        """So many of these lanes that nobody has, in this order; held until the transaction ends."""
        rows = await self._connection.execute(_LOCK_LANES, {"lanes": list(lanes), "class": _LANE, "number": number})
        return list(rows.scalars())

    async def ahead(self, window: int) -> list[Ahead] | None:
        """What the next events to decide are. None where there is one worker only."""
        if self._connection.dialect.name == "sqlite":
            return None
        columns = (inbox.c.lane, inbox.c.urgent, inbox.c.background)
        received = select(*columns, inbox.c.seq).where(inbox.c.state == text("'received'")).order_by(*_DUE_ORDER).limit(window)
        each = received.subquery()
        kinds = (each.c.lane, each.c.urgent, each.c.background)
        counted = (func.count().label("number"), func.min(each.c.seq).label("first"), func.max(each.c.seq).label("last"))
        rows = await self._connection.execute(select(*kinds, *counted).group_by(*kinds))
        return [Ahead(**row) for row in rows.mappings()]

    async def undecided_elsewhere(
        self, lanes: Collection[int], links: Collection[str], orders: Collection[_Key], addresses: Collection[_Key]
    ) -> list[Undecided]:
        """What is undecided in other lanes, or in none, of these links, orders (shop, order), or addresses (shop, address)."""
        undecided = (inbox.c.state == text("'received'")) & (inbox.c.lane.is_(None) | inbox.c.lane.not_in(lanes))
        found: list[Undecided] = []
        asked: list[ColumnElement[bool]] = []
        if links:
            asked.append(one_of(self._connection, inbox.c.link, links))
        for column, pairs in ((inbox.c.order_id, orders), (inbox.c.subject, addresses)):
            for shop_id in {shop for shop, _ in pairs}:
                named = one_of(self._connection, column, [name for shop, name in pairs if shop == shop_id])
                asked.append((inbox.c.shop_id == shop_id) & named)
        for which in asked:  # along an index each
            columns = (inbox.c.shop_id, inbox.c.subject, inbox.c.link, inbox.c.order_id)
            rows = await self._connection.execute(select(*columns).where(which, undecided))
            found += [Undecided(**row) for row in rows.mappings()]
        return found

    async def due(self, limit: int, max_bytes: int, part: Apart | None = None) -> tuple[list[InboxEvent], list[int]]:
        """The next events to decide: acts that take permission away first, then in order of acceptance, lists last.

        `part`: of its lanes alone. As many as `max_bytes` of payload hold, and one more. Beside them the numbers of events whose
        payload cannot be read: they must not hold up the others.
        """
        order = _DUE_ORDER
        received = inbox.c.state == text("'received'")
        if part is not None:
            ours = (inbox.c.background == part.background) & inbox.c.lane.in_(part.lanes) & (inbox.c.seq < part.before)
            received &= ~inbox.c.urgent & ours
        first = select(
            inbox.c.seq, inbox.c.urgent, inbox.c.background, func.coalesce(func.length(inbox.c.payload), 0).label("size")
        )
        queue = first.where(received).order_by(*order).limit(limit).subquery()
        ahead = func.sum(queue.c.size).over(order_by=(queue.c.urgent.desc(), queue.c.background, queue.c.seq)) - queue.c.size
        sized = select(queue.c.seq, ahead.label("ahead")).subquery()
        columns = (inbox.c.seq, inbox.c.shop_id, inbox.c.event_id, inbox.c.payload)
        within = inbox.c.seq.in_(select(sized.c.seq).where(sized.c.ahead <= max_bytes))
        rows = await self._connection.execute(select(*columns).where(within).order_by(*order))
        events: list[InboxEvent] = []
        unreadable: list[int] = []
        for row in rows:
            try:
                events.append(InboxEvent(row.seq, row.shop_id, row.event_id, codec.decode_event(row.payload)))
            except codec.UNREADABLE:
                unreadable.append(row.seq)
        return events, unreadable

    async def undecided_about(self, shop_ids: Collection[str], emails: Collection[str]) -> set[tuple[str, str]]:
        """(shop, address) of events that are not decided yet."""
        waiting = inbox.c.state.in_((EventState.RECEIVED.value, EventState.HELD.value))
        found = select(inbox.c.shop_id, inbox.c.subject).where(inbox.c.shop_id.in_(shop_ids), inbox.c.subject.in_(emails), waiting)
        return {(row.shop_id, row.subject) for row in await self._connection.execute(found)}

    async def waiting_for_order(self, seqs: Collection[int]) -> list[InboxEvent]:
        """Those of these cancellations and returns that still wait for their order (R19)."""
        if not seqs:
            return []
        columns = (inbox.c.seq, inbox.c.shop_id, inbox.c.event_id, inbox.c.payload)
        rows = await self._connection.execute(
            select(*columns).where(one_of(self._connection, inbox.c.seq, seqs), _FOR_ORDER, inbox.c.payload.is_not(None))
        )
        return [InboxEvent(row.seq, row.shop_id, row.event_id, codec.decode_event(row.payload)) for row in rows]

    async def waiting_for_order_of(self, shop_id: str, subjects: Collection[str]) -> list[int]:
        """Numbers of those that name one of these addresses."""
        theirs = inbox.c.subject.in_(subjects) & (inbox.c.shop_id == shop_id)
        return list((await self._connection.execute(select(inbox.c.seq).where(theirs, _FOR_ORDER))).scalars())

    async def orders_of(self, contact_ids: Collection[int]) -> set[str]:
        """Ids of the orders in events of these contacts."""
        theirs = inbox.c.contact_id.in_(contact_ids) & inbox.c.order_id.is_not(None)
        return set((await self._connection.execute(select(inbox.c.order_id).where(theirs).distinct())).scalars())

    async def end_waiting_for_order(self, before: datetime, at: datetime, limit: int) -> list[tuple[int, str, str]]:
        """End what waits since before a time for an order that is not on its way either; answers number, shop and order."""
        other = inbox.alias()
        undecided = other.c.state.in_((EventState.RECEIVED.value, EventState.HELD.value))
        coming = exists().where(other.c.shop_id == inbox.c.shop_id, other.c.order_id == inbox.c.order_id, undecided)
        columns = (inbox.c.seq, inbox.c.shop_id, inbox.c.order_id)
        old = select(*columns).where(_FOR_ORDER, inbox.c.received_at < before, ~coming).order_by(inbox.c.received_at).limit(limit)
        ended = [(row.seq, row.shop_id, row.order_id) for row in await self._connection.execute(old)]
        await self.mark([seq for seq, _, _ in ended], EventState.WITHHELD, Reason.ORDER_NEVER_CAME, at)
        return ended

    async def has_urgent(self, shop_ids: Collection[str]) -> bool:
        """Is there an act of these shops that takes permission away and is not decided yet?"""
        undecided = (inbox.c.state == text("'received'")) & inbox.c.urgent & inbox.c.shop_id.in_(shop_ids)
        found = select(inbox.c.seq).where(undecided).limit(1)
        return (await self._connection.execute(found)).first() is not None

    async def settle(self, settlements: Sequence[Settlement], at: datetime) -> None:
        """Record decisions. A settled event that will not be sent gives up its payload."""
        await execute_many(self._connection, _SETTLE, [_settlement_row(one, at) for one in settlements])

    async def commands_settled(self, counts: Mapping[int, int], at: datetime) -> None:
        """So many commands of these events arrived. With the last one an event is sent, or withheld if only facts travelled."""
        rows = [{"b_seq": seq, "b_count": number, "b_at": at} for seq, number in counts.items()]
        await execute_many(self._connection, _COMMANDS_SETTLED, rows)

    async def drop(self, seq: int, state: EventState, reason: Reason, at: datetime) -> None:
        """A command of the event turned out to be needless. If none of them was sent, that is what became of the event."""
        theirs = (outbox.c.event_seq == seq) & (outbox.c.state == CommandState.SENT.value) & outbox.c.counted
        sent: ColumnElement[bool] = exists().where(theirs)
        if reason is Reason.ORDER_NOT_UPDATABLE:  # facts that travelled along are no part of what was to be told (R18)
            sent = false()
        last = (inbox.c.open_commands <= 1) & (inbox.c.state == EventState.PLANNED.value)
        change = update(inbox).where(inbox.c.seq == seq)
        await self._connection.execute(
            change.values(
                open_commands=inbox.c.open_commands - 1,
                state=case((last & sent, EventState.SENT.value), (last, state.value), else_=inbox.c.state),
                reason=case((last & ~sent, reason.value), else_=inbox.c.reason),
                settled_at=case((last, literal(at, inbox.c.settled_at.type)), else_=inbox.c.settled_at),
                payload=case((last & ~sent, None), else_=inbox.c.payload),
            )
        )

    async def settle_parked(self, seq: int, at: datetime, reason: Reason | None = None) -> None:
        """A command an event was parked for is settled: the event goes on with what is left of it, or ends.

        `reason`: why that command was not sent after all. It is the event's own if none of its commands was, or if it is
        something the event was not permitted.
        """
        theirs = (outbox.c.event_seq == seq) & outbox.c.counted
        rows = await self._connection.execute(select(outbox.c.state, func.count()).where(theirs).group_by(outbox.c.state))
        counted = {row.state: row[1] for row in rows}
        if counted.get(CommandState.PARKED.value):
            return
        waiting = counted.get(CommandState.WAITING.value, 0)
        parked = (inbox.c.seq == seq) & (inbox.c.state == EventState.PARKED.value)
        sent = bool(counted.get(CommandState.SENT.value))
        if reason is not None and not waiting and not (sent and end_unsent(reason) is EventState.SUPERSEDED):
            await self._end(parked, end_unsent(reason), reason, at)
            return
        state = EventState.PLANNED if waiting else EventState.SENT
        change = update(inbox).where(parked)
        await self._connection.execute(
            change.values(state=state.value, reason=None, open_commands=waiting, settled_at=None if waiting else at)
        )

    async def mark(self, seqs: Collection[int], state: EventState, reason: Reason, at: datetime) -> None:
        if seqs:
            await self._end(inbox.c.seq.in_(seqs), state, reason, at)

    async def supersede_planned(self, seq: int, reason: Reason, at: datetime) -> None:
        """Something newer took the place of an event that was waiting for its time."""
        waiting = (inbox.c.seq == seq) & (inbox.c.state == EventState.PLANNED.value)
        await self._end(waiting, EventState.SUPERSEDED, reason, at)

    async def _end(self, which: ColumnElement[bool], state: EventState, reason: Reason, at: datetime) -> None:
        """An event that will not be sent gives up its payload; a parked one keeps it for a replay."""
        ended: dict[str, object] = {"state": state.value, "reason": reason.value, "settled_at": at, "link": None}
        if state is not EventState.PARKED:
            ended["payload"] = None
        await self._connection.execute(update(inbox).where(which).values(ended))

    async def hold(self, shop_id: str) -> None:
        """The shop was disabled: its undecided events wait outside the queue."""
        await self._move([shop_id], EventState.RECEIVED, EventState.HELD, Reason.SHOP_DISABLED.value)

    async def shops_held(self) -> list[str]:
        """Shops of which events are held: one step for each along the index, however many events."""
        return [shop_id async for shop_id in distinct(self._connection, inbox.c.shop_id, _HELD_STATE)]

    async def release(self, shop_ids: Collection[str]) -> None:
        """What was held of these shops is to be decided."""
        if shop_ids:
            await self._move(shop_ids, EventState.HELD, EventState.RECEIVED, None)

    async def _move(self, shop_ids: Collection[str], old: EventState, new: EventState, reason: str | None) -> None:
        # The state stands in the statement, so that the partial index of held events serves it.
        theirs = inbox.c.shop_id.in_(shop_ids) & (inbox.c.state == literal_column(f"'{old.value}'"))
        await self._connection.execute(update(inbox).where(theirs).values(state=new.value, reason=reason))

    async def forget_person(self, contact_id: int, subjects: Collection[str], shop_id: str, pseudonym: str) -> None:
        """Erase what the inbox holds of a person: payloads, addresses, order numbers, words. Undecided events are judged later."""
        nothing = dict.fromkeys(("payload", "warnings", "order_id", "link", "detail"))
        forgotten = {**nothing, "subject": pseudonym}
        for theirs in _decided_of(contact_id, subjects, shop_id):
            await self._connection.execute(update(inbox).where(*theirs).values(forgotten))

    async def ids_of(self, contact_id: int, subjects: Collection[str], shop_id: str) -> list[tuple[int, str]]:
        """(number, event id) of what `forget_person` forgets."""
        found: dict[int, str] = {}
        for theirs in _decided_of(contact_id, subjects, shop_id):
            rows = await self._connection.execute(select(inbox.c.seq, inbox.c.event_id).where(*theirs))
            found.update({row.seq: row.event_id for row in rows})
        return list(found.items())

    async def there(self, keys: Collection[_Key]) -> set[_Key]:
        """Which of these events are stored."""
        found = select(inbox.c.shop_id, inbox.c.event_id).where(tuple_(inbox.c.shop_id, inbox.c.event_id).in_(list(keys)))
        return {(row.shop_id, row.event_id) for row in await self._connection.execute(found)}

    async def rename(self, seq: int, shop_id: str, event_id: str) -> None:
        """Give an event another id; a number more where another event has that id already."""
        taken = await self.there([(shop_id, event_id)])
        change = update(inbox).where(inbox.c.seq == seq)
        await self._connection.execute(change.values(event_id=f"{event_id}-{seq}" if taken else event_id))

    async def waiting_counts(self, shop_id: str) -> dict[str, int]:
        """State -> number of a shop's events that have not ended, along the partial indexes."""
        found: dict[str, int] = {}
        for waiting in (_WAITING_STATES, _HELD_STATE):
            theirs = select(inbox.c.state, func.count().label("number")).where(inbox.c.shop_id == shop_id, waiting)
            found |= {row.state: row.number for row in await self._connection.execute(theirs.group_by(inbox.c.state))}
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


def _decided_of(contact_id: int, subjects: Collection[str], shop_id: str) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """The decided events of a person, along one index after the other. Undecided ones are decided later."""
    decided = inbox.c.state.not_in((EventState.RECEIVED.value, EventState.HELD.value))
    for theirs in (inbox.c.contact_id == contact_id, inbox.c.subject.in_(subjects)):
        yield inbox.c.shop_id == shop_id, theirs, decided


_INSERT = insert_of("sqlite", inbox).on_conflict_do_nothing(index_elements=["shop_id", "event_id"])
_INSERT_RETURNING = (
    insert_of("postgresql", inbox)
    .on_conflict_do_nothing(index_elements=["shop_id", "event_id"])
    .returning(inbox.c.shop_id, inbox.c.event_id)
)

_SETTLE = (
    update(inbox)
    .where(inbox.c.seq == bindparam("b_seq"))
    .values(
        state=bindparam("b_state"),
        reason=bindparam("b_reason"),
        detail=bindparam("b_detail"),
        contact_id=bindparam("b_contact_id"),
        open_commands=bindparam("b_open_commands"),
        decided_at=bindparam("b_decided_at", type_=inbox.c.decided_at.type),
        settled_at=bindparam("b_settled_at", type_=inbox.c.settled_at.type),
        payload=case((bindparam("b_keep"), inbox.c.payload), else_=None),
        subject=func.coalesce(bindparam("b_pseudonym"), inbox.c.subject),
        order_id=case((bindparam("b_erased"), None), else_=inbox.c.order_id),
        warnings=case((bindparam("b_erased"), None), else_=inbox.c.warnings),
        link=case((bindparam("b_comes_back"), inbox.c.link), else_=None),
    )
)


def _commands_settled() -> Update:
    left = inbox.c.open_commands - bindparam("b_count")
    done = (left <= 0) & (inbox.c.state == EventState.PLANNED.value)
    state = case((done & inbox.c.reason.is_(None), EventState.SENT.value), (done, EventState.WITHHELD.value), else_=inbox.c.state)
    settled_at = case((done, bindparam("b_at", type_=inbox.c.settled_at.type)), else_=inbox.c.settled_at)
    change = update(inbox).where(inbox.c.seq == bindparam("b_seq"))
    return change.values(open_commands=left, state=state, settled_at=settled_at)


_COMMANDS_SETTLED = _commands_settled()


def _row(event: NewEvent, received_at: datetime, *, divided: bool, traced: bool) -> dict[str, object]:
    """`divided`: among several workers. `traced`: events stored with it are; nobody pays for a column that nobody asked for."""
    trace = {"trace": event.trace} if traced else {}
    return trace | {
        "shop_id": event.shop_id,
        "event_id": event.event_id,
        "type": event.type,
        "subject": event.subject,
        "order_id": order_id_of(event.event),
        "lane": lane_of(event.event) if divided else None,
        "link": link_of(event.shop_id, event.event) if divided else None,
        "digest": event.digest,
        "occurred_at": event.event.at,
        "received_at": received_at,
        "payload": codec.encode_tagged(event.event),
        "warnings": codec.encode(event.warnings) if event.warnings else None,
        "urgent": revokes_permission(event.event),
        "background": is_bulk(event.event),
        "state": (EventState.HELD if event.held else EventState.RECEIVED).value,
        "open_commands": 0,
    }


def _settlement_row(one: Settlement, at: datetime) -> dict[str, object]:
    open_end = one.state in (EventState.PLANNED, EventState.RECEIVED)
    return {
        "b_seq": one.seq,
        "b_state": one.state.value,
        "b_reason": one.reason.value if one.reason else None,
        "b_detail": one.detail if one.detail is None or one.pseudonym is None else redacted(one.detail),
        "b_contact_id": one.contact_id,
        "b_open_commands": one.open_commands,
        "b_decided_at": at,
        "b_settled_at": None if open_end else at,
        "b_keep": one.keeps_payload,
        "b_pseudonym": one.pseudonym,
        "b_erased": one.pseudonym is not None,
        "b_comes_back": one.state in (EventState.RECEIVED, EventState.HELD),
    }


def _warnings(stored: bytes | None) -> tuple[str, ...]:
    return codec.decode(stored, tuple[str, ...]) if stored else ()
