"""A gateway with two shops in a folder of its own, every kind of caller, and the table of what was found."""

import shutil
import tempfile
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from cryptography.fernet import Fernet
from starlette.types import ASGIApp

from app.bootstrap.gateway import Gateway, open_gateway
from app.configuration.settings import Settings
from app.configuration.shops_file import parse
from app.domain.shops.configuration import STAFF_ROLES
from app.server.application import application_of
from app.services.shops.keyring import KeyRing

CALLBACK_SECRET = "hardeningSecret1"
TOKEN = "hardening-token-0001"
FORGED = f"gwk_00000000_{'0' * 64}_00000000"


@dataclass
class Row:
    """One line of the table. `inputs`: how many were tried; `broken`: what did not hold, in words."""

    name: str
    covers: str
    """Rows of the OWASP API Top 10 (2023) that it has to do with."""
    inputs: int = 0
    server_errors: int = 0
    refused: int = 0
    broken: list[str] = field(default_factory=list)

    def fail(self, words: str) -> None:
        if len(self.broken) < 10:
            self.broken.append(words)


@dataclass
class Stage:
    gateway: Gateway
    app: ASGIApp
    keys: dict[str, str]
    """Caller -> key: `shop1`, `shop2`, and each role of staff."""

    @asynccontextmanager
    async def caller(self, key: str | None = None, address: str = "127.0.0.1") -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=(address, 4711))
        headers = {} if key is None else {"Authorization": f"Bearer {key}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test", headers=headers) as http:
            yield http


@dataclass(frozen=True)
class Effort:
    """How much is generated for each parser: at most so many inputs, in about so many seconds, whichever ends first."""

    inputs: int
    seconds: float


Attack = Callable[[Stage, Effort], Awaitable[Row]]


@asynccontextmanager
async def a_stage(migrated: Path | None = None) -> AsyncIterator[Stage]:
    """`migrated`: a database to begin with, where migrating one would take too long."""
    with tempfile.TemporaryDirectory() as name:
        folder, key = Path(name), Fernet.generate_key().decode()
        secrets = {"api": "s", "callback": CALLBACK_SECRET, "token": TOKEN, "signing": "whsec_" + b64encode(b"h" * 24).decode()}
        if migrated is not None:
            shutil.copy(migrated, folder / "gateway.db")
        for file, secret in secrets.items():
            (folder / file).write_text(secret)
        settings = Settings(
            database_url=f"sqlite+aiosqlite:///{folder / 'gateway.db'}", encryption_keys=(key,), refusals_per_minute=1_000_000
        )
        async with open_gateway(settings) as gateway:
            stored = parse({"accounts": {"main": _account(folder)}, "shops": _shops(folder)}, KeyRing([key]))
            await gateway.directory.apply(*stored)
            keys = {shop: await gateway.directory.issue_key(shop) for shop in ("shop1", "shop2")}
            keys |= {role: await gateway.directory.issue_key(None, role) for role in STAFF_ROLES}
            yield Stage(gateway, application_of(gateway), keys)


def _account(folder: Path) -> dict[str, object]:
    return {"endpoint": "http://127.0.0.1:9", "client_id": "c", "owner": "o@example.com", "api_secret": f"file:{folder / 'api'}"}


def _shops(folder: Path) -> dict[str, object]:
    source = {"kind": "idosell", "panel": 1, "tokens": [f"file:{folder / 'token'}"], "scan": False}
    return {
        name: {
            "account": "main",
            "host": f"{name}.example.com",
            "location": name,
            "number": number,
            "policy": "all_customers",
            "integration_started_at": datetime(2026, 1, 1, tzinfo=UTC),
            "callback_secret": f"file:{folder / 'callback'}",
            "source": source if number == 1 else {"kind": "none"},
        }
        for number, name in enumerate(("shop1", "shop2"), start=1)
    }
