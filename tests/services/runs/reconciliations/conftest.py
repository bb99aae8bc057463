"""Fixtures of the tests beside it."""

import pytest

from app.storage.engine.database import Database
from tests.conftest import Clock
from tests.services.runs.reconciliations.comparing import IDOSELL, Audit
from tests.support.world import a_shop


@pytest.fixture(params=["sqlite"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Rules need one store only; what leans on the store itself is marked with `both_stores`."""
    kind: str = request.param
    request.getfixturevalue("migrated_file" if kind == "sqlite" else "postgresql")
    return kind


@pytest.fixture
async def world(database: Database, clock: Clock) -> Audit:
    made = Audit(database, clock)
    await made.configure(a_shop(panel=IDOSELL))
    return made
