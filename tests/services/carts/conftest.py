"""Fixtures of the tests beside it."""

import pytest

from tests.services.carts.stories import Remembering
from tests.support.world import World


@pytest.fixture
async def world(world: World) -> World:
    world.upstream = Remembering(world.clock)
    return world
