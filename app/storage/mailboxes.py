"""Mailboxes in statements: one row per contact and destination with waiting commands."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.pipeline import Mailbox
from app.storage.dialect import one_of
from app.storage.tables import mailboxes

LIVE, NEXT, LISTED = 0, 1, 2
"""Priorities: what happens now; then replays, and what a list brought of a person who does something now; then lists."""


def is_of(mailbox: Mailbox) -> ColumnElement[bool]:
    return (mailboxes.c.contact_id == mailbox.contact_id) & (mailboxes.c.destination == mailbox.destination)


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
