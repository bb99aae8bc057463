"""The door to the first transfer: who may ask for it, what is refused and why, and how a report looks (R60-R64, R71)."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.console.refusals import in_polish
from app.domain.delivery.answers import Answer, Call
from app.domain.delivery.outcomes import Delivered
from app.domain.event_parts import Customer
from app.domain.runs.backfill import ListedAccount, Listing
from app.domain.shops.configuration import OPERATOR_ROLE, READER_ROLE
from tests.conftest import NOON
from tests.support.gateways import Door, open_door, shop_entry
from tests.support.problems import assert_problem

ACTIONS = ("pause", "resume", "approve", "cancel")


class Listed:
    """A panel with three accounts: one of shop 2, one of another shop, one of a guest."""

    rows = (
        ListedAccount(
            id=1, customer=Customer(email="jan@example.pl", id="1", first_name="Jan"), active_in=frozenset({2}), content="a"
        ),
        ListedAccount(id=2, customer=Customer(email="ewa@example.pl", id="2"), active_in=frozenset({9}), content="b"),
        ListedAccount(
            id=3, customer=Customer(email="gosc@example.pl", id="3"), is_guest=True, active_in=frozenset({2}), content="c"
        ),
    )

    async def is_overloaded(self) -> bool:
        return False

    async def accounts(self, page: int, changed_since: object = None) -> Listing:
        return Listing(Answer(Delivered(), Call("clients/clients", NOON, 1, "delivered", "", 1)), self.rows, 3, 1)


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    """shop1 sends only who consented; shop2 and shop3 send everybody, and have a panel."""
    (tmp_path / "panel-key").write_text("panel-key-4711")
    (tmp_path / "woo-secret").write_text("a-secret-of-twenty-signs")
    panel = {"kind": "idosell", "base_url": "http://127.0.0.1:9", "api_key": f"file:{tmp_path / 'panel-key'}"}
    woocommerce = {"kind": "woocommerce", "secrets": [f"file:{tmp_path / 'woo-secret'}"]}
    shops = {
        "shop1": shop_entry("sklep.example.com", 1, "order_consent", panel=panel),
        "shop2": shop_entry("hurt.example.com", 2, "all_customers", panel=panel),
        "shop3": shop_entry("outlet.example.com", 3, "all_customers", panel=panel, backfill={"start": "approved"}),
        "shop4": shop_entry("mini.example.com", 4, "all_customers"),
        "shop5": shop_entry("woo.example.com", 5, "all_customers", source=woocommerce),
    }
    async with open_door(tmp_path, shops) as opened:
        side = Listed()
        opened.gateway.backfills.steps._sides = lambda shop_id: side  # type: ignore[assignment]
        yield opened


async def begun(door: Door, mode: str = "run", shop: str = "shop2") -> dict[str, Any]:
    answer = await door.post("backfills", {"mode": mode}, shop=shop)
    assert answer.status_code == 201, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def acted(door: Door, number: int, action: str, shop: str = "shop2") -> httpx.Response:
    return await door.http.post(f"/v1/shops/{shop}/backfills/{number}/{action}", headers=door.auth(shop))


# -- starting ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["run", "dry_run"])
async def test_under_order_consent_there_is_no_backfill_and_the_refusal_says_why(door: Door, mode: str) -> None:
    problem = assert_problem(await door.post("backfills", {"mode": mode}), 409)
    assert "order_consent" in problem["detail"]
    assert "next order" in problem["detail"]
    assert (await door.get("backfills")).json() == {"backfills": []}


async def test_without_a_panel_that_lists_accounts_the_refusal_says_what_to_do_instead(door: Door) -> None:
    problem = assert_problem(await door.post("backfills", {"mode": "run"}, shop="shop4"), 409)
    assert "as events instead" in problem["detail"]
    assert in_polish(problem["detail"]).endswith('albo ustaw `panel` sklepu na kind = "idosell".')


async def test_r60_a_shop_on_another_platform_is_not_sent_to_idosell_for_its_accounts(door: Door) -> None:
    problem = assert_problem(await door.post("backfills", {"mode": "run"}, shop="shop5"), 409)
    assert problem["detail"] == "The accounts of a shop on WooCommerce cannot be listed. Post them as events instead."
    polish = "Ze sklepu na platformie WooCommerce nie można pobrać listy kont. Prześlij konta jako zdarzenia."
    assert in_polish(problem["detail"]) == polish


async def test_a_second_backfill_is_refused_while_one_is_under_way(door: Door) -> None:
    await begun(door)
    assert "under way" in assert_problem(await door.post("backfills", {"mode": "dry_run"}, shop="shop2"), 409)["detail"]


@pytest.mark.parametrize("mode", ["rehearsal", "", None, 7, ["run"], "RUN"])
async def test_a_mode_that_is_none_is_a_problem_with_a_right_one_for_an_example(door: Door, mode: object) -> None:
    problem = assert_problem(await door.post("backfills", {"mode": mode}, shop="shop2"), 422)
    (mistake,) = problem["errors"]
    assert (mistake["field"], mistake["example"]) == ("mode", "dry_run")
    assert (await door.get("backfills", shop="shop2")).json() == {"backfills": []}


@pytest.mark.parametrize(("body", "field"), [({}, "mode"), ({"mode": "run", "speed": 9}, "speed")])
async def test_what_is_missing_or_unknown_is_named(door: Door, body: dict[str, Any], field: str) -> None:
    problem = assert_problem(await door.post("backfills", body, shop="shop2"), 422)
    assert [one["field"] for one in problem["errors"]] == [field]


# -- whose it is ---------------------------------------------------------------------------------------------------------


async def test_another_shops_backfills_are_not_there(door: Door) -> None:
    number = (await begun(door))["id"]
    theirs = door.auth("shop3")
    for path in ("backfills", f"backfills/{number}"):
        assert_problem(await door.http.get(f"/v1/shops/shop2/{path}", headers=theirs), 404)
    assert_problem(await door.http.post("/v1/shops/shop2/backfills", json={"mode": "run"}, headers=theirs), 404)
    for action in ACTIONS:
        assert_problem(await door.http.post(f"/v1/shops/shop2/backfills/{number}/{action}", headers=theirs), 404)


async def test_another_shops_number_under_ones_own_name_is_not_there_either(door: Door) -> None:
    number = (await begun(door))["id"]
    theirs = assert_problem(await door.get(f"backfills/{number}", shop="shop3"), 404)
    nobodys = assert_problem(await door.get("backfills/999", shop="shop3"), 404)
    assert theirs == nobodys
    for action in ACTIONS:
        assert_problem(await acted(door, number, action, shop="shop3"), 404)
    assert (await door.get("backfills", shop="shop3")).json() == {"backfills": []}
    assert (await door.get(f"backfills/{number}", shop="shop2")).json()["state"] == "canary"


@pytest.mark.parametrize("number", ["0", "-1", "x", str(2**53 + 1), str(10**30)])
async def test_a_number_that_is_none_is_a_problem(door: Door, number: str) -> None:
    for answer in (
        await door.get(f"backfills/{number}", shop="shop2"),
        await door.post(f"backfills/{number}/pause", {}, shop="shop2"),
    ):
        assert_problem(answer, 422)


async def test_without_a_key_nobody_sees_or_starts_anything(door: Door) -> None:
    assert_problem(await door.http.get("/v1/shops/shop2/backfills"), 401)
    assert_problem(await door.http.post("/v1/shops/shop2/backfills", json={"mode": "run"}), 401)


async def test_an_operators_key_starts_watches_and_holds_the_backfill_of_every_shop(door: Door) -> None:
    auth = {"Authorization": f"Bearer {await door.gateway.directory.issue_key(None, OPERATOR_ROLE)}"}
    made = await door.http.post("/v1/shops/shop2/backfills", json={"mode": "run"}, headers=auth)
    assert made.status_code == 201
    one = f"/v1/shops/shop2/backfills/{made.json()['id']}"
    assert (await door.http.get(one, headers=auth)).json()["state"] == "canary"
    assert [shown["id"] for shown in (await door.http.get("/v1/shops/shop2/backfills", headers=auth)).json()["backfills"]] == [
        made.json()["id"]
    ]
    states = [(await door.http.post(f"{one}/{action}", headers=auth)).json()["state"] for action in ("pause", "resume", "cancel")]
    assert states == ["paused", "canary", "cancelling"]
    assert_problem(await door.http.get("/v1/shops/no-such/backfills", headers=auth), 404)


# -- how it looks --------------------------------------------------------------------------------------------------------

FIELDS = {
    "id",
    "shop",
    "mode",
    "state",
    "paused_because",
    "trouble",
    "total",
    "found",
    "sent",
    "withheld",
    "failed",
    "waiting",
    "explained",
    "eta",
    "started_at",
    "finished_at",
    "preview",
    "samples",
}


async def test_a_backfill_begins_with_its_canary_and_has_every_field(door: Door) -> None:
    shown = await begun(door)
    assert shown.keys() == FIELDS
    counts = {name: shown[name] for name in ("found", "sent", "withheld", "failed", "waiting", "total")}
    assert counts == {"found": 0, "sent": 0, "withheld": {}, "failed": 0, "waiting": 0, "total": 0}
    assert (shown["shop"], shown["mode"], shown["state"], shown["paused_because"]) == ("shop2", "run", "canary", None)
    assert (shown["eta"], shown["finished_at"], shown["preview"], shown["samples"], shown["trouble"]) == (None, None, None, {}, "")
    assert shown["started_at"].endswith(("Z", "+00:00"))
    assert (await door.get(f"backfills/{shown['id']}", shop="shop2")).json() == shown
    assert (await door.get("backfills", shop="shop2")).json() == {"backfills": [shown]}


async def test_the_report_of_a_dry_run_adds_up_and_explains_what_stays(door: Door) -> None:
    number = (await begun(door, "dry_run"))["id"]
    await door.gateway.backfills.step_due()
    report = (await door.get(f"backfills/{number}", shop="shop2")).json()
    assert (report["state"], report["found"], report["total"], report["sent"]) == ("counted", 3, 3, 1)
    assert report["withheld"] == {"account_elsewhere": 1, "no_account": 1}
    assert report["found"] == report["sent"] + sum(report["withheld"].values()) + report["failed"]
    assert report["waiting"] == 0
    assert report["finished_at"] is not None
    for code in report["withheld"]:
        assert report["explained"][code]["code"] == code
        assert all(report["explained"][code][words] for words in ("why", "what_to_do", "why_pl", "what_to_do_pl"))
    assert {end: [sample["account_id"] for sample in some] for end, some in report["samples"].items()} == {
        "would_send": [1],
        "account_elsewhere": [2],
        "no_account": [3],
    }
    assert report["samples"]["would_send"][0].keys() == {"account_id", "fields", "tags", "opt_ins"}
    for word in ("@", "Jan"):
        assert word not in (await door.get(f"backfills/{number}", shop="shop2")).text


async def test_what_waits_for_approval_shows_its_preview_and_begins_when_approved(door: Door) -> None:
    door.gateway.backfills.steps._sides("shop3").rows = tuple(  # type: ignore[attr-defined]
        ListedAccount(id=one, customer=Customer(email=f"p{one}@example.pl", id=str(one)), active_in=frozenset({3}), content="x")
        for one in (1, 2, 3)
    )
    await door.gateway.backfills.start_automatic()
    await door.gateway.backfills.step_due()
    (waits,) = (await door.get("backfills", shop="shop3")).json()["backfills"]
    assert (waits["state"], waits["preview"]["sent"], waits["eta"]) == ("awaiting_approval", 3, None)
    approved = (await acted(door, waits["id"], "approve", shop="shop3")).json()
    assert (approved["state"], approved["sent"], approved["found"], approved["preview"]) == ("canary", 0, 0, waits["preview"])
    assert_problem(await acted(door, waits["id"], "approve", shop="shop3"), 409)


async def test_pause_resume_and_cancel_answer_with_how_it_stands(door: Door) -> None:
    number = (await begun(door))["id"]
    paused = (await acted(door, number, "pause")).json()
    assert (paused["state"], paused["paused_because"]) == ("paused", "by_a_person")
    assert "paused" in assert_problem(await acted(door, number, "pause"), 409)["detail"]
    resumed = (await acted(door, number, "resume")).json()
    assert (resumed["state"], resumed["paused_because"]) == ("canary", None)
    assert_problem(await acted(door, number, "resume"), 409)
    assert_problem(await acted(door, number, "approve"), 409)
    assert (await acted(door, number, "cancel")).json()["state"] == "cancelling"
    await door.gateway.backfills.step_due()
    over = (await door.get(f"backfills/{number}", shop="shop2")).json()
    assert (over["state"], over["found"]) == ("cancelled", 0)
    assert "over" in assert_problem(await acted(door, number, "cancel"), 409)["detail"]


async def test_the_newest_backfill_is_listed_first(door: Door) -> None:
    numbers = []
    for _ in range(3):
        numbers.append((await begun(door, "dry_run"))["id"])
        await door.gateway.backfills.step_due()
    listed = (await door.get("backfills", shop="shop2")).json()["backfills"]
    assert [one["id"] for one in listed] == numbers[::-1]


async def test_r95_a_key_that_only_reads_is_refused_an_action_with_403_and_changes_nothing(door: Door) -> None:
    key = await door.gateway.directory.issue_key(None, READER_ROLE)
    answer = await door.http.post("/v1/shops/shop2/backfills", json={"mode": "dry_run"}, headers={"Authorization": f"Bearer {key}"})
    problem = assert_problem(answer, 403)
    assert (problem["type"], "may only read" in problem["detail"]) == ("/problems/not-allowed", True)
    assert (await door.get("backfills", shop="shop2")).json() == {"backfills": []}
