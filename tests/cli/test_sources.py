"""`gateway connect` and `gateway pushes`: what a merchant's technician sees (R80, R84, R85)."""

import asyncio
import json
from importlib import import_module
from pathlib import Path

import pytest

from app.bootstrap.gateway import open_gateway
from app.cli import common
from app.configuration.settings import Settings
from tests.sources.stage import signed
from tests.support.running.terminals import ONE_SHOP, Terminal, a_panel

TOKEN = "authentication-bearer-token"
SHOPS = f"{ONE_SHOP}{a_panel()}calls_per_second = 100\n"
SOURCE = """
[shops.shop1.source]
kind = "idosell"
panel = 1234
tokens = ["env:TEST_TOKEN"]
"""


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr(common.out, "width", 400)
    environment = {"TEST_SECRET": "s" * 16, "TEST_TOKEN": TOKEN, "COLUMNS": "400", "NO_COLOR": "1"}
    return Terminal(tmp_path, monkeypatch, SHOPS, **environment)


def with_source(terminal: Terminal) -> str:
    terminal.file.write_text(SHOPS + SOURCE)
    return terminal.run("apply", str(terminal.file), "--yes").stdout


def pushed(body: bytes) -> None:
    async def step() -> None:
        async with open_gateway(Settings()) as gateway:
            await gateway.sources.pushes.take("idosell", "1234", signed("clientCreated", body), body)
            while await gateway.sources.translator.step():
                pass

    asyncio.run(step())


def test_r85_a_shop_without_source_is_shown_what_to_write_with_a_token_nobody_can_guess(terminal: Terminal) -> None:
    told = terminal.run("connect", "idosell", "shop1")
    assert told.exit_code == 1, "the panel does not answer"
    assert "✗ orders  OMS r" in told.stdout
    assert "[shops.shop1.source]" in told.stdout
    first, second = (
        next(line for line in terminal.run("connect", "idosell", "shop1").stdout.splitlines() if "export" in line) for _ in range(2)
    )
    assert first.startswith("export SHOP1_WEBHOOK_TOKEN=")
    assert first != second


def test_r85_a_shop_with_source_is_shown_the_address_the_token_and_the_events(terminal: Terminal) -> None:
    changed = with_source(terminal)
    assert 'shop shop1: source.kind: "none" → "idosell"' in changed
    assert TOKEN not in changed
    told = terminal.run("connect", "idosell", "shop1").stdout
    assert f"token        {TOKEN}" in told
    assert "/sources/idosell/1234" in told
    assert "orderCanceled" in told
    assert "SALESmanago module off" in told
    polish = terminal.run("connect", "idosell", "shop1", "--pl").stdout
    assert "Uprawnienia klucza" in polish
    assert "✗ zamówienia  OMS r" in polish
    assert "Wyłącz w panelu wbudowany moduł SALESmanago" in polish


def test_r85_what_the_gateway_itself_says_of_a_call_to_the_panel_is_said_in_polish(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = ("the answer cannot be unpacked", "HTTP 503 without JSON", "Throttled", "Brak uprawnień")
    checks = [{"what": "", "what_pl": "konta", "area": "CRM", "level": "r", "good": False, "words": words} for words in said]

    async def ask(method: str, path: str, **more: object) -> object:
        return {"good": False, "checks": checks, "tokens": [], "notes": [], "notes_pl": [], "shop": "shop1", "panel": "1"}

    monkeypatch.setattr(import_module("app.cli.connect"), "ask", ask)  # the package shows the commands under that name
    shown = terminal.run("connect", "idosell", "shop1", "--pl").stdout
    for words in ("odpowiedzi nie da się rozpakować", "HTTP 503 bez JSON", "zbyt wiele wywołań", "Brak uprawnień"):
        assert f"✗ konta  CRM r  {words}\n" in shown


def test_r85_an_unknown_shop_is_said_so(terminal: Terminal) -> None:
    told = terminal.run("connect", "idosell", "nobody")
    assert told.exit_code == 1
    assert "There is no such shop here." in told.stderr


def test_r84_doctor_and_apply_say_what_the_panel_cannot_tell(terminal: Terminal) -> None:
    with_source(terminal)
    assert "does not tell a resignation by the link from a removal by staff" in terminal.run("doctor").stdout
    terminal.file.write_text((SHOPS + SOURCE).replace("all_customers", "order_consent"))
    refused = terminal.run("apply", str(terminal.file), "--yes")
    assert refused.exit_code == 1
    assert "consent_box" in refused.stderr


def test_r80_a_push_that_was_not_understood_is_listed_shown_and_translated_again(terminal: Terminal) -> None:
    with_source(terminal)
    assert "Nothing was pushed." in terminal.run("pushes", "list").stdout
    pushed(b'{"results": "none"}')
    (line,) = terminal.json("pushes", "list", "--not-understood")["pushes"]
    assert (line["kind"], line["state"]) == ("clientCreated", "not_understood")
    assert "the body has no row with" in terminal.run("pushes", "list").stdout
    assert "w treści nie ma wiersza z" in terminal.run("pushes", "list", "--pl").stdout
    assert json.loads(terminal.run("pushes", "show", str(line["id"])).stdout) == {"results": "none"}
    assert "were not understood; they are kept" in terminal.run("doctor").stdout
    assert "translated once more" in terminal.run("pushes", "again", str(line["id"])).stdout
    assert "no such push" in terminal.run("pushes", "again", "999").stdout
    assert terminal.run("pushes", "show", "999").exit_code == 1
