"""Hours in seconds: the demo's clock is put forward, so that idle hours pass and a night's transfer can be watched."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from app.demo.day import RETAIL, WHOLESALE

IDLE_HOUR = timedelta(minutes=61)
STRIDE = timedelta(minutes=10)
STILL = ("complete", "complete_with_failures", "incomplete", "cancelled", "paused")
SETTLED = ("sent", "withheld", "superseded", "parked")
PATIENCE_SECONDS = 90.0

JAN = {"id": "1234", "email": "jan.kowalski@example.com"}
MARTA = {"email": "marta.zielinska@example.com"}


class DemoClock:
    """The time, and as much further as it was put forward."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def forward(self, by: timedelta) -> None:
        self._ahead += by


@dataclass(frozen=True)
class CartScene:
    """A cart, and what became of it."""

    said: str
    event: dict[str, Any]
    expected: tuple[str, str | None]

    @property
    def mistake(self) -> str | None:
        became = self.event["state"], (self.event["reason"] or {}).get("code")
        return None if became == self.expected else f"{self.said}: became {became}, expected {self.expected}"


class FastForward:
    def __init__(
        self, http: httpx.AsyncClient, gateway: str, keys: dict[str, str], clock: DemoClock, step: Callable[[], Awaitable[int]]
    ) -> None:
        """`step`: of the first transfer, where its time has come. The gateway itself looks less often."""
        self._http = http
        self._gateway = gateway
        self._keys = keys
        self._clock = clock
        self._step = step

    async def carts(self) -> list[CartScene]:
        """Two carts are filled, one of them is bought, and an hour passes."""
        now = self._clock()
        await self._post("carts", {"event_id": "cart-jan", "occurred_at": _text(now), **_cart("77", JAN["email"])})
        await self._post("carts", {"event_id": "cart-marta", "occurred_at": _text(now), **_cart("78", MARTA["email"])})
        bought = {"id": "5504", "currency": "PLN", "value": "199.99", "items": _cart("78", "")["cart"]["items"]}
        at = _text(now + timedelta(minutes=20))
        order = {"event_id": "order-5504", "occurred_at": at, "customer": MARTA, "order": bought, "transfer_consent": "given"}
        await self._post("orders", order)
        self._clock.forward(IDLE_HOUR)
        return [
            CartScene("Jan fills a cart and forgets it", await self._end_of("cart-jan"), ("sent", None)),
            CartScene(
                "Marta fills a cart and buys it 20 minutes later", await self._end_of("cart-marta"), ("superseded", "cart_bought")
            ),
        ]

    async def backfill(self, show: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """The dry run is approved and the accounts of the panel are sent at the planned pace, hours in seconds."""
        until = time.monotonic() + PATIENCE_SECONDS
        (found,) = (await self._ask("GET", "backfills"))["backfills"]
        while found["state"] == "counting" and time.monotonic() < until:
            await asyncio.sleep(0.02)
            found = await self._ask("GET", f"backfills/{found['id']}")
        found = await self._ask("POST", f"backfills/{found['id']}/approve")
        while found["state"] not in STILL and time.monotonic() < until:
            show(found)
            if found["waiting"] or found["trouble"]:
                await asyncio.sleep(0.02)
            else:
                self._clock.forward(STRIDE)
                await self._step()
            found = await self._ask("GET", f"backfills/{found['id']}")
        show(found)
        return found

    async def _end_of(self, event_id: str) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE_SECONDS
        event: dict[str, Any] = {"state": ""}
        while event["state"] not in SETTLED and time.monotonic() < until:
            await asyncio.sleep(0.02)
            event = await self._ask("GET", f"events/{event_id}", shop=RETAIL)
        return event

    async def _post(self, path: str, body: dict[str, Any]) -> None:
        await self._ask("POST", path, body, shop=RETAIL)

    async def _ask(self, method: str, path: str, body: Any = None, *, shop: str = WHOLESALE) -> dict[str, Any]:
        url, headers = f"{self._gateway}/v1/shops/{shop}/{path}", {"Authorization": f"Bearer {self._keys[shop]}"}
        answer = await self._http.request(method, url, json=body, headers=headers)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def _text(at: datetime) -> str:
    return at.astimezone().isoformat(timespec="seconds")


def _cart(number: str, email: str) -> dict[str, Any]:
    shoes = {"product_id": "101", "name": "Buty do biegania", "quantity": 1, "unit_price": "199.99"}
    return {"email": email, "cart": {"id": f"basket-{number}", "currency": "PLN", "value": "199.99", "items": [shoes]}}
