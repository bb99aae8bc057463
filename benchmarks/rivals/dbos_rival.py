"""DBOS: a durable workflow per event on a queue, its two calls as steps, in SQLite or in PostgreSQL.

As a command it is the worker: `python -m benchmarks.rivals.dbos_rival DATABASE_URL ENDPOINT CONCURRENCY VARIANT`.
`--variant threads` runs workflows as plain functions in DBOS's thread pool, `asyncio` as coroutines.
"""

import contextlib
import signal
import sqlite3
import sys
from collections.abc import Iterator
from typing import Any

import sqlalchemy
from dbos import DBOS, DBOSClient, DBOSConfig

from benchmarks.rivals import calls
from benchmarks.rivals.bench import Bench, Took, a_postgres_database, module, timed, versions, workers

QUEUE = "deliver"
# SQLite lets one process write at a time, and DBOS claims queued workflows by writing.
PROCESSES = {"dbos-sqlite": 1, "dbos-postgresql": 2}
CONCURRENCY = 16
VARIANT = "threads"
_POLL_SECONDS = 0.05
_PER_TRANSACTION = 500


def work(url: str, endpoint: str, concurrency: int, variant: str) -> None:
    """One worker, until it is stopped."""
    config: DBOSConfig = {
        "name": "rival",
        "system_database_url": url,
        "application_version": "1",
        "log_level": "WARNING",
        "max_executor_threads": concurrency + 8,
    }
    DBOS(config=config)
    {"threads": _register_plain, "asyncio": _register_coroutines}[variant](endpoint, concurrency)
    DBOS.launch()
    DBOS.register_queue(QUEUE, worker_concurrency=concurrency, polling_interval_sec=_POLL_SECONDS)
    print("ready", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


def _register_plain(endpoint: str, concurrency: int) -> None:
    http = calls.client(endpoint, concurrency)

    @DBOS.step(name="upsert")
    def upsert(order: calls.JsonObject) -> None:
        calls.post(http, calls.upsert(order))

    @DBOS.step(name="add_event")
    def add_event(order: calls.JsonObject) -> None:
        calls.post(http, calls.add_event(order))

    @DBOS.workflow(name="deliver")
    def deliver(order: calls.JsonObject) -> None:
        upsert(order)
        add_event(order)


def _register_coroutines(endpoint: str, concurrency: int) -> None:
    http = calls.async_client(endpoint, concurrency)

    @DBOS.step(name="upsert")
    async def upsert(order: calls.JsonObject) -> None:
        await calls.post_async(http, calls.upsert(order))

    @DBOS.step(name="add_event")
    async def add_event(order: calls.JsonObject) -> None:
        await calls.post_async(http, calls.add_event(order))

    @DBOS.workflow(name="deliver")
    async def deliver(order: calls.JsonObject) -> None:
        await upsert(order)
        await add_event(order)


def run(name: str, bench: Bench) -> Took:
    processes, concurrency = bench.processes or PROCESSES[name], bench.concurrency or CONCURRENCY
    variant = bench.variant or VARIANT
    with (
        _store(name, bench) as (url, store, version),
        workers(processes, module("dbos_rival", url, bench.endpoint, concurrency, variant), bench.folder),
    ):
        engine = sqlalchemy.create_engine(url)
        client = DBOSClient(system_database_engine=engine)
        measured = timed(bench, lambda: _enqueue(client, engine, bench))
        client.destroy()
        engine.dispose()
    settings = (
        f"{processes} workers, {concurrency} workflows each ({variant}), queue polled every {_POLL_SECONDS} s, "
        f"enqueued {_PER_TRANSACTION} to a transaction; {store}"
    )
    return Took(measured, settings, versions("dbos", "sqlalchemy", "httpx", **version))


@contextlib.contextmanager
def _store(name: str, bench: Bench) -> Iterator[tuple[str, str, dict[str, str]]]:
    if name == "dbos-sqlite":
        path = bench.folder / "dbos.db"
        with contextlib.closing(sqlite3.connect(path)) as made:
            made.execute("PRAGMA journal_mode = WAL")  # stays with the file; DBOS itself would leave it at DELETE
        yield f"sqlite:///{path}", "SQLite, WAL, synchronous FULL", {"sqlite": sqlite3.sqlite_version}
        return
    with a_postgres_database(bench) as (dsn, version):
        url = dsn.replace("postgresql://", "postgresql+psycopg://", 1)
        yield url, "PostgreSQL, fsync and synchronous_commit on", {"postgresql": version}


def _enqueue(client: DBOSClient, engine: Any, bench: Bench) -> None:
    ids = bench.ids()
    for start in range(0, bench.events, _PER_TRANSACTION):
        with engine.begin() as connection:
            for number in range(start, min(start + _PER_TRANSACTION, bench.events)):
                client.enqueue_in_transaction(connection, {"workflow_name": "deliver", "queue_name": QUEUE}, ids.order(number))


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
