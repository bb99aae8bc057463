"""What undoes a purchase does not leave while that purchase is parked (R17, R19)."""

from typing import Any

import pytest

from app.domain.commands import AddEvent, EventKind
from app.domain.delivery.outcomes import Delivered, Outcome, Refused
from app.domain.events import Event
from app.domain.operations.replay import ParkedFilter
from app.services.operations.replay import Operations
from app.storage.outbox import leases
from tests.support.world import JAN, World, cancels, edits, orders, returns, views

PARKED = ("parked", "waits_for_parked")


def refuses_purchases(_method: str, items: list[Any]) -> Outcome:
    is_purchase = any(isinstance(one, AddEvent) and one.kind is EventKind.PURCHASE for one in items)
    return Refused("no such currency") if is_purchase else Delivered()


def takes_all(_method: str, _items: list[Any]) -> Outcome:
    return Delivered()


def kinds(world: World) -> list[EventKind]:
    return [one.kind for one in world.upstream.sent(AddEvent)]


@pytest.mark.parametrize("undoes", [cancels("o1", minutes=90), returns("o1", minutes=90)], ids=["cancellation", "return"])
@pytest.mark.parametrize("waiting", [True, False], ids=["queued with it", "later"])
async def test_r17_what_undoes_a_refused_purchase_is_parked_with_it_and_leaves_behind_it(
    world: World, undoes: Event, waiting: bool
) -> None:
    world.upstream.respond = refuses_purchases
    await world.post(orders("o1"))
    await (world.plan() if waiting else world.run_for(hours=1))
    await world.post(undoes, views("7", JAN, 91))
    await world.run_for(hours=2)
    assert await world.states() == {"e1": ("parked", "refused"), "e2": PARKED, "e3": ("sent", None)}
    assert EventKind.CANCELLATION not in kinds(world)
    assert EventKind.RETURN not in kinds(world)
    world.upstream.respond = takes_all
    world.upstream.calls.clear()
    await Operations(world.store, world.directory, world.clock, lambda: None).replay(ParkedFilter())
    await world.run_for(hours=1)
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}
    assert len(kinds(world)) == 2
    assert kinds(world)[0] is EventKind.PURCHASE


async def test_r17_of_another_order_it_leaves(world: World) -> None:
    await world.post(orders("o2"))
    await world.run()
    world.upstream.respond = refuses_purchases
    await world.post(orders("o1", minutes=1))
    await world.run_for(hours=1)
    await world.post(cancels("o2", minutes=90))
    await world.run_for(hours=1)
    assert (await world.states())["e3"] == ("sent", None)


async def test_r17_once_a_newer_version_of_the_order_arrived_what_undoes_it_leaves(world: World) -> None:
    world.upstream.respond = refuses_purchases
    await world.post(orders("o1"))
    await world.run_for(hours=1)
    world.upstream.respond = takes_all
    await world.post(edits(orders("o1"), 70, currency="EUR"))
    await world.run_for(hours=1)
    assert (await world.states())["e2"] == ("sent", None)
    await world.post(cancels("o1", minutes=200))
    await world.run_for(hours=1)
    assert (await world.states())["e3"] == ("sent", None)
    assert kinds(world)[-1] is EventKind.CANCELLATION


async def test_r17_what_waits_behind_a_claim_that_is_parked_whole_leaves_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.upstream.respond = refuses_purchases
    await world.post(orders("o1"))
    await world.run_for(hours=1)
    monkeypatch.setattr(leases, "COMMANDS_PER_CLAIM", 1)
    await world.post(cancels("o1", minutes=90), views("7", JAN, 91))
    await world.run()
    assert await world.states() == {"e1": ("parked", "refused"), "e2": PARKED, "e3": ("sent", None)}
