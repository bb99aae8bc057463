"""Loaded before everything else, also by the process that only hands out tests to workers: see `addopts`."""

import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

from tests.support.running import fork_server

# Whatever the shell says: without compiled code on disk, each of some fifty processes compiles all of the gateway again.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# What is imported and twelve thousand tests are objects that live to the end: looking through them for garbage finds none.
gc.disable()

# Some hundred thousand commits wait for the disk, unless files lie in memory. What a power cut leaves, no test here can see.
_MEMORY, _ENOUGH_BYTES = Path("/dev/shm"), 2 * 1024**3
if "TMPDIR" not in os.environ and os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH_BYTES:
    os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)

_ROOT = Path(__file__).parents[1]
_AUTO = ("auto", "logical")
_WITH_COMMANDS = (
    "tests/browser/console/",
    "tests/browser/test_",
    "tests/chaos/",
    "tests/documentation/commands/",
    "tests/erasure/",
    "tests/fuzz/",
    "tests/packaging/test_several_processes.py",
)
"""Where the first test waits for commands: they are imported from the start."""

_IN_ONE_PROCESS = (*_WITH_COMMANDS, "tests/browser/", "tests/packaging/test_image.py", "tests/test_demo.py")
"""Where a file alone needs no workers: each would start a browser or a gateway, and build the same world again."""

_WITHOUT_EXAMPLES = (
    "tests/browser/",
    "tests/chaos/",
    "tests/documentation/commands/",
    "tests/erasure/",
    "tests/packaging/",
    "tests/test_demo.py",
)
"""Where everything happens in other processes, in an order that the test gives."""

_RUNS_NOTHING = ("collectonly", "showfixtures", "show_fixtures_per_test", "usepdb")
"""What pytest does by itself, whatever the number of workers."""


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Who only hands out tests needs nothing of what they need: to import it takes a second and a half of each run."""
    asked = early_config.known_args_namespace
    in_one_process = _is_one_file_of(_IN_ONE_PROCESS, asked.file_or_dir)
    is_alone = not asked.numprocesses or any(getattr(asked, name, False) for name in _RUNS_NOTHING)
    is_alone |= in_one_process and asked.numprocesses in _AUTO
    if "PYTEST_XDIST_WORKER" not in os.environ and not is_alone:
        asked.noconftest = True
    elif _is_one_file_of(_WITH_COMMANDS, asked.file_or_dir):
        fork_server.prepare()


@pytest.hookimpl(tryfirst=True)  # the own of xdist comes first otherwise
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """For the whole suite one more than there are cores: some tests play outages, in which a worker only waits."""
    if _is_one_file_of(_IN_ONE_PROCESS, config.option.file_or_dir):
        return 0
    whole = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    return (os.cpu_count() or 1) + whole


def draws_no_examples(config: pytest.Config) -> bool:
    """Whether a file is alone that needs no Hypothesis, which takes a fifth of a second to import."""
    return _is_one_file_of(_WITHOUT_EXAMPLES, config.option.file_or_dir)


def _is_one_file_of(places: tuple[str, ...], arguments: list[str]) -> bool:
    """Whether a single file is asked for, or a test of it, and it is in one of these places."""
    if len(arguments) != 1 or ".py" not in arguments[0]:
        return False
    path = Path(arguments[0].split("::")[0]).resolve()
    return path.is_relative_to(_ROOT) and path.relative_to(_ROOT).as_posix().startswith(places)


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Hypothesis sums up what it has to say: where nothing failed that is nothing, and to import it takes a tenth of a second."""
    config = session.config
    hands_out = config.pluginmanager.has_plugin("dsession")
    if hands_out and exitstatus == pytest.ExitCode.OK and not config.getoption("--hypothesis-show-statistics"):
        config.pluginmanager.unregister(name="hypothesispytest")
