"""Whatever waits alone, the page, the command and the API say that it does, in both languages (R91)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import cli as commands
from app.cli import operations
from app.console.wording import Wording
from app.domain.commands import SetSubscription
from app.domain.delivery.outbox import NewCommand
from app.domain.intake.pushes import FEWEST, PushState, Scan
from app.domain.operations.open_items.words import OPEN, OpenKind
from app.domain.person.contact import Contact
from app.domain.reasons import Reason
from app.domain.runs.backfill import Backfill, BackfillMode
from app.domain.runs.backfill import Phase as BackfillPhase
from app.domain.runs.reconciliation import Cause, Phase, Reconciliation, ReconciliationMode
from app.routers.events.examples import EXAMPLES
from tests.console.waiting import CALM, JAN, NOW, PANEL, a_person, a_push, a_shop_with_everything, working
from tests.support.console import sent, signed_in
from tests.support.gateways import Door

Arranged = Callable[[Door], Awaitable[None]]


async def posted(door: Door, path: str, body: dict[str, Any], *, decided: bool = True) -> None:
    assert (await door.post(path, body)).status_code == 202
    while decided and await door.gateway.planner.plan_due():
        pass


async def an_event_nobody_decided(door: Door) -> None:
    await posted(door, "registrations", EXAMPLES["registration"], decided=False)


async def an_event_on_its_way(door: Door) -> None:
    await posted(door, "orders", EXAMPLES["order"])


async def a_cancellation_without_its_order(door: Door) -> None:
    await posted(door, "order-cancellations", EXAMPLES["order-cancellation"])


async def a_cart_that_may_change(door: Door) -> None:
    await posted(door, "carts", {**EXAMPLES["cart"], "occurred_at": NOW.isoformat()})


async def an_event_of_a_shop_that_is_off(door: Door) -> None:
    await posted(door, "registrations", EXAMPLES["registration"], decided=False)
    async with working(door) as work:
        await work.inbox.hold("shop1")


async def a_subscription_without_click(door: Door) -> None:
    await a_person(door, Contact(email=JAN, email_asked_at=NOW))


async def an_address_of_two_accounts(door: Door) -> None:
    await a_person(door, Contact(email=JAN, address_contested_at=NOW))


async def a_scan_that_fails(door: Door) -> None:
    async with working(door) as work:
        await work.pushes.save_scan(PANEL, Scan(finished_at=NOW - timedelta(days=1), trouble="HTTP 500"))


async def a_change_only_a_person_can_make(door: Door) -> None:
    async with working(door) as work:
        (number,) = await work.contacts.add([("shop1", Contact(email=JAN), None)], NOW)
        command = NewCommand("newsletter:shop1", "shop1", number, 0, SetSubscription(email=JAN), counted=False)
        await work.outbox.queue([command], NOW)
        (waiting,) = (await work.outbox.waiting(command.destination, [number]))[number]
        await work.outbox.park(command.contact_queue, [waiting.id], NOW, Reason.DEFECT)


async def a_transfer_to_approve(door: Door) -> None:
    run = Backfill(
        shop_id="shop1", token="t0ken", started_at=NOW, due_at=NOW, phase=BackfillPhase.AWAITING_APPROVAL, mode=BackfillMode.RUN
    )
    async with working(door) as work:
        await work.backfills.add(run)


async def a_comparison_with_differences(door: Door) -> None:
    run = Reconciliation(
        shop_id="shop1", mode=ReconciliationMode.PREVIEW, token="t", started_at=NOW, due_at=NOW, accounts_since=None,
        phase=Phase.FINISHED, causes={Cause.OUR_TAG_LEFT: 1}, finished_at=NOW,
    )  # fmt: skip
    async with working(door) as work:
        await work.reconciliations.add(run)


ALONE: dict[OpenKind, Arranged] = {
    OpenKind.DECISION: an_event_nobody_decided,
    OpenKind.DELIVERY: an_event_on_its_way,
    OpenKind.ORDER: a_cancellation_without_its_order,
    OpenKind.CART: a_cart_that_may_change,
    OpenKind.HELD: an_event_of_a_shop_that_is_off,
    OpenKind.CLICK: a_subscription_without_click,
    OpenKind.PUSH: lambda door: a_push(door, state=None),
    OpenKind.PUSH_NOT_UNDERSTOOD: lambda door: a_push(door, state=PushState.NOT_UNDERSTOOD),
    OpenKind.PUSHES_SILENT: lambda door: a_push(door, state=PushState.TRANSLATED, number=FEWEST, at=NOW - timedelta(days=2)),
    OpenKind.SCAN_LATE: a_scan_that_fails,
    OpenKind.MANUAL_TASK: a_change_only_a_person_can_make,
    OpenKind.CONFLICT: an_address_of_two_accounts,
    OpenKind.TRANSFER: a_transfer_to_approve,
    OpenKind.DIFFERENCE: a_comparison_with_differences,
}
"""What makes a kind of thing wait in a gateway that has nothing else."""

CALM_COMMAND = {"en": "Nothing is parked, and nothing waits.", "pl": "Nic nie utknęło i nic nie czeka."}


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with a_shop_with_everything(tmp_path) as opened:
        yield opened


async def shown_by_command(monkeypatch: pytest.MonkeyPatch, answer: httpx.Response, *options: str) -> str:
    async def ask(*_: Any, **__: Any) -> Any:
        return answer.json()

    monkeypatch.setattr(operations, "ask", ask)
    monkeypatch.setattr(operations.out, "width", 400)
    return (await asyncio.to_thread(CliRunner().invoke, commands, ["parked", *options])).stdout


async def asked(door: Door) -> httpx.Response:
    return await door.http.get("/v1/operations/parked", headers=await door.operator())


def test_every_kind_that_may_wait_is_tried() -> None:
    assert set(ALONE) == set(OpenKind) == set(OPEN)


async def test_r91_nothing_waits_is_said_where_nothing_does(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, http = await asked(door), await signed_in(door)
    assert (answer.json()["calm"], answer.json()["open"]) == (True, [])
    for language, option in (("en", ()), ("pl", ("--pl",))):
        assert CALM[language] in (await http.get(f"/console/stuck?lang={language}")).text
        assert CALM[language] in (await http.get(f"/console/?lang={language}")).text
        assert CALM_COMMAND[language] in await shown_by_command(monkeypatch, answer, *option)


@pytest.mark.parametrize("kind", OpenKind)
async def test_r91_what_waits_alone_is_said_by_page_command_and_api(
    kind: OpenKind, door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ALONE[kind](door)
    answer, http = await asked(door), await signed_in(door)
    told = answer.json()
    assert [one["kind"] for one in told["open"]] == [kind.value]
    assert (told["calm"], told["open"][0]["number"]) == (False, 1)
    for language, option in (("en", ()), ("pl", ("--pl",))):
        why = OPEN[kind].why_pl if language == "pl" else OPEN[kind].why
        shown = await shown_by_command(monkeypatch, answer, *option)
        assert CALM_COMMAND[language] not in shown
        assert why in shown
        for page in ("stuck", ""):
            text = unescape((await http.get(f"/console/{page}?lang={language}")).text)
            assert CALM[language] not in text, page
        name = Wording(language).word("open", kind.value)
        page = unescape((await http.get(f"/console/stuck?shop=shop1&lang={language}")).text)
        assert CALM[language] not in page
        assert name in page or kind in SHOWN_APART


SHOWN_APART = (OpenKind.MANUAL_TASK, OpenKind.CONFLICT, OpenKind.TRANSFER, OpenKind.DIFFERENCE)
"""In a section of the page of its own."""


async def test_r91_a_push_that_was_not_understood_is_read_once_more_by_a_button(door: Door) -> None:
    await a_push(door, state=PushState.NOT_UNDERSTOOD)
    page = (await (await signed_in(door)).get("/console/stuck?lang=pl")).text
    assert "treść nie jest obiektem JSON" in page
    (line,) = await door.gateway.sources.pushes.lines()
    assert (await sent(door.http, "/pushes/again", number=str(line.id))).status_code == 303
    (line,) = await door.gateway.sources.pushes.lines()
    assert line.state is PushState.WAITING
    assert "ponowny odczyt webhooka" in (await door.http.get("/console/audit?lang=pl")).text
    assert (await sent(door.http, "/pushes/again", number=str(line.id))).status_code == 404
