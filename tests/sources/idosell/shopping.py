"""A panel's stand-in with its real API, a gateway that reads it, and people who shop there at the clock's time."""

from datetime import timedelta
from typing import Any

import httpx

from app.clients.idosell.client import IdosellPanel
from app.clients.rate_limiter import RateLimiter
from app.clients.transport import Transport
from app.domain.intake.pushes import SourceName
from app.sandbox.panel import Customer, Key, MenuNode, Order, OrderLine, Panel, Product, create_app
from app.sandbox.panel import Shop as PanelShop
from app.sandbox.panel.reading import local_time
from app.sources.idosell.scans.scanning import Scanner
from app.sources.idosell.source import IdosellSource
from app.storage.unit_of_work import Store
from tests.conftest import Clock
from tests.sources.stage import Stage, source_shop
from tests.support.builders import at

KEY = "panel-key"
SOURCE = SourceName("idosell", "1234")
START = at("2026-11-23T08:00")
PAUSE = timedelta(minutes=15)


class Shopping:
    """A panel whose customers act at the clock's time, and the scanner that watches it."""

    def __init__(self, store: Store, clock: Clock, **rules: Any) -> None:
        self.clock = clock
        panel = Panel({1: PanelShop(1, "sklep.example")})
        panel.menu = {1: MenuNode(1, "Obuwie"), 2: MenuNode(2, "Męskie", 1)}
        panel.products = {number: Product(number, f"Buty {number}", 199.0, [2]) for number in range(100, 160)}
        self.app = create_app(lambda: panel, keys=[Key(KEY)], clock=lambda: int(clock().timestamp() * 1000))
        self.panel = panel
        self.sandbox = self.app.state.sandbox
        self.shop = source_shop(integration_started_at=START)
        self.stage = Stage(store, clock, self.shop)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="https://panel.example")
        side = IdosellPanel(self.shop, KEY, Transport(self.http, RateLimiter(100_000)), clock)
        self.panels = type("Panels", (), {"panel_of": lambda self, shop_id: side})()
        self.source = IdosellSource(store, self.panels, clock)
        self.scanner = Scanner(store, self.stage.directory, self.panels, self.source, self.stage.teller, clock, PAUSE)

    @property
    def now(self) -> str:
        return local_time(int(self.clock().timestamp() * 1000))

    def registers(self, number: int, email: str = "", *, wholesaler: bool = False) -> Customer:
        customer = Customer(number, f"login{number}", email or f"c{number}@example.com", first_name="Anna", wholesaler=wholesaler)
        customer.registered_on, customer.modified_at = self.now[:10], self.now
        return self.panel.add(customer)

    def orders(self, serial: int, customer: Customer, product: int = 100, **more: Any) -> Order:
        line = OrderLine(product, f"Buty {product}", 199.0)
        order = Order(serial, customer.id, 1, self.now, self.now, lines=[line], **more)
        self.panel.orders[serial] = order
        return order

    async def scan(self) -> int:
        """As long as there is something to read now; answers how many calls it took."""
        before = len(self.sandbox.ledger.entries)
        while await self.scanner.step(SOURCE):
            pass
        return len(self.sandbox.ledger.entries) - before

    async def scan_later(self) -> int:
        """In the next round."""
        self.clock.advance(minutes=16)
        return await self.scan()

    async def told(self) -> list[Any]:
        return [one.event for one in await self.stage.events()]
