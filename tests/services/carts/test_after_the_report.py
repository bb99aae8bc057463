"""A cart that changes after its report overwrites it, or is a new event."""

import pytest

from app.domain.events import Event
from tests.services.carts.stories import at_minute, carts_sent, carts_there, filled, fire, restarted
from tests.support.world import JAN, World, at, orders, withdraws


async def test_a_late_change_overwrites_the_same_event_while_it_is_fresh(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 90, filled(90, "101", "102"))
    await fire(world, 149)
    assert len(carts_sent(world)) == 1
    world = await restarted(world)
    await fire(world, 150)
    assert [event.overwrites for event in carts_sent(world)] == [None, "event-1"]
    assert carts_there(world) == [(JAN, ("101", "102"))]
    assert world.upstream.events[-1].at == at(90)
    assert await world.at_rest() == {"e1": ("sent", None), "e2": ("sent", None)}


@pytest.mark.parametrize(
    ("fires_at", "events"),
    [(60 + 12 * 60 - 1 / 60, 1), (60 + 12 * 60, 2), (60 + 30 * 60, 2)],
    ids=["11:59:59", "12:00:00", "30 h"],
)
async def test_twelve_hours_after_the_report_a_change_becomes_a_new_event(world: World, fires_at: float, events: int) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, fires_at - 60, filled(fires_at - 60, "102"))
    await fire(world, fires_at)
    assert len(carts_sent(world)) == 2
    assert len(carts_there(world)) == events
    await world.at_rest()


async def test_each_change_of_a_long_day_overwrites_the_event_of_the_one_before(world: World) -> None:
    await at_minute(world, 0, filled(0, "0"))
    await fire(world, 60)
    for turn in range(1, 4):
        await at_minute(world, turn * 120, filled(turn * 120, str(turn)))
        await fire(world, turn * 120 + 60)
    assert [event.overwrites for event in carts_sent(world)] == [None, "event-1", "event-1", "event-1"]
    assert carts_there(world) == [(JAN, ("3",))]
    await world.at_rest()


async def test_an_event_that_stands_in_for_one_that_is_gone_is_overwritten_from_then_on(world: World) -> None:
    await at_minute(world, 0, filled(0, "1"))
    await fire(world, 60)
    world.upstream.forgets = True
    await at_minute(world, 100, filled(100, "2"))
    await fire(world, 160)
    world.upstream.forgets = False
    await at_minute(world, 200, filled(200, "3"))
    await fire(world, 260)
    assert [event.overwrites for event in carts_sent(world)] == [None, "event-1", None, "event-2"]
    assert carts_there(world) == [(JAN, ("1",)), (JAN, ("3",))]
    await world.at_rest()


@pytest.mark.parametrize("comes", [orders(minutes=155), withdraws(minutes=155)], ids=["bought", "withdrawn"])
async def test_what_comes_while_an_update_is_refused_keeps_the_stand_in_from_leaving(world: World, comes: Event) -> None:
    await at_minute(world, 0, filled(0, "1"))
    await fire(world, 60)
    world.upstream.forgets = True
    await at_minute(world, 100, filled(100, "2"))

    async def refused(method: str, items: list) -> None:
        if method == "update_event":
            world.upstream.before_return = None
            await world.post(comes)
            await world.plan()

    world.upstream.before_return = refused
    await fire(world, 160)
    await world.run_for(hours=3)
    assert [event.overwrites for event in carts_sent(world)] == [None, "event-1"]
    assert carts_there(world) == [(JAN, ("1",))]
    assert (await world.at_rest())["e2"][0] in {"superseded", "withheld"}


async def test_a_stand_in_waits_for_its_slot_like_any_call(world: World) -> None:
    await at_minute(world, 0, filled(0, "1"))
    await fire(world, 60)
    world.upstream.forgets = True
    await at_minute(world, 100, filled(100, "2"))
    turns = iter([True, True, False])

    async def ready() -> bool:
        return next(turns, True)

    world.upstream.ready = ready  # type: ignore[method-assign]
    await fire(world, 160)
    assert [event.overwrites for event in carts_sent(world)] == [None, "event-1", "event-1", None]  # refused, given up, again
    assert carts_there(world) == [(JAN, ("1",)), (JAN, ("2",))]
    await world.at_rest()


async def test_a_purchase_in_between_makes_the_next_cart_a_new_event(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 90, orders(minutes=90))
    await at_minute(world, 100, filled(100, "101", "102"))
    await fire(world, 160)
    assert [event.overwrites for event in carts_sent(world)] == [None, None]
    await world.at_rest()


async def test_a_purchase_in_between_that_is_reported_late_makes_the_next_cart_a_new_event_too(world: World) -> None:
    """Contract 3.5: with the order the stored id is forgotten, or the cart that was bought would never have been."""
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 100, filled(100, "101", "102"))
    await at_minute(world, 110, orders(minutes=90))
    await fire(world, 160)
    assert carts_there(world) == [(JAN, ("101",)), (JAN, ("101", "102"))]
    await world.at_rest()


async def test_the_same_goods_after_a_purchase_are_a_new_cart(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 90, orders(minutes=90))
    await at_minute(world, 100, filled(100, "101"))
    await fire(world, 160)
    assert [(event.at, event.overwrites) for event in carts_sent(world)] == [(at(0), None), (at(100), None)]
    await world.at_rest()


async def test_an_emptied_cart_that_was_reported_is_silent_and_filled_again_overwrites(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 70, filled(70))
    await fire(world, 135)
    assert len(carts_sent(world)) == 1
    await at_minute(world, 140, filled(140, "101"))
    await fire(world, 201)
    assert [event.overwrites for event in carts_sent(world)] == [None, "event-1"]
    assert (await world.at_rest())["e2"] == ("superseded", "cart_emptied")
