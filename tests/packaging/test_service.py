"""The unit for systemd, and the environment that belongs to it."""

import grp
import os
import re
import shlex
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.cli import cli
from app.configuration.settings import Settings
from tests.support.pages import Page
from tests.support.running.fork_server import run
from tests.support.running.processes import Process, free_port

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
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


def steps_of_the_page() -> list[str]:
    """What the page of the service has an administrator type before the unit is there."""
    blocks = [block.text for block in Page(ROOT / "docs" / "how-to" / "service.md").blocks() if block.why_not is not None]
    return [line.partition(" #")[0].strip() for block in blocks[:2] for line in block.splitlines()]


def settings_of(file: Path) -> dict[str, str]:
    """As systemd reads an EnvironmentFile."""
    return dict(line.split("=", 1) for line in file.read_text().splitlines() if line and not line.startswith("#"))


def test_the_head_of_the_unit_has_the_steps_of_the_page() -> None:
    head = UNIT.partition("[Unit]")[0]
    shown = [line.removeprefix("#").partition(" #")[0].strip() for line in head.splitlines() if line.startswith("#   ")]
    assert shown[: len(steps_of_the_page())] == steps_of_the_page()


def test_what_is_installed_comes_from_the_lock_and_the_wheel_as_in_the_image() -> None:
    """Those two steps of the image are executed in `test_image`."""
    installs = [words.partition(" install ")[2] for words in steps_of_the_page() if " pip install " in words]
    assert installs == ["--require-hashes -r requirements.lock", "--no-deps dist/shop_gateway-*.whl"]
    (made,) = re.findall(r"^wheel: .*\n\t(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert "--wheel-dir dist " in made


def test_after_the_steps_of_the_page_the_unit_starts_a_gateway_that_writes_only_into_its_own_folder(tmp_path: Path) -> None:
    def there(words: str) -> str:
        return re.sub(r"(?<![\w.])/(?=(?:etc|var|opt)/)", f"{tmp_path}/", words)

    ours = grp.getgrgid(os.getgid()).gr_name
    for step in steps_of_the_page():
        if step.startswith("install "):
            subprocess.run(shlex.split(there(step).replace("--group gateway", f"--group {ours}")), cwd=ROOT, check=True)
    file = Path(there(setting("EnvironmentFile")))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shops = Path(there("/etc/gateway/shops.toml"))
    shops.write_text(shops.read_text().replace("https://app3.salesmanago.com", "http://127.0.0.1:9"))  # nobody outside is called
    Path(there(f"/var/lib/{setting('StateDirectory')}")).mkdir(parents=True)  # systemd does

    key = run(["keys", "encryption"], {}, "", timeout=60).stdout.strip()
    filled_in = {"GATEWAY_ENCRYPTION_KEYS": key, "SALESMANAGO_SECRET": "a-secret", "GATEWAY_PORT": str(free_port())}
    environment = {name: there(value) for name, value in settings_of(file).items()} | filled_in
    _, *words = setting("ExecStart").split()
    gateway = Process(tmp_path, "gateway", words, environment, f"http://127.0.0.1:{filled_in['GATEWAY_PORT']}/healthz")
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    gateway.start()
    try:
        issued = run(["keys", "issue", "shop1"], os.environ | environment, "", timeout=60)
        assert issued.stdout.startswith("gwk_"), issued.stderr
    finally:
        assert gateway.stop() == 0
    written = {path for path in tmp_path.rglob("*") if path.is_file()} - before - {gateway.log}
    assert {path.parent for path in written} == {Path(there(setting("WorkingDirectory")))}
