"""The processes of a scenario: gateways, workers, stand-ins, and the database behind them."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import asyncpg
import httpx
from cryptography.fernet import Fernet

START_SECONDS = 60.0
CALLBACK_SECRET = "Chaos0Callback16"
API_SECRET = "demo-api-secret"
PANEL = 1234
PANEL_TOKEN = "chaos-token-of-the-panel"
PANEL_KEY = "demo-panel-key"
PANEL_SECRET = "chaos-secret-of-the-panel"


ask = httpx.Client(
    verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),  # without the machine's authorities: nothing here speaks TLS
    limits=httpx.Limits(max_keepalive_connections=0),  # who is killed takes his connections along
    trust_env=False,
)
"""For single questions: making a client takes longer than asking."""


class Trouble(Exception):
    """The scenario itself could not be played: a process did not start, a tool failed."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(condition: Callable[[], bool], seconds: float, pause: float = 0.05) -> bool:
    """Wait for something to become true; False when it did not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(pause)
    return condition()


class Running(Protocol):
    """What is needed of a process that was started."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...


def _cold(module: str, arguments: Sequence[str], environment: dict[str, str], log: Path, prefix: Sequence[str] = ()) -> Running:
    """`python -m module arguments` by a new interpreter, in a group of its own."""
    with log.open("ab") as written:
        return subprocess.Popen(
            [*prefix, sys.executable, "-m", module, *arguments],
            env=environment,
            stdout=written,
            stderr=written,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )


begin: Callable[[str, Sequence[str], dict[str, str], Path], Running] = _cold
"""How processes are started that nothing else runs. The tests put a quicker way in its place, which imports nothing."""


class Program:
    """A process group of its own: killed as a whole, whatever runs it (strace, faketime)."""

    def __init__(self, folder: Path, name: str, environment: dict[str, str], ready: str | None = None) -> None:
        self.log = folder / f"{name}.log"
        self.name = name
        self._environment = environment
        self._ready = ready
        self._process: Running | None = None
        self._wrapped = False

    def start(
        self,
        arguments: Sequence[str],
        *,
        patches: Sequence[str] = (),
        prefix: Sequence[str] = (),
        wait: bool = True,
        environment: dict[str, str] | None = None,
    ) -> None:
        """`patches` are installed by `chaos.launcher` before the ordinary command line runs; `prefix` runs it all."""
        module, said = ("chaos.launcher", [*patches, "--", *arguments]) if patches else ("app", [*arguments])
        surroundings = os.environ | self._environment | (environment or {})
        self._wrapped = bool(prefix)
        if prefix:
            self._process = _cold(module, said, surroundings, self.log, prefix)
        else:
            self._process = begin(module, said, surroundings, self.log)
        if wait:
            self.wait_ready()

    def wait_ready(self) -> None:
        if self._ready is None:
            return
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if not self.running:
                raise Trouble(f"{self.name} ended at once: {self._last_words()}")
            with contextlib.suppress(httpx.TransportError):
                if ask.get(self._ready, timeout=1).is_success:
                    return
            time.sleep(0.03)
        raise Trouble(f"{self.name} did not start: {self._last_words()}")

    def _last_words(self) -> str:
        return self.log.read_text(errors="replace")[-600:]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def kill(self) -> None:
        """kill -9: no chance to tidy up."""
        if self._process is not None:
            self.signal(signal.SIGKILL)
            self._process.wait()

    def stop(self) -> int:
        """SIGTERM; answers the exit code, or kills what does not end in time."""
        if self._process is None:
            return 0
        if self.running:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
        try:
            code = self._process.wait(timeout=20)
        except (subprocess.TimeoutExpired, TimeoutError):
            self.kill()
            return -signal.SIGKILL
        return 0 if self._wrapped and code == -signal.SIGTERM else code  # what runs it does not wait for it

    def wait(self, seconds: float) -> bool:
        """True once the process has ended."""
        return until(lambda: not self.running, seconds)

    @property
    def asleep(self) -> bool:
        """Stopped by a signal, and not ended."""
        return self.running and Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"

    def memory_mb(self) -> float:
        """The memory the process holds."""
        return self._memory_mb("VmRSS")

    def peak_memory_mb(self) -> float:
        """The most memory the process ever held."""
        return self._memory_mb("VmHWM")

    def _memory_mb(self, kind: str) -> float:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{kind}:"))


class Sandbox:
    """A stand-in of SALESmanago in a process of its own, and beside it one of the panel if wanted, with nobody in it."""

    def __init__(self, folder: Path, name: str = "sandbox", *, with_panel: bool = False) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._panel_port = free_port() if with_panel else 0
        self.panel_url = f"http://127.0.0.1:{self._panel_port}" if with_panel else ""
        self._program = Program(folder, name, {}, f"{self.url}/sandbox/state")

    def start(self, *, wait: bool = True) -> None:
        panel = ["--panel-port", str(self._panel_port), "--accounts", "0"]
        self._program.start(["sandbox", "--salesmanago-port", str(self.port), *panel, "--strict"], wait=wait)

    def wait_ready(self) -> None:
        self._program.wait_ready()

    def stop(self) -> None:
        self._program.kill()

    def get(self, path: str) -> Any:
        return ask.get(f"{self.url}/sandbox/{path}", timeout=60).json()

    def fault(self, kind: str, **more: Any) -> None:
        ask.post(f"{self.url}/sandbox/faults", json={"kind": kind, **more}, timeout=10).raise_for_status()

    def heal(self) -> None:
        ask.delete(f"{self.url}/sandbox/faults", timeout=10).raise_for_status()

    def entries(self) -> list[dict[str, Any]]:
        """Every call, in the order in which they ended."""
        found: list[dict[str, Any]] = self.get("ledger")["entries"]
        return found


@dataclass(frozen=True)
class Setting:
    """What a world is made of."""

    database_url: str | None = None
    calls_per_second: float = 100
    other_account: bool = False
    """shop2 lives on an account of its own, with a stand-in of its own."""
    more_accounts: int = 0
    """So many accounts more, each with one shop: `many1`, `many2` …"""
    patches: tuple[str, ...] = ()
    """Installed in every gateway process: see `chaos.launcher`."""
    environment: dict[str, str] = field(default_factory=dict)
    database_folder: Path | None = None
    panel: bool = False
    """shop1 lives on a panel that is scanned, and sends everybody."""


class World:
    """One gateway (or a server and workers), and whom they talk to."""

    def __init__(self, folder: Path, setting: Setting, endpoint: Callable[[str], str] = lambda url: url) -> None:
        """`endpoint`: may put something between the gateway and the stand-in."""
        self.folder = folder
        self.setting = setting
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.database = (setting.database_folder or folder) / "gateway.db"
        self.sandbox = Sandbox(folder, with_panel=setting.panel)
        self.other = Sandbox(folder, "other") if setting.other_account else None
        self.shops_file = folder / "shops.toml"
        self._endpoint = endpoint
        self.environment = {
            "GATEWAY_DATABASE_URL": setting.database_url or f"sqlite+aiosqlite:///{self.database}",
            "GATEWAY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "GATEWAY_PORT": str(self.port),
            "GATEWAY_POLL_SECONDS": "0.2",
            "GATEWAY_DIRECTORY_SECONDS": "0.5",
            "GATEWAY_METRICS_OPEN_TO": "127.0.0.1",
            "GATEWAY_CONFIG": str(self.shops_file),
            "CHAOS_SECRET": API_SECRET,
            "CHAOS_CALLBACK": CALLBACK_SECRET,
            "CHAOS_TOKEN": PANEL_TOKEN,
            "CHAOS_SIGNING": PANEL_SECRET,
            "CHAOS_PANEL_KEY": PANEL_KEY,
            "NO_COLOR": "1",
            **setting.environment,
        }
        self.gateway = self.program("gateway", ready=f"{self.url}/healthz")
        self.programs: list[Program] = [self.gateway]

    def program(self, name: str, ready: str | None = None) -> Program:
        return Program(self.folder, name, self.environment, ready)

    @property
    def is_sqlite(self) -> bool:
        return self.setting.database_url is None

    def open(self, *, worker: bool = True) -> None:
        """Stand-ins and the gateway up, the configuration applied."""
        sandboxes = [one for one in (self.sandbox, self.other) if one is not None]
        for one in sandboxes:
            one.start(wait=False)
        other = self.other.url if self.other is not None else ""
        text = _SHOPS.format(endpoint=self._endpoint(self.sandbox.url), pace=self.setting.calls_per_second)
        if self.setting.panel:
            text = text.replace("order_consent", "all_customers").replace("scan = false", "calls_per_day = 1000000")
            text += _PANEL.format(url=self.sandbox.panel_url)
        text += _OTHER.format(endpoint=other, pace=self.setting.calls_per_second) if other else _SAME
        for number in range(1, self.setting.more_accounts + 1):
            text += _MORE.format(
                name=f"many{number}", endpoint=self._endpoint(self.sandbox.url), pace=self.setting.calls_per_second
            )
        self.shops_file.write_text(text)
        self.serve(worker=worker)
        for one in sandboxes:
            one.wait_ready()

    def serve(self, *patches: str, worker: bool = True, prefix: Sequence[str] = (), wait: bool = True) -> None:
        """Start the gateway, again if it ran before."""
        arguments = ["serve"] if worker else ["serve", "--no-worker"]
        self.gateway.start(arguments, patches=[*self.setting.patches, *patches], prefix=prefix, wait=wait)

    def worker(self, name: str, *patches: str, prefix: Sequence[str] = (), environment: dict[str, str] | None = None) -> Program:
        """One more worker on the same database."""
        made = self.program(name)
        made.start(["worker"], patches=[*self.setting.patches, *patches], prefix=prefix, environment=environment)
        self.programs.append(made)
        return made

    def close(self) -> None:
        for program in self.programs:
            program.kill()
        self.sandbox.stop()
        if self.other is not None:
            self.other.stop()

    def key(self, shop: str = "shop1") -> str:
        """A key of a shop, known to the running gateway."""
        return self.keys([shop])[shop]

    def keys(self, shops: Sequence[str]) -> dict[str, str]:
        """A key of each shop, known to the running gateway. On PostgreSQL one process makes them all: starting takes a while."""
        if self.is_sqlite:
            with self._door() as http:
                asked = {shop: http.post("/keys", params={"shop": shop}).raise_for_status().json() for shop in shops}
            return {shop: str(answer["key"]) for shop, answer in asked.items()}
        made = self._python("-c", _ISSUE_KEYS, *shops)
        if made.returncode:
            raise Trouble(f"no keys: {made.stderr[-300:]}")
        keys = dict(zip(shops, made.stdout.split(), strict=True))
        if not until(lambda: all(self._knows(shop, key) for shop, key in keys.items()), 10):
            raise Trouble("the new keys are not known")
        return keys

    def _knows(self, shop: str, key: str) -> bool:
        look, headers = f"{self.url}/v1/shops/{shop}/events/none", {"Authorization": f"Bearer {key}"}
        return ask.get(look, headers=headers).status_code == httpx.codes.NOT_FOUND

    # -- the database ----------------------------------------------------------------------------------------------------

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Read only, beside the gateway."""
        if self.is_sqlite:
            with contextlib.closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=20)) as database:
                return database.execute(statement).fetchall()
        return asyncio.run(_fetch(self.dsn, statement))

    @property
    def dsn(self) -> str:
        return (self.setting.database_url or "").replace("+asyncpg", "")

    def states(self, prefix: str = "") -> dict[str, int]:
        """State -> number of events whose id begins so."""
        found = self.rows(f"SELECT state, count(*) FROM inbox WHERE event_id LIKE '{prefix}%' GROUP BY state")
        return {str(state): int(number) for state, number in found}

    def waiting(self, prefix: str = "") -> int:
        states = self.states(prefix)
        return states.get("received", 0) + states.get("planned", 0)

    def status_total(self) -> int:
        """What the gateway itself counts, over all shops and states (I2)."""
        return sum(sum(shop["events"].values()) for shop in self.status()["shops"])

    def status(self) -> dict[str, Any]:
        """`gateway status`, through the socket of the running gateway where there is one."""
        if self.is_sqlite:
            with self._door() as http:
                answer: dict[str, Any] = http.get("/status").raise_for_status().json()
                return answer
        asked = self.command("status", "--json")
        if asked.returncode:
            raise Trouble(f"no status: {asked.stderr[-300:]}")
        told: dict[str, Any] = json.loads(asked.stdout)
        return told

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run `gateway ...` as a person would."""
        return self._python("-m", "app", *arguments)

    def _python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        return subprocess.run(command, env=os.environ | self.environment, capture_output=True, text=True, timeout=60, check=False)

    def _door(self) -> httpx.Client:
        door = httpx.HTTPTransport(uds=f"{self.database}.sock")
        return httpx.Client(transport=door, base_url="http://gateway", timeout=20)


_ISSUE_KEYS = """
import sys
from app.cli.common import ask, run

async def issue():
    for shop in sys.argv[1:]:
        print((await ask("POST", "/keys", params={"shop": shop}))["key"])

run(issue())
"""


async def _fetch(dsn: str, statement: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(dsn, timeout=20)
    try:
        return [tuple(row) for row in await connection.fetch(statement)]
    finally:
        await connection.close()


_SHOPS = """
[accounts.main]
endpoint = "{endpoint}"
client_id = "demo-client-id"
api_secret = "env:CHAOS_SECRET"
owner = "owner@example.com"
calls_per_second = {pace}
callback_secret = "env:CHAOS_CALLBACK"

[shops.shop1]
account = "main"
host = "sklep.example.com"
location = "sklep_example"
number = 1
policy = "order_consent"
integration_started_at = 2026-01-01T00:00:00+01:00
callback_secret = "env:CHAOS_CALLBACK"
[shops.shop1.source]
kind = "idosell"
panel = 1234
tokens = ["env:CHAOS_TOKEN"]
secrets = ["env:CHAOS_SIGNING"]
consent_box = "webhook"
scan = false
"""
_PANEL = """
[shops.shop1.panel]
kind = "idosell"
base_url = "{url}"
api_key = "env:CHAOS_PANEL_KEY"
calls_per_second = 100
"""
_SHOP2 = """
[shops.shop2]
account = "{account}"
host = "hurt.example.com"
location = "hurt_example"
number = 2
policy = "order_consent"
integration_started_at = 2026-01-01T00:00:00+01:00
"""
_SAME = _SHOP2.format(account="main")
_OTHER = """
[accounts.other]
endpoint = "{endpoint}"
client_id = "demo-client-id"
api_secret = "env:CHAOS_SECRET"
owner = "owner@example.com"
calls_per_second = {pace}
""" + _SHOP2.format(account="other")
_MORE = """
[accounts.{name}]
endpoint = "{endpoint}"
client_id = "demo-client-id"
api_secret = "env:CHAOS_SECRET"
owner = "owner@example.com"
calls_per_second = {pace}

[shops.{name}]
account = "{name}"
host = "{name}.example.com"
location = "{name}_example"
number = 1
policy = "order_consent"
integration_started_at = 2026-01-01T00:00:00+01:00
"""
