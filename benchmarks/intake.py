"""Intake: durable single events against a FastAPI route that stores nothing, and batches against single events."""

import asyncio
import json
import sqlite3
import time
from pathlib import Path

from benchmarks import load
from benchmarks.orders import SHOP, a_batch, an_order
from benchmarks.report import Figures, at_least, at_most
from benchmarks.stage import Gateway, Server, Stage
from chaos.world import free_port

CONNECTIONS = 32
BATCH = 100
TURNS = 4
"""The floor and the gateway take turns within a repetition, so that a slow moment of the machine hits both."""


def measure(stage: Stage, figures: Figures) -> None:
    port = free_port()
    quiet = ["--no-access-log", "--log-level", "error"]
    ready = f"http://127.0.0.1:{port}/"
    floor = Server(stage.folder, "floor", ready, ["-m", "uvicorn", "benchmarks.floor:app", "--port", str(port), *quiet])
    try:
        with stage.gateway(worker=False) as gateway:
            _single(stage, figures, port, gateway)
            _batches(stage, figures, gateway)
    finally:
        floor.close()
    rows = _raw_group_commit(stage.folder / f"{stage.run()}.db")
    figures.add("raw SQLite inserts in groups of 32, WAL, synchronous FULL", rows, "rows/s")


def _single(stage: Stage, figures: Figures, floor_port: int, gateway: Gateway) -> None:
    floors, singles = [], []
    requests, path = stage.size(1_500, 200), f"/v1/shops/{SHOP}/orders"
    for _ in range(TURNS):
        run = stage.run()

        def one(number: int, run: str = run) -> bytes:
            return json.dumps(an_order(number, run, people=requests)).encode()

        floors.append(_posted(floor_port, path, gateway.key, one, requests, CONNECTIONS))
        singles.append(_posted(gateway.port, path, gateway.key, one, requests, CONNECTIONS))
    floor, single = load.together(floors), load.together(singles)
    figures.add("intake, single events", single.per_second, "events/s")
    figures.add("floor: FastAPI and pydantic, nothing stored", floor.per_second, "requests/s")
    figures.add("single intake : floor", single.per_second / floor.per_second, "×", at_least(1.0))
    figures.add("p99 of single intake", single.p99_ms, "ms")
    figures.add("p99 of single intake : p99 of the floor", single.p99_ms / floor.p99_ms, "×", at_most(2.0))


def _batches(stage: Stage, figures: Figures, gateway: Gateway) -> None:
    run, requests, path = stage.run(), stage.size(60, 5), f"/v1/shops/{SHOP}/events"
    people = requests * BATCH

    def many(number: int) -> bytes:
        return json.dumps(a_batch(range(number * BATCH, (number + 1) * BATCH), run, people)).encode()

    def one(number: int) -> bytes:
        return json.dumps(an_order(number, f"{run}s", people)).encode()

    batches = _posted(gateway.port, path, gateway.key, many, requests, 4)
    single = _posted(gateway.port, f"/v1/shops/{SHOP}/orders", gateway.key, one, stage.size(3_000, 200), CONNECTIONS)
    figures.add("intake, batches of 100", batches.per_second * BATCH, "events/s")
    figures.add("batch intake : single intake", batches.per_second * BATCH / single.per_second, "×", at_least(3.5))


def _posted(port: int, path: str, key: str, body: load.Body, requests: int, connections: int) -> load.Load:
    done = asyncio.run(load.post("127.0.0.1", port, path, key, body, requests, connections))
    if set(done.statuses) != {202}:  # the floor answers so too
        raise RuntimeError(f"{path} answered {done.statuses}")
    return done


def _raw_group_commit(path: Path, groups: int = 100, group: int = 32) -> float:
    """What the disk and SQLite allow: rows of the same size, committed in groups, nothing else."""
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("CREATE TABLE events (id INTEGER PRIMARY KEY, event_id TEXT UNIQUE, payload BLOB)")
    payload = json.dumps(an_order(1, "raw", 1)).encode()
    began = time.perf_counter()
    for number in range(groups):
        database.execute("BEGIN")
        rows = [(f"raw-{number}-{at}", payload) for at in range(group)]
        database.executemany("INSERT INTO events (event_id, payload) VALUES (?, ?)", rows)
        database.execute("COMMIT")
    took = time.perf_counter() - began
    database.close()
    return groups * group / took
