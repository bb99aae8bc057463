"""Fixtures of the tests beside it."""

import pytest

from app.services.delivery.loop import Delivery
from tests.services.delivery.clock_jumps.stories import Steady
from tests.support.world import World


@pytest.fixture
def steady(world: World) -> Steady:
    made = Steady()
    world.delivery = Delivery(world.store, world._sender, world.directory.shop, world.clock, lambda: 1.0, steady=made)
    return made
