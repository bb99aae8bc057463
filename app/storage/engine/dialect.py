"""Where the dialects differ in what we use: insert-or-update, lists of values, and row locks (SQLite has one writer anyway)."""

import json
from collections.abc import AsyncIterator, Callable, Collection
from functools import cache, lru_cache, partial
from typing import Any

from sqlalchemy import (
    CTE,
    Column,
    ColumnElement,
    CursorResult,
    Executable,
    Select,
    String,
    Table,
    any_,
    bindparam,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection


def insert(connection: AsyncConnection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An insert that knows `on_conflict_do_nothing` and `on_conflict_do_update`."""
    return insert_of(connection.dialect.name, table)


def insert_of(dialect: str, table: Table) -> postgresql.Insert | sqlite.Insert:
    """As `insert`, for statements that are made once."""
    return sqlite.insert(table) if dialect == "sqlite" else postgresql.insert(table)


InList = Callable[[ColumnElement[Any]], ColumnElement[bool]]


class ListStatement:
    """A statement about many values, numbers or texts, made once for each dialect: to make one costs as much as to run it.

    `make` gets what says that a column holds one of them. They are one parameter: an array, or a list in JSON. One by one, every
    number of values is a statement of its own, to be made, parsed, planned and kept: a seventh of a worker's time, and twenty
    megabytes of a gateway's memory.
    """

    def __init__(self, make: Callable[[InList], Executable]) -> None:
        self._of = cache(lambda dialect: make(partial(_in_list, dialect)))

    async def run(self, connection: AsyncConnection, values: Collection[Any], **others: object) -> CursorResult[*tuple[Any, ...]]:
        """`others`: the statement's other parameters."""
        dialect = connection.dialect.name
        return await connection.execute(self._of(dialect), {**others, "listed": _as_list(dialect, values)})


def _in_list(dialect: str, column: ColumnElement[Any]) -> ColumnElement[bool]:
    if dialect != "sqlite":
        return column == any_(bindparam("listed", type_=postgresql.ARRAY(column.type)))
    return column.in_(_LISTED)


def _as_list(dialect: str, values: Collection[Any]) -> Any:
    if dialect != "sqlite":
        return list(values)
    listed = json.dumps(list(values))
    # SQLite ends a text of a JSON list there. No text that is stored has one: PostgreSQL could not keep it.
    return json.dumps([one for one in values if "\0" not in one]) if _NUL in listed else listed


def one_of(connection: AsyncConnection, column: ColumnElement[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """The column holds one of many values, given as one parameter as in a `ListStatement`; for statements that are made anew."""
    dialect = connection.dialect.name
    listed = _as_list(dialect, values)
    if dialect != "sqlite":
        return column == any_(literal(listed, postgresql.ARRAY(column.type)))
    return column.in_(_LISTED.bindparams(bindparam("listed", listed, String, unique=True)))


_LISTED = text("SELECT value FROM json_each(:listed)").bindparams(bindparam("listed", type_=String))
_NUL = "\\u0000"


def locked(connection: AsyncConnection, rows: Select[Any]) -> Select[Any]:
    """Take the rows for this transaction, passing over those another worker has taken."""
    return rows if connection.dialect.name == "sqlite" else rows.with_for_update(skip_locked=True)


async def distinct(connection: AsyncConnection, column: Column[str], *where: Any) -> AsyncIterator[str]:
    """The few values of a column that an index begins with: one index lookup for each of them, not for each row."""
    first, following = _least(column, where)
    last = (await connection.execute(first)).scalar_one_or_none()
    while last is not None:
        yield last
        last = (await connection.execute(following, {"last": last})).scalar_one_or_none()


@lru_cache(maxsize=64)
def _least(column: Column[str], where: tuple[Any, ...]) -> tuple[Select[Any], Select[Any]]:
    """The least value of a column, and the least one after `last`."""
    first = select(func.min(column)).where(*where)
    return first, first.where(column > bindparam("last", type_=column.type))


def each_value(column: Column[str], *where: ColumnElement[bool]) -> CTE:
    """As `distinct`, in one statement: a CTE whose column `name` has the values, and at the end NULL."""
    first = select(func.min(column).label("name")).where(*where).cte("each_value", recursive=True)
    following = select(func.min(column)).where(*where, column > first.c.name).scalar_subquery()
    return first.union_all(select(following).where(first.c.name.is_not(None)))
