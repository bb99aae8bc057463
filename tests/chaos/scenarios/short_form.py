"""Scenarios of `python -m chaos` in their short form. The long form is `make chaos`. A file each: none of them is quick."""

import os
from collections.abc import Sequence
from pathlib import Path
from unittest.mock import patch

import chaos.scenarios  # noqa: F401 - they register themselves
from chaos import suite, world
from tests.support.running.fork_server import Streams, Warm


def broken_in(name: str, *patches: str) -> list[str]:
    """The promises that were not kept. With a patch some are to be broken, and nobody asks how."""
    with patch.object(world, "begin", _warm):
        report = suite.run([name], short=True, patches=patches, keeps=not patches)
    assert report.results
    return [words for result in report.results for words in result.broken]


def _warm(module: str, arguments: Sequence[str], environment: dict[str, str], log: Path) -> Warm:
    """Ten times faster than a new interpreter: what is killed is there again while the senders still knock."""
    made = Warm(arguments, environment, Streams(Path(os.devnull), log, log), module=module, leads=True)
    world.until(lambda: _leads(made.pid), 10, pause=0.001)  # its group is what is killed
    return made


def _leads(pid: int) -> bool:
    try:
        return os.getpgid(pid) == pid
    except ProcessLookupError:  # it ended at once
        return True
