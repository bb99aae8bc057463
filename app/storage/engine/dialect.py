"""Where the dialects differ in what we use: insert-or-update, lists of values, and row locks (SQLite has one writer anyway)."""

import json
from collections.abc import AsyncIterator, Collection
from typing import Any

from sqlalchemy import CTE, Column, ColumnElement, Select, String, Table, any_, bindparam, func, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return insert_of(connection.dialect.name, table)


def insert_of(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """As `insert`, for statements that are made once."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


def one_of(connection: AsyncConnection, column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """The column holds one of many values: numbers or texts.

    They are given as one parameter: an array, or a list in JSON. One by one, every number of values is a statement of its own, to
    be made, parsed, planned and kept: a seventh of a worker's time, and twenty megabytes of a gateway's memory.
    """
    if connection.dialect.name != "sqlite":
        return column == any_(literal(list(values), postgresql.ARRAY(column.type)))
    listed = json.dumps(list(values))
    if _NUL in listed:  # SQLite ends a text of a JSON list there
        return column.in_(values)
    return column.in_(_LISTED.bindparams(bindparam("listed", listed, String, unique=True)))


_LISTED = text("SELECT value FROM json_each(:listed)")
_NUL = "\\u0000"


def locked(connection: AsyncConnection, rows: Select[Any]) -> Select[Any]:
    """Take the rows for this transaction, passing over those another worker has taken."""
    return rows if connection.dialect.name == "sqlite" else rows.with_for_update(skip_locked=True)


async def distinct(connection: AsyncConnection, column: Column[str], *where: Any) -> AsyncIterator[str]:
    """The few values of a column that an index begins with: one index lookup for each of them, not for each row."""
    last: str | None = None
    while True:
        beyond = () if last is None else (column > last,)
        last = (await connection.execute(select(func.min(column)).where(*where, *beyond))).scalar_one_or_none()
        if last is None:
            return
        yield last


def each_value(column: Column[str], *where: ColumnElement[bool]) -> CTE:
    """As `distinct`, in one statement: a CTE whose column `name` has the values, and at the end NULL."""
    first = select(func.min(column).label("name")).where(*where).cte("each_value", recursive=True)
    following = select(func.min(column)).where(*where, column > first.c.name).scalar_subquery()
    return first.union_all(select(following).where(first.c.name.is_not(None)))
