"""M5: looking for changes goes on after a clock that was ahead."""

from datetime import timedelta

import pytest

from app.services.from_salesmanago.polling import Poller
from tests.support.world import World


@pytest.mark.parametrize("jump", [timedelta(hours=2), timedelta(days=20)])
async def test_m5_polls_go_on_after_a_clock_that_was_ahead(world: World, jump: timedelta) -> None:
    pull = Poller(world.store, world.directory, lambda _: world.upstream, world.clock, lambda: None, timedelta(0))
    pause = timedelta(minutes=10)
    await pull.pull_changed("main", pause)
    world.clock.now += jump
    await Poller(world.store, world.directory, lambda _: world.upstream, world.clock, lambda: None, timedelta(0)).pull_changed(
        "main", pause
    )
    world.clock.now -= jump
    world.clock.advance(minutes=11)
    world.upstream.windows.clear()
    await pull.pull_changed("main", pause)
    assert min(since for since, _ in world.upstream.windows) <= world.clock() - timedelta(hours=24)
    assert max(until for _, until in world.upstream.windows) == world.clock()
    async with world.store.work() as work:
        assert (await work.registry.entries())["pull:main"] == world.clock().isoformat()


async def test_a_slot_that_another_process_has_rightly_is_kept(world: World) -> None:
    now = world.clock()
    async with world.store.work() as work:
        assert await work.registry.acquire_lock("t", "one", now, now + timedelta(minutes=10))
        assert not await work.registry.acquire_lock("t", "two", now, now + timedelta(minutes=10))
        assert not await work.registry.acquire_lock("t", "two", now + timedelta(minutes=9), now + timedelta(minutes=19))
        assert await work.registry.acquire_lock("t", "two", now + timedelta(minutes=11), now + timedelta(minutes=20))
        assert await work.registry.acquire_lock(
            "t", "one", now - timedelta(days=1), now - timedelta(days=1) + timedelta(minutes=10)
        )
