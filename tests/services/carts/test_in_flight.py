"""A cart that changes while its report is on its way."""

from collections.abc import Callable

import pytest

from app.domain.commands import EventKind
from app.domain.delivery.circuit_breaker import Circuit
from app.domain.delivery.outcomes import Delivered, Outcome, Throttled, Unknown
from tests.services.carts.stories import DOWN, NEW, SECOND, at_minute, carts_sent, carts_there, filled, fire, restarted
from tests.support.world import JAN, World, at, orders, registers, renames, subscribes, views


def fails_for(method: str, outcome: Outcome) -> Callable[[str, list], Outcome]:
    return lambda called, items: outcome if called == method else Delivered()


# -- a report on its way ------------------------------------------------------------------------------------------------------

STILL_OUT = {"down": DOWN, "throttled": Throttled(60.0), "unknown": Unknown("timeout")}


@pytest.mark.parametrize("outcome", STILL_OUT.values(), ids=STILL_OUT.keys())
@pytest.mark.parametrize("restart", [False, True])
async def test_a_purchase_takes_back_a_report_that_waits_in_the_outbox(world: World, outcome: Outcome, restart: bool) -> None:
    world.upstream.respond, world.upstream.applied = fails_for("add_event", outcome), False
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    assert len(carts_sent(world)) == 1
    world = await restarted(world) if restart else world
    world.upstream.respond = lambda method, items: Delivered()
    await at_minute(world, 61, orders(minutes=61))
    await world.run_for(hours=3)
    assert len(carts_sent(world)) == 1
    assert carts_there(world) == []
    assert await world.at_rest() == {"e1": ("superseded", "cart_bought"), "e2": ("sent", None)}


async def test_a_purchase_reported_late_takes_back_the_report_too(world: World) -> None:
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 65, orders(minutes=1))
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    assert carts_sent(world) == []
    await world.at_rest()


async def test_a_purchase_of_before_the_cart_takes_nothing_back(world: World) -> None:
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 65, orders(minutes=-1))
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    assert carts_there(world) == [(JAN, ("101",))]
    await world.at_rest()


@pytest.mark.parametrize("outcome", STILL_OUT.values(), ids=STILL_OUT.keys())
async def test_a_purchase_while_the_report_is_at_the_wire_keeps_it_from_being_tried_again(world: World, outcome: Outcome) -> None:
    await at_minute(world, 0, registers(), filled(0, "101"))
    await world.run()

    async def bought(method: str, items: list) -> None:
        if method == "add_event":
            world.upstream.before_answer = None
            await world.post(orders(minutes=60))
            await world.plan()

    world.upstream.before_answer = bought
    world.upstream.respond, world.upstream.applied = fails_for("add_event", outcome), False
    await fire(world, 60)
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=3)
    assert len(carts_sent(world)) == 1
    assert carts_there(world) == []
    assert (await world.at_rest())["e2"] == ("superseded", "cart_bought")


async def test_a_purchase_while_the_report_arrives_leaves_it_and_the_next_cart_is_new(world: World) -> None:
    await at_minute(world, 0, registers(), filled(0, "101"))
    await world.run()

    async def bought(method: str, items: list) -> None:
        if method == "add_event":
            world.upstream.before_answer = None
            await world.post(orders(minutes=60))
            await world.plan()

    world.upstream.before_answer = bought
    await fire(world, 60)
    assert (await world.at_rest())["e2"] == ("sent", None)
    await at_minute(world, 70, filled(70, "102"))
    await fire(world, 131)
    assert [event.overwrites for event in carts_sent(world)] == [None, None]
    await world.at_rest()


@pytest.mark.parametrize("merged_at", [10, 65], ids=["before the report", "while the report waits"])
async def test_a_purchase_after_a_merge_takes_back_the_report_of_the_former_contact(world: World, merged_at: int) -> None:
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, registers(JAN), registers(NEW), filled(0, "101"))
    if merged_at < 60:
        await at_minute(world, merged_at, renames(JAN, NEW, merged_at))
    await fire(world, 60)
    await at_minute(world, 66, *([renames(JAN, NEW, merged_at)] if merged_at > 60 else []))
    await at_minute(world, 70, orders(email=NEW, minutes=70))
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    assert carts_sent(world) == []
    await world.at_rest()


async def test_a_merge_with_somebody_who_bought_takes_back_the_waiting_report(world: World) -> None:
    """Guest -> account while SALESmanago is down: the guest had bought what the account's cart held."""
    world.upstream.respond = lambda method, items: DOWN
    await at_minute(world, 0, registers(JAN), registers(NEW), filled(0, "101"))
    await at_minute(world, 30, orders(email=NEW, minutes=30))
    await fire(world, 60)
    await at_minute(world, 66, renames(JAN, NEW, 66))
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    assert carts_sent(world) == []
    await world.at_rest()


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
