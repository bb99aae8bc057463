"""The mixed batch: an answer per item, and one bad item never spoils the rest."""

import asyncio
import json
from collections import Counter
from typing import Any

import httpx
import pytest

from app.routers.events import batch
from app.routers.events.examples import EXAMPLES, in_batch
from app.routers.events.schemas import BATCHABLE
from tests.support.gateways import Door
from tests.support.problems import assert_problem

ALL = in_batch(*BATCHABLE)


async def post(door: Door, content: bytes, kind: str = "application/json") -> httpx.Response:
    return await door.http.post("/v1/shops/shop1/events", content=content, headers=door.auth("shop1") | {"Content-Type": kind})


async def as_json(door: Door, items: Any) -> httpx.Response:
    return await post(door, json.dumps(items).encode())


async def test_every_kind_of_event_travels_in_one_array(door: Door) -> None:
    answer = await as_json(door, ALL)
    assert answer.status_code == 202
    assert answer.json()["accepted"] == len(ALL)
    assert [item["event_id"] for item in answer.json()["items"]] == [item["event_id"] for item in ALL]


async def test_ndjson_carries_the_same_events(door: Door) -> None:
    lines = "\n".join(json.dumps(item) for item in ALL) + "\n\n"
    answer = await post(door, lines.encode(), "application/x-ndjson; charset=utf-8")
    assert answer.json()["accepted"] == len(ALL)


async def test_bad_items_are_refused_alone_and_named(door: Door) -> None:
    good = {"type": "order", **EXAMPLES["order"]}
    items = [
        good,
        {"type": "order"},
        "text",
        None,
        {"type": "unheard-of"},
        {**good, "event_id": "o2", "occurred_at": "never"},
        {"type": ["order"]},
    ]
    answer = (await as_json(door, items)).json()
    assert [item["result"] for item in answer["items"]] == ["accepted"] + ["rejected"] * 6
    assert (answer["accepted"], answer["rejected"]) == (1, 6)
    assert {error["field"] for error in answer["items"][5]["errors"]} == {"occurred_at"}
    assert {error["field"] for error in answer["items"][4]["errors"]} == {"type"}
    assert all(error["example"] is not None for error in answer["items"][1]["errors"])


@pytest.mark.parametrize(
    "odd",
    [
        b'{"type": "order", "source": "\\ud800"}',  # half a character
        b'{"type": "order", "event_id": NaN}',
        b'{"type": "\xff\xfe"}',
        b'{"type": "order", "occurred_at": 1e999}',
        b"[" * 300 + b"]" * 300,
    ],
)
async def test_an_element_that_no_strict_reader_takes_is_refused_alone(door: Door, odd: bytes) -> None:
    good = json.dumps({"type": "order", **EXAMPLES["order"]}).encode()
    answer = await post(door, b"[%b, %b]" % (odd, good))
    assert [item["result"] for item in answer.json()["items"]] == ["rejected", "accepted"]
    assert answer.json()["items"][0]["errors"][0]["example"] is not None


async def test_a_bad_line_of_ndjson_is_refused_alone(door: Door) -> None:
    good = json.dumps({"type": "order", **EXAMPLES["order"]})
    answer = (await post(door, f"{good}\n{{broken\n".encode(), "application/x-ndjson")).json()
    assert [item["result"] for item in answer["items"]] == ["accepted", "rejected"]


GOOD = {"type": "order", **EXAMPLES["order"]}
BAD = {"type": "order", "event_id": "o2", "occurred_at": "never"}
OTHER = {**GOOD, "transfer_consent": "not_given"}


@pytest.mark.parametrize(
    ("items", "status"),
    [
        ([GOOD], 202),
        ([GOOD, GOOD], 202),
        ([GOOD, BAD], 207),
        ([GOOD, OTHER], 207),
        ([GOOD, GOOD, OTHER, BAD], 207),
        ([BAD], 422),
        ([BAD, BAD], 422),
    ],
)
async def test_the_status_says_whether_all_some_or_none_of_the_items_were_taken(door: Door, items: list[Any], status: int) -> None:
    answer = await as_json(door, items)
    assert answer.status_code == status
    assert len(answer.json()["items"]) == len(items)


async def test_a_batch_of_which_all_are_in_conflict_is_refused_and_a_repeated_one_is_not(door: Door) -> None:
    assert (await as_json(door, [GOOD])).status_code == 202
    assert (await as_json(door, [GOOD])).status_code == 202
    problem = assert_problem(await as_json(door, [OTHER]), 422)
    assert (problem["conflict"], problem["items"][0]["result"]) == (1, "conflict")


async def test_a_refused_batch_is_a_problem_document_that_names_item_and_field(door: Door) -> None:
    problem = assert_problem(await as_json(door, [BAD]), 422)
    assert problem["type"] == "/problems/batch-refused"
    assert "[0].occurred_at" in {error["field"] for error in problem["errors"]}
    assert problem["items"][0]["errors"]


async def test_repetitions_and_conflicts_are_told_apart_inside_one_batch(door: Door) -> None:
    good = {"type": "order", **EXAMPLES["order"]}
    other = {**good, "transfer_consent": "not_given"}
    answer = (await as_json(door, [good, good, other])).json()
    assert [item["result"] for item in answer["items"]] == ["accepted", "duplicate", "conflict"]


async def test_an_event_of_a_batch_and_the_same_event_alone_are_one(door: Door) -> None:
    await as_json(door, [{"type": "order", **EXAMPLES["order"]}])
    assert (await door.post("orders", EXAMPLES["order"])).json()["result"] == "duplicate"


@pytest.mark.parametrize("content", [b"[]", b"{}", b"", b"{", b"[" * 5000, b"\xff\xfe", b'"x"', json.dumps([{}] * 1001).encode()])
async def test_what_is_no_batch_is_a_problem(door: Door, content: bytes) -> None:
    assert_problem(await post(door, content), 422)


async def test_a_thousand_events_fit(door: Door) -> None:
    items = [{"type": "product-view", **EXAMPLES["product-view"], "event_id": f"v{number}"} for number in range(1000)]
    assert (await as_json(door, items)).json()["accepted"] == 1000


async def test_more_than_five_megabytes_do_not_fit(door: Door) -> None:
    assert_problem(await post(door, b"[" + b" " * (5 * 1024 * 1024) + b"]"), 413)


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"[" + b",".join([b"[]"] * 400_000) + b"]", "application/json"), (b"\n" * 5_000_000 + b"{}", "application/x-ndjson")],
)
async def test_a_batch_of_too_many_values_or_lines_is_no_batch(door: Door, content: bytes, kind: str) -> None:
    answer = await post(door, content, kind)
    problem = assert_problem(answer, 422)
    assert [item["result"] for item in problem.get("items", [])] in ([], ["rejected"])


async def test_an_item_that_is_too_large_for_an_event_or_has_too_many_values_is_refused_alone(door: Door) -> None:
    good = {"type": "order", **EXAMPLES["order"]}
    large, many = {**good, "note": "x" * (1 << 20)}, {**good, "note": [1] * 70_000}
    answer = (await as_json(door, [large, good, many])).json()
    assert [item["result"] for item in answer["items"]] == ["rejected", "accepted", "rejected"]
    assert [item["errors"][0]["rule"] for item in answer["items"] if item["errors"]] == ["too_large", "too_many_values"]


async def test_others_are_served_while_a_large_batch_is_read(door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    turns, turn_of = 0, []
    read = batch._read

    def counting(index: int, item: bytes) -> Any:
        turn_of.append(turns)
        return read(index, item)

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(batch, "_read", counting)
    waiting = asyncio.create_task(others())
    items = [{"type": "order", **EXAMPLES["order"], "event_id": f"o{number}", "note": "x" * 4_000} for number in range(1_000)]
    assert (await as_json(door, items)).status_code == 202
    waiting.cancel()
    assert max(Counter(turn_of).values()) * 4_000 <= batch.SLICE_BYTES + 4_000
