"""The database under stress: no space, no sync, no turn (I1, I10, I14)."""

import os
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from shutil import which
from tempfile import mkdtemp

import httpx

from chaos.ledger import Result, settle
from chaos.load import Crowd
from chaos.suite import Skip, Stage, scenario
from chaos.world import until

SOON = 20.0
"""Seconds: far less than the rest of a lease of 60 s that nobody gave back."""


@contextmanager
def _small_disk(megabytes: int) -> Iterator[Path]:
    """A file system of its own; raises `Skip` where that is not allowed."""
    if os.geteuid() != 0 or which("mount") is None:
        raise Skip("mounting a small file system needs root")
    folder = Path(mkdtemp(prefix="chaos-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder], capture_output=True, check=False
    )
    if mounted.returncode:
        folder.rmdir()
        raise Skip("mounting a small file system is not allowed here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], capture_output=True, check=False)
        folder.rmdir()


@scenario("disk-full")
def disk_full(stage: Stage) -> Iterator[Result]:
    """No space: 503 with a time to come back, /readyz red, nothing acknowledged lost, goes on by itself when space returns."""
    with _small_disk(128) as disk, stage.world(database_folder=disk) as world:
        result = Result("disk-full", "the file system of the database ran full under load; space came back")
        crowd = Crowd(world.url, world.key(), name="df").start()
        until(lambda: crowd.count >= 30, 20)
        filler = disk / "filler"
        room = os.statvfs(disk)
        with suppress(OSError), filler.open("wb", buffering=0) as file:  # what is stored meanwhile may need the last of the space
            file.write(b"\0" * max(0, room.f_bavail * room.f_frsize - 400_000))
        result.demand(until(lambda: crowd.answers[503] > 3, 60), "503 was never answered although the disk is full")
        red = until(lambda: _ready(world.url) == httpx.codes.SERVICE_UNAVAILABLE, 10)
        result.demand(red, "/readyz stays green while nothing can be stored")
        time.sleep(stage.size(10, 2))
        since = time.time()
        filler.unlink()
        stored = crowd.count
        result.demand(until(lambda: crowd.count > stored + 20, 30), "I10: intake does not go on after space came back")
        result.demand(until(lambda: _ready(world.url) == httpx.codes.OK, 30), "/readyz stays red after space came back")
        crowd.stop()
        result.notes.append(f"{crowd.answers[503]} times 503")
        settle(world, [crowd], result, since=since)
        took = result.drain or 0.0
        result.demand(took < SOON, f"I10: what waited needed {took:.0f} s after space came back: somebody's lease was waited for")
        yield result


def _ready(url: str) -> int:
    try:
        return httpx.get(f"{url}/readyz", timeout=15).status_code
    except httpx.TransportError:
        return 0


@scenario("fsync-error")
def fsync_error(stage: Stage) -> Iterator[Result]:
    """The disk refuses to sync: no 202 from then on; a restart on a good disk has everything that was acknowledged."""
    if which("strace") is None:
        raise Skip("strace is not installed")
    with stage.world(open_=False) as world:
        result = Result("fsync-error", "every fdatasync failed with EIO from some moment on; then kill -9 and a good disk")
        world.open()
        crowd = Crowd(world.url, world.key(), name="fs", pause=0.01)
        world.gateway.kill()
        log = world.folder / "strace.log"
        inject = ["-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO:when=60+"]
        world.serve(prefix=["strace", "-f", "-qq", "-ttt", "-o", str(log), *inject])
        crowd.start()
        failed = until(lambda: "EIO" in log.read_text(errors="replace"), 60)
        result.demand(failed, "the injected error never happened")
        result.demand(until(lambda: crowd.answers[503] > 3, 40), "503 was never answered although nothing can be synced")
        time.sleep(stage.size(5, 1))
        first = next(float(line.split()[1]) for line in log.read_text(errors="replace").splitlines() if "EIO" in line)
        late = [at for at in crowd.acknowledged.times.values() if at > first + 0.5]
        result.demand(not late, f"I1: {len(late)} acknowledged after the disk had refused to sync")
        world.gateway.kill()
        result.kills += 1
        since = time.time()
        world.serve()
        stored = crowd.count
        until(lambda: crowd.count > stored + 30, 20)
        crowd.stop()
        yield settle(world, [crowd], result, since=since)


@scenario("database-locked")
def database_locked(stage: Stage) -> Iterator[Result]:
    """Another writer holds the SQLite file: 503 in time, nothing acknowledged lost (I1)."""
    seconds = stage.size(20, 14)
    with stage.world() as world:
        result = Result("database-locked", f"a second connection held BEGIN IMMEDIATE for {seconds} s under load")
        crowd = Crowd(world.url, world.key(), name="dl").start()
        until(lambda: crowd.count >= 30, 20)
        with closing(sqlite3.connect(world.database, timeout=20, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            time.sleep(seconds)
            other.execute("ROLLBACK")
        since = time.time()
        stored = crowd.count
        result.demand(until(lambda: crowd.count > stored + 20, 20), "I10: intake does not go on after the lock")
        crowd.stop()
        slowest = max(crowd.refusals, default=0.0)
        result.demand(crowd.answers[503] > 0, "503 was never answered while the database was locked")
        result.demand(crowd.silent == 0, f"{crowd.silent} requests were not answered within 15 s")
        result.demand(slowest < 10, f"503 took {slowest:.1f} s")
        result.notes.append(f"{crowd.answers[503]} times 503, after {slowest:.1f} s at most")
        yield settle(world, [crowd], result, since=since)
