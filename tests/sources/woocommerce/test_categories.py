"""Categories of goods, which WooCommerce's orders do not say: looked up in the shop's public Store API (R86)."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from app.domain.events import OrderPlaced
from app.domain.intake.pushes import SourceName, StoredPush
from app.domain.values import replace
from app.sources.findings import Translation
from app.sources.platforms import Later
from app.sources.woocommerce.categories import Categories
from app.sources.woocommerce.source import TRIES, WooCommerceSource
from tests.conftest import Clock
from tests.sources.woocommerce.shop import ORDER, SHOP, changed, sample
from tests.support.builders import at


class Site:
    """A shop's Store API. `status`: what it answers instead, if not 200."""

    def __init__(self, clock: Clock) -> None:
        self.asked: list[str] = []
        self.status = 200
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self.answer))
        self.categories = Categories(self.http, clock)

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request.url.path.rpartition("/")[2])
        if self.status != 200:
            return httpx.Response(self.status)
        rows = sample(self.asked[-1])
        wanted = request.url.params.get("include", "").split(",")
        return httpx.Response(200, json=[one for one in rows if self.asked[-1] != "products" or str(one["id"]) in wanted])


@pytest.fixture
def site(clock: Clock) -> Site:
    return Site(clock)


def pushed(**said: Any) -> StoredPush:
    lines = [{"id": number, "name": "x", "product_id": number, "quantity": 1, "price": 1} for number in (93, 94, 95)]
    body = json.dumps(changed(ORDER, line_items=lines)).encode()
    name = SourceName("woocommerce", "shop1")
    push = StoredPush(id=1, source=name, kind="order.created", content_type="", body=body, received_at=at("2026-03-22T20:00"))
    return replace(push, **said)


def paths(read: object) -> list[tuple[tuple[str, ...], ...]]:
    assert isinstance(read, Translation)
    (order,) = {one.event for finding in read.findings for one in finding.first if isinstance(one.event, OrderPlaced)}
    return [item.menu_paths for item in order.items]


async def read(site: Site, push: StoredPush) -> Any:
    (found,) = await WooCommerceSource(site.categories).read([push], [SHOP])
    return found


async def test_r86_categories_are_looked_up_with_those_they_stand_in(site: Site) -> None:
    assert paths(await read(site, pushed())) == [
        (("Odzież", "Buty", "Męskie"), ("Promocje",)),
        (("Odzież",),),
        (),  # a product that the shop does not show
    ]


async def test_r86_what_was_looked_up_is_remembered_for_half_a_day(site: Site, clock: Clock) -> None:
    await read(site, pushed())
    await read(site, pushed())
    assert site.asked == ["products", "categories"]
    clock.advance(minutes=13 * 60)
    await read(site, pushed())
    assert site.asked == ["products", "categories"] * 2


async def test_r86_nothing_is_asked_where_the_lines_say_their_categories(site: Site) -> None:
    lines = [{"id": 1, "product_id": 93, "quantity": 1, "price": 1, "categories": [{"id": 1, "name": "Obuwie"}]}]
    push = pushed(body=json.dumps(changed(ORDER, line_items=lines)).encode())
    assert paths(await read(site, push)) == [(("Obuwie",),)]
    assert site.asked == []


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_r86_a_shop_that_shows_no_products_has_orders_without_sections(site: Site, status: int) -> None:
    site.status = status
    assert paths(await read(site, pushed())) == [(), (), ()]


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_r86_a_shop_that_does_not_answer_is_asked_later_and_not_for_ever(site: Site, status: int) -> None:
    site.status = status
    assert isinstance(await read(site, pushed()), Later)
    assert paths(await read(site, pushed(tries=TRIES))) == [(), (), ()]


async def test_r71_a_shop_that_does_not_answer_is_asked_once_for_all_of_its_pushes(site: Site) -> None:
    """Each would take as long as an answer is waited for, and other shops' pushes would wait for all of them."""
    site.status = 503
    await read(site, pushed())
    once = len(site.asked)
    site.asked.clear()
    some = [pushed(tries=TRIES), pushed(), pushed(tries=TRIES), pushed()]
    found = await WooCommerceSource(site.categories).read(some, [SHOP])
    assert [isinstance(one, Later) for one in found] == [False, True, False, True]
    assert len(site.asked) == once


@pytest.mark.parametrize("answer", [b"", b"[1, null]", b'{"code": "x"}', b'[{"id": 93, "categories": [{"id": 5}, {}, 1]}]'])
async def test_r86_odd_answers_say_nothing(clock: Clock, answer: bytes) -> None:
    odd: Callable[[httpx.Request], httpx.Response] = lambda _request: httpx.Response(200, content=answer)  # noqa: E731
    categories = Categories(httpx.AsyncClient(transport=httpx.MockTransport(odd)), clock)
    assert set((await categories.of(SHOP, ["93"])).values()) <= {()}
