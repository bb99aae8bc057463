"""The way back as a whole: both stand-ins as real servers, the gateway between them, a click here and a customer there."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import socket
from typing import Any

import httpx
from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.sandbox import panel
from app.sandbox.salesmanago import Account, create_app
from app.server.runner import bound, served
from tests.support.gateways import SECRET, Door, open_door, shop_entry

OF_SHOP, OF_ACCOUNT = "shop1Secret00016", "accntSecret00016"
WEBHOOK_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATIENCE_SECONDS = 10.0
JAN, EWA, OLA, GUEST = "jan@example.com", "ewa@example.com", "ola@example.com", "guest@example.com"
NOW = datetime.now(UTC)
READ_ONLY = {f"/api/contact/{name}" for name in ("list", "basic", "hasContact", "paginatedModifiedContacts")} | {"/api/job/status"}


def address(of: socket) -> str:
    return f"http://127.0.0.1:{of.getsockname()[1]}"


@dataclass
class Notices:
    """A shop's own webhook endpoint: keeps what it was told if the signature fits."""

    told: list[dict[str, Any]] = field(default_factory=list)

    async def receive(self, request: Request) -> Response:
        body = await request.body()
        Webhook(WEBHOOK_SECRET).verify(body, dict(request.headers), json_parse=False)
        self.told.append(json.loads(body))
        return Response(status_code=204)


@dataclass
class Whole:
    door: Door
    http: httpx.AsyncClient
    salesmanago: str
    panel: str
    gateway: str
    notices: Notices

    # -- SALESmanago ------------------------------------------------------------------------------------------------------

    async def pastes(self, where: str, secret: str) -> None:
        """The account's admin pastes a pair of addresses: of a shop, or of the account."""
        urls = {
            name.replace("-", "_"): f"{self.gateway}/callbacks/{where}/{name}?email=$email$&key=sha1($email${secret})"
            for name in ("opt-in", "opt-out")
        }
        assert (await self.http.post(f"{self.salesmanago}/sandbox/callbacks", json={"client_id": "c", **urls})).status_code == 201

    async def clicks(self, what: str, email: str = JAN, channel: str = "email") -> None:
        """The contact clicks a link of SALESmanago; the callback, if there is one, is answered with 200."""
        answer = await self.http.post(f"{self.salesmanago}/sandbox/contacts/{email}/{what}", json={"channel": channel})
        assert answer.status_code == 200, answer.text
        if answer.json()["callback"] is not None:
            assert answer.json()["callback"]["http_status"] == 200

    async def contact(self, email: str = JAN) -> dict[str, Any]:
        found = await self.http.get(f"{self.salesmanago}/sandbox/contacts/{email}")
        return found.json() if found.status_code == 200 else {}

    # -- the panel --------------------------------------------------------------------------------------------------------

    async def registers(self, email: str, shops: Sequence[int] = (1, 2), **more: Any) -> None:
        """A customer of the panel who agreed to the newsletter of every shop."""
        body = {
            "email": email,
            "login": email.partition("@")[0],
            "first_name": "Jan",
            "last_name": "Kowalski",
            "active_shops": list(shops),
            "approvals": {channel: {str(shop): True for shop in shops} for channel in ("email", "sms")},
        }
        answer = await self.http.post(f"{self.panel}/sandbox/customers", json={**body, **more})
        assert answer.status_code == 201, answer.text

    async def agreed(self, email: str = JAN, channel: str = "email") -> dict[str, bool]:
        found = await self.http.get(f"{self.panel}/sandbox/customers/{email.partition('@')[0]}")
        return found.json()["approvals"][channel]

    async def tags(self, email: str = JAN) -> dict[str, int]:
        return (await self.http.get(f"{self.panel}/sandbox/customers/{email.partition('@')[0]}")).json()["tags"]

    async def takes_off(self, tag: str, email: str = JAN) -> None:
        """Staff take a tag off in the panel, and the shop's own backend reports it."""
        await self.http.post(f"{self.panel}/sandbox/customers/{email.partition('@')[0]}/tags", json={"remove": [tag]})
        edit = {"event_id": f"off-{time.monotonic()}", "occurred_at": datetime.now(UTC).isoformat(), "email": email}
        assert (await self.door.post("tag-edits", {**edit, "removed": [tag]}, "shop1")).status_code == 202

    async def disputes(self, tag: str) -> bool:
        """Is the tag among the conflicts of the shop?"""
        found = (await self.door.get("conflicts", "shop1")).json()["conflicts"]
        return [(one["kind"], one["about"]) for one in found] == [("tag_taken_off", [tag])]

    # -- the gateway ------------------------------------------------------------------------------------------------------

    async def subscribes(self, email: str, *shops: str, **more: Any) -> None:
        for shop in shops:
            body = {
                "event_id": f"s-{email}",
                "occurred_at": (NOW - timedelta(hours=1)).isoformat(),
                "email": email,
                "channels": ["email", "sms"],
                "phone": "+48600100200",
                "has_account": True,
            }
            answer = await self.door.post("subscriptions", {**body, **more}, shop)
            assert answer.status_code == 202, answer.text
        await eventually(lambda: self.known(email))

    async def known(self, email: str) -> bool:
        return await self.contact(email) != {} and await self.rests(email)

    async def rests(self, email: str) -> bool:
        """Everything of the person has ended."""
        found = [event for shop in self.door.keys for event in await self.events(email, shop)]
        return {one["state"] for one in found} <= {"sent", "withheld", "superseded", "parked"}

    async def events(self, email: str, shop: str) -> list[dict[str, Any]]:
        return (await self.door.post("lookups", {"email": email}, shop)).json()["events"]

    async def receipts(self, email: str, shop: str) -> list[str]:
        commands = [command for event in await self.events(email, shop) for command in event["commands"]]
        return [one["receipt"] for one in commands if one["command"] == "set_subscription" and one["receipt"]]

    async def manual_tasks(self, shop: str) -> list[tuple[str, dict[str, str], str]]:
        items = (await self.door.get("hand-work", shop)).json()["items"]
        return [(one["email"], one["details"], one["reason"]["code"]) for one in items]

    async def writes(self) -> list[str]:
        """Calls that change something, at either neighbour."""
        theirs = (await self.http.get(f"{self.salesmanago}/sandbox/ledger")).json()["entries"]
        panels = (await self.http.get(f"{self.panel}/sandbox/ledger")).json()["entries"]
        changing = [one["path"] for one in theirs if one["path"] not in READ_ONLY]
        return [*changing, *(one["path"] for one in panels if one["method"] != "GET" and "search" not in one["path"])]

    async def comes_to_rest(self) -> None:
        """Nothing is written any more, though looking goes on: several windows and sweeps long."""
        before = await self.writes()
        await asyncio.sleep(0.5)
        assert sorted(await self.writes()) == sorted(before)


async def eventually(holds: Callable[[], Awaitable[bool]]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not await holds():
        assert time.monotonic() < until, "it did not come true in time"
        await asyncio.sleep(0.05)


@asynccontextmanager
async def whole(folder: Path, *, webhook: bool = False) -> AsyncIterator[Whole]:
    """Two shops of one panel on one account; the first has callback addresses of its own."""
    sockets = [bound("127.0.0.1", 0) for _ in range(4)]
    salesmanago, its_panel, gateway, receiver = map(address, sockets)
    files = {"shop": OF_SHOP, "account": OF_ACCOUNT, "panel": "demo-panel-key", "webhook": WEBHOOK_SECRET}
    for name, content in files.items():
        (folder / f"{name}-secret").write_text(content)
    secret = {name: f"file:{folder / f'{name}-secret'}" for name in files}
    side = {"kind": "idosell", "base_url": its_panel, "api_key": secret["panel"], "calls_per_second": 100}
    if webhook:
        side |= {"webhook_url": f"{receiver}/notices", "webhook_secret": secret["webhook"], "allow_private_targets": True}
    shops = {
        "shop1": shop_entry("sklep.example.com", 1, "all_customers", callback_secret=secret["shop"], panel=side),
        "shop2": shop_entry("hurt.example.com", 2, "all_customers", panel=side),
    }
    account = {"endpoint": salesmanago, "client_id": "c", "owner": "owner@example.com", "calls_per_second": 200}
    account["callback_secret"] = secret["account"]
    notices = Notices()
    often = {"poll_seconds": 0.05, "directory_seconds": 0.5, "pull_seconds": 0.2, "sweep_seconds": 0.2, "callback_grace_seconds": 2}
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(served(create_app([Account("c", SECRET, ("owner@example.com",))]), sockets[0]))
        await stack.enter_async_context(served(panel.create_app(lambda: panel.sample_world(4)), sockets[1]))
        await stack.enter_async_context(
            served(Starlette(routes=[Route("/notices", notices.receive, methods=["POST"])]), sockets[3])
        )
        door = await stack.enter_async_context(open_door(folder, shops, account, **often))
        door.gateway.delivery._jitter = lambda: 0.05  # who was down is asked again soon
        door.gateway.worker.start()
        await stack.enter_async_context(served(door.app, sockets[2]))
        http = await stack.enter_async_context(httpx.AsyncClient())
        yield Whole(door, http, salesmanago, its_panel, gateway, notices)


async def said(made: Whole, email: str, wanted: dict[str, bool], channel: str = "email") -> bool:
    return await made.agreed(email, channel) == wanted
