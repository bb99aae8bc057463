"""M5 on a real store: the clock was ahead for a while, and is right again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import LONGEST_DELAY, Delivered, Outcome, Refused, Throttled, Unknown, Unreachable
from app.services.delivery.loop import Delivery
from app.storage.engine.tables import contact_queues
from tests.support.world import EWA, JAN, World, registers

MAIN = to_account("main")


class Steady:
    """The steady clock of a process, which no one sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def steady(world: World) -> Steady:
    made = Steady()
    world.delivery = Delivery(world.store, world._sender, world.directory.shop, world.clock, lambda: 1.0, steady=made)
    return made


async def ahead(world: World, jump: timedelta, outcome: Outcome, steady: Steady | None = None) -> None:
    """The clock is ahead for twenty seconds, in which SALESmanago answers like this."""
    await world.post(registers(JAN), registers(EWA))
    await world.plan()
    await world.delivery.watch_clock()
    world.clock.now += jump
    await world.delivery.watch_clock()
    world.upstream.respond = lambda method, items: outcome
    await world.delivery.deliver_due(MAIN)
    world.upstream.respond = lambda method, items: Delivered()
    world.clock.now += timedelta(seconds=20) - jump
    if steady is not None:
        steady.now += 20


@pytest.mark.parametrize("jump", [timedelta(seconds=30), timedelta(hours=3), timedelta(days=2), timedelta(days=4000)])
@pytest.mark.parametrize("outcome", [Unreachable("down"), Unknown("lost"), Throttled(60.0), Refused("off", account_wide=True)])
async def test_m5_what_was_put_off_by_a_clock_ahead_goes_out_within_its_own_delay(
    world: World, steady: Steady, jump: timedelta, outcome: Outcome
) -> None:
    await ahead(world, jump, outcome, steady)
    await world.delivery.watch_clock()
    world.clock.advance(seconds=100)
    steady.now += 100
    await world.deliver()
    world.clock.advance(seconds=100)
    await world.deliver()
    assert set((await world.at_rest()).values()) == {("sent", None)}


@pytest.mark.parametrize("jump", [timedelta(days=2), timedelta(days=4000)])
async def test_m5_a_process_that_starts_after_the_jump_finds_what_lies_too_far_ahead(world: World, jump: timedelta) -> None:
    await ahead(world, jump, Unreachable("down"))
    world.restart()
    await world.delivery.watch_clock()
    world.clock.advance(seconds=61)
    await world.deliver()
    assert set((await world.at_rest()).values()) == {("sent", None)}


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
