"""The file, its owner, its connections, and what counts as an outage."""

import asyncio
import contextlib
import os
import threading
import traceback
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.domain.errors import NotReady
from app.storage.engine import database as database_module
from app.storage.engine.database import AlreadyOwned, Database, wal_race_fixed
from app.storage.engine.tables import calls, contacts, inbox
from app.storage.unit_of_work import Store
from tests.support.stored import T0


@pytest.mark.parametrize(
    ("version", "fixed"),
    [
        ((3, 6, 23), True),
        ((3, 7, 0), False),
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 44, 9), True),
        ((3, 45, 0), False),
        ((3, 49, 2), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 0), False),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
        ((4, 0, 0), True),
    ],
)
def test_the_versions_with_the_wal_reset_race_are_known(version: tuple[int, int, int], fixed: bool) -> None:
    assert wal_race_fixed(version) is fixed


async def test_one_process_owns_the_file_until_it_closes(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}"
    first, second = Database(url), Database(url)
    first.own()
    first.own()  # the owner may ask again
    with pytest.raises(AlreadyOwned):
        second.own()
    assert (tmp_path / "gateway.db.lock").read_text() == str(os.getpid())
    await first.close()
    second.own()
    with pytest.raises(AlreadyOwned):
        first.own()
    await second.close()


async def test_sqlite_writes_through_to_the_disk_with_one_connection(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}")
    async with database.engine.connect() as connection:
        pragmas = {
            name: (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert database.engine.pool.size() == 1
    await database.close()


@pytest.fixture
async def patient() -> AsyncIterator[None]:
    """A connection that failed leaves a thread of the driver that answers once more; its loop must still be there."""
    before = set(threading.enumerate())
    yield
    for _ in range(200):
        if set(threading.enumerate()) <= before:
            return
        await asyncio.sleep(0.01)


@pytest.mark.usefixtures("patient")
async def test_a_store_that_cannot_be_reached_is_not_ready(tmp_path: Path) -> None:
    for url in (f"sqlite+aiosqlite:///{tmp_path}/missing/gateway.db", f"postgresql+asyncpg://postgres@/x?host={tmp_path}"):
        database = Database(url)
        with pytest.raises(NotReady):
            async with Store(database).work():
                pass
        await database.close()


@pytest.mark.usefixtures("patient")
async def test_a_broken_file_is_not_ready(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"not a database, certainly not" * 100)
    broken = Database(f"sqlite+aiosqlite:///{tmp_path / 'broken.db'}")
    with pytest.raises(NotReady):
        async with Store(broken).work() as work:
            await work.inbox.counts()
    await broken.close()


async def test_our_own_mistakes_are_not_hidden_as_an_outage(database: Database) -> None:
    with pytest.raises(Exception, match=r"NOT NULL|null value") as caught:
        async with database.transaction() as connection:
            await connection.execute(inbox.insert(), [{"shop_id": "s"}])
    assert not isinstance(caught.value, NotReady)


CALL = {"destination": "d", "path": "p", "started_at": T0, "milliseconds": 1, "outcome": "o", "detail": "", "items": 1}


@pytest.mark.parametrize(
    ("bad", "refused_by"),
    [
        ({"detail": "planted-canary\x00"}, {"postgresql"}),
        ({"detail": "planted-canary\ud83d"}, {"sqlite", "postgresql"}),
        ({"milliseconds": 2**40}, {"postgresql"}),
        ({"items": 2**70}, {"sqlite", "postgresql"}),
        ({"items": "planted-canary"}, {"postgresql"}),
        ({"path": None, "detail": "planted-canary"}, {"sqlite", "postgresql"}),
    ],
)
async def test_r73_a_value_that_the_store_cannot_hold_is_no_outage_and_its_error_does_not_repeat_it(
    database: Database, dialect: str, bad: dict[str, object], refused_by: set[str]
) -> None:
    """Who waits for an outage to end would wait for ever, and everybody else with them."""
    refused = dialect in refused_by
    with pytest.raises((DBAPIError, ValueError, OverflowError)) if refused else contextlib.nullcontext() as caught:
        async with database.transaction() as connection:
            await connection.execute(calls.insert(), [{**CALL, **bad}])
    if caught is not None and isinstance(caught.value, DBAPIError):
        assert "planted-canary" not in "".join(traceback.format_exception(caught.value))


async def test_r73_what_is_too_long_for_an_index_is_no_outage(database: Database, dialect: str) -> None:
    long = "".join(f"{number:x}" for number in range(30_000))
    row = {"shop_id": "s", "email": long, "doc": b"", "updated_at": T0}
    with pytest.raises(DBAPIError) if dialect == "postgresql" else contextlib.nullcontext():
        async with database.transaction() as connection:
            await connection.execute(contacts.insert(), [row])


async def test_an_error_of_the_database_names_no_parameters(database: Database) -> None:
    """A parameter is a person's address or name sooner or later, and errors end in logs."""
    with pytest.raises(DBAPIError) as failed:
        async with database.engine.connect() as connection:
            await connection.execute(text("SELECT * FROM no_such_table WHERE name = :name"), {"name": "planted-canary"})
    assert "planted-canary" not in str(failed.value)


async def test_a_connection_that_ended_while_it_was_idle_costs_nobody_a_transaction(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "ASK_AFTER_SECONDS", 0.0)
    database, other = Database(postgresql_url), Database(postgresql_url)
    try:
        async with database.transaction() as connection:
            ours = (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        async with other.transaction() as connection:
            await connection.execute(text("SELECT pg_terminate_backend(:ours, 5000)"), {"ours": ours})
        async with database.transaction() as connection:
            assert (await connection.execute(text("SELECT pg_backend_pid()"))).scalar_one() != ours
    finally:
        await database.close()
        await other.close()


async def test_a_connection_in_use_is_not_asked_whether_it_lives(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "ASK_AFTER_SECONDS", 3600.0)
    database, asked = Database(postgresql_url), list[object]()
    monkeypatch.setattr(database.engine.sync_engine.dialect, "do_ping", asked.append)
    try:
        for _ in range(3):
            async with database.transaction() as connection:
                await connection.execute(text("SELECT 1"))
        assert asked == []
        monkeypatch.setattr(database_module, "ASK_AFTER_SECONDS", 0.0)
        async with database.transaction() as connection:
            await connection.execute(text("SELECT 1"))
        assert len(asked) == 1
    finally:
        await database.close()


async def test_what_only_reads_needs_no_transaction_and_keeps_no_lock_on_postgresql(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    held = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")
    try:
        for reading, locks in ((True, 0), (False, 1)):
            async with database.transaction(reading=reading) as connection:
                await connection.execute(text("SELECT pg_advisory_xact_lock(77)"))
                assert (await connection.execute(held)).scalar_one() == locks
    finally:
        await database.close()


async def test_a_transaction_that_does_not_end_is_ended_by_postgresql(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that was stopped in the middle of a statement is busy, not idle, to the server; its locks must go all the same."""
    monkeypatch.setattr(database_module, "TRANSACTION_SECONDS", 1)
    database = Database(postgresql_url)
    try:
        with pytest.raises(NotReady):
            async with database.transaction() as connection:
                await connection.execute(text("SELECT pg_sleep(10)"))
        async with database.transaction() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar_one() == 1
    finally:
        await database.close()


async def test_who_is_first_waits_for_the_connection_but_not_for_the_others_that_wait(database: Database) -> None:
    """A caller waits for its 202 meanwhile."""
    order: list[str] = []

    async def one(name: str, *, first: bool = False) -> None:
        async with database.transaction(first=first):
            order.append(name)
            await asyncio.sleep(0.01)

    waiting = [asyncio.create_task(one(name)) for name in ("a", "b", "c")]
    await asyncio.sleep(0.002)
    await asyncio.gather(one("caller", first=True), *waiting)
    if database.is_sqlite:  # one connection
        assert order == ["a", "caller", "b", "c"]
    assert sorted(order) == ["a", "b", "c", "caller"]


async def test_a_connection_that_nobody_gives_back_is_an_outage_for_all_who_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.storage.engine.database.POOL_SECONDS", 0.05)
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'a.db'}")
    try:
        async with database.transaction():
            for first in (True, False):
                with pytest.raises(NotReady):
                    async with database.transaction(first=first):
                        pass
        async with database.transaction() as connection:
            assert (await connection.execute(text("SELECT 1"))).scalar() == 1
    finally:
        await database.close()
