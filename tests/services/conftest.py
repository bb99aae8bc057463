"""A gateway with one open shop, on either database."""

import pytest

from app.storage.engine.database import Database
from tests.conftest import Clock
from tests.support.world import (
    World,
)
from tests.support.worlds.changes import (
    PANEL,
    configured,
    shop,
)


@pytest.fixture
async def world(database: Database, clock: Clock) -> World:
    made = World(database, clock)
    await made.configure()
    return made


@pytest.fixture
async def two(world: World) -> World:
    """Two shops on one account, neither of them with a place for tags."""
    await configured(world, shop(1), shop(2))
    return world


@pytest.fixture
async def tagged(world: World) -> World:
    """Two shops on one account, both on a panel that carries tags."""
    await configured(world, shop(1, panel=PANEL), shop(2, panel=PANEL))
    return world
