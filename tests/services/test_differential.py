"""The same random day, once on SQLite and once on PostgreSQL, ends the same way for every event and every person."""

import random
import shutil
from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from app.domain.commands import AddEvent
from app.domain.consent import Status
from app.domain.delivery.outcomes import Delivered, Outcome, Throttled, Unknown, Unreachable
from app.domain.operations.retention import Retention
from app.services.operations.retention import Cleaner
from app.storage.engine.database import Database
from tests.conftest import Clock, PostgreSQL
from tests.support.world import (
    World,
    cancels,
    edits,
    fills_cart,
    grants,
    orders,
    registers,
    returns,
    subscribes,
    tags,
    unsubscribes,
    views,
    withdraws,
)

PEOPLE = [f"c{number}@example.pl" for number in range(8)]


def trouble(seed: int) -> Callable[[str, list], Outcome]:
    """Answers that depend on what is sent and how often it was, never on the order within a call."""
    seen: Counter[str] = Counter()

    def respond(method: str, items: list) -> Outcome:
        key = f"{method}:{sorted(repr(item) for item in items)}"
        seen[key] += 1
        dice = random.Random(f"{seed}{key}{seen[key]}").random()
        return Delivered() if dice > 0.45 else [Throttled(3.0), Unreachable("down"), Unknown("timeout")][int(dice * 6.6)]

    return respond


async def a_day(world: World, seed: int) -> tuple[object, ...]:
    chance = random.Random(seed)
    world.upstream.respond, world.upstream.applied = trouble(seed), bool(seed % 2)
    for minute in range(60):
        email = chance.choice(PEOPLE)
        happened = chance.choice(
            [
                registers(email, minute, first_name=f"Ż{minute}"),
                orders(f"o{minute}", email, minute),
                edits(orders(f"o{minute - 9}", email, minute - 9), minute, value=Decimal(minute)),
                returns(f"o{minute + 3}", email, minute, goods=str(minute)),
                cancels(f"o{minute - 5}", email, minute),
                subscribes(email, minute),
                unsubscribes(email, minute),
                views(str(minute), email, minute),
                tags(minute, email=email, added=(f"t{minute % 3}",), removed=(f"t{(minute + 1) % 3}",)),
                fills_cart(email, minute, cart_id=email),
                withdraws(email, minute) if chance.random() < 0.3 else grants(email, minute),
            ]
        )
        await world.post(happened)
        if chance.random() < 0.3:
            await world.plan()
        if chance.random() < 0.3:
            await world.run()
        world.clock.advance(minutes=1)
        await world.carts.report_quiet()
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=3, steps=12)
    await world.carts.report_quiet()
    await world.run_for(hours=3, steps=12)
    world.clock.advance(hours=8 * 24)
    await Cleaner(world.store, Retention(), world.clock).clean()  # what waits for an order that never came ends
    events = sorted((event.email, event.kind, event.at, event.lines) for event in world.upstream.events)
    return (
        await world.at_rest(),
        events,
        {email: sorted(tags) for email, tags in world.upstream.contacts.items()},
        Counter(world.upstream.methods),
    )


@pytest.mark.parametrize("seed", range(2))
async def test_both_databases_live_through_the_same_day(
    seed: int, tmp_path: Path, migrated_file: Path, postgresql: PostgreSQL
) -> None:
    shutil.copy(migrated_file, tmp_path / "gateway.db")
    name = await postgresql.emptied()
    ends = []
    for url in (f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}", postgresql.url(name)):
        database = Database(url)
        world = World(database, Clock())
        await world.configure()
        ends.append(await a_day(world, seed))
        sent = world.upstream.sent(AddEvent)
        await database.close()
        assert len(sent) >= 10
        assert any(getattr(item, "email_status", None) is Status.OPT_IN for item in world.upstream.sent())
        repeated = {
            key: times
            for key, times in Counter((e.email, e.kind, e.at, e.external_id) for e in world.upstream.events).items()
            if times > 1
        }
        assert repeated == {}
    assert ends[0] == ends[1]
