"""Bodies that cannot be read, are too large, or hold signs that are none: refused or mended, and never a crash."""

import json
from typing import Any

import pytest

from app.routers.events.examples import EXAMPLES
from tests.routers.events.bodies import with_value
from tests.support.gateways import Door
from tests.support.problems import assert_problem


@pytest.mark.parametrize("body", ['{"event_id":', "[]", "", '"text"', "null", "[" * 5000, '{"a":' * 3000, "9" * 5000, "\ud800"])
async def test_a_body_that_is_no_event_is_a_problem_not_a_crash(door: Door, body: str) -> None:
    headers = door.auth("shop1") | {"Content-Type": "application/json"}
    content = body.encode("utf-8", "surrogatepass")
    answer = await door.http.post("/v1/shops/shop1/orders", content=content, headers=headers)
    assert_problem(answer, answer.status_code)
    assert answer.status_code in (400, 415, 422)


async def test_r73_a_lone_surrogate_in_a_text_is_mended_and_said(door: Door) -> None:
    headers = door.auth("shop1") | {"Content-Type": "application/json"}
    content = b'{"event_id":"s1","occurred_at":"2026-11-23T10:00:00Z","customer":{"email":"a@example.com","first_name":"\\ud800"}}'
    receipt = (await door.http.post("/v1/shops/shop1/registrations", content=content, headers=headers)).json()
    assert receipt["warnings"] == ["customer.first_name: what was no whole sign stands as \ufffd"]


async def test_r73_a_body_of_an_older_program_is_read_in_the_charset_it_says(door: Door) -> None:
    """The same event in whatever charset is one event."""
    body = {**EXAMPLES["registration"], "customer": {**EXAMPLES["registration"]["customer"], "first_name": "Michał"}}
    content = json.dumps(body, ensure_ascii=False)
    answers = []
    for charset in ("windows-1250", "ISO-8859-2", "utf-8"):
        headers = door.auth("shop1") | {"Content-Type": f"application/json; charset={charset}"}
        answer = await door.http.post("/v1/shops/shop1/registrations", content=content.encode(charset), headers=headers)
        answers.append((answer.status_code, answer.json()["result"], answer.json()["warnings"]))
    assert answers == [(202, "accepted", []), (202, "duplicate", []), (202, "duplicate", [])]


async def test_a_body_that_begins_with_a_byte_order_mark_is_read_as_any_other(door: Door) -> None:
    mark, line = b"\xef\xbb\xbf", json.dumps({**EXAMPLES["order"], "type": "order"}).encode()
    other = line.replace(b"order-5501-placed", b"order-5501-again")
    headers = door.auth("shop1")
    single = await door.http.post(
        "/v1/shops/shop1/orders", content=mark + line, headers=headers | {"Content-Type": "application/json"}
    )
    assert single.status_code == 202, single.text
    batch = await door.http.post(
        "/v1/shops/shop1/events", content=mark + b"[" + line + b"]", headers=headers | {"Content-Type": "application/json"}
    )
    assert batch.json()["duplicate"] == 1
    lines = mark + line + b"\n" + mark + other + b"\n" + mark
    ndjson = await door.http.post(
        "/v1/shops/shop1/events", content=lines, headers=headers | {"Content-Type": "application/x-ndjson"}
    )
    assert [item["result"] for item in ndjson.json()["items"]] == ["duplicate", "accepted"]


@pytest.mark.parametrize("bad", [b'"\\ud83d"', b'"Micha\xb3"', b'"a\\u0000b"'])
async def test_r73_a_sign_that_is_none_hurts_no_other_item_of_a_batch(door: Door, bad: bytes) -> None:
    good = json.dumps({**EXAMPLES["order"], "type": "order"}).encode()
    odd = json.dumps({**EXAMPLES["registration"], "type": "registration"}).encode().replace(b'"Jan"', bad)
    for content, kind in ((b"[" + odd + b"," + good + b"]", "application/json"), (odd + b"\n" + good, "application/x-ndjson")):
        answer = await door.http.post(
            "/v1/shops/shop1/events", content=content, headers=door.auth("shop1") | {"Content-Type": kind}
        )
        items = answer.json()["items"]
        assert {item["result"] for item in items} <= {"accepted", "duplicate"}, answer.text
        assert items[0]["receipt"]["warnings"][0].startswith("customer.first_name")


async def test_the_example_of_a_whole_body_is_of_the_event_that_was_meant(door: Door) -> None:
    problem = assert_problem(await door.post("tag-edits", {"event_id": "t", "occurred_at": "2026-11-23T10:15:00Z"}), 422)
    assert problem["errors"][0]["example"] == EXAMPLES["tag-edit"]
    assert (await door.post("tag-edits", problem["errors"][0]["example"])).status_code == 202


async def test_a_body_beyond_the_limit_is_refused_also_while_streaming(door: Door) -> None:
    headers = door.auth("shop1") | {"Content-Type": "application/json"}
    assert_problem(await door.http.post("/v1/shops/shop1/orders", content=b" " * (1024 * 1024 + 1), headers=headers), 413)

    async def trickle() -> Any:
        for _ in range(20):
            yield b" " * 64 * 1024

    assert_problem(await door.http.post("/v1/shops/shop1/orders", content=trickle(), headers=headers), 413)


@pytest.mark.parametrize(
    "odd",
    [
        {"menu_paths": [[1] * 400_000]},
        {"menu_paths": [[]] * 200_000},
        {"unheard_of": [{}] * 200_000},
        {f"u{number}": 1 for number in range(70_000)},
    ],
    ids=["numbers", "lists", "objects", "fields"],
)
async def test_a_body_of_too_many_values_is_refused_before_it_is_read(door: Door, odd: dict[str, Any]) -> None:
    answer = await door.post(
        "orders", with_value(EXAMPLES["order"], [{"product_id": "1", "name": "Buty", **odd}], "order", "items")
    )
    (error,) = assert_problem(answer, 422)["errors"]
    assert (error["field"], error["rule"]) == ("(the whole body)", "too_many_values")


async def test_of_very_many_mistakes_twenty_are_shown_and_all_are_counted(door: Door) -> None:
    problem = assert_problem(await door.post("carts", with_value(EXAMPLES["cart"], [{}] * 500, "cart", "items")), 422)
    assert len(problem["errors"]) == 20
    assert problem["detail"].startswith("500 fields need")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [(b"{", "application/json", 422), (b"<x/>", "text/xml", 415), (b"[" * 200_000, "application/json", 422)],
)
async def test_a_body_that_cannot_be_read_is_named_as_a_whole_with_an_example(
    door: Door, body: bytes, kind: str, status: int
) -> None:
    answer = await door.http.post("/v1/shops/shop1/orders", content=body, headers=door.auth("shop1") | {"Content-Type": kind})
    (error,) = assert_problem(answer, status)["errors"]
    assert (error["field"], error["rule"]) == ("(the whole body)", "json_invalid")
    assert error["example"]["event_id"]


@pytest.mark.parametrize("text", ["\\u0000", "a\\u0000b", "\\ud83d", "\\udc00\\ud800", "\\u202e"])
@pytest.mark.parametrize(
    ("path", "field"),
    [("lookups", "email"), ("lookups", "order_id"), ("consent-exports", "email"), ("recovered-carts", "token")],
)
async def test_r73_a_question_with_signs_that_are_none_is_no_defect(door: Door, path: str, field: str, text: str) -> None:
    content = f'{{"{field}": "{text}"}}'.encode()
    headers = door.auth("shop1") | {"Content-Type": "application/json"}
    answer = await door.http.post(f"/v1/shops/shop1/{path}", content=content, headers=headers)
    assert_problem(answer, answer.status_code)
    assert answer.status_code in (404, 422)
