"""The example in a problem document is right for that field of that endpoint: put in place, it is taken (R93)."""

import copy
import json
import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

import httpx
import pytest

from app.routers.events.endpoints import EVENTS, ShopEvent
from app.routers.events.examples import EXAMPLES
from app.routers.events.schemas import BATCHABLE
from app.routers.events.wire_model import WireModel
from tests.support.gateways import Door
from tests.support.problems import assert_problem

Path = tuple[str | int, ...]
WRONG: tuple[Any, ...] = ("\u0000", "", " ", 7, -1, True, None, [], [7], {}, {"x": 1}, "x" * 5000, [[]], [{}], {"0": []})
MISSING = object()
ROUNDS = 4


def paths_of(model: type[WireModel], before: Path = ()) -> Iterator[Path]:
    """Every field of a body, however deep, as what stands in its first list entry."""
    for name, info in model.model_fields.items():
        here = (*before, info.alias or name)
        yield here
        for kind in _kinds(info.annotation):
            if isinstance(kind, type) and issubclass(kind, WireModel):
                yield from paths_of(kind, here)
            elif get_origin(kind) is list:
                for inner in _kinds(get_args(kind)[0]):
                    if isinstance(inner, type) and issubclass(inner, WireModel):
                        yield from paths_of(inner, (*here, 0))


def _kinds(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is list:
        return (annotation,)
    return tuple(kind for one in get_args(annotation) for kind in _kinds(one)) or (annotation,)


def placed(body: Any, path: Path, value: Any) -> Any:
    """The body with a value at a place, in lists and objects made on the way; `MISSING` takes it out."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        entries = list(body) if isinstance(body, list) and body else [{}]
        entries += [{}] * (step + 1 - len(entries))
        entries[step] = placed(entries[step], rest, value)
        return entries
    fields = dict(body) if isinstance(body, dict) else {}
    if not rest and value is MISSING:
        fields.pop(step, None)
    else:
        fields[step] = placed(fields.get(step), rest, value)
    return fields


def path_of(field: str) -> Path:
    return tuple(int(part[1:-1]) if part.startswith("[") else part for part in re.findall(r"\[\d+\]|[^.\[\]]+", field))


async def mended(door: Door, path: str, body: Any) -> httpx.Response:
    """Do what the problem documents say until the body is taken; the last answer."""
    for _ in range(ROUNDS):
        answer = await posted(door, path, body)
        if answer.status_code != 422:
            return answer
        for error in answer.json()["errors"]:
            assert "^" not in error["message"], "a regular expression is no sentence"
            whole = error["field"] == "(the whole body)"
            body = error["example"] if whole else placed(body, path_of(error["field"]), error["example"])
    return await posted(door, path, body)


async def posted(door: Door, path: str, body: Any) -> httpx.Response:
    headers = door.auth("shop1") | {"Content-Type": "application/json"}
    return await door.http.post(f"/v1/shops/shop1/{path}", content=json.dumps(body), headers=headers)


@pytest.mark.parametrize("event", EVENTS, ids=[event.path for event in EVENTS])
async def test_r93_the_example_of_every_field_of_every_event_is_taken_in_its_place(door: Door, event: ShopEvent) -> None:
    right, refused, number = EXAMPLES[event.body.wire_type], [], 0
    for path in paths_of(event.body):
        for wrong in (MISSING, *WRONG):
            body = placed(copy.deepcopy(right), path, wrong)
            number += 1
            if path != ("event_id",):
                body["event_id"] = f"e{number}"
            answer = await mended(door, event.path, body)
            if answer.status_code not in (202, 409):  # 409: the example of an id was taken before
                refused.append((path, wrong, answer.json()["errors"]))
    assert refused == []


@pytest.mark.parametrize("event", EVENTS, ids=[event.path for event in EVENTS])
async def test_r10_a_blank_text_is_an_empty_one_in_every_field(door: Door, event: ShopEvent) -> None:
    right, differing, number = EXAMPLES[event.body.wire_type], [], 0
    for path in paths_of(event.body):
        found = []
        for text in ("", " ", "\t\u00a0\u2003"):
            body = placed(copy.deepcopy(right), path, text)
            number += 1
            if path != ("event_id",):
                body["event_id"] = f"e{number}"
            answer = await posted(door, event.path, body)
            said = answer.json()
            found.append((answer.status_code, said.get("warnings"), [one["field"] for one in said.get("errors", ())]))
        if found[1:] != found[:1] * 2:
            differing.append((path, found))
    assert differing == []


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
