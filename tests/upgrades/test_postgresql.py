"""PostgreSQL databases of releases since the third: upgraded, read, and what waited is delivered."""

import pytest

from tests.conftest import PostgreSQL
from tests.upgrades.kept import kept
from tests.upgrades.on_postgresql import check_on_postgresql


@pytest.mark.parametrize("release", kept(on="postgresql")[2:])
async def test_a_postgresql_database_of_a_release_is_upgraded_and_what_waited_reaches_salesmanago(
    release: str, postgresql: PostgreSQL
) -> None:
    await check_on_postgresql(release, postgresql)
