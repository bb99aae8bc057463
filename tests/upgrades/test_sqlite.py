"""SQLite files of releases: upgraded, read, and what waited is delivered."""

from pathlib import Path

import pytest

from tests.support.running.upgrades import check, load_sqlite, upgraded
from tests.upgrades.kept import kept, known_of, sql_of


@pytest.mark.parametrize("release", kept(on="sqlite"))
async def test_an_sqlite_file_of_a_release_is_upgraded_and_what_waited_reaches_salesmanago(release: str, tmp_path: Path) -> None:
    async with upgraded(known_of(release), load_sqlite(sql_of(release), tmp_path / "gateway.db")) as made:
        await check(made)
