"""A gateway of today on a database of an earlier release."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from app.bootstrap.gateway import Gateway, open_gateway, utc_now
from app.configuration.settings import Settings
from app.domain.operations.replay import ParkedFilter
from app.sandbox.salesmanago import Account, create_app
from app.server.application import application_of
from app.server.runner import bound, served
from tests.support.gateways import client_of

ENDED = {"sent", "withheld", "superseded", "parked"}
WAITED = ("dorota", "edward", "felicja")
"""Told of while SALESmanago was down, or not decided at all."""
PATIENCE_SECONDS = 60.0


def load_sqlite(sql: str, file: Path) -> str:
    """Answers the address of the database."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(sql)
    return f"sqlite+aiosqlite:///{file}"


@dataclass
class Upgraded:
    """A gateway of today on a database of then, with a stand-in of SALESmanago that has forgotten everybody."""

    known: dict[str, Any]
    gateway: Gateway
    http: httpx.AsyncClient
    salesmanago: str
    outside: httpx.AsyncClient

    async def event(self, one: dict[str, Any]) -> dict[str, Any]:
        """As the shop's key of then sees it now."""
        path = f"/v1/shops/{one['shop']}/events/{one['event_id']}"
        answer = await self.http.get(path, headers=self.auth(one["shop"]))
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def auth(self, shop: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.known['keys'][shop]}"}

    def waiting(self) -> list[dict[str, Any]]:
        """What the release had neither sent nor refused; carts wait for their idle hour and are not among them."""
        return [one for one in self.known["events"] if one["state"] not in ENDED and not one["event_id"].endswith("-cart")]

    async def contact(self, email: str) -> dict[str, Any]:
        found = await self.outside.get(f"{self.salesmanago}/sandbox/contacts/{email}")
        return found.json() if found.status_code == 200 else {}

    async def moves_salesmanago(self) -> None:
        """The account as it is stored, at another address: its secret is the one of then."""
        accounts, _ = self.gateway.directory.stored()
        moved = [replace(one, account=replace(one.account, endpoint=self.salesmanago)) for one in accounts.values()]
        await self.gateway.directory.apply(moved, [])


@asynccontextmanager
async def upgraded(known: dict[str, Any], url: str) -> AsyncIterator[Upgraded]:
    """`known`: what the release said of its database (`tools.release_database`)."""
    settings = Settings(database_url=url, encryption_keys=(known["encryption_key"],), poll_seconds=0.05, callback_grace_seconds=0)
    then, started = datetime.fromisoformat(known["kept_at"]) + timedelta(minutes=30), utc_now()
    # Half an hour after the release was stopped, whenever this runs. PostgreSQL has a clock of its own.
    clock = utc_now if url.startswith("postgresql") else lambda: then + (utc_now() - started)
    async with AsyncExitStack() as stack:
        socket = bound("127.0.0.1", 0)
        sandbox = create_app([Account("demo-client-id", "demo-api-secret", ("owner@example.com",))])
        await stack.enter_async_context(served(sandbox, socket))
        gateway = await stack.enter_async_context(open_gateway(settings, clock))
        http = await stack.enter_async_context(client_of(application_of(gateway)))
        outside = await stack.enter_async_context(httpx.AsyncClient())
        yield Upgraded(known, gateway, http, f"http://127.0.0.1:{socket.getsockname()[1]}", outside)


async def eventually(holds: Callable[[], Awaitable[object]], shown: object) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not await holds():
        assert time.monotonic() < until, shown
        await asyncio.sleep(0.05)


async def check(made: Upgraded) -> None:
    """Read all of it; then deliver what waited."""
    assert await made.gateway.health.report()
    for one in made.known["events"]:
        said = await made.event(one)
        assert said["state"] == one["state"], one
        assert len(said["commands"]) == len(one["commands"]), one
        assert said["reason"] is None or said["reason"]["code"]
    found = await made.http.post("/v1/shops/shop2/lookups", json={"email": "beata@example.com"}, headers=made.auth("shop2"))
    assert len(found.json()["events"]) > 5
    for shop in ("shop1", "shop2"):
        (report,) = await made.gateway.ledger.examine(shop)
        assert report.whole
    assert [one["event_id"] for one in made.known["events"] if one["state"] == "parked"] == ["refused-order"]
    assert sum(group.number for group in await made.gateway.operations.parked(ParkedFilter(shop_id="shop2"))) >= 1

    await made.moves_salesmanago()
    made.gateway.worker.start()
    waiting = made.waiting()
    assert {one["state"] for one in waiting} == {"received", "planned"}

    ends: dict[str, str] = {}

    async def all_ended() -> bool:
        """Asks until the first that has not: to ask for the others would only hold up the worker, which shares the loop."""
        for one in waiting:
            if ends.get(one["event_id"]) not in ENDED:
                ends[one["event_id"]] = (await made.event(one))["state"]
                if ends[one["event_id"]] not in ENDED:
                    return False
        return True

    await eventually(all_ended, ends)
    assert {name: state for name, state in ends.items() if name.endswith("-order")} == {f"{one}-order": "sent" for one in WAITED}
    for person in WAITED:
        assert await made.contact(f"{person}@new.example.com"), f"{person} never reached SALESmanago"
    assert (await made.contact("beata@new.example.com")).get("opted_out", True) is True
    events = (await made.outside.get(f"{made.salesmanago}/sandbox/events")).json()["events"]
    assert len([one for one in events if one["type"] == "PURCHASE"]) == len(WAITED)
