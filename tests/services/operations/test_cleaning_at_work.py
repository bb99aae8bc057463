"""Cleaning beside planning, beside another cleaner, and for five hundred days: nothing is lost, no table grows for ever (M4)."""

import asyncio
from datetime import timedelta

import pytest

from app.domain.delivery.outcomes import Delivered, Refused
from app.domain.operations.retention import Retention
from app.services.operations.retention import Cleaner
from app.storage.engine.database import Database
from tests.conftest import Clock
from tests.services.operations.kept import Kept, today
from tests.support.world import (
    JAN,
    fills_cart,
    orders,
    registers,
    views,
)

DAY = timedelta(days=1)


@pytest.fixture
async def world(database: Database, clock: Clock) -> Kept:
    made = Kept(database, clock)
    await made.configure()
    return made


async def test_cleaning_while_events_are_planned_and_delivered_loses_nothing(world: Kept) -> None:
    for number in range(30):
        await world.post(registers(f"old{number}@example.pl"))
    await world.run()
    world.clock.advance(days=500)
    await world.post(*(today(world, orders(f"o{number}", f"p{number % 7}@example.pl")) for number in range(30)))

    async def cleans() -> None:
        for _ in range(6):
            await world.cleaner.clean()
            await asyncio.sleep(0)

    async def plans() -> None:
        for _ in range(12):
            await world.planner.plan_due(5)
            await asyncio.sleep(0)

    await asyncio.gather(cleans(), plans(), cleans())
    await world.run()
    assert sorted(one.external_id for one in world.purchases()) == sorted(f"o{number}" for number in range(30))


async def test_two_cleaners_at_once_remove_everything_once_and_nothing_fails(world: Kept) -> None:
    await world.post(*(registers(f"p{number}@example.pl") for number in range(40)))
    await world.run()
    world.clock.advance(days=401)
    other = Cleaner(world.store, Retention(), world.clock)
    await asyncio.gather(*(one.clean() for one in (world.cleaner, other) for _ in range(2)))
    await world.cleaned()
    sizes = await world.sizes()
    assert (sizes["inbox"], sizes["outbox"], sizes["attempts"], sizes["calls"], sizes["contacts"]) == (0, 0, 0, 0, 40)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
async def test_over_five_hundred_days_of_work_no_table_grows_for_ever(world: Kept) -> None:
    """The same load every ten days, of customers who come back and passers-by who do not: after the longest period sizes stand."""
    await _fast(world.database)
    world.cleaner = Cleaner(world.store, Retention(events=200 * DAY, never_sent=200 * DAY), world.clock)
    world.upstream.respond = lambda method, items: (
        Refused("no") if any("refused" in getattr(one, "email", "") for one in items) else Delivered()
    )
    measured: dict[int, dict[str, int]] = {}
    for step in range(1, 51):
        regular, passer_by = f"regular{step % 5}@example.pl", f"passer{step}@example.pl"
        await world.post(
            today(world, orders(f"o{step}", regular)),
            today(world, fills_cart(regular, cart_id=f"c{step}")),
            today(world, fills_cart(None, cart_id=f"guest{step}")),
            today(world, views(email=regular)),
            # Under a market place's masked address nobody is sent: a stranger.
            today(world, registers(passer_by.replace("example.pl", "allegromail.pl"))),
            today(world, orders(f"r{step}", "refused@example.pl")),
        )
        await world.run()
        for _ in range(3):
            world.clock.advance(hours=2)
            await world.carts.report_quiet()
            await world.run()
        world.clock.advance(days=10, hours=-6)
        await world.cleaned()
        if step in (30, 50):
            measured[10 * step] = await world.sizes()
    half, end = measured[300], measured[500]  # the longest period is 200 days here
    # A line per order stays: it is what makes one order one purchase, whenever it is posted again.
    assert {name: (half[name], end[name]) for name in end if end[name] > half[name] + 5} == {"sales": (half["sales"], end["sales"])}
    assert end["sales"] > 0
    assert end["inbox"] > 100


async def _fast(database: Database) -> None:
    """Not a test of power cuts."""
    async with database.engine.connect() as connection:
        raw = await connection.get_raw_connection()
        assert raw.driver_connection is not None
        await raw.driver_connection.cursor().execute("PRAGMA synchronous=OFF")


async def test_what_was_cleaned_is_logged_once_and_nothing_is_logged_when_nothing_is_left(world: Kept) -> None:
    await world.post(registers(JAN))
    await world.run()
    world.clock.advance(days=31)
    assert await world.cleaner.clean() > 0
    assert await world.cleaner.clean() == 0
