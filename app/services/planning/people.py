"""Who an event is about: the people of one planning round, found by address, former address, customer id or erased hash.

Left whole: to load, find, merge and save people changes the same maps.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from app.domain.event_kinds.subjects import customer_id_of, email_of, previous_email_of
from app.domain.events import Event
from app.domain.intake.inbox import InboxEvent
from app.domain.person.contact import NOBODY, Contact, without_placeholder
from app.domain.person.identity import Address, Clues, How, NewPerson, onto_address_of, who, with_stops_of
from app.domain.person.merge import absorb, taken_in
from app.domain.person.stored import Alias, StoredContact
from app.domain.values import replace
from app.services.ports.people import Contacts

_CONFLICT = "renamed onto an address that had a contact of its own"

_NO_ADDRESS: "Address[WorkingContact]" = Address()

Pseudonym = Callable[[str, str], str]
"""(shop, address) -> keyed hash: names an erased person without naming them."""


@dataclass(eq=False)
class WorkingContact:
    """A contact while it is being decided about. `id` is None until it is stored."""

    shop_id: str
    contact: Contact
    id: int | None = None
    erased_hash: str | None = None
    changed: bool = False
    merged_into: "WorkingContact | None" = None
    leaves_a_contact: bool = True
    """Does a merge leave a contact in SALESmanago for a person to see to?"""
    absorbed: list["WorkingContact"] = field(default_factory=list)
    """Who was merged into this one in this round."""
    joined_from: Contact | None = None
    """As known before somebody else, who turned out to be the same person, was joined into it; until the event is decided."""

    @property
    def heir(self) -> "WorkingContact":
        """Who it is by now: itself, or the one that took it over in this round, also by way of others."""
        person = self
        while person.merged_into is not None:
            person = person.merged_into
        return person

    @property
    def saved_id(self) -> int:
        assert self.id is not None, "people are saved before what refers to them"
        return self.id

    def update(self, contact: Contact) -> None:
        if contact != self.contact:
            self.contact = contact
            self.changed = True


@dataclass
class _Shop:
    by_email: dict[str, WorkingContact] = field(default_factory=dict)
    by_customer: dict[str, WorkingContact] = field(default_factory=dict)
    by_hash: dict[str, WorkingContact] = field(default_factory=dict)
    aliases: dict[str, list[tuple[datetime, WorkingContact]]] = field(default_factory=dict)


class People:
    """The people of a planning round, in memory; `find` answers from it alone."""

    def __init__(self, pseudonym: Pseudonym) -> None:
        self._pseudonym = pseudonym
        self._shops = defaultdict[str, _Shop](_Shop)
        self._everyone: dict[int, WorkingContact] = {}
        self._heirs: dict[int, int] = {}
        """Contact -> the one that took it over."""
        self._new: list[WorkingContact] = []
        self._new_aliases: list[tuple[WorkingContact, str, datetime, bool]] = []

    # -- loading and saving ----------------------------------------------------------------------------------------------

    async def load(
        self,
        events: Sequence[InboxEvent],
        contacts: Contacts,
        siblings: Callable[[str], Collection[str]],
        buyers: Mapping[str, Collection[int]],
    ) -> None:
        """`siblings`: shop -> the other shops of its account, where the same person may be known too.

        `buyers`: shop -> contacts whose orders the events are about, whatever addresses they name (R17).
        """
        for shop_id in {event.shop_id for event in events}:
            ours = [event.event for event in events if event.shop_id == shop_id]
            emails = {email for event in ours for email in _addresses(event)}
            customers = {customer for event in ours if (customer := customer_id_of(event)) is not None}
            hashes = {self._pseudonym(shop_id, email) for email in emails}
            aliases = await contacts.aliases(shop_id, emails | hashes)
            found = await contacts.known_as(shop_id, emails, customers, hashes)
            named = {alias.contact_id for alias in aliases} | set(buyers.get(shop_id, ()))
            known = {one.id for one in found}
            while missing := named - known:
                more = await contacts.by_ids(missing)
                found += more
                known |= missing
                heirs = {one.id: one.merged_into for one in more if one.merged_into is not None}
                self._heirs |= heirs
                named |= set(heirs.values())
            for stored in found:
                self._place(stored)
            for alias in aliases:
                owner = alias.contact_id
                while owner in self._heirs:  # who was merged lives on in the contact that took over
                    owner = self._heirs[owner]
                if owner in self._everyone:
                    self._shop(shop_id).aliases.setdefault(alias.email, []).append((alias.until, self._everyone[owner]))
            others = siblings(shop_id)
            if others:
                theirs = {address for one in found for address in (one.contact.email, one.contact.sent_state.email) if address}
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
        for person, email, until, sent in self._new_aliases:
            await contacts.remember_address(Alias(person.shop_id, email, person.id or 0, until, sent))
        for person in (*self._everyone.values(), *self._new):
            if person.merged_into is not None and person.id is not None:
                await contacts.merge(person.id, person.heir.saved_id, _CONFLICT if person.leaves_a_contact else None)

    @property
    def merged(self) -> list[tuple[int, int]]:
        """Contacts of this round that another took over, by id. Everybody must have been saved."""
        found = [one for one in (*self._everyone.values(), *self._new) if one.merged_into is not None]
        return [(one.id, one.heir.saved_id) for one in found if one.id]

    @property
    def ids(self) -> list[int]:
        """Everybody who was loaded."""
        return sorted(self._everyone)

    def loaded(self, contact_id: int) -> WorkingContact | None:
        return self._everyone.get(contact_id)

    def heir(self, contact_id: int) -> WorkingContact | None:
        """Who a contact is by now: itself, or the one that took it over, also by way of others."""
        while contact_id in self._heirs:
            contact_id = self._heirs[contact_id]
        person = self._everyone.get(contact_id)
        return None if person is None else person.heir

    def stored(self, stored: StoredContact) -> WorkingContact:
        """A contact that is found out to matter while the round is decided."""
        return self._place(stored)

    def known_as(self, shop_id: str, email: str, at: datetime) -> WorkingContact | None:
        """Who had the address at that time, or had it last. Nobody is made of it."""
        address = self._address(shop_id, email)
        return address.holder(at) or address.last

    def concerned(self, shop_id: str, event: Event, siblings: Collection[str]) -> set[WorkingContact]:
        """Everybody whom the event may be about, or change."""
        found: set[WorkingContact] = set()
        for email in _addresses(event):
            address = self._address(shop_id, email)
            found |= {one for one in (address.present, *(person for _, person in address.former)) if one is not None}
        account = self._shop(shop_id).by_customer.get(customer_id_of(event) or "")
        if account is not None:
            found.add(account)
        named = {email for one in found for email in (one.contact.email, one.contact.sent_state.email)}
        return {one.heir for one in (*found, *self.known_at(siblings, (*_addresses(event), *named)))}

    @property
    def customer_ids(self) -> set[tuple[str, str]]:
        """(shop, account) of everybody who was loaded."""
        return {(shop_id, number) for shop_id, shop in self._shops.items() for number in shop.by_customer}

    # -- finding ---------------------------------------------------------------------------------------------------------

    def find(self, shop_id: str, event: Event) -> WorkingContact:
        """The one person an event is about; a person who is not known yet is added."""
        return self.identified(shop_id, event)[0]

    def identified(self, shop_id: str, event: Event) -> tuple[WorkingContact, How | None]:
        """The one person an event is about, and how it was found out; None: nobody we know.

        Where two accounts claim the address, and where the person was erased since, nothing changed hands (R72).
        """
        email, customer_id = email_of(event), customer_id_of(event)
        verdict = who(event, self._clues(shop_id, event, email, customer_id))
        if isinstance(verdict, NewPerson):
            person = self._new_contact(shop_id, email, customer_id)
            self._had(person, verdict.had, event.at)
            return person, None
        person, other = verdict.person, verdict.other
        match verdict.how:
            case How.SAME:
                pass
            case How.NAMED:
                self._named(person, email)
            case How.JOINED:
                self._join(person, other or person)
            case How.RENAMED:
                had = person.contact.email
                self._retire_address(person, had, event.at, sent=person.contact.may_be_known_there_as(had))
                if other is not None:
                    person.joined_from = person.contact
                    person.update(onto_address_of(other, person.contact, email or "", event.at))
                self._shop(shop_id).by_email[email or ""] = person
            case How.MERGED:
                self._merged(person, other or person, event.at)
            case How.ABSORBED:
                self._absorbed(person, other or person, event.at)
            case How.CONTESTED | How.ERASED_SINCE:
                return person, verdict.how
            case _:
                assert_never(verdict.how)
        self._had(person, verdict.had, verdict.until or event.at)
        return person, verdict.how

    def _clues(self, shop_id: str, event: Event, email: str | None, customer_id: str | None) -> Clues[WorkingContact]:
        previous = previous_email_of(event)
        return Clues(
            address=self._address(shop_id, email) if email else _NO_ADDRESS,
            previous=self._address(shop_id, previous) if previous else _NO_ADDRESS,
            account=self._shop(shop_id).by_customer.get(customer_id) if customer_id else None,
        )

    def _address(self, shop_id: str, email: str) -> Address[WorkingContact]:
        shop, pseudonym = self._shop(shop_id), self._pseudonym(shop_id, email)
        present = shop.by_email.get(email) or shop.by_hash.get(pseudonym)
        return Address(present, (*shop.aliases.get(email, ()), *shop.aliases.get(pseudonym, ())))

    def _had(self, person: WorkingContact, email: str | None, until: datetime) -> None:
        """The shop says that the person had an address until now of which we did not know: what is late under it is theirs."""
        if email is not None and email != person.contact.email:
            self._remember_former(person, email, until)

    def _merged(self, target: WorkingContact, former: WorkingContact, at: datetime) -> None:
        """The new address belongs to somebody known: that contact stays and learns; the old one is left for a person to see."""
        old = former.contact.email
        sent = former.contact.may_be_known_there_as(old)
        holders = self._shop(target.shop_id).by_email
        if holders.get(old) is former:
            del holders[old]
        self._join(target, former, at)
        self._retire_address(target, old, at, sent=sent)
        self._lives_on(former, target)

    def _absorbed(self, person: WorkingContact, there: WorkingContact, at: datetime) -> None:
        """The holder of the new address was never sent to SALESmanago: no contact is left for a person to merge."""
        had, address = person.contact.email, there.contact.email
        sent = person.contact.may_be_known_there_as(had)
        if person.joined_from is None:
            person.joined_from = person.contact
        person.update(taken_in(person.contact, there.contact, at))
        there.update(NOBODY)
        there.leaves_a_contact = False
        self._retire_address(person, had, at, sent=sent)
        self._shop(person.shop_id).by_email[address] = person
        self._lives_on(there, person)

    def _lives_on(self, former: WorkingContact, target: WorkingContact) -> None:
        shop = self._shop(target.shop_id)
        former.merged_into = target
        target.absorbed += [former, *former.absorbed]
        for had in shop.aliases.values():
            had[:] = [(until, target if person is former else person) for until, person in had]
        for number, person in shop.by_customer.items():
            if person is former:
                shop.by_customer[number] = target

    def _join(self, target: WorkingContact, other: WorkingContact, at: datetime | None = None) -> None:
        if target.joined_from is None:
            target.joined_from = target.contact
        target.update(absorb(target.contact, other.contact, at))
        if other.contact.customer_id:
            self._shop(target.shop_id).by_customer[other.contact.customer_id] = target
        other.update(replace(NOBODY, sent_state=other.contact.sent_state))

    def _retire_address(self, person: WorkingContact, email: str, until: datetime, *, sent: bool) -> None:
        shop = self._shop(person.shop_id)
        if shop.by_email.get(email) is person:
            del shop.by_email[email]
        self._remember_former(person, email, until, sent=sent)

    def _remember_former(self, person: WorkingContact, email: str, until: datetime, *, sent: bool = False) -> None:
        """`sent`: SALESmanago may know the person by it."""
        self._shop(person.shop_id).aliases.setdefault(email, []).append((until, person))
        self._new_aliases.append((person, email, until, sent))

    def _named(self, person: WorkingContact, email: str | None) -> None:
        if email is not None:
            person.update(replace(person.contact, email=email))
            self._shop(person.shop_id).by_email[email] = person

    def _new_contact(self, shop_id: str, email: str | None, customer_id: str | None) -> WorkingContact:
        contact = replace(NOBODY, email=email or "", customer_id=customer_id)
        person = WorkingContact(shop_id, with_stops_of(self._address(shop_id, email), contact) if email else contact)
        self._new.append(person)
        if email:
            self._shop(shop_id).by_email[email] = person
        if customer_id:
            self._shop(shop_id).by_customer.setdefault(customer_id, person)
        return person

    def siblings(self, person: WorkingContact, shop_ids: Collection[str], becoming: str | None = None) -> list[WorkingContact]:
        """The same person at other shops of the account, also under an address being taken: SALESmanago has one contact.

        A contact at an address to which a rename is refused is another one.
        """
        return self.known_at(shop_ids, (person.contact.sent_state.email, person.contact.known_there_as, becoming))

    def known_at(self, shop_ids: Collection[str], emails: Collection[str | None]) -> list[WorkingContact]:
        """Those who have one of the addresses in one of the shops."""
        found: dict[WorkingContact, None] = {}
        for shop_id in shop_ids:
            if by_email := self._shop(shop_id).by_email:
                known = (by_email.get(email) for email in emails if email)
                found |= dict.fromkeys(one for one in known if one is not None)
        return list(found)

    # -- memory ----------------------------------------------------------------------------------------------------------

    def remember_customer(self, person: WorkingContact) -> None:
        """Whose account a customer id is: the account itself goes before who ordered with its number under another address."""
        number = person.contact.customer_id
        if number is None:
            return
        known = self._shop(person.shop_id).by_customer.setdefault(number, person)
        if person.contact.registered and not known.contact.registered:
            self._shop(person.shop_id).by_customer[number] = person

    def erase(self, person: WorkingContact, email: str) -> str:
        """From now on the person is known by a hash alone; answers the hash.

        It is the hash of the present address, whichever address the erasure named: those before it stay as hashes of their own.
        """
        shop = self._shop(person.shop_id)
        pseudonym = person.erased_hash or self._pseudonym(person.shop_id, person.contact.email or email)
        shop.by_email.pop(person.contact.email or email, None)
        former = shop.by_hash.get(pseudonym)
        if former is not None and former is not person:  # who had the address before, and was erased, answers to it no more
            former.erased_hash, former.changed = None, True
        shop.by_hash[pseudonym] = person
        person.erased_hash, person.changed = pseudonym, True
        person.contact = replace(person.contact, email="", customer_id=None)
        return pseudonym

    async def forget_addresses(self, person: WorkingContact, contact_ids: list[int], former: list[str], contacts: Contacts) -> None:
        """Former addresses of an erased person stay as hashes, so that older messages under them stay out as well.

        `contact_ids`: the person's, and those of contacts merged into it.
        """
        shop = self._shop(person.shop_id)
        contact_id = person.id or 0
        for one_id in contact_ids:
            await contacts.forget_addresses(one_id)
        until = person.contact.erased_at
        for email in former:
            # What an earlier erasure left of an address is a hash already.
            pseudonym = self._pseudonym(person.shop_id, email) if "@" in email else email
            shop.aliases.pop(email, None)
            if until is not None:
                shop.aliases.setdefault(pseudonym, []).append((until, person))
                await contacts.remember_address(Alias(person.shop_id, pseudonym, contact_id, until, sent=False))

    def belongs_to_another(self, person: WorkingContact, email: str) -> bool:
        owner = self._shop(person.shop_id).by_email.get(email)
        return owner is not None and owner is not person

    def revive(self, person: WorkingContact) -> None:
        """A newer act of an erased person: the address may be kept again."""
        person.erased_hash, person.changed = None, True
        self._shop(person.shop_id).by_email[person.contact.email] = person

    def _place(self, stored: StoredContact) -> WorkingContact:
        if stored.id in self._everyone:
            return self._everyone[stored.id]
        person = WorkingContact(stored.shop_id, without_placeholder(stored.contact), stored.id, stored.erased_hash)
        self._everyone[stored.id] = person
        shop = self._shop(stored.shop_id)
        if stored.erased_hash is not None:
            shop.by_hash[stored.erased_hash] = person
        elif stored.contact.email:
            shop.by_email[stored.contact.email] = person
        self.remember_customer(person)
        return person

    def _shop(self, shop_id: str) -> _Shop:
        return self._shops[shop_id]


def _addresses(event: Event) -> list[str]:
    return [email for email in (email_of(event), previous_email_of(event)) if email]
