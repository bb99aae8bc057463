"""What is left of a person on PostgreSQL after an erasure, looked for in every table and log."""

import asyncio
from pathlib import Path

from sqlalchemy import text

from app.storage.engine.database import Database
from app.storage.engine.tables import metadata
from tests.erasure.story import LOCAL, ORDER, WORDS, erase
from tests.support.running.processes import a_world


def _shown(cell: object) -> str:
    return cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)


def test_on_postgresql_nothing_of_the_person_stands_in_any_table_or_log(tmp_path: Path, postgresql_url: str) -> None:
    """Of every table that is there, those of the engine of schedules among them."""

    async def tables() -> dict[str, str]:
        database = Database(postgresql_url)
        named = text("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
        async with database.engine.connect() as connection:
            names = (await connection.execute(named)).scalars().all()
            rows = {name: (await connection.execute(text(f'SELECT * FROM "{name}"'))).all() for name in names}
        await database.close()
        return {name: "\n".join(_shown(cell) for row in held for cell in row) for name, held in rows.items()}

    with a_world(tmp_path, postgresql_url) as world:
        before = asyncio.run(tables())
        erase(world)
        held = asyncio.run(tables())
        held |= {path.name: path.read_text(errors="replace") for path in tmp_path.glob("gateway*.log")}
    assert held.keys() >= before.keys() >= set(metadata.tables)
    assert any(name.startswith("pgqueuer") for name in held)
    assert ORDER in held["sales"], "what stays is there, so the tables were read"
    words = {**WORDS, "local part": LOCAL}
    assert {
        (what, place) for what, word in words.items() for place, content in held.items() if word.lower() in content.lower()
    } == set()
