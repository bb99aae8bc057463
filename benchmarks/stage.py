"""Real processes for benchmarks: gateways and workers, started as a person starts them, and the sink they talk to."""

import contextlib
import itertools
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from benchmarks.orders import SHOP, a_batch
from chaos.postgres import Postgres
from chaos.world import Setting, World, free_port, until

UNLIMITED = 1_000
"""Calls a second, where the pace is not what is measured."""
PER_POST = 500


class Sink:
    """`benchmarks.sink` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._http = httpx.Client(base_url=self.url, timeout=30)
        self._server = Server(folder, "sink", f"{self.url}/sandbox/state", ["-m", "benchmarks.sink", str(port)])

    def state(self) -> tuple[int, int]:
        """(calls, events) so far."""
        shown = self._http.get("/sandbox/state").json()
        return shown["calls"], shown["events"]

    def times(self) -> tuple[list[float], list[float]]:
        """When each call, and each event, came."""
        shown = self._http.get("/sandbox/times").json()
        return shown["calls"], shown["events"]

    def wait_for(self, events: int, seconds: float = 300.0) -> None:
        if not until(lambda: self.state()[1] >= events, seconds):
            raise RuntimeError(f"{self.state()[1]} of {events} events after {seconds:.0f} s")

    def close(self) -> None:
        self._http.close()
        self._server.close()


class Server:
    """A Python program that answers at an address once it is up."""

    def __init__(self, folder: Path, name: str, ready: str, arguments: Sequence[str]) -> None:
        with (folder / f"{name}.log").open("ab") as log:
            self._process = subprocess.Popen([sys.executable, *arguments], stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        if not until(lambda: self._answers(ready), 30):
            raise RuntimeError(f"{name} did not start")

    def _answers(self, address: str) -> bool:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(address, timeout=1)
            return True
        return False

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


class Stage:
    """What a row may use."""

    def __init__(self, folder: Path, *, short: bool) -> None:
        self.folder = folder
        self.short = short
        self._numbers = itertools.count(1)
        self._postgres: Postgres | None = None
        self.sink = Sink(folder)

    def size(self, long: int, short: int) -> int:
        return short if self.short else long

    def run(self) -> str:
        """A name no other run has: orders are new each time."""
        return f"r{next(self._numbers)}"

    @property
    def postgres(self) -> Postgres:
        if self._postgres is None:
            self._postgres = Postgres()
        return self._postgres

    @property
    def postgres_version(self) -> str:
        return "not used" if self._postgres is None else self._postgres.version

    @contextmanager
    def gateway(
        self, database_url: str | None = None, *, pace: float = UNLIMITED, worker: bool = True, more_accounts: int = 0
    ) -> Iterator["Gateway"]:
        folder = self.folder / self.run()
        folder.mkdir()
        environment = {"GATEWAY_POLL_SECONDS": "1"}  # as it is by default
        setting = Setting(database_url=database_url, calls_per_second=pace, environment=environment, more_accounts=more_accounts)
        world = World(folder, setting, lambda _: self.sink.url)
        try:
            world.open(worker=worker)
            yield Gateway(world, self.sink)
        finally:
            world.close()

    def close(self) -> None:
        self.sink.close()
        if self._postgres is not None:
            self._postgres.close()


class Gateway:
    """A running gateway with one shop, its key, and the sink it talks to."""

    def __init__(self, world: World, sink: Sink) -> None:
        self.world = world
        self.sink = sink
        self.key = world.key(SHOP)
        self.headers = {"Authorization": f"Bearer {self.key}"}

    @property
    def port(self) -> int:
        return self.world.port

    def post(self, events: int, run: str, people: int) -> None:
        """Accepted durably, in large requests."""
        with httpx.Client(base_url=self.world.url, headers=self.headers, timeout=120) as http:
            for start in range(0, events, PER_POST):
                batch = a_batch(range(start, min(start + PER_POST, events)), run, people)
                http.post(f"/v1/shops/{SHOP}/events", json=batch).raise_for_status()


def seconds(step: Callable[[], Any]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began
