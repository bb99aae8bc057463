"""Which functions of the domain each test reaches, and how much processor time it takes: observed once, without any change."""

import builtins
import os
import pickle
import time
import types
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from hardening.mutation.functions import ROOT, TELLS, Where, code_at, loaded_caches, loaded_functions, telling


@dataclass(frozen=True)
class Test:
    name: str
    seconds: float
    """Processor time, so that a busy machine changes nothing."""
    reached: frozenset[Where]
    """Every function of the domain that it runs."""


def run_test(item: pytest.Item) -> bool:
    """Whether it passes, or is skipped."""
    from _pytest.runner import runtestprotocol  # only here

    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def observed(session: pytest.Session, items: dict[str, pytest.Item]) -> tuple[list[Test], list[str]]:
    """Every test without any change, the cheapest first; and those that fail.

    Kept until the domain changes, or what tests share; of a changed file of tests only those are observed anew.
    """
    kept = Path(session.config.rootpath / ".mutation" / f"{_shared()}.pickle")
    known: dict[str, tuple[str, Test]] = pickle.loads(kept.read_bytes()) if kept.exists() else {}  # written below
    digests = {path: _digest([path]) for path in {item.path for item in items.values()}}
    told = {name: known[name] for name, item in items.items() if name in known and known[name][0] == digests[item.path]}
    failing = []
    for test, passed in _in_child([item for name, item in items.items() if name not in told]):
        told[test.name] = digests[items[test.name].path], test
        if not passed:
            failing.append(test.name)
    if not failing:
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(pickle.dumps(told))
    return sorted((test for _, test in told.values()), key=lambda test: test.seconds), failing


def _in_child(items: Sequence[pytest.Item]) -> list[tuple[Test, bool]]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        caches, places = loaded_caches(), _let_tell()
        found = [_one_observed(item, caches, places) for item in items]
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(found, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told: list[tuple[Test, bool]] = pickle.load(pipe)  # of our own child
    os.waitpid(child, 0)
    return told


def _one_observed(item: pytest.Item, caches: Sequence[Any], places: Mapping[tuple[str, int], Where]) -> tuple[Test, bool]:
    reached = set[tuple[str, int]]()
    setattr(builtins, TELLS, reached.add)
    for cached in caches:
        cached.cache_clear()
    began = time.process_time()
    passed = run_test(item)
    return Test(item.nodeid, time.process_time() - began, frozenset(places[one] for one in reached if one in places)), passed


def _let_tell() -> dict[tuple[str, int], Where]:
    """Exchange the code of all functions of the domain; answers file and first line -> where that is."""
    codes, places = dict[str, types.CodeType](), dict[tuple[str, int], Where]()
    for (path, place), functions in loaded_functions().items():
        if path not in codes:
            codes[path] = telling(path)
        try:
            code = code_at(codes[path], place)
        except LookupError:
            continue  # a lambda, of which its function tells
        places[path, place[1]] = path, place
        for function in functions:
            if len(function.__code__.co_freevars) == len(code.co_freevars):
                function.__code__ = code
    return places


def _shared() -> str:
    """Changes with the domain, and with what tests share."""
    helpers = (path for room in ("domain", "support") for path in (ROOT / "tests" / room).rglob("*.py"))
    return _digest([*(ROOT / "app" / "domain").rglob("*.py"), *(path for path in helpers if not path.name.startswith("test_"))])


def _digest(paths: Iterable[Path]) -> str:
    read = sha256(str(ROOT).encode())
    for path in sorted(paths):
        read.update(path.read_bytes())
    return read.hexdigest()[:16]
