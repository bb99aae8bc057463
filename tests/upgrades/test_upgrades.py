"""Databases that releases left behind, with work in them: upgraded, read, and what waited is delivered.

`python -m tools.release_database` keeps them by running those releases. Each knew both kinds of database.
"""

import gzip
import json
import re
from pathlib import Path

import pytest

from app import __version__
from tests.conftest import PostgreSQL
from tests.support.running.upgrades import check, load_sqlite, upgraded

ROOT = Path(__file__).parents[2]
FILES = Path(__file__).parent / "files"
BIGGEST_FILE = 60_000


def kept(*, on: str) -> list[str]:
    return sorted(path.name.removesuffix(".sql.gz") for path in FILES.glob(f"*-{on}.sql.gz"))


@pytest.mark.parametrize("release", kept(on="sqlite"))
async def test_an_sqlite_file_of_a_release_is_upgraded_and_what_waited_reaches_salesmanago(release: str, tmp_path: Path) -> None:
    known, sql = json.loads((FILES / f"{release}.json").read_text()), gzip.decompress((FILES / f"{release}.sql.gz").read_bytes())
    async with upgraded(known, load_sqlite(sql.decode(), tmp_path / "gateway.db")) as made:
        await check(made)


@pytest.mark.parametrize("release", kept(on="postgresql"))
async def test_a_postgresql_database_of_a_release_is_upgraded_and_what_waited_reaches_salesmanago(
    release: str, postgresql: PostgreSQL
) -> None:
    known, sql = json.loads((FILES / f"{release}.json").read_text()), gzip.decompress((FILES / f"{release}.sql.gz").read_bytes())
    name = await postgresql.create()
    try:
        await postgresql.run(sql.decode(), database=name)
        async with upgraded(known, postgresql.url(name)) as made:
            await check(made)
    finally:
        await postgresql.drop(name)


def test_every_release_left_a_database_of_either_kind() -> None:
    released = {release.partition("-")[0] for release in (*kept(on="sqlite"), *kept(on="postgresql"))}
    assert kept(on="sqlite") == sorted(f"{one}-sqlite" for one in released)
    assert kept(on="postgresql") == sorted(f"{one}-postgresql" for one in released)
    assert len(released) >= 4


def test_the_changelog_has_the_versions_and_dates_of_the_releases_newest_first() -> None:
    releases = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert all(re.fullmatch(r"\d+\.\d+\.\d+ \(20\d\d-\d\d-\d\d\)", one) for one in releases)
    versions, dates = [one.split()[0] for one in releases], [one.split()[1] for one in releases]
    assert versions[0] == __version__
    assert versions == sorted(versions, key=lambda one: [int(part) for part in one.split(".")], reverse=True)
    assert dates == sorted(dates, reverse=True)
    assert {one.split("-")[0] for one in (*kept(on="sqlite"), *kept(on="postgresql"))} <= set(versions)
    assert {path.name for path in FILES.iterdir() if path.stat().st_size > BIGGEST_FILE} == set()
