"""The door behind a recovery link: the goods, or a 404 that tells nobody why (E5-E8)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.decisions.carts import cart_of
from tests.support.builders import an_item, cart_changed
from tests.support.gateways import SHOPS, Door, open_door
from tests.support.problems import assert_problem


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    shops = {name: {**entry, "cart_url": f"https://{entry['host']}/basket/{{token}}"} for name, entry in SHOPS.items()}
    async with open_door(tmp_path, shops) as opened:
        yield opened


def token_for(door: Door, shop: str = "shop1", age: timedelta = timedelta(0)) -> str:
    links = door.gateway.recovery
    known = door.gateway.directory.shop(shop)
    assert known is not None
    cart = cart_of(cart_changed(items=(an_item("101"), an_item("205", quantity=3))))
    content = links.link(known, cart)
    assert content is not None
    if age:
        ring = links._ring
        inside = ring.unsealed(content.partition("/basket/")[2], timedelta(days=1), datetime.now(UTC))
        assert inside is not None
        return ring.sealed(inside, datetime.now(UTC) - age)
    return content.partition("/basket/")[2]


async def test_a_links_token_answers_its_goods_and_nothing_else(door: Door) -> None:
    answer = await door.post("recovered-carts", {"token": token_for(door)})
    assert answer.status_code == 200
    assert answer.json() == {"items": [{"product_id": "101", "quantity": "1"}, {"product_id": "205", "quantity": "3"}]}
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("address", ["https://sklep.example/basket/{token}", "https://sklep.example/basket?restore={token}"])
async def test_the_forms_of_an_address_that_our_own_advice_shows_are_accepted(tmp_path: Path, address: str) -> None:
    shops = {"shop1": {**SHOPS["shop1"], "cart_url": address}}
    async with open_door(tmp_path, shops) as opened:
        known = opened.gateway.directory.shop("shop1")
        assert known is not None
        assert known.cart_url == address


async def test_following_a_link_twice_answers_the_same(door: Door) -> None:
    token = token_for(door)
    first, second = [await door.post("recovered-carts", {"token": token}) for _ in range(2)]
    assert first.json() == second.json()


async def test_a_wrong_token_answers_the_same_whatever_is_wrong_with_it(door: Door) -> None:
    """Without an oracle: forged, cut, expired and another shop's cannot be told apart."""
    good = token_for(door)
    wrong = [
        "x",
        "%%%",
        "ż" * 50,
        "A" * 4096,
        good[:-5],
        good.swapcase(),
        token_for(door, "shop2"),
        token_for(door, age=timedelta(days=15)),
    ]
    documents = []
    for token in wrong:
        answer = await door.post("recovered-carts", {"token": token})
        problem = assert_problem(answer, 404)
        assert token not in answer.text or token == "x"
        documents.append({name: value for name, value in problem.items() if name not in ("instance", "request_id")})
    assert all(one == documents[0] for one in documents)


async def test_the_other_shop_opens_its_own_link(door: Door) -> None:
    token = token_for(door, "shop2")
    assert (await door.post("recovered-carts", {"token": token}, shop="shop2")).status_code == 200
    assert_problem(await door.post("recovered-carts", {"token": token}), 404)


async def test_a_link_of_thirteen_days_still_opens(door: Door) -> None:
    answer = await door.post("recovered-carts", {"token": token_for(door, age=timedelta(days=13, hours=23))})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "body",
    [{}, {"token": ""}, {"token": None}, {"token": 5}, {"token": ["x"]}, {"token": "x" * 4097}, {"token": "x", "email": "a@b.pl"}],
)
async def test_a_body_without_a_token_is_a_problem_with_an_example(door: Door, body: dict[str, Any]) -> None:
    problem = assert_problem(await door.post("recovered-carts", body), 422)
    (error, *_more) = problem["errors"]
    assert "token" in str(error) or "email" in str(error)
    if "email" not in body:
        assert error["example"]


async def test_a_link_is_opened_only_by_the_shop_itself(door: Door) -> None:
    """The token travels in the body, with the shop's key: it is in no log of addresses."""
    token = token_for(door)
    assert_problem(await door.http.post("/v1/shops/shop1/recovered-carts", json={"token": token}), 401)
    as_shop2 = await door.http.post("/v1/shops/shop1/recovered-carts", json={"token": token}, headers=door.auth("shop2"))
    assert_problem(as_shop2, 404)
    assert_problem(await door.http.get(f"/v1/shops/shop1/recovered-carts?token={token}", headers=door.auth("shop1")), 405)


async def test_opening_a_link_writes_nothing_down(door: Door, tmp_path: Path) -> None:
    token = token_for(door)
    await door.post("recovered-carts", {"token": token})
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("gateway.db*"))  # noqa: ASYNC240 - a test may block
    assert stored
    assert token.encode() not in stored
