"""The command line, as a person uses it while the gateway is stopped."""

from pathlib import Path

import yaml
from cryptography.fernet import Fernet

from app import __version__
from tests.support.running.processes import World


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


def test_r74_in_a_folder_without_a_database_a_command_that_asks_says_so_and_creates_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    before = sorted(tmp_path.iterdir())
    asking = ["status", "parked", "keys list", "tail", "doctor", "config show", "config export", "shops list", "audit", "callbacks"]
    asking += ["why x@example.com", "conflicts", "ledger", "backfill list", "pushes list", "neighbours"]
    for command in map(str.split, asking):
        asked = world.command(*command)
        assert asked.returncode == 1, command
        assert "There is no database at" in " ".join(asked.stderr.split())
        assert "Traceback" not in asked.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_the_version_is_printed_alone(stopped: World) -> None:
    assert stopped.command("--version").stdout.strip() == __version__
