"""Contact queues (table `contact_queues`) in SQL: a row per contact and destination with waiting commands."""

from collections.abc import Iterable, Mapping

from sqlalchemy import ColumnElement, bindparam, case, delete
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.delivery.outbox import ContactQueue
from app.storage.engine.dialect import ListStatement
from app.storage.engine.tables import contact_queues

BULK_BLOCKING_LIVE, LIVE, LISTED = -1, 0, 1
"""Priorities. Bulk items and replays go last. If a live command is queued behind a bulk one, the queue becomes
BULK_BLOCKING_LIVE: it goes first among bulk, because the live command must not overtake, and still uses a bulk claim.
"""


def is_of(contact_queue: ContactQueue) -> ColumnElement[bool]:
    return (contact_queues.c.contact_id == contact_queue.contact_id) & (contact_queues.c.destination == contact_queue.destination)


def reset_priority(where: ColumnElement[bool]) -> ColumnElement[int]:
    """The settled command may have been the bulk one that blocked: back to LIVE, and the next claim computes it again."""
    return case((where, LIVE), else_=contact_queues.c.priority)


def by_destination(queues: Iterable[ContactQueue]) -> dict[str, list[int]]:
    """Destination -> contacts: SQLite finds no index for a list of pairs."""
    found: dict[str, list[int]] = {}
    for queue in queues:
        found.setdefault(queue.destination, []).append(queue.contact_id)
    return found


async def remove_settled(connection: AsyncConnection, destination: str, settled: Mapping[int, int]) -> set[int]:
    """A queue's row is deleted with its last command. `settled`: contact -> how many have been since it was written.

    Answers the contacts of which nothing waits there any more.
    """
    alike: dict[int, list[int]] = {}
    for contact_id, number in settled.items():
        alike.setdefault(number, []).append(contact_id)
    gone: set[int] = set()
    for number, contact_ids in sorted(alike.items()):
        gone.update((await _REMOVE.run(connection, contact_ids, at=destination, settled=number)).scalars())
    return gone


_REMOVE = ListStatement(
    lambda listed: (
        delete(contact_queues)
        .where(contact_queues.c.destination == bindparam("at"), listed(contact_queues.c.contact_id))
        .where(contact_queues.c.pending <= bindparam("settled"))
        .returning(contact_queues.c.contact_id)
    )
)
