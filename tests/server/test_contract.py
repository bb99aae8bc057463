"""The contract as somebody reads it who has nothing else: every field, every address, every answer is said and shown."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.domain.decisions.carts import cart_of
from app.routers.edge.problem_examples import EXAMPLES as PROBLEMS
from app.routers.edge.problem_pages import PAGES
from app.routers.events.endpoints import EVENTS
from app.server.application import openapi
from app.server.contract import TAGS
from tests.support.builders import cart_changed
from tests.support.gateways import Door, open_door, shop_entry

Json = dict[str, Any]

DOCUMENT: Json = openapi()
SCHEMAS: Json = DOCUMENT["components"]["schemas"]
OPERATIONS: list[tuple[str, str, Json]] = [
    (method, path, operation) for path, found in DOCUMENT["paths"].items() for method, operation in found.items()
]
IDS = [operation["operationId"] for _, _, operation in OPERATIONS]

STABLE = """
    access_page_of access_report access_requested account_called_back account_called_back_by_post account_changed alive
    all_requests approve_backfill audit_log backfill cancel_backfill cart_changed conflicts_seen customer_registered erase_person
    erasure_requested event_trace events_batch export_consents hand_work hand_work_done import_subscribers list_backfills
    list_conflicts list_pushes list_reconciliations look_at_connection lookup metrics neighbours one_request order_cancelled
    order_placed order_returned parked pause_backfill product_viewed pushed read_push ready recent_requests reconciliation
    recovered_cart replay resume_backfill shop_called_back shop_called_back_by_post shop_states staff_access_page
    staff_access_report start_backfill start_reconciliation subscribed tags_edited transfer_consent_changed translate_again
    unsubscribed
"""
"""Generated clients name their functions after these: a change breaks their callers and belongs into the changelog."""


def test_the_names_of_operations_are_those_that_generated_clients_know() -> None:
    assert sorted(IDS) == STABLE.split()


# -- said ----------------------------------------------------------------------------------------------------------------


def test_no_field_is_without_a_description_and_an_example() -> None:
    bare = [f"{name}: no description" for name, schema in SCHEMAS.items() if not schema.get("description")]
    for name, schema in SCHEMAS.items():
        for field, said in schema.get("properties", {}).items():
            bare += [f"{name}.{field}: no description"] * (not said.get("description"))
            bare += [f"{name}.{field}: no example"] * (not said.get("examples") and not _is_made_of_others(said))
    assert bare == []


def _is_made_of_others(said: Json) -> bool:
    """Then its parts have examples."""
    return "#/components/schemas/" in str(said)


def test_no_parameter_is_without_a_description_and_an_example() -> None:
    bare = {
        f"{method} {path}: {one['name']}"
        for method, path, operation in OPERATIONS
        for one in operation.get("parameters", [])
        if not one.get("description") or not one["schema"].get("examples")
    }
    assert bare == set()


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS, ids=IDS)
def test_an_operation_says_what_it_is_for_whom_and_with_which_key_and_shows_its_answers(
    method: str, path: str, operation: Json
) -> None:
    assert operation["summary"][0].isupper()
    assert operation["summary"].lower().replace(" ", "_") != operation["operationId"]
    assert len(operation["description"]) > 15
    assert set(operation["tags"]) <= TAGS.keys()
    assert isinstance(operation["security"], list)
    answers = {status: _resolved(answer) for status, answer in operation["responses"].items()}
    assert min(answers) < "300" <= max(answers)
    for status, answer in answers.items():
        assert answer["description"] not in ("", "Successful Response"), status
        for content in answer.get("content", {}).values():
            assert "example" in content or "examples" in content or content["schema"].get("examples"), status
    for content in operation.get("requestBody", {}).get("content", {}).values():
        assert "example" in content or "examples" in content


def _resolved(answer: Json) -> Json:
    pointer = answer.get("$ref")
    return DOCUMENT["components"]["responses"][pointer.rpartition("/")[2]] if pointer else answer


def test_a_shops_developer_finds_the_addresses_of_events_first() -> None:
    assert [tag["name"] for tag in DOCUMENT["tags"]] == list(TAGS)
    assert all(tag["description"] for tag in DOCUMENT["tags"])
    number = len(EVENTS) + 1  # one for each kind, and the batch
    ours = [operation["tags"] == ["Shop: events"] for _, _, operation in OPERATIONS]
    assert ours == [True] * number + [False] * (len(OPERATIONS) - number)
    grouped = [name for group in DOCUMENT["x-tagGroups"] for name in group["tags"]]
    assert grouped == list(TAGS)


def test_nothing_tells_how_the_code_is_arranged() -> None:
    named = [*IDS, *SCHEMAS, *DOCUMENT["components"]["responses"]]
    assert [name for name in named if "__" in name or "." in name or name.endswith(("In", "Out"))] == []
    said = {words for _, words in _strings(DOCUMENT)}
    assert {words for words in said if re.search(r"\bapp[./](?:routers|domain|server)|\.py\b|<class", words)} == set()


def test_an_item_of_a_batch_is_known_by_its_type() -> None:
    items = DOCUMENT["paths"]["/v1/shops/{shop}/events"]["post"]["requestBody"]["content"]["application/json"]["schema"]["items"]
    mapping = items["discriminator"]["mapping"]
    assert sorted(one["$ref"] for one in items["oneOf"]) == sorted(mapping.values())
    for kind, pointer in mapping.items():
        schema = SCHEMAS[pointer.rpartition("/")[2]]
        assert schema["properties"]["type"]["const"] == kind
        assert "type" in schema["required"]


# -- shown ---------------------------------------------------------------------------------------------------------------


def examples() -> Iterator[tuple[str, Json, Any]]:
    """(where, schema, example) of every body that is shown."""
    for operation in (*(one for _, _, one in OPERATIONS), *(one["post"] for one in DOCUMENT["webhooks"].values())):
        bodies = [("asked", operation.get("requestBody", {}))]
        bodies += [(status, _resolved(answer)) for status, answer in operation["responses"].items()]
        for name, body in bodies:
            for kind, content in body.get("content", {}).items():
                shown = [one["value"] for one in content.get("examples", {}).values()]
                shown += [content["example"]] if "example" in content else []
                if "json" in kind and "ndjson" not in kind:
                    yield from ((f"{operation['operationId']} {name}", content["schema"], one) for one in shown)


def test_every_example_of_a_body_fits_its_schema() -> None:
    shown = list(examples())
    wrong = [f"{where}: {error.message}" for where, schema, example in shown for error in _errors(schema, example)]
    assert wrong == []
    assert len(shown) > 100


def test_every_example_of_a_field_fits_its_schema() -> None:
    wrong = [
        f"{name}.{field}: {error.message}"
        for name, schema in SCHEMAS.items()
        for field, said in schema.get("properties", {}).items()
        for example in said.get("examples", [])
        for error in _errors(said, example)
    ]
    assert wrong == []


def _errors(schema: Json, example: Any) -> Iterator[Any]:
    return Draft202012Validator({**schema, "components": DOCUMENT["components"]}).iter_errors(example)


def _strings(part: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(part, dict):
        for name, inner in part.items():
            yield from _strings(inner, f"{path}.{name}")
    elif isinstance(part, list):
        for inner in part:
            yield from _strings(inner, path)
    elif isinstance(part, str):
        yield path, part


# -- true ----------------------------------------------------------------------------------------------------------------


def filled(path: str, **more: str) -> str:
    """The path with its parameters as the contract shows them."""
    for name, value in {"shop": "shop1", "number": "1", "event_id": "e1", "push_id": "17", **more}.items():
        path = path.replace(f"{{{name}}}", value)
    return path


@pytest.fixture
async def complete(tmp_path: Path) -> AsyncIterator[Door]:
    """A gateway whose shop has everything an example may ask for: a panel, all of its customers, and links to its carts."""
    (tmp_path / "panel-key").write_text("panel-key-4711")
    panel = {"kind": "idosell", "base_url": "http://127.0.0.1:9", "api_key": f"file:{tmp_path / 'panel-key'}"}
    carts = "https://sklep.example.com/basket/{token}"
    async with open_door(
        tmp_path, {"shop1": shop_entry("sklep.example.com", 1, "all_customers", panel=panel, cart_url=carts)}
    ) as opened:
        yield opened


async def test_every_example_of_a_request_is_taken(complete: Door) -> None:
    door, refused = complete, []
    operator = await door.operator()
    for method, path, operation in OPERATIONS:
        good = set(operation["responses"]) & {"200", "201", "202"}
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            for shown in [one["value"] for one in content.get("examples", {}).values()] or [content["example"]]:
                # Only this gateway makes a token that it knows.
                example = {**shown, "token": token_of_a_cart(door)} if "token" in shown else shown
                sent = {"json": example} if kind == "application/json" else {"content": example.encode()}
                headers = (operator if "operations" in path else door.auth("shop1")) | {"Content-Type": kind}
                answer = await door.http.request(method, filled(path), **sent, headers=headers)
                if str(answer.status_code) not in good:
                    refused.append((path, answer.text))
    assert refused == []


def token_of_a_cart(door: Door) -> str:
    shop = door.gateway.directory.shop("shop1")
    assert shop is not None
    link = door.gateway.recovery.link(shop, cart_of(cart_changed()))
    assert link is not None
    return link.rpartition("/")[2]


async def test_the_keys_that_an_address_takes_are_those_that_are_said(tmp_path: Path) -> None:
    async with open_door(tmp_path, refusals_per_minute=100_000) as door:
        await _asked_with_every_key(door)


async def _asked_with_every_key(door: Door) -> None:
    operator = await door.operator()
    for method, path, operation in OPERATIONS:
        if "/callbacks/" in path or "/sources/" in path:
            continue  # these are opened by secrets of their own
        taken = {name for one in operation["security"] for name in one or {"": []}}
        keys = {"": {}, "shop-key": door.auth("shop1"), "operator-key": operator}
        for name, headers in keys.items():
            answer = await door.http.request(method, filled(path), headers=headers)
            refused = answer.status_code == 401 or (answer.status_code == 404 and answer.json()["detail"] in NOT_THEIRS)
            said = operation["security"] != [] and "" not in taken and name not in taken
            assert refused is said, (method, path, name, answer.text)


NOT_THEIRS = ("There is no such shop here.", "There is no such operation for a shop's key here.")


def test_every_kind_of_problem_that_is_shown_has_its_page_under_the_same_status() -> None:
    for document in PROBLEMS:
        kind = document["type"].removeprefix("/problems/")
        assert str(document["status"]) in PAGES[kind][0]


async def test_problems_are_answered_as_they_are_shown(door: Door) -> None:
    shown = {(one["status"], one["type"]): one for one in PROBLEMS}
    order = {"event_id": "e1", "occurred_at": "2026-11-23T10:15:00+01:00", "email": "jan.kowalski@example.com"}
    await door.post("erasures", order)
    auth = door.auth("shop1")
    shop = "/v1/shops/shop1"
    answers = [
        await door.post("erasures", {**order, "email": "ewa.nowak@example.com"}),
        await door.post("erasures", {**order, "event_id": "e2", "occurred_at": "2026-11-23T10:15:00"}),
        await door.post("events", [{**order, "type": "registration"}]),
        await door.http.post(f"{shop}/lookups", content=b"{", headers=auth | {"Content-Type": "text/plain"}),
        await door.http.post(f"{shop}/erasures", content=b"x" * 1_100_000, headers=auth),
        await door.http.post(f"{shop}/erasures", content=b"x", headers=auth | {"Content-Encoding": "gzip"}),
        await door.http.get(f"{shop}/requests?after={'1' * 9000}", headers=auth),
        await door.http.get(f"{shop}/requests", headers={"Authorization": "Bearer nobody"}),
        await door.http.get("/v1/shops/another/requests", headers=auth),
        await door.http.get("/callbacks/shops/shop1/opt-out?key=x"),
        await door.http.get("/callbacks/shops/shop1/opt-out?key=x&email=a@example.com"),
        await door.http.get("/callbacks/shops/shop1/opt-out?key=%00"),
    ]
    for answer in answers:
        said = answer.json()
        example = shown.pop((said["status"], said["type"]))
        assert (said["title"], said.keys()) == (example["title"], example.keys())
        assert [one.keys() for one in said["errors"]][:1] == [one.keys() for one in example["errors"]][:1]
    never_heard_here = {"too-slow", "too-many-requests", "not-ready", "not-allowed", "not-possible"}
    assert {kind.removeprefix("/problems/") for _, kind in shown} - {"not-json"} == never_heard_here
