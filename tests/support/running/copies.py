"""A gateway's folder as if it had been copied: the database knows a place, and it is not there."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from app.domain.operations.installation import KnownPlace, Place
from tests.conftest import NOON
from tests.support.databases import migrated_file

ORIGINAL = KnownPlace(Place("file 1 1", "", "/srv/original/gateway.db"), NOON, NOON)


def copied_to(folder: Path) -> None:
    """What `open_door` opens there."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(migrated_file(), folder / "gateway.db")
    with closing(sqlite3.connect(folder / "gateway.db")) as connection, connection:
        connection.execute("INSERT INTO meta (name, value) VALUES (?, ?)", (ORIGINAL.entry, ORIGINAL.written()))
