"""Loaded before everything else, also by the process that only hands out tests to workers: see `addopts`."""

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

# Whatever the shell says: without compiled code on disk, each of some fifty processes compiles all of the gateway again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# What is imported and twelve thousand tests are objects that live to the end: looking through them for garbage finds none.
gc.disable()

# Some hundred thousand commits wait for the disk, unless files lie in memory. What a power cut leaves, no test here can see.
_MEMORY, _ENOUGH_BYTES = Path("/dev/shm"), 2 * 1024**3
if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH_BYTES:
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)

_RUNS_NOTHING = ("collectonly", "showfixtures", "show_fixtures_per_test", "usepdb")
"""What pytest does by itself, whatever the number of workers."""


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Who only hands out tests needs nothing of what they need: to import it takes a second and a half of each run."""
    asked = early_config.known_args_namespace
    is_alone = not asked.numprocesses or any(getattr(asked, name, False) for name in _RUNS_NOTHING)
    if "PYTEST_XDIST_WORKER" not in os.environ and not is_alone:
        asked.noconftest = True


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """For the whole suite one more than there are cores: some tests play outages, in which a worker only waits."""
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return (os.cpu_count() or 1) + whole


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Hypothesis sums up what it has to say: where nothing failed that is nothing, and to import it takes a tenth of a second."""
    config = session.config
    hands_out = config.pluginmanager.has_plugin("dsession")
    if hands_out and exitstatus == pytest.ExitCode.OK and not config.getoption("--hypothesis-show-statistics"):
        config.pluginmanager.unregister(name="hypothesispytest")
