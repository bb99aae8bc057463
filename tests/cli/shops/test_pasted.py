"""What is pasted into SALESmanago and into the shop's pages is the same in both languages; what is said about it is not."""

from pathlib import Path

import pytest

from app.cli import common
from tests.support.running.languages import english_in
from tests.support.running.terminals import ONE_SHOP, Terminal

SHOPS = ONE_SHOP.replace('owner = "owner@example.com"', 'owner = "owner@example.com"\ncallback_secret = "env:TEST_CALLBACK"')
SHOPS += 'callback_secret = "env:TEST_CALLBACK"\n'


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for console in (common.out, common.err):
        monkeypatch.setattr(console, "width", 400)
    secrets = {"TEST_SECRET": "s" * 16, "TEST_CALLBACK": "CallbackSecret01"}
    return Terminal(tmp_path, monkeypatch, SHOPS, COLUMNS="400", NO_COLOR="1", **secrets)


def test_callbacks_say_in_polish_whom_each_address_reaches(terminal: Terminal) -> None:
    english, polish = terminal.run("callbacks").output, terminal.run("callbacks", "--pl").output
    heads = [line for line in polish.splitlines() if not line.startswith("  ")]
    assert heads == ["konto main  każdy sklep, który zna tę osobę", "sklep shop1  tylko ten sklep"]
    addresses = [line for line in english.splitlines() if line.startswith("  ")]
    assert [line for line in polish.splitlines() if line.startswith("  ")] == addresses
    assert len(addresses) == 4


def test_callbacks_that_are_not_configured_are_named_in_polish(terminal: Terminal) -> None:
    terminal.file.write_text(ONE_SHOP)
    terminal.run("apply", str(terminal.file), "--yes")
    refused = terminal.run("callbacks", "--pl")
    assert refused.exit_code == 1
    assert "Nie skonfigurowano tam callback_secret." in refused.output
    assert english_in(refused.output) == set()


def test_the_tracking_code_is_the_same_in_both_languages_and_its_refusals_are_not(terminal: Terminal) -> None:
    assert terminal.run("tracking-code", "shop1").output == terminal.run("tracking-code", "shop1", "--pl").output
    refused = terminal.run("tracking-code", "shop1", "--host", "elsewhere.example.com", "--pl")
    assert (refused.exit_code, refused.output) == (1, "Sklep nie ma takiej domeny.\n")
