"""Carts and permission, and several shops."""

import pytest

from app.domain.consent import Policy
from app.domain.delivery.outcomes import Delivered
from tests.services.carts.stories import DOWN, at_minute, carts_sent, carts_there, filled, fire
from tests.support.world import EWA, JAN, World, a_shop, at, erases, grants, orders, registers, withdraws

# -- permission, shops -----------------------------------------------------------------------------------------------------------


async def test_a_withdrawal_keeps_a_waiting_cart_and_a_waiting_report_here(world: World) -> None:
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, filled(0, "101"), filled(50, "102", cart_id="c2"))
    await fire(world, 60)
    await at_minute(world, 65, withdraws(minutes=65))
    world.upstream.respond = lambda method, items: Delivered()
    await fire(world, 111)
    await world.run_for(hours=1)
    assert carts_sent(world) == []
    assert world.upstream.contacts == {}
    states = await world.at_rest()
    assert [states["e1"], states["e2"]] == [("withheld", "consent_withdrawn")] * 2


async def test_carts_from_before_the_consent_stay_here_and_later_ones_go(world: World) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await at_minute(world, 0, filled(0, "101"))
    await at_minute(world, 10, grants(JAN, 10))
    await at_minute(world, 20, filled(20, "101"), filled(20, "102", cart_id="c2"))
    await fire(world, 81)
    assert carts_there(world) == [(JAN, ("102",))]
    assert (await world.at_rest())["e1"] == ("withheld", "no_consent")


async def test_an_erased_persons_carts_are_gone_reported_or_not(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"), filled(50, "102", cart_id="c2"))
    await fire(world, 60)
    await at_minute(world, 65, erases(minutes=65))
    await fire(world, 111)
    await world.run_for(hours=2)
    assert len(carts_sent(world)) == 1
    assert world.upstream.contacts == {}
    assert carts_there(world) == []
    assert (await world.at_rest())["e2"] == ("withheld", "erased")
    assert await world.tables_naming(JAN) == []


async def test_what_an_erased_person_puts_in_later_overwrites_nothing(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 65, erases(minutes=65))
    await world.run()
    await at_minute(world, 70, registers(minutes=70), filled(71, "102"))
    await fire(world, 132)
    assert [event.overwrites for event in carts_sent(world)] == [None, None]
    await world.at_rest()


async def test_a_shop_in_shadow_reports_nothing_and_says_what_it_would_have_done(world: World) -> None:
    await world.configure(a_shop(shadow=True))
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 61)
    assert world.upstream.calls == []
    assert await world.at_rest() == {"e1": ("withheld", "shadow")}
    await world.configure(a_shop())
    await at_minute(world, 70, filled(70, "102"))
    await fire(world, 131)
    assert carts_there(world) == [(JAN, ("102",))]
    assert [event.overwrites for event in carts_sent(world)] == [None]


@pytest.mark.parametrize(("back_at", "reports"), [(100, 1), (131, 0)])
async def test_a_disabled_shops_report_waits_for_it_and_not_longer_than_its_window(
    world: World, back_at: int, reports: int
) -> None:
    await at_minute(world, 0, filled(0, "101"))
    world.clock.now = at(60)
    await world.carts.report_quiet()
    await world.configure(a_shop(enabled=False))
    await fire(world, 70)
    assert carts_sent(world) == []
    world.clock.now = at(back_at)
    await world.configure(a_shop())
    await fire(world, back_at)
    assert len(carts_there(world)) == reports
    await world.at_rest()


async def test_an_order_held_while_the_shop_was_disabled_closes_the_cart_when_it_is_back(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await world.configure(a_shop(enabled=False))
    await at_minute(world, 30, orders(minutes=30))
    await fire(world, 61)
    await world.configure(a_shop())
    await fire(world, 62)
    assert carts_sent(world) == []
    await world.at_rest()


async def test_the_same_cart_id_in_two_shops_is_two_carts(world: World) -> None:
    await world.configure(a_shop(), a_shop("shop2", host="hurt.example", location="hurt_example", number=2))
    await at_minute(world, 0, filled(0, "101"))
    await at_minute(world, 1, filled(1, "202"), shop="shop2")
    await fire(world, 59.9)
    assert carts_sent(world) == []
    await fire(world, 62)
    found = sorted((event.location, event.shop_host, event.lines[0].product_id) for event in carts_sent(world))
    assert found == [("hurt_example", "hurt.example", "202"), ("sklep_example", "sklep.example", "101")]
    await at_minute(world, 70, filled(70, "203"), shop="shop2")
    await fire(world, 131)
    assert [event.overwrites for event in carts_sent(world)][-1] == "event-2"
    assert sorted(carts_there(world)) == [(JAN, ("101",)), (JAN, ("203",))]


async def test_one_shop_that_is_closed_does_not_keep_another_ones_cart(world: World) -> None:
    await world.configure(a_shop(), a_shop("shop2", host="hurt.example", location="hurt_example", number=2))
    await at_minute(world, 0, filled(0, "101"))
    await at_minute(world, 0, filled(0, "202", email=EWA), shop="shop2")
    await world.configure(a_shop(enabled=False), a_shop("shop2", host="hurt.example", location="hurt_example", number=2))
    await fire(world, 61)
    assert carts_there(world) == [(EWA, ("202",))]


async def test_many_carts_of_one_person_each_keep_their_own_event(world: World) -> None:
    await at_minute(world, 0, *(filled(number / 60, str(number), cart_id=f"c{number}") for number in range(6)))
    await fire(world, 61)
    assert len(carts_there(world)) == 6
    await at_minute(world, 80, filled(80, "30", cart_id="c3"))
    await fire(world, 141)
    assert sorted(goods for _, (goods,) in carts_there(world)) == ["0", "1", "2", "30", "4", "5"]
    await world.at_rest()
