"""The control socket of a running gateway: where it is, and one request to it. Standard library only: asking must start quickly."""

import contextlib
import getpass
import hashlib
import http.client
import json
import os
import socket
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from app import __version__

SQLITE = "sqlite+aiosqlite:///"
DEFAULT_DATABASE_URL = SQLITE + "gateway.db"
_LONGEST_SOCKET_PATH = 100
_TIMEOUT_SECONDS = 60.0
USER_HEADER = "X-Gateway-User"
"""Who types the command."""
VERSION_HEADER = "X-Gateway-Version"
"""Of the command, and of the gateway that answers: each understands only its own."""


def user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # of a container that knows its user by number alone
        return str(os.getuid())


def socket_of(database_url: str) -> Path | None:
    """Beside the SQLite file; None on PostgreSQL, which needs no such socket."""
    if not database_url.startswith(SQLITE):
        return None
    path = _database_of(database_url)
    beside = path.with_name(path.name + ".sock")
    if len(str(beside)) <= _LONGEST_SOCKET_PATH:
        return beside
    # The kernel takes no longer name, so a deep database gets a short one.
    return Path(tempfile.gettempdir()) / f"gateway-{hashlib.sha256(str(path).encode()).hexdigest()[:16]}.sock"


def _database_of(database_url: str) -> Path:
    """Behind all symbolic links: one socket, whatever name the file is given."""
    return Path(database_url.removeprefix(SQLITE)).resolve()


def check_owner(database_url: str) -> None:
    """A socket with a short name lies where everybody may put files. Raises `NoAnswer` if it is somebody else's."""
    socket_path = socket_of(database_url)
    if socket_path is None:
        return
    with contextlib.suppress(FileNotFoundError):  # there is none yet: a client gets an error of its own
        if _owner_of(socket_path) not in (0, os.getuid(), _owner_of(_database_of(database_url))):
            raise NoAnswer(f"{socket_path} belongs to somebody else")


def _owner_of(path: Path) -> int:
    return path.stat().st_uid


def configured_socket() -> Path | None:
    """The socket of the database that the environment names, read as `Settings` reads it."""
    return socket_of(_configured_url())


def _configured_url() -> str:
    named = {name.upper(): value for name, value in os.environ.items()}
    return named.get("GATEWAY_DATABASE_URL", DEFAULT_DATABASE_URL)


def shown_database() -> str:
    """Which database the environment names, for people: no password, and the whole path of a file."""
    url = _configured_url()
    if url.startswith(SQLITE):
        return f"sqlite:///{_database_of(url)}"
    named = urlsplit(url)
    where = named.netloc.rpartition("@")[2]
    return f"postgresql://{named.username}@{where}{named.path}" if named.username else f"postgresql://{where}{named.path}"


class NoAnswer(Exception):
    """A gateway runs there and did not answer."""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    version: str = __version__
    """Of the gateway that answered; empty of one that is too old to say it."""

    def json(self) -> Any:
        return json.loads(self.body)


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("gateway", timeout=_TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask_running(
    method: str, path: str, *, params: Mapping[str, Any] | None = None, json: Any = None, content: bytes | None = None
) -> Answer | None:
    """The answer of the running gateway; None if none runs there.

    Raises `NoAnswer` if it runs and does not answer.
    """
    socket_path = configured_socket()
    if socket_path is None or not socket_path.exists():
        return None
    check_owner(_configured_url())
    connection = _Connection(socket_path)
    try:
        connection.connect()
    except (ConnectionRefusedError, FileNotFoundError):
        return None  # left behind by a gateway that is gone
    try:
        query = f"?{urlencode(params, doseq=True)}" if params else ""
        body, headers = _body(json, content)
        connection.request(method, path + query, body, {**headers, USER_HEADER: user(), VERSION_HEADER: __version__})
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(), answer.getheader(VERSION_HEADER, ""))
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(type(error).__name__) from error
    finally:
        connection.close()


def _body(said: Any, content: bytes | None) -> tuple[bytes | None, dict[str, str]]:
    if said is not None:
        return json.dumps(said).encode(), {"Content-Type": "application/json"}
    return content, {}
