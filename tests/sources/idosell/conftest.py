from collections.abc import AsyncIterator

import pytest

from app.storage.unit_of_work import Store
from tests.conftest import Clock
from tests.sources.idosell.shopping import Shopping
from tests.support.builders import at


@pytest.fixture
async def shopping(store: Store, clock: Clock) -> AsyncIterator[Shopping]:
    clock.now = at("2026-11-23T10:00")
    made = Shopping(store, clock)
    await made.stage.open()
    yield made
    await made.http.aclose()
