"""Several workers on one store."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain.delivery.circuit_breaker import Circuit
from app.domain.delivery.outbox import Claim, to_account
from app.domain.delivery.outcomes import Unreachable
from app.services.delivery.loop import CLAIMS_IN_FLIGHT, Delivery
from app.storage.engine.tables import claims_in_flight
from tests.support.world import World, registers

MAIN = to_account("main")
MINUTE = timedelta(minutes=1)


def a_worker(world: World, lease: float = 60.0, jitter: float = 1.0, claims_in_flight: int = CLAIMS_IN_FLIGHT) -> Delivery:
    """Another process on the same store."""
    length = timedelta(seconds=lease)
    return Delivery(
        world.store,
        world._sender,
        world.directory.shop,
        world.clock,
        lambda: jitter,
        lease=length,
        claims_in_flight=claims_in_flight,
    )


async def in_flight(world: World, destination: str = MAIN) -> int:
    async with world.store.work() as work:
        return (await work.leases.in_flight(destination, await work.now())).claims


async def rows(world: World) -> int:
    """Claims that are noted, whether they still count or not."""
    async with world.database.transaction() as connection:
        found: int = (await connection.execute(select(func.count()).select_from(claims_in_flight))).scalar_one()
    return found


async def claimed(world: World, limit: int = 400, shops: Sequence[str] = (), lease: timedelta = MINUTE) -> list[Claim]:
    async with world.store.work() as work:
        found = await work.leases.claim(MAIN, shops, limit, await work.now(), lease)
        await work.commit()
        return found


async def at_once(method: str, items: list[Any]) -> None:
    """Nothing happens while the call is on its way."""


class SteadyTime:
    """The steady clock of the workers, moved by hand together with the clock of the world; who renews a lease sleeps by it."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self._world, self._now = world, 1000.0
        self._asleep = list[float]()
        """Until when."""
        for module in ("claims", "lease", "loop"):
            monkeypatch.setattr(f"app.services.delivery.{module}.time", SimpleNamespace(monotonic=lambda: self._now))
        ours = SimpleNamespace(sleep=self._sleep, create_task=asyncio.create_task, CancelledError=asyncio.CancelledError)
        monkeypatch.setattr("app.services.delivery.claims.asyncio", ours)

    async def _sleep(self, seconds: float) -> None:
        until = self._now + seconds
        self._asleep.append(until)
        try:
            while self._now < until:  # noqa: ASYNC110 - a short look is simpler than to be woken
                await asyncio.sleep(0.001)
        finally:
            self._asleep.remove(until)

    async def pass_by(self, seconds: float) -> None:
        """Until who woke up has renewed its lease and sleeps again, however slow the machine is."""
        self._now += seconds
        self._world.clock.advance(seconds=seconds)
        async with asyncio.timeout(10):
            while not self._asleep or min(self._asleep) <= self._now:  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.001)


async def breaks(world: World, contacts: int = 5) -> None:
    """Somebody found out that nothing gets through; everybody's time has come again."""
    await world.post(*(registers(f"c{n}@example.pl") for n in range(contacts)))
    await world.plan()
    world.upstream.respond = lambda method, items: Unreachable("down")
    assert await a_worker(world).deliver_due(MAIN) == contacts
    assert (await world.breaker()).state(world.clock()) is Circuit.OPEN
    world.clock.advance(seconds=6)
    assert (await world.breaker()).state(world.clock()) is Circuit.HALF_OPEN
    world.upstream.calls.clear()
