"""Walking a merchant through connecting a shop, against the panel's stand-in (R84, R85)."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.bootstrap.shop_sides import ShopSides
from app.domain.consent import Policy
from app.domain.errors import NotFound, NotPossible
from app.domain.shops.shop import Panel, Shop, ShopSource
from app.sandbox.panel import Key
from app.sources.idosell.connecting import Connecting, limits_of
from app.storage.unit_of_work import Store
from tests.conftest import Clock
from tests.sources.idosell.shopping import KEY, Shopping
from tests.sources.stage import TOKEN, source_shop


@pytest.fixture
async def shopping(store: Store, clock: Clock) -> AsyncIterator[Shopping]:
    made = Shopping(store, clock)
    await made.stage.open()
    made.registers(1024)
    yield made
    await made.http.aclose()


def connecting(shopping: Shopping) -> Connecting:
    return Connecting(shopping.stage.directory, shopping.panels, "https://gateway.example/")


async def test_r85_a_key_that_opens_everything_is_good_and_what_to_enter_is_said(shopping: Shopping) -> None:
    found = await connecting(shopping).check("shop1")
    assert found.good
    assert {(one.area, one.level) for one in found.checks} == {
        ("SYSTEM", "r"),
        ("CRM", "r"),
        ("OMS", "r"),
        ("PIM", "r"),
        ("CRM", "rw"),
    }
    assert (found.address, found.tokens) == ("https://gateway.example/sources/idosell/1234", (TOKEN,))
    assert {"clientCreated", "orderCreated", "orderCanceled", "returnConfirmed"} <= set(found.events)
    assert any("SALESmanago module off" in one.en for one in found.notes)
    assert any("shadow" in one.en for one in found.notes)
    assert TOKEN not in repr(found)


@pytest.mark.parametrize(
    ("areas", "missing"),
    [
        ({"crm": "r", "oms": "r", "pim": "r", "system": "r"}, {"writing opt-outs and tags"}),
        ({"crm": "rw", "pim": "r", "system": "r"}, {"orders", "returns"}),
        ({"crm": "rw", "oms": "r", "system": "r"}, {"products and their menus"}),
    ],
)
async def test_r85_each_missing_right_is_named_with_its_area_and_level(
    shopping: Shopping, areas: dict[str, str], missing: set[str]
) -> None:
    shopping.sandbox.keys = [Key(KEY, areas)]
    found = await connecting(shopping).check("shop1")
    wrong = [one for one in found.checks if not one.good]
    assert {one.what.en for one in wrong} == missing
    assert all("the key needs the area" in one.words for one in wrong)


@pytest.mark.parametrize("tags", [{}, {"vip": 4}])
async def test_r85_the_write_that_is_tried_changes_nothing(shopping: Shopping, tags: dict[str, int]) -> None:
    anna = shopping.panel.customers[1024]
    shopping.panel.staff_tags(anna, tags, (), shopping.now)
    before = repr(shopping.panel.customers)
    await connecting(shopping).check("shop1")
    assert repr(shopping.panel.customers) == before


async def test_r85_a_shop_without_source_learns_the_panels_number(shopping: Shopping) -> None:
    await shopping.stage.configure(source_shop(source=ShopSource()))
    found = await connecting(shopping).check("shop1")
    assert (found.panel, found.tokens) == ("1234", ())
    assert "[shops.shop1.source]" in found.notes[0].en


async def test_r85_wrong_numbers_are_noticed(shopping: Shopping) -> None:
    other = ShopSource(kind=shopping.shop.source.kind, name="99")
    await shopping.stage.configure(source_shop(source=other, number=7))
    notes = " ".join(one.en for one in (await connecting(shopping).check("shop1")).notes)
    assert "its number is 1234" in notes
    assert "`number` of this shop is 7" in notes


async def test_r85_without_a_panel_it_says_what_to_write_first(shopping: Shopping) -> None:
    await shopping.stage.configure(source_shop(panel=Panel()))
    async with httpx.AsyncClient() as http:
        sides = ShopSides(shopping.stage.directory, http, http, shopping.stage.clock)
        with pytest.raises(NotPossible, match="base_url"):
            await Connecting(shopping.stage.directory, sides, "https://gateway.example/").check("shop1")
    with pytest.raises(NotFound):
        await connecting(shopping).check("nobody")


async def test_r85_that_the_panel_cannot_reach_the_gateway_is_said(shopping: Shopping) -> None:
    local = Connecting(shopping.stage.directory, shopping.panels, "http://127.0.0.1:8000")
    assert any("GATEWAY_PUBLIC_URL" in one.en for one in (await local.check("shop1")).notes)
    assert not any("GATEWAY_PUBLIC_URL" in one.en for one in (await connecting(shopping).check("shop1")).notes)


def words(shop: Shop) -> str:
    assert all(one.pl and one.pl != one.en for one in limits_of(shop))
    return " ".join(one.en for one in limits_of(shop))


def test_r84_what_the_panel_cannot_tell_is_said_for_the_shops_policy() -> None:
    careful = words(source_shop(policy=Policy.ORDER_CONSENT))
    assert "order_consent" in careful
    assert "is not sent" in careful
    assert "consent box" not in words(source_shop())
    assert "counts as a resignation" in words(source_shop(propagate_unconfirmed_removals=True))
