"""What was measured, what was promised, and the tables that say so: pure, up to the writing of two files."""

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from rich.table import Table

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


@dataclass(frozen=True)
class Budget:
    """At least, or at most, so much: of the median of all repetitions, or of every one of them."""

    kind: Literal["≥", "≤"]
    limit: float
    of_every: bool = False

    def is_met_by(self, value: float) -> bool:
        return value >= self.limit if self.kind == "≥" else value <= self.limit

    def __str__(self) -> str:
        return f"{self.kind} {_number(self.limit)}"


def at_least(limit: float) -> Budget:
    return Budget("≥", limit)


def at_most(limit: float) -> Budget:
    return Budget("≤", limit)


def never() -> Budget:
    """What is promised is not promised for the median."""
    return Budget("≤", 0, of_every=True)


@dataclass(frozen=True)
class Figure:
    """One figure: a value for each repetition, in `unit`. With a budget if one was promised."""

    name: str
    unit: str
    values: tuple[float, ...]
    budget: Budget | None = None
    skipped: str = ""
    """Why there is no value."""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def verdict(self) -> str:
        if self.skipped:
            return "skipped"
        if self.budget is None:
            return ""
        measured = self.values if self.budget.of_every else (self.median,)
        return "met" if all(map(self.budget.is_met_by, measured)) else "MISSED"


class Figures:
    """Values as they come in, one or more in each repetition."""

    def __init__(self) -> None:
        self._units: dict[str, str] = {}
        self._values: dict[str, list[float]] = {}
        self._budgets: dict[str, Budget | None] = {}
        self._skipped: dict[str, str] = {}

    def add(self, name: str, value: float, unit: str = "", budget: Budget | None = None) -> None:
        self._units[name], self._budgets[name] = unit, budget
        self._values.setdefault(name, []).append(value)

    def skip(self, name: str, why: str, budget: Budget | None = None) -> None:
        """No value in this repetition."""
        self._units.setdefault(name, "")
        self._budgets.setdefault(name, budget)
        self._skipped[name] = why

    def __iter__(self) -> Iterator[Figure]:
        for name, unit in self._units.items():
            values = tuple(self._values.get(name, ()))
            yield Figure(name, unit, values, self._budgets[name], "" if values else self._skipped[name])


def missed(figures: Sequence[Figure]) -> list[str]:
    return [one.name for one in figures if one.verdict == "MISSED"]


# -- shown ---------------------------------------------------------------------------------------------------------------


def on_screen(figures: Sequence[Figure], title: str) -> Table:
    table = Table("figure", "median", "min", "max", "budget", "", title=title, title_justify="left")
    colours = {"met": "green", "MISSED": "red", "skipped": "yellow", "": ""}
    for one in figures:
        colour = colours[one.verdict]
        verdict = f"[{colour}]{one.verdict}[/{colour}]" if colour else ""
        table.add_row(one.name, *_cells(one), verdict)
    return table


def as_markdown(figures: Sequence[Figure], about: Mapping[str, Any]) -> str:
    """The table of the page on performance, with what it was measured on."""
    lines = [
        f"Measured on {about['date']}: {about['cores']} cores ({about['processor']}), Python {about['python']}, "
        f"SQLite {about['sqlite']}, PostgreSQL {about['postgresql']}, {about['repetitions']} repetitions. "
        "Load, stand-in, stores and rivals share the machine with the gateway.",
        "",
        "| figure | median | min | max | budget | |",
        "|---|---:|---:|---:|---:|---|",
    ]
    lines += [f"| {one.name} | {' | '.join(_cells(one))} | {one.verdict} |" for one in figures]
    return "\n".join(lines)


IN_SHORT = (
    "intake, single events",
    "accepted to delivered, SQLite, one process",
    "kill -9 of the gateway 50 times under load: promises broken",
)


def in_short(figures: Sequence[Figure], about: Mapping[str, Any]) -> str:
    """The three figures of the README."""
    lines = [f"| {about['date']}, {about['cores']} cores, everything on one machine | median |", "|---|---:|"]
    lines += [f"| {one.name} | {_cells(one)[0]} |" for one in figures if one.name in IN_SHORT]
    return "\n".join(lines)


def _cells(one: Figure) -> tuple[str, str, str, str]:
    budget = f"{one.budget} {one.unit}".strip() if one.budget is not None else ""
    if one.skipped:
        return one.skipped, "", "", budget
    return f"{_number(one.median)} {one.unit}".strip(), _number(min(one.values)), _number(max(one.values)), budget


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.2f}"


def between_marks(text: str, table: str) -> str:
    """A text with a new table between its marks. Raises `ValueError` if it has none."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"no {BEGIN} … {END}")
    return f"{head}{BEGIN}\n{table}\n{END}{tail}"


def write(figures: Sequence[Figure], about: Mapping[str, Any], to: Path) -> None:
    """Every value of every repetition."""
    to.parent.mkdir(exist_ok=True)
    rows = [asdict(one) | {"verdict": one.verdict} for one in figures]
    to.write_text(json.dumps({"about": dict(about), "figures": rows}, indent=2, ensure_ascii=False) + "\n")
