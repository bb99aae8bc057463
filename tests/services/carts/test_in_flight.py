"""A cart that changes while its report is on its way, and a report that comes late or unheard."""

import pytest

from app.domain.commands import EventKind
from app.domain.delivery.circuit_breaker import Circuit
from app.domain.delivery.outcomes import Delivered, Unknown
from tests.services.carts.stories import DOWN, SECOND, at_minute, carts_sent, carts_there, filled, fire
from tests.support.world import JAN, World, at, registers, subscribes, views


@pytest.mark.parametrize("goods", [(), ("102",)], ids=["emptied", "changed"])
async def test_a_cart_touched_while_its_report_waits_is_not_reported_as_it_was(world: World, goods: tuple[str, ...]) -> None:
    """R40: never before 60 minutes without change. At the moment of sending it was changed a minute ago."""
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 65, filled(65, *goods))
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=0.5)
    assert carts_sent(world) == []


async def test_a_report_salesmanago_could_not_take_in_time_is_dropped_and_the_rest_still_goes(world: World) -> None:
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 100)
    await at_minute(world, 101, views(minutes=101), subscribes(minutes=101))
    world.clock.now = at(130)
    await world.run()
    assert carts_sent(world) == []
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    assert carts_sent(world) == []
    assert await world.at_rest() == {"e1": ("superseded", "cart_stale"), "e2": ("sent", None), "e3": ("sent", None)}
    assert [event.kind for event in world.upstream.events] == [EventKind.VISIT]
    assert list(world.upstream.contacts) == [JAN]


async def test_a_report_is_still_sent_in_the_last_second_of_its_window(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    world.clock.now = at(60)
    await world.carts.report_quiet()
    world.clock.now = at(130) - SECOND
    await world.run()
    assert len(carts_there(world)) == 1


async def test_a_dropped_report_is_nothing_to_overwrite(world: World) -> None:
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    world.clock.now = at(131)
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    await at_minute(world, 200, filled(200, "102"))
    await fire(world, 261)
    assert [event.overwrites for event in carts_sent(world)] == [None]
    assert carts_there(world) == [(JAN, ("102",))]
    await world.at_rest()


async def test_a_report_that_came_too_late_proves_nothing_of_salesmanago(world: World) -> None:
    """It is dropped here, so that the probe it was sent out as never asked."""
    await at_minute(world, 0, registers(), filled(0, "101"))
    await world.run()
    world.upstream.respond = lambda method, items: DOWN
    await fire(world, 60)
    before = await world.breaker()
    world.clock.now = at(131)
    assert before.state(at(131)) is Circuit.HALF_OPEN
    await world.deliver()
    assert await world.breaker() == before
    assert (await world.at_rest())["e2"] == ("superseded", "cart_stale")


async def test_an_unknown_outcome_is_looked_up_and_the_cart_is_there_once(world: World) -> None:
    answers = [Unknown("timeout")]
    world.upstream.respond = lambda method, items: answers.pop() if method == "add_event" and answers else Delivered()
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await world.run_for(hours=0.5)
    assert len(carts_there(world)) == len(carts_sent(world)) == 1
    await at_minute(world, 100, filled(100, "102"))
    await fire(world, 160)
    assert carts_there(world)[-1] == (JAN, ("102",))
    await world.at_rest()


async def test_two_carts_of_one_moment_are_both_reported_though_the_outcome_of_one_was_unknown(world: World) -> None:
    """A shop that tells whole seconds may well fill two baskets in one: what arrived of one says nothing of the other."""
    answers = [Unknown("timeout")]
    world.upstream.respond = lambda method, items: answers.pop() if method == "add_event" and answers else Delivered()
    await at_minute(world, 0, filled(0, "101"), filled(0, "102", cart_id="c2"))
    await fire(world, 60)
    await world.run_for(hours=0.5)
    assert sorted(carts_there(world)) == [(JAN, ("101",)), (JAN, ("102",))]
    await world.at_rest()
