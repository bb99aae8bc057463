"""Calls have ended, and what became of them is being written down: others may call, unless SALESmanago does not answer."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

from app.domain.commands import UpsertContact
from app.domain.delivery.outcomes import Unreachable
from app.services.delivery.loop import CLAIMS_IN_FLIGHT
from app.services.delivery.senders.salesmanago_sender import CONTACTS_PER_BATCH
from tests.services.delivery.workers.many import MAIN, a_worker, rows
from tests.support.world import World, registers, scripted


async def two_that_wait(world: World, method: str) -> tuple[asyncio.Event, list[asyncio.Task[int]]]:
    """As many workers as may call wait in a method of their recorders; a third batch is due."""
    await world.post(*(registers(f"c{n:04}@example.pl") for n in range(3 * CONTACTS_PER_BATCH)))
    await world.plan()
    go, entered, running = asyncio.Event(), asyncio.Semaphore(0), list[asyncio.Task[int]]()
    for worker in [a_worker(world) for _ in range(CLAIMS_IN_FLIGHT)]:

        def held(does: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
            async def later(*arguments: Any, **named: Any) -> None:
                entered.release()
                await go.wait()
                await does(*arguments, **named)

            return later

        setattr(worker._recorder, method, held(getattr(worker._recorder, method)))
        running.append(asyncio.create_task(worker.deliver_due(MAIN)))
    for _ in running:
        await asyncio.wait_for(entered.acquire(), 10)
    return go, running


async def test_others_call_while_what_became_of_calls_is_recorded_and_nobody_is_served_twice(world: World) -> None:
    go, recording = await two_that_wait(world, "record")
    assert await a_worker(world).deliver_due(MAIN) == CONTACTS_PER_BATCH
    assert await a_worker(world).deliver_due(MAIN) == 0
    go.set()
    assert sum(await asyncio.gather(*recording)) == 2 * CONTACTS_PER_BATCH
    assert Counter(one.email for one in world.upstream.sent(UpsertContact)) == Counter(
        f"c{n:04}@example.pl" for n in range(3 * CONTACTS_PER_BATCH)
    )
    assert await rows(world) == 0
    await world.at_rest()


async def test_nobody_else_calls_before_it_is_noted_that_salesmanago_does_not_answer(world: World) -> None:
    world.upstream.respond = scripted(*[Unreachable("no route")] * 200)
    go, noting = await two_that_wait(world, "note_health")
    asked = len(world.upstream.methods)
    assert await a_worker(world).deliver_due(MAIN) == 0
    assert len(world.upstream.methods) == asked
    go.set()
    await asyncio.gather(*noting)
