"""M5: what was put off by a clock that was ahead goes out in time."""

from datetime import timedelta

import pytest

from app.domain.delivery.outcomes import Outcome, Refused, Throttled, Unknown, Unreachable
from tests.services.delivery.clock_jumps.stories import Steady, ahead
from tests.support.world import World


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
