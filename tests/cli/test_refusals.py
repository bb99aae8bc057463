"""With `--pl` a command refuses in Polish, whatever refuses: the line, the gateway, the database, a setting, who is asked."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from typer.testing import Result

from app.cli import common
from app.configuration.settings import Settings
from tests.support.running.languages import english_in
from tests.support.running.terminals import COMMANDS, ONE_SHOP, Terminal

POLISH = sorted(name for name, command in COMMANDS.items() if any("--pl" in one.opts for one in command.params))


def assert_refused_in_polish(refused: Result, code: int = 1) -> None:
    assert refused.exit_code == code, refused.output
    assert len(refused.output) > 10
    assert english_in(refused.output) == set(), refused.output


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        for console in (common.out, common.err):
            monkeypatch.setattr(console, "width", 400)
        folder = tmp_path_factory.mktemp("refusals")
        yield Terminal(folder, monkeypatch, ONE_SHOP, TEST_SECRET="s" * 16, COLUMNS="400", NO_COLOR="1")


# -- what was typed ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", POLISH)
def test_a_command_refuses_wrong_words_in_polish(terminal: Terminal, name: str) -> None:
    options = (one for one in COMMANDS[name].params if one.param_type_name == "option")
    valued = [(max(one.opts, key=len),) for one in options if not one.is_flag]
    wrong = [("--nope",), ("a", "b", "c", "d"), *valued]
    for words in wrong:
        assert_refused_in_polish(terminal.run(*name.split(), "--pl", *words), code=2)


@pytest.mark.parametrize(
    "line",
    [
        *("statuss", "backfill pauze", "backfill", "backfill show", "status --json=3", "backfill show s --number x"),
        *("pushes list -n 0", "pushes list -n 501", "connect idosell s --wait -1", "keys issue --days x", "replay"),
    ],
)
def test_a_line_that_cannot_be_understood_is_refused_in_polish(terminal: Terminal, line: str) -> None:
    assert_refused_in_polish(terminal.run(*line.split(), "--pl"), code=2)


def test_an_empty_filter_is_refused_in_polish(terminal: Terminal) -> None:
    assert_refused_in_polish(terminal.run("replay", "--event", "", "--pl"), code=2)


def test_without_the_option_a_line_is_refused_in_english(terminal: Terminal) -> None:
    assert english_in(terminal.run("status", "--nope").output) != set()


# -- what the gateway refuses --------------------------------------------------------------------------------------------------

NOT_REFUSED = {"doctor", "installation confirm", "installation show", "keys list", "neighbours", "pushes list", "retention"}
NOT_REFUSED |= {"keys encryption", "keys rotate", "shops list", "support-bundle"}
"""Whatever they are asked for, they answer."""
REFUSED = {
    "access-report": ["nobody jan@example.com", "shop1 jan"],
    "apply": ["nowhere.toml", "/"],
    "audit": ["nobody"],
    "backfill approve": ["nobody", "shop1", "shop1 -n 7"],
    "backfill cancel": ["nobody", "shop1", "shop1 -n 7"],
    "backfill list": ["nobody"],
    "backfill pause": ["nobody", "shop1", "shop1 -n 7"],
    "backfill resume": ["nobody", "shop1", "shop1 -n 7"],
    "backfill show": ["nobody", "shop1 -n 7"],
    "backfill start": ["nobody", "shop1"],
    "backfill watch": ["nobody", "shop1 -n 7"],
    "callbacks": ["nobody", ""],
    "config export": ["--with-secrets /"],
    "config show": ["nobody"],
    "conflicts": ["nobody"],
    "conflicts-seen": [
        *("nobody jan@example.com --yes", "shop1 jan@example.com --yes"),
        *("shop1 jan --yes", "shop1 jan@example.com --kind rain --yes"),
    ],
    "connect idosell": ["nobody", "shop1"],
    "consents": ["jan@example.com"],
    "erase": ["nobody jan@example.com --yes", "shop1 jan --yes", "shop1 jan@nowhere --yes"],
    "hand-work done": ["nobody 1", "shop1 7"],
    "hand-work list": ["nobody"],
    "import-subscribers": ["shop1 nowhere.csv", "shop1 /"],
    "keys issue": ["", "nobody", "shop1 --role boss", "shop1 --role reader", "shop1 --days -1"],
    "keys revoke": ["nobody"],
    "ledger": ["nobody"],
    "parked": ["nobody"],
    "pushes again": ["7"],
    "pushes show": ["7"],
    "reconcile preview": ["nobody"],
    "reconcile repair": ["nobody --yes", "shop1 --only rain --yes"],
    "reconcile show": ["nobody"],
    "replay": ["nobody --yes", "--reason rain --yes", "--event zażółć --yes"],
    "shops remove": ["nobody --yes", "shop1 --yes"],
    "status": ["nobody"],
    "tail": ["nobody"],
    "tracking-code": ["nobody", "shop1 --host no.example.com"],
    "why": ["jan@example.com"],
}


def test_every_command_that_can_be_refused_is_in_the_table() -> None:
    assert sorted([*REFUSED, *NOT_REFUSED]) == POLISH


@pytest.mark.parametrize("name", REFUSED)
def test_what_the_gateway_refuses_is_said_in_polish(terminal: Terminal, name: str) -> None:
    for words in REFUSED[name]:
        refused = terminal.run(*name.split(), *words.split(), "--pl")
        assert_refused_in_polish(refused, code=0 if name == "pushes again" else 1)


def test_a_state_that_does_not_allow_it_is_named_in_polish(terminal: Terminal) -> None:
    terminal.file.write_text(ONE_SHOP.replace("all_customers", "order_consent"))
    assert terminal.run("apply", str(terminal.file), "--yes").exit_code == 0
    assert_refused_in_polish(refused := terminal.run("backfill", "start", "shop1", "--pl"))
    assert "R64" in refused.output


# -- the person, the database, the settings --------------------------------------------------------------------------------


@pytest.mark.parametrize(("typed", "asked_again"), [("n\n", False), ("\n", False), ("nie\n", False), ("może\nn\n", True)])
def test_a_person_who_says_no_ends_it_in_polish(terminal: Terminal, typed: str, asked_again: bool) -> None:
    refused = terminal.run("reconcile", "repair", "shop1", "--pl", typed=typed)
    assert_refused_in_polish(refused)
    assert refused.output.endswith("Przerwano.\n")
    assert ("Odpowiedz t albo n." in refused.output) == asked_again


def test_a_person_says_yes_in_either_language(terminal: Terminal) -> None:
    for typed in ("t\n", "Tak\n", "y\n"):
        assert_refused_in_polish(terminal.run("reconcile", "repair", "nobody", "--pl", typed=typed))


def test_a_folder_without_database_is_named_in_polish(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/none.db")
    assert_refused_in_polish(terminal.run("status", "--pl"))
    (tmp_path / "none.db").touch(mode=0o600)
    assert_refused_in_polish(refused := terminal.run("status", "--pl"))
    assert "jest pusta" in refused.output


def test_a_report_that_cannot_be_written_is_refused_in_polish(terminal: Terminal, tmp_path: Path) -> None:
    for file in (tmp_path, tmp_path / "none" / "report.html", terminal.file):
        assert_refused_in_polish(terminal.run("access-report", "shop1", "jan@example.com", "--html", str(file), "--pl"))


WRONG = sorted(name for name, field in Settings.model_fields.items() if field.annotation is not str)
WRONG += ["database_url", "alarm_webhook_url", "alarm_webhook_secret", "alarm_smtp_user", "alarm_smtp_password"]


def test_a_wrong_setting_is_refused_in_polish_by_its_name(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in sorted({*WRONG} - {"config"}):
        variable = f"GATEWAY_{name.upper()}"
        with monkeypatch.context() as here:
            here.setenv(variable, "@?")
            refused = terminal.run("status", "--pl")
            assert_refused_in_polish(refused)
            assert "GATEWAY_" in refused.output or "e-mail" in refused.output
            assert "Value error" not in refused.output


def test_numbers_beyond_their_bounds_are_refused_in_polish(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("POLL_SECONDS", "0"),
        ("LEASE_SECONDS", "1"),
        ("INSTALLATION", "x" * 65),
    ):
        with monkeypatch.context() as here:
            here.setenv(f"GATEWAY_{name}", value)
            assert_refused_in_polish(terminal.run("status", "--pl"))


# -- what no address can hold ------------------------------------------------------------------------------------------------

NAMED = {name: lines[0] for name, lines in REFUSED.items() if "nobody" in lines[0]}


@pytest.mark.parametrize("odd", ["żółć", "a/b?c=d#e%41", "sklep shop1", "../shop1", "za\udcbf\udcf3\udcb3\udce6"])
@pytest.mark.parametrize("name", NAMED)
def test_r73_whatever_is_typed_for_a_name_is_asked_for_and_refused(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, name: str, odd: str
) -> None:
    """The last is what a terminal in ISO 8859-2 sends. A gateway that runs is asked over HTTP, whose addresses are ASCII."""
    asked: list[str] = []

    def nobody_runs(_method: str, path: str, *, params: Mapping[str, Any] | None = None, **_more: Any) -> None:
        asked.append(f"{path}?{urlencode(params or {}, doseq=True)}")

    monkeypatch.setattr(common, "ask_running", nobody_runs)
    words = [odd if word == "nobody" else word for word in NAMED[name].split()]
    refused = terminal.run(*name.split(), *words)
    assert refused.exit_code in (1, 2), refused.output
    assert all(one.isascii() and "#" not in one and one.count("?") == 1 for one in asked)
