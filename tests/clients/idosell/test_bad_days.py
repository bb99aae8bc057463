"""The panel's front, and days on which the network or the panel fails; two shops of one panel at once."""

import asyncio
from typing import Any

import httpx
import pytest

from app.clients.idosell.client import IdosellPanel
from app.clients.rate_limiter import RateLimiter
from app.clients.transport import Transport
from app.domain.commands import MirrorTags, SetSubscription
from app.domain.delivery.outcomes import Delivered, NeedsPerson, Refused, Throttled, Unknown, Unreachable
from app.domain.reasons import Reason
from app.sandbox.panel import Approvals, Key
from tests.clients.idosell.talking import IN, OUT, STOP, WRITTEN, news, page_of, told, wants
from tests.support.panel import ANNA, JAN, KEY, NOW, READ, SEARCH, WRITE, Json, Script, World, found, our_shop, shown

# -- the front and bad days ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "gate", "more", "outcome", "writes"),
    [
        ("throttle", SEARCH, {"retry_after": 7}, Throttled(7.0), 1),
        ("throttle", WRITE, {"retry_after": 7}, Throttled(7.0), 2),
        ("throttle", WRITE, {}, Throttled(None), 2),
        ("server_error", SEARCH, {}, Unknown, 1),
        ("server_error", WRITE, {}, Unknown("HTTP 500"), 2),
        ("bad_gateway", WRITE, {}, Unknown("HTTP 502"), 2),
        ("unavailable", WRITE, {}, Unreachable("HTTP 503"), 2),
        ("unavailable", WRITE, {"retry_after": 9}, Throttled(9.0), 2),
        ("html_200", SEARCH, {}, (Unknown, Unreachable), 1),
        ("html_200", READ, {}, (Unknown, Unreachable), 1),
        ("html_200", WRITE, {}, Unknown, 2),
        ("truncated_json", READ, {}, (Unknown, Unreachable), 1),
        ("truncated_json", WRITE, {}, Unknown, 1),
        ("timeout_before", WRITE, {}, Unknown, 2),
        ("timeout_after", WRITE, {}, Unknown, 1),
        ("reset_after", WRITE, {}, Unknown, 1),
        ("slow", WRITE, {}, Delivered(), 1),
    ],
)
async def test_a_bad_day_is_a_value_and_the_next_try_makes_it_right(
    kind: str, gate: str, more: Json, outcome: Any, writes: int
) -> None:
    world = World()
    await world.customer(active_shops=[1, 2], approvals={"email": {"1": True, "2": True}})
    await world.fault(kind, gate, **more)
    first = await told(world.side(), STOP)
    assert isinstance(first, outcome) if isinstance(outcome, type | tuple) else first == outcome
    assert isinstance(await told(world.side(), STOP), Delivered)
    assert await world.approvals() == {"email": {2}, "sms": set()}
    assert len(await world.writes()) == writes


async def test_the_answer_to_the_check_after_a_write_may_get_lost() -> None:
    script = Script().on(SEARCH, found((1024, JAN))).on(WRITE, WRITTEN).on(READ, page_of(shown(email=[1])), b"<html>")
    assert isinstance(await told(script.side(), STOP), Unknown | Unreachable)


@pytest.mark.parametrize("command", [STOP, wants(points={"vip": 3})])
@pytest.mark.parametrize(("key", "says"), [("wrong", "HTTP 401"), ("stranger", "HTTP 403"), ("", "HTTP 401")])
async def test_a_key_that_does_not_open_stops_the_whole_panel(command: SetSubscription | MirrorTags, key: str, says: str) -> None:
    world = World(keys=[Key(KEY), Key("stranger", {})])
    await world.customer(approvals={"email": {"1": True}})
    outcome = await told(world.side(key=key), command)
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert says in outcome.message
    assert await world.approvals() == {"email": {1}, "sms": set()}


@pytest.mark.parametrize(
    ("areas", "command", "named"),
    [
        ({"crm": "r"}, STOP, ("CRM", "rw")),
        ({"crm": "r"}, wants(points={"vip": 3}), ("CRM", "rw")),
        ({"oms": "rw"}, STOP, ("CRM", "level r")),
    ],
)
async def test_a_missing_right_is_named_with_its_area_and_level(areas: Json, command: Any, named: tuple[str, str]) -> None:
    world = World(keys=[Key(KEY, areas)])
    await world.customer(approvals={"email": {"1": True}})
    outcome = await told(world.side(), command)
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert all(word in outcome.message for word in named)


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(403, json={"errors": {"message": "Brak uprawnień. Scope: crm, level: rw"}}),
        httpx.Response(403, json={"errors": [{"message": "Scope: crm, level: rw", "code": "forbidden"}]}),
        httpx.Response(403, content=b"<html>", headers={"X-Error": "Brak uprawnieÅ\x84. Scope: crm, level: rw".encode("latin-1")}),
        httpx.Response(403, content=b"", headers={"X-Error": "Scope: crm, level: rw (POST)"}),
    ],
)
async def test_the_missing_right_is_found_in_the_body_or_the_header(response: httpx.Response) -> None:
    http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: response))
    side = IdosellPanel(our_shop(), KEY, Transport(http, RateLimiter(1000)), lambda: NOW)
    outcome = await told(side, STOP)
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert "CRM" in outcome.message
    assert "rw" in outcome.message


@pytest.mark.parametrize(
    "body", [b"", b"<html>not here</html>", b'{"errors": {"message": "Nie znaleziono bramki"}}', b'{"errors": "no"}', b"[]"]
)
@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_closed_front_stops_the_whole_panel_whatever_it_says(status: int, body: bytes) -> None:
    script = Script().on(SEARCH, body, status=status)
    outcome = await told(script.side(), STOP)
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert str(status) in outcome.message


async def test_a_gate_that_is_not_there_stops_the_whole_panel() -> None:
    world = World()
    outcome = await told(world.side(version="v9"), STOP)
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert "404" in outcome.message


async def test_a_body_the_panel_cannot_read_concerns_this_item_only() -> None:
    world = World()
    await world.customer(approvals={"email": {"1": True}})
    await world.fault("invalid", WRITE, message="bad value of jan@example.com")
    outcome = await told(world.side(), STOP)
    assert isinstance(outcome, NeedsPerson)
    assert outcome.reason is Reason.PANEL_REFUSED
    assert "422" in outcome.detail
    assert JAN not in outcome.detail


@pytest.mark.parametrize("code", [1, 4])
async def test_a_shop_that_its_vendor_blocked_stops_the_whole_panel(code: int) -> None:
    world = World()
    await world.customer(approvals={"email": {"1": True}})
    await world.fault("refuse", SEARCH, code=code)
    outcome = await told(world.side(), STOP)
    assert isinstance(outcome, Refused)
    assert outcome.account_wide
    assert await world.writes() == []


async def test_a_redirect_of_the_panel_is_not_followed_with_the_key() -> None:
    called: list[str] = []

    def panel(request: httpx.Request) -> httpx.Response:
        called.append(str(request.url))
        return httpx.Response(302, headers={"Location": "https://elsewhere.example.com/"})

    side = IdosellPanel(
        our_shop(), KEY, Transport(httpx.AsyncClient(transport=httpx.MockTransport(panel)), RateLimiter(1000)), lambda: NOW
    )
    assert isinstance(await told(side, STOP), Unreachable)
    assert called == ["https://panel.example.com/api/admin/v8/clients/crm/search"]


async def test_the_key_travels_in_its_header_only() -> None:
    world = World()
    await world.customer(approvals={"email": {"1": True}})
    answers = [await world.side().set_subscription(STOP, 7), await world.side().mirror_tags(wants(points={"vip": 1}), 8)]
    assert {one.headers["X-API-KEY"] for one in world.way.sent} == {KEY}
    assert {one.headers["Accept"] for one in world.way.sent} == {"application/json"}
    for one in world.way.sent:
        assert KEY not in str(one.url)
        assert KEY.encode() not in one.content
    assert KEY not in repr(answers)
    assert KEY not in repr(await world.side(key="wrong").set_subscription(STOP, 7))
    assert KEY not in str(await world.side(key="wrong").examine())


@pytest.mark.parametrize(("gate", "status"), [(SEARCH, 401), (SEARCH, 403), (SEARCH, 422), (SEARCH, 207)])
async def test_a_panel_that_repeats_the_key_does_not_bring_it_into_the_trace(gate: str, status: int) -> None:
    said = {"faultCode": 29, "faultString": f"Unknown key {KEY}"} if status == 207 else {"message": f"Unknown key {KEY}"}
    script = Script().on(gate, {"errors": said}, status=status)
    assert KEY not in repr(await script.side().set_subscription(STOP, 7))


async def test_the_trace_of_a_change_says_what_when_and_how_it_ended() -> None:
    world = World()
    await world.customer(approvals={"email": {"1": True}})
    call = (await world.side().set_subscription(STOP, 7)).call
    assert (call.path, call.started_at, call.outcome, call.detail) == ("clients/clients", NOW, "delivered", "")
    call = (await world.side().mirror_tags(wants(ANNA, points={"vip": 1}), 8)).call
    assert (call.path, call.started_at, call.outcome) == ("clients/tags", NOW, "moot")


# -- two shops of one panel at once --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [*Approvals])
async def test_shops_of_one_panel_that_write_at_once_lose_nobodys_word(rule: Approvals) -> None:
    world = World(approvals=rule)
    await world.customer(active_shops=[1, 2, 3], approvals={"email": {"1": True, "2": True}, "sms": {"3": True}})
    outcomes = await asyncio.gather(
        told(world.side(1), news(OUT), 1),
        told(world.side(2), news(OUT, IN), 2),
        told(world.side(3), news(IN, OUT), 3),
    )
    assert outcomes == [Delivered()] * 3
    assert await world.approvals() == {"email": {3}, "sms": {2}}


async def test_a_panel_that_fails_lets_the_next_shop_in() -> None:
    world = World()
    await world.customer(active_shops=[1, 2], approvals={"email": {"1": True, "2": True}})
    await world.fault("server_error", WRITE)
    outcomes = await asyncio.gather(told(world.side(1), STOP, 1), told(world.side(2), STOP, 2))
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Delivered", "Unknown"]
    assert len((await world.approvals())["email"]) == 1


async def test_shops_of_one_panel_that_mirror_at_once_do_not_add_up_points() -> None:
    world = World()
    await world.customer(active_shops=[1, 2])
    tags = wants(points={"obuwie": 5}, sections=("obuwie",))
    outcomes = await asyncio.gather(told(world.side(1), tags, 1), told(world.side(2), tags, 2))
    assert outcomes == [Delivered(), Delivered()]
    assert await world.tags() == {"salesmanago_obuwie": 5}
