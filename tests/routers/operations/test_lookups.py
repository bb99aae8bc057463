"""Look-ups, health, and the safety of every answer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import get_args

import pytest

from app.domain.errors import NotReady
from app.domain.intake.gateway_events import GatewayEventType
from app.domain.intake.inbox import EventState
from app.domain.person.consent_ledger import ActKind
from app.routers.events.examples import EXAMPLES
from app.routers.operations import access_pages
from app.services.intake import Intake
from tests.support.gateways import Door
from tests.support.problems import assert_problem


async def test_an_events_trace_tells_the_decision_the_rule_and_what_to_do_in_both_languages(door: Door) -> None:
    await door.post("subscriptions", EXAMPLES["subscription"])
    await door.plan()
    event = (await door.get("events/newsletter-882")).json()
    assert event["state"] == "withheld"
    assert event["reason"]["code"] == "no_consent"
    assert event["reason"]["rule"] == "R03"
    assert "consented while placing an order" in event["reason"]["why"]
    assert "zgod" in event["reason"]["why_pl"]


async def test_a_planned_order_shows_its_commands_without_personal_values(door: Door) -> None:
    await door.post("orders", EXAMPLES["order"])
    await door.plan()
    event = (await door.get("events/order-5501-placed")).json()
    assert event["state"] == "planned"
    upsert, purchase = event["commands"]
    assert upsert["summary"]["add_tags"][:5] == ["Obuwie", "Męskie", "Sportowe", "Wyprzedaże", "Wiosna 2015"]
    assert "phone" in upsert["summary"]["fields"]
    assert purchase["summary"] == {
        "kind": "PURCHASE",
        "external_id": "5501",
        "products": ["101"],
        "value": "214.98",
        "currency": "PLN",
    }
    assert "Kowalski" not in str(event)


async def test_a_persons_time_line_is_found_by_address_and_by_order(door: Door) -> None:
    for kind, path in (("registration", "registrations"), ("order", "orders"), ("order-return", "order-returns")):
        await door.post(path, EXAMPLES[kind])
    await door.plan()
    by_email = await door.post("lookups", {"email": "JAN.kowalski@example.com"})
    assert [event["type"] for event in by_email.json()["events"]] == ["registration", "order", "order-return"]
    by_order = await door.post("lookups", {"order_id": 5501})
    assert [event["type"] for event in by_order.json()["events"]] == ["order", "order-return"]
    assert (await door.post("lookups", {"email": "nobody@example.com"})).json() == {"events": []}


@pytest.mark.parametrize("body", [{}, {"email": "a@example.com", "order_id": "1"}, {"email": "nonsense"}, {"phone": "1"}])
async def test_a_lookup_names_one_thing(door: Door, body: dict[str, str]) -> None:
    assert_problem(await door.post("lookups", body), 422)


@pytest.mark.parametrize("event_id", ["no-such", "%F0%9F%98%80", "a%20b", "x" * 300])
async def test_an_unknown_event_is_404_whatever_it_is_called(door: Door, event_id: str) -> None:
    assert_problem(await door.get(f"events/{event_id}"), 404)
    assert_problem(await door.get(f"access-requests/{event_id}"), 404)


async def test_r27_an_edit_tells_which_panel_tags_are_one_and_the_same_in_salesmanago(door: Door) -> None:
    edit = {"event_id": "t1", "occurred_at": "2026-11-23T11:00:00Z", "email": "a@example.com", "tags": ["Żółty", "zolty", "vip"]}
    await door.post("tag-edits", edit, shop="shop2")
    await door.plan()
    event = (await door.get("events/t1", shop="shop2")).json()
    assert event["detail"] == "one tag in SALESmanago: Żółty, zolty"
    assert event["commands"][0]["summary"]["add_tags"] == ["idosell_Żółty", "idosell_vip"]


async def test_an_access_request_becomes_a_report_of_all_that_is_stored(door: Door) -> None:
    await door.post("orders", EXAMPLES["order"])
    await door.post("access-requests", EXAMPLES["access-request"])
    await door.plan()
    assert (await door.get("events/access-4")).json()["reason"]["code"] == "report_ready"
    report = (await door.get("access-requests/access-4")).json()
    assert report["facts"]["profile"]["last_name"]["value"] == "Kowalski"
    assert [event["type"] for event in report["events"]] == ["order", "access-request"]


async def test_r05_readiness_warns_when_the_consent_box_seems_hidden(door: Door) -> None:
    hidden = {**EXAMPLES["order"], "transfer_consent": "not_asked"}
    for number in range(20):
        await door.post("orders", {**hidden, "event_id": f"o{number}", "order": {**hidden["order"], "id": str(number)}})
    await door.plan()
    operator = await door.operator()
    problems = (await door.http.get("/readyz", headers=operator)).json()["problems"]
    assert any("shop1" in problem and "consent box" in problem for problem in problems)
    await door.post("orders", EXAMPLES["order"])
    await door.plan()
    assert (await door.http.get("/readyz", headers=operator)).json()["problems"] == []


async def test_when_nothing_can_be_stored_the_shop_gets_503_and_when_to_come_back(door: Door) -> None:
    class FullDisk:
        @asynccontextmanager
        async def work(self, **_: bool) -> AsyncIterator[None]:
            raise NotReady
            yield

    async with door.with_intake(Intake(FullDisk(), lambda: None, lambda: None)) as full:  # type: ignore[arg-type]
        answer = await full.post("orders", EXAMPLES["order"])
        assert_problem(answer, 503)
        assert answer.headers["retry-after"] == "5"
        batch = [{"type": "order", **EXAMPLES["order"]}]
        assert_problem(await full.http.post("/v1/shops/shop1/events", json=batch, headers=door.auth("shop1")), 503)


async def test_a_defect_of_ours_tells_the_caller_nothing_but_to_keep_the_event(door: Door) -> None:
    class Broken:
        async def accept(self, events: object) -> object:
            raise RuntimeError("planted-canary")

    async with door.with_intake(Broken()) as broken:
        answer = await broken.post("orders", EXAMPLES["order"])
    assert_problem(answer, 500)
    assert "planted-canary" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/no-such", 404), ("PUT", "/healthz", 405), ("DELETE", "/v1/shops/shop1/orders", 405)]
)
async def test_what_is_not_there_is_a_problem_document_too(door: Door, method: str, path: str, status: int) -> None:
    assert_problem(await door.http.request(method, path, headers=door.auth("shop1")), status)


async def test_a_caller_learns_of_no_method_before_the_key_is_right(door: Door) -> None:
    assert_problem(await door.http.request("DELETE", "/v1/shops/shop1/orders"), 401)


async def test_answers_are_not_cached_or_guessed_at(door: Door) -> None:
    answer = await door.post("orders", EXAMPLES["order"])
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"


async def test_an_access_report_is_also_a_page_that_a_person_can_read(door: Door) -> None:
    proof = {"text_version": "order-form-4", "ip": "203.0.113.7"}
    order = {**EXAMPLES["order"], "consent": proof, "customer": {**EXAMPLES["order"]["customer"], "last_name": "<Kowalski & syn>"}}
    await door.post("orders", order)
    await door.post("tag-edits", {**EXAMPLES["tag-edit"], "renamed": [], "added": ["vip"]})
    await door.post("access-requests", EXAMPLES["access-request"])
    await door.plan()
    for language, words in (("pl", "Na co wyrażono zgodę"), ("en", "What you agreed to")):
        answer = await door.get(f"access-pages/access-4?language={language}")
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        page = answer.text
        assert f"lang={language}" in page
        shown = (
            "jan.kowalski@example.com",
            "&lt;Kowalski &amp; syn&gt;",
            "order-form-4, 203.0.113.7",
            "vip",
            "2026-11-23 10:15",
            words,
        )
        assert [one for one in shown if one not in page] == []
        assert "<Kowalski" not in page
    assert_problem(await door.get("access-pages/order-5501-placed"), 404)
    assert_problem(await door.get("access-pages/access-4?language=de"), 422)


def test_the_page_has_words_for_every_kind_of_event_and_state_a_person_may_see() -> None:
    assert set(access_pages._KINDS) >= {*EXAMPLES, "subscriber-listed", *get_args(GatewayEventType)}
    assert set(access_pages._WORDS) >= {one.value for one in (*EventState, *ActKind)}
    assert all(english and polish for english, polish in (*access_pages._WORDS.values(), *access_pages._KINDS.values()))


async def test_r90_the_evidence_names_the_consent_that_counted_and_the_event_that_brought_it(door: Door) -> None:
    await door.post("orders", EXAMPLES["order"])
    again = {**EXAMPLES["order"], "event_id": "order-again"}
    await door.post("orders", again)
    await door.post(
        "registrations", {**EXAMPLES["registration"], "event_id": "r2", "customer": {"id": "77", "email": "eva@example.com"}}
    )
    await door.plan()
    first = (await door.get("events/order-5501-placed")).json()["evidence"]
    given = {
        "what": "transfer_granted",
        "origin": None,
        "words": "consent to the transfer given",
        "words_pl": "zgoda na przekazywanie danych",
        "at": EXAMPLES["order"]["occurred_at"],
        "event_id": "order-5501-placed",
        "source": "order",
    }
    assert datetime.fromisoformat(first[0].pop("at")) == datetime.fromisoformat(given.pop("at"))
    assert first[0] == given
    second = (await door.get("events/order-again")).json()
    assert (second["reason"]["code"], second["evidence"][0]["event_id"]) == ("order_already_sent", "order-5501-placed")
    (never,) = (await door.get("events/r2")).json()["evidence"]
    assert (never["what"], never["at"], never["event_id"]) == ("transfer_never", None, None)
