"""Nothing that was deleted stays in a file of SQLite's: neither in its log nor in gaps of its pages."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from app.storage.engine.database import Database
from app.storage.operations.leftovers import BYTES_A_SECOND, DAY_SECONDS, PAUSES, Leftovers

PERSON = b"zofia.zapomniana"


class Seconds:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    made = Database(f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}")
    made.own()
    yield made
    await made.close()


async def erased(database: Database) -> None:
    """Rows grow a little, so that some move to other pages, and lose what they held: now and then a copy stays."""
    drawn = Random(88)
    async with database.transaction() as connection:
        for table in range(40):
            await connection.exec_driver_sql(f"DROP TABLE IF EXISTS people{table}")
            await connection.exec_driver_sql(f"CREATE TABLE people{table} (number INTEGER PRIMARY KEY, name, more)")
            for sql, least, most in (
                (f"INSERT INTO people{table} (more, name, number) VALUES (?, '{PERSON.decode()}', ?)", 200, 900),
                (f"UPDATE people{table} SET more = more || ? WHERE number = ?", 30, 60),
                (f"UPDATE people{table} SET more = ?, name = NULL WHERE number = ?", 200, 300),
            ):
                for number in range(14):
                    await connection.exec_driver_sql(sql, ("x" * drawn.randint(least, most), number))
        await connection.commit()


def holding(database: Database) -> set[str]:
    """Names of the files that hold the person, of whom no table tells any more."""
    assert database.path is not None
    return {path.name for path in database.path.parent.glob("gateway.db*") if PERSON in path.read_bytes()}


async def test_m3_a_row_that_had_moved_leaves_no_copy_in_a_gap_of_its_former_page(database: Database, seconds: Seconds) -> None:
    leftovers = Leftovers(database, seconds)
    await erased(database)
    await leftovers.remove()
    assert holding(database) == {"gateway.db"}, "this way of making copies makes none"
    await leftovers.step()
    assert holding(database) == {"gateway.db"}, "the file rests at first"
    seconds.now += 60
    await leftovers.step()
    assert holding(database) == set()
    async with database.transaction() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM people1"))).scalar_one() == 14


async def test_a_small_file_rests_a_while_and_a_large_one_a_day(database: Database, seconds: Seconds) -> None:
    leftovers = Leftovers(database, seconds)
    for size, pause in ((BYTES_A_SECOND // PAUSES * 10, 10.0), (BYTES_A_SECOND, float(PAUSES)), (2 * BYTES_A_SECOND, DAY_SECONDS)):
        await erased(database)
        await leftovers.remove()
        assert database.path is not None
        with database.path.open("r+b") as file:
            before = os.fstat(file.fileno()).st_size
            file.truncate(size)
            seconds.now += pause * 0.99
            await leftovers.step()
            file.truncate(before)
        assert holding(database) == {"gateway.db"}, size
        seconds.now += pause * 0.02
        with database.path.open("r+b") as file:
            file.truncate(before)
        await leftovers.step()
        assert holding(database) == set()


async def test_a_file_that_cannot_be_rewritten_is_so_later(
    database: Database, seconds: Seconds, monkeypatch: pytest.MonkeyPatch
) -> None:
    leftovers = Leftovers(database, seconds)
    await erased(database)
    await leftovers.remove()
    seconds.now += 60

    async def full(_self: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched, capture_logs() as said:
        patched.setattr("app.storage.engine.inline_sqlite.InlineConnection.rewrite", full)
        await leftovers.step()
        seconds.now += 60
        await leftovers.step()
    assert [line["event"] for line in said] == ["file_not_rewritten"], "it is not tried all the time"
    assert holding(database) == {"gateway.db"}
    seconds.now += PAUSES
    await leftovers.step()
    assert holding(database) == set()


async def test_a_rewriting_that_a_stop_cuts_off_is_owed_by_the_next_process(database: Database, seconds: Seconds) -> None:
    leftovers = Leftovers(database, seconds)
    await erased(database)
    await leftovers.remove()
    seconds.now += 60
    async with database.transaction():  # it waits for the connection
        step = asyncio.create_task(leftovers.step())
        await asyncio.sleep(0.05)
        step.cancel()
        with pytest.raises(asyncio.CancelledError):
            await step
    assert database.has_leftovers


@pytest.mark.parametrize("is_due", [True, False])
async def test_what_is_owed_when_a_process_ends_is_owed_by_the_next_one(tmp_path: Path, seconds: Seconds, is_due: bool) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}"
    first = Database(url)
    first.own()
    assert not first.has_leftovers, "a new file"
    await erased(first)
    leftovers = Leftovers(first, seconds)
    await leftovers.remove()
    if not is_due:
        seconds.now += 60
        await leftovers.step()
    await first.close()
    second = Database(url)
    second.own()
    assert second.has_leftovers is is_due
    await second.close()


async def test_a_process_that_was_killed_may_have_left_something(tmp_path: Path) -> None:
    (tmp_path / "gateway.db.lock").write_text("4711")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}")
    database.own()
    assert database.has_leftovers
    assert (tmp_path / "gateway.db.lock").read_text() == str(os.getpid())
    await database.close()


async def test_a_log_that_somebody_reads_is_emptied_once_they_have_read(database: Database, seconds: Seconds) -> None:
    leftovers = Leftovers(database, seconds)
    assert database.path is not None
    await erased(database)
    with contextlib.closing(sqlite3.connect(database.path)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM people1").fetchall() == [(14,)]
        async with database.transaction() as connection:
            await connection.execute(text("DELETE FROM people1"))
            await connection.commit()
        with capture_logs() as said:
            await leftovers.empty_log()
            await leftovers.step()
        assert [line["event"] for line in said] == ["write_ahead_log_kept"]
        assert "gateway.db-wal" in holding(database)
        reader.rollback()
        await leftovers.step()
        assert "gateway.db-wal" not in holding(database)


async def test_postgresql_is_left_to_its_administrator() -> None:
    database = Database("postgresql+asyncpg://nobody@localhost/nothing")
    await Leftovers(database).remove()  # it would fail to connect
    await database.close()
