"""What a problem document suggests for whole bodies, batches, other endpoints and parameters is taken too (R93)."""

import json
from typing import Any

import pytest

from app.routers.events.endpoints import EVENTS, ShopEvent
from app.routers.events.examples import EXAMPLES
from app.routers.events.schemas import BATCHABLE
from tests.routers.events.suggestions import MISSING, ROUNDS, mended, path_of, placed, posted
from tests.support.gateways import Door
from tests.support.problems import assert_problem


@pytest.mark.parametrize("event", EVENTS, ids=[event.path for event in EVENTS])
async def test_r93_a_body_of_the_wrong_shape_is_answered_with_a_right_one(door: Door, event: ShopEvent) -> None:
    for body in ([], "text", None, 7, {}, [{}]):
        answer = await mended(door, event.path, body)
        assert answer.status_code in (202, 409), answer.text


@pytest.mark.parametrize("kind", BATCHABLE)
async def test_r93_the_examples_for_an_item_of_a_batch_are_taken_in_their_place(door: Door, kind: str) -> None:
    item: Any = {"type": kind}
    for _ in range(ROUNDS):
        answer = await posted(door, "events", [item])
        if answer.status_code == 202:
            return
        for error in answer.json()["items"][0]["errors"]:
            whole = error["field"] == "(the whole body)"
            item = error["example"] if whole else placed(item, path_of(error["field"]), error["example"])
    raise AssertionError(answer.text)


@pytest.mark.parametrize("body", [{}, [], "text", None, [[]], [7], [{"type": "unheard-of"}], [{}]])
async def test_r93_what_is_no_batch_is_answered_with_a_right_one(door: Door, body: Any) -> None:
    answer = await posted(door, "events", body)
    error = answer.json()["errors"][0]
    whole = error["field"] == "(the whole body)"
    again = error["example"] if whole else placed(body, path_of(error["field"]), error["example"])
    if error["field"] == "[0].type":
        again = [{**EXAMPLES[error["example"]], **again[0]}]
    answer = await posted(door, "events", again)
    assert answer.status_code == 202, answer.text


OTHERS = [
    ("shops/shop1/lookups", 200),
    ("shops/shop1/consent-exports", 200),
    ("shops/shop2/backfills", 201),
    ("shops/shop2/reconciliations", 201),
    ("operations/replays", 200),
]


@pytest.mark.parametrize(("path", "status"), OTHERS)
@pytest.mark.parametrize("body", [[], "text", {}, {"email": "x", "mode": "x", "shop": 7, "reason": "x", "order_id": None, "no": 1}])
async def test_r93_the_examples_of_other_endpoints_are_right_for_them_and_nobody_speaks_of_events(
    door: Door, path: str, status: int, body: Any
) -> None:
    headers = await door.operator() | {"Content-Type": "application/json"}
    for _ in range(ROUNDS):
        answer = await door.http.post(f"/v1/{path}", content=json.dumps(body), headers=headers)
        if answer.status_code != 422:
            break
        problem = answer.json()
        assert "event" not in (problem["title"] + problem["detail"]).lower()
        assert "stored" not in problem["detail"]
        for error in problem["errors"]:
            if error["rule"] == "extra_forbidden":
                body = placed(body, path_of(error["field"]), MISSING)
            else:
                whole = error["field"] == "(the whole body)"
                body = error["example"] if whole else placed(body, path_of(error["field"]), error["example"])
    assert answer.status_code in (status, 404, 409), answer.text  # an example names a shop or a reason that need not be there


@pytest.mark.parametrize("query", ["limit=many", "limit=0", "after=-1", "outcome=x", "limit=x&after=x&outcome=y"])
async def test_r93_the_examples_of_parameters_are_right_for_them(door: Door, query: str) -> None:
    answer = await door.get(f"requests?{query}")
    right = {error["field"].partition("[")[0]: error["example"] for error in assert_problem(answer, 422)["errors"]}
    again = await door.http.get("/v1/shops/shop1/requests", params=right, headers=door.auth("shop1"))
    assert again.status_code == 200, again.text


async def test_r93_a_list_that_is_none_is_answered_with_a_right_one(door: Door) -> None:
    headers = door.auth("shop1") | {"Content-Type": "text/csv"}
    answer = await door.http.post("/v1/shops/shop1/subscriber-lists", content=b"nothing of the kind", headers=headers)
    (error,) = assert_problem(answer, 422)["errors"]
    again = await door.http.post("/v1/shops/shop1/subscriber-lists", content=error["example"].encode(), headers=headers)
    assert again.status_code == 202, again.text
