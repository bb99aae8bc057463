"""One planning round: everything it needs is read first, everything it decides is written last."""

from functools import cache, partial
from typing import assert_never

import structlog

from app.domain.commands import EventKind, as_event
from app.domain.consent import ConsentAnswer, tells_of_the_box
from app.domain.decisions.decide import contested, decide
from app.domain.decisions.from_salesmanago import decide_claim
from app.domain.decisions.observations.statuses import came_back
from app.domain.decisions.orders import Buyer, buyer_of, decide_without_buyer, holder_of
from app.domain.decisions.plan import Defer, Plan, Send, Supersede, Withhold, is_sent, sent_by
from app.domain.event_kinds.subjects import email_of, order_id_of, placed_order
from app.domain.event_kinds.traits import kind_of
from app.domain.events import (
    AboutThePerson,
    AccessRequested,
    CartChanged,
    ErasureRequested,
    Event,
    FromSalesmanago,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    ProductViewed,
    Request,
)
from app.domain.intake.inbox import EventState, InboxEvent
from app.domain.person.identity import How, erasure_before_move
from app.domain.person.sale import Holder, OrderTakenBack, Sale, as_placed
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.services.operations.consent_export import Consents
from app.services.planning.carts import CartRound
from app.services.planning.erasures import Erasures
from app.services.planning.follow_ups import FollowUps, siblings
from app.services.planning.own_lanes import OwnLanes
from app.services.planning.people import People, Pseudonym, WorkingContact
from app.services.planning.round_result import Decided
from app.services.ports.clock import Clock
from app.services.ports.storage import Work
from app.services.shops.directory import ShopDirectory

log = structlog.get_logger(__name__)


class PlanningRound:
    """One planning round: everything it reads is loaded first, everything it decides is written last."""

    def __init__(self, work: Work, directory: ShopDirectory, clock: Clock, pseudonym: Pseudonym) -> None:
        self._work = work
        self._directory = directory
        self._now = clock()
        named_once = cache(pseudonym)  # the same person is searched for more than once in a round
        self._siblings_of = cache(partial(siblings, directory))
        self._people = People(named_once)
        self._consents = Consents(named_once)
        self._carts = CartRound(work)
        self.decided = Decided()
        self._boxes: dict[str, list[ConsentAnswer]] = {}
        self._waiting: dict[tuple[str, str], list[InboxEvent]] = {}
        """What waits for orders (R19)."""
        self._follow_ups = FollowUps(work, self._people, self.decided, self._carts, self._siblings_of, self._now, directory)
        self._erasures = Erasures(
            work, directory, self._people, self.decided, self._siblings_of, named_once, self._waiting, self._now
        )

    @property
    def erased_somebody(self) -> bool:
        return self._erasures.is_any

    async def load(self, events: list[InboxEvent], lanes: OwnLanes | None = None) -> None:
        if lanes is not None:
            await lanes.check_before(events)
        buyers = await self._load_orders(events)
        await self._people.load(events, self._work.contacts, self._siblings_of, buyers)
        if lanes is not None:
            await lanes.check_after(self._people.customer_ids, self._people.ids)
        kinds = [kind_of(event.event) for event in events]
        if any(kind.touches_carts for kind in kinds):
            await self._carts.load(events, self._people.ids)
        revokes = any(kind.takes_permission_away or kind.says_where_the_account_is for kind in kinds)
        if self._carts.has_owners or revokes:
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
            placed = {order_id_of(event) for event in ours if kind_of(event).places_an_order}
            waiting = [number for order in sales.keys() & placed for number in sales[order].waits]
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
        self._erasures.note_id(event)
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
        sale = self.decided.sale(shop.id, event.event)
        happened = as_placed(event.event, sale)
        event = event if happened is event.event else replace(event, event=happened)
        order = placed_order(happened)
        buyer: WorkingContact | None
        how = None
        match happened:
            case OrderPlaced() | ProductViewed() | CartChanged(email=str()):
                buyer, how = self._people.identified(shop.id, happened)
            case CartChanged():
                guest = Defer(Reason.CART_WAITS) if happened.items else Supersede(Reason.CART_EMPTIED)
                self._carry_out(event, None, self._carts.changed(event, happened, None, guest)[0])
                return
            case OrderCancelled() | OrderReturned():
                named = self._people.known_as(shop.id, happened.email, happened.at)
                buyer = buyer_of(sale, self._buyer(shop, happened, sale), named)
                if buyer is None:
                    self._without_buyer(event, happened, shop, sale, named)
                    return
            case _ if isinstance(happened, AboutThePerson | FromSalesmanago | Request):
                buyer, how = self._people.identified(shop.id, happened)
            case _:
                assert_never(happened)
        person, is_contested = buyer, how is How.CONTESTED
        if how is How.ERASED_SINCE:
            there = self._people.known_as(shop.id, email_of(happened) or "", happened.at)
            happened = erasure_before_move(happened, person.contact, there.contact if there is not None else None)
            event = replace(event, event=happened)
        kind = kind_of(happened)
        if kind.claims_an_opt_out:
            waits = came_back(person.contact) and await self._follow_ups.opt_in_waits(shop, person)
            happened = decide_claim(happened, person.contact, opt_in_waits=waits)
            event = replace(event, event=happened)
        if kind.edits_tags:
            happened = await self._follow_ups.with_taken_off(happened, shop, person)
            event = replace(event, event=happened)
        siblings, known_there = self._follow_ups.adopt_from_siblings(shop, person, None if is_contested else email_of(happened))
        if is_contested:
            decision = contested(happened, shop, person.contact, sale, known_there=known_there)
        else:
            holder = Holder.SAME if order is None else holder_of(sale, self._buyer(shop, order, sale), person)
            decision = decide(happened, shop, person.contact, sale, holder, known_there=known_there, siblings=siblings)
        plan, contact = decision.plan, decision.contact
        if _brings_a_purchase(plan):
            self.decided.remember_purchase(event, decision.sale, person)
        else:
            self.decided.remember_sale(shop.id, happened, decision.sale)
        before = person.contact
        if order is not None and tells_of_the_box(order.box, before.transfer):
            self._boxes.setdefault(shop.id, []).append(order.box)
        person.update(contact)
        if person.erased_hash is not None and not contact.erased and contact.email:
            self._people.revive(person)
        self._people.remember_customer(person)
        if not is_contested:  # what another account said is no act of this person
            self._consents.note(event, person, before)
        cancelled = await self._follow_ups.revoke_by(event, person, before)
        await self._follow_ups.opt_out_left_addresses(event, shop, person, before)
        await self._follow_ups.opt_out_named_address(event, shop, person, before)
        person.joined_from = None
        await self._follow_ups.update_siblings(event, shop, person, before)
        await self._follow_ups.repeat_in_shop(event, shop, person, before)
        await self._follow_ups.repeat_opt_out_there(event, shop, person, before)
        match happened:
            case ErasureRequested() if is_sent(plan):
                theirs = dict.fromkeys(filter(None, (happened.email, before.email, before.sent_state.email)))
                siblings_too = self._erasures.deletions_of_siblings(shop, person, list(theirs))
                self._erasures.gone_for_siblings(event, shop, before, happened)
                commands = [*sent_by(plan), *cancelled, *siblings_too]
                self._erasures.note(person, event, before, self._people.erase(person, happened.email), commands, list(theirs))
            case OrderPlaced() | OrderCancelled() | OrderReturned() | ProductViewed() | AccessRequested() | ErasureRequested():
                self._carry_out(event, person, plan)
            case CartChanged():
                await self._cart(event, happened, person, plan)
            case _ if isinstance(happened, AboutThePerson | FromSalesmanago):
                self._carry_out(event, person, plan)
            case _:
                assert_never(happened)
        await self._follow_ups.opt_out_with_siblings(event, shop, person)
        if order is not None and self._waiting:
            await self._follow(shop.id, order.order_id)

    def _carry_out(self, event: InboxEvent, person: WorkingContact | None, plan: Plan) -> None:
        match plan:
            case Send(commands=commands, withholding=reason) if person is not None:
                awaited = self._follow_ups.send(person, event, *commands)
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
            case _:
                assert_never(plan)

    # -- orders ----------------------------------------------------------------------------------------------------------

    def _buyer(self, shop: Shop, happened: Event, sale: Sale) -> Buyer[WorkingContact] | None:
        """At whom a sent order stands; None if it was not sent, or before buyers were remembered."""
        if not sale.purchase_sent:
            return None
        known = self.decided.buyer(shop.id, happened)
        if known is not None:
            return Buyer(known, known.heir)
        if sale.contact_id is None:
            return None
        return Buyer(self._people.loaded(sale.contact_id), self._people.heir(sale.contact_id))

    def _without_buyer(
        self, event: InboxEvent, happened: OrderTakenBack, shop: Shop, sale: Sale, named: WorkingContact | None
    ) -> None:
        plan = decide_without_buyer(happened, shop, sale, named.contact if named is not None else None)
        if plan == Defer(Reason.WAITS_FOR_ORDER):
            self._waiting.setdefault((shop.id, happened.order_id), []).append(event)
            self.decided.remember_sale(shop.id, happened, replace(sale, waits=(*sale.waits, event.seq)))
        self._carry_out(event, named if plan == Withhold(Reason.ERASED) else None, plan)

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
            await self._follow_ups.revoke_everywhere(person, outdated, Reason.CART_REPLACED)
        self._carry_out(event, person, plan)

    # -- saving ----------------------------------------------------------------------------------------------------------

    async def save(self) -> None:
        await self._people.save(self._work.contacts, self._now)
        await self._erasures.carry_out()
        await self._work.sales.save(self.decided.changed_sales)
        await self._work.outbox.queue(self.decided.new_commands(self._directory), self._now)
        await self._work.outbox.show(self.decided.shown_commands(self._directory), Reason.SHADOW, self._now)
        await self._carts.save(self._people.merged)
        await self._say_what_is_undelivered()
        settlements = self.decided.settlements()
        await self._work.inbox.settle(settlements, self._now)
        await self._erasures.disguise(settlements)
        for seq in self._carts.replaced:
            await self._work.inbox.supersede_planned(seq, Reason.CART_REPLACED, self._now)
        await self._erasures.forget()
        # All workers of a shop write here, one after the other: as late as can be.
        await self._consents.save(self._work.consents, self._work.anchors, self._now)
        await self._work.sales.count_consent_answers(self._boxes)

    async def _say_what_is_undelivered(self) -> None:
        """An event that says nothing new may repeat what is queued or was refused: "sent already" is true only of what arrived."""
        needless = self.decided.perhaps_undelivered()
        undelivered = await self._work.outbox.undelivered({person.saved_id for person, _ in needless}) if needless else {}
        for person, event in needless:
            self.decided.explain(event, undelivered.get(person.saved_id, []))


def _brings_a_purchase(plan: Plan) -> bool:
    return any(one is not None and one.kind is EventKind.PURCHASE for one in map(as_event, sent_by(plan)))
