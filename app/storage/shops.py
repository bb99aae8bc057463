"""Accounts, shops and keys: what `gateway apply` and `gateway keys` write. Secrets arrive here encrypted."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Row, Table, case, delete, select, type_coerce, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.shops.configuration import ApiKey, StoredAccount, StoredShop
from app.domain.shops.shop import Account, Shop
from app.storage.engine import codec
from app.storage.engine.dialect import insert, one_of
from app.storage.engine.tables import Instant, accounts, api_keys, meta, shops

_CONFIGURATION, _KEYS = "changed:configuration", "changed:keys"
"""Facts that are another one after each change."""

MANY = 1000
"""More rows than this are read with all others: a list of so many ids costs more."""

LONGER = timedelta(minutes=1)
"""Than another process with other pauses, or a clock a little ahead, may have taken a lease for."""


class Registry:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def accounts(self, ids: Collection[str] | None = None) -> list[StoredAccount]:
        """All of them, or those with these ids."""
        rows = await self._rows(accounts, ids, accounts.c.id)
        return [StoredAccount(codec.decode(row.settings, Account), codec.decode(row.secrets, dict[str, str])) for row in rows]

    async def shops(self, ids: Collection[str] | None = None) -> list[StoredShop]:
        rows = await self._rows(shops, ids, shops.c.id)
        return [StoredShop(codec.decode(row.settings, Shop), codec.decode(row.secrets, dict[str, str])) for row in rows]

    async def keys(self, ids: Collection[str] | None = None) -> list[ApiKey]:
        """The oldest first."""
        rows = await self._rows(api_keys, ids, api_keys.c.created_at)
        return [
            ApiKey(row.id, row.role, row.shop_id, row.digest, row.created_at, row.revoked_at, row.name, row.expires_at)
            for row in rows
        ]

    async def _rows(self, table: Table, ids: Collection[str] | None, order: Column[Any]) -> list[Row[Any]]:
        wanted = select(table).order_by(order)
        if ids is not None and len(ids) <= MANY:
            wanted = wanted.where(one_of(self._connection, table.c.id, ids))
        rows = (await self._connection.execute(wanted)).all()
        if ids is None or len(ids) <= MANY:
            return list(rows)
        named = set(ids)
        return [row for row in rows if row.id in named]

    async def stamps(self) -> tuple[str, str]:
        """Of accounts and shops, and of keys: another one whenever any of them changed."""
        rows = await self._connection.execute(select(meta).where(meta.c.name.in_([_CONFIGURATION, _KEYS])))
        known = {row.name: row.value for row in rows}
        return known.get(_CONFIGURATION, ""), known.get(_KEYS, "")

    async def account_versions(self) -> dict[str, str]:
        """Id -> the version of the row."""
        rows = await self._connection.execute(select(accounts.c.id, accounts.c.updated_at).order_by(accounts.c.id))
        return {row.id: row.updated_at.isoformat() for row in rows}

    async def shop_versions(self) -> dict[str, str]:
        rows = await self._connection.execute(select(shops.c.id, shops.c.updated_at).order_by(shops.c.id))
        return {row.id: row.updated_at.isoformat() for row in rows}

    async def key_versions(self) -> dict[str, str]:
        """Of a key nothing changes but that it is revoked."""
        columns = (api_keys.c.id, api_keys.c.revoked_at)
        rows = await self._connection.execute(select(*columns).order_by(api_keys.c.created_at))
        return {row.id: "live" if row.revoked_at is None else "revoked" for row in rows}

    async def save_accounts(self, stored: Sequence[StoredAccount], at: datetime) -> None:
        rows = [
            {"id": one.account.id, "settings": codec.encode(one.account), "secrets": codec.encode(one.secrets), "updated_at": at}
            for one in stored
        ]
        await self._save(accounts, rows)

    async def save_shops(self, stored: Sequence[StoredShop], at: datetime) -> None:
        rows = [
            {
                "id": one.shop.id,
                "account_id": one.shop.account,
                "settings": codec.encode(one.shop),
                "secrets": codec.encode(one.secrets),
                "updated_at": at,
            }
            for one in stored
        ]
        await self._save(shops, rows)

    async def _save(self, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
        """Every time a row is written its `updated_at` grows, so that it distinguishes versions whatever the clock says."""
        if not rows:
            return
        statement = insert(self._connection, table)
        changed: dict[str, ColumnElement[Any]] = {name: statement.excluded[name] for name in rows[0] if name != "id"}
        later = type_coerce(type_coerce(table.c.updated_at, BigInteger) + 1, Instant)
        newer = table.c.updated_at < statement.excluded.updated_at
        changed["updated_at"] = case((newer, statement.excluded.updated_at), else_=later)
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed), rows)
        await stamp(self._connection, _CONFIGURATION)

    async def add_key(self, key: ApiKey) -> None:
        await self._connection.execute(api_keys.insert(), [asdict(key)])
        await stamp(self._connection, _KEYS)

    async def revoke_key(self, key_id: str, at: datetime) -> bool:
        live = (api_keys.c.id == key_id) & api_keys.c.revoked_at.is_(None)
        changed = await self._connection.execute(update(api_keys).where(live).values(revoked_at=at))
        if changed.rowcount:
            await stamp(self._connection, _KEYS)
        return changed.rowcount == 1

    async def entry(self, name: str) -> str | None:
        """A small fact about this installation."""
        return (await self._connection.execute(select(meta.c.value).where(meta.c.name == name))).scalar_one_or_none()

    async def entries_like(self, prefix: str) -> dict[str, str]:
        """Facts whose name begins so."""
        return {row.name: row.value for row in await self._connection.execute(select(meta).where(_begins_with(prefix)))}

    async def entries(self) -> Mapping[str, str]:
        """Small facts about this installation, by name."""
        rows = await self._connection.execute(select(meta))
        return {row.name: row.value for row in rows}

    async def acquire_lock(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take the lease for a holder, until a time. Of several one gets it; the one that has it already may keep it.

        A lease that lasts longer than this one would was taken by a clock that was ahead: it is over (`domain.clocks`).
        """
        statement = insert(self._connection, meta)
        free = (
            (meta.c.value <= _lease(now, ""))
            | (meta.c.value > _lease(until + LONGER, ""))
            | meta.c.value.endswith(f" {holder}", autoescape=True)
        )
        upsert = statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value}, where=free)
        taken = await self._connection.execute(upsert.returning(meta.c.name), [{"name": name, "value": _lease(until, holder)}])
        return taken.first() is not None

    async def release_locks(self, prefix: str) -> None:
        """All whose name begins so."""
        await self._connection.execute(delete(meta).where(_begins_with(prefix)))

    async def set_entry(self, name: str, value: str) -> None:
        statement = insert(self._connection, meta)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value}),
            [{"name": name, "value": value}],
        )


async def stamp_removal(connection: AsyncConnection) -> None:
    """A shop was taken out, and its keys with it."""
    for name in (_CONFIGURATION, _KEYS):
        await stamp(connection, name)


async def stamp(connection: AsyncConnection, name: str) -> None:
    statement = insert(connection, meta)
    changed = {"value": statement.excluded.value}
    rows = [{"name": name, "value": secrets.token_hex(8)}]
    await connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_=changed), rows)


def _begins_with(prefix: str) -> ColumnElement[bool]:
    return (meta.c.name >= prefix) & (meta.c.name < f"{prefix}\x7f")


def _lease(until: datetime, holder: str) -> str:
    """Times of one length, so that leases compare as text."""
    return f"{until.astimezone(UTC).isoformat(timespec='microseconds')} {holder}"
