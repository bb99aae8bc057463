"""The audit log, and who is signed in at the console. Lines are added and read; nothing changes or removes one."""

from datetime import datetime

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.operations.audit import AuditEntry
from app.domain.shops.configuration import Session
from app.storage.engine import codec
from app.storage.engine.tables import audit_log, console_sessions


class AuditLog:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, entry: AuditEntry) -> None:
        row = {"at": entry.at, "shop_id": entry.shop_id, "doc": codec.encode(entry)}
        await self._connection.execute(insert(audit_log), [row])

    async def newest(self, shop_id: str | None, before: int | None, limit: int) -> list[tuple[int, AuditEntry]]:
        found = select(audit_log.c.id, audit_log.c.doc).order_by(audit_log.c.id.desc()).limit(limit)
        if shop_id is not None:
            found = found.where(audit_log.c.shop_id == shop_id)
        if before is not None:
            found = found.where(audit_log.c.id < before)
        return [(row.id, codec.decode(row.doc, AuditEntry)) for row in await self._connection.execute(found)]


class Sessions:
    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def begin(self, session: Session) -> None:
        """Those that are over go."""
        await self._connection.execute(delete(console_sessions).where(console_sessions.c.ends_at <= session.began_at))
        row = {"digest": session.digest, "key_id": session.key_id, "began_at": session.began_at, "ends_at": session.ends_at}
        await self._connection.execute(insert(console_sessions), [row])

    async def find(self, digest: str, now: datetime) -> Session | None:
        found = select(console_sessions).where(console_sessions.c.digest == digest, console_sessions.c.ends_at > now)
        row = (await self._connection.execute(found)).one_or_none()
        return None if row is None else Session(row.digest, row.key_id, row.began_at, row.ends_at)

    async def end(self, digest: str) -> None:
        await self._connection.execute(delete(console_sessions).where(console_sessions.c.digest == digest))
