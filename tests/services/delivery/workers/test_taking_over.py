"""A gateway on SQLite that was killed: the next one waits for nothing that it held."""

from datetime import timedelta

import pytest

from app.domain.delivery.circuit_breaker import CLOSED, Circuit
from app.domain.delivery.outcomes import Delivered, Throttled
from app.services.delivery.taking_over import LOCK_OF_A_PANEL, take_over
from tests.services.delivery.workers.many import MAIN, MINUTE, a_worker, breaks, in_flight
from tests.support.world import World, registers


async def starts_again(world: World) -> None:
    async with world.store.work() as work:
        await take_over(work)
        await work.commit()


async def killed_in_a_call(world: World) -> None:
    """What was called stays unknown, and nothing is recorded."""

    async def killed(method: str, items: list[object]) -> None:
        raise KeyboardInterrupt

    world.upstream.before_answer = killed
    with pytest.raises(KeyboardInterrupt):
        await a_worker(world).deliver_due(MAIN)
    world.upstream.before_answer = None


async def test_who_was_killed_while_trying_whether_a_destination_is_back_leaves_that_to_the_next(world: World) -> None:
    await breaks(world)
    world.upstream.respond = lambda method, items: Delivered()
    await killed_in_a_call(world)
    assert (await world.breaker()).state(world.clock()) is Circuit.OPEN
    assert await a_worker(world).deliver_due(MAIN) == 0
    await starts_again(world)
    assert await in_flight(world) == 0
    assert await a_worker(world).deliver_due(MAIN) == 1
    assert await world.breaker() == CLOSED
    await world.deliver()
    await world.at_rest()


async def test_a_rest_that_a_destination_asked_for_outlasts_the_gateway(world: World) -> None:
    world.upstream.respond = lambda method, items: Throttled(90.0)
    await world.post(registers("jan@example.pl"))
    await world.plan()
    await a_worker(world).deliver_due(MAIN)
    before = await world.breaker()
    await starts_again(world)
    assert await world.breaker() == before
    assert before.state(world.clock() + timedelta(seconds=89)) is Circuit.OPEN


async def test_a_lock_of_a_panel_ends_with_the_gateway_and_one_of_a_sweep_does_not(world: World) -> None:
    now, panel, asking = world.clock(), f"{LOCK_OF_A_PANEL}demo.example", "turn:sweep:main"

    async def taken(name: str, holder: str) -> bool:
        async with world.store.work() as work:
            found = await work.registry.acquire_lock(name, holder, now, now + MINUTE)
            await work.commit()
            return found

    assert await taken(panel, "killed")
    assert await taken(asking, "killed")
    assert not await taken(panel, "next")
    await starts_again(world)
    assert await taken(panel, "next")
    assert not await taken(asking, "next")
