"""The unit for systemd, and the environment that belongs to it."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.cli import cli
from app.configuration.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = (DEPLOY / "gateway.service").read_text()
ENVIRONMENT = dict(
    line.split("=", 1) for line in (DEPLOY / "gateway.env.example").read_text().splitlines() if line and not line.startswith("#")
)


def setting(name: str) -> str:
    (value,) = re.findall(rf"^{name}=(.*)$", UNIT, re.MULTILINE)
    said: str = value
    return said


def test_the_unit_runs_a_command_of_the_gateway_as_a_user_of_its_own() -> None:
    program, *words = setting("ExecStart").split()
    assert program.endswith("/bin/gateway")
    assert words[0] in {command.name or command.callback.__name__ for command in cli.registered_commands if command.callback}
    assert setting("User") not in ("", "root")


def test_the_unit_can_write_only_where_its_database_lies() -> None:
    assert setting("ProtectSystem") == "strict"
    folder = f"/var/lib/{setting('StateDirectory')}"
    assert setting("WorkingDirectory") == folder
    assert ENVIRONMENT["GATEWAY_DATABASE_URL"].endswith(f"{folder}/gateway.db")
    assert "ReadWritePaths" not in UNIT


def test_every_setting_of_the_example_exists_and_no_secret_is_given() -> None:
    ours = {name.lower().removeprefix("gateway_"): value for name, value in ENVIRONMENT.items() if name.startswith("GATEWAY_")}
    assert ours.keys() <= Settings.model_fields.keys()
    assert (ENVIRONMENT["GATEWAY_ENCRYPTION_KEYS"], ENVIRONMENT["SALESMANAGO_SECRET"]) == ("", "")
    assert Settings(**ours | {"encryption_keys": Fernet.generate_key().decode()})  # type: ignore[arg-type]  # pydantic reads them
    assert f"EnvironmentFile={Path('/etc/gateway/gateway.env')}" in UNIT
    assert set(re.findall(r'"env:(\w+)"', (DEPLOY / "shops.example.toml").read_text())) - {"NAME"} <= ENVIRONMENT.keys()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_systemd_knows_every_line_of_the_unit(tmp_path: Path) -> None:
    there = re.sub(r"^ExecStart=\S+", "ExecStart=/bin/true", UNIT, flags=re.MULTILINE)
    (tmp_path / "gateway.service").write_text(there)
    done = subprocess.run(["systemd-analyze", "verify", tmp_path / "gateway.service"], capture_output=True, text=True, check=False)
    assert "Unknown" not in done.stderr
    assert "gateway.service" not in done.stderr, done.stderr
