"""Contact queues (table `contact_queues`) in SQL: a row per contact and destination with waiting commands."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, case, delete, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.delivery.outbox import ContactQueue
from app.storage.engine.dialect import one_of
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


def among(connection: AsyncConnection, queues: Sequence[ContactQueue]) -> ColumnElement[bool]:
    """By destination: SQLite finds no index for a list of pairs."""
    by_destination: dict[str, list[int]] = {}
    for queue in queues:
        by_destination.setdefault(queue.destination, []).append(queue.contact_id)
    return or_(
        *(
            (contact_queues.c.destination == name) & one_of(connection, contact_queues.c.contact_id, contacts)
            for name, contacts in by_destination.items()
        )
    )


async def remove_empty(connection: AsyncConnection, queues: Sequence[ContactQueue]) -> None:
    """A queue's row is deleted with its last command."""
    if queues:
        await connection.execute(delete(contact_queues).where(among(connection, queues), contact_queues.c.pending <= 0))
