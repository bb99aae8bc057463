"""The door remembers: an id in every answer, and recent requests for the shop's developer (R93)."""

import json
from typing import Any

import httpx
import pytest
import structlog

from app.observability.logs import with_request_id
from app.routers.events.examples import EXAMPLES
from tests.support.gateways import Door
from tests.support.problems import assert_problem

ORDER = EXAMPLES["order"]
JAN = ORDER["customer"]["email"]


async def recent(door: Door, shop: str = "shop1", **query: Any) -> list[dict[str, Any]]:
    answer = await door.http.get(f"/v1/shops/{shop}/requests", params=query, headers=door.auth(shop))
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["requests"]
    return [one for one in found if not one["path"].endswith("/requests")]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/shops/shop1/orders"),
        ("POST", "/v1/shops/nobody/orders"),
        ("GET", "/v1/shops/shop1/events/unknown"),
        ("GET", "/nothing/here"),
        ("GET", "/healthz"),
        ("GET", "/v1/shops/shop1/orders"),
        ("GET", "/callbacks/shops/shop1/opt-out"),
        ("GET", "/%00"),
    ],
)
async def test_r93_every_answer_carries_a_request_id_and_a_problem_repeats_it(door: Door, method: str, path: str) -> None:
    answers = [await door.http.request(method, path, headers=door.auth("shop1"), json={}) for _ in range(2)]
    ids = {answer.headers["x-request-id"] for answer in answers}
    assert len(ids) == 2
    for answer in answers:
        if answer.status_code >= 400:
            assert answer.json()["request_id"] == answer.headers["x-request-id"]


async def test_r93_an_accepted_event_is_remembered_with_its_id(door: Door) -> None:
    answer = await door.post("orders", ORDER)
    (one,) = await recent(door)
    assert one["request_id"] == answer.headers["x-request-id"]
    assert (one["outcome"], one["status"], one["event_id"]) == ("taken", 202, ORDER["event_id"])
    assert (one["shop"], one["method"], one["path"]) == ("shop1", "POST", "/v1/shops/shop1/orders")
    assert one["key"] == door.keys["shop1"].split("_")[1]


async def test_r93_a_refused_event_is_remembered_with_its_problem_and_without_what_was_sent(door: Door) -> None:
    answer = await door.post("orders", {**ORDER, "occurred_at": "yesterday by Kowalski"})
    problem = assert_problem(answer, 422)
    (one,) = await recent(door, outcome="refused")
    assert (one["outcome"], one["problem"], one["detail"]) == ("refused", problem["type"], problem["detail"])
    assert [mistake["field"] for mistake in one["errors"]] == ["occurred_at"]
    assert one["event_id"] == ORDER["event_id"]
    assert "Kowalski" not in json.dumps(one)
    assert JAN not in json.dumps(one)


async def test_r93_one_request_is_found_by_its_id_and_no_other_shops(door: Door) -> None:
    request_id = (await door.post("orders", {})).headers["x-request-id"]
    assert (await door.get(f"requests/{request_id}")).json()["request_id"] == request_id
    assert_problem(await door.get(f"requests/{request_id}", "shop2"), 404)


async def test_a_batch_of_which_some_were_taken_is_remembered_with_what_was_wrong(door: Door) -> None:
    good, bad = {"type": "order", **ORDER}, {"type": "order", "event_id": "o2"}
    assert (await door.post("events", [good, bad])).status_code == 207
    (one,) = await recent(door)
    assert (one["outcome"], one["problem"]) == ("refused", None)
    assert one["detail"] == "1 of 2 events were taken, 1 rejected, 0 in conflict."
    assert "[1].occurred_at" in {mistake["field"] for mistake in one["errors"]}


async def test_an_unknown_key_is_remembered_in_the_shop_it_names_by_what_it_began_with(door: Door) -> None:
    secret = "gwk_ab12cd34_" + "f" * 64 + "_00000000"
    await door.http.post("/v1/shops/shop1/orders", headers={"Authorization": f"Bearer {secret}"}, json=ORDER)
    await door.http.post("/v1/shops/shop1/orders", headers={"Authorization": "Bearer password of Jan"}, json=ORDER)
    await door.http.post("/v1/shops/shop1/orders", json=ORDER)
    found = await recent(door)
    assert [one["outcome"] for one in found] == ["unknown_key"] * 3
    assert [one["key"] for one in found] == ["gwk_ab12cd34…", None, None]


async def test_a_wrong_path_under_a_valid_key_is_remembered_for_the_keys_shop(door: Door) -> None:
    await door.http.post("/v1/shops/shop2/orders", json=ORDER, headers=door.auth("shop1"))
    assert [one["status"] for one in await recent(door)] == [404]
    assert await recent(door, "shop2") == []


async def test_no_address_is_remembered_that_stands_in_an_event_id_or_a_path(door: Door) -> None:
    await door.post("orders", {**ORDER, "event_id": JAN})
    await door.get(f"events/{JAN}")
    await door.get(JAN)
    text = json.dumps(await recent(door))
    assert JAN not in text
    assert "kowalski" not in text


async def test_who_asks_with_the_last_number_gets_only_what_came_since(door: Door) -> None:
    await door.post("orders", ORDER)
    first = (await door.http.get("/v1/shops/shop1/requests", headers=door.auth("shop1"))).json()
    await door.post("orders", {**ORDER, "event_id": "later"})
    query = {"after": first["next"], "outcome": "taken"}
    later = await recent(door, **query)
    assert [one["event_id"] for one in later] == ["later"]


async def test_an_operator_sees_the_requests_of_everybody_and_a_shop_only_its_own(door: Door) -> None:
    await door.post("orders", ORDER)
    await door.post("orders", ORDER, shop="shop2")
    operator = await door.operator()
    found = (await door.http.get("/v1/operations/requests", headers=operator)).json()["requests"]
    assert {one["shop"] for one in found} == {"shop1", "shop2"}
    assert {one["shop"] for one in await recent(door, "shop2")} == {"shop2"}
    assert_problem(await door.http.get("/v1/operations/requests", headers=door.auth("shop1")), 404)
    assert_problem(await door.http.get("/v1/shops/shop1/requests", headers=door.auth("shop2")), 404)


async def test_r93_every_line_that_is_logged_for_a_request_carries_its_id(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[dict[str, Any]] = []

    def kept(_logger: Any, _name: str, fields: Any) -> Any:
        lines.append(dict(fields))
        raise structlog.DropEvent

    class Broken:
        async def accept(self, events: Any) -> Any:
            raise RuntimeError("of ours")

    async with door.with_intake(Broken()) as broken:
        monkeypatch.setattr("app.routers.edge.problems.log", structlog.wrap_logger(None, [with_request_id, kept]))
        answer: httpx.Response = await broken.post("orders", ORDER)
    assert answer.status_code == 500
    assert [line["request_id"] for line in lines] == [answer.headers["x-request-id"]]


async def test_requests_that_nobody_remembers_are_health_and_documentation(door: Door) -> None:
    for path in ("/healthz", "/readyz", "/docs"):
        await door.http.get(path)
    operator = await door.operator()
    assert (await door.http.get("/v1/operations/requests", headers=operator)).json()["requests"] == []
