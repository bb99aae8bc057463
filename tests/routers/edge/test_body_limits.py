"""What holds for every request: refusals are counted, sizes bounded, odd addresses refused, answers safe to show."""

import asyncio
import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from app.domain.errors import Crowded
from app.domain.shops.configuration import READER_ROLE
from app.observability.metrics import requests_refused
from app.routers.edge import body_limits, rate_limits
from app.routers.edge.addresses import network_of
from app.routers.edge.body_limits import Part, Room
from app.routers.edge.rate_limits import Refusals
from app.routers.events.examples import EXAMPLES
from app.server.application import application_of, openapi
from tests.support.gateways import Door, open_door
from tests.support.problems import assert_problem

WRONG_KEYS = ["gwk_00000000_00_00", "x", "gwk_{id}_00_00"]
"""Of nobody, no key at all, and of a key that exists with another secret."""


def from_address(door: Door, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(door.app, raise_app_exceptions=False, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://gateway.test")


async def with_key(http: httpx.AsyncClient, key: str) -> httpx.Response:
    return await http.post("/v1/shops/shop1/orders", json=EXAMPLES["order"], headers={"Authorization": f"Bearer {key}"})


# -- who is refused too often --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", WRONG_KEYS)
async def test_wrong_keys_beyond_the_limit_get_429_and_when_to_come_again(door: Door, wrong: str) -> None:
    key = wrong.format(id=door.keys["shop1"].split("_")[1])
    answers = [await with_key(door.http, key) for _ in range(32)]
    assert [one.status_code for one in answers] == [401] * 30 + [429] * 2
    problem = assert_problem(answers[-1], 429)
    seconds = int(answers[-1].headers["retry-after"])
    assert 1 <= seconds <= 60
    assert f"Come again in {seconds} s." in problem["detail"]
    assert answers[-1].headers["ratelimit-policy"] == '"refusals";q=30;w=60'
    assert answers[-1].headers["ratelimit"] == f'"refusals";r=0;t={seconds}'


async def test_a_locked_out_address_gets_the_same_answer_whether_the_key_exists(door: Door) -> None:
    keys = [one.format(id=door.keys["shop1"].split("_")[1]) for one in WRONG_KEYS]
    for _ in range(30):
        await with_key(door.http, "x")
    answers = [await with_key(door.http, key) for key in keys]
    first, *others = (assert_problem(one, 429) for one in answers)
    assert all(other == first for other in others)


async def test_a_valid_key_passes_from_an_address_that_is_locked_out(door: Door) -> None:
    for _ in range(40):
        await with_key(door.http, "x")
    assert (await with_key(door.http, "x")).status_code == 429
    assert (await with_key(door.http, door.keys["shop1"])).status_code == 202
    assert (await door.get("events/order-5501-placed")).status_code == 200


async def test_forged_callbacks_are_limited_like_wrong_keys_and_with_them(door: Door) -> None:
    async with from_address(door, "203.0.113.7") as http:
        for _ in range(15):
            await with_key(http, "x")
        path = "/callbacks/shops/shop1/opt-out?email=jan@example.com&key=" + "0" * 40
        answers = [await http.get(path) for _ in range(17)]
    assert [one.status_code for one in answers] == [403] * 15 + [429] * 2
    assert_problem(answers[-1], 429)


async def test_the_others_do_not_pay_for_one_address(door: Door) -> None:
    async with from_address(door, "203.0.113.7") as guilty, from_address(door, "203.0.113.8") as innocent:
        for _ in range(40):
            await with_key(guilty, "x")
        assert (await with_key(guilty, "x")).status_code == 429
        assert (await with_key(innocent, "x")).status_code == 401


async def test_addresses_of_one_ipv6_site_are_one_caller(door: Door) -> None:
    for number in range(30):
        async with from_address(door, f"2001:db8:1:2::{number:x}") as http:
            assert (await with_key(http, "x")).status_code == 401
    async with from_address(door, "2001:db8:1:2:ffff::1") as same, from_address(door, "2001:db8:1:3::1") as other:
        assert (await with_key(same, "x")).status_code == 429
        assert (await with_key(other, "x")).status_code == 401


@pytest.mark.parametrize(
    ("client", "network"),
    [
        (("203.0.113.7", 1), "203.0.113.7"),
        (("::ffff:203.0.113.7", 1), "203.0.113.7"),
        (("2001:db8::1", 1), "2001:db8::/64"),
        (("fe80::1%eth0", 1), "fe80::/64"),
        (("somebody", 0), "unknown"),
        (None, "unknown"),
    ],
)
def test_a_caller_is_known_by_address_or_by_site(client: Any, network: str) -> None:
    assert network_of({"client": client}) == network


def test_who_has_a_million_addresses_takes_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "SLOTS", 64)
    refusals = Refusals(5)
    for number in range(3000):
        refusals.note(f"198.51.{number // 250}.{number % 250}", "key")
    assert len(refusals._limiter.storage.storage) <= 2 * 64 + 1  # a counter and a noted alarm each, and the alarms of all


async def test_an_address_that_is_refused_often_raises_one_alarm(door: Door) -> None:
    async with from_address(door, "203.0.113.7") as http:
        with capture_logs() as logs:
            for _ in range(50):
                await with_key(http, "x")
    lines = [line for line in logs if line["event"] == "address_refused_often"]
    assert [(line["network"], line["refusals"], line["log_level"]) for line in lines] == [("203.0.113.7", 30, "warning")]


async def test_refusals_are_counted_by_kind(door: Door) -> None:
    def counted(kind: str) -> float:
        return requests_refused.labels(kind)._value.get()

    keys, callbacks = counted("key"), counted("callback")
    await with_key(door.http, "x")
    for _ in range(2):
        await door.http.get("/callbacks/shops/shop1/opt-out?email=jan@example.com&key=" + "0" * 40)
    assert (counted("key") - keys, counted("callback") - callbacks) == (1, 2)


async def test_alarms_about_many_addresses_do_not_fill_the_log() -> None:
    refusals = Refusals(1)
    with capture_logs() as logs:
        for number in range(100):
            for _ in range(3):
                refusals.note(f"203.0.113.{number}", "key")
    assert len(logs) == 10


async def test_the_limit_of_refusals_is_a_setting(tmp_path: Path) -> None:
    async with open_door(tmp_path, refusals_per_minute=2) as door:
        assert [(await with_key(door.http, "x")).status_code for _ in range(3)] == [401, 401, 429]


# -- how much one key asks -----------------------------------------------------------------------------------------------


async def test_without_a_limit_no_answer_speaks_of_one(door: Door) -> None:
    answer = await door.post("orders", EXAMPLES["order"])
    assert answer.status_code == 202
    assert "ratelimit" not in answer.headers


async def test_requests_of_a_key_beyond_its_limit_get_429_and_other_keys_do_not(tmp_path: Path) -> None:
    async with open_door(tmp_path, key_requests_per_minute=3) as door:
        answers = [await door.post("orders", {**EXAMPLES["order"], "event_id": f"e{number}"}) for number in range(4)]
        assert [one.status_code for one in answers] == [202, 202, 202, 429]
        assert [one.headers["ratelimit"].partition(";t")[0] for one in answers] == [
            '"key";r=2',
            '"key";r=1',
            '"key";r=0',
            '"key";r=0',
        ]
        assert answers[0].headers["ratelimit-policy"] == '"key";q=3;w=60'
        assert "retry-after" in answers[-1].headers
        assert_problem(await door.get("events/e1"), 429)
        assert (await door.post("orders", EXAMPLES["order"], shop="shop2")).status_code == 202


async def test_a_batch_costs_what_it_holds(tmp_path: Path) -> None:
    async with open_door(tmp_path, key_requests_per_minute=10) as door:
        batch = [{"type": "order", **EXAMPLES["order"], "event_id": f"e{number}"} for number in range(9)]
        assert (await door.post("events", batch)).json()["accepted"] == 9
        assert (await door.post("orders", {**EXAMPLES["order"], "event_id": "e9"})).status_code == 202
        assert_problem(await door.post("orders", {**EXAMPLES["order"], "event_id": "e10"}), 429)


# -- sizes ---------------------------------------------------------------------------------------------------------------


async def pieces(number: int, size: int) -> Any:
    for _ in range(number):
        yield b" " * size


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_callback_of_more_than_8_kb_is_refused(door: Door, method: str) -> None:
    path = "/callbacks/shops/shop1/opt-out"
    assert_problem(await door.http.request(method, f"{path}?email={'a' * 9000}"), 414)
    assert_problem(await door.http.request(method, path, content=b"a" * 9000), 413)
    assert_problem(await door.http.request(method, path, content=pieces(9, 1000)), 413)


async def test_an_address_of_more_than_8_kb_is_refused_everywhere(door: Door) -> None:
    assert_problem(await door.get("events/" + "a" * 9000), 414)
    assert_problem(await door.http.get("/healthz?" + "a" * 9000), 414)


def test_the_room_is_shared_and_one_caller_does_not_fill_it() -> None:
    room = Room(total=10, each=4)

    def part_of(owner: str) -> Part:
        part = Part(room)
        part.owner = owner
        return part

    first, second, others, last = part_of("a"), part_of("a"), [part_of("b0"), part_of("b1")], part_of("c")
    first.take(3)
    with pytest.raises(Crowded):
        second.take(2)
    second.take(1)
    for other in others:
        other.take(3)
    with pytest.raises(Crowded):
        last.take(1)
    for part in (first, second, *others, last):
        part.give_back()
    assert (room._held, room._held_by) == (0, {})


async def test_bodies_beyond_the_room_get_503_and_when_to_come_back_and_the_room_is_given_back(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body_limits, "CALLER_BYTES", 100_000)
    app = application_of(door.gateway)
    headers = {**door.auth("shop1"), "Content-Type": "application/json"}
    body = json.dumps({**EXAMPLES["order"], "padding": "x" * 60_000}).encode()
    held = asyncio.Event()

    async def slow(body: bytes) -> Any:
        yield body[:50_000]
        await held.wait()
        yield body[50_000:]

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://gateway.test") as http:
        first = asyncio.create_task(http.post("/v1/shops/shop1/orders", content=slow(body), headers=headers))
        await asyncio.sleep(0.05)

        async def more(shop: str) -> httpx.Response:
            theirs = headers | door.auth(shop)
            return await http.post(f"/v1/shops/{shop}/orders", content=split(body), headers=theirs)

        async def split(body: bytes) -> Any:
            yield body[:55_000]
            yield body[55_000:]

        crowded = await more("shop1")
        assert_problem(crowded, 503)
        assert crowded.headers["retry-after"] == "1"
        assert (await more("shop2")).status_code == 202
        held.set()
        assert (await first).status_code == 202
        assert (await more("shop1")).status_code == 202


# -- odd addresses, methods, headers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/v1/shops/shop1%00/orders", "/v1/shops/shop1/events/%00", "/healthz?a=%00", "/%00", "/docs?%00"])
async def test_nul_in_an_address_is_400(door: Door, path: str) -> None:
    problem = assert_problem(await door.http.get(path, headers=door.auth("shop1")), 400)
    assert "NUL" in problem["detail"]


async def test_every_answer_says_how_it_may_be_shown_and_kept(door: Door) -> None:
    asked = [
        await door.http.get("/healthz"),
        await door.http.get("/docs"),
        await door.http.get("/nothing"),
        await door.post("orders", EXAMPLES["order"]),
        await door.post("orders", {}),
        await with_key(door.http, "x"),
        await door.http.get("/callbacks/shops/shop1/opt-out"),
        *[await with_key(door.http, "x") for _ in range(40)][-1:],
    ]
    assert [one.status_code for one in asked] == [200, 200, 404, 202, 422, 401, 400, 429]
    for answer in asked:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        is_data = answer.headers["content-type"].endswith("json")
        for name, value in OF_PAGES.items():
            assert answer.headers.get(name) == (None if is_data else value)
    assert sum(answer.headers["content-type"].endswith("json") for answer in asked) == 7


OF_PAGES = {
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
    "content-security-policy": "frame-ancestors 'none'",
}


async def test_whatever_a_browser_could_show_says_that_it_stands_in_no_frame(door: Door) -> None:
    for path in ("/", "/docs", "/metrics", "/rules/R10", "/problems/invalid", "/console/"):
        answer = await door.http.get(path, headers=await door.operator() | {"accept": "text/html"})
        assert answer.is_redirect or answer.headers["content-type"].startswith("text/"), path
        assert answer.headers["referrer-policy"] in ("no-referrer", "same-origin"), path
        assert answer.headers["x-frame-options"] == "DENY", path
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path


ROUTES = sorted(openapi()["paths"].items())


@pytest.mark.parametrize(("path", "operations"), ROUTES, ids=[path for path, _ in ROUTES])
async def test_methods_that_a_route_does_not_take_are_405_with_those_it_takes(door: Door, path: str, operations: Any) -> None:
    address = path.replace("{shop}", "shop1").replace("{direction}", "opt-out").replace("{number}", "1")
    for name in ("event_id", "account"):
        address = address.replace(f"{{{name}}}", "x")
    for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "OPTIONS"} - {name.upper() for name in operations}:
        answer = await door.http.request(method, address, headers=door.auth("shop1"))
        assert_problem(answer, 405)
        allowed = {one.strip().lower() for one in answer.headers["allow"].split(",")}
        assert allowed & set(operations), (method, allowed)


async def test_head_answers_as_get_does(door: Door) -> None:
    for path, status in (("/healthz", 200), ("/readyz", 200), ("/metrics", 401), ("/v1/shops/shop1/orders", 405)):
        answer = await door.http.head(path, headers=door.auth("shop1") if path.startswith("/v1") else {})
        assert answer.status_code == status


async def test_staff_who_may_not_act_get_403_however_often_and_raise_no_alarm(door: Door) -> None:
    key = await door.gateway.directory.issue_key(None, READER_ROLE)
    headers = {"Authorization": f"Bearer {key}"}
    replay = {"mode": "run"}
    answers = [await door.http.post("/v1/operations/replays", json=replay, headers=headers) for _ in range(40)]
    assert {one.status_code for one in answers} == {403}
    assert await door.gateway.door_counts.alarms() == set()


# -- bodies that are packed ----------------------------------------------------------------------------------------------

DOORS = (
    "/v1/shops/shop1/orders",
    "/v1/shops/shop1/events",
    "/v1/shops/shop1/subscriber-lists",
    "/v1/shops/shop1/lookups",
    "/sources/woocommerce/shop1",
    "/callbacks/shops/shop1/opt-out",
    "/console/sign-in",
    "/nothing/here",
)


@pytest.mark.parametrize("path", DOORS)
async def test_a_packed_body_is_refused_with_the_header_that_says_so_at_every_door(door: Door, path: str) -> None:
    headers = door.auth("shop1") | {"Content-Type": "application/json"}
    packed = gzip.compress(json.dumps(EXAMPLES["order"]).encode())
    for encoding in ("gzip", "br", "deflate, gzip", "x"):
        answer = await door.http.post(path, content=packed, headers=headers | {"Content-Encoding": encoding})
        problem = assert_problem(answer, 415)
        assert (problem["type"], problem["errors"][0]["field"]) == ("/problems/encoded-body", "Content-Encoding")
        assert problem["errors"][0]["example"] == "identity"


async def test_a_body_that_is_said_to_be_as_it_is_is_taken_and_a_stranger_learns_nothing_of_encodings(door: Door) -> None:
    assert (await door.post("orders", EXAMPLES["order"], **{"Content-Encoding": "identity"})).status_code == 202
    assert_problem(await door.http.post("/v1/shops/shop1/orders", content=b"x", headers={"Content-Encoding": "gzip"}), 401)
