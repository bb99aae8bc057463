"""Mailboxes in statements: one row per contact and destination with waiting commands."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, case, delete, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.delivery.outbox import Mailbox
from app.storage.engine.dialect import one_of
from app.storage.engine.tables import mailboxes

BULK_BLOCKING_LIVE, LIVE, LISTED = -1, 0, 1
"""Priorities. What a list brought, and replays, go last; but first of all if the person does something now, which must not
overtake it. These wait for a claim that lists may have, so that live contacts do not wait for them.
"""


def is_of(mailbox: Mailbox) -> ColumnElement[bool]:
    return (mailboxes.c.contact_id == mailbox.contact_id) & (mailboxes.c.destination == mailbox.destination)


def reset_priority(where: ColumnElement[bool]) -> ColumnElement[int]:
    """The priority when something was settled: what a list brought of somebody who acts may have been that. The next claim sees."""
    return case((where, LIVE), else_=mailboxes.c.priority)


def among(connection: AsyncConnection, boxes: Sequence[Mailbox]) -> ColumnElement[bool]:
    """By destination: SQLite finds no index for a list of pairs."""
    by_destination: dict[str, list[int]] = {}
    for box in boxes:
        by_destination.setdefault(box.destination, []).append(box.contact_id)
    return or_(
        *(
            (mailboxes.c.destination == name) & one_of(connection, mailboxes.c.contact_id, contacts)
            for name, contacts in by_destination.items()
        )
    )


async def remove_empty(connection: AsyncConnection, boxes: Sequence[Mailbox]) -> None:
    """A mailbox is gone with the last of its commands."""
    if boxes:
        await connection.execute(delete(mailboxes).where(among(connection, boxes), mailboxes.c.pending <= 0))
