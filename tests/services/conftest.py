"""A gateway with one open shop, on either database."""

import pytest

from app.storage.engine.database import Database
from tests.conftest import Clock
from tests.support.world import World


@pytest.fixture
async def world(database: Database, clock: Clock) -> World:
    made = World(database, clock)
    await made.configure()
    return made
