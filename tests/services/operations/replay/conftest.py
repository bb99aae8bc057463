"""A gateway with two shops on one account, and an operator."""

import pytest

from app.services.operations.replay import Operations
from app.storage.engine.database import Database
from tests.conftest import Clock
from tests.support.world import (
    World,
    a_shop,
)
from tests.support.worlds.operated import Operated, Talking


@pytest.fixture
async def gate(database: Database, clock: Clock) -> Operated:
    world, rung = World(database, clock), list[None]()
    world.upstream = Talking(clock)
    await world.configure(a_shop("shop1"), a_shop("shop2", number=2, host="hurt.example", location="hurt_example"))
    return Operated(world, Operations(world.store, world.directory, clock, lambda: rung.append(None)), rung)
