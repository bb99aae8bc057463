"""The operators' door: who may look and act, what is refused and why, and how the answers look (R71)."""

from typing import Any

import httpx
import pytest

from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Delivered, Refused, Throttled
from app.domain.reasons import Reason
from app.domain.shops.configuration import OPERATOR_ROLE
from app.routers.events.examples import EXAMPLES
from app.server.application import openapi
from app.services.delivery.senders.salesmanago_sender import SalesmanagoSender
from app.services.delivery.senders.sender import Sender
from tests.conftest import Clock
from tests.support.gateways import Door
from tests.support.problems import assert_problem
from tests.support.worlds.operated import Talking

ROUTES = [("GET", "parked"), ("POST", "replays"), ("GET", "neighbours"), ("GET", "shops")]
REGISTRATION = EXAMPLES["registration"]
JAN = REGISTRATION["customer"]["email"]
PRIVATE = (JAN, "Kowalski", "600 100 200", "600100200")
MAIN = to_account("main")


class Office:
    """An operator before a door, behind which SALESmanago refuses everything until it is told not to."""

    def __init__(self, door: Door, key: str) -> None:
        self.door = door
        self.headers = {"Authorization": f"Bearer {key}"}
        self.upstream = Talking(Clock())
        self.upstream.respond = lambda method, items: Refused("Invalid phone number")
        door.gateway.delivery._sender = self._sender

    def _sender(self, destination: str) -> Sender:
        directory, store = self.door.gateway.directory, self.door.gateway.delivery._store
        return SalesmanagoSender(self.upstream, "main", directory.open_shops("main"), directory.closed_shops(), store, Clock())

    async def get(self, path: str, **query: str) -> httpx.Response:
        return await self.door.http.get(f"/v1/operations/{path}", params=query, headers=self.headers)

    async def replay(self, mode: str = "run", **wanted: Any) -> httpx.Response:
        return await self.door.http.post("/v1/operations/replays", json={"mode": mode, **wanted}, headers=self.headers)

    async def works(self) -> None:
        await self.door.plan()
        while await self.door.gateway.delivery.deliver_due(MAIN):
            pass

    async def parks(self, number: int = 1, shop: str = "shop2") -> None:
        for one in range(number):
            customer = REGISTRATION["customer"] | {"email": JAN if one == 0 else f"c{one}@example.com", "id": str(1000 + one)}
            posted = await self.door.post(
                "registrations", REGISTRATION | {"event_id": f"{shop}-r{one}", "customer": customer}, shop=shop
            )
            assert posted.status_code == 202, posted.text
        await self.works()
        self.upstream.respond = lambda method, items: Delivered()
        self.upstream.calls.clear()


@pytest.fixture
async def office(door: Door) -> Office:
    return Office(door, await door.gateway.directory.issue_key(None, OPERATOR_ROLE))


# -- who is let in -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("body", [{"mode": "run"}, {"mode": "nonsense"}, None])
async def test_a_shops_key_finds_nothing_here_whatever_it_asks(door: Door, method: str, path: str, body: Any) -> None:
    for shop in ("shop1", "shop2"):
        answer = await door.http.request(
            method, f"/v1/operations/{path}", json=body if method == "POST" else None, headers=door.auth(shop)
        )
        assert answer.status_code in ((404,) if body == {"mode": "run"} or method == "GET" else (404, 422))


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_without_a_key_or_with_a_wrong_one_nobody_is_let_in(door: Door, method: str, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer gwk_00000000_00_00"}, {"Authorization": "Basic abc"}):
        body = {"mode": "run"} if method == "POST" else None
        answer = await door.http.request(method, f"/v1/operations/{path}", json=body, headers=headers)
        assert_problem(answer, 401)
        assert answer.headers["www-authenticate"] == "Bearer"


async def test_a_revoked_operator_is_let_in_no_more(office: Office) -> None:
    directory = office.door.gateway.directory
    (key,) = [one for one in directory.all_keys() if one.role == OPERATOR_ROLE]
    assert (await office.get("parked")).status_code == 200
    await directory.revoke_key(key.id)
    assert_problem(await office.get("parked"), 401)


async def test_a_shops_key_replays_nothing(office: Office) -> None:
    await office.parks()
    refused = await office.door.http.post("/v1/operations/replays", json={"mode": "run"}, headers=office.door.auth("shop2"))
    assert_problem(refused, 404)
    await office.works()
    assert office.upstream.calls == []
    assert (await office.get("parked")).json()["groups"][0]["number"] == 1


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_every_route_is_in_the_contract_with_its_refusals(method: str, path: str) -> None:
    documented = openapi()["paths"][f"/v1/operations/{path}"][method.lower()]
    assert {"200", "401", "404", "503"} | ({"422"} if method == "POST" else set()) <= documented["responses"].keys()


# -- what is refused -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "field", "example"),
    [
        ({}, "mode", "preview"),
        ({"mode": "go"}, "mode", "preview"),
        ({"mode": None}, "mode", "preview"),
        ({"mode": "run", "reason": "because"}, "reason", None),
        ({"mode": "run", "shop": ""}, "shop", "shop1"),
        ({"mode": "run", "shop": "x" * 129}, "shop", "shop1"),
        ({"mode": "run", "shop": ["shop1"]}, "shop", "shop1"),
        ({"mode": "run", "words": ""}, "words", "Invalid phone number"),
        ({"mode": "run", "words": "x" * 1001}, "words", "Invalid phone number"),
        ({"mode": "run", "words": {"$ne": ""}}, "words", "Invalid phone number"),
        ({"mode": "run", "event_id": "two words"}, "event_id", "order-5501-placed"),
        ({"mode": "run", "event_id": "é"}, "event_id", "order-5501-placed"),
    ],
)
async def test_a_bad_body_is_422_with_the_field_and_a_right_example(
    office: Office, body: Any, field: str, example: str | None
) -> None:
    await office.parks()
    answer = await office.door.http.post("/v1/operations/replays", json=body, headers=office.headers)
    (mistake,) = assert_problem(answer, 422)["errors"]
    assert mistake["field"] == field
    assert mistake["example"] in ([example] if example else {reason.value for reason in Reason})
    corrected = {"mode": "preview", **{name: value for name, value in body.items() if name not in (field, "mode")}}
    again = await office.door.http.post(
        "/v1/operations/replays", json=corrected | {field: mistake["example"]}, headers=office.headers
    )
    assert again.status_code == 200, "the example itself is right"
    assert (await office.get("parked")).json()["groups"][0]["number"] == 1


async def test_a_misspelt_filter_is_refused_and_does_not_mean_everything(office: Office) -> None:
    """`shop_id` in place of `shop` would replay all shops."""
    await office.parks()
    (mistake,) = assert_problem(await office.replay(shop_id="shop1"), 422)["errors"]
    assert mistake["field"] == "shop_id"
    await office.works()
    assert office.upstream.calls == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"run"', b"null", b"\xff\xfe"])
async def test_what_is_no_object_is_refused(office: Office, content: bytes) -> None:
    headers = office.headers | {"Content-Type": "application/json"}
    answer = await office.door.http.post("/v1/operations/replays", content=content, headers=headers)
    assert answer.status_code in (400, 422)
    assert_problem(answer, answer.status_code)


async def test_a_form_is_not_taken_for_a_body(office: Office) -> None:
    answer = await office.door.http.post("/v1/operations/replays", data={"mode": "run"}, headers=office.headers)
    assert_problem(answer, 415)


async def test_a_too_long_name_of_a_shop_is_refused(office: Office) -> None:
    assert_problem(await office.get("parked", shop="x" * 129), 422)


# -- what is shown and done ----------------------------------------------------------------------------------------------


async def test_a_group_says_where_why_and_what_to_do_without_any_address(office: Office) -> None:
    assert (await office.get("parked")).json() == {"groups": [], "waiting": [], "open": [], "calm": True, "sends": True}
    await office.parks()
    answer = await office.get("parked")
    (group,) = answer.json()["groups"]
    assert (group["shop"], group["destination"], group["number"], group["words"], group["samples"]) == (
        "shop2",
        "account:main",
        1,
        "Invalid phone number",
        ["shop2-r0"],
    )
    assert group["reason"]["code"] == "refused"
    assert {"rule", "why", "what_to_do", "why_pl", "what_to_do_pl"} <= group["reason"].keys()
    assert group["oldest"] <= group["newest"]
    assert (await office.get("parked", shop="shop1")).json() == {
        "groups": [],
        "waiting": [],
        "open": [],
        "calm": True,
        "sends": True,
    }
    assert not [text for text in PRIVATE if text in answer.text]


async def test_a_group_names_exactly_what_a_replay_of_it_takes(office: Office) -> None:
    await office.parks(3)
    (group,) = (await office.get("parked")).json()["groups"]
    named = {"shop": group["shop"], "reason": group["reason"]["code"], "words": group["words"]}
    assert (await office.replay("preview", **named)).json()["again"] == group["number"] == 3
    assert (await office.replay("preview", **named | {"words": "Invalid"})).json()["again"] == 0


async def test_a_preview_says_what_would_be_sent_and_sends_nothing(office: Office) -> None:
    await office.parks()
    answer = await office.replay("preview")
    shown = answer.json()
    assert shown.keys() == {"mode", "again", "decided_again", "closed", "held", "samples"}
    assert (shown["mode"], shown["again"], shown["decided_again"], shown["closed"], shown["held"]) == ("preview", 1, 0, {}, 0)
    (sample,) = shown["samples"]
    assert (sample["shop"], sample["event_id"], sample["command"]) == ("shop2", "shop2-r0", "upsert_contact")
    assert "first_name" in sample["summary"]["fields"]
    assert not [text for text in PRIVATE if text in answer.text]
    await office.works()
    assert office.upstream.calls == []
    assert (await office.replay("preview")).json() == shown


async def test_a_replay_is_done_shown_and_over(office: Office) -> None:
    await office.parks(2)
    done = (await office.replay(event_id="shop2-r1")).json()
    assert (done["mode"], done["again"], [one["event_id"] for one in done["samples"]]) == ("run", 1, ["shop2-r1"])
    await office.works()
    assert list(office.upstream.contacts) == ["c1@example.com"]
    assert (await office.door.get("events/shop2-r1", shop="shop2")).json()["state"] == "sent"
    assert (await office.door.get("events/shop2-r0", shop="shop2")).json()["state"] == "parked"
    assert (await office.replay()).json()["again"] == 1
    await office.works()
    assert (await office.get("parked")).json() == {"groups": [], "waiting": [], "open": [], "calm": True, "sends": True}
    assert (await office.replay()).json()["again"] == 0


async def test_an_event_that_is_replayed_is_shown_to_its_shop_as_on_its_way(office: Office) -> None:
    await office.parks()
    await office.replay()
    shown = (await office.door.get("events/shop2-r0", shop="shop2")).json()
    assert (shown["state"], shown["reason"]) == ("planned", None)


async def test_what_has_nothing_left_is_counted_by_reason(office: Office) -> None:
    await office.parks()
    withdrawal = EXAMPLES["consent"] | {"email": JAN, "granted": False, "occurred_at": "2026-11-24T09:00:00+01:00"}
    assert (await office.door.post("consents", withdrawal, shop="shop2")).status_code == 202
    await office.works()
    shown = (await office.replay()).json()
    assert (shown["again"], shown["closed"]) == (0, {"consent_withdrawn": 1})
    assert (shown["samples"][0]["command"], shown["samples"][0]["summary"]) == (None, {})


async def test_each_destination_is_shown_with_its_circuit(office: Office) -> None:
    assert (await office.get("neighbours")).json() == {"neighbours": []}
    await office.parks()
    office.upstream.respond = lambda method, items: Throttled(90.0)
    await office.replay()
    await office.works()
    (line,) = (await office.get("neighbours")).json()["neighbours"]
    assert line.keys() == {
        *("destination", "circuit", "cause", "failures", "since", "rest_until", "calls_per_second", "claims", "waiting"),
        "next_try_at",
        "disabled",
    }
    assert (line["destination"], line["circuit"], line["cause"], line["failures"], line["waiting"]) == (
        "account:main",
        "open",
        "throttled: asked to wait 90 s",
        1,
        1,
    )
    assert line["since"] < line["rest_until"] <= line["next_try_at"]


async def test_each_shop_is_shown_with_its_events_by_state(office: Office) -> None:
    await office.parks(2)
    shops = {one["shop"]: one for one in (await office.get("shops")).json()["shops"]}
    assert shops.keys() == {"shop1", "shop2"}
    assert (shops["shop2"]["events"]["parked"], shops["shop1"]["events"]) == (2, {})


@pytest.mark.parametrize("path", ["parked", "audit"])
async def test_r91_an_unknown_shop_is_404_and_not_a_calm_answer(door: Door, path: str) -> None:
    operator = await door.operator()
    assert_problem(await door.http.get(f"/v1/operations/{path}?shop=shpo1", headers=operator), 404)
    assert (await door.http.get(f"/v1/operations/{path}?shop=shop1", headers=operator)).status_code == 200
    assert_problem(await door.http.get(f"/v1/operations/{path}?shop=shpo1"), 401)


async def test_a_replay_of_an_unknown_shop_is_404_for_preview_and_run(door: Door) -> None:
    operator = await door.operator()
    for mode in ("preview", "run"):
        body = {"mode": mode, "shop": "shpo1"}
        assert_problem(await door.http.post("/v1/operations/replays", json=body, headers=operator), 404)
