"""Leases on contact queues: who delivers to whom next, and until when nobody else does.

Claiming reads contact queues alone, so its cost does not grow with the number of waiting commands, and a contact is leased as a
whole, which keeps its order.
"""

import time
from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import BigInteger, Row, bindparam, case, delete, exists, func, insert, literal, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.clocks import NOTICED
from app.domain.delivery.coalesce import is_quiet, one_bundle
from app.domain.delivery.outbox import BACKGROUND_PER_CLAIM, Claim, ContactQueue, DeferredRevocation, InFlight, WaitingCommand
from app.domain.delivery.outcomes import LONGEST_DELAY
from app.domain.delivery.round_robin import round_robin
from app.domain.reasons import Reason
from app.storage.engine import codec
from app.storage.engine.dialect import ListStatement, each_value, locked
from app.storage.engine.tables import LEASE_NUMBERS, Instant, claims_in_flight, contact_queues, outbox
from app.storage.outbox.commands import Outbox
from app.storage.outbox.contact_queues import BULK_BLOCKING_LIVE, LIVE, is_of

COMMANDS_PER_CLAIM = 200
"""Commands of one contact per claim: a contact with many must not fill a batch alone."""

READ_AT_LEAST = 20
"""Read at least so many candidates: some are discarded as bulk."""

_numbers = count(time.time_ns() // 1000)
"""Lease tokens on the embedded store, greater than those of an earlier process."""


class Leases:
    def __init__(self, connection: AsyncConnection, outbox: Outbox) -> None:
        self._connection = connection
        self._outbox = outbox

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
        """Lease up to `limit` contacts with their waiting commands: live ones first, round robin over shops, oldest due first.

        `only_live`: skip contacts whose next command is bulk.

        Until the result is recorded the commands count as perhaps sent: after a crash the next holder verifies first. The claim
        is in flight until `calls_ended`, or until its lease ends.
        """
        queues, commands = await self._next_bundles(destination, closed_shops, limit, now, only_live=only_live)
        if not queues:
            return []
        token = await self._next_number()
        contact_ids = [queue.contact_id for queue in queues]
        await _LEASE.run(self._connection, contact_ids, at=destination, b_until=now + lease, b_token=token)
        claim = {"token": token, "destination": destination, "of_list": queues[0].priority != LIVE, "until": now + lease}
        await self._connection.execute(_CLAIMED, claim)
        ids = [command.id for waiting in commands.values() for command in waiting]
        await _ON_THEIR_WAY.run(self._connection, ids)
        return [
            Claim(
                ContactQueue(queue.contact_id, destination),
                queue.shop_id,
                token,
                queue.attempts,
                queue.first_tried_at,
                tuple(commands[queue.contact_id]),
                codec.decode_all(queue.take_backs, DeferredRevocation) if queue.take_backs else (),
            )
            for queue in queues
        ]

    async def _next_bundles(
        self, destination: str, closed_shops: Collection[str], limit: int, now: datetime, *, only_live: bool
    ) -> tuple[list[Row[Any]], dict[int, list[WaitingCommand]]]:
        """The contact queues of one claim, and the commands of each that may be sent."""
        some = max(limit, READ_AT_LEAST)
        while True:
            found = [
                await self._due(destination, shop_id, some, now, only_live=only_live)
                for shop_id in await self._shops_waiting(destination)
                if shop_id not in closed_shops
            ]
            # Live contacts do not wait behind what must be asked for those of a list (R63): each kind is claimed for itself.
            first = min((queues[0].priority for queues in found if queues), default=LIVE)
            alike = [[queue for queue in queues if queue.priority == first] for queues in found]
            queues = round_robin(alike, some if first == LIVE else BACKGROUND_PER_CLAIM)
            contact_ids = [queue.contact_id for queue in queues]
            waiting, unreadable = await self._outbox.waiting_or_unreadable(destination, contact_ids) if queues else ({}, {})
            if unreadable:
                for contact_id, command_ids in sorted(unreadable.items()):
                    await self._outbox.park(ContactQueue(contact_id, destination), command_ids, now, Reason.DEFECT)
                continue
            bundles = {contact: _next(commands) for contact, commands in waiting.items()}
            listed = [contact for contact, bundle in bundles.items() if is_quiet(bundle[0].command)] if first == LIVE else []
            if not listed:
                queues = queues[:limit]
                return queues, {queue.contact_id: bundles.get(queue.contact_id, []) for queue in queues}
            await _BLOCKING.run(self._connection, listed, at=destination)

    async def is_due(self, destination: str, closed_shops: Collection[str], now: datetime, *, only_live: bool = False) -> bool:
        """Is there anything to claim?"""
        for shop_id in await self._shops_waiting(destination):
            if shop_id not in closed_shops and await self._due(destination, shop_id, 1, now, only_live=only_live):
                return True
        return False

    async def due_destinations(self, now: datetime) -> list[str]:
        """Destinations with a contact queue that is due and not leased."""
        return list((await self._connection.execute(_DUE_DESTINATIONS, {"now": now})).scalars())

    async def _shops_waiting(self, destination: str) -> list[str]:
        """One step per shop along the index: the number of waiting contacts does not matter."""
        found = await self._connection.execute(_SHOPS_WAITING, {"at": destination})
        return list(found.scalars())

    async def _due(self, destination: str, shop_id: str, limit: int, now: datetime, *, only_live: bool) -> list[Row[Any]]:
        due = locked(self._connection, _LIVE_DUE if only_live else _DUE)
        which = {"at": destination, "shop": shop_id, "now": now, "most": limit}
        return list((await self._connection.execute(due, which)).all())

    async def _next_number(self) -> int:
        if self._connection.dialect.name == "sqlite":  # one process, whose leases end with it
            return next(_numbers)
        number: int = (await self._connection.execute(select(LEASE_NUMBERS.next_value()))).scalar_one()
        return number

    async def in_flight(self, destination: str, now: datetime) -> InFlight:
        """Claims that may still call."""
        row = (await self._connection.execute(_IN_FLIGHT, {"at": destination, "now": now})).one()
        return InFlight(row[0], row[1])

    async def calls_ended(self, token: int, destination: str, now: datetime) -> None:
        """The claim makes no further call. Those of processes that are gone are forgotten with it."""
        await self._connection.execute(_CALLS_ENDED, {"token": token, "at": destination, "now": now})

    async def is_held(self, contact_queue: ContactQueue, now: datetime) -> bool:
        """Are its commands on their way at this moment? Waits for a claim that is just being made."""
        lease = select(contact_queues.c.leased_until).where(is_of(contact_queue))
        if self._connection.dialect.name != "sqlite":
            lease = lease.with_for_update()
        until = (await self._connection.execute(lease)).scalar_one_or_none()
        return until is not None and until >= now

    async def renew(self, token: int, now: datetime, until: datetime) -> bool:
        """False if the lease had ended: another worker may hold some of it by now."""
        ours = (contact_queues.c.lease_token == token) & (contact_queues.c.leased_until >= now)
        await self._connection.execute(update(claims_in_flight).where(claims_in_flight.c.token == token).values(until=until))
        return (await self._connection.execute(update(contact_queues).where(ours).values(leased_until=until))).rowcount > 0

    async def put_off(self, contact_queue: ContactQueue, token: int, until: datetime) -> None:
        """Give a lease back with nothing recorded. The commands stay perhaps sent: the next claim verifies first."""
        ours = is_of(contact_queue) & (contact_queues.c.lease_token == token)
        await self._connection.execute(update(contact_queues).where(ours).values(due_at=until, leased_until=None, lease_token=None))

    async def set_right(self, now: datetime, back: timedelta, lease: timedelta) -> int:
        """The clock was set back by so much, zero if that is not known: nobody waits for a time that it meant (`domain.clocks`).

        What was put off comes at least so much earlier, and at once if it lies further ahead than anything is put off. A lease
        that would last longer than one is given is over. Answers how many contacts that was. Reads all of them: not in passing.
        """
        far = now + LONGEST_DELAY + NOTICED
        earlier = type_coerce(contact_queues.c.due_at, BigInteger) - back // timedelta(microseconds=1)
        due_at = case(
            (contact_queues.c.due_at > far, literal(now, Instant)),
            (earlier < literal(now, Instant), literal(now, Instant)),
            else_=type_coerce(earlier, Instant),
        )
        put_off = update(contact_queues).where(contact_queues.c.due_at > (now if back else far)).values(due_at=due_at)
        moved = (await self._connection.execute(put_off)).rowcount
        too_long = update(contact_queues).where(contact_queues.c.leased_until > now + lease + NOTICED)
        over = now - timedelta(microseconds=1)
        await self._connection.execute(delete(claims_in_flight).where(claims_in_flight.c.until > now + lease + NOTICED))
        return moved + (await self._connection.execute(too_long.values(leased_until=over))).rowcount

    async def release_all(self) -> None:
        """On an embedded database a lease at start belongs to a process that is gone."""
        await self._connection.execute(update(contact_queues).values(leased_until=None, lease_token=None))
        await self._connection.execute(delete(claims_in_flight))


# Made once: to make a statement costs as much as to run one of these.
_THERE = update(contact_queues).where(contact_queues.c.destination == bindparam("at"))
_LEASE = ListStatement(
    lambda listed: _THERE.where(listed(contact_queues.c.contact_id)).values(
        leased_until=bindparam("b_until", type_=Instant), lease_token=bindparam("b_token")
    )
)
_BLOCKING = ListStatement(lambda listed: _THERE.where(listed(contact_queues.c.contact_id)).values(priority=BULK_BLOCKING_LIVE))
_ON_THEIR_WAY = ListStatement(lambda listed: update(outbox).where(listed(outbox.c.id)).values(maybe_sent=True))
_CLAIMED = insert(claims_in_flight)
_CALLS_ENDED = delete(claims_in_flight).where(
    (claims_in_flight.c.token == bindparam("token"))
    | ((claims_in_flight.c.destination == bindparam("at")) & (claims_in_flight.c.until < bindparam("now")))
)
_IS_DUE = (contact_queues.c.due_at <= bindparam("now")) & (
    contact_queues.c.leased_until.is_(None) | (contact_queues.c.leased_until < bindparam("now"))
)
_DUE = (
    select(contact_queues)
    .where(contact_queues.c.destination == bindparam("at"), contact_queues.c.shop_id == bindparam("shop"), _IS_DUE)
    .order_by(contact_queues.c.priority, contact_queues.c.due_at, contact_queues.c.contact_id)
    .limit(bindparam("most"))
)
_LIVE_DUE = _DUE.where(contact_queues.c.priority == LIVE)
_IN_FLIGHT = select(func.count(), func.count(case((claims_in_flight.c.of_list, 1)))).where(
    claims_in_flight.c.destination == bindparam("at"), claims_in_flight.c.until >= bindparam("now")
)
_DESTINATIONS = each_value(contact_queues.c.destination)
_DUE_DESTINATIONS = select(_DESTINATIONS.c.name).where(
    exists().where(contact_queues.c.destination == _DESTINATIONS.c.name, _IS_DUE)
)
"""Where anything waits: one step per destination along the index, however many contacts wait there."""

_SHOPS_AT = each_value(contact_queues.c.shop_id, contact_queues.c.destination == bindparam("at"))
_SHOPS_WAITING = select(_SHOPS_AT.c.name).where(_SHOPS_AT.c.name.is_not(None)).order_by(_SHOPS_AT.c.name)
"""Shops of which anything waits at a destination."""


def _next(waiting: list[WaitingCommand]) -> list[WaitingCommand]:
    bounded = waiting[:COMMANDS_PER_CLAIM]
    return bounded[: one_bundle([one.command for one in bounded])]
