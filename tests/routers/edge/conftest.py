"""A gateway with little patience."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.routers.edge import body_limits, deadlines
from app.server.runner import bound, served
from tests.support.gateways import open_door


@pytest.fixture
async def served_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[int, bytes]]:
    """(port, key of shop1) of a gateway with little patience."""
    monkeypatch.setattr(deadlines, "HEAD_SECONDS", 0.4)
    monkeypatch.setattr(body_limits, "BODY_SECONDS", 0.4)
    listening = bound("127.0.0.1", 0)
    async with open_door(tmp_path) as door, served(door.app, listening):
        yield listening.getsockname()[1], door.keys["shop1"].encode()
