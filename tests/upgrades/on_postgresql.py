"""A PostgreSQL database of a release: upgraded, read, and what waited is delivered."""

from tests.conftest import PostgreSQL
from tests.support.running.upgrades import check, upgraded
from tests.upgrades.kept import known_of, sql_of


async def check_on_postgresql(release: str, postgresql: PostgreSQL) -> None:
    name = await postgresql.create()
    try:
        await postgresql.run(sql_of(release), database=name)
        async with upgraded(known_of(release), postgresql.url(name)) as made:
            await check(made)
    finally:
        await postgresql.drop(name)
