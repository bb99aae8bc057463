"""Several workers on one store."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from app.domain.delivery.outbox import Claim, to_account
from app.services.delivery.loop import CLAIMS_IN_FLIGHT, Delivery
from app.storage.engine.tables import claims_in_flight
from tests.support.world import World

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
