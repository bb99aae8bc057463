"""A source on either database."""

import pytest

from app.storage.unit_of_work import Store
from tests.conftest import Clock
from tests.sources.stage import Stage


@pytest.fixture
async def stage(store: Store, clock: Clock) -> Stage:
    return await Stage(store, clock).open()
