"""The evening: what people click and marketing edits in SALESmanago, and how it comes home to the shops."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from app.demo.day import RETAIL, WHOLESALE
from app.demo.panel_day import with_garden
from app.sandbox import panel

JAN = "jan.kowalski@example.com"
OLA = "ola.maj@example.com"
RETAIL_NUMBER, WHOLESALE_NUMBER = 1, 2
SHOP_SECRET = "Sk1epDemoSecret0"  # noqa: S105 - signs nothing but the stand-in's callbacks
ACCOUNT_SECRET = "Konto0DemoSecret"  # noqa: S105
ACCOUNTS = 150
PATIENCE_SECONDS = 30.0


def panel_world() -> panel.Panel:
    """The panel of both shops: Jan has an account in it and reads both newsletters; Ola never opened one."""
    world = with_garden(panel.sample_world(ACCOUNTS))
    agreed = panel.Approval("2026-01-10 09:00:00", "2026-01-10 09:00:00")
    jan = panel.Customer(
        id=world.next_customer_id(),
        login="jan.kowalski",
        email=JAN,
        first_name="Jan",
        last_name="Kowalski",
        street="Polna 1",
        zip_code="00-001",
        city="Warszawa",
        phone="+48600100200",
        type="male",
        registered_on="2026-01-10",
        modified_at="2026-01-10 09:00:00",
        active_shops=[RETAIL_NUMBER, WHOLESALE_NUMBER],
    )
    jan.consents[panel.Channel.EMAIL] |= {RETAIL_NUMBER: agreed, WHOLESALE_NUMBER: agreed}
    world.add(jan)
    return world


@dataclass(frozen=True)
class Scene:
    """Something that happened in SALESmanago, and where it arrived."""

    said: str
    receipts: tuple[str, ...]
    mistake: str | None = None


class WayBack:
    """Acts in SALESmanago's stand-in, and watches the panel's."""

    def __init__(
        self, http: httpx.AsyncClient, gateway: str, salesmanago: str, panel_url: str, client_id: str, keys: dict[str, str]
    ):
        self._http = http
        self._gateway = gateway
        self._salesmanago = salesmanago
        self._panel = panel_url
        self._client_id = client_id
        self._keys = keys

    async def play(self) -> list[Scene]:
        """The scenes in order. A scene whose end does not come says so."""
        return [await scene() for scene in (self._one_shop, self._comes_back, self._every_shop, self._tags, self._no_account)]

    async def _one_shop(self) -> Scene:
        await self._callbacks(f"shops/{RETAIL}", SHOP_SECRET)
        await self._click(JAN, "unsubscribe")
        said = f"Jan unsubscribes; SALESmanago has the addresses of shop {RETAIL}"
        return await self._scene(said, self._newsletters({RETAIL_NUMBER: False, WHOLESALE_NUMBER: True}), [(RETAIL, JAN, 1)])

    async def _comes_back(self) -> Scene:
        await self._callbacks("accounts/main", ACCOUNT_SECRET)
        await self._click(JAN, "subscribe")
        said = "Jan clicks the confirmation link; SALESmanago has the addresses of the account"
        there = self._newsletters({RETAIL_NUMBER: True, WHOLESALE_NUMBER: True})
        return await self._scene(said, there, [(RETAIL, JAN, 1), (WHOLESALE, JAN, 1)])

    async def _every_shop(self) -> Scene:
        await self._click(JAN, "unsubscribe")
        there = self._newsletters({RETAIL_NUMBER: False, WHOLESALE_NUMBER: False})
        return await self._scene("Jan unsubscribes again: both shops follow", there, [(RETAIL, JAN, 1), (WHOLESALE, JAN, 1)])

    async def _tags(self) -> Scene:
        url = f"{self._salesmanago}/sandbox/contacts/{JAN}/tags"
        (await self._http.post(url, json={"add": ["menu1", "koszyk"], "score": "7"})).raise_for_status()
        wanted = {f"salesmanago_shop1_{tag}": 7 for tag in ("menu1", "koszyk")}

        async def there() -> bool:
            carried = (await self._customer())["tags"]
            return all(carried.get(name) == points for name, points in wanted.items())

        return await self._scene("Marketing tags Jan with menu1 and koszyk, 7 points each", there, [(RETAIL, JAN, 1)])

    async def _no_account(self) -> Scene:
        await self._click(OLA, "unsubscribe")

        async def there() -> bool:
            return bool((await self._ask(WHOLESALE, "GET", "hand-work"))["items"])

        waited = await self._until(there)
        items = (await self._ask(WHOLESALE, "GET", "hand-work"))["items"]
        waiting = tuple(f"waits for a person in {WHOLESALE}: {item['reason']['why']}" for item in items)
        return Scene("Ola, who has no account, unsubscribes", waiting, None if waited else "Ola's opt-out is nowhere to be seen")

    # -- steps -----------------------------------------------------------------------------------------------------------

    async def _scene(self, said: str, there: Callable[[], Awaitable[bool]], expected: list[tuple[str, str, int]]) -> Scene:
        arrived = await self._until(there)
        receipts = [receipt for shop, email, count in expected for receipt in (await self._receipts(shop, email))[-count:]]
        missing = len(receipts) < sum(count for _, _, count in expected)
        mistake = f"{said}: it did not arrive" if not arrived else f"{said}: a receipt is missing" if missing else None
        return Scene(said, tuple(receipts), mistake)

    async def _until(self, there: Callable[[], Awaitable[bool]]) -> bool:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            if await there():
                return True
            await asyncio.sleep(0.02)
        return False

    def _newsletters(self, wanted: dict[int, bool]) -> Callable[[], Awaitable[bool]]:
        async def there() -> bool:
            approvals = (await self._customer())["approvals"]["email"]
            return all(bool(approvals.get(str(number))) is agreed for number, agreed in wanted.items())

        return there

    async def _receipts(self, shop: str, email: str) -> list[str]:
        """In the order in which they were applied; waits a moment for the one that is just being written."""
        found: list[str] = []
        for _ in range(40):
            events = (await self._ask(shop, "POST", "lookups", {"email": email}))["events"]
            home = [command for event in events for command in event["commands"] if command["to"] == "shop"]
            applied = sorted((command for command in home if command["receipt"]), key=lambda command: str(command["settled_at"]))
            found = [command["receipt"] for command in applied]
            if all(command["state"] != "waiting" for command in home):
                return found
            await asyncio.sleep(0.02)
        return found

    async def customer(self) -> dict[str, Any]:
        return await self._customer()

    async def _customer(self) -> dict[str, Any]:
        answer: dict[str, Any] = (await self._http.get(f"{self._panel}/sandbox/customers/jan.kowalski")).json()
        return answer

    async def _click(self, email: str, action: str) -> None:
        (await self._http.post(f"{self._salesmanago}/sandbox/contacts/{email}/{action}", json={})).raise_for_status()

    async def _callbacks(self, path: str, secret: str) -> None:
        """What an admin pastes into SALESmanago."""
        base = f"{self._gateway}/callbacks/{path}"
        query = f"email=$email$&key=sha1($email${secret})"
        templates = {"opt_in": f"{base}/opt-in?{query}", "opt_out": f"{base}/opt-out?{query}"}
        wanted = {"client_id": self._client_id, **templates}
        (await self._http.post(f"{self._salesmanago}/sandbox/callbacks", json=wanted)).raise_for_status()

    async def _ask(self, shop: str, method: str, path: str, body: Any = None) -> dict[str, Any]:
        url, headers = f"{self._gateway}/v1/shops/{shop}/{path}", {"Authorization": f"Bearer {self._keys[shop]}"}
        answer = await self._http.request(method, url, json=body, headers=headers)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found
