"""Celery on Redis: a task per event, acknowledged after it is done, so that a killed worker's tasks come back.

`--variant POOL-FSYNC`: Celery's pool (prefork, threads, gevent), and when Redis forces its append-only file to the disk
(everysec, always). `celery -A benchmarks.rivals.celery_rival worker` is the worker; the environment tells it where.
"""

import os
import sys
from typing import Any

from celery import Celery
from celery.signals import worker_ready

from benchmarks.rivals import calls
from benchmarks.rivals.bench import Bench, Took, a_redis, timed, versions, workers

PROCESSES = 2
CONCURRENCY = 4
VARIANT = "threads-everysec"
_PREFETCH = 4
_BROKER, _ENDPOINT, _CONNECTIONS = "RIVAL_BROKER", "RIVAL_ENDPOINT", "RIVAL_CONNECTIONS"


def _app(broker: str) -> Celery:
    app = Celery("rival", broker=broker)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        worker_prefetch_multiplier=_PREFETCH,
        worker_send_task_events=False,
        worker_enable_remote_control=False,
        worker_redirect_stdouts=False,  # "ready" is read from there
        broker_connection_retry_on_startup=True,
        task_default_queue="deliver",
    )
    return app


app = _app(os.environ.get(_BROKER, ""))
_pools: dict[int, Any] = {}


def _http() -> Any:
    """One pool to a process, made after the fork: connections are not for sharing between processes."""
    if os.getpid() not in _pools:
        _pools[os.getpid()] = calls.client(os.environ[_ENDPOINT], int(os.environ[_CONNECTIONS]))
    return _pools[os.getpid()]


@app.task(name="deliver")  # type: ignore[untyped-decorator]
def deliver(order: calls.JsonObject) -> None:
    """Both calls of an event."""
    http = _http()
    calls.post(http, calls.upsert(order))
    calls.post(http, calls.add_event(order))


@worker_ready.connect  # type: ignore[untyped-decorator]
def _ready(**_: object) -> None:
    print("ready", flush=True)


def run(_name: str, bench: Bench) -> Took:
    processes, concurrency = bench.processes or PROCESSES, bench.concurrency or CONCURRENCY
    variant = bench.variant or VARIANT
    pool, fsync = variant.split("-")
    quiet = ["--loglevel", "ERROR", "--without-gossip", "--without-mingle", "--without-heartbeat"]
    command = ["-m", "celery", "-A", "benchmarks.rivals.celery_rival", "worker", "--pool", pool, "-c", str(concurrency), *quiet]
    with a_redis(bench.folder, fsync) as (broker, version):
        connections = 1 if pool == "prefork" else concurrency
        environment = {_BROKER: broker, _ENDPOINT: bench.endpoint, _CONNECTIONS: str(connections)}
        with workers(processes, [sys.executable, *command, "--hostname", "rival-%h"], bench.folder, environment):
            measured = timed(bench, lambda: _enqueue(broker, bench))
    settings = (
        f"{processes} workers, {pool} pool of {concurrency}, prefetch {_PREFETCH}, acks_late, no results, "
        f"one producer connection; Redis, append-only file, fsync {fsync}"
    )
    return Took(measured, settings, versions("celery", "kombu", "redis", "httpx", **{"redis-server": version}))


def _enqueue(broker: str, bench: Bench) -> None:
    """Celery has no bulk call of its own: one producer on one connection is its fast way."""
    ids, producing = bench.ids(), _app(broker)
    with producing.producer_pool.acquire(block=True) as producer:
        for number in range(bench.events):
            producing.send_task("deliver", (ids.order(number),), producer=producer)
