"""What tests of several rooms share: a real database of either kind, and a clock that moves only when told."""

import asyncio
import gc
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests import workers
from tests.support import databases
from tests.support.databases import MIGRATED, apart

if TYPE_CHECKING:  # imported where it is needed: tests with processes need none of it, and it takes a third of a second
    import asyncpg

    from app.storage.engine.database import Database
    from app.storage.unit_of_work import Store

NOON = datetime(2026, 11, 23, 12, 0, 0, 123457, tzinfo=UTC)


class Clock:
    """Stands still until it is told to move."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **duration: float) -> datetime:
        self.now += timedelta(**duration)
        return self.now


def pytest_configure(config: pytest.Config) -> None:
    if workers.draws_no_examples(config):
        return
    from hypothesis import HealthCheck, settings

    # How slow a machine is says nothing about what is tested.
    settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.load_profile("any machine")


def pytest_collection_finish(session: pytest.Session) -> None:
    if workers.draws_no_examples(session.config) and "hypothesis" in sys.modules:
        raise pytest.UsageError("it draws examples: see `_WITHOUT_EXAMPLES` in tests/workers.py")
    if "sqlalchemy" in sys.modules:
        databases.share_what_is_compiled()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture
def clock() -> Clock:
    return Clock()


# -- databases -----------------------------------------------------------------------------------------------------------

_numbers = count(1)


class Sweeper:
    """Empties the migrated database, on a loop of its own: tests have one each, and the connection lives longer than they.

    A server process that has seen the tables before takes one millisecond, a new one ten.
    """

    _RESTARTS = "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false) FROM pg_sequences"

    def __init__(self, socket: str) -> None:
        self._socket = socket
        self._thread = ThreadPoolExecutor(1)
        self._runner = asyncio.Runner()
        self._connection: asyncpg.Connection | None = None
        self._deletions = "; ".join(f"DELETE FROM {name}" for name in databases.names_of_tables())

    async def sweep(self) -> None:
        await asyncio.wrap_future(self._thread.submit(self._runner.run, self._sweep()))

    async def _sweep(self) -> None:
        import asyncpg

        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(user="postgres", database=MIGRATED, host=self._socket)
        await self._connection.execute(f"{self._deletions}; {self._RESTARTS}")

    async def _leave(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    def close(self) -> None:
        self._thread.submit(self._runner.run, self._leave()).result()
        self._thread.submit(self._runner.close).result()
        self._thread.shutdown()


@dataclass(frozen=True)
class PostgreSQL:
    """One server for the whole run, with a database that every test finds empty and migrated."""

    socket: str
    sweeper: Sweeper = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sweeper", Sweeper(self.socket))

    def url(self, name: str) -> str:
        return databases.postgresql_url(self.socket, name)

    async def run(self, *statements: str, database: str = "postgres") -> None:
        await databases.run(self.socket, *statements, database=database)

    async def create(self) -> str:
        """A database without tables."""
        name = f"test_{next(_numbers)}"
        await self.run(f"CREATE DATABASE {name}")
        return name

    async def drop(self, name: str) -> None:
        await self.run(f"DROP DATABASE {name} WITH (FORCE)")

    async def emptied(self) -> str:
        """The migrated database with nothing in it: fifty times faster than a new one."""
        await self.sweeper.sweep()
        return MIGRATED


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    directory = Path(tempfile.mkdtemp(prefix="gateway-pg-"))  # short: it carries the name of a socket
    try:
        with databases.a_server(directory / "data") as socket:
            made = PostgreSQL(socket)
            yield made
            made.sweeper.close()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_file() -> Path:
    return databases.migrated_file()


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Starts what the dialect needs; `-k sqlite` and `-k postgresql` select."""
    kind: str = request.param
    request.getfixturevalue("migrated_file" if kind == "sqlite" else "postgresql")
    return kind


@pytest.fixture
def postgresql_url(postgresql: PostgreSQL) -> Iterator[str]:
    """An empty PostgreSQL database of one's own, for processes."""
    name = f"own_{uuid4().hex[:12]}"
    apart(postgresql.run(f"CREATE DATABASE {name}"))
    yield postgresql.url(name)
    apart(postgresql.run(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
async def empty_database(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> "AsyncIterator[Database]":
    """A database without a single table of ours."""
    async for made in _database(dialect, request, tmp_path, migrated=False):
        yield made


@pytest.fixture
async def database(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> "AsyncIterator[Database]":
    """A database with nothing in it, at the newest migration. Tests must not change its tables: see `empty_database`."""
    async for made in _database(dialect, request, tmp_path, migrated=True):
        yield made


async def _database(dialect: str, request: pytest.FixtureRequest, tmp_path: Path, *, migrated: bool) -> "AsyncIterator[Database]":
    from app.storage.engine.database import Database

    databases.share_what_is_compiled()
    if dialect == "sqlite":
        path = tmp_path / "gateway.db"
        if migrated:
            shutil.copy(request.getfixturevalue("migrated_file"), path)
        made = Database(f"sqlite+aiosqlite:///{path}")
        yield made
        await made.close()
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    name = await (server.emptied() if migrated else server.create())
    made = Database(server.url(name))
    yield made
    await made.close()
    if not migrated:
        await server.drop(name)


@pytest.fixture
def store(database: "Database", clock: Clock) -> "Store":
    from app.storage.unit_of_work import Store

    return Store(database, clock)


@pytest.fixture(autouse=True, scope="session")
def plain_logs() -> None:
    """Logs as in production: a failure is a line, not a picture of every local variable."""
    if "structlog" in sys.modules:  # otherwise nothing here writes any
        from app.observability import logs

        logs.configure("WARNING", json=True)
