"""The compose files: every command, setting and file in them exists, and no secret has a default."""

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from cryptography.fernet import Fernet

from app.cli import cli
from app.configuration.settings import Settings
from app.configuration.shops_file import parse
from app.services.shops.keyring import KeyRing
from tests.support.pages import Page

ROOT = Path(__file__).parents[2]
FILES = ("compose.yaml", "compose.postgresql.yaml")
SECRETS = re.compile(r"(PASSWORD|SECRET|KEYS)$")


@pytest.fixture(params=FILES)
def file(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def services(file: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / file).read_text())["services"]
    return found


def ours(file: str) -> dict[str, Any]:
    return {name: one for name, one in services(file).items() if one["image"] == "shop-gateway"}


def filled_in(value: str) -> str:
    """As with everything that has to be given in `.env`."""
    given = {"GATEWAY_SITE": "gateway.example.com", "GATEWAY_ENCRYPTION_KEYS": Fernet.generate_key().decode()}
    return re.sub(r"\$\{(\w+)(?::([-?])([^}]*))?\}", lambda one: given.get(one[1]) or (one[3] if one[2] == "-" else "given"), value)


def parsed(words: list[str]) -> typer.Context:
    """As the command line reads it, without running it."""
    command: Any = typer.main.get_command(cli)
    context: Any = None
    while True:
        context = command.make_context(command.name, words, parent=context)
        if not hasattr(command, "commands"):
            return context
        name, *words = [*context._protected_args, *context.args]
        command = command.commands[name]


def test_every_command_of_a_service_is_one_of_the_gateways(file: str) -> None:
    assert ours(file)
    for one in ours(file).values():
        assert parsed([*one["command"]]).command.name in ("serve", "worker")


def test_every_command_that_the_comments_show_is_one_of_the_gateways(file: str) -> None:
    shown = re.findall(
        r"(?:shop-gateway|gateway gateway) ((?:[a-z]|(?<=\w)-)+(?: [a-z0-9-]+)*)(?:\s{2,}#|\"|$)",
        (ROOT / file).read_text(),
        re.MULTILINE,
    )
    assert shown
    for words in shown:
        parsed(shlex.split(words))


def test_every_setting_exists_and_has_a_right_value(file: str) -> None:
    for one in ours(file).values():
        named = {name.lower().removeprefix("gateway_") for name in one["environment"] if name.startswith("GATEWAY_")}
        assert named <= Settings.model_fields.keys()
        said = {name.lower().removeprefix("gateway_"): filled_in(value) for name, value in one["environment"].items()}
        assert Settings(**{name: value for name, value in said.items() if name in Settings.model_fields})  # type: ignore[arg-type]


def test_no_secret_has_a_default_and_what_is_missing_is_said(file: str) -> None:
    text = (ROOT / file).read_text()
    for name, how in re.findall(r"\$\{(\w+)(:[-?][^}]*)?\}", text):
        if SECRETS.search(name) or name == "GATEWAY_SITE":
            assert re.match(r":\?.{20}", how), f"{name} can be left out"
    for service in services(file).values():
        for name, value in service["environment"].items():
            assert not SECRETS.search(name) or "${" in value


def test_our_processes_have_no_rights_and_nothing_to_write_to_but_their_volume(file: str) -> None:
    for one in ours(file).values():
        assert (one["read_only"], one["cap_drop"], one["security_opt"]) == (True, ["ALL"], ["no-new-privileges:true"])
        assert "ports" not in one, "only the proxy is reached from outside"
        assert all(mount == "data:/data" or mount["read_only"] for mount in one.get("volumes", ()))


def test_every_mounted_file_is_in_the_checkout_or_has_an_example_there(file: str) -> None:
    for one in services(file).values():
        for mount in one.get("volumes", ()):
            if isinstance(mount, dict):
                source = ROOT / mount["source"]
                assert source.is_file() or (ROOT / "deploy" / f"{source.stem}.example{source.suffix}").is_file()
                assert mount["bind"] == {"create_host_path": False}, "a forgotten file would become an empty folder"


def test_the_environment_has_every_secret_that_the_example_of_shops_reads(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "deploy" / "shops.example.toml").read_text()
    named = set(re.findall(r'"env:(\w+)"', text)) - {"NAME"}
    assert named <= ours(file)["gateway"]["environment"].keys()
    for name in named:
        monkeypatch.setenv(name, "given")
    accounts, shops = parse(tomllib.loads(text), KeyRing([Fernet.generate_key().decode()]))
    assert (len(accounts), [one.shop.shadow for one in shops]) == (1, [True])


def test_the_database_of_a_service_is_of_the_kind_its_file_is_named_for() -> None:
    assert all("GATEWAY_DATABASE_URL" not in one["environment"] for one in ours("compose.yaml").values())
    assert len(ours("compose.yaml")) == 1, "an SQLite file has one process"
    several = ours("compose.postgresql.yaml")
    assert {name: one["deploy"]["replicas"] for name, one in several.items()} == {"gateway": 2, "worker": 3}
    assert all(one["environment"]["GATEWAY_DATABASE_URL"].startswith("postgresql+asyncpg://") for one in several.values())


def proxies() -> Iterator[dict[str, str]]:
    for file in FILES:
        yield services(file)["proxy"]["environment"]


def refused_by_caddy(file: Path, environment: dict[str, str]) -> str:
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(file)]
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    return done.stderr if done.returncode else ""


@pytest.mark.skipif(shutil.which("caddy") is None, reason="no caddy here")
def test_the_proxy_takes_its_file(tmp_path: Path) -> None:
    for given in proxies():
        environment = {name: filled_in(value) for name, value in given.items()} | {"HOME": str(tmp_path)}
        assert refused_by_caddy(ROOT / "deploy" / "Caddyfile", environment) == ""


@pytest.mark.skipif(shutil.which("caddy") is None, reason="no caddy here")
def test_the_proxy_takes_what_the_page_about_tls_shows(tmp_path: Path) -> None:
    (block,) = [one for one in Page(ROOT / "docs" / "how-to" / "reverse-proxy.md").blocks() if one.language == "caddy"]
    (tmp_path / "Caddyfile").write_text(block.text)
    assert refused_by_caddy(tmp_path / "Caddyfile", {"HOME": str(tmp_path)}) == ""


def test_the_proxy_has_browsers_ask_by_https_alone() -> None:
    for text in ((ROOT / "deploy" / "Caddyfile").read_text(), (ROOT / "docs" / "how-to" / "reverse-proxy.md").read_text()):
        said = re.findall(r'^\s*header Strict-Transport-Security "max-age=(\d+)"$', text, re.MULTILINE)
        assert [int(one) >= 365 * 86_400 for one in said] == [True]


def test_the_proxy_gets_what_its_file_reads() -> None:
    named = set(re.findall(r"\{\$(\w+)\}", (ROOT / "deploy" / "Caddyfile").read_text()))
    for given in proxies():
        assert given.keys() == named
