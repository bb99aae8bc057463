"""Plays histories of people who share, leave and take addresses, and judges them by a model that sees the same events alone.

The model (`Shop`) is a page of plain bookkeeping in the order of time: an address is whoever has it now, an account is a
customer id. It knows nothing of commands, queues and differences.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from sqlalchemy import select

from app.domain.event_parts import Customer
from app.domain.events import (
    AccountChanged,
    CustomerRegistered,
    ErasureRequested,
    Event,
    OrderPlaced,
    Subscribed,
    TagsEdited,
    Unsubscribed,
)
from app.storage.engine.database import Database
from app.storage.engine.tables import contacts
from tests.conftest import NOON, Clock
from tests.support.world import World, a_shop, at, erases, orders, registers, subscribes, tags, unsubscribes
from tests.support.worlds.acts import Salesmanago, Weather, on_a_copy

A, B, C, D = ADDRESSES = ("a@example.pl", "b@example.pl", "c@example.pl", "d@example.pl")
ANNA, BEA, OLA = WHO = ("Anna", "Bea", "Ola")
NUMBERS: dict[str, str | None] = {ANNA: "71", BEA: "72", OLA: None}
"""Ola's shop gives her no customer id."""
SURROUNDINGS = ("one shop", "two shops")


# -- what happens --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Registers:
    """Makes an account; whoever has one already has no second."""

    who: str
    email: str
    shop: str = "shop1"


@dataclass(frozen=True)
class Moves:
    """The address of the account changes. `says`: what the shop's message names besides the new address."""

    who: str
    email: str
    says: Literal["id", "previous", "both", "neither"] = "both"
    shop: str = "shop1"


@dataclass(frozen=True)
class Says:
    """Somebody subscribes or resigns under an address. `late`: it is heard of so many minutes after it happened."""

    email: str
    out: bool
    late: int = 0
    shop: str = "shop1"


@dataclass(frozen=True)
class Buys:
    """Under the address of the account, or as a guest under one that nobody is asked about."""

    who: str
    shop: str = "shop1"


@dataclass(frozen=True)
class Tagged:
    """Staff put the tag `of NUMBER` on an account, which they name by customer id alone."""

    who: str
    shop: str = "shop1"


@dataclass(frozen=True)
class Erased:
    email: str
    shop: str = "shop1"


@dataclass(frozen=True)
class Together:
    """What follows happens in the same moment as what was before."""


@dataclass(frozen=True)
class Works:
    """`plan`: decides, and nothing leaves. `round`: one round of delivery. `all`: until nothing is left to do."""

    what: Literal["plan", "round", "all"]


@dataclass(frozen=True)
class Turns:
    weather: Weather


Step = Registers | Moves | Says | Buys | Tagged | Erased | Together | Works | Turns


# -- the model -----------------------------------------------------------------------------------------------------------


@dataclass(eq=False)
class One:
    """Somebody, as far as anybody can tell from the events."""

    number: str | None = None
    email: str = ""
    ever: set[str] = field(default_factory=set)
    acts: list[tuple[datetime, bool, str]] = field(default_factory=list)
    """(when, opted out, address)."""
    travels: bool = False
    """Something happened that SALESmanago is told of."""

    def newest(self, email: str | None = None) -> bool | None:
        """Did the newest act opt out? Opt-outs win ties; None: there was no act."""
        return max(((at, out) for at, out, where in self.acts if email in (None, where)), default=(None, None))[1]


@dataclass
class Shop:
    """Who is who in one shop."""

    owners: dict[str, One] = field(default_factory=dict)
    last: dict[str, One] = field(default_factory=dict)
    accounts: dict[str, One] = field(default_factory=dict)
    stops: dict[str, datetime] = field(default_factory=dict)
    """When an erased person resigned: it stands for the address."""
    left_over: set[str] = field(default_factory=set)
    """Addresses whose contacts in SALESmanago a person is to see about, since two contacts turned out to be one person."""
    deleted: set[str] = field(default_factory=set)
    """Addresses under which somebody was erased, at any time."""
    erased: dict[str, datetime] = field(default_factory=dict)
    """Addresses of people who were erased, unless somebody took them since."""

    def hear(self, event: Event) -> None:
        match event:
            case CustomerRegistered(customer=customer):
                self._registers(customer.email, customer.id)
            case AccountChanged(customer=customer):
                self._moves(event, customer.email, customer.id)
            case OrderPlaced(customer=customer):
                account = self.accounts.get(customer.id or "")
                one = self.owners.get(customer.email)
                if one is None and account is not None and customer.email in account.ever:
                    one = account  # under an address the account has left
                one = one or self._takes(self._nameless(customer.id), customer.email)
                one.travels = True
            case Subscribed():
                one = self.owners.get(event.email) or self._takes(One(), event.email)
                one.acts.append((event.at, False, event.email))
                one.travels = True
            case Unsubscribed():
                one = self.owners.get(event.email) or self.last.get(event.email) or self._takes(One(), event.email)
                one.acts.append((event.at, True, event.email))
            case TagsEdited():
                number = event.customer_id or ""
                self.accounts.setdefault(number, One(number)).travels = True
            case ErasureRequested():
                self._erased(event)

    def _nameless(self, number: str | None) -> One:
        known = self.accounts.get(number or "")
        return known if known is not None and not known.email else One()

    def _takes(self, one: One, email: str) -> One:
        one.email = email
        one.ever.add(email)
        self.owners[email] = self.last[email] = one
        self.erased.pop(email, None)
        if email in self.stops:
            one.acts.append((self.stops[email], True, email))
        return one

    def _registers(self, email: str, number: str | None) -> None:
        one = self.owners.get(email)
        if one is not None and _are_two(one.number, number):
            return
        self._has_account(one or self._takes(self._nameless(number), email), number)

    def _has_account(self, one: One, number: str | None) -> None:
        one.travels = True
        if number is not None:
            one.number = one.number or number
            self.accounts[number] = one

    def _moves(self, event: AccountChanged, email: str, number: str | None) -> None:
        one, there = self.accounts.get(number or ""), self.owners.get(email)
        previous = event.previous_email or ""
        if one is None and previous:
            one = self.owners.get(previous) or self.last.get(previous)
            one = None if one is not None and _are_two(one.number, number) else one
        if one is None or one is there:
            self._registers(email, number)
            return
        if there is not None and _are_two(number or one.number, there.number):
            return
        if there is not None:
            self._turns_out_to_be(one, there)
            one = there
        else:
            if email in self.left_over:  # two contacts of one person, who is back at the other one's address
                self.left_over.add(one.email)
            self.owners.pop(one.email, None)
            self._takes(one, email)
        self._has_account(one, number)

    def _turns_out_to_be(self, one: One, there: One) -> None:
        """A rename onto an address that somebody has: its resignation stands, whatever comes along."""
        if there.newest() is True:
            there.acts.append((max(at for at, _, _ in there.acts), True, there.email))
        there.acts += one.acts
        there.ever |= one.ever
        there.number = there.number or one.number
        if one.email:
            self.left_over.add(one.email)
            self.owners.pop(one.email, None)
        self.last = {email: there if had is one else had for email, had in self.last.items()}
        self.accounts = {number: there if had is one else had for number, had in self.accounts.items()}

    def _erased(self, event: ErasureRequested) -> None:
        one = self.owners.get(event.email) or self.last.get(event.email)
        for email in {event.email} if one is None else one.ever:
            if self.owners.get(email) in (None, one):
                self.erased[email] = event.at
                self.deleted.add(email)
                self.left_over.discard(email)
                if one is not None and one.newest() is True:
                    self.stops[email] = max(at for at, _, _ in one.acts)
        if one is not None:
            self.owners = {email: has for email, has in self.owners.items() if has is not one}
            self.last = {email: had for email, had in self.last.items() if had is not one}
            self.accounts = {number: has for number, has in self.accounts.items() if has is not one}

    def opt_in_is_wrong(self, email: str) -> str | None:
        """What speaks against an opt-in of the address, if anything does."""
        one = self.owners.get(email) or self.last.get(email)
        if one is None:
            return "nobody has the address"
        if one.newest(email) is True:
            return "the newest act there is a resignation"
        if one.newest() is True and self.owners.get(email) is one:
            return "the newest act of whoever has it is a resignation"
        return "whoever has it never opted in" if one.newest() is None else None


def _are_two(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and one != other


# -- the history ---------------------------------------------------------------------------------------------------------


class History:
    """`faults`: what was promised and not kept."""

    def __init__(self, database: Database, surroundings: str) -> None:
        self.clock = Clock()
        self.world = World(database, self.clock)
        self.upstream = self.world.upstream = Salesmanago(self.clock)
        self.shops = ["shop1"] if surroundings == "one shop" else ["shop1", "shop2"]
        self.now = NOON
        self.heard: dict[str, list[Event]] = {shop: [] for shop in self.shops}
        self.addresses: dict[tuple[str, str], str] = {}
        """Where the shop's account of somebody stands."""
        self.number = 0
        self.faults: list[str] = []

    async def play(self, steps: Sequence[Step]) -> list[str]:
        await self.world.configure(
            *(a_shop(shop, host=f"{shop}.example", location=f"{shop}_example", number=n) for n, shop in enumerate(self.shops, 1))
        )
        together = False
        for step in steps:
            if not isinstance(step, Together | Works | Turns):
                self.now += timedelta(minutes=0 if together else 1)
                self.clock.now = max(self.clock.now, self.now)
            together = isinstance(step, Together)
            await self._step(step)
        self.upstream.weather = "fine"
        await self.world.run_for(hours=1, steps=4)
        await self.world.run_for(hours=30, steps=3)
        await self._judge()
        return self.faults

    async def _step(self, step: Step) -> None:
        match step:
            case Works(what="plan"):
                await self.world.plan()
            case Works(what="round"):
                await self.world.plan()
                await self.world._deliver_everywhere()
            case Works(what="all"):
                await self.world.run()
            case Turns():
                self.upstream.weather = step.weather
            case Together():
                pass
            case _:
                for event in self._events(step) if step.shop in self.shops else ():
                    self.heard[step.shop].append(event)
                    await self.world.post(event, shop=step.shop)

    def _events(self, step: Registers | Moves | Says | Buys | Tagged | Erased) -> Iterator[Event]:
        minutes = (self.now - NOON).total_seconds() / 60
        match step:
            case Registers() if (step.shop, step.who) not in self.addresses:
                self.addresses[step.shop, step.who] = step.email
                yield registers(step.email, minutes, id=NUMBERS[step.who], first_name=step.who)
            case Moves() if (step.shop, step.who) in self.addresses:
                previous = self.addresses[step.shop, step.who]
                self.addresses[step.shop, step.who] = step.email
                number = NUMBERS[step.who] if step.says in ("id", "both") else None
                customer = Customer(email=step.email, id=number, first_name=step.who if number else None)
                says = previous if step.says in ("previous", "both") else None
                yield AccountChanged(at=at(minutes), customer=customer, previous_email=says)
            case Says():
                made = unsubscribes if step.out else subscribes
                yield made(step.email, minutes - step.late)
            case Buys() if (step.shop, step.who) in self.addresses:
                self.number += 1
                number = NUMBERS[step.who]
                named = {"id": number, "first_name": step.who} if number else {}
                yield orders(f"o{self.number}", self.addresses[step.shop, step.who], minutes, **named)
            case Tagged() if NUMBERS[step.who] is not None:
                yield tags(minutes, customer_id=NUMBERS[step.who], added=(f"of {NUMBERS[step.who]}",))
            case Erased():
                yield erases(step.email, minutes)
                for who in [one for one in WHO if self.addresses.get((step.shop, one)) == step.email]:
                    del self.addresses[step.shop, who]
            case _:
                return  # of an account that does not exist, or exists already

    # -- the end ---------------------------------------------------------------------------------------------------------

    async def _judge(self) -> None:
        self.models = {shop: Shop() for shop in self.shops}
        for shop, events in self.heard.items():
            for event in sorted(events, key=lambda one: one.at):
                self.models[shop].hear(event)
        self._judge_opt_ins()
        await self._judge_accounts()
        await self._judge_contacts()
        await self._judge_erasures()

    def _judge_opt_ins(self) -> None:
        """Two shops share one contact per address: the newest act in either counts, and a rename in one carries the other's opt-in.

        Of a contact that a merge left over there a person is told, and sees to it: it is still opted in if it was.
        """
        left_over = {email for model in self.models.values() for email in model.left_over}
        for email in sorted(self.upstream.contacts.keys() - self.upstream.opted_out - left_over):
            if len(self.shops) == 1:
                wrong = self.models["shop1"].opt_in_is_wrong(email)
            else:
                theirs = [one for model in self.models.values() if (one := model.owners.get(email)) is not None]
                both = One(acts=[act for one in theirs for act in one.acts])
                wrong = "the newest act there is a resignation" if both.newest(email) is True else None
            if wrong is not None:
                self.faults.append(f"{email} is opted in, but {wrong}")

    async def _judge_accounts(self) -> None:
        """No contact has what was said of two accounts."""
        for email, theirs in self.upstream.contacts.items():
            if len(self.shops) == 1 and {"idosell_of_71", "idosell_of_72"} <= {tag.lower().replace(" ", "_") for tag in theirs}:
                self.faults.append(f"{email} is two accounts in SALESmanago: {theirs}")
        for shop, one in await self._here():
            marks = {tag for tag in one.panel_tags if tag.startswith("of ")}
            first = one.profile.get("first_name")
            marks |= {f"of {NUMBERS[first.value]}"} if first is not None and NUMBERS.get(first.value) else set()
            if len(marks) > 1:
                self.faults.append(f"{shop}: {one.email} is two accounts here: {marks}")

    async def _here(self) -> list:
        async with self.world.database.transaction() as connection:
            ids = (await connection.execute(select(contacts.c.id))).scalars().all()
        async with self.world.store.work() as work:
            return [(one.shop_id, one.contact) for one in await work.contacts.by_ids(ids) if one.merged_into is None]

    async def _disputed(self):
        async with self.world.store.work() as work:
            for shop in self.shops:
                for one in await work.contacts.disputed(shop, 100):
                    yield one

    async def _judge_contacts(self) -> None:
        """In two shops one may know of a rename and the other not: then either's word makes a contact, and nothing is judged.

        A refused rename is a conflict that is shown; while there is one, so is nothing here. Known and not mended: a deletion that
        waits in the queue of who was erased may leave after somebody else took the address, and delete the newcomer over there.
        """
        if len(self.shops) > 1:
            return
        refused = {one.contact.email for one in [one async for one in self._disputed()] if one.contact.rename_refused_at}
        there = set(self.upstream.contacts)
        (model,) = self.models.values()
        if refused:
            return
        should = {email for email, one in model.owners.items() if one.travels}
        may = should | model.left_over | set(model.owners)
        if missing := should - there - model.deleted:
            self.faults.append(f"not in SALESmanago: {sorted(missing)}")
        if twins := there - may:
            self.faults.append(f"in SALESmanago though nobody has the address: {sorted(twins)}")

    async def _judge_erasures(self) -> None:
        """Nothing names an address of somebody who was erased, unless somebody who was not had it as well."""
        if len(self.shops) > 1:
            return
        (model,) = self.models.values()
        living = {email for one in model.owners.values() for email in one.ever}
        for email in model.erased.keys() - living:
            if email in self.upstream.contacts:
                self.faults.append(f"{email} was erased and is in SALESmanago")
            if found := await self.world.tables_naming(email):
                self.faults.append(f"{email} was erased and stands in {found}")


def played(file: Path, surroundings: str, steps: Sequence[Step]) -> list[str]:
    """On a SQLite of its own."""
    return on_a_copy(file, lambda database: History(database, surroundings).play(steps))
