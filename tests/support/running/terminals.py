"""A person's terminal in this process: commands open the stopped gateway's store themselves."""

import json
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer
from cryptography.fernet import Fernet
from tenacity import wait_none
from typer import testing
from typer.testing import CliRunner, Result

from app.cli import cli
from app.clients import transport
from app.observability import logs
from tests.support.databases import migrated_file

# The runner makes all commands anew for each that is run, which takes as long as many of them.
testing._get_command = cache(testing._get_command)

ONE_SHOP = """
[accounts.main]
endpoint = "http://127.0.0.1:9"
client_id = "c"
api_secret = "env:TEST_SECRET"
owner = "owner@example.com"

[shops.shop1]
account = "main"
host = "sklep.example.com"
location = "sklep_example"
number = 1
policy = "all_customers"
integration_started_at = 2026-01-01T00:00:00+01:00
"""
"""Of `all_customers`, on an account at which nobody answers; its secret is in `TEST_SECRET`. What follows may be added."""
SECOND_SHOP = """
[shops.shop2]
account = "main"
host = "hurt.example.com"
location = "hurt_example"
number = 2
policy = "all_customers"
integration_started_at = 2026-01-01T00:00:00+01:00
"""


def a_panel(shop: str = "shop1") -> str:
    """The section of a panel at which nobody answers."""
    return f"""
[shops.{shop}.panel]
kind = "idosell"
base_url = "http://127.0.0.1:9"
api_key = "env:TEST_SECRET"
"""


def leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Of a command of Typer's: what has no commands below it, by its whole name."""
    below = getattr(command, "commands", None)
    if below is None:
        yield " ".join(path), command
    for name, one in (below or {}).items():
        yield from leaves(one, (*path, name))


COMMANDS = dict(leaves(typer.main.get_command(cli)))
"""Every command of the command line by its whole name."""


class Terminal:
    """With the shops file applied."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, shops: str, **environment: str) -> None:
        shutil.copy(migrated_file(), folder / "gateway.db")
        environment |= {
            "GATEWAY_DATABASE_URL": f"sqlite+aiosqlite:///{folder / 'gateway.db'}",
            "GATEWAY_ENCRYPTION_KEYS": Fernet.generate_key().decode(),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        # The second try of a connection, at addresses at which nobody answers however long is waited.
        monkeypatch.setattr(transport, "wait_random_exponential", lambda **_: wait_none())
        self.file = folder / "shops.toml"
        self.file.write_text(shops)
        assert self.run("apply", str(self.file), "--yes").exit_code == 0

    def run(self, *arguments: str, typed: str | None = None) -> Result:
        try:
            return CliRunner().invoke(cli, arguments, input=typed, catch_exceptions=False)
        finally:
            logs.configure("WARNING", json=True)  # the command logged to a terminal that is gone by now

    def json(self, *arguments: str) -> Any:
        return json.loads(self.run(*arguments, "--json").stdout)
