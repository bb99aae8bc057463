"""A purchase takes back a report that has not arrived."""

import pytest

from app.domain.delivery.outcomes import Delivered, Outcome, Throttled, Unknown
from tests.services.carts.stories import DOWN, NEW, at_minute, carts_sent, carts_there, fails_for, filled, fire, restarted
from tests.support.world import JAN, World, orders, registers, renames

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
