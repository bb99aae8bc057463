"""What a claim costs while ten thousand events wait, and while a million do: through the product's own storage code."""

import asyncio
import statistics
import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from app.domain.commands import UpsertContact
from app.storage.engine import codec, migrations
from app.storage.engine.database import Database
from app.storage.unit_of_work import Store
from benchmarks.report import Figures, at_most
from benchmarks.stage import Stage

DESTINATION = "account:main"
CONTACTS = 200
"""Of one claim."""
CLAIMS = 15
"""Of each size in a repetition, in turns."""

_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {rows}) "
_COMMANDS = (
    "INSERT INTO outbox (destination, shop_id, contact_id, event_seq, counted, command, state, maybe_sent, attempts, queued_at) "
    + _NUMBERS
    + "SELECT '{destination}', 'shop1', n, n, true, CAST(:command AS {bytes}), 'waiting', false, 0, {due} FROM numbers"
)
_MAILBOXES = (
    "INSERT INTO contact_queues (contact_id, destination, shop_id, priority, pending, due_at, attempts) "
    + _NUMBERS
    + "SELECT n, '{destination}', 'shop1', 0, 1, {due} + n, 0 FROM numbers"
)


def measure(stage: Stage, figures: Figures) -> None:
    few, many = stage.size(10_000, 1_000), stage.size(1_000_000, 20_000)
    urls = {
        "SQLite": [f"sqlite+aiosqlite:///{stage.folder / f'{stage.run()}.db'}" for _ in range(2)],
        "PostgreSQL": [stage.postgres.create() for _ in range(2)],
    }
    for store, (small, large) in urls.items():
        asyncio.run(_compared(figures, store, {few: small, many: large}, stage.size(5, 1)))


async def _compared(figures: Figures, name: str, urls: dict[int, str], repetitions: int) -> None:
    databases = {waiting: Database(url) for waiting, url in urls.items()}
    try:
        for waiting, database in databases.items():
            await _filled(database, waiting)
        for _ in range(repetitions):
            took: dict[int, list[float]] = {waiting: [] for waiting in databases}
            for _ in range(CLAIMS):
                for waiting, database in databases.items():
                    took[waiting].append(await _claim(Store(database)))
            few, many = (statistics.median(times) * 1000 for times in took.values())
            sizes = " and ".join(f"{waiting:,}" for waiting in reversed(urls))
            figures.add(f"claim of {CONTACTS} contacts, {name}, {max(urls):,} waiting", many, "ms")
            figures.add(f"claim, {name}, with {sizes} waiting", many / few, "×", at_most(1.3))
    finally:
        for database in databases.values():
            await database.close()


async def _filled(database: Database, waiting: int) -> None:
    await migrations.upgrade(database)
    due = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp() * 1_000_000)
    words = {"rows": waiting, "destination": DESTINATION, "due": due, "bytes": "BLOB" if database.is_sqlite else "BYTEA"}
    command = codec.encode_tagged(UpsertContact(email="jan.kowalski@example.com", profile={"first_name": "Jan"}))
    async with database.engine.connect() as connection:
        await connection.execute(text(_COMMANDS.format(**words)), {"command": command})
        await connection.execute(text(_MAILBOXES.format(**words)))
        await connection.commit()
        await connection.execute(text("ANALYZE"))
        await connection.commit()


async def _claim(store: Store) -> float:
    """Seconds. Left without a commit, so that the next claim finds the same."""
    async with store.work() as work:
        began = time.perf_counter()
        claims = await work.leases.claim(DESTINATION, (), CONTACTS, datetime.now(UTC), timedelta(seconds=60))
        took = time.perf_counter() - began
    if len(claims) != CONTACTS:
        raise RuntimeError(f"{len(claims)} claims")
    return took
