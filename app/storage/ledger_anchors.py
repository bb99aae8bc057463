"""Heads of the chains of the consent ledger, and the anchor of each shop: apart from the lines that they vouch for."""

from collections.abc import Collection, Sequence

from sqlalchemy import bindparam, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.person.ledger_anchor import Anchor, Head
from app.storage.engine.bulk import execute_many
from app.storage.engine.dialect import ListStatement, insert_of
from app.storage.engine.tables import consent_anchors, consent_heads, consents


class LedgerAnchors:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def heads(self, contact_ids: Collection[int]) -> dict[int, Head]:
        if not contact_ids:
            return {}
        rows = (await _HEADS.run(self._connection, contact_ids)).mappings()
        return {row["contact_id"]: Head(**row) for row in rows}

    async def anchors_to_change(self, shop_ids: Collection[str]) -> dict[str, Anchor]:
        """As `anchors`, for a caller that changes them before the transaction ends: one worker after the other."""
        if self._connection.dialect.name != "sqlite":
            for shop_id in sorted(shop_ids):  # one order of locks
                await self._connection.execute(_LOCK, {"shop_id": shop_id})
        return await self.anchors(shop_ids)

    async def anchors(self, shop_ids: Collection[str]) -> dict[str, Anchor]:
        rows = (await self._connection.execute(_ANCHORS, {"shops": list(shop_ids)})).mappings()
        return {row["shop_id"]: Anchor(**row) for row in rows}

    async def save(self, heads: Sequence[Head], anchors: Sequence[Anchor]) -> None:
        dialect = self._connection.dialect.name
        await execute_many(self._connection, _SAVE[dialect, "heads"], [vars(one) for one in heads])
        await execute_many(self._connection, _SAVE[dialect, "anchors"], [vars(one) for one in anchors])

    # -- examining the whole ledger -----------------------------------------------------------------------------------------

    async def shops(self) -> list[str]:
        """Shops of which the ledger, a head or an anchor knows."""
        found: set[str] = set()
        for column in (consents.c.shop_id, consent_heads.c.shop_id, consent_anchors.c.shop_id):
            found |= set((await self._connection.execute(select(column).distinct())).scalars())
        return sorted(found)

    async def contacts_with_lines(self, shop_id: str, after: int, limit: int) -> list[int]:
        page = select(consents.c.contact_id).where(consents.c.shop_id == shop_id, consents.c.contact_id > after).distinct()
        return list((await self._connection.execute(page.order_by(consents.c.contact_id).limit(limit))).scalars())

    async def page_of_heads(self, shop_id: str, after: int, limit: int) -> list[Head]:
        page = select(consent_heads).where(consent_heads.c.shop_id == shop_id, consent_heads.c.contact_id > after)
        rows = (await self._connection.execute(page.order_by(consent_heads.c.contact_id).limit(limit))).mappings()
        return [Head(**row) for row in rows]


_HEADS = ListStatement(lambda listed: select(consent_heads).where(listed(consent_heads.c.contact_id)))
_ANCHORS = select(consent_anchors).where(consent_anchors.c.shop_id.in_(bindparam("shops", expanding=True)))
_LOCK = text("SELECT pg_advisory_xact_lock(7304, hashtext(:shop_id))")  # a row to lock may not be there yet


def _saving(dialect: str, kind: str):  # type: ignore[no-untyped-def]  # an insert of either dialect
    table, key = (consent_heads, "contact_id") if kind == "heads" else (consent_anchors, "shop_id")
    statement = insert_of(dialect, table)
    changed = {column.name: statement.excluded[column.name] for column in table.c if column.name != key}
    return statement.on_conflict_do_update(index_elements=[key], set_=changed)


_SAVE = {(dialect, kind): _saving(dialect, kind) for dialect in ("sqlite", "postgresql") for kind in ("heads", "anchors")}
