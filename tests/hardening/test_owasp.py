"""OWASP API Security Top 10 (2023): one test each, and where the guard stands that it tries."""

import importlib
import pkgutil
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

import app.routers
from app.clients.foreign import foreign_json
from app.clients.rate_limiter import RateLimiter
from app.clients.transport import Outgoing, Transport
from app.clients.webhook_targets import Target, checked
from app.routers.events.examples import EXAMPLES
from app.server.application import openapi
from hardening.stage import FORGED, Stage, a_stage


@pytest.fixture
async def stage(migrated_file: Path) -> AsyncIterator[Stage]:
    async with a_stage(migrated_file) as made:
        yield made


async def test_api1_object_level_authorisation_a_shop_finds_nothing_of_another_shop(stage: Stage) -> None:
    """Guard: `app/routers/edge/dependencies.py` (the shop comes from the key). Every route: `hardening.access.other_shops`."""
    order, event_id = EXAMPLES["order"], EXAMPLES["order"]["event_id"]
    async with stage.caller(stage.keys["shop2"]) as owner, stage.caller(stage.keys["shop1"]) as other:
        assert (await owner.post("/v1/shops/shop2/orders", json=order)).status_code == 202
        for shop in ("shop1", "shop2"):
            assert (await other.get(f"/v1/shops/{shop}/events/{event_id}")).status_code == 404
        looked = await other.post("/v1/shops/shop1/lookups", json={"email": order["customer"]["email"]})
        assert looked.json() == {"events": []}
        assert (await owner.get(f"/v1/shops/shop2/events/{event_id}")).status_code == 200


async def test_api2_authentication_every_wrong_key_gets_the_same_answer(stage: Stage) -> None:
    """Guard: `app/services/shops/directory.py` (hashed keys, constant time). Limits: `hardening.access.guessing`."""
    told = set()
    for key in (None, FORGED, "x", stage.keys["shop1"][:-1], stage.keys["shop2"][:-1] + "?"):
        async with stage.caller(key) as http:
            answer = await http.get("/v1/shops/shop1/events/none")
        told.add((answer.status_code, answer.json()["detail"]))
    assert len(told) == 1
    assert {status for status, _ in told} == {401}


async def test_api3_property_level_authorisation_what_is_no_field_changes_nothing_and_secrets_are_never_shown(stage: Stage) -> None:
    """Guard: the models of `app/routers`: unknown fields are named in `warnings`, and no model of an answer has a secret."""
    async with stage.caller(stage.keys["shop1"]) as http, stage.caller(stage.keys["admin"]) as admin:
        body = EXAMPLES["order"] | {
            "event_id": "mass-1",
            "state": "sent",
            "shop_id": "shop2",
            "received_at": "2020-01-01T00:00:00Z",
        }
        receipt = await http.post("/v1/shops/shop1/orders", json=body)
        assert receipt.status_code == 202
        warnings = " ".join(receipt.json()["warnings"])
        assert all(name in warnings for name in ("state", "shop_id", "received_at"))
        shown = (await http.get("/v1/shops/shop1/events/mass-1")).json()
        assert (shown["state"], shown["received_at"][:4] > "2020") == ("received", True)
        shops = await admin.get("/v1/operations/shops")
        assert shops.status_code == 200
        assert not [word for word in ("hardeningSecret1", "whsec_", "hardening-token") if word in shops.text]


@pytest.mark.parametrize(
    ("path", "body"),
    [("orders", b" " * 1_100_000), ("orders", b"[" * 100_000), ("events", b"[" + b"{}," * 1_000 + b"{}]")],
    ids=["large", "deep", "many"],
)
async def test_api4_resource_consumption_what_costs_too_much_is_refused(stage: Stage, path: str, body: bytes) -> None:
    """Guard: `app/routers/edge/body_limits.py`. Bombs: `hardening.inputs.bombs`; rates: `app/routers/edge`."""
    async with stage.caller(stage.keys["shop1"]) as http:
        answer = await http.post(f"/v1/shops/shop1/{path}", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 413, 422)


async def test_api5_function_level_authorisation_a_reader_changes_nothing_and_a_shop_operates_nothing(stage: Stage) -> None:
    """Guard: `app/routers/edge/dependencies.py` (roles). Every route by every role: `hardening.access.roles`."""
    async with stage.caller(stage.keys["reader"]) as reader:
        assert (await reader.post("/v1/shops/shop1/backfills", json={"mode": "run"})).status_code == 403
        assert (await reader.get("/v1/operations/shops")).status_code == 200
    async with stage.caller(stage.keys["shop1"]) as shop:
        assert (await shop.get("/v1/operations/shops")).status_code in (403, 404)


async def test_api6_business_flows_repeating_an_event_has_one_effect_and_staff_posts_none(stage: Stage) -> None:
    """Guard: idempotency in `app/services/intake.py`; a role posts no shop's events (`app/routers/edge/dependencies.py`)."""
    order = EXAMPLES["order"] | {"event_id": "once"}
    async with stage.caller(stage.keys["shop1"]) as shop, stage.caller(stage.keys["admin"]) as admin:
        answers = [await shop.post("/v1/shops/shop1/orders", json=order) for _ in range(3)]
        assert {one.status_code for one in answers} <= {200, 202}
        other = order | {"customer": order["customer"] | {"email": "other@example.com"}}
        assert (await shop.post("/v1/shops/shop1/orders", json=other)).status_code == 409
        assert (await admin.post("/v1/shops/shop1/orders", json=order | {"event_id": "staff"})).status_code in (403, 404)
        looked = await shop.post("/v1/shops/shop1/lookups", json={"email": order["customer"]["email"]})
        assert [one["event_id"] for one in looked.json()["events"]] == ["once"]


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"])
async def test_api7_request_forgery_a_notice_goes_to_no_private_address(address: str) -> None:
    """Guard: `app/clients/webhook_targets.py`. Names that change between check and call: `hardening.inputs.inside`."""

    async def resolve(_host: str, _port: int) -> list[str]:
        return [address]

    assert not isinstance(await checked("https://example.com/hook", allow_private=False, resolve=resolve), Target)


async def test_api8_misconfiguration_answers_carry_security_headers_and_no_inner_words(stage: Stage) -> None:
    """Guard: `app/routers/edge` (headers, problem documents)."""
    async with stage.caller(stage.keys["shop1"]) as http:
        answers = [
            await http.get("/v1/shops/shop1/events/none"),
            await http.post("/v1/shops/shop1/orders", content=b"{", headers={"Content-Type": "application/json"}),
            await http.get("/healthz"),
            await http.options("/v1/shops/shop1/orders", headers={"Origin": "https://evil.example"}),
        ]
    for answer in answers:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers
        assert not [word for word in ("Traceback", "site-packages", "sqlite") if word in answer.text]


def test_api9_inventory_every_route_is_in_the_document_and_every_operation_names_its_key() -> None:
    """Guard: one application (`app/server/application.py`), one document, compared with `openapi.yaml` in every build."""
    document = openapi()["paths"]
    served = [
        (route.path.replace(":path}", "}"), method.lower())
        for module in pkgutil.walk_packages(app.routers.__path__, "app.routers.")
        for router in [getattr(importlib.import_module(module.name), "router", None)]
        if isinstance(router, APIRouter)
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    ]
    assert len(served) > 40
    hidden = [path for path, method in served if method != "head" and method not in document.get(path, {})]
    # The first page, and those that problem documents and reasons point to.
    assert set(hidden) == {"/", "/problems/{kind}", "/rules", "/rules/{number}"}
    keyless = [path for path, operations in document.items() for one in operations.values() if not one.get("security")]
    assert [path for path in keyless if path.startswith("/v1")] == []


@pytest.mark.parametrize(
    "answer", [b"[" * 100_000, b'{"a": ' * 50_000, b"\xff\xfe", b"<html>", b"", b'{"n": ' + b"9" * 10_000 + b"}"]
)
async def test_api10_unsafe_consumption_what_a_destination_answers_is_read_with_care_and_leads_nowhere(answer: bytes) -> None:
    """Guard: `app/clients/foreign.py` and `transport.py`. Changed fields: `tests/clients`."""
    foreign_json(answer)  # whatever comes, a value and never an error
    called: list[str] = []

    def neighbour(request: httpx.Request) -> httpx.Response:
        called.append(str(request.url))
        return httpx.Response(307, headers={"Location": "http://127.0.0.1/inside"}, content=answer)

    async with httpx.AsyncClient(transport=httpx.MockTransport(neighbour), follow_redirects=True) as http:
        await Transport(http, RateLimiter(100_000)).send(Outgoing("POST", "https://app3.salesmanago.com/api", {}, b"{}"))
    assert called == ["https://app3.salesmanago.com/api"]
