"""From accepted to delivered, against task queues that make the same calls for the same orders at the same sink."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from benchmarks.report import Figures, at_least, at_most
from benchmarks.stage import Gateway, Stage, seconds

ROOT = Path(__file__).parent.parent
RIVALS = ("procrastinate", "dbos-sqlite", "dbos-postgresql", "celery", "naive")
TIMES_FASTER = at_least(10)


def measure(stage: Stage, figures: Figures) -> None:
    """SQLite, PostgreSQL with one and two workers, and each rival, one after another."""
    events = stage.size(6_000, 1_000)
    calls_before = stage.sink.state()[0]
    with stage.gateway() as gateway:
        embedded = events / _delivered(stage, gateway, events)
    calls = stage.sink.state()[0] - calls_before
    figures.add("accepted to delivered, SQLite, one process", embedded, "events/s", at_least(2_500))
    figures.add("calls at SALESmanago per 1,000 events", calls * 1000 / events, "calls", at_most(25))
    _postgresql(stage, figures, events)
    for rival in RIVALS:
        _against(stage, figures, rival, embedded)


def _delivered(stage: Stage, gateway: Gateway, events: int) -> float:
    """Seconds from the first request to the last event at the sink. Every other order is by somebody who ordered before."""
    wanted = stage.sink.state()[1] + events

    def whole() -> None:
        gateway.post(events, stage.run(), people=events // 2)
        stage.sink.wait_for(wanted)

    return seconds(whole)


def _postgresql(stage: Stage, figures: Figures, events: int) -> None:
    rates = []
    for workers in (1, 2):
        with stage.gateway(stage.postgres.create(), worker=False) as gateway:
            for number in range(workers):
                gateway.world.worker(f"worker{number}")
            _delivered(stage, gateway, 200)  # everybody is up and connected
            rates.append(events / _delivered(stage, gateway, events))
    one, two = rates
    figures.add("accepted to delivered, PostgreSQL, one worker", one, "events/s")
    figures.add("accepted to delivered, PostgreSQL, two workers", two, "events/s")
    figures.add("PostgreSQL, two workers : one worker", two / one, "×", at_least(1.5))


def _against(stage: Stage, figures: Figures, rival: str, ours: float) -> None:
    told = _run(stage, rival)
    ratio, budget = f"gateway : {rival}", TIMES_FASTER if rival != "naive" else None
    if "skipped" in told:
        figures.skip(ratio, told["skipped"][:80], budget)
        return
    figures.add(f"{rival}, a task per event", told["per_second"], "events/s")
    figures.add(f"{rival}, calls per 1,000 events", told["calls_per_1000_events"], "calls")
    figures.add(ratio, ours / told["per_second"], "×", budget)


def _run(stage: Stage, rival: str) -> dict[str, Any]:
    python = Path(os.environ.get("BENCH_RIVALS_PYTHON", ROOT / ".venv-rivals" / "bin" / "python"))
    if not python.exists():
        return {"skipped": "no virtual environment for rivals: make bench makes one"}
    command = [str(python), "-m", "benchmarks.rivals", rival, "--events", str(stage.size(600, 200)), "--endpoint", stage.sink.url]
    asked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    if asked.returncode:
        return {"skipped": f"it failed: {' '.join(asked.stderr.split())[-200:]}"}
    told: dict[str, Any] = json.loads(asked.stdout.splitlines()[-1])
    return told
