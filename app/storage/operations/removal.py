"""All that is held of a shop that goes, removed a bounded number of rows at a time. Audit log and consent ledger stay."""

from typing import Any

from sqlalchemy import Select, Table, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.delivery.outbox import CommandState
from app.storage.engine.tables import (
    api_keys,
    attempts,
    backfill_accounts,
    backfills,
    carts,
    consents,
    contact_aliases,
    contact_queues,
    contacts,
    door_requests,
    inbox,
    order_boxes,
    outbox,
    reason_counts,
    reconciliations,
    sales,
    shops,
    source_seen,
)
from app.storage.shops import stamp_removal

ROWS = 1000
"""Of one table in one transaction."""

_OF_SHOP = (
    contact_queues,
    carts,
    sales,
    source_seen,
    order_boxes,
    contact_aliases,
    inbox,
    contacts,
    reconciliations,
    door_requests,
    reason_counts,
)
"""Tables whose rows name the shop and that nothing else hangs on; in this order a run that was cut off leaves nothing to send."""


class Removal:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def counts(self, shop_id: str) -> dict[str, int]:
        """How many people, events, and commands that were not sent yet."""
        unsent = outbox.c.state == CommandState.WAITING.value
        asked: dict[str, Select[int]] = {
            "people": _count(contacts, shop_id).where(contacts.c.email.is_not(None)),
            "events": _count(inbox, shop_id),
            "unsent": _count(outbox, shop_id).where(unsent),
        }
        return {name: (await self._connection.execute(wanted)).scalar_one() for name, wanted in asked.items()}

    async def some(self, shop_id: str) -> int:
        """The next rows of each table; answers how many."""
        removed = await self._commands(shop_id) + await self._backfills(shop_id)
        for table in _OF_SHOP:
            removed += await self._next(table, table.c.shop_id == shop_id)
        # The sealed line is evidence and stays; what stands beside it goes with the person.
        open_lines = (consents.c.shop_id == shop_id) & consents.c.details.is_not(None)
        keys = [consents.c.contact_id, consents.c.number]
        for contact_id, number in (await self._connection.execute(select(*keys).where(open_lines).limit(ROWS))).all():
            line = (consents.c.contact_id == contact_id) & (consents.c.number == number)
            await self._connection.execute(update(consents).where(line).values(details=None))
            removed += 1
        return removed

    async def last(self, shop_id: str) -> None:
        """The shop itself and its keys, in the transaction that finds nothing else left."""
        await self._connection.execute(delete(api_keys).where(api_keys.c.shop_id == shop_id))
        await self._connection.execute(delete(shops).where(shops.c.id == shop_id))
        await stamp_removal(self._connection)

    async def _commands(self, shop_id: str) -> int:
        ids = list((await self._connection.execute(select(outbox.c.id).where(outbox.c.shop_id == shop_id).limit(ROWS))).scalars())
        if ids:
            await self._connection.execute(delete(attempts).where(attempts.c.command_id.in_(ids)))
            await self._connection.execute(delete(outbox).where(outbox.c.id.in_(ids)))
        return len(ids)

    async def _backfills(self, shop_id: str) -> int:
        ids = list((await self._connection.execute(select(backfills.c.id).where(backfills.c.shop_id == shop_id))).scalars())
        removed = 0
        for one in ids:
            removed += await self._next(backfill_accounts, backfill_accounts.c.backfill_id == one)
        if ids and not removed:
            removed += await self._next(backfills, backfills.c.shop_id == shop_id)
        return removed

    async def _next(self, table: Table, theirs: Any) -> int:
        keys = list(table.primary_key.columns)
        rows = (await self._connection.execute(select(*keys).where(theirs).limit(ROWS))).all()
        if len(keys) == 1:
            await self._connection.execute(delete(table).where(keys[0].in_([row[0] for row in rows])))
        else:
            for row in rows:
                same = [key == part for key, part in zip(keys, row, strict=True)]
                await self._connection.execute(delete(table).where(*same))
        return len(rows)


def _count(table: Table, shop_id: str) -> "Select[int]":
    return select(func.count()).select_from(table).where(table.c.shop_id == shop_id)
