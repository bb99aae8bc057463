"""One store, two dialects: SQLite embedded, PostgreSQL for more than one machine.

On SQLite one process owns the file (an advisory lock beside it says so) and that process uses one connection for
everything. Versions of SQLite below 3.51.3, 3.50.7 and 3.44.6 can lose commits when two connections write or checkpoint a
WAL at once; with a single connection the race cannot happen, so we use WAL with it on every version and look the version
up only to say which case it is.
"""

import asyncio
import contextlib
import fcntl
import os
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import structlog
from sqlalchemy import event
from sqlalchemy.engine import Dialect, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from app.domain.errors import GatewayError, NotReady
from app.storage.engine.inline_sqlite import InlineConnection
from app.storage.engine.private_files import make_private, open_private

log = structlog.get_logger(__name__)

BUSY_SECONDS = 3.0
"""How long a lock that somebody else holds on the SQLite file is waited for."""


POOL_SECONDS = 5.0
"""How long a free connection is waited for."""

LOCK_SECONDS = 8
IDLE_SECONDS = 20
TRANSACTION_SECONDS = 25
"""No transaction of ours takes so long, but migrations."""


ASK_AFTER_SECONDS = 1.0
"""A connection to PostgreSQL that was idle for longer is asked whether it lives."""


class AlreadyOwned(GatewayError):
    """Another process owns the SQLite file."""


def wal_race_fixed(version: tuple[int, int, int]) -> bool:
    """Is this SQLite free of the WAL-reset race? Fixed in 3.51.3, 3.50.7 and 3.44.6; before 3.7.0 there was no WAL."""
    if version >= (3, 51, 3) or version < (3, 7, 0):
        return True
    return ((3, 50, 7) <= version < (3, 51, 0)) or ((3, 44, 6) <= version < (3, 45, 0))


class Database:
    """An engine with our settings, and the ownership of the file on SQLite."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.path = Path(self.url.database).resolve() if self.is_sqlite and self.url.database else None
        """Behind all symbolic links: whatever name the file is given, it is locked, and has its log, at one place."""
        self.has_leftovers = False
        """May the file hold something of what was deleted from it? True at first after a process that was killed, or ended so."""
        self._lock: IO[str] | None = None
        self._file = -1
        self._connection = asyncio.Lock()
        self._line = asyncio.Lock()
        self._callers = 0
        self.engine: AsyncEngine = self._sqlite() if self.is_sqlite else self._postgresql()
        self._reading = self.engine if self.is_sqlite else self.engine.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def dsn(self) -> str | None:
        """The address as PostgreSQL's own tools write it; None on SQLite."""
        return None if self.is_sqlite else self.url.set(drivername="postgresql").render_as_string(hide_password=False)

    @property
    def is_awaited(self) -> bool:
        """Does somebody who goes `first` wait for SQLite's one connection?"""
        return self._callers > 0

    def _sqlite(self) -> AsyncEngine:
        async def connect(*_: object, **__: object) -> InlineConnection:
            if self.path is not None:
                make_private(self.path)
            return InlineConnection(str(self.path or ":memory:"), BUSY_SECONDS)

        engine = create_async_engine(
            self.url, async_creator=connect, pool_size=1, max_overflow=0, pool_timeout=POOL_SECONDS, hide_parameters=True
        )
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        return engine

    def _postgresql(self) -> AsyncEngine:
        # A process that is stopped in the middle of a transaction must not hold its locks for ever, nor anybody wait for them.
        limits = {"lock_timeout": f"{LOCK_SECONDS}s", "idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s"}
        engine = create_async_engine(
            self.url,
            pool_size=8,
            max_overflow=4,
            pool_timeout=POOL_SECONDS,
            hide_parameters=True,
            connect_args={"server_settings": limits},
        )
        event.listen(engine.sync_engine, "connect", _limit_transactions)
        event.listen(engine.sync_engine, "checkin", _note_use)
        event.listen(engine.sync_engine, "checkout", partial(_ask_if_it_lives, engine.sync_engine.dialect))
        return engine

    @asynccontextmanager
    async def transaction(self, *, first: bool = False, reading: bool = False) -> AsyncIterator[AsyncConnection]:
        """A connection in a transaction; leaving without `commit()` undoes everything. `first`: before all others that wait for it.

        `reading`: on PostgreSQL each statement stands for itself, which saves the round trips that begin and end a transaction.

        Raises `NotReady` when the store cannot be reached, is full, locked or broken: the caller keeps what it has. What
        another try would not cure is raised as it is, but without the values: they are people's names sooner or later.
        """
        try:
            engine = self._reading if reading else self.engine
            async with self._only_connection(first=first), engine.connect() as connection:
                await connection.begin()
                yield connection
        except (DBAPIError, PoolTimeout, OSError) as error:
            if isinstance(error, DBAPIError) and _is_our_mistake(error):
                raise _without_values(error) from None
            log.error("store_unavailable", cause=type(getattr(error, "orig", None) or error).__name__)
            raise NotReady from error

    @asynccontextmanager
    async def _only_connection(self, *, first: bool) -> AsyncIterator[None]:
        """Have SQLite's one connection. Raises `TimeoutError`.

        Only the head of the line asks for the connection, so who is `first` waits for its holder and for nobody else.
        """
        if not self.is_sqlite:
            yield
            return
        async with contextlib.AsyncExitStack() as held:
            self._callers += first
            try:
                async with asyncio.timeout(POOL_SECONDS):
                    if not first:
                        await held.enter_async_context(self._line)
                    await held.enter_async_context(self._connection)
            finally:
                self._callers -= first
            yield

    def own(self) -> None:
        """Become the one process that uses the SQLite file. Raises `AlreadyOwned`; does nothing on PostgreSQL."""
        if self.path is None or self._lock is not None:
            return
        make_private(self.path)
        lock = os.fdopen(open_private(self.path.with_name(self.path.name + ".lock"), os.O_RDWR), "r+")
        # The file itself too: a hard link is another name with another lock beside it. SQLite's own locks are of another kind.
        file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            for each in (lock.fileno(), file):
                fcntl.flock(each, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            os.close(file)
            raise AlreadyOwned(f"{self.path.name} is in use by a running gateway.") from error
        self._file = file
        self.has_leftovers = bool(lock.read())
        lock.seek(0)
        lock.truncate()
        lock.write(str(os.getpid()))
        lock.flush()
        self._lock = lock
        os.environ.setdefault("SQLITE_TMPDIR", str(self.path.parent))  # what the file is rewritten from stays beside it
        log.info("sqlite_opened", version=sqlite3.sqlite_version, wal_race_fixed=wal_race_fixed(sqlite3.sqlite_version_info))

    async def close(self) -> None:
        await self.engine.dispose()
        if self._lock is not None:
            if not self.has_leftovers:
                self._lock.truncate(0)
            os.close(self._file)  # after the last connection: closing any descriptor gives up SQLite's locks
            self._lock.close()
            self._lock = None

    @asynccontextmanager
    async def outside_transactions(self) -> AsyncIterator[InlineConnection]:
        """SQLite's one connection. Raises `DBAPIError`, `PoolTimeout` and `OSError`."""
        async with self._only_connection(first=False), self.engine.connect() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, InlineConnection)
            yield driver


def _prepare_sqlite(connection: Any, _record: Any) -> None:  # the driver's own connection type
    cursor = connection.cursor()
    cursor.execute("PRAGMA page_count")
    if cursor.fetchone()[0] == 0:  # before anything is written: a file keeps its mode, and saying it again would write
        cursor.execute("PRAGMA auto_vacuum=INCREMENTAL")
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",  # an answered 202 survives a power cut
        "foreign_keys=ON",
        "secure_delete=ON",  # what is deleted or overwritten is gone from the file as well
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _limit_transactions(connection: Any, _record: Any) -> None:  # the driver's own connection type
    """A process that was stopped in the middle of a statement is not idle to PostgreSQL; since 17 it can be ended all the same."""
    cursor = connection.cursor()
    cursor.execute(transaction_limit(TRANSACTION_SECONDS))
    cursor.close()
    connection.commit()


def _note_use(_connection: Any, record: ConnectionPoolEntry) -> None:
    record.info["used"] = time.monotonic()


def _ask_if_it_lives(dialect: Dialect, connection: Any, record: ConnectionPoolEntry, _proxy: Any) -> None:
    """A connection that was idle may be gone, and the pool makes another. One in use would have said so: asking costs a round trip.

    Raises `DisconnectionError`, for the pool.
    """
    if time.monotonic() - record.info.get("used", time.monotonic()) < ASK_AFTER_SECONDS:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise DisconnectionError from error


def transaction_limit(seconds: int, *, local: bool = False) -> str:
    """SQL; 0 = none, `local` = for this transaction alone. Does nothing on a server that knows no such limit."""
    return f"SELECT set_config(name, '{seconds}s', {local}) FROM pg_settings WHERE name = 'transaction_timeout'"  # noqa: S608


_NO_OTHER_TRY_HELPS = ("22", "23", "42", "54")
"""Classes of SQLSTATE: what a value holds, what a constraint forbids, what a statement says, what is too large for an index."""


def _is_our_mistake(error: DBAPIError) -> bool:
    """Errors that another try will not cure are defects and must be seen as such, not as an outage: that would be waited for."""
    original = error.orig
    # SQLAlchemy names few of asyncpg's errors; the one it was made of says what is wrong.
    named = {kind.__name__ for one in (original, getattr(original, "__cause__", None)) for kind in type(one).__mro__}
    if named & {"ProgrammingError", "IntegrityError", "DataError"}:
        return True
    return str(getattr(original, "sqlstate", None) or "").startswith(_NO_OTHER_TRY_HELPS)


def _without_values(error: DBAPIError) -> DBAPIError:
    """The error as far as the database says it without what was written: nothing about data, no details of a row."""
    original = error.orig
    state = str(getattr(original, "sqlstate", None) or "")
    is_said = state[:2] in ("23", "42") or not _is_asyncpg(original)
    words = str(original).partition("\n")[0].rpartition(">: ")[2] if is_said else ""
    kind = type(getattr(original, "__cause__", None) or original).__name__
    said = Exception(" ".join(filter(None, (kind, state, words))))
    return type(error)(None, None, said, hide_parameters=True)


def _is_asyncpg(original: object) -> bool:
    return "asyncpg" in type(original).__module__
