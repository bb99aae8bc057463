"""Trying again what is parked, at the command line: what was asked for and nothing else, after it was shown."""

import shlex
import subprocess
from pathlib import Path

import pytest

from app.domain.delivery.outcomes import Refused
from tests.cli.happening import SHOPS, an_operators_terminal, delivered, happens
from tests.support.running.terminals import Terminal

HOSTILE = "see $(touch owned) and `id`; it's [red]\\ !"


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return an_operators_terminal(tmp_path, monkeypatch)


def suggested(terminal: Terminal) -> list[str]:
    (line,) = [line for line in terminal.run("parked").stdout.splitlines() if "gateway replay" in line]
    return shlex.split(line)[1:]


def test_the_suggested_command_replays_the_group_and_nothing_else(terminal: Terminal) -> None:
    happens("ewa@example.com", answer=lambda method, items: Refused("Other"))
    assert terminal.run("replay", "--all", "--yes").exit_code == 0
    happens(answer=lambda method, items: Refused("Invalid phone number"))
    command = suggested(terminal)
    assert command == ["replay", "shop1", "--reason", "refused", "--words", "Invalid phone number"]
    happens("jan@example.com", answer=lambda method, items: Refused("Other"))
    assert terminal.run(*command, "--yes").exit_code == 0
    assert delivered() == ["ewa@example.com"]


def test_words_of_a_destination_are_never_a_command_when_the_suggestion_is_pasted(terminal: Terminal, tmp_path: Path) -> None:
    happens("jan@example.com", answer=lambda method, items: Refused(HOSTILE))
    (line,) = [line for line in terminal.run("parked").stdout.splitlines() if "gateway replay" in line]
    pasted = line.strip().replace("gateway", "printf '%s\\n'", 1)
    said = subprocess.run(["bash", "-c", pasted], capture_output=True, text=True, check=False, cwd=tmp_path).stdout
    assert not (tmp_path / "owned").exists()
    assert said.splitlines() == ["replay", "shop1", "--reason", "refused", "--words", HOSTILE]


def test_a_replay_of_nothing_in_particular_is_refused(terminal: Terminal) -> None:
    happens("jan@example.com")
    refused = terminal.run("replay", "--yes")
    assert refused.exit_code == 2
    assert "--all" in refused.stderr
    assert delivered() == []


@pytest.mark.parametrize("empty", [("--event", ""), ("--words", ""), ("--reason", ""), ("",)])
def test_an_empty_filter_does_not_mean_everything(terminal: Terminal, empty: tuple[str, ...]) -> None:
    """As a script's unset variable would give it."""
    happens("jan@example.com")
    assert terminal.run("replay", *empty, "--yes").exit_code == 2
    assert delivered() == []


def test_an_empty_shop_beside_another_filter_does_not_mean_every_shop(terminal: Terminal) -> None:
    """`"$SHOP" --reason refused` with SHOP unset."""
    happens("jan@example.com")
    assert terminal.run("replay", "", "--reason", "refused", "--yes").exit_code != 0
    assert delivered() == []


def test_it_is_shown_and_asked_before_anything_is_done(terminal: Terminal) -> None:
    happens("jan@example.com")
    declined = terminal.run("replay", "--all", typed="n\n")
    assert declined.exit_code == 1
    assert "1 would be sent again, 0 decided again." in declined.stdout
    assert "of-jan  upsert_contact" in declined.stdout
    assert "Replay these 1?" in declined.stdout
    assert "are sent again" not in declined.stdout
    assert delivered() == []
    assert len(terminal.json("parked")["groups"]) == 1


def test_an_answer_that_never_comes_is_a_no(terminal: Terminal) -> None:
    happens("jan@example.com")
    assert terminal.run("replay", "--all", typed="").exit_code == 1
    assert delivered() == []


def test_after_a_yes_it_is_tried_again(terminal: Terminal) -> None:
    happens("jan@example.com")
    done = terminal.run("replay", "--all", typed="y\n")
    assert done.exit_code == 0
    assert "1 are sent again" in done.stdout
    assert delivered() == ["jan@example.com"]
    assert "Nothing is parked, and nothing waits" in terminal.run("parked").stdout
    assert terminal.run("replay", "--all").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "people"),
    [
        (("--event", "of-jan"), ["jan@example.com"]),
        (("shop2",), ["ola@example.com"]),
        (("--words", "Invalid name"), ["ola@example.com"]),
        (("shop1", "--reason", "refused"), ["jan@example.com"]),
        (("--reason", "gave_up"), []),
        (("shop1", "--event", "of-ola"), []),
        (("--all",), ["jan@example.com", "ola@example.com"]),
        (("shop2", "--all"), ["ola@example.com"]),
    ],
)
def test_one_some_or_all_are_replayed(terminal: Terminal, arguments: tuple[str, ...], people: list[str]) -> None:
    happens("jan@example.com", answer=lambda method, items: Refused("Invalid phone number"))
    happens("ola@example.com", shop="shop2", answer=lambda method, items: Refused("Invalid name"))
    assert terminal.run("replay", *arguments, "--yes").exit_code == 0
    assert sorted(delivered()) == people


def test_as_json_one_document_is_printed_and_nothing_besides(terminal: Terminal) -> None:
    happens("jan@example.com")
    done = terminal.json("replay", "--all", "--yes")
    assert (done["mode"], done["again"]) == ("run", 1)
    nothing = terminal.json("replay", "shop2", "--yes")
    assert (nothing["mode"], nothing["again"], nothing["samples"]) == ("preview", 0, [])


def test_a_disabled_shop_is_named_and_stays_parked(terminal: Terminal) -> None:
    happens("jan@example.com")
    terminal.file.write_text(SHOPS.replace("number = 1", "number = 1\nenabled = false"))
    assert terminal.run("apply", str(terminal.file), "--yes").exit_code == 0
    told = terminal.run("replay", "--all")
    assert told.exit_code == 0
    assert "1 stay parked: their shop is disabled" in told.stdout
    assert delivered() == []


def test_a_reason_that_does_not_exist_is_refused_by_name(terminal: Terminal) -> None:
    happens("jan@example.com")
    refused = terminal.run("replay", "--reason", "because", "--yes")
    assert refused.exit_code != 0
    assert "reason" in refused.stderr
