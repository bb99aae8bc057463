"""Files that hold people's data: for the owner of the gateway alone."""

import contextlib
import os
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

BESIDE = ("", "-wal", "-shm", "-journal", ".lock")
"""What SQLite and we keep in files: the database, and what lies beside it under its name."""

_OTHERS = 0o077


def make_private(path: Path) -> None:
    """Create a database that is not there yet, and take away from group and others what they may do with one that is.

    SQLite gives the files beside it the rights of the database. The folder is left as it is.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
    for end in BESIDE:
        _tighten(path.with_name(path.name + end))


def open_private(path: Path, flags: int) -> int:
    """A descriptor of a file that is created for its owner alone. Raises `OSError`, also for a symbolic link."""
    return os.open(path, flags | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)


def _tighten(path: Path) -> None:
    # By name, never by opening it: closing any descriptor of the file would give up the locks SQLite holds on it.
    try:
        mode = path.stat().st_mode & 0o777
        if mode & _OTHERS:
            path.chmod(mode & ~_OTHERS)
            log.warning("file_tightened", file=path.name, was=f"{mode:04o}", now=f"{mode & ~_OTHERS:04o}")
    except FileNotFoundError:
        return
    except PermissionError:
        log.warning("file_open_to_others", file=path.name)
