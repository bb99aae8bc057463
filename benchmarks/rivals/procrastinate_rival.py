"""Procrastinate: a task per event in PostgreSQL, put there in bulk, done by asyncio workers.

As a command it is the worker: `python -m benchmarks.rivals.procrastinate_rival DSN ENDPOINT CONCURRENCY`.
"""

import asyncio
import sys

import procrastinate
import uvloop
from procrastinate.types import JSONDict

from benchmarks.rivals import calls
from benchmarks.rivals.bench import Bench, Took, a_postgres_database, module, timed, versions, workers

PROCESSES = 2
CONCURRENCY = 8
_PER_BATCH = 500


def _app(dsn: str, connections: int) -> procrastinate.App:
    return procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=dsn, min_size=connections, max_size=connections))


async def work(dsn: str, endpoint: str, concurrency: int) -> None:
    """One worker, until it is stopped."""
    app = _app(dsn, min(concurrency, 8) + 2)
    async with calls.async_client(endpoint, concurrency) as http, app.open_async():

        @app.task(name="deliver", queue="deliver")
        async def deliver(order: calls.JsonObject) -> None:
            await calls.post_async(http, calls.upsert(order))
            await calls.post_async(http, calls.add_event(order))

        print("ready", flush=True)
        await app.run_worker_async(queues=["deliver"], concurrency=concurrency, fetch_job_polling_interval=0.5)


def run(_name: str, bench: Bench) -> Took:
    processes, concurrency = bench.processes or PROCESSES, bench.concurrency or CONCURRENCY
    with a_postgres_database(bench) as (dsn, version):
        asyncio.run(_prepare(dsn))
        with workers(processes, module("procrastinate_rival", dsn, bench.endpoint, concurrency), bench.folder):
            measured = timed(bench, lambda: asyncio.run(_enqueue(dsn, bench)))
    settings = (
        f"{processes} workers, concurrency {concurrency} (asyncio, uvloop), LISTEN/NOTIFY, "
        f"batch defer of {_PER_BATCH}; PostgreSQL, fsync and synchronous_commit on"
    )
    return Took(measured, settings, versions("procrastinate", "psycopg", "httpx", postgresql=version))


async def _prepare(dsn: str) -> None:
    async with _app(dsn, 1).open_async() as app:
        await app.schema_manager.apply_schema_async()


async def _enqueue(dsn: str, bench: Bench) -> None:
    ids = bench.ids()
    async with _app(dsn, 1).open_async() as app:
        deferrer = app.configure_task("deliver", queue="deliver")
        for start in range(0, bench.events, _PER_BATCH):
            numbers = range(start, min(start + _PER_BATCH, bench.events))
            tasks: list[JSONDict] = [{"order": ids.order(number)} for number in numbers]
            await deferrer.batch_defer_async(*tasks)


if __name__ == "__main__":
    uvloop.run(work(sys.argv[1], sys.argv[2], int(sys.argv[3])))
