"""What compose.postgresql.yaml starts, on one PostgreSQL, without containers: its commands, environment, checks and proxy."""

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from app.routers.events.examples import EXAMPLES
from tests.support.running.processes import PATIENCE_SECONDS, Process, World, free_port, http

ROOT = Path(__file__).parents[2]
SERVICES: dict[str, Any] = yaml.safe_load((ROOT / "compose.postgresql.yaml").read_text())["services"]
OURS = {name: one for name, one in SERVICES.items() if one["image"] == "shop-gateway"}
REGISTRATION = EXAMPLES["registration"]


def shops() -> str:
    """The example, with an account of the stand-in, and sending."""
    text = (ROOT / "deploy" / "shops.example.toml").read_text().replace('policy = "order_consent"', 'policy = "all_customers"')
    for name, value in (("endpoint", "{endpoint}"), ("client_id", "demo-client-id"), ("owner", "owner@example.com")):
        text = re.sub(rf'^{name} = "[^"]*"', f'{name} = "{value}"', text, flags=re.MULTILINE)
    return re.sub(r"^shadow = true", "shadow = false", text, flags=re.MULTILINE)


def environment_of(service: dict[str, Any], world: World) -> dict[str, str]:
    """As the file says, with the database, file of shops and key of this test."""
    given = {**world.environment, "GATEWAY_CONFIG": str(world.shops_file), "SALESMANAGO_SECRET": "demo-api-secret"}
    kept = {name: given.get(name, value) for name, value in service["environment"].items() if "${" not in value or name in given}
    return {**kept, **{name: world.environment[name] for name in ("GATEWAY_POLL_SECONDS", "GATEWAY_DIRECTORY_SECONDS", "NO_COLOR")}}


@contextmanager
def running(world: World) -> Iterator[dict[str, list[int]]]:
    """Every process of the file; answers their ports. Each ends in order at the end, all of them at once."""
    ports, started = dict[str, list[int]](), list[Process]()
    try:
        for name, service in OURS.items():
            ports[name] = [free_port() for _ in range(service["deploy"]["replicas"])]
            for port in ports[name]:
                environment = environment_of(service, world) | {"GATEWAY_PORT": str(port)}
                environment |= {"GATEWAY_WORKER_PORT": str(port)} if "GATEWAY_WORKER_PORT" in environment else {}
                healthy = f"http://127.0.0.1:{port}/healthz"
                process = Process(world.folder, f"{name}-{port}", [*service["command"]], environment, healthy)
                process.launch()
                started.append(process)
                if len(started) == 1:
                    process.wait_until_ready()  # the others find the tables made
        for process in started:
            process.wait_until_ready()
        yield ports
    finally:
        with ThreadPoolExecutor() as threads:
            ended = list(threads.map(Process.stop, started))
    assert ended == [0] * len(started)


@contextmanager
def proxied(port: int, folder: Path) -> Iterator[str]:
    """Caddy with the file of the checkout in front of this port, where it is installed: else the port itself."""
    caddy = shutil.which("caddy")
    if caddy is None:
        yield f"http://127.0.0.1:{port}"
        return
    site = f"http://127.0.0.1:{free_port()}"
    text = (ROOT / "deploy" / "Caddyfile").read_text().replace(" 8000 ", f" {port} ")
    (folder / "Caddyfile").write_text("{\n\tadmin off\n}\n" + text)
    environment = {"GATEWAY_SITE": site, "GATEWAY_UPSTREAM": "127.0.0.1", "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    command = [caddy, "run", "--adapter", "caddyfile", "--config", folder / "Caddyfile"]
    with (folder / "caddy.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        yield site
    finally:
        process.terminate()
        process.wait()


def eventually(holds: Callable[[], bool], shown: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < until, shown()
        time.sleep(0.05)


def state_of(event: str, headers: dict[str, str]) -> object:
    """None while a process has not heard of the key."""
    return http.get(event, headers=headers).json().get("state")


@pytest.fixture
def world(tmp_path: Path, postgresql_url: str) -> Iterator[World]:
    made = World(tmp_path, postgresql_url, shops())
    made.environment |= {"SALESMANAGO_SECRET": "demo-api-secret", "GATEWAY_DIRECTORY_SECONDS": "0.2"}
    made.sandbox.start()
    yield made
    made.sandbox.stop()


def test_two_that_answer_behind_the_proxy_and_three_that_deliver_share_one_database(world: World) -> None:
    with running(world) as ports, proxied(ports["gateway"][0], world.folder) as site:
        behind, beside = site, f"http://127.0.0.1:{ports['gateway'][1]}"
        headers = {"Authorization": f"Bearer {world.key('shop1')}"}

        def posted(to: str) -> int:
            try:
                return http.post(f"{to}/v1/shops/shop1/registrations", json=REGISTRATION, headers=headers).status_code
            except httpx.TransportError:  # the proxy does not listen yet
                return 0

        eventually(lambda: posted(behind) == 202, lambda: posted(behind))  # hears of the key within its time
        if shutil.which("caddy") is not None:
            assert http.get(f"{behind}/healthz").headers["strict-transport-security"] == "max-age=31536000"
        follow = f"{beside}/v1/shops/shop1/events/{REGISTRATION['event_id']}"
        eventually(lambda: state_of(follow, headers) == "sent", lambda: state_of(follow, headers))
        assert [call["path"] for call in world.shown("ledger")["entries"]].count("/api/contact/upsert") == 1

        check = " ".join(OURS["worker"]["healthcheck"]["test"][3:])
        for port in ports["worker"]:
            asked = subprocess.run([sys.executable, "-c", check.replace("8001", str(port))], check=False)
            assert asked.returncode == 0

        world.command("keys", "revoke", headers["Authorization"].split("_")[1])
        for door in (behind, beside):
            eventually(lambda door=door: posted(door) == 401, lambda door=door: posted(door))  # type: ignore[misc]
