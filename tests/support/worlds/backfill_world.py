"""A world whose shop has a panel with accounts to transfer."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sqlalchemy import select

from app.domain.commands import UpsertContact
from app.domain.delivery.answers import Answer, Call
from app.domain.delivery.outcomes import Delivered, Outcome
from app.domain.event_parts import Customer
from app.domain.person.contact import Contact
from app.domain.runs.backfill import Backfill, BackfillMode, ListedAccount, Listing
from app.domain.runs.backfill_tally import Tally
from app.domain.shops.shop import BackfillSettings, Panel, PanelKind, Shop
from app.services.runs.backfills import Backfills, Progress
from app.storage.engine.database import Database
from app.storage.engine.tables import backfill_accounts, inbox
from tests.conftest import Clock
from tests.support.world import (
    FakeShopSide,
    World,
    a_shop,
)

LONG_AGO = datetime(2025, 3, 18, 17, 49, 21, tzinfo=UTC)

IDOSELL = Panel(kind=PanelKind.IDOSELL, base_url="https://panel.example")

BY_HAND = BackfillSettings(automatic=False, canary=2)


def the_shop(shop_id: str = "shop1", **settings: object) -> Shop:
    return a_shop(shop_id, **{"panel": IDOSELL, "backfill": BY_HAND, **settings})


def account(
    number: int, email: str | None = None, *, guest: bool = False, active: Sequence[int] = (1,), **says: object
) -> ListedAccount:
    """An account as the client makes it of the panel's row; `email=""` for one without an address that can be one."""
    address = f"person{number}@example.pl" if email is None else email
    customer = Customer(email=address, id=str(number), **{"first_name": f"Imię{number}", **says}) if address else None
    content = hashlib.sha256(repr(customer).encode()).hexdigest()[:16]
    return ListedAccount(id=number, customer=customer, is_guest=guest, active_in=frozenset(active), content=content)


def people(count: int, first: int = 1000) -> list[ListedAccount]:
    return [account(number) for number in range(first, first + count)]


@dataclass
class Listed(FakeShopSide):
    """A panel with accounts, a hundred to a page. `changed`: when each one was changed last, if ever."""

    rows: list[ListedAccount] = field(default_factory=list)
    changed: dict[int, datetime] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    """What the next calls come to, before it lists again."""
    on_read: Callable = None  # an async step that happens while the page is on its way to us
    pages_read: list[tuple[int, datetime | None]] = field(default_factory=list)
    loads_asked: int = 0

    async def is_overloaded(self) -> bool:
        self.loads_asked += 1
        return self.overloaded

    async def accounts(self, page: int, changed_since: datetime | None = None) -> Listing:
        self.pages_read.append((page, changed_since))
        shown = [one for one in self.rows if changed_since is None or self.changed.get(one.id, LONG_AGO) >= changed_since]
        outcome = self.outcomes.pop(0) if self.outcomes else Delivered()
        answer = Answer(outcome, Call("clients/clients", self.clock(), 1, "x", "", 1))
        part = tuple(shown[page * 100 : page * 100 + 100])
        if self.on_read is not None:
            step, self.on_read = self.on_read, None
            await step()
        if not isinstance(outcome, Delivered):
            return Listing(answer)
        return Listing(answer, part, len(shown), -(-len(shown) // 100)) if part else Listing(answer)

    def change(self, number: int, row: ListedAccount) -> None:
        """Somebody edits the account, or registers one."""
        self.rows = [row if one.id == number else one for one in self.rows]
        if row not in self.rows:
            self.rows.append(row)
        self.changed[number] = self.clock()


class Airport(World):
    """A world whose shop has a panel with accounts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        self.panel = self.listed("shop1")
        self.flights = self.restarted()

    def listed(self, shop_id: str) -> Listed:
        self.sides[shop_id] = panel = Listed(self.clock)
        return panel

    def restarted(self) -> Backfills:
        """The use case without memory, as in another process."""
        return Backfills(self.store, self.directory, lambda shop: self.sides[shop], self.dry_run, self.clock, lambda: None)

    async def begin(self, mode: BackfillMode = BackfillMode.RUN, shop: str = "shop1") -> int:
        return (await self.flights.start(shop, mode)).run.id

    async def at(self, number: int, shop: str = "shop1") -> Progress:
        return await self.flights.progress(shop, number)

    async def run_of(self, number: int) -> Backfill:
        return (await self.at(number)).run

    async def step(self) -> None:
        """The next step of whatever is due, and all that follows from it, ten minutes later."""
        await self.flights.step_due()
        await self.run()
        self.clock.advance(minutes=10)

    async def until(self, number: int, wanted: Callable[[Backfill], bool], steps: int = 40) -> Backfill:
        for _ in range(steps):
            run = await self.run_of(number)
            if wanted(run):
                return run
            await self.step()
        raise AssertionError(f"it never came so far: {run}")

    async def land(self, number: int) -> Progress:
        await self.until(number, lambda run: run.is_over)
        return await self.at(number)

    async def flown(self, mode: BackfillMode = BackfillMode.RUN) -> Tally:
        return (await self.land(await self.begin(mode))).tally

    async def events(self) -> list[str]:
        """Types of the events in the inbox, in order of acceptance."""
        async with self.database.transaction() as connection:
            return list((await connection.execute(select(inbox.c.type).order_by(inbox.c.seq))).scalars())

    async def noted(self) -> set[int]:
        async with self.database.transaction() as connection:
            return set((await connection.execute(select(backfill_accounts.c.account_id))).scalars())

    async def contact(self, email: str, shop: str = "shop1") -> Contact:
        async with self.store.work() as work:
            (found,) = await work.contacts.in_shops([shop], [email])
        return found.contact

    def upserts(self, email: str) -> list[UpsertContact]:
        return [one for one in self.upstream.sent(UpsertContact) if email in (one.email, one.new_email)]
