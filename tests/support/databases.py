"""Databases at the newest migration; the SQLite file is made once per process, for a copy is fifty times faster."""

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

from app.storage.engine import migrations
from app.storage.engine.database import Database


class Compiled(dict[Any, Any]):
    """Statements as SQL, for all engines of a kind: a test has an engine of its own, and would compile everything again.

    SQLAlchemy's key begins with the engine's dialect; what is made for one of the same class serves them all.
    """

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((type(key[0]), *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((type(key[0]), *key[1:]), value)


def apart(work: Coroutine[object, object, None]) -> None:
    """Run a coroutine on a loop of its own, beside the one of a test."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def migrate(url: str) -> None:
    database = Database(url)
    await migrations.upgrade(database)
    await database.close()


@cache
def migrated_file() -> Path:
    """To be copied, never opened."""
    folder = Path(tempfile.mkdtemp(prefix="gateway-sqlite-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    apart(migrate(f"sqlite+aiosqlite:///{folder / 'migrated.db'}"))
    return folder / "migrated.db"
