from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from app.storage.engine.database import Database
from tests.services.isolation.culprits import Refuse
from tests.support.world import FakeUpstream, World
from tests.support.worlds.operated import Talking


@pytest.fixture
def talking(world: World) -> FakeUpstream:
    world.upstream = Talking(world.clock)
    return world.upstream


@pytest.fixture
async def refuse(database: Database) -> AsyncIterator[Refuse]:
    """Makes the store refuse some rows of a table, as it refuses words that it cannot hold."""
    made: list[tuple[str, str]] = []

    async def refusing(table: str, row: str, *, on: str) -> None:
        name = f"refuse_{len(made)}"
        made.append((name, table))
        async with database.transaction() as connection:
            if database.is_sqlite:
                await connection.execute(
                    text(f"CREATE TRIGGER {name} BEFORE {on} ON {table} WHEN {row} BEGIN SELECT RAISE(ABORT, 'refused'); END")
                )
            else:
                raised = f"IF {row} THEN RAISE EXCEPTION 'refused' USING ERRCODE = '22021'; END IF; RETURN NEW;"
                await connection.execute(
                    text(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {raised} END $$")
                )
                await connection.execute(
                    text(f"CREATE TRIGGER {name} BEFORE {on} ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()")
                )
            await connection.commit()

    yield refusing
    for name, table in made:
        if not database.is_sqlite:
            async with database.transaction() as connection:
                await connection.execute(text(f"DROP TRIGGER {name} ON {table}"))
                await connection.execute(text(f"DROP FUNCTION {name}()"))
                await connection.commit()
