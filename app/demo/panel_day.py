"""A shop of which nobody posts anything: its panel pushes what happens, and a scan finds the push that was lost (R80-R83)."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from app.sandbox import panel

GARDEN = "ogrod"
GARDEN_HOST = "ogrod.iai-shop.com"
GARDEN_NUMBER = 3
PANEL_NUMBER = 1234
HOOK_TOKEN = "demo-token-of-the-panel"  # noqa: S105 - opens nothing but the demo
HOOK_SECRET = "demo-secret-of-the-panel"  # noqa: S105
EWA = "ewa.ogrodnik@example.com"
SPADE = 900
SCAN = "scan of the panel's API"
PATIENCE_SECONDS = 60.0
_SETTLED = ("sent", "withheld", "superseded", "parked")


def with_garden(world: panel.Panel) -> panel.Panel:
    """The panel's third shop, with a menu and an article of its own."""
    world.shops[GARDEN_NUMBER] = panel.Shop(GARDEN_NUMBER, GARDEN_HOST)
    world.menu |= {
        2001: panel.MenuNode(2001, "Ogród", 0, GARDEN_NUMBER),
        2002: panel.MenuNode(2002, "Narzędzia", 2001, GARDEN_NUMBER),
    }
    world.products[SPADE] = panel.Product(SPADE, "Szpadel", 89.0, [2002])
    return world


@dataclass(frozen=True)
class PanelStep:
    """Something that happened in the panel, what reported it, and what became of it."""

    said: str
    by: str
    event: dict[str, Any] | None
    expected: str = "sent"

    @property
    def mistake(self) -> str | None:
        became = self.event["state"] if self.event is not None else "nothing"
        return None if became == self.expected else f"{self.said}: became {became}, expected {self.expected}"


class PanelDay:
    """Acts in the panel's stand-in, and reads what the gateway made of it."""

    def __init__(
        self, http: httpx.AsyncClient, gateway: str, panel_url: str, key: str, scan: Callable[[], Awaitable[None]]
    ) -> None:
        """`scan`: reads the panel as the gateway does every quarter of an hour."""
        self._http = http
        self._gateway = gateway
        self._panel = panel_url
        self._headers = {"Authorization": f"Bearer {key}"}
        self._scan = scan

    async def play(self) -> list[PanelStep]:
        address = f"{self._gateway}/sources/idosell/{PANEL_NUMBER}"
        hook = await self._do("webhooks", url=address, token=HOOK_TOKEN, secret=HOOK_SECRET)
        await self._do("webhooks", url=address, token=HOOK_TOKEN, programmable=True)
        person = {"first_name": "Ewa", "last_name": "Ogrodnik", "city": "Poznań", "type": "female"}
        await self._do("customers", login="ewa", email=EWA, active_shops=[GARDEN_NUMBER], **person)
        steps = [PanelStep("Ewa creates an account", "webhook clientCreated", await self._end("registration"))]
        await self._do("customers/ewa/approvals", shop=GARDEN_NUMBER, channel="email", given=True)
        steps.append(PanelStep("subscribes to the newsletter", "Webhooki newsletter_email", await self._end("subscription")))
        goods = [{"product": SPADE, "quantity": 2}]
        await self._do("baskets", login="ewa", shop=GARDEN_NUMBER, lines=goods)
        cart = await self._end("cart", ("planned",))
        steps.append(PanelStep("fills a basket; it waits for its idle hour", "Webhooki basket", cart, "planned"))
        order = await self._do(
            "orders", login="ewa", shop=GARDEN_NUMBER, lines=goods, source_type="price_comparer", source_name="Ceneo"
        )
        steps.append(PanelStep("orders, coming from Ceneo", "webhook orderCreated", await self._end("order")))
        await self._do(f"webhooks/{hook['id']}", next=["lose"])
        await self._do("orders", login="ewa", shop=GARDEN_NUMBER, lines=[{"product": SPADE}])
        await self._scan()
        steps.append(PanelStep("orders again; this webhook is lost on purpose", SCAN, await self._end("order", number=2)))
        await self._do("customers/ewa/tags", add={"stały klient": 3})
        await self._scan()
        steps.append(PanelStep("gets a tag from staff, which no webhook tells", SCAN, await self._end("tag-edit")))
        await self._do(f"orders/{order['orderSerialNumber']}", status="canceled")
        steps.append(PanelStep("cancels the first order", "webhook orderCanceled", await self._end("order-cancellation")))
        return steps

    async def _do(self, what: str, **said: Any) -> dict[str, Any]:
        answer = await self._http.post(f"{self._panel}/sandbox/{what}", json=said)
        answer.raise_for_status()
        made: dict[str, Any] = answer.json()
        return made

    async def _end(self, kind: str, states: tuple[str, ...] = _SETTLED, number: int = 1) -> dict[str, Any] | None:
        """The event of this kind once nothing more will happen to it; of several, the one that came last."""
        until = time.monotonic() + PATIENCE_SECONDS
        found: list[dict[str, Any]] = []
        while time.monotonic() < until:
            url = f"{self._gateway}/v1/shops/{GARDEN}/lookups"
            events = (await self._http.post(url, json={"email": EWA}, headers=self._headers)).json().get("events", [])
            found = [one for one in events if one["type"] == kind]
            if len(found) >= number and all(one["state"] in states for one in found):
                return max(found, key=lambda one: str(one["received_at"]))
            await asyncio.sleep(0.02)
        return found[-1] if found else None
