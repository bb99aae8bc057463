"""One planning round: everything it needs is read first, everything it decides is written last."""

from collections.abc import Collection, Mapping
from functools import cache, partial

import structlog

from app.domain.commands import AddEvent, Command, DeleteContact, EventKind, UpsertContact
from app.domain.consent import ConsentAnswer, Status, is_opt_in, tells_of_the_box
from app.domain.decisions.changes.sent_state import mark_unsent, vanished
from app.domain.decisions.changes.shop_changes import erasure_elsewhere
from app.domain.decisions.decide import contested, decide, decide_claim
from app.domain.decisions.follow_ups import (
    opt_in_behind_opt_out,
    opt_ins_adopted,
    opt_ins_revoked_at_sibling,
    opt_outs_for_left_addresses,
    opt_outs_shown,
    repeated_in_shop,
    repeated_opt_out,
    resign_left_address,
    revoked_by,
    status_changed,
)
from app.domain.decisions.observations.statuses import adopt_sibling_status, came_back
from app.domain.decisions.plan import Defer, Plan, Send, Supersede, Withhold
from app.domain.delivery.outbox import ContactQueue, to_account, to_newsletter
from app.domain.delivery.revocation import Revocation
from app.domain.event_kinds.subjects import email_of, order_id_of
from app.domain.event_kinds.traits import revokes_permission
from app.domain.events import (
    AccountChanged,
    AccountListed,
    CartChanged,
    ErasureRequested,
    Event,
    OptOutClaimed,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    StatusObserved,
)
from app.domain.intake.inbox import EventState, InboxEvent
from app.domain.operations.audit import erased_elsewhere
from app.domain.person.contact import NOBODY, Contact, is_forgotten
from app.domain.person.identity import How
from app.domain.person.sale import Holder, Sale, as_placed
from app.domain.person.sides import SentState
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.services.operations.consent_export import Consents
from app.services.outbox.manual_tasks import NEWEST, replace_older
from app.services.outbox.revocation import revoke
from app.services.planning.carts import CartRound
from app.services.planning.event_ids import disguised, names_somebody
from app.services.planning.kept_pushes import forget_in_pushes
from app.services.planning.own_lanes import OwnLanes
from app.services.planning.people import People, Pseudonym, WorkingContact
from app.services.planning.round_result import Decided
from app.services.ports.clock import Clock
from app.services.ports.storage import Work
from app.services.shops.directory import ShopDirectory

log = structlog.get_logger(__name__)

OrderUndone = OrderCancelled | OrderReturned


class PlanningRound:
    """One planning round: everything it reads is loaded first, everything it decides is written last."""

    def __init__(self, work: Work, directory: ShopDirectory, clock: Clock, pseudonym: Pseudonym) -> None:
        self._work = work
        self._directory = directory
        self._now = clock()
        named_once = self._pseudonym = cache(pseudonym)  # the same person is looked for more than once in a round
        self._siblings_of = cache(partial(_siblings, directory))
        self._people = People(named_once)
        self._consents = Consents(named_once)
        self._carts = CartRound(work)
        self.decided = Decided()
        self._boxes: dict[str, list[ConsentAnswer]] = {}
        self._ids: dict[int, tuple[str, str]] = {}
        """Event -> (shop, id), where the id names somebody."""
        self._erased: list[tuple[WorkingContact, InboxEvent, str, list[Command], list[str]]] = []
        self._gone: list[tuple[str, WorkingContact]] = []
        """(shop that erased, the person at another shop of the account)."""
        self._phones: dict[WorkingContact, list[str]] = {}
        """Of whoever was erased."""
        self._waiting: dict[tuple[str, str], list[InboxEvent]] = {}
        """What waits for orders (R19)."""

    @property
    def erased_somebody(self) -> bool:
        return bool(self._erased)

    async def load(self, events: list[InboxEvent], lanes: OwnLanes | None = None) -> None:
        if lanes is not None:
            await lanes.look_before(events)
        buyers = await self._load_orders(events)
        await self._people.load(events, self._work.contacts, self._siblings_of, buyers)
        if lanes is not None:
            await lanes.look_after(self._people.customer_ids, self._people.ids)
        if any(isinstance(event.event, OrderPlaced | CartChanged | AccountChanged | AccountListed) for event in events):
            await self._carts.load(events, self._people.ids)
        takes_back = any(
            revokes_permission(event.event) or isinstance(event.event, AccountChanged | AccountListed) for event in events
        )
        if self._carts.has_owners or takes_back:
            await self._work.outbox.lock_contact_queues(self._people.ids)

    async def _load_orders(self, events: list[InboxEvent]) -> dict[str, set[int]]:
        """What is known of the orders of the round, and what waits for them; answers whose they are, per shop."""
        buyers: dict[str, set[int]] = {}
        for shop_id in {event.shop_id for event in events}:
            ours = [event.event for event in events if event.shop_id == shop_id]
            orders = {order for event in ours if (order := order_id_of(event)) is not None}
            if not orders:
                continue
            sales = await self._work.sales.of_orders(shop_id, orders)
            self.decided.know_sales(shop_id, sales)
            buyers[shop_id] = {sale.contact_id for sale in sales.values() if sale.contact_id is not None}
            placed = {event.order_id for event in ours if isinstance(event, OrderPlaced)}
            waiting = [number for order in placed & sales.keys() for number in sales[order].waits]
            for one in await self._work.inbox.waiting_for_order(waiting):
                self._waiting.setdefault((shop_id, order_id_of(one.event) or ""), []).append(one)
        return buyers

    def concerned(self, event: InboxEvent) -> set[WorkingContact]:
        """Everybody the event may be about, or change."""
        found = self._people.concerned(event.shop_id, event.event, self._siblings_of(event.shop_id))
        sale = self.decided.sale(event.shop_id, event.event)
        buyer = self.decided.buyer(event.shop_id, event.event)
        if buyer is None and sale.contact_id is not None:
            buyer = self._people.heir(sale.contact_id)
        return found if buyer is None else {*found, buyer.heir}

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
            guest = Defer(Reason.CART_WAITS) if happened.items else Supersede(Reason.CART_EMPTIED)
            self._carry_out(event, None, self._carts.changed(event, happened, None, guest)[0])
            return
        sale = self.decided.sale(shop.id, happened)
        if isinstance(happened, OrderPlaced):
            happened = as_placed(happened, sale)
            event = replace(event, event=happened)
        if isinstance(happened, OrderUndone):
            buyer, how = self._buyer(shop, happened, sale), None
        else:
            buyer, how = self._people.identified(shop.id, happened)
        if buyer is None:
            self._without_order(event, shop, sale)
            return
        person, is_contested = buyer, how is How.CONTESTED
        if how is How.ERASED_SINCE:
            happened = self._erased_since(shop, happened, person)
            event = replace(event, event=happened)
        if isinstance(happened, OptOutClaimed):
            waits = came_back(person.contact) and await self._opt_in_waits(shop, person)
            happened = decide_claim(happened, person.contact, opt_in_waits=waits)
            event = replace(event, event=happened)
        known_there = self._hear_from_siblings(shop, person, None if is_contested else email_of(happened))
        if is_contested:
            decision = contested(happened, shop, person.contact, sale, known_there=known_there)
        else:
            holder = self._holder(shop, happened, sale, person)
            decision = decide(happened, shop, person.contact, sale, holder, known_there=known_there)
        plan, contact = decision.plan, decision.contact
        if isinstance(plan, Send) and _tells_of_a_purchase(plan):
            self.decided.remember_purchase(event, decision.sale, person)
        else:
            self.decided.remember_sale(shop.id, happened, decision.sale)
        before = person.contact
        if isinstance(happened, OrderPlaced) and tells_of_the_box(happened.box, before.transfer):
            self._boxes.setdefault(shop.id, []).append(happened.box)
        person.update(contact)
        if person.erased_hash is not None and not contact.erased and contact.email:
            self._people.revive(person)
        self._people.remember_customer(person)
        if not is_contested:  # what another account said is no act of this person
            self._consents.note(event, person, before)
        cancelled = await self._revoke(event, person, before)
        await self._tell_left_addresses(event, shop, person, before)
        person.joined_from = None
        await self._tell_siblings(event, shop, person, before)
        await self._say_again_at_home(event, shop, person, before)
        await self._tell_opt_out_again(event, shop, person, before)
        if isinstance(happened, CartChanged):
            await self._cart(event, happened, person, plan)
        elif isinstance(happened, ErasureRequested) and isinstance(plan, Send):
            theirs = dict.fromkeys(filter(None, (happened.email, before.email, before.sent_state.email)))
            commands = [*plan.commands, *cancelled, *self._told_by_siblings(shop, person, list(theirs))]
            self._gone_for_siblings(event, shop, before, happened)
            self._phones[person] = [text for text in _phones_of(before) if text]
            self._erased.append((person, event, self._people.erase(person, happened.email), commands, list(theirs)))
        else:
            self._carry_out(event, person, plan)
        if isinstance(happened, OrderPlaced):
            await self._follow(shop.id, happened.order_id)

    def _carry_out(self, event: InboxEvent, person: WorkingContact | None, plan: Plan) -> None:
        match plan:
            case Send(commands=commands, withholding=reason) if person is not None:
                awaited = self.decided.send(person, event, *commands)
                self.decided.settle(event, EventState.PLANNED, reason, person, open_commands=awaited)
            case Withhold(reason=reason, shown=shown):
                self.decided.settle(event, EventState.WITHHELD, reason, person)
                if person is not None:
                    self.decided.show(person, event, *shown)
            case Supersede(reason=reason):
                self.decided.settle(event, EventState.SUPERSEDED, reason, person)
            case Defer(reason=reason):
                self.decided.settle(event, EventState.PLANNED, reason, person)
            case Send():
                raise AssertionError("commands without a person")  # decide() knows no such plan

    def _erased_since(self, shop: Shop, happened: Event, person: WorkingContact) -> ErasureRequested:
        """An erasure under the address a person moved to was decided before the move: it was the person's (R72)."""
        there = self._people.known_as(shop.id, email_of(happened) or "", happened.at)
        erased_at = there.contact.erased_at if there is not None else None
        return ErasureRequested(at=erased_at or happened.at, email=person.contact.email or email_of(happened) or "")

    # -- orders ----------------------------------------------------------------------------------------------------------

    def _buyer(self, shop: Shop, happened: OrderUndone, sale: Sale) -> WorkingContact | None:
        """Whose sent order it is, whatever address is named; nobody is made by what takes an order back (R17)."""
        if not sale.purchase_sent:
            return None
        known = self.decided.buyer(shop.id, happened)
        if known is not None:
            return known.heir
        if sale.contact_id is not None:
            return self._people.heir(sale.contact_id)
        return self._people.known_as(shop.id, happened.email, happened.at)  # sent before buyers were remembered

    def _holder(self, shop: Shop, happened: Event, sale: Sale, person: WorkingContact) -> Holder:
        if not isinstance(happened, OrderPlaced) or not sale.purchase_sent:
            return Holder.SAME
        known = self.decided.buyer(shop.id, happened)
        if known is person or (known is None and sale.contact_id in (None, person.id)):
            return Holder.SAME
        heir = known.heir if known is not None else self._people.heir(sale.contact_id or 0)
        return Holder.MERGED if heir is person else Holder.ANOTHER

    def _without_order(self, event: InboxEvent, shop: Shop, sale: Sale) -> None:
        """It takes back an order that is not known, and waits for it; or one that stayed in the shop (R17, R19)."""
        plan = decide(event.event, shop, NOBODY, sale).plan
        if sale.purchase_sent:
            plan = Withhold(Reason.ADDRESS_UNKNOWN)
        named = self._people.known_as(shop.id, email_of(event.event) or "", event.event.at)
        if named is not None and (named.contact.erased or is_forgotten(event.event, named.contact)):
            self._carry_out(event, named, Withhold(Reason.ERASED))
            return
        if plan == Defer(Reason.WAITS_FOR_ORDER):
            self._waiting.setdefault((shop.id, order_id_of(event.event) or ""), []).append(event)
            self.decided.remember_sale(shop.id, event.event, replace(sale, waits=(*sale.waits, event.seq)))
        self._carry_out(event, None, plan)

    async def _follow(self, shop_id: str, order_id: str) -> None:
        """The order is decided; so is, in order, what waited for it."""
        waiting = self._waiting.pop((shop_id, order_id), [])
        for one in sorted(waiting, key=lambda one: (one.event.at, one.seq)):
            sale = self.decided.sale(shop_id, one.event)
            self.decided.remember_sale(shop_id, one.event, replace(sale, waits=()))
            await self.plan(one)

    # -- carts -----------------------------------------------------------------------------------------------------------

    async def _cart(self, event: InboxEvent, happened: CartChanged, person: WorkingContact, plan: Plan) -> None:
        plan, outdated = self._carts.changed(event, happened, person, plan)
        if outdated is not None:
            await self._revoke_everywhere(person, outdated, Reason.CART_REPLACED)
        self._carry_out(event, person, plan)

    # -- taking back -----------------------------------------------------------------------------------------------------

    async def _revoke(self, event: InboxEvent, person: WorkingContact, before: Contact) -> list[Command]:
        """What waits and may not leave any more because of the event is cancelled; answers what was."""
        is_joined, has_cart = person.joined_from is not None, self._carts.concern(person)
        cancelled = list[Command]()
        for revoked in revoked_by(event.event, before, person.contact, is_joined=is_joined, has_cart=has_cart):
            cancelled += await self._revoke_everywhere(person, *revoked)
        return cancelled

    async def _revoke_everywhere(self, person: WorkingContact, act: Revocation, reason: Reason) -> list[Command]:
        """From this round, from the outbox, and from the queue of a contact that was merged into this one."""
        if act == Revocation():
            return []
        cancelled = self.decided.revoke(person, act, reason)
        merged = {one.id: one for one in await self._merged_into(person) if one.id is not None}
        for contact_queue in await self._contact_queues([] if person.id is None else [person.id, *merged], act):
            if await self._work.leases.is_held(contact_queue, self._now):
                # On its way at this moment. Should it come back unsent, the next claim takes it back first.
                await self._work.outbox.defer_revocation(contact_queue, act, reason)
                continue
            stored = await revoke(self._work, person.shop_id, contact_queue, act, reason, self._now)
            self.decided.unsell(person.shop_id, stored, reason)
            if contact_queue.contact_id == person.id:
                cancelled = [*stored, *cancelled]
            elif (former := merged.get(contact_queue.contact_id)) is not None:
                former.update(replace(former.contact, sent_state=mark_unsent(former.contact, stored).sent_state))
        person.update(mark_unsent(person.contact, cancelled))
        return cancelled

    async def _merged_into(self, person: WorkingContact) -> list[WorkingContact]:
        """Contacts that the person took over, now or earlier."""
        earlier = [] if person.id is None else await self._work.contacts.merged_into(person.id)
        return list(dict.fromkeys((*person.absorbed, *(self._people.stored(one) for one in earlier))))

    async def _tell_left_addresses(self, event: InboxEvent, shop: Shop, person: WorkingContact, before: Contact) -> None:
        """Where the person took over another contact, that one stays in SALESmanago: an opt-out is one for it, too (R06a, R72)."""
        said = opt_outs_for_left_addresses(event.event, before, person.contact, is_joined=person.joined_from is not None)
        if said is None:
            return
        for one in await self._merged_into(person):
            former = one.contact
            resigned = resign_left_address(former.sent_state, said)
            if resigned is None or await self._is_of_another(person, resigned[0].email):
                continue
            one.update(replace(former, sent_state=resigned[1]))
            self.decided.send(one, event, resigned[0])
            await self._tell_siblings(event, shop, one, former)

    async def _is_of_another(self, person: WorkingContact, email: str) -> bool:
        """Did somebody else of the shop take an address that the person had? Whoever has it in other shops is known then, too."""
        shops = [person.shop_id, *self._siblings_of(person.shop_id)]
        for one in await self._work.contacts.in_shops(shops, [email]):
            self._people.stored(one)
        return self._people.belongs_to_another(person, email)

    async def _contact_queues(self, contact_ids: list[int], act: Revocation) -> list[ContactQueue]:
        """Wherever something waits for them, also at an account the shop has left since."""
        boxes = await self._work.outbox.contact_queues_of(contact_ids)
        return [box for box in boxes if act.at_shop or box.destination.startswith(to_account(""))]

    async def _opt_in_waits(self, shop: Shop, person: WorkingContact) -> bool:
        """Is an opt-in by e-mail on its way to SALESmanago, from this shop or another of the account?"""
        people = [person, *self._people.siblings(person, self._siblings_of(shop.id))]
        waiting = [upsert for one in people for upsert in self.decided.upserts_of(one)]
        stored = await self._work.outbox.undelivered([one.id for one in people if one.id is not None])
        waiting += [one.command for theirs in stored.values() for one in theirs if isinstance(one.command, UpsertContact)]
        return any(upsert.email_status is Status.OPT_IN for upsert in waiting)

    async def _tell_opt_out_again(self, event: InboxEvent, shop: Shop, person: WorkingContact, before: Contact) -> None:
        """SALESmanago showed an opt-out, so nothing is sent; but an opt-in sent from here may have arrived after it (I6).

        Nothing else is sent again: it would overwrite a later opt-in.
        """
        if not isinstance(event.event, StatusObserved):
            return
        told = person.contact.sent_state
        self.decided.say_no_opt_out_again(person, email=is_opt_in(told.email_news), phone=is_opt_in(told.phone_news))
        shown = opt_outs_shown(before, person.contact)
        if shown is None:
            return
        account, arrived = to_account(shop.account), list[Command | None]()
        for one in (person, *self._people.siblings(person, self._siblings_of(shop.id))):
            if one.id is not None:
                arrived += await self._work.outbox.delivered_since(ContactQueue(one.id, account), event.event.at)
        again = repeated_opt_out(person.contact, shown, arrived)
        if again is not None:
            self.decided.send(person, event, again)

    # -- the shop's own side ---------------------------------------------------------------------------------------------

    async def _say_again_at_home(self, event: InboxEvent, shop: Shop, person: WorkingContact, before: Contact) -> None:
        """The person acted in the shop while a change from SALESmanago was on its way there, or after it had arrived.

        Which of the two the shop's side ended with is not known, so the newest act is written once more (R55).
        """
        again = repeated_in_shop(event.event, before, person.contact)
        if again is None or person.id is None:
            return
        contact_queue = ContactQueue(person.id, to_newsletter(shop.id))
        on_its_way = await self._work.leases.is_held(contact_queue, self._now)
        await replace_older(self._work, contact_queue, [(NEWEST, again)], self._now)
        if on_its_way or await self._work.outbox.delivered_since(contact_queue, event.event.at):
            self.decided.send(person, event, again)

    # -- other shops of the account ----------------------------------------------------------------------------------------

    def _hear_from_siblings(self, shop: Shop, person: WorkingContact, becoming: str | None) -> bool:
        """The person, perhaps under an address that is new here, may be known at another shop of the account (R06).

        Answers whether SALESmanago knows the person from one of them.
        """
        known_there = False
        for sibling in self._people.siblings(person, self._siblings_of(shop.id), becoming):
            told, seen = sibling.contact.sent_state, sibling.contact.observed
            person.update(adopt_sibling_status(person.contact, told.email_news, told.phone_news, seen))
            known_there = known_there or sibling.contact.is_transferred
        return known_there

    async def _tell_siblings(self, event: InboxEvent, shop: Shop, person: WorkingContact, before: Contact) -> None:
        """The one contact in SALESmanago has another status now: an older opt-in of another shop must not follow (R06)."""
        if not status_changed(before, person.contact):
            return
        told, seen = person.contact.sent_state, person.contact.observed
        for sibling in self._people.siblings(person, self._siblings_of(shop.id)):
            known = adopt_sibling_status(sibling.contact, told.email_news, told.phone_news, seen).sent_state
            act = opt_ins_revoked_at_sibling(sibling.contact.sent_state, known)
            await self._revoke_everywhere(sibling, act, Reason.CONSENT_WITHDRAWN)
            await self._follow_opt_out(event, shop, sibling, known)
            sibling.update(adopt_sibling_status(sibling.contact, told.email_news, told.phone_news, seen))

    def _gone_for_siblings(self, event: InboxEvent, shop: Shop, erased: Contact, happened: ErasureRequested) -> None:
        """The one contact in SALESmanago is deleted; the other shops' next event adds the person again, whole (R72).

        Each of them is notified, to decide about its own data.
        """
        addresses = (happened.email, erased.email, erased.sent_state.email)
        for sibling in self._people.known_at(self._siblings_of(shop.id), addresses):
            if sibling.contact.is_transferred:
                sibling.update(vanished(sibling.contact, self._now))
                self._gone.append((shop.id, sibling))
                there, report = self._directory.shop(sibling.shop_id), erasure_elsewhere(sibling.contact, shop, happened)
                send = self.decided.show if there is not None and there.shadow else self.decided.send
                send(sibling, event, report)

    def _told_by_siblings(self, shop: Shop, person: WorkingContact, addresses: list[str]) -> list[DeleteContact]:
        """Another shop of the account may have sent the person: SALESmanago has one contact for all of them."""
        others = self._siblings_of(shop.id)
        siblings = [sibling for email in addresses for sibling in self._people.siblings(person, others, email)]
        known_as = dict.fromkeys(sibling.contact.sent_state.email for sibling in siblings)
        return [DeleteContact(email=email) for email in known_as if email in addresses]

    async def _follow_opt_out(self, event: InboxEvent, shop: Shop, sibling: WorkingContact, known: SentState) -> None:
        """An opt-in that the other shop adopted follows its older opt-out, if that still waits (R06)."""
        channels = opt_ins_adopted(sibling.contact.sent_state, known)
        if channels is None:
            return
        waiting = self.decided.upserts_of(sibling)
        if sibling.id is not None:
            account = to_account(shop.account)
            stored = (await self._work.outbox.waiting(account, [sibling.id])).get(sibling.id, [])
            waiting += [one.command for one in stored if isinstance(one.command, UpsertContact)]
        follows = opt_in_behind_opt_out(sibling.contact, known, channels, waiting)
        if follows is not None:
            self.decided.send(sibling, event, follows)

    # -- saving ----------------------------------------------------------------------------------------------------------

    async def save(self) -> None:
        await self._people.save(self._work.contacts, self._now)
        forgotten = [await self._erase(*erased) for erased in self._erased]
        for erasing, sibling in self._gone:
            await self._work.audit.add(erased_elsewhere(erasing, sibling.shop_id, sibling.saved_id, self._now))
        await self._work.sales.save(self.decided.changed_sales)
        await self._work.outbox.queue(self.decided.new_commands(self._directory), self._now)
        await self._work.outbox.show(self.decided.shown_commands(self._directory), Reason.SHADOW, self._now)
        await self._carts.save(self._people.merged)
        await self._say_what_is_undelivered()
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
        # All workers of a shop write here, one after the other: as late as can be.
        await self._consents.save(self._work.consents, self._work.anchors, self._now)
        await self._work.sales.remember_boxes(self._boxes)

    async def _disguise(self, ids: Mapping[int, tuple[str, str]]) -> None:
        """Event -> (shop, id): the id of somebody who was erased must not name them."""
        for seq, (shop_id, event_id) in ids.items():
            await self._work.inbox.rename(seq, shop_id, disguised(self._pseudonym, shop_id, event_id))

    async def _say_what_is_undelivered(self) -> None:
        """An event that says nothing new may repeat what is queued or was refused: "sent already" is true only of what arrived."""
        needless = self.decided.perhaps_undelivered()
        undelivered = await self._work.outbox.undelivered({person.saved_id for person, _ in needless}) if needless else {}
        for person, event in needless:
            self.decided.explain(event, undelivered.get(person.saved_id, []))

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
        self.decided.send(person, event, *(DeleteContact(email=address) for address in addresses))
        if addresses:
            self.decided.settle(event, EventState.PLANNED, None, person, open_commands=len(addresses))
        else:
            self.decided.settle(event, EventState.SUPERSEDED, Reason.NOT_KNOWN_THERE, person)
        subjects = [one for one in ever if one not in taken]
        waiting = await self._work.inbox.waiting_for_order_of(person.shop_id, subjects)
        if (shop := self._directory.shop(person.shop_id)) is not None:
            await forget_in_pushes(self._work, shop, subjects, self._phones.get(person, []), self._pseudonym)
        await self._forget_orders(person, contact_ids, subjects)
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

    async def _forget_orders(self, person: WorkingContact, contact_ids: list[int], addresses: list[str]) -> None:
        """Their goods, whose they were, and what waits for orders under these addresses."""
        orders = await self._work.inbox.orders_of(contact_ids)
        known = await self._work.sales.of_orders(person.shop_id, orders) if orders else {}
        self.decided.forget_orders(person.shop_id, known, contact_ids, [person, *person.absorbed])
        for (shop_id, _), waiting in self._waiting.items():
            for one in waiting:
                if shop_id == person.shop_id and email_of(one.event) in addresses:
                    self.decided.settle(one, EventState.WITHHELD, Reason.ERASED, person)


def _phones_of(contact: Contact) -> tuple[str, ...]:
    known = contact.profile.get("phone")
    return (known.value if known is not None else "", contact.sent_state.profile.get("phone", ""))


def _tells_of_a_purchase(plan: Send) -> bool:
    return any(isinstance(one, AddEvent) and one.kind is EventKind.PURCHASE for one in plan.commands)


def _siblings(directory: ShopDirectory, shop_id: str) -> list[str]:
    """The other shops of a shop's account: SALESmanago has one contact for all of them."""
    shop = directory.shop(shop_id)
    ours = [] if shop is None else directory.shops_of(shop.account)
    return [one.id for one in ours if one.id != shop_id]


def _addresses_of(command: Command) -> list[str]:
    return [command.email, command.address_after] if isinstance(command, UpsertContact) else [command.email]
