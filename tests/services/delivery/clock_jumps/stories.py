"""A clock that was ahead for a while, and the steady one that nobody sets."""

from datetime import timedelta

from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Delivered, Outcome
from tests.support.world import EWA, JAN, World, registers

MAIN = to_account("main")


class Steady:
    """The steady clock of a process, which no one sets."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


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
