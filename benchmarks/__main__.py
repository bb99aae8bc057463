"""`make bench`: every budget of the design, each figure beside its floor or its rival in the same run."""

import argparse
import os
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import accounts, claim, delivery, intake, kills, latency, memory, pace, report, scan, shops, workers
from benchmarks.stage import Stage

Row = Callable[[Stage, report.Figures], None]

EACH_TIME: dict[str, Row] = {
    "intake": intake.measure,
    "delivery": delivery.measure,
    "pace": pace.measure,
    "latency": latency.measure,
}
"""Measured in every repetition."""
ONCE: dict[str, Row] = {
    "accounts": accounts.measure,
    "workers": workers.measure,
    "shops": shops.measure,
    "memory": memory.measure,
    "claim": claim.measure,
    "kills": kills.measure,
    "scan": scan.measure,
}
"""These repeat what is to be repeated themselves."""

RESULTS = Path(__file__).parent / "results" / "latest.json"
ROOT = Path(__file__).parent.parent
TABLES = ((ROOT / "docs" / "performance.md", report.as_markdown), (ROOT / "README.md", report.in_short))


def main() -> int:
    asked = _arguments()
    console, figures, repetitions = Console(), report.Figures(), 1 if asked.short else asked.repetitions
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-", ignore_cleanup_errors=True) as folder:
        stage = Stage(Path(folder), short=asked.short)
        try:
            for name, measure in {**EACH_TIME, **ONCE}.items():
                if asked.rows and name not in asked.rows:
                    continue
                for number in range(repetitions if name in EACH_TIME else 1):
                    measure(stage, figures)
                    console.print(f"{name} {number + 1} ({time.monotonic() - began:.0f} s)", style="dim", highlight=False)
            about = _about(stage, repetitions)
        finally:
            stage.close()
    found = list(figures)
    console.print(report.on_screen(found, f"{repetitions} repetitions, {about['cores']} cores, {about['processor']}"))
    report.write(found, about, RESULTS)
    if asked.page:
        for page, written in TABLES:
            page.write_text(report.between_marks(page.read_text(), written(found, about)))
    missed = report.missed(found)
    console.print(
        f"{len(found)} figures in {time.monotonic() - began:.0f} s; missed: {', '.join(missed) or 'none'}", highlight=False
    )
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"{', '.join({**EACH_TIME, **ONCE})}; all of them otherwise")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--short", action="store_true", help="small sizes, once: does everything work?")
    parser.add_argument("--page", "--readme", action="store_true", help="put the tables into docs/performance.md and README.md")
    return parser.parse_args()


def _about(stage: Stage, repetitions: int) -> dict[str, Any]:
    processor = next((line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), "unknown")
    return {
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "processor": processor,
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": stage.postgres_version,
        "repetitions": repetitions,
        "short": stage.short,
    }


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


if __name__ == "__main__":
    sys.exit(main())
