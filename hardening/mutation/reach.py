"""Which functions of the domain each test reaches, and how much processor time it takes: observed once, without any change."""

import os
import pickle
import sys
import time
import types
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
Place = tuple[str, int]
"""Qualified name and first line of a function."""


@dataclass(frozen=True)
class Test:
    name: str
    seconds: float
    """Processor time, so that a busy machine changes nothing."""
    reached: frozenset[tuple[str, Place]]
    """File and place of every function of the domain that it runs."""


def run_test(item: pytest.Item) -> bool:
    """Whether it passes, or is skipped."""
    from _pytest.runner import runtestprotocol  # only here

    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def observed(session: pytest.Session, items: dict[str, pytest.Item]) -> tuple[list[Test], list[str]]:
    """Every test without any change, the cheapest first; and those that fail. Kept until a test or the domain changes."""
    kept = Path(session.config.rootpath / ".mutation" / f"{_fingerprint(items)}.pickle")
    if kept.exists():
        return pickle.loads(kept.read_bytes()), []  # written below
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        found = [_one_observed(item) for item in items.values()]
        with os.fdopen(writing, "wb") as pipe:
            pickle.dump(found, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pickle.load(pipe)  # of our own child
    os.waitpid(child, 0)
    failing = [test.name for test, passed in told if not passed]
    tests = sorted((test for test, _ in told), key=lambda test: test.seconds)
    if not failing:
        kept.parent.mkdir(exist_ok=True)
        kept.write_bytes(pickle.dumps(tests))
    return tests, failing


def _one_observed(item: pytest.Item) -> tuple[Test, bool]:
    domain, reached = str(ROOT / "app" / "domain"), set()

    def called(frame: types.FrameType, _event: str, _argument: object) -> None:
        code = frame.f_code
        if code.co_filename.startswith(domain):
            reached.add((code.co_filename, (code.co_qualname, code.co_firstlineno)))

    began = time.process_time()
    sys.settrace(called)
    try:
        passed = run_test(item)
    finally:
        sys.settrace(None)
    return Test(item.nodeid, time.process_time() - began, frozenset(reached)), passed


def _fingerprint(items: dict[str, pytest.Item]) -> str:
    read = sha256(str(ROOT).encode())
    for path in sorted({*(ROOT / "app" / "domain").rglob("*.py"), *(item.path for item in items.values())}):
        read.update(path.read_bytes())
    return read.hexdigest()[:16]
