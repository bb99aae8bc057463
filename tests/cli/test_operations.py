"""Commands of operators, in this process and without a running gateway: what is parked, what waits, the state of destinations."""

import asyncio
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from app.bootstrap.gateway import open_gateway
from app.configuration.settings import Settings
from app.domain.delivery.outcomes import Refused, Throttled
from app.domain.events import OrderCancelled
from app.domain.intake.inbox import NewEvent
from app.routers.events.examples import EXAMPLES
from app.server.application import application_of
from tests.cli.happening import an_operators_terminal, happens
from tests.support.gateways import client_of
from tests.support.running.terminals import Terminal


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    return an_operators_terminal(tmp_path, monkeypatch)


# -- what is parked ------------------------------------------------------------------------------------------------------


def test_nothing_parked_is_said_so(terminal: Terminal) -> None:
    assert "Nothing is parked, and nothing waits" in terminal.run("parked").stdout
    assert terminal.json("parked")["groups"] == []


def test_what_is_parked_is_shown_by_cause_with_what_to_do_in_both_languages(terminal: Terminal) -> None:
    happens("jan@example.com", "ewa@example.com", answer=lambda method, items: Refused("Invalid phone number"))
    happens("ola@example.com", shop="shop2", answer=lambda method, items: Refused("Invalid name"))
    shown = terminal.run("parked").stdout
    assert re.search(r"^2\s+shop1\s+account:main\s+since 20", shown, re.MULTILINE)
    assert shown.index("Invalid phone number") < shown.index("Invalid name")
    assert "for example of-" in shown
    assert "@example.com" not in shown
    (reason,) = {one["reason"]["why"] for one in terminal.json("parked")["groups"]}
    assert reason in shown
    polish = terminal.run("parked", "--pl").stdout
    assert terminal.json("parked")["groups"][0]["reason"]["what_to_do_pl"] in polish
    assert reason not in polish
    assert [one["shop"] for one in terminal.json("parked", "shop2")["groups"]] == ["shop2"]
    assert terminal.run("parked", "nobody").exit_code == 1


def test_words_that_look_like_markup_are_shown_as_they_are(terminal: Terminal) -> None:
    happens("jan@example.com", answer=lambda method, items: Refused("bad [red]field[/red] [/]"))
    assert "bad [red]field[/red] [/]" in terminal.run("parked").stdout


# -- neighbours ----------------------------------------------------------------------------------------------------------


def test_neighbours_are_shown_with_their_circuit_and_the_cause(terminal: Terminal) -> None:
    assert terminal.json("neighbours") == {"neighbours": []}
    assert terminal.run("neighbours").exit_code == 0
    happens("jan@example.com", answer=lambda method, items: Throttled(90.0))
    (line,) = terminal.json("neighbours")["neighbours"]
    assert (line["destination"], line["circuit"], line["waiting"], line["claims"]) == ("account:main", "open", 1, 0)
    shown = terminal.run("neighbours").stdout
    assert re.search(r"account:main\s+circuit open\b", shown)
    assert re.search(r"throttled: asked to wait 90 s; next try 20", shown)


def test_a_cause_that_looks_like_markup_is_shown_as_it_is(terminal: Terminal) -> None:
    happens("jan@example.com", answer=lambda method, items: Refused("[red]x[/] locked", account_wide=True))
    assert "refused: [red]x[/] locked" in terminal.run("neighbours").stdout


# -- requests at the door ------------------------------------------------------------------------------------------------


def posted(*bodies: dict[str, Any]) -> None:
    """A shop's developer tries these as orders of shop1."""

    async def step() -> None:
        async with open_gateway(Settings()) as gateway:
            key = await gateway.directory.issue_key("shop1")
            async with client_of(application_of(gateway)) as http:
                for body in bodies:
                    await http.post("/v1/shops/shop1/orders", json=body, headers={"Authorization": f"Bearer {key}"})

    asyncio.run(step())


def test_r93_tail_shows_what_was_wrong_with_a_request_and_when_it_was(terminal: Terminal) -> None:
    posted({**EXAMPLES["order"], "occurred_at": "never"}, EXAMPLES["order"])
    refused, taken = terminal.json("tail")["requests"]
    assert (refused["status"], taken["status"]) == (422, 202)
    shown = terminal.run("tail", "shop1", "--refused").stdout
    assert "422  POST /v1/shops/shop1/orders  order-5501-placed" in shown
    assert "occurred_at  an RFC 3339 time with offset is needed" in shown
    assert refused["request_id"] in shown
    assert "  202  " not in shown


def test_tail_of_a_quiet_shop_says_that_nothing_is_remembered_and_of_an_unknown_one_that_there_is_none(terminal: Terminal) -> None:
    assert "No request is remembered of shop2." in terminal.run("tail", "shop2").stdout
    unknown = terminal.run("tail", "nobody")
    assert unknown.exit_code == 1


# -- honest words --------------------------------------------------------------------------------------------------------


def test_r91_parked_and_status_never_say_nothing_while_salesmanago_cannot_be_reached(terminal: Terminal) -> None:
    happens("jan@example.com", answer=lambda method, items: Throttled(retry_after=50))
    shown = terminal.run("parked").stdout
    assert "Nothing is parked, but something waits" in shown
    assert "1 person  → account:main" in shown
    assert "takes nothing" in shown
    assert "next try" in shown
    assert "throttled" in terminal.run("status").stdout
    assert "osoby: 1" in terminal.run("parked", "--pl").stdout


def test_r91_parked_and_status_name_what_waits_for_no_destination(terminal: Terminal) -> None:
    async def step() -> None:
        async with open_gateway(Settings()) as gateway, gateway.delivery._store.work() as work:
            cancelled = OrderCancelled(at=datetime.now(UTC), order_id="o1", email="jan@example.com")
            await work.inbox.add([NewEvent("shop1", "c1", "order-cancellation", cancelled, "d")], datetime.now(UTC))
            await work.commit()

    asyncio.run(step())
    for command in ("parked", "status"):
        assert "Events are stored and not decided yet." in terminal.run(command).stdout
        assert "Zdarzenia są zapisane, ale jeszcze nierozpatrzone." in terminal.run(command, "--pl").stdout
    happens()
    for command in ("parked", "status"):
        assert "wait for the order they concern" in terminal.run(command).stdout
        assert "czekają na zamówienie, którego dotyczą" in terminal.run(command, "--pl").stdout
    assert "nothing is late, but something waits" in terminal.run("status").stdout
    assert "nic się nie spóźnia, ale coś czeka" in terminal.run("status", "--pl").stdout


def test_r92_status_of_one_shop_says_why_events_were_not_sent_and_of_all_shops_does_not(terminal: Terminal) -> None:
    happens("jan@example.com")
    shown = terminal.run("status", "shop1").stdout
    assert "not sent: 7 days, 14 days" in shown
    assert "parked: SALESmanago refused it" in " ".join(shown.split())
    assert "nieprzekazane: 7 dni, 14 dni" in terminal.run("status", "shop1", "--pl").stdout
    assert "not sent: 7 days" not in terminal.run("status").stdout
    unknown = terminal.run("status", "nowhere")
    assert unknown.exit_code == 1
    assert "There is no such shop here." in unknown.stderr


def test_r91_parked_says_that_nothing_waits_only_when_nothing_does(terminal: Terminal) -> None:
    assert "Nothing is parked, and nothing waits." in terminal.run("parked").stdout


def test_r90_why_says_why_an_event_waits_and_when_it_is_tried_next(terminal: Terminal) -> None:
    happens("jan@example.com", answer=lambda method, items: Throttled(retry_after=50))
    shown = terminal.run("why", "jan@example.com").stdout
    assert "The other side takes nothing at the moment" in shown
    assert "next try" in shown
    polish = terminal.run("why", "jan@example.com", "--pl").stdout
    assert "Druga strona chwilowo niczego nie przyjmuje" in polish
    assert "następna próba" in polish


def test_conflicts_does_not_say_that_both_sides_agree_before_they_were_compared(terminal: Terminal) -> None:
    shown = terminal.run("conflicts").stdout
    assert "both sides agree" not in shown
    assert "shop1: both sides were not compared yet" in shown


def test_neighbours_says_that_nothing_was_sent_yet(terminal: Terminal) -> None:
    assert "Nothing was sent to anybody yet." in terminal.run("neighbours").stdout


def test_r95_what_was_done_at_the_command_line_stands_in_the_audit_log_with_the_users_name(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.cli.common.user", lambda: "anna")
    terminal.run("keys", "issue", "shop1")
    newest, first = terminal.json("audit")["entries"]
    assert (newest["action"], newest["door"], newest["who"], newest["shop"]) == ("key_issued", "cli", "anna", "shop1")
    assert first["action"] == "configured"
    assert "shop shop1: new" in terminal.run("audit").stdout
    assert [one["action"] for one in terminal.json("audit", "shop1")["entries"]] == ["key_issued"]


def test_keys_rotate_says_what_was_encrypted_anew_and_when_the_old_key_may_go(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = terminal.run("keys", "rotate")
    assert "It is the only key" in only.stdout
    old = os.environ["GATEWAY_ENCRYPTION_KEYS"]
    monkeypatch.setenv("GATEWAY_ENCRYPTION_KEYS", f"{Fernet.generate_key().decode()},{old}")
    done = terminal.run("keys", "rotate")
    assert re.search(r"([1-9]\d*) of \1 stored secrets were encrypted anew", done.stdout)
    assert "are good until" in done.stdout
    monkeypatch.setenv("GATEWAY_ENCRYPTION_KEYS", os.environ["GATEWAY_ENCRYPTION_KEYS"].partition(",")[0])
    assert "0 of" in terminal.run("keys", "rotate").stdout
