"""`gateway keys rotate` in Polish."""

import os
import re
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from app.cli import common
from tests.support.running.languages import english_in
from tests.support.running.terminals import ONE_SHOP, Terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for console in (common.out, common.err):
        monkeypatch.setattr(console, "width", 400)
    return Terminal(tmp_path, monkeypatch, ONE_SHOP, TEST_SECRET="s" * 16, COLUMNS="400", NO_COLOR="1")


def test_a_rotation_says_in_polish_what_was_encrypted_anew_and_when_the_old_key_may_go(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = terminal.run("keys", "rotate", "--pl").output
    old = os.environ["GATEWAY_ENCRYPTION_KEYS"]
    monkeypatch.setenv("GATEWAY_ENCRYPTION_KEYS", f"{Fernet.generate_key().decode()},{old}")
    done = terminal.run("keys", "rotate", "--pl").output
    assert only.endswith("To jedyny klucz.\n")
    assert re.search(r"hasła i klucze: ([1-9]\d*), zaszyfrowano na nowo: \1\.", done)
    assert "usuń starsze klucze z GATEWAY_ENCRYPTION_KEYS" in done
    assert english_in(only) | english_in(done) == set()


def test_keys_that_open_nothing_are_refused_in_polish(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_ENCRYPTION_KEYS", Fernet.generate_key().decode())
    refused = terminal.run("keys", "rotate", "--pl")
    assert refused.exit_code == 1
    assert "żaden z kluczy nie otwiera zapisanych haseł" in refused.output
    assert english_in(refused.output) == set()


def test_a_key_for_encryption_is_printed_alone_in_either_language(terminal: Terminal) -> None:
    for more in ((), ("--pl",)):
        Fernet(terminal.run("keys", "encryption", *more).output.strip())
    assert english_in(terminal.run("keys", "encryption", "--pl", "--nope").output) == set()
