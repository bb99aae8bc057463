"""`gateway erase` and `gateway access-report`, in this process and without a running gateway (M1, M7)."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.bootstrap.gateway import open_gateway
from app.cli import common
from app.configuration.settings import Settings
from app.domain.event_parts import Customer
from app.domain.events import CustomerRegistered
from app.domain.intake.inbox import NewEvent
from tests.support.running.terminals import ONE_SHOP, Terminal

JAN = "jan@example.com"


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr(common.out, "width", 400)
    made = Terminal(tmp_path, monkeypatch, ONE_SHOP, TEST_SECRET="s", COLUMNS="400", NO_COLOR="1")
    works(
        NewEvent(
            "shop1",
            "r1",
            "registration",
            CustomerRegistered(at=datetime.now(UTC), customer=Customer(email=JAN, first_name="Jan")),
            "d",
        )
    )
    return made


def works(*events: NewEvent) -> None:
    async def step() -> None:
        async with open_gateway(Settings()) as gateway:
            await gateway.intake.accept(events) if events else None
            while await gateway.planner.plan_due():
                pass

    asyncio.run(step())


def test_m1_an_erasure_is_shown_asked_queued_and_found_by_why(terminal: Terminal) -> None:
    declined = terminal.run("erase", "shop1", JAN, typed="n\n")
    assert declined.exit_code == 1
    assert "name: Jan" in declined.stdout
    assert f"deleted in SALESmanago: {JAN}" in declined.stdout
    assert "gateway why" not in declined.stdout
    assert terminal.json("audit")["entries"][0]["action"] != "erasure_requested"
    polish = terminal.run("erase", "shop1", JAN, "--pl", typed="t\nn\n").stdout
    assert "imię i nazwisko: Jan" in polish
    done = terminal.run("erase", "shop1", JAN, "--yes")
    assert done.exit_code == 0
    event_id = done.stdout.strip().rpartition("gateway why ")[2]
    works()
    assert terminal.json("why", event_id)["events"][0]["state"] == "planned"
    entry = terminal.json("audit", "shop1")["entries"][0]
    assert (entry["action"], entry["about"], entry["after"]) == ("erasure_requested", "contact 1", event_id)
    assert "erased already" in terminal.run("erase", "shop1", JAN, typed="n\n").stdout


def test_m1_a_machine_gets_the_whole_answer_as_json(terminal: Terminal) -> None:
    done = terminal.json("erase", "shop1", JAN, "--yes")
    assert (done["mode"], done["known"]["name"], done["deleted_in_salesmanago"]) == ("run", "Jan", [JAN])
    assert done["event_id"].startswith("erasure-by-staff-")


def test_m7_a_report_is_printed_and_written_as_a_page_nobody_else_can_read(terminal: Terminal, tmp_path: Path) -> None:
    shown = terminal.run("access-report", "shop1", JAN).stdout
    assert "What the shop sklep.example.com stores about you" in shown
    assert JAN in shown
    assert "Account created" in shown
    assert "Założenie konta" in terminal.run("access-report", "shop1", JAN, "--pl").stdout
    file = tmp_path / "report.html"
    written = terminal.run("access-report", "shop1", JAN, "--html", str(file), "--json")
    assert json.loads(written.stdout)["facts"]["email"] == JAN
    assert file.read_text().startswith("<!doctype html><html lang=en>")
    assert file.stat().st_mode & 0o777 == 0o600
    again = terminal.run("access-report", "shop1", JAN, "--html", str(file))
    assert (again.exit_code, "cannot be written" in again.stderr) == (1, True)


@pytest.mark.parametrize("words", [("erase", "--yes"), ("access-report",)])
def test_an_unknown_shop_and_what_is_no_address_are_refused(terminal: Terminal, words: tuple[str, ...]) -> None:
    name, *more = words
    unknown = terminal.run(name, "shop9", JAN, *more)
    assert (unknown.exit_code, "There is no such shop here." in unknown.stderr) == (1, True)
    mistaken = terminal.run(name, "shop1", "nobody", *more)
    assert mistaken.exit_code == 1
    assert "email: " in mistaken.stderr
