"""From a push at the door to events in the inbox (R80, R81, R82, R83)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.consent import ConsentAnswer, Status, TimedStatus
from app.domain.delivery.outcomes import Delivered, Refused
from app.domain.errors import UnknownCaller
from app.domain.events import (
    AccountChanged,
    CustomerRegistered,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    Subscribed,
    Unsubscribed,
)
from app.domain.intake.pushes import PushState, Remembered, guest
from app.domain.person.contact import Contact
from app.domain.person.contact_parts import TimedText
from app.domain.person.sides import ShopState
from app.domain.values import replace
from app.sources import translating
from app.sources.echoes import Echo, echo
from app.storage.unit_of_work import Store
from tests.conftest import Clock
from tests.sources.samples import a_client, a_return, an_order
from tests.sources.stage import Stage, signed, source_shop, unreachable
from tests.support.builders import at

NEW = a_client(clientRegistrationDate="2026-01-01")


async def kinds(stage: Stage) -> list[type]:
    return [type(one.event) for one in await stage.events()]


async def test_r80_a_genuine_push_becomes_the_events_a_shop_would_post(stage: Stage) -> None:
    await stage.push("clientCreated", {"results": [NEW]})
    await stage.push("orderCreated", {"Results": [an_order()]})
    lines = await stage.translated()
    assert [(one.kind, one.state) for one in lines] == [
        ("clientCreated", PushState.TRANSLATED),
        ("orderCreated", PushState.TRANSLATED),
    ]
    assert await kinds(stage) == [CustomerRegistered, Subscribed, OrderPlaced]


async def test_r22_the_goods_of_an_order_come_with_their_menu_sections_which_are_asked_for_once(stage: Stage) -> None:
    await stage.push("orderCreated", {"Results": [an_order(), an_order(orderSerialNumber=13)]})
    await stage.translated()
    await stage.push("orderCreated", {"Results": [an_order(orderSerialNumber=14)]})
    await stage.translated()
    events = [one.event for one in await stage.events()]
    assert all(isinstance(one, OrderPlaced) and one.items[0].menu_paths == (("Kobiety", "Buty", "Sneakersy"),) for one in events)
    assert stage.panel.asked == ["products/products/search"]
    stage.clock.advance(hours=13)
    await stage.push("orderCreated", {"Results": [an_order(orderSerialNumber=15)]})
    await stage.translated()
    assert len(stage.panel.asked) == 2, "what is kept in memory grows old"


async def test_r80_repeated_and_disordered_deliveries_change_nothing(stage: Stage) -> None:
    newer = an_order(orderDetails__orderChangeDate="2026-01-02 10:00:00", orderDetails__orderStatus="packed")
    for uid in ("a", "a", "b"):
        await stage.push("orderUpdated", {"Results": [newer]}, uid)
    await stage.push("orderCreated", {"Results": [an_order()]}, "c")
    lines = await stage.translated()
    assert len(lines) == 3
    assert await kinds(stage) == [OrderPlaced]


@pytest.mark.parametrize(
    "wrong",
    [
        {"authorization": "Bearer another-token-of-somebody"},
        {"authorization": ""},
        {"x-iai-signature": "0" * 64},
        {"x-iai-signature": ""},
    ],
)
async def test_r80_a_forged_push_is_refused_and_not_stored(stage: Stage, wrong: dict[str, str]) -> None:
    with pytest.raises(UnknownCaller):
        await stage.push("clientCreated", {"results": [NEW]}, **wrong)
    assert await stage.translated() == []


@pytest.mark.parametrize(("platform", "name"), [("idosell", "99"), ("shopify", "1234"), ("none", "1234"), ("", "")])
async def test_r71_a_source_that_nobody_configured_answers_as_a_forged_push_does(stage: Stage, platform: str, name: str) -> None:
    with pytest.raises(UnknownCaller):
        await stage.pushes.take(platform, name, signed("clientCreated", b"{}"), b"{}")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"results":[]}', b"\xff\x00", b"null", b'{"a":' * 3000, b"1e999"])
async def test_r80_what_is_not_understood_is_kept_shown_and_spoils_nothing_else(stage: Stage, body: bytes) -> None:
    await stage.push("clientCreated", body)
    await stage.push("orderCreated", {"Results": [an_order()]})
    wrong, right = await stage.translated()
    assert (wrong.state, right.state) == (PushState.NOT_UNDERSTOOD, PushState.TRANSLATED)
    assert wrong.words
    assert await stage.pushes.body(wrong.id) == body
    assert await kinds(stage) == [OrderPlaced]


async def test_r80_a_defect_costs_the_push_it_happens_at_alone(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(row: Any, *args: Any) -> Any:
        if row["orderSerialNumber"] == 13:
            raise RuntimeError("a defect")
        return real(row, *args)

    from app.sources.idosell import source

    real = source.order
    monkeypatch.setattr(source, "order", failing)
    for number in (12, 13, 14):
        await stage.push("orderCreated", {"Results": [an_order(orderSerialNumber=number)]})
    states = [one.state for one in await stage.translated()]
    assert states == [PushState.TRANSLATED, PushState.NOT_UNDERSTOOD, PushState.TRANSLATED]
    monkeypatch.undo()
    kept = (await stage.pushes.lines(state=PushState.NOT_UNDERSTOOD))[0]
    assert await stage.pushes.again([kept.id]) == 1
    assert [one.state for one in await stage.translated()] == [PushState.TRANSLATED] * 3
    assert await kinds(stage) == [OrderPlaced] * 3


async def test_r82_while_the_panel_cannot_be_asked_its_pushes_wait_and_are_translated_when_it_can(stage: Stage) -> None:
    unreachable(stage)
    await stage.push("orderCreated", {"Results": [an_order()]})
    (waiting,) = await stage.translated()
    assert waiting.state is PushState.WAITING
    assert waiting.words is not None
    assert "no answer" in waiting.words
    stage.panel.outcome = Delivered()
    stage.clock.advance(minutes=10)
    (told,) = await stage.translated()
    assert told.state is PushState.TRANSLATED
    assert await kinds(stage) == [OrderPlaced]


async def test_r11_pushes_that_waited_for_a_panel_are_translated_a_minute_after_it_is_back_however_long_it_was_down(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(translating, "AT_ONCE", 3)
    unreachable(stage)
    for number in range(10):
        await stage.push("orderCreated", {"Results": [an_order(orderSerialNumber=number)]})
    await stage.translated()
    stage.panel.asked.clear()
    for _ in range(2 * 60):
        stage.clock.advance(minutes=1)
        await stage.translated()
    assert len(stage.panel.asked) <= 2 * 60, "one that was put off asks for all of them"
    await stage.push("clientCreated", {"results": [NEW]})
    await stage.translator.step()
    assert CustomerRegistered in await kinds(stage), "what needs no panel does not wait behind those that do"
    stage.panel.outcome = Delivered()
    stage.clock.advance(minutes=1)
    await stage.translated()
    assert (await kinds(stage)).count(OrderPlaced) == 10


async def test_without_the_right_to_read_products_orders_go_without_sections(stage: Stage) -> None:
    stage.panel.outcome = Refused("HTTP 403: the key needs the area PIM with level r", account_wide=True)
    await stage.push("orderCreated", {"Results": [an_order()]})
    (told,) = await stage.translated()
    assert told.state is PushState.TRANSLATED
    (event,) = (one.event for one in await stage.events())
    assert isinstance(event, OrderPlaced)
    assert event.items[0].menu_paths == ()


async def test_r19_an_accepted_return_finds_its_order_in_the_panel(stage: Stage) -> None:
    stage.panel.answers["orders/orders"] = {"Results": [an_order()]}
    await stage.push("returnConfirmed", {"returns": [a_return()]})
    await stage.translated()
    assert await kinds(stage) == [OrderReturned]


async def test_r80_a_push_that_carries_a_number_alone_is_read_in_the_panel(stage: Stage) -> None:
    stage.panel.answers["clients/clients"] = {"results": [NEW]}
    await stage.push("clientUpdated", {"results": [{"clientId": 1024}]})
    await stage.translated()
    assert await kinds(stage) == [CustomerRegistered, Subscribed]


async def test_r80_a_panel_that_is_down_holds_up_only_what_needs_it(stage: Stage) -> None:
    await stage.push("clientUpdated", {"results": [{"clientId": 7}]})
    await stage.push("orderCreated", {"Results": [an_order()]})
    await stage.push("clientCreated", {"results": [NEW]})
    await stage.push("clientUpdated", b"unreadable")
    unreachable(stage)
    lines = await stage.translated()
    waiting, told, wrong = PushState.WAITING, PushState.TRANSLATED, PushState.NOT_UNDERSTOOD
    assert [line.state for line in lines] == [waiting, waiting, told, wrong]
    assert CustomerRegistered in await kinds(stage)
    assert OrderPlaced not in await kinds(stage)
    stage.panel.outcome, stage.panel.answers["clients/clients"] = Delivered(), {"results": []}
    stage.clock.advance(minutes=15)
    assert [line.state for line in await stage.translated()] == [told, told, told, wrong]
    assert OrderPlaced in await kinds(stage)


async def test_r80_a_right_that_is_missing_holds_up_only_the_pushes_that_need_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = stage.panel.ask

    async def without_accounts(method: str, gate: str, body: Any = None, parameters: Any = None) -> Any:
        refused = gate == "clients/clients"
        return (Refused("HTTP 403", account_wide=True), {}) if refused else await asked(method, gate, body, parameters)

    monkeypatch.setattr(stage.panel, "ask", without_accounts)
    stage.panel.answers["orders/orders"] = {"Results": [an_order()]}
    await stage.push("clientUpdated", {"results": [{"clientId": 7}]})
    await stage.push("orderCreated", {"Results": [an_order()]})
    await stage.push("returnConfirmed", {"returns": [a_return()]})
    assert [line.state for line in await stage.translated()] == [PushState.WAITING, PushState.TRANSLATED, PushState.TRANSLATED]
    assert await kinds(stage) == [OrderPlaced, OrderReturned]


async def test_r17_a_cancellation_that_is_pushed_twice_is_sent_once(stage: Stage) -> None:
    gone = an_order(orderDetails__orderStatus="canceled", orderDetails__orderChangeDate="2026-01-02 10:00:00")
    await stage.push("orderCreated", {"Results": [an_order()]})
    await stage.translated()
    await stage.push("orderCanceled", {"Results": [gone]})
    await stage.push("orderStatusUpdated", {"Results": [gone]})
    await stage.translated()
    assert await kinds(stage) == [OrderPlaced, OrderCancelled]


async def test_r81_the_box_of_an_order_reaches_the_order_whichever_push_comes_first(store: Store, clock: Clock) -> None:
    box = {"event": "order_consent", "shop": "1", "order": "12", "consent": "y", "occurred_at": "2026-01-01 00:10:05"}
    boxes: list[list[ConsentAnswer]] = []
    for first in (True, False):
        stage = await Stage(store, clock, source_shop(f"shop{1 + first}")).open()
        await stage.configure(source_shop(f"shop{2 - first}", source=source_shop().source.__class__()))
        stage.panel.answers["orders/orders"] = {"Results": [an_order()]}
        steps = [lambda: stage.push("orderCreated", {"Results": [an_order()]}), lambda: stage.webhooki(box)]  # noqa: B023
        for step in steps if first else reversed(steps):
            await step()
            await stage.translated()
        shop_id = f"shop{1 + first}"
        found = [one.event for one in await stage.events() if one.shop_id == shop_id]
        boxes.append([one.box for one in found if isinstance(one, OrderPlaced)])
        async with store.work() as work:  # the next round starts as if nothing had been pushed
            await work._connection.exec_driver_sql("DELETE FROM pushes")
            await work.commit()
    assert boxes == [[ConsentAnswer.NOT_ASKED, ConsentAnswer.GIVEN], [ConsentAnswer.GIVEN]]


async def test_r11_an_address_that_changed_is_a_change_of_the_account_with_the_id(stage: Stage) -> None:
    await stage.push("clientCreated", {"results": [NEW]})
    moved = {**NEW, "clientEmail": "anna.nowak@example.com", "clientsLastModificationDate": "2026-01-02 08:00:00"}
    await stage.push("clientUpdated", {"results": [moved]})
    await stage.translated()
    changed = [one.event for one in await stage.events() if isinstance(one.event, AccountChanged)]
    assert [(one.customer.id, one.customer.email) for one in changed] == [("1024", "anna.nowak@example.com")]


async def test_r71_a_push_for_a_shop_that_is_not_connected_says_so(stage: Stage) -> None:
    await stage.push("orderCreated", {"Results": [an_order(orderDetails__orderSourceResults={"shopId": 7})]})
    (line,) = await stage.translated()
    assert (line.state, line.events) == (PushState.TRANSLATED, 0)
    assert line.words is not None
    assert "not connected" in line.words


async def test_m3_the_body_of_a_push_is_gone_once_it_was_translated(stage: Stage) -> None:
    await stage.push("clientCreated", {"results": [NEW]})
    (line,) = await stage.translated()
    async with stage.store.work() as work:
        assert await work.pushes.body(line.id) is None


# -- times that cannot be ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("never", ["9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+01:00"])
async def test_r73_a_date_at_an_end_of_the_calendar_loses_no_later_act_of_the_person(stage: Stage, never: str) -> None:
    said = {"event": "newsletter_email", "shop": 1, "email": "a@example.com"}
    await stage.webhooki({**said, "state": "y", "occurred_at": never})
    await stage.translated()
    stage.clock.advance(minutes=1)
    await stage.webhooki({**said, "state": "n", "confirmed": "y"})
    first, second = await stage.translated()
    assert [type(one.event) for one in await stage.events()] == [Subscribed, Unsubscribed]
    assert "no time" in str(first.words)
    assert second.words is None


async def test_r08_a_subscription_dated_ahead_does_not_hide_the_resignation_that_follows(stage: Stage) -> None:
    said = {"event": "newsletter_email", "shop": 1, "email": "a@example.com"}
    ahead = (stage.clock() + timedelta(hours=2)).isoformat()
    await stage.webhooki({**said, "state": "y", "occurred_at": ahead})
    await stage.translated()
    await stage.webhooki({**said, "state": "n", "occurred_at": stage.clock().isoformat()})
    await stage.translated()
    opt_in, opt_out = (one.event for one in await stage.events())
    assert (type(opt_in), type(opt_out)) == (Subscribed, Unsubscribed)
    assert opt_in.at <= opt_out.at


@pytest.mark.parametrize("state", ["y", "n"])
async def test_r50_the_same_state_with_a_later_date_of_its_own_is_another_act_and_without_one_a_repetition(
    stage: Stage, state: str
) -> None:
    said = {"event": "newsletter_email", "shop": 1, "email": "a@example.com", "state": state}
    for _ in range(2):
        await stage.webhooki({**said, "occurred_at": stage.clock().isoformat()})
        await stage.translated()
        stage.clock.advance(minutes=30)
    assert len(await kinds(stage)) == 2
    for _ in range(2):
        await stage.webhooki(said)
        await stage.translated()
        stage.clock.advance(minutes=30)
    assert len(await kinds(stage)) == 2


async def test_r50_another_number_for_text_messages_is_sent_and_no_digest_of_it_can_be_guessed(stage: Stage) -> None:
    said = {"event": "newsletter_sms", "shop": 1, "client_id": 7, "email": "a@example.com", "state": "y"}
    for phone in ("600100200", "600100201", "600100201"):
        await stage.webhooki({**said, "phone": phone})
        await stage.translated()
        stage.clock.advance(minutes=1)
    assert [getattr(one.event, "phone", None) for one in await stage.events()] == ["+48600100200", "+48600100201"]
    async with stage.store.work() as work:
        ((_, known),) = (await work.pushes.seen({("shop1", "news:sms:7")})).items()
    assert known.state.startswith("in:@")
    assert guest("+48600100201") not in known.state


# -- what we wrote there ourselves ---------------------------------------------------------------------------------------

T = at("2026-11-23T10:00")
IN, OUT = TimedStatus(Status.OPT_IN, T), TimedStatus(Status.OPT_OUT, T)


def subscribed(minutes: int = 1) -> Subscribed:
    return Subscribed(at=T + timedelta(minutes=minutes), email="a@example.com")


def resigned(minutes: int = 1) -> Unsubscribed:
    return Unsubscribed(at=T + timedelta(minutes=minutes), email="a@example.com", confirmed=False)


@pytest.mark.parametrize(
    ("event", "home", "expected"),
    [
        (subscribed(), None, Echo.NONE),
        (subscribed(), IN, Echo.OURS),
        (subscribed(500), IN, Echo.OURS),
        (subscribed(), OUT, Echo.UNSETTLED),
        (subscribed(-5), OUT, Echo.UNSETTLED),
        (subscribed(60), OUT, Echo.NONE),
        (resigned(), OUT, Echo.OURS),
        (resigned(), IN, Echo.NONE),
    ],
)
def test_r06_what_the_panel_shows_of_our_own_writing_is_no_act(event: Any, home: TimedStatus | None, expected: Echo) -> None:
    state = ShopState(email_news=home, email_opt_in_written=T - timedelta(minutes=10))
    assert echo(event, Contact(email="a@example.com", shop_state=state)) is expected
    assert echo(event, None) is Echo.NONE


@pytest.mark.parametrize(
    ("written", "shown", "expected"),
    [
        (None, None, Echo.NONE),
        (T - timedelta(minutes=1), None, Echo.UNSETTLED),
        (T - timedelta(hours=25), None, Echo.NONE),
        (T - timedelta(minutes=5), Remembered("in", T - timedelta(minutes=4)), Echo.NONE),
        (T - timedelta(minutes=5), Remembered("in:@abc", T - timedelta(minutes=4)), Echo.NONE),
        (T - timedelta(minutes=5), Remembered("in", T - timedelta(minutes=6)), Echo.UNSETTLED),
        (T - timedelta(minutes=5), Remembered("out", T - timedelta(minutes=4)), Echo.UNSETTLED),
    ],
)
def test_r50_an_opt_in_soon_after_an_opt_out_waits_only_where_it_can_be_our_own_writing(
    written: datetime | None, shown: Remembered | None, expected: Echo
) -> None:
    contact = Contact(email="a@example.com", shop_state=ShopState(email_news=OUT, email_opt_in_written=written))
    assert echo(subscribed(), contact, shown) is expected


def test_r50_another_number_is_no_echo_unless_it_can_be_our_own_writing() -> None:
    by_sms = Subscribed(at=T, email="a@example.com", by_email=False, by_sms=True, phone="+48600100201")
    known = Contact(email="a@example.com", shop_state=ShopState(phone_news=IN), profile={"phone": TimedText("+48600100200", T)})
    written = replace(known, shop_state=replace(known.shop_state, phone_opt_in_written=T))
    assert echo(by_sms, known) is Echo.NONE
    assert echo(replace(by_sms, phone="+48600100200"), known) is Echo.OURS
    assert echo(by_sms, written) is Echo.OURS


def test_r06_each_channel_has_its_own_echo() -> None:
    contact = Contact(email="a@example.com", shop_state=ShopState(email_news=IN))
    by_sms = Subscribed(at=T, email="a@example.com", by_email=False, by_sms=True)
    assert echo(by_sms, contact) is Echo.NONE
