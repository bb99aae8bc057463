"""The one SQLite connection, used on the event loop itself; only what may wait for the disk runs in a thread.

A driver that sends every statement to a thread pays for the trip, not for the statement: four trips for an insert, each
waiting for the interpreter's lock, while SQLite itself needs some ten microseconds. Here statements run where they are
asked for, `COMMIT` (which waits for the disk) runs in a thread, and a lock held by somebody else is waited for
asynchronously. To SQLAlchemy this looks like aiosqlite, whose place it takes (decision 14).
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self, TypeVar

T = TypeVar("T")

_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_LONGEST_PAUSE = 0.05


class InlineCursor:
    """The part of aiosqlite's cursor that SQLAlchemy uses."""

    def __init__(self, cursor: sqlite3.Cursor, patience: float) -> None:
        self._cursor = cursor
        self._patience = patience

    async def __aenter__(self) -> Self:
        return self

    @property
    def description(self) -> Any:
        return self._cursor.description

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._cursor.lastrowid

    @property
    def arraysize(self) -> int:
        return self._cursor.arraysize

    @arraysize.setter
    def arraysize(self, value: int) -> None:
        self._cursor.arraysize = value

    async def execute(self, operation: str, parameters: Sequence[Any] = ()) -> Self:
        """Raises `sqlite3.OperationalError` if somebody else still has the file locked when patience ends."""
        until, pause = time.monotonic() + self._patience, 0.001
        while True:
            try:
                self._cursor.execute(operation, parameters)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode not in _LOCKED or time.monotonic() >= until:
                    raise
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            else:
                return self

    async def executemany(self, operation: str, parameters: Sequence[Sequence[Any]]) -> Self:
        self._cursor.executemany(operation, parameters)
        return self

    async def fetchone(self) -> Any:
        return self._cursor.fetchone()

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        return self._cursor.fetchmany(size or self._cursor.arraysize)

    async def fetchall(self) -> list[Any]:
        return self._cursor.fetchall()

    async def close(self) -> None:
        self._cursor.close()


class InlineConnection:
    """The part of aiosqlite's connection that SQLAlchemy uses."""

    def __init__(self, path: str, patience: float) -> None:
        self._patience = patience
        self._disk = ThreadPoolExecutor(1, "sqlite-commit")
        # No timeout of SQLite's own: it would stop the loop. Two threads, but never at once: see `commit`.
        self._connection: sqlite3.Connection | None = sqlite3.connect(
            path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=256
        )

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise ValueError("no active connection")  # SQLAlchemy knows these words
        return self._connection

    def cursor(self) -> InlineCursor:
        return InlineCursor(self._open.cursor(), self._patience)

    async def commit(self) -> None:
        await self._waiting_for_the_disk(self._open.commit)

    async def empty_log(self) -> bool:
        """Outside a transaction: move the write-ahead log into the file and cut it off. False if a reader is in the way."""
        connection = self._open

        def checkpoint() -> bool:
            busy: int = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            return not busy

        return await self._waiting_for_the_disk(checkpoint)

    async def rewrite(self) -> None:
        """Outside a transaction: write the file anew, without what its pages hold beside rows. Needs twice its size of the disk."""
        connection = self._open
        await self._waiting_for_the_disk(lambda: connection.execute("VACUUM").close())

    async def _waiting_for_the_disk(self, step: Callable[[], T]) -> T:
        """Even if the caller is cancelled, nothing touches the connection before the step has ended."""
        working = asyncio.get_running_loop().run_in_executor(self._disk, step)
        try:
            return await asyncio.shield(working)
        except asyncio.CancelledError:
            await asyncio.wait([working])
            raise

    async def rollback(self) -> None:
        self._open.rollback()

    async def create_function(self, name: str, arguments: int, function: Any, **options: Any) -> None:
        self._open.create_function(name, arguments, function, **options)

    async def close(self) -> None:
        self.stop()

    def stop(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
            self._disk.shutdown(wait=False)
