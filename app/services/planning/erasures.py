"""Persons who asked to be erased: their traces in SALESmanago, here, and at the other shops of the account (M1-M3, R72)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

from app.domain.commands import Command, DeleteContact, as_upsert
from app.domain.decisions.changes.sent_state import vanished, without_opt_outs
from app.domain.decisions.changes.shop_changes import erasure_elsewhere
from app.domain.event_kinds.subjects import email_of
from app.domain.events import ErasureRequested
from app.domain.intake.inbox import EventState, InboxEvent, Settlement
from app.domain.operations.audit import erased_elsewhere
from app.domain.person.contact import Contact
from app.domain.person.mentions import Identifiers
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.services.planning.event_ids import disguised, names_somebody
from app.services.planning.kept_pushes import forget_in_pushes
from app.services.planning.people import People, Pseudonym, WorkingContact
from app.services.planning.round_result import Decided
from app.services.ports.storage import Work
from app.services.shops.directory import ShopDirectory


class Erasures:
    """Of one planning round. `waiting`: what waits for orders."""

    def __init__(
        self,
        work: Work,
        directory: ShopDirectory,
        people: People,
        decided: Decided,
        siblings_of: Callable[[str], list[str]],
        pseudonym: Pseudonym,
        waiting: Mapping[tuple[str, str], list[InboxEvent]],
        now: datetime,
    ) -> None:
        self._work = work
        self._directory = directory
        self._people = people
        self._decided = decided
        self._siblings_of = siblings_of
        self._pseudonym = pseudonym
        self._waiting = waiting
        self._now = now
        self._ids: dict[int, tuple[str, str]] = {}
        """Event -> (shop, id), where the id names somebody."""
        self._erased: list[tuple[WorkingContact, InboxEvent, str, list[Command], list[str]]] = []
        self._gone: list[tuple[str, WorkingContact]] = []
        """(shop that erased, the person at another shop of the account)."""
        self._known: dict[WorkingContact, Contact] = {}
        """What was known of those who were erased."""
        self._forgotten: list[tuple[WorkingContact, list[int], list[str], str]] = []

    @property
    def is_any(self) -> bool:
        return bool(self._erased)

    def note_id(self, event: InboxEvent) -> None:
        if names_somebody(event.event_id):
            self._ids[event.seq] = (event.shop_id, event.event_id)

    def note(
        self,
        person: WorkingContact,
        event: InboxEvent,
        before: Contact,
        pseudonym: str,
        commands: list[Command],
        addresses: list[str],
    ) -> None:
        """The person is erased; `commands` and `addresses` say under which addresses SALESmanago may know them."""
        self._known[person] = before
        self._erased.append((person, event, pseudonym, commands, addresses))

    async def carry_out(self) -> None:
        """Once the contacts are saved: deletions are queued, and what is stored of each person goes."""
        self._forgotten = [await self._erase(*erased) for erased in self._erased]
        for erasing, sibling in self._gone:
            await self._work.audit.add(erased_elsewhere(erasing, sibling.shop_id, sibling.saved_id, self._now))

    async def disguise(self, settlements: Sequence[Settlement]) -> None:
        """Ids of settled events of somebody who was erased before."""
        if self._ids:
            await self._disguise({one.seq: self._ids[one.seq] for one in settlements if one.pseudonym and one.seq in self._ids})

    async def forget(self) -> None:
        """Once the round's events are settled: theirs name nobody any more."""
        for person, contact_ids, addresses, pseudonym in self._forgotten:
            for contact_id in contact_ids:
                theirs = await self._work.inbox.ids_of(contact_id, addresses, person.shop_id)
                await self._disguise({seq: (person.shop_id, event_id) for seq, event_id in theirs if names_somebody(event_id)})
                await self._work.inbox.forget_person(contact_id, addresses, person.shop_id, pseudonym)

    def gone_for_siblings(self, event: InboxEvent, shop: Shop, erased: Contact, happened: ErasureRequested) -> None:
        """The one contact in SALESmanago is deleted; the other shops' next event adds the person again, whole (R72).

        Each of them is notified, to decide about its own data.
        """
        addresses = (happened.email, erased.email, erased.sent_state.email)
        for sibling in self._people.known_at(self._siblings_of(shop.id), addresses):
            if not sibling.contact.is_transferred:  # an opt-out of theirs may have been sent all the same, and is gone, too
                sibling.update(replace(sibling.contact, sent_state=without_opt_outs(sibling.contact)))
            else:
                sibling.update(vanished(sibling.contact, self._now))
                self._gone.append((shop.id, sibling))
                there, report = self._directory.shop(sibling.shop_id), erasure_elsewhere(sibling.contact, shop, happened)
                send = self._decided.show if there is not None and there.shadow else self._decided.send
                send(sibling, event, report)

    def deletions_of_siblings(self, shop: Shop, person: WorkingContact, addresses: list[str]) -> list[DeleteContact]:
        """Another shop of the account may have sent the person: SALESmanago has one contact for all of them."""
        others = self._siblings_of(shop.id)
        siblings = [sibling for email in addresses for sibling in self._people.siblings(person, others, email)]
        known_as = dict.fromkeys(sibling.contact.sent_state.email for sibling in siblings)
        return [DeleteContact(email=email) for email in known_as if email in addresses]

    async def _disguise(self, ids: Mapping[int, tuple[str, str]]) -> None:
        """Event -> (shop, id): the id of somebody who was erased must not name them."""
        for seq, (shop_id, event_id) in ids.items():
            await self._work.inbox.rename(seq, shop_id, disguised(self._pseudonym, shop_id, event_id))

    async def _erase(
        self, person: WorkingContact, event: InboxEvent, pseudonym: str, commands: list[Command], theirs: list[str]
    ) -> tuple[WorkingContact, list[int], list[str], str]:
        """Delete the person in SALESmanago under every address it may know, and here; only hashes stay (M1-M3)."""
        contact_id = person.saved_id
        merged = await self._work.contacts.merged_into(contact_id)
        contact_ids = [contact_id, *(one.id for one in merged)]
        former = await self._work.contacts.aliases_of(contact_ids)
        named = [address for command in commands for address in _addresses_of(command)]
        named += [address for one in merged if (address := one.contact.sent_state.email) is not None]
        named += [one.email for one in former if one.sent]
        ever = dict.fromkeys((*theirs, *named, *(one.email for one in former)))
        taken = await self._taken_since(person, ever)
        addresses = [one for one in dict.fromkeys(named) if one not in taken]
        self._decided.send(person, event, *(DeleteContact(email=address) for address in addresses))
        if addresses:
            self._decided.settle(event, EventState.PLANNED, None, person, open_commands=len(addresses))
        else:
            self._decided.settle(event, EventState.SUPERSEDED, Reason.NOT_KNOWN_THERE, person)
        subjects = [one for one in ever if one not in taken]
        waiting = await self._work.inbox.waiting_for_order_of(person.shop_id, subjects)
        orders = await self._work.inbox.orders_of(contact_ids)
        if (shop := self._directory.shop(person.shop_id)) is not None:
            known = [self._known[person], *(one.contact for one in merged)]
            await forget_in_pushes(self._work, shop, _identifiers(known, subjects, orders), self._pseudonym)
        await self._forget_orders(person, contact_ids, subjects, orders)
        for one_id in contact_ids:
            await self._work.outbox.scrub(one_id, pseudonym)
            await self._work.consents.forget_details(one_id)
            await self._work.outbox.close_parked(one_id, self._now)
            waiting += await self._work.carts.forget_person(one_id)
        await self._work.inbox.mark(waiting, EventState.WITHHELD, Reason.ERASED, self._now)
        await self._work.contacts.save([replace(one, contact=Contact()) for one in merged], self._now)
        await self._people.forget_addresses(person, contact_ids, [one.email for one in former], self._work.contacts)
        return person, contact_ids, subjects, pseudonym

    async def _taken_since(self, person: WorkingContact, emails: Collection[str]) -> set[str]:
        """Addresses that somebody else has now, who may not be loaded in this round."""
        present = await self._work.contacts.known_as(person.shop_id, emails, [], [])
        elsewhere = {one.contact.email for one in present if one.id != person.id and one.erased_hash is None}
        return elsewhere | {one for one in emails if self._people.belongs_to_another(person, one)}

    async def _forget_orders(
        self, person: WorkingContact, contact_ids: list[int], addresses: list[str], orders: Collection[str]
    ) -> None:
        """Their goods, whose they were, and what waits for orders under these addresses."""
        known = await self._work.sales.of_orders(person.shop_id, orders) if orders else {}
        self._decided.forget_orders(person.shop_id, known, contact_ids, [person, *person.absorbed])
        for (shop_id, _), waiting in self._waiting.items():
            for one in waiting:
                if shop_id == person.shop_id and email_of(one.event) in addresses:
                    self._decided.settle(one, EventState.WITHHELD, Reason.ERASED, person)


def _identifiers(known: Sequence[Contact], addresses: Collection[str], orders: Collection[str]) -> Identifiers:
    """By what a push may name the person, of everything that was known of them, also by contacts they were merged with."""
    said = [contact.profile.get("phone") for contact in known]
    phones = [fact.value for fact in said if fact is not None] + [one.sent_state.profile.get("phone", "") for one in known]
    numbers = [one.customer_id for one in known] + [one.sent_state.profile.get("customer_id") for one in known]
    return Identifiers(
        emails=addresses,
        phones=[text for text in phones if text],
        customer_ids=[number for number in numbers if number],
        order_ids=orders,
    )


def _addresses_of(command: Command) -> list[str]:
    upsert = as_upsert(command)
    return [command.email] if upsert is None else [upsert.email, upsert.address_after]
