"""The inbox: what became of an event, and what is forgotten of it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from sqlalchemy import (
    ColumnElement,
    Update,
    bindparam,
    case,
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
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.delivery.outbox import CommandState
from app.domain.intake.endings import Dropped, Standing, after_parked
from app.domain.intake.inbox import EventState, Settlement
from app.domain.reasons import Reason
from app.observability.redaction import redacted
from app.storage.engine.bulk import execute_many
from app.storage.engine.dialect import InList, ListStatement, distinct, one_of
from app.storage.engine.tables import inbox, outbox
from app.storage.operations.reason_counts import ReasonCounts

_COUNTED = (EventState.WITHHELD, EventState.PARKED)
_HELD_STATE = text("inbox.state = 'held'")

_Key = tuple[str, str]
"""(shop, event_id): what makes an event one."""


class InboxEndings:
    def __init__(self, connection: AsyncConnection, reasons: ReasonCounts) -> None:
        self._connection = connection
        self._reasons = reasons

    async def settle(self, settlements: Sequence[Settlement], at: datetime) -> None:
        """Record decisions about events that have not ended. A settled one that will not be sent gives up its payload."""
        self._reasons.undecided(one.seq for one in settlements if one.state in _COUNTED)
        planned, ended = list[dict[str, object]](), list[dict[str, object]]()
        for one in settlements:
            (planned if _keeps_everything(one) else ended).append(_settlement_row(one, at))
        await execute_many(self._connection, _PLAN, planned)
        await execute_many(self._connection, _SETTLE, ended)

    async def commands_settled(self, counts: Mapping[int, int], at: datetime) -> None:
        """So many commands of these events arrived (`after_delivery`)."""
        if not counts:
            return
        await self._reasons.commands_arrive(counts)
        alike: dict[int, list[int]] = {}
        for seq, number in counts.items():
            alike.setdefault(number, []).append(seq)
        for number, seqs in sorted(alike.items()):  # one order of locks
            await _COMMANDS_SETTLED.run(self._connection, seqs, b_count=number, b_at=at)

    async def drop(self, dropped: Collection[Dropped], at: datetime) -> None:
        """Commands of these events need not be sent (`after_drop`)."""
        if dropped:
            await self._reasons.changing(one_of(self._connection, inbox.c.seq, [one.event_seq for one in dropped]))
        for one in dropped:
            await self._drop(one.event_seq, one.state, one.reason, at)

    async def _drop(self, seq: int, state: EventState, reason: Reason, at: datetime) -> None:
        theirs = (outbox.c.event_seq == seq) & (outbox.c.state == CommandState.SENT.value) & outbox.c.counted
        sent: ColumnElement[bool] = exists().where(theirs)
        if reason is Reason.ORDER_NOT_UPDATABLE:  # facts that travelled along are no part of what was to be sent (R18)
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
        """A command an event was parked for is settled (`after_parked`). `reason`: why it was not sent after all."""
        theirs = (outbox.c.event_seq == seq) & outbox.c.counted
        rows = await self._connection.execute(select(outbox.c.state, func.count()).where(theirs).group_by(outbox.c.state))
        commands = {CommandState(row.state): row[1] for row in rows}
        ending = after_parked(Standing(EventState.PARKED, reason, 0), commands, reason)
        parked = (inbox.c.seq == seq) & (inbox.c.state == EventState.PARKED.value)
        if ending.state is EventState.PARKED:
            return
        if ending.reason is not None:
            await self._end(parked, ending.state, ending.reason, at)
            return
        await self._reasons.changing(parked)
        settled_at = at if ending.state is EventState.SENT else None
        changed = {"state": ending.state.value, "reason": None, "open_commands": ending.open_commands, "settled_at": settled_at}
        await self._connection.execute(update(inbox).where(parked).values(changed))

    async def mark(self, seqs: Collection[int], state: EventState, reason: Reason, at: datetime) -> None:
        if seqs:
            await self._end(inbox.c.seq.in_(seqs), state, reason, at)

    async def park(self, seqs: Collection[int], reason: Reason, at: datetime) -> None:
        """They wait for a person."""
        await self.mark(seqs, EventState.PARKED, reason, at)

    async def supersede_planned(self, seq: int, reason: Reason, at: datetime) -> None:
        """Something newer took the place of an event that was waiting for its time."""
        waiting = (inbox.c.seq == seq) & (inbox.c.state == EventState.PLANNED.value)
        await self._end(waiting, EventState.SUPERSEDED, reason, at)

    async def _end(self, which: ColumnElement[bool], state: EventState, reason: Reason, at: datetime) -> None:
        """An event that will not be sent gives up its payload; a parked one keeps it for a replay."""
        await self._reasons.changing(which)
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


def _decided_of(contact_id: int, subjects: Collection[str], shop_id: str) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """The decided events of a person, along one index after the other. Undecided ones are decided later."""
    decided = inbox.c.state.not_in((EventState.RECEIVED.value, EventState.HELD.value))
    for theirs in (inbox.c.contact_id == contact_id, inbox.c.subject.in_(subjects)):
        yield inbox.c.shop_id == shop_id, theirs, decided


_DECIDED = (
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
    )
)
_PLAN = _DECIDED.values(link=None)
"""Of most events. What a statement names, SQLite writes into its indexes anew, whether or not it differs."""

_SETTLE = _DECIDED.values(
    payload=case((bindparam("b_keep"), inbox.c.payload), else_=None),
    subject=func.coalesce(bindparam("b_pseudonym"), inbox.c.subject),
    order_id=case((bindparam("b_erased"), None), else_=inbox.c.order_id),
    warnings=case((bindparam("b_erased"), None), else_=inbox.c.warnings),
    link=case((bindparam("b_comes_back"), inbox.c.link), else_=None),
)


def _commands_settled(listed: InList) -> Update:
    left = inbox.c.open_commands - bindparam("b_count")
    done = (left <= 0) & (inbox.c.state == EventState.PLANNED.value)
    state = case((done & inbox.c.reason.is_(None), EventState.SENT.value), (done, EventState.WITHHELD.value), else_=inbox.c.state)
    settled_at = case((done, bindparam("b_at", type_=inbox.c.settled_at.type)), else_=inbox.c.settled_at)
    change = update(inbox).where(listed(inbox.c.seq))
    return change.values(open_commands=left, state=state, settled_at=settled_at)


_COMMANDS_SETTLED = ListStatement(_commands_settled)


def _keeps_everything(one: Settlement) -> bool:
    return one.state is EventState.PLANNED and one.pseudonym is None


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
