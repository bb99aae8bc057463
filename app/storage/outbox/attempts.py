"""What became of claims: calls and attempts written down, commands settled or put back, leases given back. All or nothing."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import ScalarSelect, bindparam, select, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.delivery.answers import Attempted, Tried
from app.domain.delivery.outbox import CommandState
from app.domain.delivery.outcomes import Delivered, Done, Drop, Park, RetryAt, name_of
from app.storage.engine.bulk import execute_many
from app.storage.engine.dialect import one_of
from app.storage.engine.tables import attempts, calls, contact_queues, outbox
from app.storage.outbox.contact_queues import BULK_BLOCKING_LIVE, among, remove_empty, reset_priority


def last_words() -> ScalarSelect[str]:
    """The text of the answer to a command of the outbox at its last attempt."""
    said = select(attempts.c.detail).where(attempts.c.command_id == outbox.c.id)
    return said.order_by(attempts.c.number.desc()).limit(1).scalar_subquery()


class Results:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def record(self, attempted: Sequence[Attempted], destination: str, now: datetime) -> set[int]:
        """Record what became of claims; answers the contacts whose lease was lost meanwhile: nothing of theirs was changed."""
        held = await self._still_held(attempted)
        kept = [one for one in attempted if one.claim.contact_id in held]
        tried = [try_ for one in kept for try_ in one.tried]
        await self._write_calls(tried, destination, now)
        await self._write_states(tried, now)
        await self._put_back(kept)
        await self._move_contact_queues(kept)
        return {one.claim.contact_id for one in attempted} - held

    async def _still_held(self, attempted: Sequence[Attempted]) -> set[int]:
        tokens = {one.claim.contact_id: one.claim.lease_token for one in attempted}
        theirs = among(self._connection, [one.claim.contact_queue for one in attempted])
        rows = select(contact_queues.c.contact_id, contact_queues.c.lease_token).where(theirs).order_by(contact_queues.c.contact_id)
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
                        "detail": one.call.detail if one.call else "found by verification",
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
            await self._connection.execute(
                update(outbox).where(one_of(self._connection, outbox.c.id, command_ids)).values(maybe_sent=False)
            )

    async def _move_contact_queues(self, kept: Sequence[Attempted]) -> None:
        """Give the leases back; a contact queue is gone with the last of its commands."""
        await execute_many(self._connection, _GIVE_BACK, [_contact_queue_row(one) for one in kept])
        await remove_empty(self._connection, [one.claim.contact_queue for one in kept if _settled(one)])


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


def _state_row(one: Tried, now: datetime) -> dict[str, object]:
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
    return {
        "b_id": one.command.id,
        "b_state": state.value,
        "b_maybe_sent": maybe_sent,
        "b_number": one.number,
        "b_reason": reason,
        "b_upstream_id": one.outcome.upstream_id if isinstance(one.outcome, Delivered) else None,
        "b_settled_at": None if state is CommandState.WAITING else now,
    }


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
