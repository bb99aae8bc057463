"""Bring a database to the newest revision, from code."""

import asyncio
from collections.abc import Callable
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from app.domain.errors import NotPrepared
from app.storage.engine.database import Database

Step = Callable[[Config, str], None]
"""One of alembic's commands."""

_PACKAGED = Path(__file__).resolve().with_name("alembic")
"""Where a wheel has them; in a checkout they lie beside `app`."""
_SCRIPTS = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).resolve().parents[3] / "alembic"


def config(url: str) -> Config:
    made = Config()
    made.set_main_option("script_location", str(_SCRIPTS))
    made.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return made


async def upgrade(database: Database, revision: str = "head") -> None:
    """Raises `NotPrepared` for a database that a newer gateway migrated."""
    current = await _revision(database)
    if current not in (None, *_known()):
        raise NotPrepared(
            "A newer version of the gateway migrated this database. Run that version, or restore a backup from before."
        )
    if revision == "head" and current == _newest():
        return  # alembic would take longer to find that out than everything else takes at a start
    await _migrate(database, command.upgrade, revision)


async def check_current(database: Database) -> None:
    """For commands that change no schema and create nothing (R74). Raises `NotPrepared`."""
    name = database.path or database.url.render_as_string(hide_password=True)
    if database.path is not None and not database.path.exists():
        raise NotPrepared(
            f"There is no database at {name}. `gateway serve` or `gateway apply` makes one; is this the right folder?"
        )
    revision = await _revision(database)
    if revision is None:
        raise NotPrepared(f"The database {name} is empty. `gateway serve` or `gateway apply` prepares it.")
    if revision not in _known():
        raise NotPrepared(f"A newer version of the gateway migrated the database {name}. Use that version's command.")
    if revision != _newest():
        raise NotPrepared(f"The database {name} is of an older version. `gateway serve` or `gateway apply` migrates it.")


async def _revision(database: Database) -> str | None:
    async with database.engine.connect() as connection:
        return await connection.run_sync(lambda one: MigrationContext.configure(one).get_current_revision())


@cache
def _known() -> frozenset[str]:
    return frozenset(one.revision for one in ScriptDirectory(str(_SCRIPTS)).walk_revisions())


async def downgrade(database: Database, revision: str = "base") -> None:
    await _migrate(database, command.downgrade, revision)


async def _migrate(database: Database, step: Step, revision: str) -> None:
    async with database.engine.connect() as connection:
        await connection.run_sync(_run, database, step, revision)
        await connection.commit()


async def is_current(database: Database) -> bool:
    def check(connection: Connection) -> bool:
        return MigrationContext.configure(connection).get_current_revision() == _newest()

    async with asyncio.timeout(10), database.engine.connect() as connection:
        return await connection.run_sync(check)


@cache
def _newest() -> str | None:
    """Read from the scripts once: probes ask every few seconds, and reading them holds up everybody else."""
    return ScriptDirectory(str(_SCRIPTS)).get_current_head()


def _run(connection: Connection, database: Database, step: Step, revision: str) -> None:
    made = config(str(database.url))
    made.attributes["connection"] = connection
    step(made, revision)
