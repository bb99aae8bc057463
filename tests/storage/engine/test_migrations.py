"""Migrations: up, down, beside yesterday's code, and what a database of another version is answered."""

import subprocess
import sys
import time
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, inspect, select, text

from app.domain.consent import ConsentAnswerCounts
from app.domain.errors import NotPrepared
from app.storage.engine import database as database_module
from app.storage.engine import migrations
from app.storage.engine.database import Database
from app.storage.engine.tables import contact_aliases, contacts, inbox, metadata
from app.storage.unit_of_work import Store
from tests.support.databases import migrated_file
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


def test_the_revisions_are_those_that_alembic_reads_in_the_scripts() -> None:
    scripts = ScriptDirectory.from_config(migrations.config("sqlite://"))
    assert migrations.revisions() == {one.revision: one.down_revision for one in scripts.walk_revisions()}
    assert scripts.get_current_head() == migrations._newest()


_START = """
import asyncio, sys
import app.bootstrap.gateway, app.server.runner
from app.storage.engine import migrations
from app.storage.engine.database import Database

asyncio.run(migrations.upgrade(Database(sys.argv[1])))
print([name for name in sys.modules if name.partition(".")[0] in ("alembic", "mako")])
"""


def test_a_database_that_is_current_is_served_without_alembic() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _START, f"sqlite+aiosqlite:///{migrated_file()}"], capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


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


async def test_a_migration_may_take_as_long_as_it_takes(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_module, "TRANSACTION_SECONDS", 0.5)
    database, slowed = Database(postgresql_url), []

    def sleep_once(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if "CREATE TABLE inbox" in statement and not slowed:
            slowed.append(statement)
            cursor.execute("SELECT pg_sleep(0.7)")

    event.listen(database.engine.sync_engine, "before_cursor_execute", sleep_once)
    try:
        await migrations.upgrade(database)
        assert slowed
        assert await migrations.is_current(database)
        async with database.transaction() as connection:
            assert (await connection.execute(text("SHOW transaction_timeout"))).scalar_one() == "500ms"
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
