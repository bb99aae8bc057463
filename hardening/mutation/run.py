"""Runs the tests on every mutant: a process is forked for each, with all imports paid, which runs what reaches the change."""

import gc
import os
import pickle
import resource
import signal
import sys
import types
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from hardening.mutation.mutants import Mutant, mutants

ROOT = Path(__file__).parent.parent.parent
Place = tuple[str, int]
"""Qualified name and first line of a function."""


@dataclass(frozen=True)
class Test:
    name: str
    seconds: float
    reached: frozenset[tuple[str, Place]]
    """File and place of every function of the domain that it runs."""


class Run:
    """A pytest plugin: runs the tests on each mutant instead of once, and tells `report` of each whether a test noticed."""

    def __init__(
        self, files: Sequence[str], wanted: Callable[[Mutant], bool], report: Callable[[Mutant, bool], None], seconds: float
    ) -> None:
        self._files, self._wanted, self._report, self._seconds = files, wanted, report, seconds
        self.failing: list[str] = []
        """Tests that fail without any change."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        _same_examples_each_time()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        tests, self.failing = _observed(session, items)
        if self.failing:
            return True
        caches = [one for one in gc.get_objects() if type(one).__name__ == "_lru_cache_wrapper"]
        loaded = _Loaded(tests, items, _functions(), caches, self._seconds)
        gc.collect()
        gc.freeze()
        for file in self._files:
            path = str(ROOT / file)
            for mutant in mutants(Path(path).read_text(), file, path):
                if self._wanted(mutant):
                    self._report(mutant, _is_noticed(mutant, path, loaded))
        return True


def _same_examples_each_time() -> None:
    settings.register_profile(
        "mutants", settings.get_profile("any machine"), phases=(Phase.explicit, Phase.generate), database=None, derandomize=True
    )
    settings.load_profile("mutants")


@dataclass(frozen=True)
class _Loaded:
    """What the process holds that is forked for each mutant. `seconds`: processor time for the tests of one."""

    tests: Sequence[Test]
    items: dict[str, pytest.Item]
    functions: dict[tuple[str, Place], list[types.FunctionType]]
    caches: Sequence[Any]
    seconds: float


def _is_noticed(mutant: Mutant, path: str, loaded: _Loaded) -> bool:
    if mutant.function is None:
        near = [test for test in loaded.tests if any(file == path for file, _ in test.reached)]
        others = [test for test in loaded.tests if not any(file == path for file, _ in test.reached)]
        return not _in_child(lambda: _passes_imported_anew(mutant, path, [*near, *others], loaded.seconds))
    place = (path, mutant.function)
    chosen = [test for test in loaded.tests if place in test.reached]
    code = _code_at(mutant.code, mutant.function)

    def passes() -> bool:
        for function in loaded.functions[place]:
            function.__code__ = code
        for cached in loaded.caches:
            cached.cache_clear()
        return _pass(chosen, loaded)

    return bool(chosen) and not _in_child(passes)


# -- in the child --------------------------------------------------------------------------------------------------------


def _in_child(passes: Callable[[], bool]) -> bool:
    """Whether the tests pass; a child that goes round in circles or dies does not."""
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        try:
            os._exit(0 if passes() else 1)
        except BaseException:  # whatever a mutant may raise, up to SystemExit
            os._exit(1)
    _, status = os.waitpid(child, 0)
    return status == 0


def _pass(tests: Sequence[Test], loaded: _Loaded) -> bool:
    left = loaded.seconds
    for test in tests:
        if left < test.seconds:
            break  # what the remaining tests would say is not asked: it counts as not noticed
        left -= test.seconds
        signal.setitimer(signal.ITIMER_PROF, 10 * test.seconds + 5)  # ends the process
        item = loaded.items[test.name]
        reports = _run(item)
        if any(report.failed for report in reports):
            return False
    return True


def _run(item: pytest.Item) -> list[pytest.TestReport]:
    from _pytest.runner import runtestprotocol  # only here

    return runtestprotocol(item, log=False, nextitem=None)


def _passes_imported_anew(mutant: Mutant, path: str, tests: Sequence[Test], seconds: float) -> bool:
    """For a change that takes effect at import: everything of ours is imported again, with the mutant in its place."""
    for name in [name for name in sys.modules if name.partition(".")[0] in ("app", "tests")]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder(mutant.file.removesuffix(".py").replace("/", "."), path, mutant.code))
    chosen, left = [], seconds
    for test in tests:
        left -= test.seconds
        if left > 0:
            chosen.append(test.name)
    signal.setitimer(signal.ITIMER_PROF, 10 * seconds + 20)
    return pytest.main([*_OPTIONS, "-x", *chosen], plugins=[_Examples()]) == 0


class _Examples:
    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        _same_examples_each_time()


class _Finder(MetaPathFinder, Loader):
    def __init__(self, name: str, path: str, code: types.CodeType) -> None:
        self._name, self._path, self._code = name.removesuffix(".__init__"), path, code

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002  # its interface
        return spec_from_loader(fullname, self, origin=self._path) if fullname == self._name else None

    def exec_module(self, module: types.ModuleType) -> None:
        exec(self._code, module.__dict__)  # our own source, changed in one place


def _code_at(code: types.CodeType, place: Place) -> types.CodeType:
    for inner in _codes(code):
        if (inner.co_qualname, inner.co_firstlineno) == place:
            return inner
    raise LookupError(place)


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes(constant)


def _functions() -> dict[tuple[str, Place], list[types.FunctionType]]:
    found: dict[tuple[str, Place], list[types.FunctionType]] = {}
    for one in gc.get_objects():
        if isinstance(one, types.FunctionType):
            code = one.__code__
            found.setdefault((code.co_filename, (code.co_qualname, code.co_firstlineno)), []).append(one)
    return found


# -- which test reaches what ---------------------------------------------------------------------------------------------


def _observed(session: pytest.Session, items: dict[str, pytest.Item]) -> tuple[list[Test], list[str]]:
    """Every test without any change: what it runs and how long it takes, fastest first; and those that fail."""
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

    sys.settrace(called)
    try:
        reports = _run(item)
    finally:
        sys.settrace(None)
    passed = not any(report.failed for report in reports)
    return Test(item.nodeid, sum(report.duration for report in reports), frozenset(reached)), passed


def _fingerprint(items: dict[str, pytest.Item]) -> str:
    read = sha256()
    for path in sorted({*(ROOT / "app" / "domain").rglob("*.py"), *(item.path for item in items.values())}):
        read.update(path.read_bytes())
    return read.hexdigest()[:16]


_OPTIONS = ("-n", "0", "-q", "-p", "no:cacheprovider", "-p", "no:logging", "-W", "ignore::pytest.PytestAssertRewriteWarning")


def run(plugin: Run, tests: Sequence[str]) -> int:
    return int(pytest.main([*_OPTIONS, *tests], plugins=[plugin]))
