"""Where a database is: what distinguishes it from a copy, and does not change when a machine or a container restarts (J5).

See docs/decisions/ on clones for why these signs and no others.
"""

import ctypes
import os
import struct
from functools import partial
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.domain.operations.installation import Place
from app.storage.engine.database import Database

_LOCAL = ("", "localhost", "127.0.0.1", "::1")
_POSTGRESQL_PORT = 5432

_CLUSTER = "SELECT system_identifier FROM pg_control_system()"
_DATABASE = "SELECT oid, datname FROM pg_database WHERE datname = current_database()"

_AT_FDCWD = -100
_STATX_BTIME = 0x800
_STATX_BYTES = 256
_BTIME_AT = 80
"""Of Linux's `struct statx`, see statx(2): the mask, and where the time of birth stands."""


async def place_of(database: Database, name: str = "") -> Place:
    """`name`: of the installation, where the operator gave one; it counts instead of every other sign. Raises `NotReady`."""
    words = str(database.path or "memory") if database.is_sqlite else _named(database)
    if name:
        return Place(f"name {name}", "", f"{name} ({words})")
    if database.path is not None:
        return Place(_file(database.path), "", words)
    if database.is_sqlite:
        return Place("memory", "", words)
    return Place(await _cluster(database), _address(database), words)


def _file(path: Path) -> str:
    """A copy is another file: born later, and nearly always under another number."""
    return f"file {path.stat().st_ino} {born_at(path)}"


def born_at(path: Path) -> int:
    """Nanoseconds; 0 where the system does not say. Python reports it on macOS alone."""
    reported = getattr(path.stat(), "st_birthtime_ns", None) or int(getattr(path.stat(), "st_birthtime", 0) * 1_000_000_000)
    if reported:
        return int(reported)
    statx = getattr(ctypes.CDLL(None, use_errno=True), "statx", None)
    if statx is None:
        return 0
    answer = ctypes.create_string_buffer(_STATX_BYTES)
    if statx(_AT_FDCWD, os.fsencode(path), 0, _STATX_BTIME, answer) != 0:
        return 0
    if not struct.unpack_from("=I", answer)[0] & _STATX_BTIME:
        return 0
    seconds, nanoseconds = struct.unpack_from("=qI", answer, _BTIME_AT)
    return int(seconds) * 1_000_000_000 + int(nanoseconds)


async def _cluster(database: Database) -> str:
    """A restored dump is in another cluster, or another database of it; a renamed one keeps its number."""
    async with database.transaction() as connection:
        found = (await connection.execute(text(_DATABASE))).one()
    try:
        async with database.transaction() as connection:
            cluster = (await connection.execute(text(_CLUSTER))).scalar_one()
    except DBAPIError:  # a provider may keep it from us
        cluster = "unknown"
    return f"postgresql {cluster} {found.oid}"


def _address(database: Database) -> str:
    """As it is configured: files of a cluster copied to another host are reached there."""
    hosts = database.url.query.get("host") or database.url.host or ""
    several = [hosts] if isinstance(hosts, str) else hosts
    return ",".join(sorted(map(partial(_one_address, port=database.url.port or _POSTGRESQL_PORT), several)))


def _one_address(host: str, port: int) -> str:
    if host.startswith("/") or host in _LOCAL:
        return f"this machine:{port}"
    name, _, own = host.rpartition(":") if host.count(":") == 1 else (host, "", "")
    return f"{name.lower()}:{own or port}"


def _named(database: Database) -> str:
    return f"{database.url.database} at {_address(database)}"
