"""The file, its owner, its version, its migrations."""

import asyncio
import contextlib
import os
import threading
import time
import traceback
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, event, inspect, select, text
from sqlalchemy.exc import DBAPIError

from app.domain.consent import ConsentAnswerCounts
from app.domain.errors import NotPrepared, NotReady
from app.storage.engine import database as database_module
from app.storage.engine import migrations
from app.storage.engine.database import AlreadyOwned, Database, wal_race_fixed
from app.storage.engine.tables import calls, contact_aliases, contacts, inbox, metadata
from app.storage.unit_of_work import Store
from tests.support.stored import T0, new_event


def differences(connection: Connection) -> list[object]:
    return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))


def tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


async def look(database: Database, question):  # type: ignore[no-untyped-def]
    async with database.engine.connect() as connection:
        return await connection.run_sync(question)


async def test_migrations_make_exactly_the_tables_the_code_knows_and_go_down_without_a_trace(empty_database: Database) -> None:
    database = empty_database
    assert not await migrations.is_current(database)
    await migrations.upgrade(database)
    assert await migrations.is_current(database)
    assert await look(database, differences) == []
    assert set(metadata.tables) <= await look(database, tables)
    await migrations.downgrade(database)
    assert not await look(database, tables) & set(metadata.tables)
    assert not await migrations.is_current(database)
    await migrations.upgrade(database)
    await migrations.upgrade(database)  # nothing to do is no mistake
    assert await look(database, differences) == []


async def test_the_comparison_would_see_a_difference(empty_database: Database) -> None:
    database = empty_database
    await migrations.upgrade(database)
    async with database.engine.begin() as connection:
        await connection.execute(text("DROP INDEX ix_outbox_event_seq"))
        await connection.execute(text("ALTER TABLE outbox ADD COLUMN surprise BIGINT"))
    assert len(await look(database, differences)) == 2


async def test_a_migration_leaves_what_is_stored(database: Database, store: Store) -> None:
    async with store.work() as work:
        await work.inbox.add([new_event("e1")], T0)
        await work.commit()
    await migrations.upgrade(database)
    async with database.transaction() as connection:
        assert [row.event_id for row in await connection.execute(select(inbox.c.event_id))] == ["e1"]


async def test_the_migration_knows_who_was_sent_before_it_from_what_is_stored(empty_database: Database) -> None:
    await migrations.upgrade(empty_database, "20261126a")
    docs = {"sent@example.pl": b'{"told": {"email": "sent@example.pl"}}', "x@example.pl": b'{"told": {"email": null}}'}
    async with empty_database.engine.begin() as connection:
        for email, doc in docs.items():
            add = "INSERT INTO contacts (shop_id, email, doc, updated_at) VALUES ('shop1', :email, :doc, :at)"
            await connection.execute(text(add), {"email": email, "doc": doc, "at": 1})
        add = "INSERT INTO contact_aliases (shop_id, email, contact_id, until) VALUES ('shop1', 'o@example.pl', 1, :at)"
        await connection.execute(text(add), {"at": 1})
    await migrations.upgrade(empty_database)
    async with empty_database.engine.begin() as connection:
        rows = await connection.execute(select(contacts.c.email, contacts.c.sent_as).order_by(contacts.c.id))
        assert [tuple(row) for row in rows] == [("sent@example.pl", "sent@example.pl"), ("x@example.pl", None)]
        assert (await connection.execute(select(contact_aliases.c.sent))).scalar_one() is True


async def test_the_migration_counts_once_why_events_of_before_were_not_sent(empty_database: Database) -> None:
    await migrations.upgrade(empty_database, "20261129b")
    hour = 3_600_000_000
    events = [
        {"id": f"e{at}", "at": at, "state": state, "reason": reason}
        for at, state, reason in (
            (hour + 1, "withheld", "no_consent"),
            (2 * hour - 1, "withheld", "no_consent"),
            (2 * hour, "withheld", "no_consent"),
            (hour + 2, "parked", "refused"),
            (hour + 3, "superseded", "nothing_new"),
            (hour + 4, "sent", None),
        )
    ]
    add = (
        "INSERT INTO inbox (shop_id, event_id, type, subject, digest, occurred_at, received_at, urgent, background, state, reason, "
        "open_commands) VALUES ('shop1', :id, 'order', '', '', :at, :at, false, false, :state, :reason, 0)"
    )
    async with empty_database.engine.begin() as connection:
        await connection.execute(text(add), events)
    await migrations.upgrade(empty_database)
    async with empty_database.engine.begin() as connection:
        rows = await connection.execute(text("SELECT * FROM reason_counts ORDER BY hour, reason"))
        assert [tuple(row) for row in rows] == [
            (hour, "shop1", "withheld", "no_consent", 2),
            (hour, "shop1", "parked", "refused", 1),
            (2 * hour, "shop1", "withheld", "no_consent", 1),
        ]


async def test_contact_queues_and_destinations_keep_their_rows_when_they_are_renamed_and_back(empty_database: Database) -> None:
    columns = "contact_id, destination, shop_id, priority, pending, due_at, attempts"
    queue, state = (7, "account:main", "shop1", 0, 2, 5, 0), ("account:main", b"{}")
    await migrations.upgrade(empty_database, "20261128w")
    async with empty_database.engine.begin() as connection:
        values = "7, 'account:main', 'shop1', 0, 2, 5, 0"
        await connection.execute(text(f"INSERT INTO mailboxes ({columns}) VALUES ({values})"))
        await connection.execute(text("INSERT INTO neighbours VALUES ('account:main', :doc)"), {"doc": b"{}"})
    await migrations.upgrade(empty_database)
    for queues, states in (("contact_queues", "destinations"), ("mailboxes", "neighbours")):
        async with empty_database.engine.begin() as connection:
            assert [tuple(row) for row in await connection.execute(text(f"SELECT {columns} FROM {queues}"))] == [queue]
            assert [tuple(row) for row in await connection.execute(text(f"SELECT * FROM {states}"))] == [state]
        await migrations.downgrade(empty_database, "20261128w")


async def test_r08_what_a_platform_said_at_an_impossible_time_is_set_right_by_the_upgrade(empty_database: Database) -> None:
    await migrations.upgrade(empty_database, "20261129c")
    now = time.time_ns() // 1000
    times = {"ahead": 253_402_300_799_000_000, "of an empty date": -62_135_596_800_000_000, "right": now - 10**9}
    async with empty_database.engine.begin() as connection:
        for key, as_of in times.items():
            row = {"key": key, "as_of": as_of}
            await connection.execute(text("INSERT INTO source_seen VALUES ('shop1', :key, 'y', :as_of)"), row)
    await migrations.upgrade(empty_database)
    async with empty_database.engine.begin() as connection:
        found = {row.key: row.as_of for row in await connection.execute(text("SELECT key, as_of FROM source_seen"))}
    assert found["right"] == times["right"]
    assert found["of an empty date"] == 946_684_800_000_000
    assert now <= found["ahead"] <= time.time_ns() // 1000


async def test_on_postgresql_yesterdays_code_goes_on_under_the_former_names_of_tables(empty_database: Database) -> None:
    if empty_database.path is not None:
        return  # a file of SQLite has one owner: nothing runs beside it
    await migrations.upgrade(empty_database)
    more = (
        "INSERT INTO mailboxes (contact_id, destination, shop_id, priority, pending, due_at, attempts) "
        "VALUES (7, 'account:main', 'shop1', 0, 1, 5, 0) "
        "ON CONFLICT (contact_id, destination) DO UPDATE SET pending = mailboxes.pending + excluded.pending"
    )
    async with empty_database.engine.begin() as connection:
        for _ in range(2):
            await connection.execute(text(more))
        claim = "SELECT contact_id FROM mailboxes WHERE due_at <= 9 ORDER BY due_at LIMIT 5 FOR UPDATE SKIP LOCKED"
        assert (await connection.execute(text(claim))).scalars().all() == [7]
        await connection.execute(text("UPDATE mailboxes SET lease_token = 3, leased_until = 9 WHERE contact_id = 7"))
        add = "INSERT INTO neighbours (destination, doc) VALUES ('account:main', :doc) ON CONFLICT (destination) DO NOTHING"
        await connection.execute(text(add), {"doc": b"{}"})
        assert (await connection.execute(text("SELECT doc FROM neighbours FOR UPDATE"))).scalar_one() == b"{}"
        rows = await connection.execute(text("SELECT pending, lease_token FROM contact_queues"))
        assert [tuple(row) for row in rows] == [(2, 3)]
        await connection.execute(text("DELETE FROM mailboxes WHERE contact_id = 7"))
        assert (await connection.execute(text("SELECT count(*) FROM contact_queues"))).scalar_one() == 0


async def test_the_migration_takes_counted_answers_of_the_consent_box_for_the_last_ones(empty_database: Database) -> None:
    await migrations.upgrade(empty_database, "20261128p")
    async with empty_database.engine.begin() as connection:
        for shop, box, orders in (("a", "not_asked", 900), ("a", "given", 1), ("b", "not_asked", 30)):
            add = "INSERT INTO order_boxes (shop_id, box, orders) VALUES (:shop, :box, :orders)"
            await connection.execute(text(add), {"shop": shop, "box": box, "orders": orders})
    await migrations.upgrade(empty_database)
    async with Store(empty_database, lambda: T0).work() as work:
        assert await work.sales.consent_answers() == {
            "a": ConsentAnswerCounts(given=1, not_asked=49),
            "b": ConsentAnswerCounts(not_asked=30),
        }


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


async def test_a_migration_may_take_as_long_as_it_takes(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "TRANSACTION_SECONDS", 1)
    database, slowed = Database(postgresql_url), []

    def sleep_once(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "CREATE TABLE inbox" in statement and not slowed:
            slowed.append(statement)
            cursor.execute("SELECT pg_sleep(2)")

    event.listen(database.engine.sync_engine, "before_cursor_execute", sleep_once)
    try:
        await migrations.upgrade(database)
        assert slowed
        assert await migrations.is_current(database)
        async with database.transaction() as connection:
            assert (await connection.execute(text("SHOW transaction_timeout"))).scalar_one() == "1s"
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


@pytest.mark.parametrize(
    ("revision", "words"),
    [(None, "is empty"), ("20261123b", "is of an older version"), ("29990101", "A newer version of the gateway migrated")],
)
async def test_r74_a_database_of_another_version_is_not_asked_and_not_touched(
    empty_database: Database, revision: str | None, words: str
) -> None:
    if revision is not None:
        async with empty_database.engine.begin() as connection:
            await connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
            await connection.execute(text("INSERT INTO alembic_version VALUES (:revision)"), {"revision": revision})
    before = await look(empty_database, tables)
    with pytest.raises(NotPrepared, match=words):
        await migrations.check_current(empty_database)
    assert await look(empty_database, tables) == before


async def test_a_database_that_a_newer_gateway_migrated_is_left_alone_by_an_older_one(empty_database: Database) -> None:
    async with empty_database.engine.begin() as connection:
        await connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)"))
        await connection.execute(text("INSERT INTO alembic_version VALUES ('29990101')"))
    with pytest.raises(NotPrepared, match="A newer version"):
        await migrations.upgrade(empty_database)


async def test_r74_a_current_database_may_be_asked_and_is_not_touched(database: Database) -> None:
    before = await look(database, tables)
    await migrations.check_current(database)
    assert await look(database, tables) == before
