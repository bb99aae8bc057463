"""Processes that begin at once on one PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.support.running.processes import World


def test_processes_that_start_at_once_on_an_empty_database_migrate_it_once_and_share_one_secret_of_pseudonyms(
    tmp_path: Path, postgresql_url: str
) -> None:
    world = World(tmp_path, postgresql_url)
    with ThreadPoolExecutor(4) as threads:
        applied = list(threads.map(lambda _: world.command("apply", str(world.shops_file), "--yes"), range(4)))
    assert [one.stderr for one in applied if one.returncode] == []
    assert all("Stored." in one.stdout or "Nothing changes." in one.stdout for one in applied)
    assert world.json("ledger") == {"ledgers": []}
