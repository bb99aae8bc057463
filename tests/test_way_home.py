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
        await asyncio.sleep(0.9)
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
    often = {"poll_seconds": 0.05, "directory_seconds": 0.5, "pull_seconds": 0.3, "sweep_seconds": 0.4, "callback_grace_seconds": 2}
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


async def test_r53_r54_the_address_of_a_shop_changes_that_shop_and_the_address_of_the_account_every_shop(tmp_path: Path) -> None:
    async with whole(tmp_path) as made:
        await made.registers(JAN)
        await made.subscribes(JAN, "shop1", "shop2")
        await made.pastes("shops/shop1", OF_SHOP)
        await made.clicks("unsubscribe")
        await eventually(lambda: said(made, JAN, {"1": False, "2": True}))
        assert await made.agreed(JAN, "sms") == {"1": True, "2": True}
        await eventually(lambda: made.rests(JAN))
        (receipt,) = await made.receipts(JAN, "shop1")
        assert receipt.startswith("applied to shop1 at ")
        assert await made.receipts(JAN, "shop2") == []

        await made.pastes("accounts/main", OF_ACCOUNT)
        await made.clicks("subscribe")
        await eventually(lambda: said(made, JAN, {"1": True, "2": True}))
        await made.clicks("unsubscribe")
        await eventually(lambda: said(made, JAN, {"1": False, "2": False}))
        await eventually(lambda: made.rests(JAN))
        for shop in ("shop1", "shop2"):
            assert (await made.receipts(JAN, shop))[-1].startswith(f"applied to {shop} at ")
        assert (await made.contact())["opted_out"] is True
        await made.comes_to_rest()
        assert await made.agreed() == {"1": False, "2": False}
        assert (await made.contact())["opted_out"] is True


async def said(made: Whole, email: str, wanted: dict[str, bool], channel: str = "email") -> bool:
    return await made.agreed(email, channel) == wanted


async def test_r30_r55_tags_points_and_resignations_from_text_messages_come_by_looking_and_it_comes_to_rest(tmp_path: Path) -> None:
    async with whole(tmp_path) as made:
        await made.registers(JAN)
        await made.subscribes(JAN, "shop1", "shop2")
        order = {
            "event_id": "o1",
            "occurred_at": NOW.isoformat(),
            "customer": {"email": JAN},
            "order": {
                "id": "1",
                "currency": "PLN",
                "value": "10",
                "items": [{"product_id": "1", "name": "buty", "menu_paths": ["Obuwie/Męskie"]}],
            },
            "transfer_consent": "given",
        }
        assert (await made.door.post("orders", order, "shop1")).status_code == 202
        await made.http.post(f"{made.salesmanago}/sandbox/contacts/{JAN}/tags", json={"add": ["menu1", "koszyk"], "score": "7"})
        names = ("salesmanago_shop1_menu1", "salesmanago_shop2_menu1", "salesmanago_shop1_koszyk", "salesmanago_obuwie")

        async def mirrored() -> bool:
            return {name: (await made.tags()).get(name) for name in names[:3]} == dict.fromkeys(names[:3], 7)

        await eventually(mirrored)
        assert names[3] in await made.tags()  # R31
        await eventually(lambda: made.rests(JAN))
        await made.takes_off(names[0])
        await eventually(mirrored)
        await eventually(lambda: made.rests(JAN))
        await made.takes_off(names[0])
        await eventually(lambda: made.disputes("menu1"))
        assert names[0] not in await made.tags()
        await made.http.post(f"{made.salesmanago}/sandbox/contacts/{JAN}/tags", json={"remove": ["koszyk"]})

        async def gone() -> bool:
            return "salesmanago_shop1_koszyk" not in await made.tags()

        await eventually(gone)
        assert {name for name in await made.tags() if "idosell" in name} == set()  # R29
        await made.clicks("unsubscribe", channel="phone")
        await eventually(lambda: said(made, JAN, {"1": False, "2": False}, "sms"))
        assert await made.agreed() == {"1": True, "2": True}
        await eventually(lambda: made.rests(JAN))
        await made.comes_to_rest()
        contact = await made.contact()
        assert (contact["opted_out"], contact["opted_out_phone"]) == (False, True)
        assert not [tag for tag in contact["tags"] if "salesmanago" in tag["name"].lower()]


async def test_r56_whom_the_panel_cannot_be_written_about_waits_for_a_person_with_the_reason(tmp_path: Path) -> None:
    async with whole(tmp_path) as made:
        await made.registers(EWA, [2])  # a customer of the other shop only
        await made.registers(GUEST, [1], unregistered=True)
        await made.subscribes(OLA, "shop1", has_account=False)
        await made.subscribes(EWA, "shop1", has_account=False)
        await made.subscribes(GUEST, "shop1", has_account=False)
        await made.http.post(f"{made.panel}/sandbox/subscribers", json={"email": OLA})
        await made.pastes("shops/shop1", OF_SHOP)
        await made.clicks("unsubscribe", OLA)
        await made.clicks("subscribe", EWA)
        await made.clicks("unsubscribe", GUEST)

        async def listed() -> bool:
            return len(await made.manual_tasks("shop1")) == 2

        await eventually(listed)
        await eventually(lambda: said(made, GUEST, {"1": False}))  # a guest buyer has an account of the panel
        assert sorted(await made.manual_tasks("shop1")) == [
            (EWA, {"email": "opt_in"}, "not_active_in_shop"),
            (OLA, {"email": "opt_out"}, "no_account_in_panel"),
        ]
        assert await made.manual_tasks("shop2") == []
        assert await made.agreed(EWA) == {"2": True}
        ready = (await made.http.get(f"{made.gateway}/readyz", headers=await made.door.operator())).json()
        assert "shop1: 2 change(s)" in json.dumps(ready)
        for number in [one["number"] for one in (await made.door.get("hand-work")).json()["items"]]:
            assert (await made.door.post(f"hand-work/{number}/done", {})).status_code == 204
        assert (await made.receipts(OLA, "shop1"))[-1].startswith("applied to shop1 at ")


async def test_r56_a_shop_with_an_endpoint_of_its_own_gets_a_signed_notice(tmp_path: Path) -> None:
    async with whole(tmp_path, webhook=True) as made:
        await made.registers(JAN)
        await made.subscribes(OLA, "shop1", has_account=False)
        await made.subscribes(JAN, "shop1")
        await made.pastes("shops/shop1", OF_SHOP)
        for email in (OLA, JAN):
            await made.clicks("unsubscribe", email)

        async def noticed() -> bool:
            return bool(made.notices.told)

        await eventually(noticed)
        await eventually(lambda: said(made, JAN, {"1": False, "2": True}))
        await eventually(lambda: made.rests(OLA))
        (notice,) = [one for one in made.notices.told if one["type"] == "newsletter.changed"]  # the account holder needs none
        assert (notice["data"]["shop"], notice["data"]["email"]) == ("shop1", OLA)
        assert notice["data"]["channels"]["email"]["status"] == "opt_out"
        assert await made.manual_tasks("shop1") == []
        assert len(await made.receipts(OLA, "shop1")) == 1


async def test_a_panel_that_is_down_for_a_while_gets_every_change_afterwards(tmp_path: Path) -> None:
    async with whole(tmp_path) as made:
        for email in (JAN, EWA):
            await made.registers(email)
            await made.subscribes(email, "shop1", "shop2")
        await made.pastes("accounts/main", OF_ACCOUNT)
        await made.http.post(f"{made.panel}/sandbox/faults", json={"kind": "unavailable", "times": None})
        for email in (JAN, EWA):
            await made.clicks("unsubscribe", email)

        async def tried() -> bool:
            found = await made.events(JAN, "shop1")
            commands = [one for event in found for one in event["commands"] if one["command"] == "set_subscription"]
            return any(one["attempts"] for one in commands)

        await eventually(tried)
        assert await made.agreed(JAN) == await made.agreed(EWA) == {"1": True, "2": True}
        assert await made.manual_tasks("shop1") == []  # a panel that is down is no reason to ask a person
        await made.http.delete(f"{made.panel}/sandbox/faults")
        for email in (JAN, EWA):
            await eventually(lambda email=email: said(made, email, {"1": False, "2": False}))  # type: ignore[misc]
            await eventually(lambda email=email: made.rests(email))  # type: ignore[misc]
            for shop in ("shop1", "shop2"):
                assert len(await made.receipts(email, shop)) == 1
