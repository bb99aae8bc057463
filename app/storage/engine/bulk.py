"""Many rows with one statement, at the driver's speed.

SQLAlchemy makes the parameters of every row anew from the statement, which costs as much as SQLite needs to write the row.
Here a statement is compiled once and a row is taken apart in one go. The statements themselves stay SQLAlchemy's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ClauseElement, Dialect, TypeDecorator
from sqlalchemy.ext.asyncio import AsyncConnection

Row = Mapping[str, Any]


@dataclass(frozen=True)
class _Kind:
    """A dialect. Each engine has its own, and all of a class read the same SQL."""

    of: type[Dialect]
    dialect: Dialect = field(compare=False)


async def execute_many(connection: AsyncConnection, statement: ClauseElement, rows: Sequence[Row]) -> int:
    """How many rows were changed; PostgreSQL's driver does not report that (-1).

    `statement` is remembered: one that is made once, not one for each call. Every row has the names of the first.
    """
    if not rows:
        return 0
    sql, taken_apart = _compiled(statement, _Kind(type(connection.dialect), connection.dialect), tuple(rows[0]))
    done = await connection.exec_driver_sql(sql, [taken_apart(row) for row in rows])
    return done.rowcount


@lru_cache(maxsize=128)
def _compiled(statement: ClauseElement, kind: _Kind, names: tuple[str, ...]) -> tuple[str, Callable[[Row], tuple[Any, ...]]]:
    """The text of a statement, and what makes of a row the values for its places."""
    dialect = kind.dialect
    compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))
    places: list[str] = compiled.positiontup
    types = [compiled.binds[name].type for name in places]
    # Our own types are prepared; both drivers take truth values and bytes as they are.
    ours = [
        (at, one.dialect_impl(dialect).bind_processor(dialect)) for at, one in enumerate(types) if isinstance(one, TypeDecorator)
    ]
    prepared = [(at, process) for at, process in ours if process is not None]
    fixed = {name: compiled.binds[name].effective_value for name in places if name not in names}

    in_place = itemgetter(*places) if len(places) > 1 else lambda row: (row[places[0]],)

    def taken_apart(row: Row) -> tuple[Any, ...]:
        values = in_place({**row, **fixed} if fixed else row)
        if not prepared:
            return values
        values = list(values)
        for at, process in prepared:
            values[at] = process(values[at])
        return tuple(values)

    return str(compiled), taken_apart
