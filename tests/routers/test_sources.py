"""The door for platforms' pushes: verified over the raw body, stored, answered at once (R80, R81)."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sources.samples import a_client, an_order
from tests.sources.stage import SECRET, TOKEN, signed
from tests.support.gateways import Door, open_door, shop_entry


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "signing").write_text(SECRET)
    source = {"kind": "idosell", "panel": 1234, "tokens": [f"file:{tmp_path}/token"], "secrets": [f"file:{tmp_path}/signing"]}
    shops = {"shop1": shop_entry("sklep.example.com", 1, "all_customers", source=source | {"scan": False})}
    async with open_door(tmp_path, shops) as opened:
        yield opened


async def push(door: Door, event: str, body: Any, **headers: str) -> httpx.Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await door.http.post("/sources/idosell/1234", content=raw, headers=signed(event, raw) | headers)


async def test_r80_a_genuine_push_is_answered_202_and_repeated_ones_alike(door: Door) -> None:
    answers = [await push(door, "orderCreated", {"Results": [an_order()]}) for _ in range(2)]
    assert [(one.status_code, one.json()) for one in answers] == [(202, {"received": True})] * 2
    assert len(await door.gateway.sources.pushes.lines()) == 1


async def test_r80_the_signature_is_over_the_bytes_as_they_came(door: Door) -> None:
    spaced = json.dumps({"results": [a_client()]}, indent=3, ensure_ascii=False).encode()
    assert (await push(door, "clientCreated", spaced)).status_code == 202


@pytest.mark.parametrize("wrong", [{"authorization": "Bearer nobody-knows-this-token"}, {"x-iai-signature": "00"}])
async def test_r80_a_forged_push_is_401_and_tells_nothing(door: Door, wrong: dict[str, str]) -> None:
    answer = await push(door, "clientCreated", {"results": [a_client()]}, **wrong)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    other = await door.http.post("/sources/idosell/99", content=b"{}", headers=signed("clientCreated", b"{}"))
    assert other.json()["detail"] == answer.json()["detail"], "an unknown panel is told from a wrong token by nobody"


@pytest.mark.parametrize("body", [b"", b"{", b"\x00\xff", b"[" * 10_000, b'{"results":[{"clientId":' + b"9" * 400 + b"}]}"])
async def test_r80_whatever_the_body_it_is_taken_and_never_a_5xx(door: Door, body: bytes) -> None:
    assert (await push(door, "clientCreated", body)).status_code == 202
    while await door.gateway.sources.translator.step():
        pass
    assert (await push(door, "nobodyKnows\u007f", body)).status_code in (202, 400)


async def test_r81_a_programmable_webhook_comes_as_a_form_with_its_token_in_the_body(door: Door) -> None:
    form = {"token": TOKEN, "event": "newsletter_email", "email": "anna@example.com", "state": "y"}
    assert (await door.http.post("/sources/idosell/1234", data=form)).status_code == 202
    assert (await door.http.post("/sources/idosell/1234", data=form | {"token": "x"})).status_code == 401
    as_json = {"event": "basket", "email": "anna@example.com", "items": []}
    assert (
        await door.http.post("/sources/idosell/1234", json=as_json, headers={"authorization": f"Bearer {TOKEN}"})
    ).status_code == 202


async def test_r80_operators_see_pushes_and_the_body_of_those_that_were_not_understood(door: Door) -> None:
    operator = await door.operator()
    await push(door, "clientCreated", b'{"results": "nothing"}')
    while await door.gateway.sources.translator.step():
        pass
    (line,) = (await door.http.get("/v1/operations/pushes?state=not_understood", headers=operator)).json()["pushes"]
    assert (line["kind"], line["state"], line["platform"], line["source"]) == ("clientCreated", "not_understood", "idosell", "1234")
    body = await door.http.get(f"/v1/operations/pushes/{line['id']}/body", headers=operator)
    assert body.json() == {"body": '{"results": "nothing"}'}
    again = await door.http.post(f"/v1/operations/pushes/{line['id']}/again", headers=operator)
    assert again.json() == {"pushes": 1}
    for filters, found in (
        ("platform=idosell", 1),
        ("platform=woocommerce", 0),
        (f"source={line['source']}", 1),
        ("source=another", 0),
        (f"platform=woocommerce&source={line['source']}", 0),
        ("platform=&source=", 1),
    ):
        shown = await door.http.get(f"/v1/operations/pushes?{filters}", headers=operator)
        assert (filters, len(shown.json()["pushes"])) == (filters, found)
    assert (await door.http.get("/v1/operations/pushes", headers=door.auth("shop1"))).status_code == 404
    assert (await door.http.get("/v1/operations/pushes/999/body", headers=operator)).status_code == 404


async def test_another_method_is_405(door: Door) -> None:
    assert (await door.http.get("/sources/idosell/1234")).status_code == 405


async def test_r80_a_push_from_an_address_nobody_named_is_refused_like_a_forged_one(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "signing").write_text(SECRET)
    source = {"kind": "idosell", "panel": 1234, "tokens": [f"file:{tmp_path}/token"], "secrets": [f"file:{tmp_path}/signing"]}
    source |= {"scan": False, "addresses": ["203.0.113.7"]}
    async with open_door(tmp_path, {"shop1": shop_entry("sklep.example.com", 1, "all_customers", source=source)}) as door:
        body = {"results": [a_client()]}
        assert (await push(door, "clientCreated", body)).status_code == 401  # httpx calls from 127.0.0.1
        transport = httpx.ASGITransport(door.app, client=("203.0.113.7", 1))
        raw = json.dumps(body).encode()
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as panel:
            answer = await panel.post("/sources/idosell/1234", content=raw, headers=signed("clientCreated", raw))
        assert answer.status_code == 202


async def test_r80_an_odd_form_of_a_stranger_is_401_and_no_defect(door: Door) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await door.http.post("/sources/idosell/1234", content=b"items=x&items[0][id]=7", headers=headers)
    assert answer.status_code == 401


async def test_r80_a_genuine_push_of_another_panel_is_no_push_of_this_one(door: Door) -> None:
    raw = b'{"results": []}'
    strange = signed("clientCreated", raw) | {"x-iai-panel-id": "9999"}
    answer = await door.http.post("/sources/idosell/1234", content=raw, headers=strange)
    assert (answer.status_code, answer.json()["detail"]) == (404, "There is no such panel behind this address here.")
    unnamed = {name: text for name, text in signed("clientCreated", raw).items() if name != "x-iai-panel-id"}
    assert (await door.http.post("/sources/idosell/1234", content=raw, headers=unnamed)).status_code == 202


async def remembered(door: Door, shop: str | None = None) -> list[dict[str, Any]]:
    """Pushes among the requests that a shop sees, or an operator."""
    path = "/v1/operations/requests" if shop is None else f"/v1/shops/{shop}/requests"
    headers = await door.operator() if shop is None else door.auth(shop)
    found = (await door.http.get(path, headers=headers)).json()["requests"]
    return [one for one in found if one["path"].startswith("/sources/")]


async def test_r93_a_push_that_was_taken_is_remembered_for_its_shop_without_its_content(door: Door) -> None:
    answer = await push(door, "clientCreated", {"results": [a_client()]})
    (one,) = await remembered(door, "shop1")
    assert one["request_id"] == answer.headers["x-request-id"]
    assert (one["shop"], one["path"], one["status"], one["outcome"]) == ("shop1", "/sources/idosell/1234", 202, "taken")
    assert (one["key"], one["event_id"], one["problem"]) == (None, None, None)
    assert "anna" not in json.dumps(one)
    assert TOKEN[:4] not in json.dumps(one)


async def test_r93_a_push_with_a_wrong_token_is_remembered_by_what_it_began_with(door: Door) -> None:
    for token in ("wxyz-a-token-that-nobody-knows", "short", "the secret token of Anna Kowalska"):
        assert (await push(door, "clientCreated", {}, authorization=f"Bearer {token}")).status_code == 401
    found = await remembered(door, "shop1")
    assert [(one["outcome"], one["problem"]) for one in found] == [("unknown_key", "/problems/unknown-caller")] * 3
    assert [one["key"] for one in found] == ["wxyz…", None, None]


async def test_r93_a_push_that_is_too_large_is_remembered_with_its_problem_and_no_part_of_the_token(door: Door) -> None:
    answer = await push(door, "orderCreated", b"x" * (6 * 2**20))
    (one,) = await remembered(door, "shop1")
    assert (one["status"], one["problem"], one["key"]) == (413, answer.json()["type"], None)


async def test_r93_pushes_of_a_panel_that_several_shops_share_and_of_no_known_one_are_for_operators_alone(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    (tmp_path / "signing").write_text(SECRET)
    source = {"kind": "idosell", "panel": 1234, "tokens": [f"file:{tmp_path}/token"], "secrets": [f"file:{tmp_path}/signing"]}
    names = {"shop1": "sklep.example.com", "shop2": "drugi.example.com"}
    shops = {
        name: shop_entry(host, number, "all_customers", source=source | {"scan": False})
        for number, (name, host) in enumerate(names.items(), 1)
    }
    async with open_door(tmp_path, shops) as door:
        await push(door, "clientCreated", {"results": [a_client()]})
        await door.http.post("/sources/idosell/99", content=b"{}", headers=signed("clientCreated", b"{}"))
        assert [(one["shop"], one["path"]) for one in await remembered(door)] == [
            (None, "/sources/idosell/1234"),
            (None, "/sources/idosell/99"),
        ]
        assert await remembered(door, "shop1") == await remembered(door, "shop2") == []
