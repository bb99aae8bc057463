"""What a day costs the panel (R82): calls of the scan, while people order and change their accounts, on the product's own code.

The clock is simulated: a day takes seconds. Nobody pushes anything, which is the dearest case: every change is found by asking.
"""

import asyncio
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx
from cryptography.fernet import Fernet

from app.clients.idosell.client import IdosellPanel
from app.clients.rate_limiter import RateLimiter
from app.clients.transport import Transport
from app.domain.consent import Policy
from app.domain.events import AccountChanged, OrderPlaced
from app.domain.intake.pushes import SourceName
from app.domain.shops.configuration import StoredAccount, StoredShop
from app.domain.shops.shop import Account, Panel, PanelKind, Shop, ShopSource, SourceKind
from app.sandbox.panel import Customer, Key, Order, OrderLine, Product, create_app
from app.sandbox.panel import Panel as StandIn
from app.sandbox.panel import Shop as PanelShop
from app.sandbox.panel.reading import local_time
from app.services.intake import Intake
from app.services.shops.directory import ShopDirectory
from app.services.shops.keyring import KeyRing, Pseudonyms
from app.sources.idosell.scans.scanning import Scanner
from app.sources.idosell.source import IdosellSource
from app.sources.telling import Teller
from app.storage.engine import migrations
from app.storage.engine.database import Database
from app.storage.unit_of_work import Store
from benchmarks.report import Figures, at_most, never
from benchmarks.stage import Stage

HOURS, ORDERS, EDITS, ACCOUNTS = 24, 300, 200, 400
MOST_CALLS = 1_300
PAUSE = timedelta(minutes=15)
SOURCE = SourceName("idosell", "1234")
_BEGIN = datetime(2026, 11, 23, tzinfo=UTC)
_PRODUCTS = range(100, 160)


def measure(stage: Stage, figures: Figures) -> None:
    cost, hours = asyncio.run(_measured(stage)), _hours(stage)
    name = f"panel calls of {hours} h of scans, {ORDERS} orders and {EDITS} edits a day"
    figures.add(name, cost.calls, "calls", at_most(MOST_CALLS * hours / HOURS))
    figures.add("changes that those scans missed", cost.orders_missed + cost.edits_missed, "changes", never())


def _hours(stage: Stage) -> int:
    return stage.size(HOURS, 3)


async def _measured(stage: Stage) -> "Cost":
    database, share = Database(f"sqlite+aiosqlite:///{stage.folder / f'{stage.run()}.db'}"), _hours(stage) / HOURS
    try:
        await migrations.upgrade(database)
        store, many = Store(database), stage.size(ACCOUNTS, 50)
        return await day(store, hours=_hours(stage), orders=round(ORDERS * share), edits=round(EDITS * share), accounts=many)
    finally:
        await database.close()


@dataclass(frozen=True)
class Cost:
    calls: int
    orders_missed: int
    edits_missed: int
    trouble: str


class _Clock:
    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def milliseconds(self) -> int:
        return int(self.now.timestamp() * 1000)

    def shown(self) -> str:
        """As the panel writes a time."""
        return local_time(self.milliseconds())


class _Panels:
    def __init__(self, side: IdosellPanel) -> None:
        self._side = side

    def panel_of(self, shop_id: str) -> IdosellPanel | None:  # noqa: ARG002 - the port's
        return self._side


async def day(store: Store, *, hours: int, orders: int, edits: int, accounts: int) -> Cost:
    """Minute by minute: what happens in the panel, and the scan if it is its time. What was there before is read first."""
    clock, dice = _Clock(_BEGIN), random.Random(7)
    panel = StandIn({1: PanelShop(1, "sklep.example")})
    panel.products = {number: Product(number, f"Buty {number}", 199.0, []) for number in _PRODUCTS}
    app = create_app(lambda: panel, keys=[Key("key")], clock=clock.milliseconds)
    people = [_registered(panel, 1000 + number, clock) for number in range(accounts)]
    acts = sorted((dice.randrange(hours * 60), act) for act, many in (("order", orders), ("edit", edits)) for _ in range(many))
    edited: set[tuple[int, str]] = set()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://panel.example") as http:
        scanner = await _scanner(store, clock, http)
        ledger = app.state.sandbox.ledger.entries

        async def scan() -> None:
            while await scanner.step(SOURCE):
                pass

        await scan()
        before, serial = len(ledger), 0
        for minute in range(hours * 60):
            clock.now = _BEGIN + timedelta(minutes=minute)
            while acts and acts[0][0] == minute:
                _, act = acts.pop(0)
                person = dice.choice(people)
                if act == "order":
                    serial += 1
                    number = dice.choice(_PRODUCTS)
                    panel.orders[serial] = Order(
                        serial, person.id, 1, clock.shown(), clock.shown(), lines=[OrderLine(number, f"Buty {number}", 199.0)]
                    )
                else:
                    street = f"Polna {dice.randrange(10_000)}"
                    panel.edit(person, {"street": street}, clock.shown())
                    edited.add((person.id, street))
            await scan()
        calls = len(ledger) - before
        clock.now += timedelta(minutes=30)
        await scan()
    async with store.work() as work:
        found, _ = await work.inbox.due(1000 + accounts * 2, 10**9)
        trouble = (await work.pushes.scan(SOURCE)).trouble
    told = [one.event for one in found]
    placed = {one.order_id for one in told if isinstance(one, OrderPlaced)}
    shown = {
        (one.customer.id, one.customer.address.street) for one in told if isinstance(one, AccountChanged) and one.customer.address
    }
    last = {person_id: person.street for person_id, person in panel.customers.items() if any(one == person_id for one, _ in edited)}
    missed = [person_id for person_id, street in last.items() if (str(person_id), street) not in shown]
    return Cost(calls, serial - len(placed), len(missed), trouble)


def _registered(panel: StandIn, number: int, clock: _Clock) -> Customer:
    customer = Customer(number, f"login{number}", f"c{number}@example.com", first_name="Anna")
    customer.registered_on, customer.modified_at = clock.shown()[:10], clock.shown()
    return panel.add(customer)


async def _scanner(store: Store, clock: _Clock, http: httpx.AsyncClient) -> Scanner:
    ring = KeyRing([Fernet.generate_key().decode()])
    shop = Shop(
        id="shop1",
        account="main",
        host="sklep.example",
        location="sklep_example",
        number=1,
        policy=Policy.ALL_CUSTOMERS,
        integration_started_at=_BEGIN - timedelta(hours=3),
        panel=Panel(kind=PanelKind.IDOSELL, base_url="https://panel.example"),
        source=ShopSource(kind=SourceKind.IDOSELL, name=SOURCE.name),
    )
    account = Account(id="main", endpoint="http://127.0.0.1:9", client_id="c", owner="owner@example.com")
    directory = ShopDirectory(store, ring, clock)
    secret = ring.close("s")
    await directory.apply([StoredAccount(account, {"api_secret": secret})], [StoredShop(shop, {"source_token_0": secret})])
    panels = _Panels(IdosellPanel(shop, "key", Transport(http, RateLimiter(100_000)), clock))
    teller = Teller(store, directory, Intake(store, clock, lambda: None), Pseudonyms("pepper"))
    return Scanner(store, directory, panels, IdosellSource(store, panels, clock), teller, clock, PAUSE)
