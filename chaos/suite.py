"""Scenarios by name, how they are run, and the table at the end."""

import itertools
import json
import os
import platform
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from chaos.ledger import Result
from chaos.postgres import Postgres
from chaos.proxy import Proxy
from chaos.world import Setting, World

RESULTS = Path(__file__).parent / "results" / "latest.json"


class Skip(Exception):
    """The machine cannot play this; the words say what is missing."""


class Stage:
    """What a scenario may use: worlds, a PostgreSQL, a size."""

    def __init__(self, folder: Path, *, short: bool, patches: Sequence[str] = ()) -> None:
        self.short = short
        self._folder = folder
        self._patches = tuple(patches)
        self._postgres: Postgres | None = None
        self._numbers = itertools.count(1)

    def size(self, long: int, short: int) -> int:
        return short if self.short else long

    @property
    def postgres(self) -> Postgres:
        if self._postgres is None:
            self._postgres = Postgres()
        return self._postgres

    @contextmanager
    def world(self, *, proxy: Proxy | None = None, worker: bool = True, open_: bool = True, **setting: Any) -> Iterator[World]:
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        wanted = Setting(**setting)
        wanted = replace(wanted, patches=(*wanted.patches, *self._patches))
        made = World(folder, wanted, proxy.to if proxy is not None else lambda url: url)
        try:
            if open_:
                made.open(worker=worker)
            yield made
        finally:
            made.close()
            if proxy is not None:
                proxy.close()

    def close(self) -> None:
        if self._postgres is not None:
            self._postgres.close()


Play = Callable[[Stage], Iterator[Result]]


@dataclass(frozen=True)
class Scenario:
    name: str
    about: str
    play: Play
    in_short: bool
    """Among those of `--short`."""


SCENARIOS: dict[str, Scenario] = {}


def scenario(name: str, *, in_short: bool = False) -> Callable[[Play], Play]:
    """Register a scenario; the first line of its docstring says what it is about."""

    def register(play: Play) -> Play:
        about = (play.__doc__ or "").strip().splitlines()[0]
        SCENARIOS[name] = Scenario(name, about, play, in_short)
        return play

    return register


@dataclass
class Report:
    results: list[Result] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not any(result.broken for result in self.results)


def run(
    names: Sequence[str],
    *,
    short: bool,
    patches: Sequence[str] = (),
    told: Console | None = None,
    at_once: int = 1,
    keeps: bool = True,
) -> Report:
    """Play scenarios, so many at once. A scenario that cannot be played to its end counts as broken.

    `keeps`: logs and databases stay, to be looked at, if a promise was broken.
    """
    report = Report()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    stage = Stage(folder, short=short, patches=patches)
    try:
        with ThreadPoolExecutor(at_once) as pool:
            for results in pool.map(lambda name: _played(SCENARIOS[name], stage, told), names):
                report.results += results
    finally:
        stage.close()
        if not keeps or (report.good and not os.environ.get("CHAOS_KEEP")):
            shutil.rmtree(folder, ignore_errors=True)
        elif told is not None:
            told.print(f"logs and databases: {folder}")
    return report


def _played(scenario: Scenario, stage: Stage, told: Console | None) -> list[Result]:
    began = time.monotonic()
    results: list[Result] = []
    try:
        for result in scenario.play(stage):
            result.seconds, began = time.monotonic() - began, time.monotonic()
            results.append(result)
            if told is not None:
                _tell(result, told)
        return results
    except Skip as reason:
        ended = Result(scenario.name, scenario.about, skipped=str(reason))
    except Exception as error:
        ended = Result(scenario.name, scenario.about, broken=[f"not played to its end: {type(error).__name__}: {error}"])
        if told is not None:
            told.print(traceback.format_exc(), markup=False, highlight=False)
    ended.seconds = time.monotonic() - began
    if told is not None:
        _tell(ended, told)
    return [*results, ended]


def _tell(result: Result, told: Console) -> None:
    colour = {"kept": "green", "BROKEN": "red", "skipped": "yellow"}[result.verdict]
    told.print(f"[{colour}]{result.verdict:8}[/{colour}] {result.name} ({result.seconds:.0f} s)", highlight=False)
    for words in result.broken:
        told.print(f"         {words}", style="red", markup=False, highlight=False)


def table(report: Report) -> Table:
    shown = Table("scenario", "what was done", title="what the gateway was put through", title_justify="left")
    for name in ("acked", "delivered", "lost", "doubled", "disorder", "after opt-out", "overshoot", "first send", "drain"):
        shown.add_column(name, justify="right")
    shown.add_column("database")
    shown.add_column("verdict")
    for one in report.results:
        words = one.skipped or "; ".join([*one.broken, *one.notes])
        verdict = {"kept": "[green]kept[/green]", "BROKEN": "[red]BROKEN[/red]", "skipped": "[yellow]skipped[/yellow]"}[one.verdict]
        figures = [str(one.acknowledged), str(one.delivered), str(one.lost), str(one.doubled), str(one.out_of_order)]
        figures += [str(one.after_opt_out), "" if one.overshoot is None else str(one.overshoot)]
        figures += [_seconds(one.first_send), _seconds(one.drain)]
        if one.skipped:
            figures = [""] * len(figures)
        did = one.did + (f"\n[dim]{_plain(words)}[/dim]" if words else "")
        shown.add_row(one.name, did, *figures, one.integrity, verdict)
    return shown


def total(report: Report) -> str:
    """The sums of the table in one line."""
    rows = report.results
    beyond = sum(one.overshoot or 0 for one in rows)
    return (
        f"in all: acked {sum(one.acknowledged for one in rows)}, lost {sum(one.lost for one in rows)}, "
        f"doubled {sum(one.doubled for one in rows)}, out of order {sum(one.out_of_order for one in rows)}, "
        f"after opt-out {sum(one.after_opt_out for one in rows)}, overshoot {beyond}, kill -9 {sum(one.kills for one in rows)}"
    )


def _plain(words: str) -> str:
    return words.replace("[", "(").replace("]", ")")


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.1f} s"


def write(report: Report, *, short: bool, seconds: float) -> Path:
    RESULTS.parent.mkdir(exist_ok=True)
    about = {
        "date": time.strftime("%Y-%m-%d"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "short": short,
        "seconds": round(seconds),
        "kept": report.good,
    }
    rows = [{**asdict(one), "verdict": one.verdict} for one in report.results]
    RESULTS.write_text(json.dumps({"about": about, "scenarios": rows}, indent=2, ensure_ascii=False) + "\n")
    return RESULTS
