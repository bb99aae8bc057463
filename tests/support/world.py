"""The use cases put together on a real store, with SALESmanago played by a small fake of our own port."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cryptography.fernet import Fernet
from sqlalchemy import event as sql_event
from sqlalchemy import exists, select, text

from app.domain.commands import AddEvent, DeleteContact, MirrorTags, ReportErasure, SetSubscription, ShopCommand, UpsertContact
from app.domain.consent import ConsentAnswer, Policy, Status
from app.domain.delivery.answers import Answer, Call, LookupResult, Modified
from app.domain.delivery.circuit_breaker import Breaker
from app.domain.delivery.destination import DestinationState
from app.domain.delivery.outbox import to_account, to_newsletter, to_reading, to_tags
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Unknown
from app.domain.delivery.verify import RemoteContact, RemoteEvent
from app.domain.event_parts import Customer, Item
from app.domain.events import (
    AccountChanged,
    CartChanged,
    CustomerRegistered,
    ErasureRequested,
    Event,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    ProductViewed,
    Subscribed,
    TagsEdited,
    TransferConsentGranted,
    TransferConsentWithdrawn,
    Unsubscribed,
)
from app.domain.intake.inbox import Accepted, NewEvent
from app.domain.intake.lanes import Spread
from app.domain.operations.audit import Actor
from app.domain.operations.history import hour_of
from app.domain.operations.trace import EventTrace
from app.domain.shops.configuration import StoredAccount, StoredShop
from app.domain.shops.shop import Account, Shop
from app.services.carts import Carts
from app.services.delivery.loop import Delivery
from app.services.delivery.senders.opt_in_verifier import OptInVerifier
from app.services.delivery.senders.salesmanago_sender import SalesmanagoSender
from app.services.delivery.senders.sender import Sender
from app.services.delivery.senders.shop_sender import ShopSender
from app.services.operations.audit import acts
from app.services.planning.dry_run import DryRun
from app.services.planning.planner import Planner, RoundLimits
from app.services.recovery_links import RecoveryLinks
from app.services.shops.directory import ShopDirectory
from app.services.shops.keyring import KeyRing, Pseudonyms
from app.storage.engine.database import Database
from app.storage.engine.tables import contact_queues, inbox, metadata
from app.storage.unit_of_work import Store
from tests.conftest import NOON, Clock

TERMINAL = {"sent", "withheld", "superseded", "parked"}
JAN, EWA = "jan@example.pl", "ewa@example.pl"

UNHURRIED = RoundLimits(awaited=3_600, seconds=3_600, uncut=3_600)
"""What was posted together is decided in one round, however slow the machine."""


# -- SALESmanago ---------------------------------------------------------------------------------------------------------


@dataclass
class FakeUpstream:
    """Records every call and answers as told. What it answers with `Delivered` it has done; with `applied`, `Unknown` too."""

    clock: Clock
    respond: Callable[[str, list], Outcome] = lambda method, items: Delivered()
    applied: bool = True
    before_answer: Callable = None  # an async step that happens while the call is on its way
    before_return: Callable = None  # as before, but what was asked for is done already
    calls: list[tuple[str, list]] = field(default_factory=list)
    contacts: dict[str, set[str]] = field(default_factory=dict)
    events: list[AddEvent] = field(default_factory=list)
    opted_out: set[str] = field(default_factory=set)
    opted_out_phone: set[str] = field(default_factory=set)
    bounced: set[str] = field(default_factory=set)
    ids: dict[str, AddEvent] = field(default_factory=dict)
    """Of events that were added one by one: a batch answers none (contract 2.11)."""
    shows_ids: bool = False
    """Are ids shown in a look? Nobody has seen them there."""
    points: dict[str, int] = field(default_factory=dict)
    """Tag -> points, for everybody; 1 where nothing is said."""
    created: dict[str, datetime] = field(default_factory=dict)
    """When a contact was made; nothing is shown where nothing is said."""
    pages: list[tuple[str, ...]] | None = None
    """What changed, page by page; everybody on one page where nothing is said."""
    windows: list[tuple[datetime, datetime]] = field(default_factory=list)

    async def ready(self) -> bool:
        return True

    def slot_is_valid(self, reading_seconds: float = 0.0) -> bool:
        return True

    def release_slot(self) -> None:
        pass

    async def _call(self, method: str, items: list) -> Answer:
        self.calls.append((method, items))
        if self.before_answer is not None:
            await self.before_answer(method, items)
        outcome = self.respond(method, items)
        if method == "upsert" and isinstance(outcome, Delivered) and self._is_taken(items[0]):
            outcome = Refused("Contact with newEmail already exists")
        done = isinstance(outcome, Delivered) or (isinstance(outcome, Unknown) and self.applied)
        for item in items if done else ():
            self._do(item)
        if self.before_return is not None:
            await self.before_return(method, items)
        return Answer(outcome, Call(f"/{method}", self.clock(), 1, type(outcome).__name__, "", len(items)))

    def _do(self, item: object) -> None:
        match item:
            case UpsertContact() if self._is_taken(item):
                pass  # in a job an item that is refused is passed over, and nobody is told
            case UpsertContact():
                tags = self.contacts.pop(item.email, set())
                for out in (self.opted_out, self.opted_out_phone):  # a rename changes no status
                    if item.new_email and item.email in out:
                        out.remove(item.email)
                        out.add(item.new_email)
                self.contacts[item.address_after] = (tags - set(item.remove_tags)) | set(item.add_tags)
                self._say(self.opted_out, item.address_after, item.email_status)
                self._say(self.opted_out_phone, item.address_after, item.phone_status)
                if item.new_email:
                    self._moved(item.email, item.new_email)
            case AddEvent(overwrites=str()):
                self._overwrite(item)
            case AddEvent():
                self.events.append(item)
            case DeleteContact():
                self.contacts.pop(item.email, None)
                self._say(self.opted_out, item.email, Status.OPT_IN)  # whoever comes again is somebody new
                self._say(self.opted_out_phone, item.email, Status.OPT_IN)
                self.events = [event for event in self.events if event.email != item.email]

    def _is_taken(self, upsert: UpsertContact) -> bool:
        return upsert.new_email not in (None, upsert.email) and upsert.new_email in self.contacts

    def _overwrite(self, update: AddEvent) -> None:
        former = self.ids.get(update.overwrites)
        if former is None:
            self.events.append(update)  # of a cart: this fake knows ids of its own alone
            return
        now = replace(update, email=former.email)
        self.events = [now if one is former else one for one in self.events]
        self.ids[update.overwrites] = now

    def _moved(self, old: str, new: str) -> None:
        moved = {id(one): replace(one, email=new) for one in self.events if one.email == old}
        self.ids = {number: moved.get(id(one), one) for number, one in self.ids.items()}
        self.events = [moved.get(id(one), one) for one in self.events]

    def _say(self, out: set[str], email: str, status: Status | None) -> None:
        if status is Status.OPT_OUT:
            out.add(email)
        elif status is Status.OPT_IN:
            out.discard(email)

    async def upsert(self, command: UpsertContact) -> Answer:
        return await self._call("upsert", [command])

    async def upsert_many(self, commands: Sequence[UpsertContact]) -> Answer:
        return await self._call("upsert_many", list(commands))

    async def add_event(self, event: AddEvent) -> Answer:
        before = len(self.events)
        answer = await self._call("add_event", [event])
        if len(self.events) == before:
            return answer
        number = f"id-{len(self.ids) + 1}"
        self.ids[number] = self.events[before]
        return replace(answer, outcome=Delivered(number)) if answer.outcome == Delivered() else answer

    async def update_event(self, event: AddEvent) -> Answer:
        former, respond = self.ids.get(event.overwrites), self.respond
        if former is not None and not any(one is former for one in self.events):
            self.respond = lambda method, items: Refused("Event does not exist")
        answer = await self._call("update_event", [event])
        self.respond = respond
        known = former is not None and answer.outcome == Delivered()
        return replace(answer, outcome=Delivered(event.overwrites)) if known else answer

    async def add_events(self, events: Sequence[AddEvent]) -> list[Answer]:
        return [await self._call("add_events", list(events))] * len(events)

    async def delete(self, command: DeleteContact) -> Answer:
        return await self._call("delete", [command])

    async def look_up(self, emails: Collection[str]) -> LookupResult:
        """Where an event stands there is a contact, whatever was refused of it."""
        answer = await self._call("look_up", sorted(emails))
        there = {*self.contacts, *(event.email for event in self.events)}
        return LookupResult({email: self._seen(email) for email in emails if email in there}, answer)

    def _seen(self, email: str) -> RemoteContact:
        theirs = [event for event in self.events if event.email == email]
        return RemoteContact(
            email,
            {tag: self.points.get(tag, 1) for tag in self.contacts.get(email, ())},
            [self._shown(one) for one in theirs],
            opted_out=email in self.opted_out,
            opted_out_phone=email in self.opted_out_phone,
            is_invalid=email in self.bounced,
            created_at=self.created.get(email),
        )

    def _shown(self, event: AddEvent) -> RemoteEvent:
        number = next((number for number, one in self.ids.items() if one is event), None) if self.shows_ids else None
        goods = ",".join(line.product_id for line in event.lines)
        return RemoteEvent(event.kind, event.external_id, _ms(event.at), event.value, goods, number)

    async def statuses(self, emails: Collection[str]) -> LookupResult:
        answer = await self._call("statuses", sorted(emails))
        return LookupResult({email: self._seen(email) for email in emails if email in self.contacts}, answer)

    async def modified(self, since: datetime, until: datetime, page: int) -> Modified:
        self.windows.append((since, until))
        pages = self.pages if self.pages is not None else [tuple(sorted(self.contacts))]
        emails = pages[page - 1] if page <= len(pages) else ()
        return Modified(emails, page < len(pages), await self._call("modified", [page]))

    # -- what the tests ask -----------------------------------------------------------------------------------------------

    @property
    def methods(self) -> list[str]:
        return [method for method, _ in self.calls]

    def sent(self, kind: type | None = None) -> list:
        """Everything that was sent, item by item, in order."""
        items = [item for method, items in self.calls if method not in ("look_up", "statuses", "modified") for item in items]
        return [item for item in items if kind is None or isinstance(item, kind)]


@dataclass
class FakeShopSide:
    """The shop's side: records what it is asked, and answers as told."""

    clock: Clock
    respond: Callable[[ShopCommand], Outcome] = lambda command: Delivered()
    before_answer: Callable = None  # an async step that happens while the call is on its way
    asked: list[ShopCommand] = field(default_factory=list)
    done: list[ShopCommand] = field(default_factory=list)
    overloaded: bool = False

    async def set_subscription(self, command: SetSubscription, number: int) -> Answer:
        return await self._answer(command)

    async def mirror_tags(self, command: MirrorTags, number: int) -> Answer:
        return await self._answer(command)

    async def report_erasure(self, command: ReportErasure, number: int) -> Answer:
        return await self._answer(command)

    async def is_overloaded(self) -> bool:
        return self.overloaded

    async def _answer(self, command: ShopCommand) -> Answer:
        self.asked.append(command)
        if self.before_answer is not None:
            await self.before_answer(command)
        outcome = self.respond(command)
        if isinstance(outcome, Delivered):
            self.done.append(command)
        return Answer(outcome, Call("clients", self.clock(), 1, type(outcome).__name__, "", 1))


def _ms(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def scripted(*outcomes: Outcome, method: str | None = None) -> Callable[[str, list], Outcome]:
    """Answers in turn, then `Delivered`; calls of other methods than the named one are delivered."""
    left = list(outcomes)

    def respond(called: str, items: list) -> Outcome:
        return left.pop(0) if left and method in (None, called) else Delivered()

    return respond


# -- the gateway ---------------------------------------------------------------------------------------------------------


UNDECIDED = select(exists().where(inbox.c.state == text("'received'")) | exists().where(inbox.c.state == text("'held'")))
WAITED_FOR = select(contact_queues.c.destination).distinct()
_STATES = select(inbox.c.event_id, inbox.c.state, inbox.c.reason).order_by(inbox.c.seq)
_WITHHELD_OR_PARKED = select(inbox.c.received_at, inbox.c.shop_id, inbox.c.state, inbox.c.reason).where(
    inbox.c.state.in_(("withheld", "parked"))
)
DIVIDED = Spread(from_events=1, window=40, lanes_at_once=4, whole_if_alone=False)


def a_shop(shop_id: str = "shop1", **settings: object) -> Shop:
    default = {"account": "main", "host": "sklep.example", "location": "sklep_example", "number": 1, "policy": Policy.ALL_CUSTOMERS}
    return Shop(id=shop_id, integration_started_at=datetime.fromisoformat("2026-01-01T00:00:00+01:00"), **{**default, **settings})


class World:
    def __init__(self, database: Database, clock: Clock) -> None:
        self.database, self.clock, self.store = database, clock, Store(database, clock)
        self.ring = KeyRing([Fernet.generate_key().decode()])
        self.upstream = FakeUpstream(clock)
        self.sides = defaultdict(lambda: FakeShopSide(clock))
        self.side = self.sides["shop1"]
        self.directory = ShopDirectory(self.store, self.ring, clock)
        self.pseudonym = Pseudonyms("pepper")
        self.planner = Planner(self.store, self.directory, clock, self.pseudonym, lambda: None, limits=UNHURRIED)
        self.planners = [self.planner]
        self.dry_run = DryRun(self.store, self.directory, clock, self.pseudonym)
        self.carts = Carts(self.store, self.directory, clock, RecoveryLinks(self.ring, clock))
        self.restart()
        self.accepted = 0

    def restart(self) -> None:
        """A delivery without memory, as after a restart."""
        self.delivery = Delivery(self.store, self._sender, self.directory.shop, self.clock, lambda: 1.0)

    def _sender(self, destination: str) -> Sender:
        kind, _, name = destination.partition(":")
        if kind == "account":
            ours, closed = self.directory.open_shops(name), self.directory.closed_shops()
            return SalesmanagoSender(
                self.upstream, name, ours, closed, self.store, self.clock, is_behind=lambda: self.planner.is_behind
            )
        if kind == "reading":
            shops = [shop.id for shop in self.directory.shops_of(name)]
            return OptInVerifier(self.upstream, name, shops, self.directory.closed_shops(), self.store, self.clock)
        stops = [name] if kind == "newsletter" else []
        return ShopSender(self.sides[name], self.directory.closed_shops(), stops, self.store, self.clock)

    async def configure(self, *shops: Shop) -> None:
        account = StoredAccount(
            Account(id="main", endpoint="https://a.example", client_id="c", owner="o@a.example"),
            {"api_secret": self.ring.close("s")},
        )
        await self.directory.apply([account], [StoredShop(shop, {}) for shop in shops or (a_shop(),)])

    async def post(self, *events: Event, shop: str = "shop1", event_id: str | None = None, kind: str = "event") -> list[str]:
        """Accept events one by one, a millisecond apart."""
        ids = []
        async with self.store.work() as work:
            for event in events:
                self.accepted += 1
                ids.append(event_id or f"e{self.accepted}")
                name = "cart" if isinstance(event, CartChanged) else kind
                (answer,) = await work.inbox.add([NewEvent(shop, ids[-1], name, event, "d")], self.clock.advance(milliseconds=1))
                assert isinstance(answer, Accepted)
                assert not answer.duplicate
            await work.commit()
        return ids

    async def plan(self) -> None:
        """Decide until nothing is left. A round that finds nothing costs several times what asking does."""
        while await self._is_something_undecided():
            if not any(await asyncio.gather(*(planner.plan_due() for planner in self.planners))):
                return

    async def _is_something_undecided(self) -> bool:
        """Of a planner that took all it may, the next round says that it is no longer behind."""
        if any(planner.is_behind for planner in self.planners):
            return True
        async with self.database.transaction(reading=True) as connection:
            return bool((await connection.execute(UNDECIDED)).scalar_one())

    def decide_apart(self, workers: int, spread: Spread = DIVIDED) -> None:
        """From now on so many workers decide at once, each with lanes of its own, however little waits. PostgreSQL only."""
        made = (self.store, self.directory, self.clock, self.pseudonym, lambda: None)
        self.planners = [Planner(*made, limits=UNHURRIED, spread=spread) for _ in range(workers)]
        self.planner = self.planners[0]

    async def deliver(self) -> int:
        """Deliver until nothing is due or the account rests; answers how many rounds did something."""
        rounds = 0
        while await self._deliver_everywhere():
            rounds += 1
            assert rounds < 100, "delivery goes in circles"
        return rounds

    async def _deliver_everywhere(self) -> int:
        shops = [shop.id for shop in self.directory.shops()]
        places = [to_account("main"), to_reading("main"), *map(to_newsletter, shops), *map(to_tags, shops)]
        async with self.database.transaction(reading=True) as connection:  # asking all of them costs more than looking once
            waiting = set((await connection.execute(WAITED_FOR)).scalars())
        return sum([await self.delivery.deliver_due(place) for place in places if place in waiting])

    async def run(self) -> None:
        await self.plan()
        await self.deliver()
        await self.deliver()  # a claim that was given back untried may be claimed again

    async def run_for(self, *, hours: float = 1.0, steps: int = 20) -> None:
        """Let time pass in steps, working after each."""
        for _ in range(steps):
            await self.run()
            self.clock.advance(hours=hours / steps)
        await self.run()

    async def states(self) -> dict[str, tuple[str, str | None]]:
        async with self.database.transaction(reading=True) as connection:
            return {row.event_id: (row.state, row.reason) for row in await connection.execute(_STATES)}

    async def reasons(self) -> tuple[Counter[tuple[datetime, str, str, str]], Counter[tuple[datetime, str, str, str]]]:
        """Withheld and parked events by hour, shop, state and reason: as they are counted, and as the inbox has them (R92)."""
        async with self.store.reading() as work:
            kept = await work.reason_counts.since(datetime(2000, 1, 1, tzinfo=UTC))
        counted = Counter({(one.hour, one.shop_id, str(one.state), str(one.reason)): one.number for one in kept})
        async with self.database.transaction(reading=True) as connection:
            rows = (await connection.execute(_WITHHELD_OR_PARKED)).all()
        return counted, Counter((hour_of(row.received_at), row.shop_id, row.state, row.reason) for row in rows)

    async def breaker(self, destination: str = to_account("main")) -> Breaker:
        async with self.store.work() as work:
            return (await work.destinations.all()).get(destination, DestinationState()).breaker

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The SQL statements of a block."""
        found: list[str] = []

        def remember(_connection, _cursor, sql, *_rest) -> None:  # type: ignore[no-untyped-def]
            found.append(sql)

        sql_event.listen(self.database.engine.sync_engine, "before_cursor_execute", remember)
        yield found
        sql_event.remove(self.database.engine.sync_engine, "before_cursor_execute", remember)

    async def trace(self, event_id: str) -> EventTrace:
        async with self.store.work() as work:
            found = await work.traces.of_event("shop1", event_id)
        assert found is not None
        return found

    async def at_rest(self) -> dict[str, tuple[str, str | None]]:
        """I2: every accepted event has ended, and none is missing. Answers the states."""
        found = await self.states()
        assert len(found) == self.accepted
        assert {event: state for event, (state, _) in found.items() if state not in TERMINAL} == {}
        async with self.store.work() as work:
            counted = await work.inbox.counts()
        assert sum(number for by_state in counted.values() for number in by_state.values()) == self.accepted
        async with self.database.transaction() as connection:
            left = (await connection.execute(text("SELECT count(*) FROM outbox WHERE state = 'waiting'"))).scalar_one()
            boxes = (await connection.execute(text("SELECT count(*) FROM contact_queues"))).scalar_one()
        assert (left, boxes) == (0, 0)
        return found

    async def dump(self) -> dict[str, str]:
        """Every table with all its bytes, as text."""
        found = {}
        async with self.database.transaction() as connection:
            for name, table in metadata.tables.items():
                rows = (await connection.execute(select(table))).all()
                cells = [cell.decode("utf-8", "replace") if isinstance(cell, bytes) else str(cell) for row in rows for cell in row]
                found[name] = "\n".join(cells)
        return found

    async def tables_naming(self, address: str) -> list[str]:
        return [name for name, content in (await self.dump()).items() if address in content]


class Killed(BaseException):
    """The process ends here, as by kill -9: nothing of ours catches this."""


async def done_by(actor: Actor | None, what: Coroutine[Any, Any, Any]) -> Any:
    """In a task of its own, as each request is."""

    async def step() -> Any:
        if actor is not None:
            acts(actor)
        return await what

    return await asyncio.create_task(step())


# -- what happens in a shop ----------------------------------------------------------------------------------------------


def at(minutes: float = 0) -> datetime:
    return NOON + timedelta(minutes=minutes)


def registers(email: str = JAN, minutes: float = 0, **customer: object) -> CustomerRegistered:
    return CustomerRegistered(at=at(minutes), customer=Customer(email=email, **customer))


def orders(
    order_id: str = "o1", email: str = JAN, minutes: float = 0, box: ConsentAnswer = ConsentAnswer.NOT_ASKED, **customer: object
) -> OrderPlaced:
    item = Item(product_id="101", name="Koszulka", menu_paths=(("Obuwie",),))
    person = Customer(email=email, **customer)
    return OrderPlaced(
        at=at(minutes), customer=person, order_id=order_id, box=box, currency="PLN", value=Decimal("119.00"), items=(item,)
    )


def edits(order: OrderPlaced, minutes: float = 0, **more: object) -> OrderPlaced:
    """A newer version of an order."""
    return replace(order, as_of=at(minutes), **more)


def cancels(order_id: str = "o1", email: str = JAN, minutes: float = 0) -> OrderCancelled:
    return OrderCancelled(at=at(minutes), email=email, order_id=order_id)


def returns(
    order_id: str = "o1", email: str = JAN, minutes: float = 0, goods: str = "101", return_id: str | None = None
) -> OrderReturned:
    items = (Item(product_id=goods, name="Koszulka"),)
    return OrderReturned(at=at(minutes), email=email, order_id=order_id, items=items, value=Decimal("9.00"), return_id=return_id)


def renames(old: str, new: str, minutes: float = 0, customer_id: str | None = None) -> AccountChanged:
    return AccountChanged(at=at(minutes), customer=Customer(email=new, id=customer_id), previous_email=old)


def subscribes(email: str = JAN, minutes: float = 0, **more: object) -> Subscribed:
    return Subscribed(at=at(minutes), email=email, **more)


def unsubscribes(email: str = JAN, minutes: float = 0) -> Unsubscribed:
    return Unsubscribed(at=at(minutes), email=email, confirmed=True)


def withdraws(email: str = JAN, minutes: float = 0) -> TransferConsentWithdrawn:
    return TransferConsentWithdrawn(at=at(minutes), email=email)


def grants(email: str = JAN, minutes: float = 0) -> TransferConsentGranted:
    return TransferConsentGranted(at=at(minutes), email=email)


def erases(email: str = JAN, minutes: float = 0) -> ErasureRequested:
    return ErasureRequested(at=at(minutes), email=email)


def views(product_id: str = "101", email: str = JAN, minutes: float = 0) -> ProductViewed:
    return ProductViewed(at=at(minutes), email=email, product_id=product_id)


def fills_cart(email: str | None = JAN, minutes: float = 0, cart_id: str = "c1", goods: str = "101") -> CartChanged:
    items = (Item(product_id=goods, name="Koszulka"),) if goods else ()
    return CartChanged(at=at(minutes), email=email, cart_id=cart_id, currency="PLN", value=Decimal("9.00"), items=items)


def tags(minutes: float = 0, *, email: str | None = None, customer_id: str | None = None, **edit: object) -> TagsEdited:
    return TagsEdited(at=at(minutes), email=email, customer_id=customer_id, **edit)
