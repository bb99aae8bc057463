"""Who an event is about: the people of one planning round, found by address, former address, customer id or erased hash."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.domain.contact import NOBODY, Contact, absorb
from app.domain.events import (
    AccountChanged,
    AccountListed,
    Event,
    OptInReported,
    OptOutReported,
    StatusNotTaken,
    StatusSeen,
    TagsSeen,
    customer_id_of,
    email_of,
)
from app.domain.pipeline import Alias, InboxEvent, StoredContact
from app.domain.values import replace
from app.services.ports import Contacts

_CONFLICT = "renamed onto an address that had a contact of its own"

Pseudonym = Callable[[str, str], str]
"""(shop, address) -> keyed hash: names an erased person without naming them."""


@dataclass(eq=False)
class Person:
    """A contact while it is being decided about. `id` is None until it is stored."""

    shop_id: str
    contact: Contact
    id: int | None = None
    erased_hash: str | None = None
    changed: bool = False
    merged_into: "Person | None" = None
    absorbed: list["Person"] = field(default_factory=list)
    """Who was merged into this one in this round."""

    @property
    def saved_id(self) -> int:
        assert self.id is not None, "people are saved before what refers to them"
        return self.id

    def becomes(self, contact: Contact) -> None:
        if contact != self.contact:
            self.contact = contact
            self.changed = True


@dataclass
class _Shop:
    by_email: dict[str, Person] = field(default_factory=dict)
    by_customer: dict[str, Person] = field(default_factory=dict)
    by_hash: dict[str, Person] = field(default_factory=dict)
    aliases: dict[str, list[tuple[datetime, Person]]] = field(default_factory=dict)


class People:
    """The people of a planning round, in memory; `find` answers from it alone."""

    def __init__(self, pseudonym: Pseudonym) -> None:
        self._pseudonym = pseudonym
        self._shops: dict[str, _Shop] = {}
        self._everyone: dict[int, Person] = {}
        self._new: list[Person] = []
        self._new_aliases: list[tuple[Person, str, datetime]] = []

    # -- loading and saving ----------------------------------------------------------------------------------------------

    async def load(self, events: Sequence[InboxEvent], contacts: Contacts, siblings: Callable[[str], Collection[str]]) -> None:
        """`siblings`: shop -> the other shops of its account, where the same person may be known too."""
        for shop_id in {event.shop_id for event in events}:
            ours = [event.event for event in events if event.shop_id == shop_id]
            emails = {email for event in ours for email in _addresses(event)}
            customers = {customer for event in ours if (customer := customer_id_of(event)) is not None}
            hashes = {self._pseudonym(shop_id, email) for email in emails}
            aliases = await contacts.aliases(shop_id, emails | hashes)
            found = await contacts.known_as(shop_id, emails, customers, hashes)
            known = {one.id for one in found}
            found += await contacts.by_ids({alias.contact_id for alias in aliases} - known)
            for stored in found:
                self._place(stored)
            for alias in aliases:
                self._shop(shop_id).aliases.setdefault(alias.email, []).append((alias.until, self._everyone[alias.contact_id]))
            others = siblings(shop_id)
            if others:
                theirs = {address for one in found for address in (one.contact.email, one.contact.told.email) if address}
                for stored in await contacts.in_shops(others, emails | theirs):
                    self._place(stored)

    async def save(self, contacts: Contacts, at: datetime) -> None:
        """Write new and changed people; afterwards every person has an id."""
        fresh = [person for person in self._new if person.id is None]
        changed = [person for person in self._everyone.values() if person.changed]
        await contacts.save(
            [StoredContact(person.id or 0, person.shop_id, person.contact, person.erased_hash) for person in changed],
            at,
        )
        ids = await contacts.add([(person.shop_id, person.contact, person.erased_hash) for person in fresh], at)
        for person, contact_id in zip(fresh, ids, strict=True):
            person.id = contact_id
        for person, email, until in self._new_aliases:
            await contacts.remember_address(Alias(person.shop_id, email, person.id or 0, until))
        for person in (*self._everyone.values(), *self._new):
            if person.merged_into is not None and person.id is not None:
                await contacts.merge(person.id, person.merged_into.id or 0, _CONFLICT)

    @property
    def merged(self) -> list[tuple[int, int]]:
        """Contacts of this round that another took over, by id. Everybody must have been saved."""
        found = [one for one in (*self._everyone.values(), *self._new) if one.merged_into is not None]
        return [(one.id, one.merged_into.id) for one in found if one.id and one.merged_into and one.merged_into.id]

    @property
    def ids(self) -> list[int]:
        """Everybody who was loaded."""
        return sorted(self._everyone)

    # -- finding ---------------------------------------------------------------------------------------------------------

    def find(self, shop_id: str, event: Event) -> Person:
        """The one person an event is about; a stranger becomes a new person."""
        shop = self._shop(shop_id)
        email, customer_id = email_of(event), customer_id_of(event)
        if isinstance(event, AccountChanged | AccountListed):
            return self._renamed(shop_id, event)
        if isinstance(event, StatusSeen | StatusNotTaken | OptInReported | OptOutReported | TagsSeen):
            return self._known_there_as(shop_id, email or "") or self._stranger(shop_id, email, customer_id)
        person = self._by_address(shop_id, email, event.at) if email else None
        waiting = shop.by_customer.get(customer_id) if customer_id else None
        if person is None:
            if waiting is not None and (email is None or not waiting.contact.email):
                return self._named(waiting, email)
            return self._stranger(shop_id, email, customer_id)
        if waiting is not None and waiting is not person and not waiting.contact.email:
            self._join(person, waiting)
        return person

    def _renamed(self, shop_id: str, event: AccountChanged | AccountListed) -> Person:
        """An account change may say who it was before; if it does not, the customer id may (R11)."""
        shop = self._shop(shop_id)
        new = event.customer.email
        previous = event.previous_email if isinstance(event, AccountChanged) else None
        former = self._by_address(shop_id, previous, event.at) if previous else None
        if former is None and event.customer.id:
            former = shop.by_customer.get(event.customer.id)
        current = self._by_address(shop_id, new, event.at)
        taken = current is not None and current is not former and current.contact.is_of_another_account(event.customer.id)
        if current is not None and taken and isinstance(event, AccountListed):
            return current  # a list alone never makes one person of two
        if former is not None and current is not None and current.erased_hash is not None:
            current = None  # the erased person had this address; whoever has it now is somebody else
        if former is not None and former.erased_hash is not None:
            return former  # who was erased is not named again by a change of data
        if former is None or former is current:
            return current or self._stranger(shop_id, new, event.customer.id)
        if not former.contact.email:
            return self._named(former, new) if current is None else self._join(current, former)
        late = former.contact.email_since is not None and former.contact.email_since > event.at
        if late or former.contact.email == new:
            return former
        if current is not None:
            return self._merged(current, former, event.at)
        self._retire_address(former, former.contact.email, event.at)
        shop.by_email[new] = former
        return former

    def _merged(self, target: Person, former: Person, at: datetime) -> Person:
        """The new address belongs to somebody known: that contact stays and learns; the old one is left for a person to see."""
        old = former.contact.email
        self._join(target, former)
        self._retire_address(target, old, at)
        former.merged_into = target
        target.absorbed += [former, *former.absorbed]
        return target

    def _join(self, target: Person, other: Person) -> Person:
        target.becomes(absorb(target.contact, other.contact))
        if other.contact.customer_id:
            self._shop(target.shop_id).by_customer[other.contact.customer_id] = target
        other.becomes(replace(NOBODY, told=other.contact.told))
        return target

    def _retire_address(self, person: Person, email: str, until: datetime) -> None:
        shop = self._shop(person.shop_id)
        shop.by_email.pop(email, None)
        shop.aliases.setdefault(email, []).append((until, person))
        self._new_aliases.append((person, email, until))

    def _by_address(self, shop_id: str, email: str, at: datetime) -> Person | None:
        """Whoever had the address at that time; a message from before a rename finds the renamed person, never a twin."""
        shop = self._shop(shop_id)
        pseudonym = self._pseudonym(shop_id, email)
        had = [*shop.aliases.get(email, ()), *shop.aliases.get(pseudonym, ())]
        former = [(until, person) for until, person in had if at <= until]
        if former:
            earliest: tuple[datetime, Person] = min(former, key=lambda one: one[0])
            return earliest[1]
        return shop.by_email.get(email) or shop.by_hash.get(pseudonym)

    def _known_there_as(self, shop_id: str, email: str) -> Person | None:
        """SALESmanago may still know a person by the address before a rename that is on its way there."""
        shop, pseudonym = self._shop(shop_id), self._pseudonym(shop_id, email)
        present = shop.by_email.get(email) or shop.by_hash.get(pseudonym)
        former = [*shop.aliases.get(email, ()), *shop.aliases.get(pseudonym, ())]
        return present or (max(former, key=lambda one: one[0])[1] if former else None)

    def _named(self, person: Person, email: str | None) -> Person:
        if email is not None:
            person.becomes(replace(person.contact, email=email))
            self._shop(person.shop_id).by_email[email] = person
        return person

    def _stranger(self, shop_id: str, email: str | None, customer_id: str | None) -> Person:
        person = Person(shop_id, replace(NOBODY, email=email or "", customer_id=customer_id))
        self._new.append(person)
        if email:
            self._shop(shop_id).by_email[email] = person
        if customer_id:
            self._shop(shop_id).by_customer.setdefault(customer_id, person)
        return person

    def siblings(self, person: Person, shop_ids: Collection[str], becoming: str | None = None) -> list[Person]:
        """The same person at other shops of the account, also under an address being taken: SALESmanago has one contact."""
        if not shop_ids:
            return []
        addresses = dict.fromkeys(filter(None, (person.contact.told.email, person.contact.email, becoming)))
        found = (self._shop(shop_id).by_email.get(email) for shop_id in shop_ids for email in addresses)
        return list(dict.fromkeys(one for one in found if one is not None))

    # -- memory ----------------------------------------------------------------------------------------------------------

    def remember_customer(self, person: Person) -> None:
        """The decision may have taught us the customer id of a person; later events of the round may use it."""
        if person.contact.customer_id:
            self._shop(person.shop_id).by_customer.setdefault(person.contact.customer_id, person)

    def erase(self, person: Person, email: str) -> str:
        """From now on the person is known by a hash alone; answers the hash."""
        shop = self._shop(person.shop_id)
        pseudonym = self._pseudonym(person.shop_id, email)
        shop.by_email.pop(person.contact.email or email, None)
        former = shop.by_hash.get(pseudonym)
        if former is not None and former is not person:  # who had the address before, and was erased, answers to it no more
            former.erased_hash, former.changed = None, True
        shop.by_hash[pseudonym] = person
        person.erased_hash, person.changed = pseudonym, True
        person.contact = replace(person.contact, email="", customer_id=None)
        return pseudonym

    async def forget_addresses(self, person: Person, former: list[str], contacts: Contacts) -> None:
        """Former addresses of an erased person stay as hashes, so that older messages under them stay out as well."""
        shop = self._shop(person.shop_id)
        contact_id = person.id or 0
        await contacts.forget_addresses(contact_id)
        until = person.contact.erased_at
        for email in former:
            pseudonym = self._pseudonym(person.shop_id, email)
            shop.aliases.pop(email, None)
            if until is not None:
                shop.aliases.setdefault(pseudonym, []).append((until, person))
                await contacts.remember_address(Alias(person.shop_id, pseudonym, contact_id, until))

    def belongs_to_another(self, person: Person, email: str) -> bool:
        owner = self._shop(person.shop_id).by_email.get(email)
        return owner is not None and owner is not person

    def revive(self, person: Person) -> None:
        """A newer act of an erased person: the address may be kept again."""
        person.erased_hash, person.changed = None, True
        self._shop(person.shop_id).by_email[person.contact.email] = person

    def _place(self, stored: StoredContact) -> Person:
        if stored.id in self._everyone:
            return self._everyone[stored.id]
        person = Person(stored.shop_id, stored.contact, stored.id, stored.erased_hash)
        self._everyone[stored.id] = person
        shop = self._shop(stored.shop_id)
        if stored.erased_hash is not None:
            shop.by_hash[stored.erased_hash] = person
        elif stored.contact.email:
            shop.by_email[stored.contact.email] = person
        if stored.contact.customer_id:
            shop.by_customer[stored.contact.customer_id] = person
        return person

    def _shop(self, shop_id: str) -> _Shop:
        return self._shops.setdefault(shop_id, _Shop())


def _addresses(event: Event) -> list[str]:
    named = [email_of(event), event.previous_email if isinstance(event, AccountChanged) else None]
    return [email for email in named if email]
