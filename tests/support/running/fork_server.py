"""Commands of the gateway as processes that need not import it first.

A server with everything of `app` imported forks them off: each is a process of its own, with its own number, environment
and output, open to signals, and goes through `app/__main__.py`; only the seconds of importing are gone.
"""

import gc
import multiprocessing
import multiprocessing.forkserver
import os
import runpy
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_IMPORTED = (
    "tests.support.running.without_garbage",
    "app.admin.api",
    "app.server.application",
    "app.server.runner",
    "app.demo",
    "typer",
    "typer.rich_utils",
    "aiosqlite",
    "anyio._backends._asyncio",
    "httpcore",
    "uvloop",
    "rich.console",
    "rich.table",
    "tests.support.running.made_once",
)
"""Everything but `app.cli`, which looks at the terminal's variables while it is imported."""

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(list(_IMPORTED))


def prepare() -> None:
    """Begin to import: who knows early that commands will be needed does something else meanwhile."""
    multiprocessing.forkserver.ensure_running()


@dataclass(frozen=True)
class Streams:
    """Files for standard input, output and error; what was written is kept, what follows comes after it."""

    stdin: Path
    stdout: Path
    stderr: Path


class Warm:
    """What tests need of `subprocess.Popen`, with a fork in place of a start."""

    def __init__(
        self, arguments: Sequence[str], environment: dict[str, str], streams: Streams, *, module: str = "app", leads: bool = False
    ) -> None:
        """`module`: another one that goes through the gateway's commands. `leads`: a process group of its own."""
        # A daemon: what a failed test leaves behind ends with the tests.
        self._process = _server.Process(target=_gateway, args=(arguments, environment, streams, module, leads), daemon=True)
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise TimeoutError(f"it did not end within {timeout} seconds")
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def run(arguments: Sequence[str], environment: dict[str, str], stdin: str, timeout: float) -> subprocess.CompletedProcess[str]:
    """`subprocess.run` of a command, its output captured."""
    with tempfile.TemporaryDirectory(prefix="gateway-command-") as folder:
        streams = Streams(*(Path(folder) / name for name in ("stdin", "stdout", "stderr")))
        streams.stdin.write_text(stdin)
        ended = Warm(arguments, environment, streams).wait(timeout)
        return subprocess.CompletedProcess(["gateway", *arguments], ended, streams.stdout.read_text(), streams.stderr.read_text())


def collect_garbage() -> None:
    """In a new process: as everywhere, but not of what was there before it."""
    gc.freeze()
    gc.enable()


def _gateway(arguments: Sequence[str], environment: dict[str, str], streams: Streams, module: str, leads: bool) -> None:
    """In the new process: become `python -m app …`."""
    if leads:
        os.setsid()
    collect_garbage()
    os.environ.clear()
    os.environ.update(environment)
    writing = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    for number, file, how in ((0, streams.stdin, os.O_RDONLY), (1, streams.stdout, writing), (2, streams.stderr, writing)):
        opened = os.open(file, how, 0o600)
        os.dup2(opened, number)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    sys.argv = ["gateway", *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
