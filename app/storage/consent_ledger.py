"""The consent ledger: rows are appended and never changed, save that an erasure takes the personal details away."""

from collections.abc import Collection, Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.person.consent_ledger import ActKind, Entry, Line, Matter
from app.storage.engine import codec
from app.storage.engine.bulk import execute_many
from app.storage.engine.dialect import ListStatement
from app.storage.engine.tables import consents


class ConsentLedger:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def append(self, entries: Sequence[tuple[int, str, Entry]]) -> None:
        """(contact, shop, entry). The key of contact and number keeps two writers from growing one chain twice."""
        await execute_many(self._connection, _APPEND, [_row(*one) for one in entries])

    async def of(self, contact_ids: Collection[int]) -> dict[int, list[Entry]]:
        """The chains of contacts, each in order."""
        if not contact_ids:
            return {}
        rows = await _CHAINS.run(self._connection, contact_ids)
        found: dict[int, list[Entry]] = {}
        for row in rows:
            entry = Entry(
                number=row.number,
                subject=row.subject,
                matter=Matter(row.channel),
                kind=ActKind(row.act),
                acted_at=row.acted_at,
                recorded_at=row.recorded_at,
                source=row.source,
                event_id=row.event_id,
                details=codec.decode(row.details, dict[str, str]) if row.details is not None else None,
                details_digest=row.details_digest,
                previous=row.previous,
                digest=row.digest,
            )
            found.setdefault(row.contact_id, []).append(entry)
        return found

    async def lines(self, contact_ids: Collection[int]) -> Sequence[Line]:
        """Of the chains of contacts, each in order, what is needed to continue them."""
        return [Line(*row) for row in (await _LINES.run(self._connection, contact_ids)).all()] if contact_ids else []

    async def of_subject(self, shop_id: str, subject: str) -> dict[int, list[Entry]]:
        """The chains of contacts with an entry under the hash of an address."""
        theirs = select(consents.c.contact_id).where(consents.c.shop_id == shop_id, consents.c.subject == subject).distinct()
        ids = list((await self._connection.execute(theirs)).scalars())
        return await self.of(ids)

    async def forget_details(self, contact_id: int) -> None:
        await self._connection.execute(update(consents).where(consents.c.contact_id == contact_id).values(details=None))


_CHAINS = ListStatement(
    lambda listed: select(consents).where(listed(consents.c.contact_id)).order_by(consents.c.contact_id, consents.c.number)
)
_LINES = ListStatement(
    lambda listed: (
        select(*(consents.c[name] for name in ("contact_id", "channel", "act", "acted_at", "digest")))
        .where(listed(consents.c.contact_id))
        .order_by(consents.c.contact_id, consents.c.number)
    )
)
_APPEND = insert(consents)


def _row(contact_id: int, shop_id: str, entry: Entry) -> dict[str, object]:
    return {
        "contact_id": contact_id,
        "number": entry.number,
        "shop_id": shop_id,
        "subject": entry.subject,
        "channel": entry.matter.value,
        "act": entry.kind.value,
        "acted_at": entry.acted_at,
        "recorded_at": entry.recorded_at,
        "source": entry.source,
        "event_id": entry.event_id,
        "details": None if entry.details is None else codec.encode(entry.details),
        "details_digest": entry.details_digest,
        "previous": entry.previous,
        "digest": entry.digest,
    }
