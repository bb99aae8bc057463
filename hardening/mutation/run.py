"""Runs the tests on every mutant: a process is forked for each, with all imports paid, which runs what reaches the change.

The test that noticed a change of the same function before runs first, then the tests of the module itself, then the cheapest.
"""

import gc
import os
import resource
import signal
import sys
import types
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from hardening.mutation.functions import ROOT, Where, code_at, loaded_caches, loaded_functions
from hardening.mutation.mutants import Mutant, mutants
from hardening.mutation.reach import Test, observed, run_test


class Run:
    """A pytest plugin: runs the tests on each mutant instead of once, and tells `report` of each whether a test noticed.

    `end_of` hears of each file after its last mutant.
    """

    def __init__(
        self,
        files: Sequence[str],
        wanted: Callable[[Mutant], bool],
        report: Callable[[Mutant, bool], None],
        end_of: Callable[[str], None],
        seconds: float,
    ) -> None:
        self._files, self._wanted, self._report, self._end_of, self._seconds = files, wanted, report, end_of, seconds
        self.failing: list[str] = []
        """Tests that fail without any change."""

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        _same_examples_each_time()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        tests, self.failing = observed(session, items)
        if self.failing:
            return True
        loaded = _Loaded(tests, items, loaded_functions(), loaded_caches(), self._seconds)
        gc.collect()
        gc.freeze()
        for file in self._files:
            path = str(ROOT / file)
            for mutant in mutants(Path(path).read_text(), file, path):
                if self._wanted(mutant):
                    self._report(mutant, _is_noticed(mutant, path, loaded))
            self._end_of(file)
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
    functions: dict[Where, list[types.FunctionType]]
    caches: Sequence[Any]
    seconds: float
    noticed: Counter[tuple[Where, str]] = field(default_factory=Counter)
    """How many changes of a function a test noticed."""

    def reaching(self, file: str, place: Where) -> list[Test]:
        """The tests to run on a change of that function, the most promising first."""
        found, own = [test for test in self.tests if place in test.reached], _own_tests(file)
        return sorted(found, key=lambda test: (-self.noticed[place, test.name], not test.name.startswith(own), test.seconds))


def _own_tests(file: str) -> str:
    """How the names of the tests begin that mirror the module."""
    folder, _, name = file.removeprefix("app/").rpartition("/")
    return f"tests/{folder}/test_{name}::"


def _is_noticed(mutant: Mutant, path: str, loaded: _Loaded) -> bool:
    place = mutant.function and (path, mutant.function)
    chosen = loaded.reaching(mutant.file, place) if place else []
    if not place or not chosen:  # a function that no test reaches may run at import
        return _in_child(lambda: _noticed_imported_anew(mutant, path, loaded)) is not None
    code = code_at(mutant.code, place[1])

    def notices() -> str | None:
        for function in loaded.functions[place]:
            function.__code__ = code
        for cached in loaded.caches:
            cached.cache_clear()
        return _first_failing(chosen, loaded)

    by = _in_child(notices)
    if by:
        loaded.noticed[place, by] += 1
    return by is not None


# -- in the child --------------------------------------------------------------------------------------------------------


def _in_child(notices: Callable[[], str | None]) -> str | None:
    """Name of the test that notices; empty if the child goes round in circles or dies, None if no test does."""
    sys.stdout.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
        try:
            by = notices()
            os.write(writing, (by or "").encode())
            os._exit(0 if by is None else 1)
        except BaseException:  # whatever a mutant may raise, up to SystemExit
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        by = pipe.read()
    _, status = os.waitpid(child, 0)
    return None if status == 0 else by


def _first_failing(tests: Sequence[Test], loaded: _Loaded) -> str | None:
    left = loaded.seconds
    for test in tests:
        if left < test.seconds:
            continue  # what a dearer test would say is not asked: it counts as not noticed
        left -= test.seconds
        signal.setitimer(signal.ITIMER_PROF, 10 * test.seconds + 2)  # ends the process
        if not run_test(loaded.items[test.name]):
            return test.name
    return None


def _noticed_imported_anew(mutant: Mutant, path: str, loaded: _Loaded) -> str | None:
    """For a change that takes effect at import: everything of ours is imported again, with the mutant in its place.

    Importing all tests costs most, so the module's own tests are asked alone at first.
    """
    for name in [name for name in sys.modules if name.partition(".")[0] in ("app", "tests")]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Finder(mutant.file.removesuffix(".py").replace("/", "."), path, mutant.code))
    signal.setitimer(signal.ITIMER_PROF, 10 * loaded.seconds + 20)
    own = [test for test in loaded.tests if test.name.startswith(_own_tests(mutant.file))]
    near = [test for test in loaded.tests if test not in own and any(file == path for file, _ in test.reached)]
    others = [test for test in loaded.tests if test not in own and test not in near]
    for asked in (own, near, [] if own and near else others):
        chosen, left = [], loaded.seconds
        for test in asked:
            left -= test.seconds
            if left > 0:
                chosen.append(test.name)
        if chosen and pytest.main([*_OPTIONS, "-x", *chosen], plugins=[_Examples()]) != 0:
            return ""
    return None


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


_OPTIONS = ("-n", "0", "-q", "-p", "no:cacheprovider", "-p", "no:logging", "-W", "ignore::pytest.PytestAssertRewriteWarning")


def run(plugin: Run, tests: Sequence[str]) -> int:
    return int(pytest.main([*_OPTIONS, *tests], plugins=[plugin]))
