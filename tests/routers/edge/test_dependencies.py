"""Who is let in, and what another shop's name answers (R71)."""

import json
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from app.domain.errors import BadConfiguration
from app.domain.shops.configuration import OPERATOR_ROLE
from app.routers.events.examples import EXAMPLES
from app.server.application import openapi
from tests.support.gateways import SHOPS, Door, open_door
from tests.support.problems import assert_problem

ORDER = EXAMPLES["order"]


def routes_with_a_shop() -> list[tuple[str, str]]:
    document = openapi()
    return [
        (method, path.replace("{shop}", "shop2").replace("{event_id}", "order-5501-placed"))
        for path, operations in document["paths"].items()
        for method in operations
        if "{shop}" in path and not path.startswith("/callbacks")  # callbacks carry a signature instead of a key
    ]


async def test_every_route_of_another_shop_answers_404(door: Door) -> None:
    """One route forgotten here would be one shop reading another's people."""
    await door.post("orders", ORDER, shop="shop2")
    routes = routes_with_a_shop()
    assert len(routes) >= 16
    for method, path in routes:
        body = EXAMPLES["order"] if path.endswith("orders") else {"email": "jan.kowalski@example.com"}
        mine = {"headers": door.auth("shop1")} | ({"json": body} if method == "post" else {})
        answer = await door.http.request(method, path, **mine)
        if answer.status_code != 422:  # a body that fits no event is refused before anything is looked up
            assert_problem(answer, 404)


async def test_a_shop_without_a_name_here_answers_the_same_404(door: Door) -> None:
    theirs = assert_problem(await door.http.post("/v1/shops/shop2/orders", json=ORDER, headers=door.auth("shop1")), 404)
    nobodys = assert_problem(await door.http.post("/v1/shops/no-such/orders", json=ORDER, headers=door.auth("shop1")), 404)
    assert theirs == nobodys


@pytest.mark.parametrize("header", [None, "Bearer ", "Bearer x", "Basic abc", "Bearer gwk_00000000_00_00", "Bearer \xff", "gwk"])
async def test_no_valid_key_is_401_and_says_how_to_get_one(door: Door, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    answer = await door.http.post("/v1/shops/shop1/orders", json=ORDER, headers=headers)
    problem = assert_problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "gateway keys issue" in problem["detail"]


async def test_a_key_with_a_wrong_end_is_refused(door: Door) -> None:
    key = door.keys["shop1"]
    wrong = key[:-1] + ("0" if key[-1] != "0" else "1")
    answer = await door.http.post("/v1/shops/shop1/orders", json=ORDER, headers={"Authorization": f"Bearer {wrong}"})
    assert_problem(answer, 401)


async def test_a_revoked_key_opens_nothing_and_the_other_live_key_still_does(door: Door) -> None:
    directory = door.gateway.directory
    second = await directory.issue_key("shop1")
    first_id = door.keys["shop1"].split("_")[1]
    await directory.revoke_key(first_id)
    assert_problem(await door.post("orders", ORDER), 401)
    answer = await door.http.post("/v1/shops/shop1/orders", json=ORDER, headers={"Authorization": f"Bearer {second}"})
    assert answer.status_code == 202


async def test_a_shop_has_at_most_two_live_keys(door: Door) -> None:
    await door.gateway.directory.issue_key("shop1")
    with pytest.raises(BadConfiguration, match="revoke one first"):
        await door.gateway.directory.issue_key("shop1")


async def test_keys_are_random_marked_for_scanners_and_stored_only_as_hashes(door: Door, tmp_path: Path) -> None:
    key = door.keys["shop1"]
    assert re.fullmatch(r"gwk_[0-9a-f]{8}_[0-9a-f]{64}_[0-9a-f]{8}", key)
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("gateway.db*"))  # noqa: ASYNC240 - a test may block
    assert stored
    assert key.split("_")[2].encode() not in stored


async def test_an_operators_key_reads_every_shop(door: Door) -> None:
    await door.post("orders", ORDER, shop="shop2")
    key = await door.gateway.directory.issue_key(None, OPERATOR_ROLE)
    answer = await door.http.get("/v1/shops/shop2/events/order-5501-placed", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200


async def test_a_shop_that_signs_its_requests_is_believed_only_with_a_fresh_signature_over_the_raw_body(tmp_path: Path) -> None:
    secret = "whsec_" + b64encode(b"k" * 24).decode()
    (tmp_path / "signing").write_text(secret)
    shops = {"shop1": {**SHOPS["shop1"], "signing_secret": f"file:{tmp_path / 'signing'}"}}
    async with open_door(tmp_path, shops) as door:
        body = json.dumps(ORDER)

        async def posted(content: str, signed: str, at: datetime, **changed: str) -> int:
            signature = Webhook(secret).sign("msg-1", at, signed)
            stamp = str(int(at.timestamp()))
            headers = {"webhook-id": "msg-1", "webhook-timestamp": stamp, "webhook-signature": signature, **changed}
            headers |= door.auth("shop1") | {"Content-Type": "application/json"}
            return (await door.http.post("/v1/shops/shop1/orders", content=content, headers=headers)).status_code

        now = datetime.now(UTC)
        assert await posted(body, body, now) == 202
        assert await posted(body, body + " ", now) == 401
        assert await posted(body, body, now - timedelta(minutes=6)) == 401
        assert await posted(body, body, now, **{"webhook-signature": "v1"}) == 401
        assert await posted(body, body, now, **{"webhook-signature": "v1,%%%"}) == 401
        assert_problem(await door.post("orders", ORDER), 401)
        unreadable = door.auth("shop1") | {"Content-Type": "application/json"}
        assert (await door.http.post("/v1/shops/shop1/orders", content=b"\xff", headers=unreadable)).status_code in (400, 401)


async def test_while_a_signing_secret_is_changed_both_are_believed_and_no_third_one(tmp_path: Path) -> None:
    former, new, other = ("whsec_" + b64encode(letter * 24).decode() for letter in (b"f", b"n", b"o"))
    for name, secret in (("former", former), ("new", new)):
        (tmp_path / name).write_text(secret)
    signing = {"signing_secret": f"file:{tmp_path / 'new'}", "signing_secrets": [f"file:{tmp_path / 'former'}"]}
    async with open_door(tmp_path, {"shop1": {**SHOPS["shop1"], **signing}}) as door:
        body, now, answers = json.dumps(ORDER), datetime.now(UTC), []
        for secret in (new, former, other):
            headers = {"webhook-id": "msg-1", "webhook-timestamp": str(int(now.timestamp()))}
            headers |= {"webhook-signature": Webhook(secret).sign("msg-1", now, body), "Content-Type": "application/json"}
            answers.append(await door.http.post("/v1/shops/shop1/orders", content=body, headers=headers | door.auth("shop1")))
        assert [one.status_code for one in answers] == [202, 202, 401]
