"""The two places where the dialects differ in what we use: insert-or-update, and row locks (SQLite has one writer anyway)."""

from typing import Any

from sqlalchemy import Select, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return insert_of(connection.dialect.name, table)


def insert_of(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """As `insert`, for statements that are made once."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def locked(connection: AsyncConnection, rows: Select[Any]) -> Select[Any]:
    """Take the rows for this transaction, passing over those another worker has taken."""
    return rows if connection.dialect.name == "sqlite" else rows.with_for_update(skip_locked=True)
