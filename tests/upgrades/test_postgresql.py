"""PostgreSQL databases of releases: upgraded, read, and what waited is delivered."""

import pytest

from tests.conftest import PostgreSQL
from tests.support.running.upgrades import check, upgraded
from tests.upgrades.kept import kept, known_of, sql_of


@pytest.mark.parametrize("release", kept(on="postgresql"))
async def test_a_postgresql_database_of_a_release_is_upgraded_and_what_waited_reaches_salesmanago(
    release: str, postgresql: PostgreSQL
) -> None:
    name = await postgresql.create()
    try:
        await postgresql.run(sql_of(release), database=name)
        async with upgraded(known_of(release), postgresql.url(name)) as made:
            await check(made)
    finally:
        await postgresql.drop(name)
