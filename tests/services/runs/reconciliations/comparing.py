"""A world in which both sides can be compared."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.domain.commands import UpsertContact
from app.domain.delivery.answers import Answer, Call
from app.domain.delivery.outcomes import Delivered, Outcome
from app.domain.event_parts import Customer
from app.domain.events import TagsEdited
from app.domain.person.contact import Contact
from app.domain.runs.backfill import ListedAccount, Listing
from app.domain.runs.reconciliation import Reconciliation, ReconciliationMode
from app.domain.shops.shop import Panel, PanelKind
from app.services.from_salesmanago.polling import Poller
from app.services.runs.reconciliations import Reconciliations
from app.storage.engine.database import Database
from app.storage.engine.tables import inbox
from tests.conftest import Clock
from tests.support.world import JAN, FakeShopSide, FakeUpstream, World, registers, renames, subscribes, tags
from tests.support.worlds.faithful import Faithful

OLD, NEW = "jan@old.example", "jan@new.example"
IDOSELL = Panel(kind=PanelKind.IDOSELL, base_url="https://panel.example")


@dataclass
class Listed(FakeShopSide):
    """A panel with accounts, a hundred to a page. `changed`: when each one was changed last; long ago where nothing is said."""

    rows: list[ListedAccount] = field(default_factory=list)
    changed: dict[int, datetime] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    on_read: Callable = None
    pages_read: list[tuple[int, datetime | None]] = field(default_factory=list)
    broken: bool = False

    async def accounts(self, page: int, changed_since: datetime | None = None) -> Listing:
        self.pages_read.append((page, changed_since))
        if self.broken:
            raise RuntimeError("a defect of the client")
        shown = [
            one for one in self.rows if changed_since is None or (one.id in self.changed and self.changed[one.id] >= changed_since)
        ]
        outcome = self.outcomes.pop(0) if self.outcomes else Delivered()
        answer = Answer(outcome, Call("clients/clients", self.clock(), 1, "x", "", 1))
        if self.on_read is not None:
            step, self.on_read = self.on_read, None
            await step()
        if not isinstance(outcome, Delivered):
            return Listing(answer)
        return Listing(answer, tuple(shown[page * 100 : page * 100 + 100]), len(shown), -(-len(shown) // 100))


def account(
    number: int, email: str | None = None, *, guest: bool = False, active: Sequence[int] = (1,), **says: object
) -> ListedAccount:
    address = f"person{number}@example.pl" if email is None else email
    customer = Customer(email=address, id=str(number), **says)
    return ListedAccount(id=number, customer=customer, is_guest=guest, active_in=frozenset(active), content=repr(customer)[:16])


class Audit(World):
    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database, clock)
        self.upstream = Faithful(clock)
        self.panel = self.panel_of("shop1")
        self.pull = Poller(self.store, self.directory, self.account_side, clock, lambda: None, timedelta(0))
        self.queued = 0
        self.auditor = self.restarted()

    def account_side(self, account_id: str) -> FakeUpstream:
        return self.upstream

    def panel_of(self, shop_id: str) -> Listed:
        self.sides[shop_id] = panel = Listed(self.clock)
        return panel

    def _rang(self) -> None:
        self.queued += 1

    def restarted(self) -> Reconciliations:
        side = lambda shop_id: self.sides[shop_id]  # noqa: E731 - as the composition root has it
        return Reconciliations(self.store, self.directory, self.account_side, side, self.pull, self.dry_run, self.clock, self._rang)

    async def looked(self) -> None:
        """The usual looks have happened and all that follows from them, as on any evening."""
        for _ in range(2):
            self.clock.advance(minutes=20)
            await self.run()
            await self.pull.sweep("main", timedelta(0))
            await self.run()
        self.clock.advance(minutes=20)

    async def finished(self, run: Reconciliation, steps: int = 30) -> Reconciliation:
        for _ in range(steps):
            stands = await self.auditor.one(run.shop_id, run.id)
            if stands.is_over:
                return stands
            await self.auditor.step_due()
            self.clock.advance(seconds=1)
        raise AssertionError(f"it never ended: {stands}")

    async def compared(self, mode: ReconciliationMode = ReconciliationMode.PREVIEW, shop: str = "shop1") -> Reconciliation:
        run = await self.finished(await self.auditor.start(shop, mode))
        await self.run()
        self.clock.advance(minutes=20)
        return run

    async def causes(self, shop: str = "shop1") -> dict[str, int]:
        return dict((await self.compared(shop=shop)).causes)

    async def repaired(self, shop: str = "shop1") -> list[UpsertContact]:
        """What a repair tells SALESmanago."""
        before = len(self.upstream.sent())
        await self.compared(ReconciliationMode.REPAIR, shop)
        return self.upstream.sent()[before:]

    async def contact(self, email: str = JAN, shop: str = "shop1") -> Contact:
        async with self.store.work() as work:
            (found,) = await work.contacts.in_shops([shop], [email])
        return found.contact

    async def rows(self) -> list[dict]:
        async with self.database.transaction() as connection:
            return [dict(row) for row in (await connection.execute(select(inbox).order_by(inbox.c.seq))).mappings()]

    async def made(self) -> list[str]:
        """Types of the events that comparisons put into the inbox."""
        return sorted(row["type"] for row in await self.rows() if row["type"] in ("account-listed", "drift-found"))

    async def delete_there(self, email: str) -> None:
        """Somebody deletes the contact in SALESmanago."""
        del self.upstream.contacts[email]
        self.upstream.opted_out.discard(email)
        self.upstream.opted_out_phone.discard(email)


both_stores = pytest.mark.parametrize("dialect", ["sqlite", "postgresql"], indirect=True)


async def with_jan(world: Audit, *events: object) -> Audit:
    """Jan has an account, is in SALESmanago, and everything was looked at."""
    await world.post(*(events or (registers(JAN, first_name="Jan", id="7"),)))
    await world.looked()
    return world


# -- a preview changes nothing -------------------------------------------------------------------------------------------


async def damaged(world: Audit) -> None:
    """One of each: deleted, renamed back, tags gone and left, a status, points, a tag taken off twice, an unknown account."""
    people = [f"p{number}@example.pl" for number in range(8)]
    await world.post(*(registers(one, id=str(100 + number)) for number, one in enumerate(people)), subscribes(people[4], 1))
    await world.post(
        tags(1, email=people[3], added=("vip",)), tags(2, email=people[3], removed=("vip",)), renames(people[1], NEW, 3)
    )
    await world.looked()
    for _ in range(2):
        world.clock.advance(minutes=1)
        await world.post(TagsEdited(at=world.clock(), customer_id="107", all_tags=(), mirrored=()))
        await world.run()
    there = world.upstream.contacts
    await world.delete_there(people[0])
    there[people[1]] = there.pop(NEW)
    there[people[2]].discard("rejestracja")
    there[people[3]].add("idosell_vip")
    world.upstream.opted_out.add(people[4])
    there[people[5]].add("czerwony")
    world.panel.rows = [account(9), account(106, people[6], first_name="Ola")]
