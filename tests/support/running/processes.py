"""Real processes for tests: a gateway and the stand-in of SALESmanago, started, killed, started again."""

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet

from tests.support.databases import migrated_file
from tests.support.running import fork_server
from tests.support.running.fork_server import Streams, Warm

START_SECONDS = 30.0
PATIENCE_SECONDS = 30.0

_NOBODY_BELIEVED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Without the machine's authorities, which take a while to read: nothing here speaks TLS."""

http = httpx.Client(
    verify=_NOBODY_BELIEVED,
    limits=httpx.Limits(max_keepalive_connections=0),  # who is killed takes his connections along
    timeout=30,
    trust_env=False,
)
"""For every test with processes: making a client takes longer than asking."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Process:
    """A command with a port that answers when it is up."""

    def __init__(
        self, folder: Path, name: str, arguments: list[str], environment: dict[str, str], ready: str, *, module: str = "app"
    ) -> None:
        """`module`: what goes through the gateway's commands in place of `python -m app`, as `chaos.launcher`."""
        self.log = folder / f"{name}.log"
        self._module = module
        self._arguments = arguments
        self._environment = environment
        self._ready = ready
        self._process: subprocess.Popen[bytes] | Warm | None = None

    def start(self, *more: str, cold: bool = False) -> None:
        """Wait until it answers. About `cold` see `launch`."""
        self.launch(*more, cold=cold)
        self.wait_until_ready()

    def launch(self, *more: str, cold: bool = False) -> None:
        """Do not wait for it. `cold`: by a new interpreter, as a person's terminal would; else warm, ten times faster."""
        arguments, environment = [*self._arguments, *more], os.environ | self._environment
        if cold:
            with self.log.open("ab") as log:
                command = [sys.executable, "-m", self._module, *arguments]
                self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        else:
            self._process = Warm(arguments, environment, Streams(Path(os.devnull), self.log, self.log), module=self._module)

    def wait_until_ready(self) -> None:
        assert self._process is not None
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if self._process.poll() is not None:
                raise AssertionError(f"it ended at once:\n{self.log.read_text()}")
            try:
                if http.get(self._ready, timeout=1).is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.02)
        raise AssertionError(f"it did not start:\n{self.log.read_text()}")

    def kill(self) -> None:
        """kill -9: no chance to tidy up."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self._process.wait(timeout=20)


NO_SECRETS: Mapping[str, str] = {}


class World:
    """A gateway with two shops on one account, and the SALESmanago it talks to."""

    def __init__(
        self, folder: Path, database_url: str | None = None, shops: str | None = None, secrets: Mapping[str, str] = NO_SECRETS
    ) -> None:
        """`database_url`: of a PostgreSQL; without it there is a SQLite file.

        `shops`: a file of shops with `{endpoint}` in it, instead of the usual two. `secrets`: what it names.
        """
        self.folder = folder
        gateway_port, sandbox_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{gateway_port}"
        self.sandbox_url = f"http://127.0.0.1:{sandbox_port}"
        self.environment = {
            "GATEWAY_DATABASE_URL": database_url or f"sqlite+aiosqlite:///{folder / 'gateway.db'}",
            "GATEWAY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "GATEWAY_PORT": str(gateway_port),
            "GATEWAY_POLL_SECONDS": "0.2",
            "GATEWAY_DIRECTORY_SECONDS": "0.5",
            "TEST_SECRET": "demo-api-secret",
            "NO_COLOR": "1",
            "COLUMNS": "200",
            **secrets,
        }
        self.control_socket = folder / "gateway.db.sock"
        """Of a gateway with a SQLite file."""
        self.shops_file = folder / "shops.toml"
        self.shops_file.write_text((shops or _SHOPS).format(endpoint=self.sandbox_url))
        self.sandbox = Process(
            folder,
            "sandbox",
            ["sandbox", "--salesmanago-port", str(sandbox_port), "--panel-port", "0"],
            {},
            f"{self.sandbox_url}/sandbox/state",
        )
        self.gateway = Process(folder, "gateway", ["serve"], self.environment, f"{self.url}/healthz")

    def command(self, *arguments: str, stdin: str = "", cold: bool = False) -> subprocess.CompletedProcess[str]:
        """Run `gateway …` as a person would; about `cold` see `Process.start`."""
        command, environment = [sys.executable, "-m", "app", *arguments], os.environ | self.environment
        if cold:
            return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False, input=stdin)
        return fork_server.run(arguments, environment, stdin, timeout=60)

    def key(self, shop: str) -> str:
        if self.control_socket.exists():
            return self.issued(shop=shop)
        issued = self.command("keys", "issue", shop)
        assert issued.returncode == 0, issued.stderr
        return issued.stdout.strip()

    def issued(self, **what: str) -> str:
        """A key of the running gateway, asked for where `gateway keys issue` asks: a command takes ten times as long."""
        door = httpx.HTTPTransport(verify=_NOBODY_BELIEVED, uds=str(self.control_socket))
        with httpx.Client(transport=door, base_url="http://gateway", timeout=30) as line:
            key: str = line.post("/keys", params=what).raise_for_status().json()["key"]
            return key

    def shown(self, path: str) -> Any:
        return http.get(f"{self.sandbox_url}/sandbox/{path}").json()

    def wait_until_sent(self, shop: str, event_id: str, headers: dict[str, str]) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while (state := http.get(f"{self.url}/v1/shops/{shop}/events/{event_id}", headers=headers).json()["state"]) != "sent":
            assert time.monotonic() < until, f"{event_id} is {state}"
            time.sleep(0.02)

    def json(self, *arguments: str) -> Any:
        asked = self.command(*arguments, "--json")
        assert asked.returncode == 0, asked.stderr
        return json.loads(asked.stdout)


@contextmanager
def a_world(
    folder: Path,
    database_url: str | None = None,
    *,
    cold: bool = False,
    shops: str | None = None,
    secrets: Mapping[str, str] = NO_SECRETS,
    reads_its_file: bool = False,
) -> Iterator[World]:
    """Both processes up, the configuration applied. About `cold` see `Process.launch`; it is for the gateway alone.

    `reads_its_file`: the gateway applies the file of shops itself when it starts, which saves a command.
    """
    world = World(folder, database_url, shops, secrets)
    if reads_its_file:
        world.environment["GATEWAY_CONFIG"] = str(world.shops_file)
    if database_url is None:
        shutil.copy(migrated_file(), folder / "gateway.db")
    world.sandbox.launch()
    try:
        world.gateway.launch(cold=cold)
        try:
            world.sandbox.wait_until_ready()
            world.gateway.wait_until_ready()
            if not reads_its_file:
                applied = world.command("apply", str(world.shops_file), "--yes")
                assert applied.returncode == 0, applied.stdout + applied.stderr
            yield world
        finally:
            world.gateway.kill()  # how it stops in order is shown by tests of its own, and takes a third of a second
    finally:
        world.sandbox.kill()


_SHOPS = """
[accounts.main]
endpoint = "{endpoint}"
client_id = "demo-client-id"
api_secret = "env:TEST_SECRET"
owner = "owner@example.com"
calls_per_second = 100

[shops.shop1]
account = "main"
host = "sklep.example.com"
location = "sklep_example"
number = 1
policy = "order_consent"
integration_started_at = 2026-01-01T00:00:00+01:00

[shops.shop2]
account = "main"
host = "hurt.example.com"
location = "hurt_example"
number = 2
policy = "all_customers"
integration_started_at = 2026-01-01T00:00:00+01:00
"""
