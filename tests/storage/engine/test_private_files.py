"""Files with people's data are their owner's alone, and a database has one owner under all its names. Real processes."""

import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from app.configuration import control_socket
from app.configuration.control_socket import NoAnswer, check_owner, socket_of
from app.storage.engine import migrations
from app.storage.engine.database import AlreadyOwned, Database
from app.storage.engine.private_files import make_private
from tests.support.databases import migrated_file
from tests.support.running.processes import World, http


def modes(folder: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.glob("gateway.db*")}


@contextmanager
def a_gateway_alone(folder: Path) -> Iterator[World]:
    """Set up and not started: of files SALESmanago knows nothing."""
    world = World(folder)
    shutil.copy(migrated_file(), folder / "gateway.db")
    applied = world.command("apply", str(world.shops_file), "--yes")
    assert applied.returncode == 0, applied.stderr
    try:
        yield world
    finally:
        world.gateway.stop()


def test_files_of_a_running_gateway_are_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o000)  # the worst there can be
    try:
        tmp_path.chmod(0o755)
        with a_gateway_alone(tmp_path) as world:
            (tmp_path / "gateway.db").chmod(0o644)  # as it was made by an older version
            world.gateway.start()
            key = world.key("shop1")
            body = {"event_id": "v1", "occurred_at": "2026-11-23T10:00:00+01:00", "email": "jan@example.com", "channels": ["email"]}
            answer = http.post(f"{world.url}/v1/shops/shop1/subscriptions", json=body, headers={"Authorization": f"Bearer {key}"})
            assert answer.status_code == 202
            found = modes(tmp_path)
            assert found.keys() >= {"gateway.db", "gateway.db-wal", "gateway.db-shm", "gateway.db.lock", "gateway.db.sock"}
            assert {name: mode for name, mode in found.items() if mode & 0o077} == {}
            assert "file_tightened" in world.gateway.log.read_text()
    finally:
        os.umask(before)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755, "the folder is somebody else's business"


async def test_a_new_database_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o000)
    try:
        database = Database(f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}")
        database.own()
        await migrations.upgrade(database)
        assert set(modes(tmp_path).values()) == {0o600}
        assert modes(tmp_path).keys() == {"gateway.db", "gateway.db-wal", "gateway.db-shm", "gateway.db.lock"}
        await database.close()
    finally:
        os.umask(before)


def test_every_file_that_was_open_to_others_is_tightened_and_said_once(tmp_path: Path) -> None:
    names = ["gateway.db", "gateway.db-wal", "gateway.db-shm", "gateway.db-journal", "gateway.db.lock"]
    for name in names:
        (tmp_path / name).touch(0o666)
        (tmp_path / name).chmod(0o664)
    with capture_logs() as logs:
        make_private(tmp_path / "gateway.db")
        make_private(tmp_path / "gateway.db")
    assert [line["file"] for line in logs if line["event"] == "file_tightened"] == names
    assert set(modes(tmp_path).values()) == {0o600}


def linked(folder: Path, kind: str) -> Path:
    """Another name of the database in another folder."""
    other = folder / "elsewhere"
    other.mkdir()
    name = other / "another.db"
    if kind == "hard":
        name.hardlink_to(folder / "gateway.db")
    elif kind == "of a folder":
        (other / "folder").symlink_to(folder)
        return other / "folder" / "gateway.db"
    else:
        name.symlink_to(folder / "gateway.db")
    return name


@pytest.mark.parametrize("kind", ["symbolic", "hard", "of a folder"])
async def test_a_database_has_one_owner_whatever_name_it_is_given(tmp_path: Path, kind: str) -> None:
    first = Database(f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}")
    first.own()
    second = Database(f"sqlite+aiosqlite:///{linked(tmp_path, kind)}")
    with pytest.raises(AlreadyOwned):
        second.own()
    await first.close()
    second.own()
    with pytest.raises(AlreadyOwned):
        first.own()
    await second.close()
    await first.close()


def test_a_second_gateway_by_another_name_of_the_file_does_not_start_and_commands_reach_the_first(tmp_path: Path) -> None:
    with a_gateway_alone(tmp_path) as world:
        world.gateway.start()
        name = linked(tmp_path, "symbolic")
        world.environment["GATEWAY_DATABASE_URL"] = f"sqlite+aiosqlite:///{name}"
        second = world.command("serve", "--port", "0")
        assert second.returncode == 1
        assert "in use by a running gateway" in second.stderr
        assert [shop["shop"] for shop in world.json("status")["shops"]] == ["shop1", "shop2"]  # through its socket


def test_nothing_is_said_to_a_socket_of_somebody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}"
    check_owner(url)  # nothing is there yet
    (tmp_path / "gateway.db").touch()
    socket = socket_of(url)
    assert socket is not None
    socket.touch()
    check_owner(url)
    monkeypatch.setattr(control_socket, "_owner_of", lambda path: 4711 if path.suffix == ".sock" else os.getuid())
    with pytest.raises(NoAnswer):
        check_owner(url)
