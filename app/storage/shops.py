"""Accounts, shops and keys: what `gateway apply` and `gateway keys` write. Secrets arrive here encrypted."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.shops.configuration import ApiKey, StoredAccount, StoredShop
from app.domain.shops.shop import Account, Shop
from app.storage.engine import codec
from app.storage.engine.dialect import insert
from app.storage.engine.tables import accounts, api_keys, meta, shops

LONGER = timedelta(minutes=1)
"""Than another process with other pauses, or a clock a little ahead, may have taken a turn for."""


class Registry:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def accounts(self) -> list[StoredAccount]:
        rows = await self._connection.execute(select(accounts).order_by(accounts.c.id))
        return [StoredAccount(codec.decode(row.settings, Account), codec.decode(row.secrets, dict[str, str])) for row in rows]

    async def shops(self) -> list[StoredShop]:
        rows = await self._connection.execute(select(shops).order_by(shops.c.id))
        return [StoredShop(codec.decode(row.settings, Shop), codec.decode(row.secrets, dict[str, str])) for row in rows]

    async def keys(self) -> list[ApiKey]:
        rows = await self._connection.execute(select(api_keys).order_by(api_keys.c.created_at))
        return [
            ApiKey(row.id, row.role, row.shop_id, row.digest, row.created_at, row.revoked_at, row.name, row.expires_at)
            for row in rows
        ]

    async def save_account(self, stored: StoredAccount, at: datetime) -> None:
        row = {
            "id": stored.account.id,
            "settings": codec.encode(stored.account),
            "secrets": codec.encode(stored.secrets),
            "updated_at": at,
        }
        statement = insert(self._connection, accounts)
        changed = {name: statement.excluded[name] for name in row if name != "id"}
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed), [row])

    async def save_shop(self, stored: StoredShop, at: datetime) -> None:
        row = {
            "id": stored.shop.id,
            "account_id": stored.shop.account,
            "settings": codec.encode(stored.shop),
            "secrets": codec.encode(stored.secrets),
            "updated_at": at,
        }
        statement = insert(self._connection, shops)
        changed = {name: statement.excluded[name] for name in row if name != "id"}
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changed), [row])

    async def add_key(self, key: ApiKey) -> None:
        await self._connection.execute(api_keys.insert(), [asdict(key)])

    async def revoke_key(self, key_id: str, at: datetime) -> bool:
        live = (api_keys.c.id == key_id) & api_keys.c.revoked_at.is_(None)
        changed = await self._connection.execute(update(api_keys).where(live).values(revoked_at=at))
        return changed.rowcount == 1

    async def entries(self) -> Mapping[str, str]:
        """Small facts about this installation, by name."""
        rows = await self._connection.execute(select(meta))
        return {row.name: row.value for row in rows}

    async def acquire_lock(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """Is it the holder's turn, until a time? Of several one gets it; who has it already may keep it.

        A turn that lasts longer than this one would was taken by a clock that was ahead: it is over (`domain.clocks`).
        """
        statement = insert(self._connection, meta)
        free = (
            (meta.c.value <= _turn(now, ""))
            | (meta.c.value > _turn(until + LONGER, ""))
            | meta.c.value.endswith(f" {holder}", autoescape=True)
        )
        turn = statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value}, where=free)
        taken = await self._connection.execute(turn.returning(meta.c.name), [{"name": name, "value": _turn(until, holder)}])
        return taken.first() is not None

    async def set_entry(self, name: str, value: str) -> None:
        statement = insert(self._connection, meta)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["name"], set_={"value": statement.excluded.value}),
            [{"name": name, "value": value}],
        )


def _turn(until: datetime, holder: str) -> str:
    """One length of time, so that turns compare as text."""
    return f"{until.astimezone(UTC).isoformat(timespec='microseconds')} {holder}"
