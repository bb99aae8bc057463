"""The command line, as a person uses it: with the gateway stopped and with it running."""

import json
import os
import signal
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from cryptography.fernet import Fernet

from app import __version__
from app.configuration.settings import Settings
from app.routers.events.examples import EXAMPLES
from tests.support.running.processes import Process, World, a_world, http


@pytest.fixture
def stopped(tmp_path: Path) -> World:
    return World(tmp_path)


def test_serve_refuses_to_start_without_encryption_keys(stopped: World) -> None:
    stopped.environment["GATEWAY_ENCRYPTION_KEYS"] = ""
    refused = stopped.command("serve")
    assert refused.returncode == 1
    assert "gateway keys encryption" in " ".join(refused.stderr.split())


def test_apply_names_every_mistake_at_once_and_no_secret(stopped: World) -> None:
    text = stopped.shops_file.read_text()
    text = text.replace('location = "sklep_example"', 'location = "Sklep!"').replace(
        'account = "main"\nhost = "hurt', 'account = "mian"\nhost = "hurt'
    )
    text = text.replace("env:TEST_SECRET", "plain-secret-in-the-file").replace('policy = "all_customers"', 'policy = "everybody"')
    stopped.shops_file.write_text(text)
    refused = stopped.command("apply", str(stopped.shops_file), "--yes")
    assert refused.returncode == 1
    words = " ".join(refused.stderr.split())
    assert "accounts.main.api_secret" in words
    assert "shops.shop1.location" in words
    assert "shops.shop2.policy" in words
    assert "plain-secret-in-the-file" not in words
    assert "Traceback" not in words


def test_r16_a_shops_file_is_shown_and_stored_and_a_location_never_moves(stopped: World) -> None:
    declined = stopped.command("apply", str(stopped.shops_file), stdin="n\n")
    assert declined.returncode == 1
    assert "shop shop1: new" in declined.stdout
    stored = stopped.command("apply", str(stopped.shops_file), "--yes")
    assert "Stored." in stored.stdout
    assert "Nothing changes." in stopped.command("apply", str(stopped.shops_file)).stdout
    stopped.shops_file.write_text(stopped.shops_file.read_text().replace('policy = "order_consent"', 'policy = "all_customers"'))
    changed = stopped.command("apply", str(stopped.shops_file), "--yes").stdout
    assert 'shop shop1: policy: "order_consent" → "all_customers"' in changed
    before = stopped.shops_file.read_text()
    stopped.shops_file.write_text(before.replace('location = "sklep_example"', 'location = "sklep_moved"'))
    refused = stopped.command("apply", str(stopped.shops_file), "--yes")
    assert (refused.returncode, "for ever (R16)" in refused.stderr) == (1, True)
    stopped.shops_file.write_text(before)
    stopped.environment["TEST_SECRET"] = "another-secret"
    rotated = stopped.command("apply", str(stopped.shops_file), "--yes").stdout
    assert "account main: api_secret: changed" in rotated
    assert "another-secret" not in rotated


def test_keys_are_printed_alone_listed_and_revoked(stopped: World) -> None:
    stopped.command("apply", str(stopped.shops_file), "--yes")
    key = stopped.command("keys", "issue", "shop1").stdout
    assert key.startswith("gwk_")
    assert key.count("\n") == 1
    (listed,) = stopped.json("keys", "list")["keys"]
    assert listed["shop"] == "shop1"
    assert stopped.command("keys", "revoke", listed["id"]).returncode == 0
    assert stopped.command("keys", "revoke", listed["id"]).returncode == 1
    assert stopped.json("keys", "list")["keys"][0]["revoked_at"] is not None
    assert stopped.command("keys", "issue", "no-such-shop").returncode == 1


def test_openapi_prints_the_contract(stopped: World) -> None:
    assert yaml.safe_load(stopped.command("openapi").stdout)["info"]["title"] == "Shop gateway"


def test_an_encryption_key_is_made_on_request(stopped: World) -> None:
    key = Fernet(stopped.command("keys", "encryption", cold=True).stdout.strip())
    assert key.decrypt(key.encrypt(b"x")) == b"x"


def test_the_same_commands_work_beside_a_running_gateway(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        key = world.key("shop2")
        headers = {"Authorization": f"Bearer {key}"}
        posted = http.post(f"{world.url}/v1/shops/shop2/orders", json=EXAMPLES["order"], headers=headers)
        assert posted.status_code == 202, "a key issued beside the running gateway opens it at once"
        assert posted.json()["follow"] == "/v1/shops/shop2/events/order-5501-placed"
        world.wait_until_sent("shop2", "order-5501-placed", headers)

        why = world.command("why", "jan.kowalski@example.com").stdout
        assert "order-5501-placed" in why
        assert "Wiosna 2015" in why
        assert "/api/contact/upsert" in why
        assert json.dumps(world.json("why", "5501")) == json.dumps(world.json("why", "order-5501-placed"))
        assert world.command("why", "nobody@example.com").returncode == 1

        (_, shop2) = world.json("status")["shops"]
        assert shop2["events"] == {"sent": 1}
        assert world.command("doctor", cold=True).returncode == 0
        assert "owner known" in world.command("doctor", "shop2").stdout

        socket = Settings(database_url=world.environment["GATEWAY_DATABASE_URL"]).control_socket
        assert socket is not None
        assert stat.S_IMODE(socket.stat().st_mode) & 0o077 == 0

        http.post(f"{world.sandbox_url}/sandbox/faults", json={"kind": "unauthenticated", "times": None})
        sick = world.command("doctor")
        assert sick.returncode == 1
        assert "User not authenticated" in sick.stdout

        log = world.gateway.log.read_text()
        assert "jan.kowalski" not in log
        assert "600100200" not in log
        assert key not in log

    assert world.json("status")["shops"][1]["events"] == {"sent": 1}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_gateway_in_order_and_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    with a_world(tmp_path, cold=number is signal.SIGTERM) as world:
        began = time.monotonic()
        assert world.gateway.stop(number) == 0
        assert time.monotonic() - began < 10
        assert {path.name for path in tmp_path.glob("gateway.db*")} == {"gateway.db", "gateway.db.lock"}
        world.gateway.start()


def test_a_call_under_way_is_ended_and_recorded_by_a_stop(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        headers = {"Authorization": f"Bearer {world.key('shop2')}"}
        http.post(f"{world.sandbox_url}/sandbox/faults", json={"kind": "slow", "seconds": 2, "path": "contact/upsert"})
        http.post(f"{world.url}/v1/shops/shop2/registrations", json=EXAMPLES["registration"], headers=headers)
        time.sleep(1)
        assert world.gateway.stop() == 0
        assert world.json("status")["shops"][1]["events"] == {"sent": 1}
        assert len([call for call in world.shown("ledger")["entries"] if call["path"].endswith("upsert")]) == 1


def test_what_cannot_work_is_said_in_one_sentence(stopped: World, tmp_path: Path) -> None:
    for name, value, words in (
        ("GATEWAY_PORT", "abc", "GATEWAY_PORT"),
        ("GATEWAY_LOG_LEVEL", "loud", "GATEWAY_LOG_LEVEL"),
        ("GATEWAY_DATABASE_URL", "sqlite:///x.db", "GATEWAY_DATABASE_URL"),
        ("GATEWAY_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/no/such/folder/x.db", "GATEWAY_DATABASE_URL"),
        ("GATEWAY_DATABASE_URL", "postgresql+asyncpg://u:planted-canary@127.0.0.1:9/x", "GATEWAY_DATABASE_URL"),
    ):
        right = stopped.environment.get(name)
        stopped.environment[name] = value
        refused = stopped.command("serve")
        assert refused.returncode == 1, value
        assert words in refused.stderr
        assert "Traceback" not in refused.stderr
        assert "planted-canary" not in refused.stderr
        if right is not None:
            stopped.environment[name] = right
        else:
            del stopped.environment[name]


def test_a_taken_port_is_said_in_one_sentence(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        second = World(tmp_path / "..", None)
        second.environment["GATEWAY_DATABASE_URL"] = f"sqlite+aiosqlite:///{tmp_path / 'other.db'}"
        second.environment["GATEWAY_PORT"] = world.environment["GATEWAY_PORT"]
        refused = second.command("serve")
        assert (refused.returncode, "Cannot listen on" in refused.stderr) == (1, True)


def test_on_postgresql_a_process_without_worker_hears_of_keys_and_another_delivers(tmp_path: Path, postgresql_url: str) -> None:
    with a_world(tmp_path, postgresql_url) as world:
        world.gateway.stop()
        worker = Process(tmp_path, "worker", ["worker"], world.environment, f"{world.sandbox_url}/sandbox/state")
        world.gateway.start("--no-worker")
        worker.start()
        try:
            headers = {"Authorization": f"Bearer {world.key('shop2')}"}
            until = time.monotonic() + 10

            def post() -> int:
                url = f"{world.url}/v1/shops/shop2/registrations"
                return http.post(url, json=EXAMPLES["registration"], headers=headers).status_code

            while post() != 202 and time.monotonic() < until:
                time.sleep(0.1)
            follow = f"{world.url}/v1/shops/shop2/events/{EXAMPLES['registration']['event_id']}"
            while http.get(follow, headers=headers).json()["state"] != "sent":
                assert time.monotonic() < until + 20
                time.sleep(0.1)

            world.command("keys", "revoke", headers["Authorization"].split("_")[1])
            until = time.monotonic() + 10
            while post() != 401:
                assert time.monotonic() < until
                time.sleep(0.1)
        finally:
            assert worker.stop() == 0


HEAVY = ("fastapi", "httpx", "pydantic_settings", "sqlalchemy", "structlog", "uvicorn", "cryptography", "phonenumbers")
"""What a question to a running gateway must not pay for: all of it together takes two seconds of processor time."""

_ASK = """
import sys
from app.cli import cli
try:
    cli(sys.argv[1:])
except SystemExit as end:
    assert not end.code, end.code
print(",".join(name for name in {heavy!r} if name in sys.modules), file=sys.stderr)
"""


def imported_by(environment: dict[str, str], *command: str) -> str:
    asked = [sys.executable, "-c", _ASK.format(heavy=HEAVY), *command]
    ran = subprocess.run(asked, env=os.environ | environment, capture_output=True, text=True, check=True, timeout=60)
    return ran.stderr.strip().rpartition("\n")[2]


@pytest.mark.parametrize("command", [["--help"], ["apply", "--help"], ["backfill", "--help"]])
def test_help_imports_nothing_of_the_gateway(command: list[str]) -> None:
    assert imported_by({}, *command) == ""


def test_a_question_to_a_running_gateway_imports_nothing_of_it(tmp_path: Path) -> None:
    with a_world(tmp_path) as world:
        for command in (["status"], ["parked"], ["keys", "list"], ["neighbours"], ["conflicts"], ["hand-work", "list"]):
            assert imported_by(world.environment, *command) == "", command


def test_r74_in_a_folder_without_a_database_a_command_that_asks_says_so_and_creates_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    before = sorted(tmp_path.iterdir())
    for command in (["status"], ["parked"], ["why", "x@example.com"], ["keys", "list"], ["tail"], ["doctor"]):
        asked = world.command(*command)
        assert asked.returncode == 1, command
        assert "There is no database at" in " ".join(asked.stderr.split())
        assert "Traceback" not in asked.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_the_version_is_printed_alone(stopped: World) -> None:
    assert stopped.command("--version").stdout.strip() == __version__


def test_processes_that_start_at_once_on_an_empty_database_migrate_it_once_and_share_one_secret_of_pseudonyms(
    tmp_path: Path, postgresql_url: str
) -> None:
    world = World(tmp_path, postgresql_url)
    with ThreadPoolExecutor(4) as threads:
        applied = list(threads.map(lambda _: world.command("apply", str(world.shops_file), "--yes"), range(4)))
    assert [one.stderr for one in applied if one.returncode] == []
    assert all("Stored." in one.stdout or "Nothing changes." in one.stdout for one in applied)
    assert world.json("ledger") == {"ledgers": []}
