"""A world with an empty panel that lists its accounts."""

import pytest

from app.storage.engine.database import Database
from tests.conftest import Clock
from tests.support.worlds.backfill_world import Airport, the_shop


@pytest.fixture
async def world(database: Database, clock: Clock) -> Airport:
    made = Airport(database, clock)
    await made.configure(the_shop())
    return made
