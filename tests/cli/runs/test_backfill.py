"""Commands of the first transfer, of lists and of comparisons, in this process and without a running gateway."""

import csv
from pathlib import Path

import pytest

from app.cli import common
from app.cli.runs.imports import SHOWN
from tests.support.running.languages import english_in
from tests.support.running.terminals import ONE_SHOP, SECOND_SHOP, Terminal, a_panel

SHOPS = "".join(
    (
        ONE_SHOP.replace("shop1", "careful").replace("all_customers", "order_consent"),
        SECOND_SHOP.replace("shop2", "open"),
        a_panel("open"),
    )
)
LINES = "E-mail;Data zgody;Uwagi\newa@example.com;2025-03-18 18:49:21;x\nno-address;2025-03-18;\nola@example.com;;\n"


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return Terminal(tmp_path, monkeypatch, SHOPS, TEST_SECRET="secret")


# -- lists ---------------------------------------------------------------------------------------------------------------


def test_a_list_is_taken_line_by_line_and_again_without_effect(terminal: Terminal, tmp_path: Path) -> None:
    file, report = tmp_path / "readers.csv", tmp_path / "report.csv"
    file.write_text(LINES)
    first = terminal.run("import-subscribers", "open", str(file), "--report", str(report))
    assert first.exit_code == 1  # two lines need a look
    assert first.stdout.splitlines()[0] == "1 accepted, 0 duplicate, 0 conflict, 2 rejected"  # no bar for whom nobody watches
    assert "uwagi" in first.stdout
    rows = list(csv.DictReader(report.read_text().splitlines()))
    assert [(row["line"], row["result"]) for row in rows] == [("2", "accepted"), ("3", "rejected"), ("4", "rejected")]
    assert "no-address" not in first.stdout + report.read_text()
    again = terminal.json("import-subscribers", "open", str(file))
    assert (again["accepted"], again["duplicate"], again["rejected"]) == (0, 1, 2)


def test_a_list_is_taken_in_polish(terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(common.out, "width", 400)
    file, report = tmp_path / "readers.csv", tmp_path / "report.csv"
    file.write_text(LINES + "no-address;2025-03-18;\n" * (SHOWN + 2))
    taken = terminal.run("import-subscribers", "open", str(file), "--report", str(report), "--pl")
    assert taken.exit_code == 1
    head, columns, *lines, more = taken.output.splitlines()
    assert head == "przyjęte: 1, przyjęte już wcześniej: 0, sprzeczne z przyjętymi wcześniej: 0, odrzucone: 24"
    assert columns == "nieznane kolumny, pominięto: uwagi"
    assert lines[1] == "  wiersz 4, email_consent_at: potrzebna jest data wyrażenia zgody; np. 2025-03-18 18:49:21"
    assert more == "  … i jeszcze 4 wiersze; wszystkie wymieni `--report PLIK`."
    assert english_in(taken.output) == set()
    wrong = [row["what_is_wrong"] for row in csv.DictReader(report.read_text().splitlines())]
    assert english_in("\n".join(wrong)) == set()


@pytest.mark.parametrize(("hidden", "words"), [(1, "1 more line;"), (2, "2 more lines;")])
def test_what_is_not_shown_is_counted(
    hidden: int, words: str, terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common.out, "width", 400)
    file = tmp_path / "readers.csv"
    file.write_text(LINES.splitlines()[0] + "\n" + "no-address;2025-03-18;\n" * (SHOWN + hidden))
    assert f"… and {words}" in terminal.run("import-subscribers", "open", str(file)).output


def test_a_file_that_is_no_list_or_not_there_is_said_in_one_sentence(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("name;age\nJan;40\n")
    odd = terminal.run("import-subscribers", "open", str(tmp_path / "odd.csv"))
    assert (odd.exit_code, "one of them is `email`" in " ".join(odd.stderr.split())) == (1, True)
    missing = terminal.run("import-subscribers", "open", str(tmp_path / "none.csv"))
    assert (missing.exit_code, "cannot be read" in " ".join(missing.stderr.split())) == (1, True)


# -- the first transfer --------------------------------------------------------------------------------------------------


def test_r64_a_transfer_under_order_consent_is_refused_with_the_reason(terminal: Terminal) -> None:
    refused = terminal.run("backfill", "start", "careful", "--dry-run")
    assert refused.exit_code == 1
    assert "policy order_consent" in " ".join(refused.stderr.split())


def test_a_transfer_is_begun_shown_paused_resumed_and_cancelled(terminal: Terminal) -> None:
    begun = terminal.json("backfill", "start", "open")
    assert (begun["mode"], begun["state"], begun["found"]) == ("run", "canary", 0)
    assert terminal.json("backfill", "pause", "open")["state"] == "paused"
    assert "Somebody paused it" in terminal.run("backfill", "show", "open").stdout
    assert terminal.json("backfill", "resume", "open", "--number", str(begun["id"]))["state"] == "canary"
    assert terminal.run("backfill", "approve", "open").exit_code == 1
    assert terminal.json("backfill", "cancel", "open")["state"] == "cancelling"
    assert [one["state"] for one in terminal.json("backfill", "list")["backfills"]] == ["cancelling"]
    assert "canary" not in terminal.run("backfill", "list").stdout


def test_without_any_transfer_the_next_command_is_named(terminal: Terminal) -> None:
    nothing = terminal.run("backfill", "show", "open")
    assert nothing.exit_code == 1
    assert "gateway backfill start open --dry-run" in " ".join(nothing.stdout.split())


# -- comparisons ---------------------------------------------------------------------------------------------------------


def test_without_any_comparison_the_command_that_makes_one_is_named(terminal: Terminal) -> None:
    assert "gateway reconcile preview careful" in " ".join(terminal.run("reconcile", "show", "careful").stdout.split())


def test_a_repair_is_not_begun_without_a_yes(terminal: Terminal) -> None:
    assert terminal.run("reconcile", "repair", "careful", typed="n\n").exit_code == 1
    assert terminal.json("reconcile", "show", "careful") == {"reconciliations": []}


def test_r26_a_repair_of_one_cause_says_which_and_refuses_a_cause_there_is_not(terminal: Terminal) -> None:
    declined = terminal.run("reconcile", "repair", "careful", "--only", "our_tag_missing", typed="n\n")
    assert "Repair what the comparison finds of our_tag_missing?" in declined.stdout
    wrong = terminal.run("reconcile", "repair", "careful", "--only", "everything", "--yes")
    assert wrong.exit_code == 1
    assert "causes" in wrong.output
    assert terminal.json("reconcile", "show", "careful") == {"reconciliations": []}
