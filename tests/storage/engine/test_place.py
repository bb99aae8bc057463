"""A copy of a database is at another place; the database itself, started anew, is where it was (J5)."""

import os
import shutil
from pathlib import Path
from uuid import uuid4

from app.domain.operations.installation import Place
from app.storage.engine.database import Database
from app.storage.engine.place import born_at, place_of
from tests.conftest import PostgreSQL


async def place(url: str, name: str = "") -> Place:
    database = Database(url)
    try:
        return await place_of(database, name)
    finally:
        await database.close()


async def test_a_file_stays_where_it_is_when_it_is_written_moved_and_given_to_another_user(tmp_path: Path) -> None:
    file = tmp_path / "gateway.db"
    file.write_bytes(b"")
    before = await place(f"sqlite+aiosqlite:///{file}")
    file.write_bytes(b"x" * 5000)
    os.utime(file, (1, 1))
    file.chmod(0o640)
    moved = file.rename(tmp_path / "moved.db")
    after = await place(f"sqlite+aiosqlite:///{moved}")
    assert (after.origin, after.address) == (before.origin, before.address)
    assert (before.words, after.words) == (str(file), str(moved))


async def test_a_copied_file_is_elsewhere_even_with_all_that_a_copy_can_keep(tmp_path: Path) -> None:
    file = tmp_path / "gateway.db"
    file.write_bytes(b"x")
    copy = Path(shutil.copy2(file, tmp_path / "copy.db"))
    assert (await place(f"sqlite+aiosqlite:///{file}")).origin != (await place(f"sqlite+aiosqlite:///{copy}")).origin
    if born_at(file):  # the number alone may be given twice, on two disks
        assert born_at(copy) > born_at(file)


async def test_a_name_counts_instead_of_every_other_sign(tmp_path: Path) -> None:
    one, other = [await place(f"sqlite+aiosqlite:///{tmp_path / name}", "prod") for name in ("a.db", "b.db")]
    assert (one.origin, one.address) == (other.origin, other.address) == ("name prod", "")


async def test_a_postgresql_is_the_same_whatever_its_database_is_called_and_a_copy_of_it_is_not(postgresql: PostgreSQL) -> None:
    name = await postgresql.create()
    renamed, copied = f"renamed_{uuid4().hex[:8]}", f"copied_{uuid4().hex[:8]}"
    before = await place(postgresql.url(name))
    await postgresql.run(f"ALTER DATABASE {name} RENAME TO {renamed}", f"CREATE DATABASE {copied} TEMPLATE {renamed}")
    try:
        after, copy = await place(postgresql.url(renamed)), await place(postgresql.url(copied))
    finally:
        await postgresql.drop(renamed)
        await postgresql.drop(copied)
    assert (after.origin, after.address) == (before.origin, before.address)
    assert copy.origin != before.origin
    assert after.words == f"{renamed} at this machine:5432"


async def test_the_address_is_part_of_a_place_and_no_password_is(monkeypatch) -> None:
    async def cluster(_: Database) -> str:
        return "postgresql 7 1"

    monkeypatch.setattr("app.storage.engine.place._cluster", cluster)
    found = await place("postgresql+asyncpg://user:secret@Db.internal:5433/gateway")
    assert (found.address, found.words) == ("db.internal:5433", "gateway at db.internal:5433")
    several = await place("postgresql+asyncpg://user:secret@/gateway?host=b:5432&host=a:5432")
    assert several.address == "a:5432,b:5432"
    local = [await place(f"postgresql+asyncpg://u:p@{host}/gateway") for host in ("localhost", "127.0.0.1")]
    assert {one.address for one in local} == {"this machine:5432"}
