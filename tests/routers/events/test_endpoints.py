"""The door for shops: every event, its receipt, its repetition, its refusal."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.routers.events.examples import EXAMPLES
from tests.routers.events.bodies import with_value, without
from tests.support.gateways import Door
from tests.support.problems import assert_problem

PATHS = {
    "registration": "registrations",
    "account-change": "account-changes",
    "subscription": "subscriptions",
    "unsubscription": "unsubscriptions",
    "order": "orders",
    "order-cancellation": "order-cancellations",
    "order-return": "order-returns",
    "cart": "carts",
    "product-view": "product-views",
    "tag-edit": "tag-edits",
    "consent": "consents",
    "erasure": "erasures",
    "access-request": "access-requests",
}


def test_every_event_has_an_endpoint_and_an_example() -> None:
    assert PATHS.keys() == EXAMPLES.keys()


@pytest.mark.parametrize("kind", PATHS)
async def test_the_example_of_every_event_is_accepted_and_can_be_followed(door: Door, kind: str) -> None:
    answer = await door.post(PATHS[kind], EXAMPLES[kind])
    assert answer.status_code == 202, answer.text
    receipt = answer.json()
    assert receipt["result"] == "accepted"
    assert receipt["warnings"] == []
    followed = await door.http.get(receipt["follow"], headers=door.auth("shop1"))
    assert followed.json()["state"] == "received"
    assert followed.json()["type"] == kind


@pytest.mark.parametrize("kind", PATHS)
async def test_a_repeated_event_answers_as_the_first_time(door: Door, kind: str) -> None:
    first = (await door.post(PATHS[kind], EXAMPLES[kind])).json()
    again = await door.post(PATHS[kind], EXAMPLES[kind])
    assert again.status_code == 202
    assert again.json() == {**first, "result": "duplicate"}


async def test_the_same_id_with_other_content_is_a_conflict_that_names_the_stored_digest(door: Door) -> None:
    await door.post("orders", EXAMPLES["order"])
    other = with_value(EXAMPLES["order"], "215.00", "order", "value")
    problem = assert_problem(await door.post("orders", other), 409)
    assert problem["event_id"] == EXAMPLES["order"]["event_id"]
    assert len(problem["stored_digest"]) == 64


async def test_the_same_id_in_two_shops_is_two_events(door: Door) -> None:
    assert (await door.post("orders", EXAMPLES["order"])).json()["result"] == "accepted"
    assert (await door.post("orders", EXAMPLES["order"], shop="shop2")).json()["result"] == "accepted"


async def test_the_idempotency_key_serves_as_event_id(door: Door) -> None:
    body = without(EXAMPLES["order"], "event_id")
    first = await door.post("orders", body, **{"Idempotency-Key": "order/5501?v=1"})
    assert first.json()["event_id"] == "order/5501?v=1"
    assert (await door.post("orders", body, **{"Idempotency-Key": "order/5501?v=1"})).json()["result"] == "duplicate"
    followed = await door.http.get(first.json()["follow"], headers=door.auth("shop1"))
    assert followed.json()["event_id"] == "order/5501?v=1"


@pytest.mark.parametrize(
    ("body", "header", "field"),
    [
        (without(EXAMPLES["order"], "event_id"), None, "event_id"),
        (EXAMPLES["order"], "another-id", "event_id"),
        (without(EXAMPLES["order"], "event_id"), "two words", "Idempotency-Key"),
    ],
)
async def test_an_event_needs_one_id(door: Door, body: dict[str, Any], header: str | None, field: str) -> None:
    answer = await door.post("orders", body, **({"Idempotency-Key": header} if header else {}))
    (error,) = assert_problem(answer, 422)["errors"]
    assert error["field"] == field
    assert error["example"]


@pytest.mark.parametrize(
    ("value", "path", "field"),
    [
        ("2026-11-23T10:15:00", ["occurred_at"], "occurred_at"),
        ("yesterday", ["occurred_at"], "occurred_at"),
        (1767225600, ["occurred_at"], "occurred_at"),
        ("2026-02-30T10:15:00Z", ["occurred_at"], "occurred_at"),
        ("0001-01-01T00:00:00+14:00", ["occurred_at"], "occurred_at"),
        ("2099-01-01T00:00:00Z", ["occurred_at"], "occurred_at"),
        ("jan", ["customer", "email"], "customer.email"),
        ("jan@localhost", ["customer", "email"], "customer.email"),
        ("a\x00b@example.com", ["customer", "email"], "customer.email"),
        ("zloty", ["order", "currency"], "order.currency"),
        (-1, ["order", "value"], "order.value"),
        ("NaN", ["order", "value"], "order.value"),
        (1e400, ["order", "value"], "order.value"),
        ("maybe", ["transfer_consent"], "transfer_consent"),
        ("x" * 129, ["event_id"], "event_id"),
        ("zażółć", ["event_id"], "event_id"),
    ],
)
async def test_a_wrong_value_is_named_with_its_rule_and_a_right_example(
    door: Door, value: Any, path: list[str], field: str
) -> None:
    body = with_value(EXAMPLES["order"], value, *path)
    answer = await door.post("orders", body if value != 1e400 else with_value(EXAMPLES["order"], 10**400, *path))
    problem = assert_problem(answer, 422)
    named = {error["field"]: error for error in problem["errors"]}
    assert field in named, problem
    assert named[field]["message"]
    assert named[field]["example"] is not None


async def test_all_mistakes_are_named_at_once_and_no_value_comes_back(door: Door) -> None:
    body = {"event_id": "x", "occurred_at": "never", "email": "planted-canary", "confirmed": "planted-canary"}
    answer = await door.post("unsubscriptions", body)
    fields = {error["field"] for error in assert_problem(answer, 422)["errors"]}
    assert fields == {"occurred_at", "email", "confirmed"}
    assert "planted-canary" not in answer.text


@pytest.mark.parametrize(("hours", "status"), [(23.9, 202), (24.1, 422)])
async def test_r08_a_time_that_is_ahead_is_taken_for_a_day_and_refused_beyond(door: Door, hours: float, status: int) -> None:
    ahead = (datetime.now(UTC) + timedelta(hours=hours)).isoformat()
    answer = await door.post("orders", with_value(EXAMPLES["order"], ahead, "occurred_at"))
    assert answer.status_code == status


async def test_nothing_of_a_refused_event_is_stored(door: Door) -> None:
    await door.post("orders", with_value(EXAMPLES["order"], "never", "occurred_at"))
    assert_problem(await door.get(f"events/{EXAMPLES['order']['event_id']}"), 404)


async def test_unknown_fields_are_ignored_and_named_wherever_they_stand(door: Door) -> None:
    body = with_value(EXAMPLES["order"], "x", "colour")
    body = with_value(body, "x", "customer", "shoe_size")
    body["order"] = {**body["order"], "items": [{**body["order"]["items"][0], "weight": 3}]}
    receipt = (await door.post("orders", body)).json()
    assert receipt["warnings"] == [
        "colour: unknown field, ignored",
        "customer.shoe_size: unknown field, ignored",
        "order.items[0].weight: unknown field, ignored",
    ]


async def test_a_bad_phone_number_is_left_out_with_a_reason_and_the_rest_is_accepted(door: Door) -> None:
    receipt = (await door.post("registrations", with_value(EXAMPLES["registration"], "12 34", "customer", "phone"))).json()
    assert receipt["result"] == "accepted"
    (warning,) = receipt["warnings"]
    assert warning.startswith("customer.phone: left out")
    assert "12 34" not in warning


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("2026-11-23T10:15:00", ["order", "placed_at"]),
        ("Jan\x00", ["customer", "first_name"]),
        ("", ["customer", "gender"]),
        ([{"product_id": "1,2", "name": "x"}], ["order", "items"]),
        ([{"product_id": "1", "name": "x", "quantity": 0}], ["order", "items"]),
    ],
)
async def test_r10_an_odd_optional_value_is_left_out_or_mended_and_the_event_is_stored(
    door: Door, value: Any, path: list[str]
) -> None:
    answer = await door.post("orders", with_value(EXAMPLES["order"], value, *path))
    assert answer.status_code == 202, answer.text
    assert any(warning.startswith(".".join(path)) for warning in answer.json()["warnings"])


async def test_a_local_part_that_salesmanago_would_refuse_is_refused_here(door: Door) -> None:
    body = with_value(EXAMPLES["order"], f"{'x' * 65}@example.com", "customer", "email")
    (error,) = assert_problem(await door.post("orders", body), 422)["errors"]
    assert "64 characters before the @" in error["message"]


async def test_menu_paths_come_as_text_or_as_lists(door: Door) -> None:
    both = [["Obuwie", "Męskie"], "Wyprzedaże / Wiosna 2015"]
    body = with_value(EXAMPLES["order"], [{"product_id": 101, "name": "Buty", "menu_paths": both}], "order", "items")
    assert (await door.post("orders", body)).status_code == 202


@pytest.mark.parametrize("edit", [{}, {"tags": ["a"], "added": ["b"]}, {"added": ["a"], "email": None}])
async def test_a_tag_edit_says_whose_tags_and_either_changes_or_the_full_set(door: Door, edit: dict[str, Any]) -> None:
    body = {"event_id": "t", "occurred_at": "2026-11-23T10:00:00Z", "email": "a@example.com", **edit}
    assert_problem(await door.post("tag-edits", body), 422)
    right = {"event_id": "t", "occurred_at": "2026-11-23T10:00:00Z", "email": "a@example.com", "tags": []}
    assert (await door.post("tag-edits", right)).status_code == 202


@pytest.mark.parametrize(
    "spelled",
    [
        {"value": 214.98},
        {"value": "214.980"},
        {"colour": "red"},
        {"placed_at": "2026-11-23T09:15:00Z"},
    ],
)
async def test_another_spelling_of_the_same_content_is_no_other_content(door: Door, spelled: dict[str, Any]) -> None:
    await door.post("orders", EXAMPLES["order"])
    again = {**EXAMPLES["order"], "order": {**EXAMPLES["order"]["order"], **spelled}}
    assert (await door.post("orders", again)).json()["result"] == "duplicate"


async def test_tags_with_spaces_around_them_are_the_same_content(door: Door) -> None:
    body = {"event_id": "t", "occurred_at": "2026-11-23T10:00:00Z", "email": "a@example.com", "added": ["vip", "Żółty"]}
    await door.post("tag-edits", body)
    assert (await door.post("tag-edits", {**body, "added": [" vip", "Żółty\n"]})).json()["result"] == "duplicate"


async def test_names_that_somebody_else_chose_are_repeated_short_and_harmless(door: Door) -> None:
    body = {**EXAMPLES["order"], "x" * 5000: 1, "jan@kowalski.example.com": 1, "a\u0000b": 1}
    warnings = (await door.post("orders", body)).json()["warnings"]
    assert sorted(warnings) == sorted(
        ["(an address): unknown field, ignored", "a?b: unknown field, ignored", "x" * 64 + "…: unknown field, ignored"]
    )


async def test_the_quoted_form_of_the_idempotency_key_is_the_same_id(door: Door) -> None:
    body = without(EXAMPLES["order"], "event_id")
    await door.post("orders", body, **{"Idempotency-Key": "k1"})
    assert (await door.post("orders", body, **{"Idempotency-Key": '"k1"'})).json()["result"] == "duplicate"
