"""Alembic's entry. The application hands over its connection; the command line opens one from GATEWAY_DATABASE_URL."""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, text

from app.storage.engine.database import Database, transaction_limit
from app.storage.engine.tables import metadata

_MIGRATING = 7_303_003
"""Key of PostgreSQL's advisory lock: of several processes that start at once one migrates, and the others find it done."""


def run(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text(transaction_limit(0, local=True)))  # a migration may take as long as it takes
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATING})
    # Batch mode rebuilds a SQLite table where it cannot alter it.
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=connection.dialect.name == "sqlite")
    with context.begin_transaction():
        context.run_migrations()


async def from_command_line() -> None:
    database = Database(os.environ.get("GATEWAY_DATABASE_URL", "sqlite+aiosqlite:///gateway.db"))
    async with database.engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await database.close()


handed_over: Connection | None = context.config.attributes.get("connection")
if handed_over is not None:
    run(handed_over)
else:
    asyncio.run(from_command_line())
