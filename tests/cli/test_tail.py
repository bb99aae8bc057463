"""`gateway tail` in Polish: what was answered to programs is said to the staff of a shop."""

import asyncio
import re
from pathlib import Path

import pytest

from app.bootstrap.gateway import open_gateway
from app.cli import common
from app.configuration.settings import Settings
from app.routers.events.examples import EXAMPLES
from app.server.application import application_of
from tests.support.gateways import client_of
from tests.support.running.languages import english_in
from tests.support.running.terminals import ONE_SHOP, Terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for console in (common.out, common.err):
        monkeypatch.setattr(console, "width", 400)
    return Terminal(tmp_path, monkeypatch, ONE_SHOP, TEST_SECRET="s" * 16, COLUMNS="400", NO_COLOR="1")


def a_program_calls() -> None:
    """Well, badly, as JSON that is none, and with a wrong key."""

    async def step() -> None:
        async with open_gateway(Settings()) as gateway:
            key = {"Authorization": f"Bearer {await gateway.directory.issue_key('shop1')}"}
            async with client_of(application_of(gateway)) as http:
                order = EXAMPLES["order"]
                calls = [
                    await http.post("/v1/shops/shop1/orders", json=order, headers=key),
                    await http.post("/v1/shops/shop1/orders", json={"event_id": "x", "occurred_at": "today"}, headers=key),
                    await http.post("/v1/shops/shop1/orders", content=b"{", headers=key),
                    await http.post("/v1/shops/shop1/events", json=[{"type": "order"}], headers=key),
                    await http.get("/v1/shops/shop1/events/nothing", headers=key),
                    await http.post("/v1/shops/shop1/orders", json=order, headers={"Authorization": "Bearer nobody"}),
                ]
                assert [one.status_code for one in calls] == [202, 422, 415, 422, 404, 401]
            await gateway.requests.write()

    asyncio.run(step())


def test_r93_what_was_wrong_with_requests_is_said_in_polish(terminal: Terminal) -> None:
    a_program_calls()
    shown = terminal.run("tail", "--pl").output
    assert english_in(without_fields(shown)) == set()
    for words in ("Pola z niewłaściwą wartością: ", "to pole jest wymagane", "(cała treść)", "Bez klucza.", "żądanie ", "Klucz "):
        assert words in shown
    assert shown.count("żądanie ") == 5


def without_fields(shown: str) -> str:
    """Without the names of fields, which are the same in both languages."""
    return re.sub(r"^ {4}[\w.\[\]]+ {2}", "", shown, flags=re.MULTILINE)


def test_a_shop_of_which_no_request_is_remembered_is_named_in_polish(terminal: Terminal) -> None:
    assert terminal.run("tail", "--pl").output == "Nie zapamiętano żadnego żądania.\n"
    assert terminal.run("tail", "shop1", "--pl").output == "Nie zapamiętano żadnego żądania sklepu shop1.\n"
