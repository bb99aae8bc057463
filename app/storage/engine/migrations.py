"""Bring a database to the newest revision, from code.

Most starts find it there, and nothing that serves needs alembic then: what the scripts and the database say is read without it.
"""

import asyncio
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import NotPrepared
from app.storage.engine.database import Database

if TYPE_CHECKING:
    from alembic.config import Config

Step = Literal["upgrade", "downgrade"]
"""One of alembic's commands."""

_PACKAGED = Path(__file__).resolve().with_name("alembic")
"""Where a wheel has them; in a checkout they lie beside `app`."""
_SCRIPTS = _PACKAGED if _PACKAGED.is_dir() else Path(__file__).resolve().parents[3] / "alembic"
_NAMES = re.compile(r"^(revision|down_revision) = (?:None|[\"'](\w+)[\"'])$", re.MULTILINE)
"""In a script: its own revision, and the one before it, if there is one."""


def config(url: str) -> "Config":
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(_SCRIPTS))
    made.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return made


async def upgrade(database: Database, revision: str = "head") -> None:
    """Raises `NotPrepared` for a database that a newer gateway migrated."""
    current = await _revision(database)
    if current not in (None, *revisions()):
        raise NotPrepared(
            "A newer version of the gateway migrated this database. Run that version, or restore a backup from before."
        )
    if revision == "head" and current == _newest():
        return
    await _migrate(database, "upgrade", revision)


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
    if revision not in revisions():
        raise NotPrepared(f"A newer version of the gateway migrated the database {name}. Use that version's command.")
    if revision != _newest():
        raise NotPrepared(f"The database {name} is of an older version. `gateway serve` or `gateway apply` migrates it.")


async def _revision(database: Database) -> str | None:
    async with database.engine.connect() as connection:
        return await _revision_in(connection)


async def _revision_in(connection: AsyncConnection) -> str | None:
    """None: nobody migrated the database yet."""
    if not await connection.run_sync(lambda one: inspect(one).has_table("alembic_version")):
        return None
    revision: str | None = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    return revision


@cache
def revisions() -> dict[str, str | None]:
    """Each revision with the one before it; None of the first. Read once: probes ask every few seconds."""
    scripts = (dict(_NAMES.findall(one.read_text(encoding="utf-8"))) for one in (_SCRIPTS / "versions").glob("*.py"))
    return {one["revision"]: one["down_revision"] or None for one in scripts}


def _newest() -> str:
    (newest,) = revisions().keys() - revisions().values()
    return newest


async def downgrade(database: Database, revision: str = "base") -> None:
    await _migrate(database, "downgrade", revision)


async def _migrate(database: Database, step: Step, revision: str) -> None:
    async with database.engine.connect() as connection:
        await connection.run_sync(_run, database, step, revision)
        await connection.commit()


async def is_current(database: Database) -> bool:
    async with asyncio.timeout(10), database.engine.connect() as connection:
        return await _revision_in(connection) == _newest()


def _run(connection: Connection, database: Database, step: Step, revision: str) -> None:
    from alembic import command

    made = config(str(database.url))
    made.attributes["connection"] = connection
    steps = {"upgrade": command.upgrade, "downgrade": command.downgrade}
    steps[step](made, revision)
