"""A folder that was copied: the command line says so, and ends it when a person says so (J5)."""

import asyncio
import shutil
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


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A terminal in a copy of a gateway's folder."""
    monkeypatch.setattr(common.out, "width", 400)
    terminal = Terminal(tmp_path, monkeypatch, ONE_SHOP, TEST_SECRET="very-secret", NO_COLOR="1")
    copy = tmp_path / "copy"
    copy.mkdir()
    shutil.copy2(tmp_path / "gateway.db", copy / "gateway.db")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", f"sqlite+aiosqlite:///{copy / 'gateway.db'}")
    return terminal


def test_a_copied_folder_is_named_by_status_doctor_and_installation_in_both_languages(copied: Terminal) -> None:
    shown = copied.run("installation", "show")
    assert shown.exit_code == 1
    assert "it may be a copy" in shown.stdout
    assert "to może być kopia" in copied.run("installation", "show", "--pl").stdout
    assert copied.json("status")["sends"] is False
    assert "gateway installation confirm" in copied.run("status").stdout
    found = {one["about"]: one for one in copied.json("doctor")["findings"]}
    assert found["installation"]["good"] is False
    for command in ("status", "doctor"):
        assert "to może być kopia" in " ".join(copied.run(command, "--pl").stdout.split())
    assert copied.json("installation", "show")["confirmed"] is False  # looking changed nothing


def test_confirming_ends_it_and_stands_in_the_audit_log(copied: Terminal) -> None:
    assert copied.run("installation", "confirm").exit_code == 0
    assert copied.run("installation", "show").exit_code == 0
    assert copied.json("status")["sends"] is True
    assert "installation_confirmed" in [one["action"] for one in copied.json("audit")["entries"]]
    assert "nothing to confirm" in copied.run("installation", "confirm").stdout


def somebody_registers() -> None:
    async def step() -> None:
        async with open_gateway(Settings()) as gateway:
            now = datetime.now(UTC)
            event = CustomerRegistered(at=now, customer=Customer(email="jan@example.com"))
            async with gateway.delivery._store.work() as work:
                await work.inbox.add([NewEvent("shop1", "jan", "registration", event, "d")], now)
                await work.commit()
            await gateway.planner.plan_due()

    asyncio.run(step())


def test_what_waits_in_a_copy_is_not_said_to_be_on_its_way(copied: Terminal) -> None:
    somebody_registers()
    for command in (["status"], ["parked"]):
        assert "nothing is sent until somebody confirms that the database is no copy" in copied.run(*command).stdout
        assert "nic nie jest wysyłane, dopóki ktoś nie potwierdzi" in copied.run(*command, "--pl").stdout
    (event,) = copied.json("why", "jan")["events"]
    assert event["waits"]["code"] == "installation_unconfirmed"
    copied.run("installation", "confirm")
    assert "in the queue, being sent" in copied.run("parked").stdout


def test_a_folder_that_is_where_it_was_has_nothing_to_confirm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal(tmp_path, monkeypatch, ONE_SHOP, TEST_SECRET="very-secret", NO_COLOR="1")
    assert terminal.run("apply", str(terminal.file), "--yes").exit_code == 0
    assert terminal.json("installation", "show") == {
        "confirmed": True,
        "here": str(tmp_path / "gateway.db"),
        "was": [],
        "words": f"The database is where it was: {tmp_path / 'gateway.db'}.",
        "words_pl": f"Baza danych jest tam, gdzie była: {tmp_path / 'gateway.db'}.",
    }
