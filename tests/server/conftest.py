from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.gateways import Door, open_door


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    async with open_door(tmp_path) as opened:
        yield opened
