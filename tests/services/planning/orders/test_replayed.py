"""Parked versions and cancellations of an order that are replayed (R18)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from app.domain.commands import EventKind
from app.domain.delivery.outcomes import Delivered, Outcome, Refused
from app.domain.operations.replay import ParkedFilter
from app.domain.reasons import Reason
from app.services.operations.replay import Operations
from tests.services.planning.orders.stories import CHEAPER, ORDER, bought, shown
from tests.support.world import (
    World,
    cancels,
    edits,
)


async def replayed(world: World) -> None:
    await Operations(world.store, world.directory, world.clock, lambda: None).replay(ParkedFilter())
    await world.run_for(hours=2)


def refusing(method: str) -> Callable[[str, list[Any]], Outcome]:
    return lambda called, items: Refused("no") if called == method else Delivered()


async def test_r18_a_parked_version_that_is_replayed_does_not_overwrite_a_newer_one(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    world.upstream.respond = refusing("update_event")
    await world.post(CHEAPER)
    await world.run()
    world.upstream.respond = lambda method, items: Delivered()
    await world.post(edits(CHEAPER, 10, value=Decimal("70.00")))
    await world.run_for(hours=2)
    assert (await world.states())["e2"] == ("parked", "refused")
    await replayed(world)
    assert (await world.states())["e2"] == ("superseded", "order_replaced")
    await world.post(edits(CHEAPER, 20, value=Decimal("60.00")))
    await world.run()
    assert shown(world) == [bought("60.00")], "and the newest one is still known as the one to be changed"


async def test_r18_a_parked_purchase_of_which_a_newer_version_is_parked_too_leaves_as_that(world: World) -> None:
    world.upstream.respond = lambda called, items: Refused("no") if "event" in called else Delivered()
    await world.post(ORDER)
    await world.run()
    await world.post(CHEAPER)
    await world.run_for(hours=24)
    assert set((await world.states()).values()) == {("parked", "refused")}
    world.upstream.respond = lambda method, items: Delivered()
    await replayed(world)
    assert shown(world) == [bought("99.00")]
    assert [try_.reason for try_ in (await world.trace("e1")).commands if try_.reason] == [Reason.ORDER_REPLACED]
    await world.at_rest()


async def test_r18_a_parked_cancellation_of_an_order_that_stands_again_is_not_replayed(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    world.upstream.respond = refusing("add_event")
    await world.post(cancels(minutes=3))
    await world.run()
    world.upstream.respond = lambda method, items: Delivered()
    await world.post(CHEAPER)
    await world.run_for(hours=2)
    await replayed(world)
    assert (await world.states())["e2"] == ("superseded", "order_replaced")
    assert shown(world) == [bought("99.00")]


async def test_r18_a_parked_cancellation_of_a_cancelled_order_is_replayed(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    world.upstream.respond = refusing("add_event")
    await world.post(cancels(minutes=3))
    await world.run()
    world.upstream.respond = lambda method, items: Delivered()
    await replayed(world)
    assert [kind for _, _, kind, _ in shown(world)] == [EventKind.PURCHASE, EventKind.CANCELLATION]
    assert (await world.at_rest())["e2"] == ("sent", None)
