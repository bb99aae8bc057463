"""The outbox: commands waiting for a neighbour, and the mailboxes through which they are claimed.

A mailbox is one row per contact with waiting commands. Claiming looks at mailboxes alone, so its cost does not grow with
the number of waiting commands, and a contact is leased as a whole, which keeps its order.
"""

import secrets
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, func, select, text, update
from sqlalchemy import insert as plain_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.commands import Command, DeleteContact
from app.domain.delivery import Delivered, Done, Park, RetryAt, TakeBack, up_to_deletion
from app.domain.pipeline import Attempted, Claim, CommandState, DeferredTakeBack, NewCommand, Tried, WaitingCommand
from app.domain.reasons import Reason
from app.storage import codec
from app.storage.dialect import insert, locked
from app.storage.tables import attempts, calls, mailboxes, outbox

_WAITING = text("outbox.state = 'waiting'")

COMMANDS_PER_CLAIM = 200
"""Of one contact at a time: a hot contact must not fill a batch alone."""


class Outbox:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def queue(self, commands: Sequence[NewCommand], at: datetime) -> None:
        """Append commands and make their contacts claimable."""
        if not commands:
            return
        await self._connection.execute(plain_insert(outbox), [_row(command, at) for command in commands])
        pending = Counter(command.contact_id for command in commands)
        owners = {command.contact_id: command for command in commands}
        statement = insert(self._connection, mailboxes)
        statement = statement.on_conflict_do_update(
            index_elements=["contact_id"], set_={"pending": mailboxes.c.pending + statement.excluded.pending}
        )
        await self._connection.execute(
            statement,
            [
                {
                    "contact_id": contact,
                    "account_id": owners[contact].account_id,
                    "shop_id": owners[contact].shop_id,
                    "priority": 0,
                    "pending": count,
                    "due_at": at,
                    "attempts": 0,
                }
                for contact, count in sorted(pending.items())  # one order of locks everywhere
            ],
        )

    async def claim(
        self, account_id: str, closed_shops: Collection[str], limit: int, now: datetime, lease: timedelta
    ) -> list[Claim]:
        """Lease up to `limit` contacts with their waiting commands, oldest due first.

        Until the result is recorded the commands count as perhaps sent: after a crash the next holder looks first.
        """
        free = mailboxes.c.leased_until.is_(None) | (mailboxes.c.leased_until < now)
        due = select(mailboxes).where(mailboxes.c.account_id == account_id, mailboxes.c.due_at <= now, free)
        if closed_shops:
            due = due.where(mailboxes.c.shop_id.not_in(closed_shops))
        due = due.order_by(mailboxes.c.priority, mailboxes.c.due_at).limit(limit)
        boxes = (await self._connection.execute(locked(self._connection, due))).all()
        if not boxes:
            return []
        token = secrets.randbits(62)
        contact_ids = [box.contact_id for box in boxes]
        leased = update(mailboxes).where(mailboxes.c.contact_id.in_(contact_ids))
        await self._connection.execute(leased.values(leased_until=now + lease, lease_token=token))
        commands = await self.waiting(contact_ids)
        commands = {contact: _next(waiting) for contact, waiting in commands.items()}
        ids = [command.id for waiting in commands.values() for command in waiting]
        await self._connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(maybe_sent=True))
        return [
            Claim(
                box.contact_id,
                box.shop_id,
                token,
                box.attempts,
                box.first_tried_at,
                tuple(commands.get(box.contact_id, ())),
                codec.decode(box.take_backs, tuple[DeferredTakeBack, ...]) if box.take_backs else (),
            )
            for box in boxes
        ]

    async def waiting(self, contact_ids: Collection[int]) -> dict[int, list[WaitingCommand]]:
        rows = await self._connection.execute(
            select(outbox).where(outbox.c.contact_id.in_(contact_ids), _WAITING).order_by(outbox.c.contact_id, outbox.c.id)
        )
        found: dict[int, list[WaitingCommand]] = {}
        for row in rows:
            command = WaitingCommand(row.id, row.event_seq, codec.decode_command(row.command), row.maybe_sent, row.attempts)
            found.setdefault(row.contact_id, []).append(command)
        return found

    async def renew(self, token: int, until: datetime) -> None:
        await self._connection.execute(update(mailboxes).where(mailboxes.c.lease_token == token).values(leased_until=until))

    async def leased(self, contact_ids: Collection[int], now: datetime) -> set[int]:
        """Those of the contacts whose commands are on their way at this moment. Waits for a claim that is just being made."""
        theirs = mailboxes.c.contact_id.in_(contact_ids)
        boxes = select(mailboxes.c.contact_id, mailboxes.c.leased_until).where(theirs).order_by(mailboxes.c.contact_id)
        if self._connection.dialect.name != "sqlite":
            boxes = boxes.with_for_update()
        rows = await self._connection.execute(boxes)
        return {row.contact_id for row in rows if row.leased_until is not None and row.leased_until >= now}

    async def release_all(self) -> None:
        """On an embedded database a lease at start belongs to a process that is gone."""
        await self._connection.execute(update(mailboxes).values(leased_until=None, lease_token=None))

    async def rewrite(self, contact_id: int, changed: Mapping[int, Command], cancelled: Collection[int], at: datetime) -> None:
        """Replace waiting commands that may leave only in a weaker form; cancel those that may not leave at all."""
        for command_id, command in changed.items():
            change = update(outbox).where(outbox.c.id == command_id).values(command=codec.encode_tagged(command))
            await self._connection.execute(change)
        if cancelled:
            change = update(outbox).where(outbox.c.id.in_(cancelled))
            await self._connection.execute(change.values(state=CommandState.CANCELLED.value, settled_at=at))
            await self._reduce({contact_id: len(cancelled)})

    async def defer_take_back(self, contact_id: int, act: TakeBack, reason: Reason) -> None:
        """Note on the mailbox what the next claim has to take back first, of what is queued by now."""
        newest = select(func.max(outbox.c.id)).where(outbox.c.contact_id == contact_id, _WAITING)
        up_to = (await self._connection.execute(newest)).scalar_one_or_none() or 0
        box = mailboxes.c.contact_id == contact_id
        stored = (await self._connection.execute(select(mailboxes.c.take_backs).where(box))).scalar_one_or_none()
        earlier = codec.decode(stored, tuple[DeferredTakeBack, ...]) if stored is not None else ()
        noted = codec.encode((*earlier, DeferredTakeBack(act, reason, up_to)))
        await self._connection.execute(update(mailboxes).where(box).values(take_backs=noted))

    async def return_claims(self, claims: Collection[Claim]) -> None:
        """Give leases back untried, with nothing left to take back."""
        contact_ids = [claim.contact_id for claim in claims]
        returned = update(mailboxes).where(mailboxes.c.contact_id.in_(contact_ids))
        await self._connection.execute(returned.values(leased_until=None, lease_token=None, take_backs=None))
        await self._untried([one.id for claim in claims for one in claim.commands if not one.maybe_sent])

    async def scrub(self, contact_id: int, pseudonym: str) -> None:
        """Erase the content of everything settled for a contact."""
        scrubbed = codec.encode_tagged(DeleteContact(email=pseudonym))
        settled = (outbox.c.contact_id == contact_id) & (outbox.c.state != CommandState.WAITING.value)
        await self._connection.execute(update(outbox).where(settled).values(command=scrubbed))

    async def record(self, attempted: Sequence[Attempted], account_id: str, now: datetime) -> set[int]:
        """Record what became of claims; answers the contacts whose lease was lost meanwhile: nothing of theirs was changed."""
        held = await self._still_held(attempted)
        kept = [one for one in attempted if one.claim.contact_id in held]
        tried = [try_ for one in kept for try_ in one.tried]
        await self._write_calls(tried, account_id, now)
        await self._write_states(tried, now)
        await self._put_back(kept)
        await self._move_mailboxes(kept)
        return {one.claim.contact_id for one in attempted} - held

    async def _still_held(self, attempted: Sequence[Attempted]) -> set[int]:
        tokens = {one.claim.contact_id: one.claim.lease_token for one in attempted}
        theirs = mailboxes.c.contact_id.in_(tokens)
        rows = select(mailboxes.c.contact_id, mailboxes.c.lease_token).where(theirs).order_by(mailboxes.c.contact_id)
        if self._connection.dialect.name != "sqlite":
            rows = rows.with_for_update()
        return {row.contact_id for row in await self._connection.execute(rows) if row.lease_token == tokens[row.contact_id]}

    async def _write_calls(self, tried: Sequence[Tried], account_id: str, now: datetime) -> None:
        made = list({id(one.call): one.call for one in tried if one.call is not None}.values())
        numbers: dict[int, int] = {}
        if made:
            rows = await self._connection.execute(
                plain_insert(calls).returning(calls.c.id, sort_by_parameter_order=True),
                [{"account_id": account_id, **_call_row(call)} for call in made],
            )
            numbers = {id(call): number for call, number in zip(made, rows.scalars(), strict=True)}
        if tried:
            await self._connection.execute(
                plain_insert(attempts),
                [
                    {
                        "command_id": one.command.id,
                        "number": one.number,
                        "call_id": numbers.get(id(one.call)),
                        "at": now,
                        "outcome": type(one.outcome).__name__.lower(),
                        "detail": one.call.detail if one.call else "found by look-up",
                    }
                    for one in tried
                ],
            )

    async def _write_states(self, tried: Sequence[Tried], now: datetime) -> None:
        rows = [_state_row(one, now) for one in tried]
        if rows:
            await self._connection.execute(
                update(outbox)
                .where(outbox.c.id == bindparam("b_id"))
                .values(
                    state=bindparam("b_state"),
                    maybe_sent=bindparam("b_maybe_sent"),
                    attempts=bindparam("b_number"),
                    reason=bindparam("b_reason"),
                    upstream_id=bindparam("b_upstream_id"),
                    settled_at=bindparam("b_settled_at", type_=outbox.c.settled_at.type),
                ),
                rows,
            )

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
        if not kept:
            return
        await self._connection.execute(
            update(mailboxes)
            .where(mailboxes.c.contact_id == bindparam("b_contact"))
            .values(
                due_at=bindparam("b_due_at", type_=mailboxes.c.due_at.type),
                leased_until=None,
                lease_token=None,
                attempts=bindparam("b_attempts"),
                first_tried_at=bindparam("b_first", type_=mailboxes.c.first_tried_at.type),
            ),
            [_mailbox_row(one) for one in kept],
        )
        await self._reduce({one.claim.contact_id: settled for one in kept if (settled := _settled(one))})

    async def _reduce(self, counts: Mapping[int, int]) -> None:
        if counts:
            less = update(mailboxes).where(mailboxes.c.contact_id == bindparam("b_contact"))
            await self._connection.execute(
                less.values(pending=mailboxes.c.pending - bindparam("b_count")),
                [{"b_contact": contact, "b_count": count} for contact, count in counts.items()],
            )
            empty = mailboxes.c.contact_id.in_(counts) & (mailboxes.c.pending <= 0)
            await self._connection.execute(delete(mailboxes).where(empty))


def _next(waiting: list[WaitingCommand]) -> list[WaitingCommand]:
    bounded = waiting[:COMMANDS_PER_CLAIM]
    return bounded[: up_to_deletion([one.command for one in bounded])]


def _row(command: NewCommand, at: datetime) -> dict[str, object]:
    return {
        "account_id": command.account_id,
        "shop_id": command.shop_id,
        "contact_id": command.contact_id,
        "event_seq": command.event_seq,
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
        "b_contact": claim.contact_id,
        "b_due_at": one.due_at,
        "b_attempts": 0 if one.progressed else claim.attempts + 1,
        "b_first": None if one.progressed else (claim.first_tried_at or one.tried_at),
    }


def _settled(one: Attempted) -> int:
    return sum(1 for try_ in one.tried if not isinstance(try_.verdict, RetryAt))
