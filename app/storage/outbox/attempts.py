"""What became of claims: calls and attempts written down, commands settled or put back, leases given back. All or nothing."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ScalarSelect, bindparam, select, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.delivery.answers import Attempted, Tried
from app.domain.delivery.outbox import CommandState
from app.domain.delivery.outcomes import Delivered, Done, Drop, Park, RetryAt, name_of
from app.storage.engine.bulk import execute_many
from app.storage.engine.dialect import ListStatement, one_of
from app.storage.engine.tables import attempts, calls, contact_queues, outbox
from app.storage.outbox.contact_queues import BULK_BLOCKING_LIVE, remove_settled, reset_priority


def last_words() -> ScalarSelect[str]:
    """The text of the answer to a command of the outbox at its last attempt."""
    said = select(attempts.c.detail).where(attempts.c.command_id == outbox.c.id)
    return said.order_by(attempts.c.number.desc()).limit(1).scalar_subquery()


class Results:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def record(self, attempted: Sequence[Attempted], destination: str, now: datetime) -> set[int]:
        """Record what became of claims; answers the contacts whose lease was lost meanwhile: nothing of theirs was changed."""
        held = await self._still_held(attempted, destination)
        kept = [one for one in attempted if one.claim.contact_id in held]
        tried = [try_ for one in kept for try_ in one.tried]
        await self._write_calls(tried, destination, now)
        await self._write_states(tried, now)
        await self._put_back(kept)
        await self._move_contact_queues(kept, destination)
        return {one.claim.contact_id for one in attempted} - held

    async def _still_held(self, attempted: Sequence[Attempted], destination: str) -> set[int]:
        tokens = {one.claim.contact_id: one.claim.lease_token for one in attempted}
        rows = await _LEASES.run(self._connection, tokens, at=destination)
        return {contact_id for contact_id, token in rows.all() if token == tokens[contact_id]}

    async def _write_calls(self, tried: Sequence[Tried], destination: str, now: datetime) -> None:
        made = list({id(one.call): one.call for one in tried if one.call is not None}.values())
        numbers: dict[int, int] = {}
        if made:
            rows = await self._connection.execute(_CALL, [{"destination": destination, **_call_row(call)} for call in made])
            numbers = {id(call): number for call, number in zip(made, rows.scalars(), strict=True)}
        alike: dict[_Attempt, list[int]] = {}
        for one in tried:
            detail = one.call.detail if one.call else "found by verification"
            attempt = _Attempt(one.number, numbers.get(id(one.call)), name_of(one.outcome), detail)
            alike.setdefault(attempt, []).append(one.command.id)
        for attempt, command_ids in alike.items():
            await _TRIED.run(self._connection, command_ids, at=now, **attempt._asdict())

    async def _write_states(self, tried: Sequence[Tried], now: datetime) -> None:
        """Most of what was called together ends alike: one statement for all of these."""
        alike: dict[_Ending, list[int]] = {}
        for one in tried:
            alike.setdefault(_ending(one, now), []).append(one.command.id)
        for ending, command_ids in alike.items():
            await _END.run(self._connection, command_ids, **ending._asdict())
        named = [(one.command.id, one.outcome.upstream_id) for one in tried if isinstance(one.outcome, Delivered)]
        ids = [{"b_id": command_id, "b_upstream_id": there} for command_id, there in named if there is not None]
        await execute_many(self._connection, _NAME_THERE, ids)

    async def _put_back(self, kept: Sequence[Attempted]) -> None:
        """Commands of a claim that nobody came to try are as they were before it."""
        fresh = []
        for one in kept:
            ids = {try_.command.id for try_ in one.tried}
            fresh += [waiting.id for waiting in one.claim.commands if waiting.id not in ids and not waiting.maybe_sent]
        await self._untried(fresh)

    async def _untried(self, command_ids: Collection[int]) -> None:
        if command_ids:
            await self._connection.execute(
                update(outbox).where(one_of(self._connection, outbox.c.id, command_ids)).values(maybe_sent=False)
            )

    async def _move_contact_queues(self, kept: Sequence[Attempted], destination: str) -> None:
        """A contact queue is gone with the last of its commands; the leases of the others are given back."""
        settled = {one.claim.contact_id: number for one in kept if (number := _settled(one))}
        gone = await remove_settled(self._connection, destination, settled)
        left = [one for one in kept if one.claim.contact_id not in gone]
        await execute_many(self._connection, _GIVE_BACK, [_contact_queue_row(one) for one in left])


class _Attempt(NamedTuple):
    """What commands that were tried with one call have in common."""

    number: int
    call_id: int | None
    outcome: str
    detail: str


class _Ending(NamedTuple):
    """How a try ended, as the columns of the outbox say it."""

    b_state: str
    b_maybe_sent: bool
    b_number: int
    b_reason: str | None
    b_settled_at: datetime | None


_LEASES = ListStatement(
    lambda listed: (
        select(contact_queues.c.contact_id, contact_queues.c.lease_token)
        .where(contact_queues.c.destination == bindparam("at"), listed(contact_queues.c.contact_id))
        .order_by(contact_queues.c.contact_id)
        .with_for_update()  # SQLite, with its one writer, leaves it out
    )
)
_END = ListStatement(
    lambda listed: (
        update(outbox)
        .where(listed(outbox.c.id))
        .values(
            state=bindparam("b_state"),
            maybe_sent=bindparam("b_maybe_sent"),
            attempts=bindparam("b_number"),
            reason=bindparam("b_reason"),
            settled_at=bindparam("b_settled_at", type_=outbox.c.settled_at.type),
        )
    )
)
_NAME_THERE = update(outbox).where(outbox.c.id == bindparam("b_id")).values(upstream_id=bindparam("b_upstream_id"))
_CALL = plain_insert(calls).returning(calls.c.id, sort_by_parameter_order=True)
_SAID = ("number", "call_id", "at", "outcome", "detail")
_TRIED = ListStatement(
    lambda listed: plain_insert(attempts).from_select(
        ["command_id", *_SAID],
        select(outbox.c.id, *(bindparam(name, type_=attempts.c[name].type) for name in _SAID)).where(listed(outbox.c.id)),
    )
)
_GIVE_BACK = (
    update(contact_queues)
    .where(contact_queues.c.contact_id == bindparam("b_contact"), contact_queues.c.destination == bindparam("b_destination"))
    .values(
        pending=contact_queues.c.pending - bindparam("b_settled"),
        due_at=bindparam("b_due_at", type_=contact_queues.c.due_at.type),
        leased_until=None,
        lease_token=None,
        attempts=bindparam("b_attempts"),
        first_tried_at=bindparam("b_first", type_=contact_queues.c.first_tried_at.type),
        priority=reset_priority((contact_queues.c.priority == BULK_BLOCKING_LIVE) & (bindparam("b_settled") > 0)),
    )
)


def _call_row(call: object) -> dict[str, object]:
    return {name: getattr(call, name) for name in ("path", "started_at", "milliseconds", "outcome", "detail", "items")}


def _ending(one: Tried, now: datetime) -> _Ending:
    state = CommandState.SENT
    reason: str | None = None
    maybe_sent = False
    match one.verdict:
        case Done():
            pass
        case Park(reason=why):
            state, reason = CommandState.PARKED, why.value
        case Drop(reason=why):
            state, reason = CommandState.CANCELLED, why.value
        case RetryAt(verify_first=unclear):
            state, maybe_sent = CommandState.WAITING, unclear
    return _Ending(state.value, maybe_sent, one.number, reason, None if state is CommandState.WAITING else now)


def _contact_queue_row(one: Attempted) -> dict[str, object]:
    claim = one.claim
    return {
        "b_contact": claim.contact_queue.contact_id,
        "b_destination": claim.contact_queue.destination,
        "b_settled": _settled(one),
        "b_due_at": one.due_at,
        "b_attempts": one.failing,
        "b_first": one.failing_since,
    }


def _settled(one: Attempted) -> int:
    return sum(1 for try_ in one.tried if not isinstance(try_.verdict, RetryAt))
