"""A whole gateway for tests: real application, real SQLite file, a configuration, keys; no worker unless it is started."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet
from starlette.types import ASGIApp

from app.bootstrap.gateway import Gateway, open_gateway
from app.configuration.settings import Settings
from app.configuration.shops_file import parse
from app.domain.shops.configuration import OPERATOR_ROLE
from app.server.application import application_of
from app.services.shops.keyring import KeyRing
from tests.support.databases import migrated_file

SECRET = "s3cret-of-the-account"
ACCOUNT = {"endpoint": "http://127.0.0.1:9", "client_id": "c", "owner": "owner@example.com", "calls_per_second": 500}


def shop_entry(host: str, number: int, policy: str, **more: Any) -> dict[str, Any]:
    return {
        "account": "main",
        "host": host,
        "location": host.replace(".", "_"),
        "number": number,
        "policy": policy,
        "integration_started_at": datetime(2026, 1, 1, tzinfo=UTC),
        **more,
    }


SHOPS = {
    "shop1": shop_entry("sklep.example.com", 1, "order_consent"),
    "shop2": shop_entry("hurt.example.com", 2, "all_customers"),
}


@dataclass
class Door:
    """The application, a client of it, and a key for each shop."""

    app: ASGIApp
    gateway: Gateway
    http: httpx.AsyncClient
    keys: dict[str, str]

    async def post(self, path: str, body: Any, shop: str = "shop1", **headers: str) -> httpx.Response:
        return await self.http.post(f"/v1/shops/{shop}/{path}", json=body, headers=self.auth(shop) | headers)

    @asynccontextmanager
    async def with_intake(self, intake: Any) -> AsyncIterator["Door"]:
        """The same gateway with another intake."""
        app = application_of(replace(self.gateway, intake=intake))
        async with client_of(app) as http:
            yield replace(self, app=app, http=http)

    async def plan(self) -> None:
        """Decide everything that was accepted."""
        while await self.gateway.planner.plan_due():
            pass

    async def post_and_plan(self, path: str, body: Any, shop: str = "shop1") -> None:
        assert (await self.post(path, body, shop=shop)).status_code == 202
        await self.plan()

    async def get(self, path: str, shop: str = "shop1") -> httpx.Response:
        return await self.http.get(f"/v1/shops/{shop}/{path}", headers=self.auth(shop))

    async def operator(self) -> dict[str, str]:
        """Headers of a new operator's key."""
        return {"Authorization": f"Bearer {await self.gateway.directory.issue_key(None, OPERATOR_ROLE)}"}

    def auth(self, shop: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.keys[shop]}"}


@asynccontextmanager
async def open_door(
    folder: Path, shops: dict[str, Any] | None = None, account: dict[str, Any] | None = None, **settings: Any
) -> AsyncIterator[Door]:
    if not (file := folder / "gateway.db").exists():
        shutil.copy(migrated_file(), file)
    key = Fernet.generate_key().decode()
    secret = folder / "secret"
    secret.write_text(SECRET)
    made = Settings(database_url=f"sqlite+aiosqlite:///{file}", encryption_keys=(key,), **settings)
    async with open_gateway(made) as gateway:
        accounts = {"main": {**(account or ACCOUNT), "api_secret": f"file:{secret}"}}
        stored = parse({"accounts": accounts, "shops": shops or SHOPS}, KeyRing([key]))
        await gateway.directory.apply(*stored)
        keys = {shop: await gateway.directory.issue_key(shop) for shop in shops or SHOPS}
        app = application_of(gateway)
        async with client_of(app) as http:
            yield Door(app, gateway, http, keys)


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://gateway.test")
