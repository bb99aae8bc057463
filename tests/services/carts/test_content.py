"""The same content is told once."""

from dataclasses import replace
from decimal import Decimal

import pytest

from app.domain.event_parts import Item
from tests.services.carts.stories import at_minute, carts_sent, carts_there, filled, fire
from tests.support.world import JAN, World, at

SAME = {
    "the same": filled(0, "101", "102x2").items,
    "another order": filled(0, "102x2", "101").items,
    "other names": tuple(replace(item, name="renamed") for item in filled(0, "101", "102x2").items),
    "other prices": tuple(replace(item, unit_price=Decimal("0.01")) for item in filled(0, "101", "102x2").items),
    "another scale": tuple(replace(item, quantity=item.quantity + Decimal("0.000")) for item in filled(0, "101", "102x2").items),
}


@pytest.mark.parametrize("items", SAME.values(), ids=SAME.keys())
@pytest.mark.parametrize("again_at", [30, 90])
async def test_the_same_content_again_is_no_event_before_or_after_the_report(
    world: World, items: tuple[Item, ...], again_at: int
) -> None:
    await at_minute(world, 0, filled(0, "101", "102x2"))
    await fire(world, min(again_at, 60))
    await at_minute(world, again_at, filled(again_at, items=items, value=Decimal("7.77")))
    await fire(world, 60)
    assert len(carts_sent(world)) == 1
    await fire(world, again_at + 61)
    await fire(world, again_at + 125)
    assert len(carts_sent(world)) == 1
    assert await world.at_rest() == {"e1": ("sent", None), "e2": ("superseded", "cart_unchanged")}


@pytest.mark.parametrize("email", [JAN, None], ids=["known", "guest"])
async def test_r41_the_report_tells_the_newest_value_currency_link_and_names_of_the_same_goods(
    world: World, email: str | None
) -> None:
    await at_minute(world, 0, filled(0, "101", email=email, value=Decimal("200.00")))
    newest = filled(50, "101", email=email, value=Decimal("45.00"), currency="EUR", recovery_url="https://sklep.example/b/2")
    newest = replace(newest, items=(replace(newest.items[0], name="n101, rozmiar 42"),))
    await at_minute(world, 50, newest)
    await at_minute(world, 55, filled(55, "101", email=JAN, value=Decimal("45.00"), currency="EUR", items=newest.items))
    await fire(world, 59)
    assert carts_sent(world) == []
    await fire(world, 60)
    (report,) = carts_sent(world)
    assert (report.value, report.currency, report.link) == (Decimal("45.00"), "EUR", "https://sklep.example/b/2")
    assert (report.at, report.lines[0].name) == (at(0), "n101, rozmiar 42")
    assert [state for state, _ in (await world.at_rest()).values()] == ["sent", "superseded", "superseded"]


@pytest.mark.parametrize("goods", [("101x2",), ("101", "101"), ("102",), ("101", "102"), ("1011",)])
async def test_other_content_starts_the_idle_hour_again(world: World, goods: tuple[str, ...]) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await at_minute(world, 59, filled(59, *goods))
    await fire(world, 118)
    assert carts_sent(world) == []
    await fire(world, 119)
    assert len(carts_sent(world)) == 1
    await world.at_rest()


async def test_a_change_and_back_again_is_a_new_spell_of_quiet(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await at_minute(world, 30, filled(30, "102"))
    await at_minute(world, 40, filled(40, "101"))
    await fire(world, 99)
    assert carts_sent(world) == []
    await fire(world, 100)
    assert carts_there(world) == [(JAN, ("101",))]
    await world.at_rest()


async def test_older_states_that_come_late_change_nothing(world: World) -> None:
    await at_minute(world, 31, filled(30, "102"))
    await at_minute(world, 32, filled(0, "101"))
    await fire(world, 90)
    assert carts_there(world) == [(JAN, ("102",))]
    assert await world.at_rest() == {"e1": ("sent", None), "e2": ("superseded", "cart_replaced")}


async def test_a_state_older_than_a_repetition_of_the_newest_changes_nothing(world: World) -> None:
    """101 at 0, 102 at 30, 101 at 40; the middle one comes last. What lies in the basket is 101."""
    await at_minute(world, 41, filled(0, "101"), filled(40, "101"))
    await at_minute(world, 42, filled(30, "102"))
    await fire(world, 101)
    assert carts_there(world) == [(JAN, ("101",))]
