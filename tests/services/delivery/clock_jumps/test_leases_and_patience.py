"""M5: leases and patience after a clock that was ahead, and after one that was right."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.domain.delivery.outcomes import LONGEST_DELAY, Throttled, Unreachable
from app.storage.engine.tables import contact_queues
from tests.services.delivery.clock_jumps.stories import MAIN, Steady, ahead
from tests.support.world import EWA, JAN, World, registers


async def test_m5_a_lease_given_by_a_clock_ahead_ends_within_the_length_of_a_lease(world: World, steady: Steady) -> None:
    await world.post(registers(JAN))
    await world.plan()
    await world.delivery.watch_clock()
    world.clock.now += timedelta(days=2)
    async with world.store.work() as work:  # a process claims, and dies
        assert await work.leases.claim(MAIN, (), 10, world.clock(), timedelta(seconds=60))
        await work.commit()
    await world.delivery.watch_clock()
    world.clock.now -= timedelta(days=2)
    await world.deliver()
    assert world.upstream.sent() == []
    await world.delivery.watch_clock()
    await world.deliver()
    assert len(world.upstream.sent()) == 1
    await world.at_rest()


async def test_m5_a_right_clock_changes_nothing(world: World, steady: Steady) -> None:
    world.upstream.respond = lambda method, items: Throttled(LONGEST_DELAY.total_seconds())
    await world.post(registers(JAN), registers(EWA))
    await world.run()

    async def boxes() -> list[Any]:
        async with world.database.transaction() as connection:
            return list((await connection.execute(select(contact_queues))).all())

    before = await boxes()
    assert before
    for seconds, error in ((0, 0), (30, 0), (30, 4), (30, -4), (3600, 7200)):  # ahead is not back
        steady.now += seconds
        world.clock.advance(seconds=seconds + error)
        await world.delivery.watch_clock()
    assert await boxes() == before


async def test_m5_patience_is_not_counted_from_the_future(world: World, steady: Steady) -> None:
    await ahead(world, timedelta(days=100), Unreachable("down"), steady)
    await world.delivery.watch_clock()
    world.upstream.respond = lambda method, items: Unreachable("down")
    await world.run_for(hours=24 * 9, steps=60)
    assert {reason for _, reason in (await world.states()).values()} == {"gave_up"}
