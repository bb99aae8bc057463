"""Whatever waits alone, the page, the command and the API say that it does, in both languages (R91)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from app.cli import cli as commands
from app.cli import operations
from app.console.code_words import CONFLICTS
from app.console.wording import Wording
from app.domain.commands import SetSubscription
from app.domain.decisions.discrepancies import ConflictKind, what_to_do
from app.domain.delivery.outbox import NewCommand
from app.domain.intake.pushes import FEWEST, NewPush, PushState, Scan, Settled, SourceName
from app.domain.operations.open_items.words import OPEN, OpenKind
from app.domain.person.contact import Contact
from app.domain.person.contact_parts import TimedFlag
from app.domain.person.sides import Lost, Observed, SentState, ShopState, TakenOff
from app.domain.reasons import Reason
from app.domain.runs.backfill import Backfill, BackfillMode
from app.domain.runs.backfill import Phase as BackfillPhase
from app.domain.runs.reconciliation import Cause, Phase, Reconciliation, ReconciliationMode
from app.routers.events.examples import EXAMPLES
from app.services.operations import disputes
from app.services.ports.storage import Work
from tests.sources.stage import TOKEN
from tests.support.console import sent, signed_in
from tests.support.gateways import Door, open_door, shop_entry

NOW = datetime.now(UTC)
JAN = EXAMPLES["order"]["customer"]["email"]
PANEL = SourceName("idosell", "1234")

Arranged = Callable[[Door], Awaitable[None]]


@asynccontextmanager
async def working(door: Door) -> AsyncIterator[Work]:
    async with door.gateway.delivery._store.work() as work:
        yield work
        await work.commit()


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


async def a_person(door: Door, contact: Contact) -> None:
    async with working(door) as work:
        await work.contacts.add([("shop1", contact, None)], NOW)


async def a_subscription_without_click(door: Door) -> None:
    await a_person(door, Contact(email=JAN, email_asked_at=NOW))


async def an_address_of_two_accounts(door: Door) -> None:
    await a_person(door, Contact(email=JAN, address_contested_at=NOW))


async def a_push(door: Door, *, state: PushState | None, number: int = 1, at: datetime = NOW) -> None:
    async with working(door) as work:
        await work.pushes.add(
            [NewPush(source=PANEL, uid=f"{n}", kind="orderCreated", content_type="", body=b"") for n in range(number)], at
        )
        due = await work.pushes.due(at, number)
        await work.pushes.settle([Settled(one.id, state, words="the body is no JSON object") for one in due] if state else [], at)


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

CALM = {"en": "Nothing waits", "pl": "Nic nie czeka"}
CALM_COMMAND = {"en": "Nothing is parked, and nothing waits.", "pl": "Nic nie utknęło i nic nie czeka."}


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "panel-key").write_text("k")
    source = {"kind": "idosell", "panel": 1234, "tokens": [f"file:{tmp_path}/token"], "scan": True}
    panel = {"kind": "idosell", "base_url": "http://127.0.0.1:9", "api_key": f"file:{tmp_path}/panel-key"}
    shop = shop_entry("sklep.example.com", 1, "all_customers", source=source, panel=panel)
    async with open_door(tmp_path, {"shop1": shop}) as opened:
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


@pytest.mark.parametrize("kind", [one for one in ConflictKind if one is not ConflictKind.UNCONFIRMED])
async def test_r91_a_conflict_says_what_to_do_and_leaves_the_open_ones_once_it_was_seen(door: Door, kind: ConflictKind) -> None:
    await a_conflict(door, kind)
    http = await signed_in(door)
    for language, todo in zip(("en", "pl"), what_to_do(kind), strict=True):
        page = unescape((await http.get(f"/console/stuck?lang={language}")).text)
        assert todo.split("`")[0] in page
        is_repaired_there = kind in (ConflictKind.TAG_LOST, ConflictKind.TAG_TAKEN_OFF)
        assert ('href="/console/comparisons?shop=shop1"' in page) == is_repaired_there
        assert CALM[language] not in page
    preview = await sent(http, "/conflicts/seen", shop="shop1", email=JAN, kind=kind.value)
    assert "Nic nie zostanie wysłane ani zmienione." in preview.text
    assert (await open_conflicts(door)) == 1, "a preview marks nothing"
    assert (await sent(http, "/conflicts/seen", shop="shop1", email=JAN, kind=kind.value, sure="yes")).status_code == 303
    assert (await open_conflicts(door)) == 0
    page = unescape((await http.get("/console/stuck?lang=pl")).text)
    assert "ktoś to już sprawdził" in page
    assert CALM["pl"] not in page, "both sides still differ"
    assert "Oznacz jako sprawdzone" not in page
    audit = unescape((await http.get("/console/audit?lang=pl")).text)
    assert "oznaczenie konfliktów dotyczących osoby jako sprawdzonych" in audit
    assert Wording("pl")(CONFLICTS[kind]) in audit
    for form in ({"kind": kind.value}, {"kind": "rain"}, {"kind": kind.value, "sure": "yes"}):
        assert (await sent(http, "/conflicts/seen", shop="shop1", email=JAN, **form)).status_code == 404


async def a_conflict(door: Door, kind: ConflictKind) -> None:
    tags = {tag: TimedFlag(True, NOW) for tag in ("żółw", "zolw")}
    facts: dict[ConflictKind, dict[str, Any]] = {
        ConflictKind.TAG_LOST: {"observed": Observed(lost={"idosell_vip": Lost(NOW)})},
        ConflictKind.TAG_TAKEN_OFF: {"shop_state": ShopState(taken_off={"vip": TakenOff(NOW, left_off=True)})},
        ConflictKind.TAGS_COLLIDE: {"panel_tags": tags},
        ConflictKind.STATUS_KEPT: {"observed": Observed(email_disputed=True)},
        ConflictKind.ADDRESS_CONTESTED: {"address_contested_at": NOW},
        ConflictKind.RENAME_REFUSED: {"rename_refused_at": NOW},
        ConflictKind.LEFT_BEHIND: {"sent_state": SentState(email=JAN)},
    }
    await a_person(door, Contact(email=JAN, **facts[kind]))
    if kind is ConflictKind.LEFT_BEHIND:
        async with working(door) as work:
            (left,) = await work.contacts.in_shops(["shop1"], [JAN])
            (heir,) = await work.contacts.add([("shop1", Contact(email="ewa@example.com"), None)], NOW)
            await work.contacts.merge(left.id, heir, "renamed onto an address that had a contact of its own")


async def test_r91_a_list_without_room_for_everybody_says_so(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    http = await signed_in(door)
    for email in (JAN, "ewa@example.com"):
        await a_person(door, Contact(email=email, address_contested_at=NOW))
    words = {"en": "there are more people. They show", "pl": "takich osób jest więcej. Pokażą się"}
    for room in (1, 2):
        monkeypatch.setattr(disputes, "SHOWN", room)
        for language, said in words.items():
            assert (f"shop1: {said}" in unescape((await http.get(f"/console/stuck?lang={language}")).text)) == (room == 1)


async def open_conflicts(door: Door) -> int:
    async with working(door) as work:
        return sum((await work.contacts.conflicts())["shop1"])


@pytest.mark.parametrize(
    ("asked", "english", "polish"),
    [
        (True, "waits for the person's click since {}", "czeka na kliknięcie od {}"),
        (False, "not confirmed since {}, and the person was not asked yet", "niepotwierdzony od {}, a prośby o potwierdzenie"),
    ],
)
async def test_b6_the_persons_page_says_since_when_the_subscription_is_not_confirmed(
    door: Door, asked: bool, english: str, polish: str
) -> None:
    since = datetime(2026, 11, 23, 9, tzinfo=UTC)
    there = SentState(email=JAN, email_asked_at=since if asked else None)
    await a_person(door, Contact(email=JAN, email_asked_at=since, sent_state=there))
    page = unescape((await sent(await signed_in(door), "/find?lang=en", about=JAN)).text)
    assert f"{JAN} is in SALESmanago; the subscription to the newsletter of 23 Nov 2026, 10:00:00 CET is not confirmed yet." in page
    assert english.format("23 Nov 2026, 10:00:00 CET") in page
    assert "the person never said" in page, "of text messages"
    page = (await sent(door.http, "/find?lang=pl", about=JAN)).text
    assert f"{JAN} jest w SALESmanago; zapis do newslettera z 23 lis 2026, 10:00:00 CET nie jest jeszcze potwierdzony." in page
    assert polish.format("23 lis 2026, 10:00:00 CET") in page
    assert polish.format("23 lis 2026, 10:00:00 CET") in (await door.http.get("/console/stuck?lang=pl")).text


async def test_r92_the_overview_always_says_how_both_sides_are(door: Door) -> None:
    http = await signed_in(door)
    page = (await http.get("/console/?lang=en")).text
    for words in ("nothing was sent there yet", "none came yet", "not done in full yet"):
        assert words in page
    await a_push(door, state=PushState.TRANSLATED)
    async with working(door) as work:
        await work.pushes.save_scan(PANEL, Scan(finished_at=NOW))
    page = (await http.get("/console/?lang=pl")).text
    assert "ostatni przyszedł" in page
    assert "ostatni pełny" in page
