"""One planning round: everything it needs is read first, everything it decides is written last."""

from collections import Counter
from collections.abc import Mapping
from functools import cache, partial

import structlog

from app.domain.commands import Command, DeleteContact, SetSubscription, UpsertContact
from app.domain.consent import Said, Status
from app.domain.contact import Contact
from app.domain.decide import contested, decide, decide_claim
from app.domain.difference import untold, vanished
from app.domain.events import (
    AccountChanged,
    AccountListed,
    CartChanged,
    ErasureRequested,
    OptOutReported,
    OrderPlaced,
    StatusSeen,
    TransferConsentWithdrawn,
    Unsubscribed,
    email_of,
    order_id_of,
    stops_something,
)
from app.domain.looks import heard_of
from app.domain.pipeline import EventState, InboxEvent, Mailbox, to_account, to_newsletter
from app.domain.plan import Await, Plan, Send, Supersede, Withhold
from app.domain.reasons import Reason
from app.domain.shop import Shop
from app.domain.take_back import TakeBack
from app.domain.values import replace
from app.services.cart_round import CartRound
from app.services.consents import Consents
from app.services.decided import Decided
from app.services.directory import Directory
from app.services.event_ids import disguised, names_somebody
from app.services.hand_work import NEWEST, replace_older
from app.services.people import People, Person, Pseudonym
from app.services.ports import Clock, Work
from app.services.take_back import take_back

log = structlog.get_logger(__name__)


class PlanningRound:
    """One planning round: everything it reads is loaded first, everything it decides is written last."""

    def __init__(self, work: Work, directory: Directory, clock: Clock, pseudonym: Pseudonym) -> None:
        self._work = work
        self._directory = directory
        self._now = clock()
        named_once = self._pseudonym = cache(pseudonym)  # the same person is looked for more than once in a round
        self._siblings_of = cache(partial(_siblings, directory))
        self._people = People(named_once)
        self._consents = Consents(named_once)
        self._carts = CartRound(work)
        self.decided = Decided()
        self._boxes: Counter[tuple[str, str]] = Counter()
        self._ids: dict[int, tuple[str, str]] = {}
        """Event -> (shop, id), where the id names somebody."""
        self._erased: list[tuple[Person, InboxEvent, str, list[Command]]] = []

    @property
    def erased_somebody(self) -> bool:
        return bool(self._erased)

    async def load(self, events: list[InboxEvent]) -> None:
        await self._people.load(events, self._work.contacts, self._siblings_of)
        if any(isinstance(event.event, OrderPlaced | CartChanged | AccountChanged | AccountListed) for event in events):
            await self._carts.load(events, self._people.ids)
        takes_back = any(
            stops_something(event.event) or isinstance(event.event, AccountChanged | AccountListed) for event in events
        )
        if self._carts.has_owners or takes_back:
            await self._work.outbox.lock_mailboxes(self._people.ids)
        for shop_id in {event.shop_id for event in events}:
            ours = [event.event for event in events if event.shop_id == shop_id]
            orders = {order for event in ours if (order := order_id_of(event)) is not None}
            if orders:
                self.decided.know_sales(shop_id, await self._work.sales.of_orders(shop_id, orders))

    # -- one event -------------------------------------------------------------------------------------------------------

    async def plan(self, event: InboxEvent) -> None:
        if names_somebody(event.event_id):
            self._ids[event.seq] = (event.shop_id, event.event_id)
        shop = self._directory.shop(event.shop_id)
        if shop is None or not shop.enabled:
            self.decided.settle(event, EventState.HELD, Reason.SHOP_DISABLED)
            return
        try:
            await self._decide(event, shop)
        except Exception as error:
            if not self._work.survives(error):
                raise  # the store failed, not the rule
            # A defect of ours in one event must not hold up the others. It is kept whole and shown.
            log.exception("rule_failed", shop_id=shop.id, event_id=event.event_id)
            self.decided.settle(event, EventState.PARKED, Reason.RULE_FAILED, detail=type(error).__name__)

    async def _decide(self, event: InboxEvent, shop: Shop) -> None:
        happened = event.event
        if isinstance(happened, CartChanged) and happened.email is None:
            guest = Await(Reason.CART_WAITS) if happened.items else Supersede(Reason.CART_EMPTIED)
            self._carry_out(event, None, self._carts.changed(event, happened, None, guest)[0])
            return
        person, is_contested = self._people.identified(shop.id, happened)
        if isinstance(happened, OptOutReported):
            happened = decide_claim(happened, person.contact)
            event = replace(event, event=happened)
        known_there = self._hear_from_siblings(shop, person, None if is_contested else email_of(happened))
        judge = contested if is_contested else decide
        decision = judge(happened, shop, person.contact, self.decided.sale(shop.id, happened), known_there=known_there)
        plan, contact = decision.plan, decision.contact
        self.decided.remember_sale(shop.id, happened, decision.sale)
        if isinstance(happened, OrderPlaced):
            self._boxes[shop.id, happened.box.value] += 1
        before = person.contact
        person.becomes(contact)
        if person.erased_hash is not None and not contact.erased and contact.email:
            self._people.revive(person)
        self._people.remember_customer(person)
        if not is_contested:  # what another account said is no act of this person
            self._consents.note(event, person, before)
        cancelled = await self._take_back(event, person, before)
        person.joined_from = None
        await self._tell_siblings(shop, person, before)
        await self._say_again_at_home(event, shop, person, before)
        await self._tell_opt_out_again(event, shop, person, before)
        if isinstance(happened, CartChanged):
            await self._cart(event, happened, person, plan)
        elif isinstance(happened, ErasureRequested) and isinstance(plan, Send):
            self._gone_for_siblings(shop, before, happened)
            self._erased.append((person, event, self._people.erase(person, happened.email), [*plan.commands, *cancelled]))
        else:
            self._carry_out(event, person, plan)

    def _carry_out(self, event: InboxEvent, person: Person | None, plan: Plan) -> None:
        match plan:
            case Send(commands=commands, withholding=reason) if person is not None:
                awaited = self.decided.send(person, event, *commands)
                self.decided.settle(event, EventState.PLANNED, reason, person, open_commands=awaited)
            case Withhold(reason=reason):
                self.decided.settle(event, EventState.WITHHELD, reason, person)
            case Supersede(reason=reason):
                self.decided.settle(event, EventState.SUPERSEDED, reason, person)
            case Await(reason=reason):
                self.decided.settle(event, EventState.PLANNED, reason, person)
            case Send():
                raise AssertionError("commands without a person")  # decide() knows no such plan

    # -- carts -----------------------------------------------------------------------------------------------------------

    async def _cart(self, event: InboxEvent, happened: CartChanged, person: Person, plan: Plan) -> None:
        plan, outdated = self._carts.changed(event, happened, person, plan)
        if outdated is not None:
            await self._take_back_everywhere(person, outdated, Reason.CART_REPLACED)
        self._carry_out(event, person, plan)

    # -- taking back -----------------------------------------------------------------------------------------------------

    async def _take_back(self, event: InboxEvent, person: Person, before: Contact) -> list[Command]:
        """If the event took permission away, or closed a cart, what waits may not leave any more; answers what was cancelled."""
        contact = person.contact
        match event.event:
            case ErasureRequested() if contact.erased_at != before.erased_at:
                return await self._take_back_everywhere(person, TakeBack(everything=True, home=True, opt_outs=True), Reason.ERASED)
            case TransferConsentWithdrawn() if contact.transfer.is_withdrawn:
                return await self._take_back_everywhere(person, TakeBack(everything=True), Reason.CONSENT_WITHDRAWN)
            case AccountChanged() | AccountListed() if person.joined_from is not None:
                return await self._take_back_joined(person)
            case OrderPlaced() | AccountChanged() | AccountListed() if self._carts.concern(person) and contact.last_purchase_at:
                return await self._take_back_everywhere(person, TakeBack(carts_until=contact.last_purchase_at), Reason.CART_BOUGHT)
            case Unsubscribed() | StatusSeen():
                act = TakeBack(
                    email_opt_in=contact.email_news.status is Status.OPT_OUT,
                    phone_opt_in=contact.phone_news.status is Status.OPT_OUT,
                )
                return await self._take_back_everywhere(person, act, Reason.CONSENT_WITHDRAWN)
            case _:
                return []

    async def _take_back_joined(self, person: Person) -> list[Command]:
        """What stands for the one that took over stands for the other as well: what waits for either may have to stay (R72)."""
        contact, cancelled = person.contact, list[Command]()
        if contact.transfer.is_withdrawn:
            cancelled += await self._take_back_everywhere(person, TakeBack(everything=True), Reason.CONSENT_WITHDRAWN)
        act = TakeBack(
            email_opt_in=contact.email_news.status is Status.OPT_OUT,
            phone_opt_in=contact.phone_news.status is Status.OPT_OUT,
        )
        cancelled += await self._take_back_everywhere(person, act, Reason.CONSENT_WITHDRAWN)
        if self._carts.concern(person) and contact.last_purchase_at:
            bought = TakeBack(carts_until=contact.last_purchase_at)
            cancelled += await self._take_back_everywhere(person, bought, Reason.CART_BOUGHT)
        return cancelled

    async def _take_back_everywhere(self, person: Person, act: TakeBack, reason: Reason) -> list[Command]:
        """From this round, from the outbox, and from the queue of a contact that was merged into this one."""
        if act == TakeBack():
            return []
        cancelled = self.decided.take_back(person, act, reason)
        merged = [] if person.id is None else [one.id for one in await self._work.contacts.merged_into(person.id)]
        merged += [one.id for one in person.absorbed if one.id is not None]
        for mailbox in await self._mailboxes([] if person.id is None else [person.id, *merged], act):
            if await self._work.leases.is_held(mailbox, self._now):
                # On its way at this moment. Should it come back unsent, the next claim takes it back first.
                await self._work.outbox.defer_take_back(mailbox, act, reason)
                continue
            stored = await take_back(self._work, person.shop_id, mailbox, act, reason, self._now)
            self.decided.unsell(person.shop_id, stored)
            if mailbox.contact_id == person.id:
                cancelled = [*stored, *cancelled]
        person.becomes(untold(person.contact, cancelled))
        return cancelled

    async def _mailboxes(self, contact_ids: list[int], act: TakeBack) -> list[Mailbox]:
        """Wherever something waits for them, also at an account the shop has left since."""
        boxes = await self._work.outbox.mailboxes_of(contact_ids)
        return [box for box in boxes if act.home or box.destination.startswith(to_account(""))]

    async def _tell_opt_out_again(self, event: InboxEvent, shop: Shop, person: Person, before: Contact) -> None:
        """SALESmanago showed an opt-out, so nothing is told; but an opt-in of ours may have arrived there after it (I6)."""
        if not isinstance(event.event, StatusSeen):
            return
        told, former = person.contact.told, before.told
        email = _is_out(told.email_news) and told.email_news != former.email_news
        phone = _is_out(told.phone_news) and told.phone_news != former.phone_news
        if not (email or phone) or person.contact.told.email is None:
            return
        account = to_account(shop.account)
        for one in (person, *self._people.siblings(person, self._siblings_of(shop.id))):
            if one.id is not None and await self._work.outbox.arrived_since(Mailbox(one.id, account), event.event.at):
                again = UpsertContact(
                    email=person.contact.told.email,
                    email_status=Status.OPT_OUT if email else None,
                    phone_status=Status.OPT_OUT if phone else None,
                    repeats=True,
                )
                self.decided.send(person, event, again)
                return

    # -- the shop's own side ---------------------------------------------------------------------------------------------

    async def _say_again_at_home(self, event: InboxEvent, shop: Shop, person: Person, before: Contact) -> None:
        """The person acted in the shop while a change from SALESmanago was on its way there, or after it had arrived.

        Which of the two the shop's side ended with is not known, so the newest act is written once more (R55).
        """
        if isinstance(event.event, StatusSeen) or person.id is None or person.contact.home == before.home:
            return
        home, former = person.contact.home, before.home
        again = SetSubscription(
            email=person.contact.email,
            email_news=home.email_news if _contradicts(home.email_news, former.email_news) else None,
            phone_news=home.phone_news if _contradicts(home.phone_news, former.phone_news) else None,
            customer_id=person.contact.customer_id,
        )
        if again.email_news is None and again.phone_news is None:
            return
        mailbox = Mailbox(person.id, to_newsletter(shop.id))
        on_its_way = await self._work.leases.is_held(mailbox, self._now)
        await replace_older(self._work, mailbox, [(NEWEST, again)], self._now)
        if on_its_way or await self._work.outbox.arrived_since(mailbox, event.event.at):
            self.decided.send(person, event, again)

    # -- other shops of the account ----------------------------------------------------------------------------------------

    def _hear_from_siblings(self, shop: Shop, person: Person, becoming: str | None) -> bool:
        """The person, perhaps under an address that is new here, may be known at another shop of the account (R06).

        Answers whether SALESmanago knows the person from one of them.
        """
        known_there = False
        for sibling in self._people.siblings(person, self._siblings_of(shop.id), becoming):
            told, seen = sibling.contact.told, sibling.contact.seen
            person.becomes(heard_of(person.contact, told.email_news, told.phone_news, seen))
            known_there = known_there or sibling.contact.is_transferred
        return known_there

    async def _tell_siblings(self, shop: Shop, person: Person, before: Contact) -> None:
        """The one contact over there has another newsletter status now: an older opt-in of another shop must not follow (R06)."""
        told, seen = person.contact.told, person.contact.seen
        was = (before.told.email_news, before.told.phone_news, before.seen.email_news, before.seen.phone_news)
        if was == (told.email_news, told.phone_news, seen.email_news, seen.phone_news):
            return
        for sibling in self._people.siblings(person, self._siblings_of(shop.id)):
            known = heard_of(sibling.contact, told.email_news, told.phone_news, seen).told
            act = TakeBack(
                email_opt_in=known.email_news != sibling.contact.told.email_news and _is_out(known.email_news),
                phone_opt_in=known.phone_news != sibling.contact.told.phone_news and _is_out(known.phone_news),
            )
            if act.email_opt_in or act.phone_opt_in:
                await self._take_back_everywhere(sibling, act, Reason.CONSENT_WITHDRAWN)
            sibling.becomes(heard_of(sibling.contact, told.email_news, told.phone_news, seen))

    def _gone_for_siblings(self, shop: Shop, erased: Contact, event: ErasureRequested) -> None:
        """The one contact over there goes; the other shops' next event introduces the person anew, whole (R72)."""
        addresses = (event.email, erased.email, erased.told.email)
        for sibling in self._people.known_at(self._siblings_of(shop.id), addresses):
            if sibling.contact.is_transferred:
                sibling.becomes(vanished(sibling.contact, self._now))

    # -- saving ----------------------------------------------------------------------------------------------------------

    async def save(self) -> None:
        await self._people.save(self._work.contacts, self._now)
        forgotten = [await self._erase(*erased) for erased in self._erased]
        await self._consents.save(self._work.consents, self._now)
        await self._work.sales.save(self.decided.changed_sales)
        await self._work.sales.count_boxes(self._boxes)
        await self._work.outbox.queue(self.decided.new_commands(self._directory), self._now)
        await self._carts.save(self._people.merged)
        settlements = self.decided.settlements()
        await self._work.inbox.settle(settlements, self._now)
        if self._ids:
            await self._disguise({one.seq: self._ids[one.seq] for one in settlements if one.pseudonym and one.seq in self._ids})
        for seq in self._carts.replaced:
            await self._work.inbox.supersede_planned(seq, Reason.CART_REPLACED, self._now)
        for person, contact_ids, addresses, pseudonym in forgotten:
            for contact_id in contact_ids:
                theirs = await self._work.inbox.ids_of(contact_id, addresses, person.shop_id)
                await self._disguise({seq: (person.shop_id, event_id) for seq, event_id in theirs if names_somebody(event_id)})
                await self._work.inbox.forget_person(contact_id, addresses, person.shop_id, pseudonym)

    async def _disguise(self, ids: Mapping[int, tuple[str, str]]) -> None:
        """Event -> (shop, id): the id of somebody who was erased must not name them."""
        for seq, (shop_id, event_id) in ids.items():
            await self._work.inbox.rename(seq, shop_id, disguised(self._pseudonym, shop_id, event_id))

    async def _erase(
        self, person: Person, event: InboxEvent, pseudonym: str, commands: list[Command]
    ) -> tuple[Person, list[int], list[str], str]:
        """Delete the person in SALESmanago under every address it may know, and here; only hashes stay (M1-M3)."""
        contact_id = person.saved_id
        merged = await self._work.contacts.merged_into(contact_id)
        former = [
            one for known in (contact_id, *(one.id for one in merged)) for one in await self._work.contacts.addresses_of(known)
        ]
        named = [address for command in commands for address in _addresses_of(command)]
        named += [address for one in merged if (address := one.contact.told.email) is not None]
        addresses = [one for one in dict.fromkeys((*named, *former)) if not self._people.belongs_to_another(person, one)]
        self.decided.send(person, event, *(DeleteContact(email=address) for address in addresses))
        self.decided.settle(event, EventState.PLANNED, None, person, open_commands=len(addresses))
        waiting = []
        contact_ids = [contact_id, *(one.id for one in merged)]
        for one_id in contact_ids:
            await self._work.outbox.scrub(one_id, pseudonym)
            await self._work.consents.forget_details(one_id)
            await self._work.outbox.close_parked(one_id, self._now)
            waiting += await self._work.carts.forget_person(one_id)
        await self._work.inbox.mark(waiting, EventState.WITHHELD, Reason.ERASED, self._now)
        await self._work.contacts.save([replace(one, contact=Contact()) for one in merged], self._now)
        await self._people.forget_addresses(person, contact_ids, former, self._work.contacts)
        return person, contact_ids, addresses, pseudonym


def _siblings(directory: Directory, shop_id: str) -> list[str]:
    """The other shops of a shop's account: SALESmanago has one contact for all of them."""
    shop = directory.shop(shop_id)
    ours = [] if shop is None else directory.shops_of(shop.account)
    return [one.id for one in ours if one.id != shop_id]


def _contradicts(said: Said | None, former: Said | None) -> bool:
    """Only where the opposite was said before can something of ours be on its way that would undo it."""
    return said is not None and former is not None and said.status is not former.status


def _is_out(said: Said | None) -> bool:
    return said is not None and said.status is Status.OPT_OUT


def _addresses_of(command: Command) -> list[str]:
    return [command.email, command.address_after] if isinstance(command, UpsertContact) else [command.email]
