"""The door to comparisons: who may ask, what is refused and why, and how a report looks (R26, A8, R71)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.delivery.answers import Answer, Call, LookupResult
from app.domain.delivery.outcomes import Delivered
from app.domain.event_parts import Customer
from app.domain.runs.backfill import ListedAccount, Listing
from app.domain.runs.reconciliation import WORDS, Cause
from app.domain.shops.configuration import OPERATOR_ROLE
from tests.conftest import NOON
from tests.support.gateways import Door, open_door, shop_entry
from tests.support.problems import assert_problem

FIELDS = {"id", "shop", "mode", "causes", "phase", "checked", "busy", "differences", "trouble", "started_at", "finished_at"}
CALL = Call("x", NOON, 1, "delivered", "", 1)


class Panel:
    """A panel with one account nobody told the gateway of."""

    async def is_overloaded(self) -> bool:
        return False

    async def accounts(self, page: int, changed_since: object = None) -> Listing:
        row = ListedAccount(id=41, customer=Customer(email="ola@example.pl", id="41"), active_in=frozenset({2}), content="a")
        return Listing(Answer(Delivered(), CALL), (row,), 1, 1)


class Nobody:
    """A SALESmanago without contacts."""

    async def look_up(self, emails: object) -> LookupResult:
        return LookupResult({}, Answer(Delivered(), CALL))


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    (tmp_path / "panel-key").write_text("panel-key-4711")
    panel = {"kind": "idosell", "base_url": "http://127.0.0.1:9", "api_key": f"file:{tmp_path / 'panel-key'}"}
    shops = {
        "shop1": shop_entry("sklep.example.com", 1, "order_consent"),
        "shop2": shop_entry("hurt.example.com", 2, "all_customers", panel=panel),
    }
    async with open_door(tmp_path, shops) as opened:
        comparing = opened.gateway.reconciliations
        comparing.steps._sides = lambda shop_id: Panel()  # type: ignore[assignment,return-value]
        comparing.steps._upstream = lambda account_id: Nobody()  # type: ignore[assignment,return-value]
        yield opened


async def begun(door: Door, mode: str = "preview", shop: str = "shop2") -> dict[str, Any]:
    answer = await door.post("reconciliations", {"mode": mode}, shop=shop)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def test_a_comparison_begins_with_contacts_and_has_every_field(door: Door) -> None:
    shown = await begun(door)
    assert shown.keys() == FIELDS
    assert (shown["shop"], shown["mode"], shown["phase"], shown["differences"], shown["trouble"]) == (
        "shop2",
        "preview",
        "contacts",
        [],
        "",
    )
    assert shown["started_at"].endswith(("Z", "+00:00"))
    assert (await door.get(f"reconciliations/{shown['id']}", shop="shop2")).json() == shown
    assert (await door.get("reconciliations", shop="shop2")).json() == {"reconciliations": [shown]}


async def test_its_report_names_each_cause_with_words_in_both_languages_and_samples(door: Door) -> None:
    number = (await begun(door))["id"]
    for _ in range(3):
        await door.gateway.reconciliations.step_due()
    report = (await door.get(f"reconciliations/{number}", shop="shop2")).json()
    assert (report["phase"], report["checked"]) == ("finished", 1)
    assert report["finished_at"] is not None
    (found,) = report["differences"]
    assert found == {
        "cause": "account_unknown",
        "number": 1,
        "samples": ["account 41"],
        **vars(WORDS[Cause.ACCOUNT_UNKNOWN]),
    }
    assert (await door.get("reconciliations", shop="shop2")).json()["reconciliations"] == [report]


async def test_r26_a_repair_is_narrowed_to_causes_and_a_preview_takes_none(door: Door) -> None:
    body = {"mode": "repair", "causes": ["points_differ", "points_differ"]}
    made = await door.post("reconciliations", body, shop="shop2")
    assert (made.status_code, made.json()["causes"]) == (201, ["points_differ"])
    for _ in range(3):
        await door.gateway.reconciliations.step_due()
    assert await door.gateway.trace.of_person("shop2", "ola@example.pl") == []  # found, and left as it was
    refused = await door.post("reconciliations", {"mode": "preview", "causes": ["points_differ"]}, shop="shop2")
    assert "Causes are chosen for a repair" in assert_problem(refused, 409)["detail"]
    problem = assert_problem(await door.post("reconciliations", {"mode": "repair", "causes": ["all"]}, shop="shop2"), 422)
    (mistake,) = problem["errors"]
    assert mistake["field"].startswith("causes")


async def test_a_second_one_is_refused_while_one_is_under_way(door: Door) -> None:
    await begun(door)
    assert "under way" in assert_problem(await door.post("reconciliations", {"mode": "repair"}, shop="shop2"), 409)["detail"]
    await begun(door, shop="shop1")


@pytest.mark.parametrize("mode", ["run", "", None, 7, ["repair"], "REPAIR"])
async def test_a_mode_that_is_none_is_a_problem_and_nothing_begins(door: Door, mode: object) -> None:
    problem = assert_problem(await door.post("reconciliations", {"mode": mode}, shop="shop2"), 422)
    (mistake,) = problem["errors"]
    assert (mistake["field"], mistake["example"]) == ("mode", "preview")
    assert (await door.get("reconciliations", shop="shop2")).json() == {"reconciliations": []}


@pytest.mark.parametrize(("body", "field"), [({}, "mode"), ({"mode": "preview", "since": 1}, "since")])
async def test_what_is_missing_or_unknown_is_named(door: Door, body: dict[str, Any], field: str) -> None:
    problem = assert_problem(await door.post("reconciliations", body, shop="shop2"), 422)
    assert [one["field"] for one in problem["errors"]] == [field]


async def test_another_shops_comparisons_are_not_there(door: Door) -> None:
    number = (await begun(door))["id"]
    theirs = door.auth("shop1")
    for path in ("reconciliations", f"reconciliations/{number}"):
        assert_problem(await door.http.get(f"/v1/shops/shop2/{path}", headers=theirs), 404)
    assert_problem(await door.http.post("/v1/shops/shop2/reconciliations", json={"mode": "repair"}, headers=theirs), 404)
    assert_problem(await door.get(f"reconciliations/{number}", shop="shop1"), 404)
    assert (await door.get("reconciliations", shop="shop1")).json() == {"reconciliations": []}


@pytest.mark.parametrize("number", ["0", "-1", "x", str(2**53 + 1), str(10**30)])
async def test_a_number_that_is_none_is_a_problem(door: Door, number: str) -> None:
    assert_problem(await door.get(f"reconciliations/{number}", shop="shop2"), 422)


async def test_without_a_key_nobody_compares_and_an_operator_may(door: Door) -> None:
    assert_problem(await door.http.get("/v1/shops/shop2/reconciliations"), 401)
    assert_problem(await door.http.post("/v1/shops/shop2/reconciliations", json={"mode": "preview"}), 401)
    auth = {"Authorization": f"Bearer {await door.gateway.directory.issue_key(None, OPERATOR_ROLE)}"}
    made = await door.http.post("/v1/shops/shop2/reconciliations", json={"mode": "preview"}, headers=auth)
    assert made.status_code == 201
    shown = await door.http.get(f"/v1/shops/shop2/reconciliations/{made.json()['id']}", headers=auth)
    assert shown.json() == made.json()
    assert_problem(await door.http.get("/v1/shops/no-such/reconciliations", headers=auth), 404)


async def test_the_newest_is_listed_first(door: Door) -> None:
    numbers = []
    for _ in range(3):
        numbers.append((await begun(door))["id"])
        for _ in range(3):
            await door.gateway.reconciliations.step_due()
    assert [one["id"] for one in (await door.get("reconciliations", shop="shop2")).json()["reconciliations"]] == numbers[::-1]
