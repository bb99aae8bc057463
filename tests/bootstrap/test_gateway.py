"""What a start does to the database before anything runs."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from cryptography.fernet import Fernet

from app.bootstrap.gateway import open_gateway
from app.configuration.settings import Settings


async def test_a_start_empties_the_log_that_a_killed_process_left_with_what_it_had_erased(
    tmp_path: Path, migrated_file: Path
) -> None:
    killed, left = tmp_path / "killed.db", tmp_path / "gateway.db"
    shutil.copy(migrated_file, killed)
    with closing(sqlite3.connect(killed, isolation_level=None)) as process:
        process.execute("INSERT INTO meta (name, value) VALUES ('somebody', 'zofia.zapomniana')")
        process.execute("PRAGMA secure_delete=ON")
        process.execute("DELETE FROM meta WHERE name = 'somebody'")
        for each in ("", "-wal"):
            shutil.copy(f"{killed}{each}", f"{left}{each}")
    assert held_by(left) == {"gateway.db-wal"}
    key = Fernet.generate_key().decode()
    async with open_gateway(Settings(database_url=f"sqlite+aiosqlite:///{left}", encryption_keys=(key,))):
        assert held_by(left) == set()


def held_by(database: Path) -> set[str]:
    """Names of the files that hold the person."""
    return {path.name for path in database.parent.glob(f"{database.name}*") if b"zofia.zapomniana" in path.read_bytes()}
