"""`make bench`: intake against its floor, the way to the stand-in, and calls per thousand events."""

import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from benchmarks import load
from tests.processes import World, a_world, free_port

REPETITIONS = int(os.environ.get("BENCH_REPETITIONS", "5"))
SINGLE = 3_000
BATCHES = 100
BATCH_SIZE = 100
CONNECTIONS = 32
RESULTS = Path(__file__).parent / "results" / "latest.json"


def an_order(number: int, run: str, people: int = 2_000) -> dict[str, Any]:
    return {
        "event_id": f"{run}-{number}",
        "occurred_at": "2026-11-20T10:00:00+01:00",
        "customer": {
            "email": f"person{number % people}-{run}@example.com",
            "first_name": "Jan",
            "last_name": "Kowalski",
            "phone": "600100200",
        },
        "order": {
            "id": f"{run}-{number}",
            "currency": "PLN",
            "value": "199.99",
            "items": [
                {"product_id": "101", "name": "Buty do biegania", "unit_price": "199.99", "menu_paths": ["Obuwie/Męskie/Sportowe"]}
            ],
        },
        "transfer_consent": "given",
    }


@contextmanager
def the_floor() -> Iterator[int]:
    port = free_port()
    command = [
        sys.executable,
        "-m",
        "uvicorn",
        "benchmarks.floor:app",
        "--port",
        str(port),
        "--no-access-log",
        "--log-level",
        "error",
    ]
    with subprocess.Popen(command) as process:
        until = time.monotonic() + 20
        while time.monotonic() < until:
            try:
                httpx.get(f"http://127.0.0.1:{port}/", timeout=1)
                break
            except httpx.TransportError:
                time.sleep(0.05)
        yield port
        process.terminate()


def intake(floor_port: int, world: World, key: str, run: str) -> dict[str, float]:
    """One repetition: the floor, single events, batches; the worker is not running, so only intake is measured."""
    port = httpx.URL(world.url).port or 0
    path = "/v1/shops/shop1/orders"

    def one(number: int) -> bytes:
        return json.dumps(an_order(number, run)).encode()

    def many(number: int) -> bytes:
        events = [{"type": "order", **an_order(number * BATCH_SIZE + at, f"{run}b")} for at in range(BATCH_SIZE)]
        return json.dumps(events).encode()

    floor = asyncio.run(load.post("127.0.0.1", floor_port, path, key, one, SINGLE, CONNECTIONS))
    single = asyncio.run(load.post("127.0.0.1", port, path, key, one, SINGLE, CONNECTIONS))
    batch = asyncio.run(load.post("127.0.0.1", port, "/v1/shops/shop1/events", key, many, BATCHES, 4))
    assert single.statuses == {202: SINGLE}, single.statuses
    assert batch.statuses == {202: BATCHES}, batch.statuses
    return {
        "floor_per_second": floor.per_second,
        "single_per_second": single.per_second,
        "single_to_floor": single.per_second / floor.per_second,
        "single_p99_to_floor_p99": single.p99_ms / floor.p99_ms,
        "batch_events_per_second": batch.per_second * BATCH_SIZE,
        "batch_to_single": batch.per_second * BATCH_SIZE / single.per_second,
    }


def delivery(world: World, key: str, run: str, events: int = 5_000) -> dict[str, float]:
    """Accepted → decided → delivered: events of a busy shop, as fast as the stand-in takes them."""
    before = world.shown("state")
    calls_before = before["calls"]
    began = time.perf_counter()
    for start in range(0, events, 500):
        body = [{"type": "order", **an_order(number, run, people=events // 2)} for number in range(start, start + 500)]
        httpx.post(
            f"{world.url}/v1/shops/shop1/events", json=body, headers={"Authorization": f"Bearer {key}"}, timeout=60
        ).raise_for_status()
    wanted = before["events"] + events
    while world.shown("state")["events"] < wanted:
        time.sleep(0.05)
    took = time.perf_counter() - began
    calls = world.shown("state")["calls"] - calls_before
    return {"delivered_per_second": events / took, "calls_per_1000_events": calls * 1000 / events}


def main() -> None:
    measured: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder, the_floor() as floor_port, a_world(Path(folder)) as world:
        key = world.key("shop1")
        world.shops_file.write_text(world.shops_file.read_text().replace("calls_per_second = 100", "calls_per_second = 1000"))
        world.command("apply", str(world.shops_file), "--yes")
        for repetition in range(REPETITIONS):
            world.gateway.stop()
            world.gateway.start("--no-worker")
            figures = intake(floor_port, world, key, f"i{repetition}")
            world.gateway.stop()
            world.gateway.start()
            _drain(world)
            figures |= delivery(world, key, f"d{repetition}")
            measured.append(figures)
            print(".", end="", flush=True)
    _report(measured)


def _drain(world: World) -> None:
    """What intake left behind is delivered before delivery is measured."""
    while any(world.json("status")["shops"][0]["events"].get(state) for state in ("received", "planned")):
        time.sleep(0.5)


def _report(measured: list[dict[str, float]]) -> None:
    table = Table(
        "figure",
        "median",
        "min",
        "max",
        title=f"{REPETITIONS} repetitions, {os.cpu_count()} cores, Python {platform.python_version()}",
    )
    summary = {}
    for name in measured[0]:
        values = [figures[name] for figures in measured]
        summary[name] = {"median": statistics.median(values), "min": min(values), "max": max(values)}
        table.add_row(name, *(f"{summary[name][kind]:,.2f}" for kind in ("median", "min", "max")))
    Console().print()
    Console().print(table)
    RESULTS.parent.mkdir(exist_ok=True)
    about = {
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "repetitions": REPETITIONS,
    }
    RESULTS.write_text(json.dumps({"about": about, "figures": summary}, indent=2) + "\n")


if __name__ == "__main__":
    main()
