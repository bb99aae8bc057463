"""The inbox: every accepted event, in the order of acceptance, and what became of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Select,
    bindparam,
    exists,
    func,
    select,
    text,
    tuple_,
)
from sqlalchemy.dialects import postgresql

from app.domain.event_kinds.subjects import order_id_of
from app.domain.event_kinds.traits import kind_of
from app.domain.intake.inbox import Accepted, Conflict, EventState, InboxEvent, NewEvent
from app.domain.intake.lanes import Ahead, Apart, Undecided, lane_of, link_of
from app.domain.reasons import Reason
from app.storage.engine import codec
from app.storage.engine.bulk import execute_many
from app.storage.engine.dialect import insert_of, one_of
from app.storage.engine.tables import inbox
from app.storage.inbox_counts import InboxCounts
from app.storage.inbox_endings import InboxEndings

_PLANNING = 7_303_001
"""Advisory lock: who has it alone decides about anybody; those who share it decide about the people of their lanes."""

_LANE = 7_303
"""Advisory locks, one per lane."""


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


class Inbox(InboxEndings, InboxCounts):
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
        which: dict[str, object] = {"most": limit, "bytes": max_bytes}
        if part is not None:
            which |= {"background": part.background, "lanes": part.lanes, "before": part.before}
        rows = await self._connection.execute(_due(of_lanes=part is not None), which)
        events: list[InboxEvent] = []
        unreadable: list[int] = []
        for seq, shop_id, event_id, payload in rows.all():
            try:
                events.append(InboxEvent(seq, shop_id, event_id, codec.decode_event(payload)))
            except codec.UNREADABLE:
                unreadable.append(seq)
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
        return (await self._connection.execute(_URGENT, {"shops": list(shop_ids)})).first() is not None


# Made once: to make a statement costs as much as to run one of these.
@cache
def _due(*, of_lanes: bool) -> Select[Any]:
    received = inbox.c.state == text("'received'")
    if of_lanes:
        lanes: BindParameter[Any] = bindparam("lanes", expanding=True)
        ours = (inbox.c.background == bindparam("background")) & inbox.c.lane.in_(lanes) & (inbox.c.seq < bindparam("before"))
        received &= ~inbox.c.urgent & ours
    size = func.coalesce(func.length(inbox.c.payload), 0).label("size")
    first = select(inbox.c.seq, inbox.c.urgent, inbox.c.background, size).where(received)
    queue = first.order_by(*_DUE_ORDER).limit(bindparam("most")).subquery()
    ahead = func.sum(queue.c.size).over(order_by=(queue.c.urgent.desc(), queue.c.background, queue.c.seq)) - queue.c.size
    sized = select(queue.c.seq, ahead.label("ahead")).subquery()
    within = inbox.c.seq.in_(select(sized.c.seq).where(sized.c.ahead <= bindparam("bytes")))
    columns = (inbox.c.seq, inbox.c.shop_id, inbox.c.event_id, inbox.c.payload)
    return select(*columns).where(within).order_by(*_DUE_ORDER)


_URGENT = (
    select(inbox.c.seq)
    .where(inbox.c.state == text("'received'"), inbox.c.urgent, inbox.c.shop_id.in_(bindparam("shops", expanding=True)))
    .limit(1)
)
_INSERT = insert_of("sqlite", inbox).on_conflict_do_nothing(index_elements=["shop_id", "event_id"])
_INSERT_RETURNING = (
    insert_of("postgresql", inbox)
    .on_conflict_do_nothing(index_elements=["shop_id", "event_id"])
    .returning(inbox.c.shop_id, inbox.c.event_id)
)


def _row(event: NewEvent, received_at: datetime, *, divided: bool, traced: bool) -> dict[str, object]:
    """`divided`: among several workers. `traced`: events stored with it are; nobody pays for a column that nobody asked for."""
    kind = kind_of(event.event)
    row: dict[str, object] = {
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
        "urgent": kind.takes_permission_away,
        "background": kind.is_bulk,
        "state": _HELD if event.held else _RECEIVED,
        "open_commands": 0,
    }
    if traced:
        row["trace"] = event.trace
    return row


_HELD, _RECEIVED = EventState.HELD.value, EventState.RECEIVED.value


def _warnings(stored: bytes | None) -> tuple[str, ...]:
    return codec.decode(stored, tuple[str, ...]) if stored else ()
