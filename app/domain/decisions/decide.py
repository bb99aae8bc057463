"""The decision: one event, one shop, one contact in; a plan and what to remember out.

    learn       facts the event reports, whether or not anything may be sent
    refusal_reason  the reason that keeps it in the shop, if there is one
    compose     the commands that follow, as differences: to SALESmanago and to the shop

Everything here is pure. The requirement a line comes from stands beside it.
"""

from collections.abc import Collection
from typing import assert_never

from app.domain import tags
from app.domain.commands import ConfirmOptOut, DeleteContact
from app.domain.consent import later
from app.domain.decisions.changes.salesmanago_changes import addresses_there, opt_outs_due
from app.domain.decisions.changes.sent_state import mark_sent
from app.domain.decisions.changes.shop_changes import mirror_command, shop_knows
from app.domain.decisions.changes.wanted_tags import leave_to_siblings
from app.domain.decisions.compose import compose
from app.domain.decisions.from_salesmanago import decide_shown, facts_due, informed, repaired
from app.domain.decisions.guard import is_resignation, refusal_reason
from app.domain.decisions.learn import learn, reactivated, remember_revocation
from app.domain.decisions.observations.tags import bought_again
from app.domain.decisions.plan import Decision, Defer, Send, Supersede, Withhold, unchanged, unsent
from app.domain.event_kinds.subjects import customer_id_of
from app.domain.event_kinds.traits import kind_of
from app.domain.event_parts import NewsletterBox
from app.domain.events import (
    AboutThePerson,
    AccessRequested,
    AccountChanged,
    AccountListed,
    AtTheShop,
    CartChanged,
    DriftFound,
    ErasureRequested,
    Event,
    FromSalesmanago,
    OptInClaimed,
    OptOutClaimed,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    ProductViewed,
    Request,
    StatusObserved,
    StatusRejected,
    TagsEdited,
    TagsObserved,
)
from app.domain.person.contact import Contact, is_forgotten
from app.domain.person.sale import NO_SALE, Holder, Sale, as_placed, remembered
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.domain.values import replace


def decide(
    event: Event,
    shop: Shop,
    contact: Contact,
    sale: Sale = NO_SALE,
    holder: Holder = Holder.SAME,
    *,
    known_there: bool = False,
    siblings: Collection[Contact] = (),
) -> Decision:
    """Turn an event into a plan; `contact` and `sale` of the answer replace the ones given.

    `holder`: at which contact the order stands, if it was sent. `known_there`: SALESmanago knows the person from another shop of
    the account. `siblings`: the person in those other shops.
    """
    event = as_placed(event, sale)
    decision = _decide(event, shop, contact, sale, holder, siblings, known_there=known_there)
    return _in_shadow(decision, event, shop, sale, known_there=known_there) if shop.shadow else decision


def _decide(
    event: Event, shop: Shop, contact: Contact, sale: Sale, holder: Holder, siblings: Collection[Contact], *, known_there: bool
) -> Decision:
    match event:
        case OrderPlaced() | CartChanged() | ProductViewed():
            pass
        case OrderCancelled() | OrderReturned():
            if not sale.purchase_sent:  # it concerns the buyer, and nobody ordered yet, or the order stayed in the shop (R17, R19)
                plan = unsent(Reason.PURCHASE_NOT_SENT) if sale.is_known else Defer(Reason.WAITS_FOR_ORDER)
                return unchanged(plan, contact, sale)
        case ErasureRequested():
            return _erase(event, shop, contact, sale)
        case AccessRequested():
            return unchanged(Supersede(Reason.REPORT_READY), contact, sale)
        case _ if isinstance(event, AboutThePerson | FromSalesmanago):
            pass
        case _:
            assert_never(event)
    contact = reactivated(event, contact)
    if contact.erased or is_forgotten(event, contact):
        return unchanged(
            Withhold(Reason.ERASED), remember_revocation(event, shop, contact), remembered(event, sale, reason=Reason.ERASED)
        )
    if contact.is_of_another_account(customer_id_of(event)):
        return _contested(event, shop, contact, sale, known_there=known_there)
    learned = learn(event, shop, contact)
    known = leave_to_siblings(learned, siblings)
    match event:
        case OrderPlaced() | OrderCancelled() | OrderReturned() | CartChanged() | ProductViewed() | DriftFound():
            pass
        case OptOutClaimed():
            return unchanged(Send(ConfirmOptOut(email=event.email, at=event.at)), known, sale)
        case StatusObserved() | StatusRejected() | TagsObserved() | OptInClaimed():
            return decide_shown(event, shop, known, sale, known_there=known_there)
        case _ if isinstance(event, AboutThePerson):
            pass
        case _:
            assert_never(event)
    leaves_tags, known = known is not learned, shop_knows(contact, known)
    reason = refusal_reason(event, shop, known, sale, holder)
    if reason is not None:
        return _stays(reason, event, shop, known, sale, known_there=known_there)
    return _sent(event, shop, known, sale, leaves_tags=leaves_tags)


def _sent(event: AboutThePerson | AtTheShop | DriftFound, shop: Shop, known: Contact, sale: Sale, *, leaves_tags: bool) -> Decision:
    """Nothing forbids it: the commands that follow of it, if any do. `leaves_tags`: to another shop, which still has them."""
    match event:
        case OrderPlaced():
            earned = _earned(event, shop)
            known = bought_again(known.earning(earned), earned)
        case DriftFound():
            return repaired(event, shop, known, sale)
        case CartChanged():
            return unchanged(Defer(Reason.CART_WAITS), known, sale)
        case OrderCancelled() | OrderReturned() | ProductViewed():
            pass
        case _ if isinstance(event, AboutThePerson):
            pass
        case _:
            assert_never(event)
    commands = compose(event, shop, known, sale)
    if not commands:
        return unchanged(unsent(Reason.TAG_OF_ANOTHER_SHOP if leaves_tags else _why_nothing(event)), known, sale)
    return Decision(Send(*commands), informed(known, commands), remembered(event, sale, sent=True), known)


def contested(event: Event, shop: Shop, contact: Contact, sale: Sale, *, known_there: bool = False) -> Decision:
    """As `decide`, where two accounts claim the address (R72)."""
    decision = _contested(event, shop, contact, sale, known_there=known_there)
    return _in_shadow(decision, event, shop, sale, known_there=known_there) if shop.shadow else decision


def _contested(event: Event, shop: Shop, contact: Contact, sale: Sale, *, known_there: bool) -> Decision:
    """Two accounts claim one address: nobody takes over anything, and a person must decide (R72).

    What else an account's own event says of it is learned, under the address it had; newsletter boxes were of the other address.
    """
    seen = replace(contact, address_contested_at=later(contact.address_contested_at, event.at))
    match event:
        case AccountListed():
            return unchanged(Withhold(Reason.SHARED_ADDRESS), contact, sale)
        case AccountChanged():
            if contact.is_of_another_account(customer_id_of(event)) or not contact.email:
                return unchanged(Withhold(Reason.ADDRESS_OF_ANOTHER_ACCOUNT), seen, sale)
        case OrderPlaced() | OrderCancelled() | OrderReturned() | CartChanged() | ProductViewed():
            return unchanged(Withhold(Reason.ADDRESS_OF_ANOTHER_ACCOUNT), seen, sale)
        case _ if isinstance(event, AboutThePerson | FromSalesmanago | Request):
            return unchanged(Withhold(Reason.ADDRESS_OF_ANOTHER_ACCOUNT), seen, sale)
        case _:
            assert_never(event)
    facts = replace(event.customer, email=contact.email, newsletter_email=NewsletterBox(), newsletter_sms=NewsletterBox())
    known = replace(seen.describe(facts, event.at), registered=True)
    reason = refusal_reason(event, shop, known, sale)
    return _stays(reason or Reason.ADDRESS_OF_ANOTHER_ACCOUNT, event, shop, known, sale, known_there=known_there)


def _why_nothing(event: AboutThePerson | OrderPlaced | OrderCancelled | OrderReturned | ProductViewed) -> Reason:
    """A tag that may not be sent was not sent, so the plan must not say that everything has been sent (R29)."""
    match event:
        case TagsEdited():
            stay = [tags.to_upstream(tag) is None for tag in event.all_tags or (*event.added, *event.removed)]
            # A full set shows the tags that came from SALESmanago every time.
            may_not = any(stay) or not stay if event.all_tags is None else stay and all(stay)
            return Reason.TAGS_MAY_NOT_TRAVEL if may_not else Reason.NOTHING_NEW
        case OrderPlaced() | OrderCancelled() | OrderReturned() | ProductViewed():
            return Reason.NOTHING_NEW
        case _ if isinstance(event, AboutThePerson):
            return Reason.NOTHING_NEW
        case _:
            assert_never(event)


def _stays(reason: Reason, event: Event, shop: Shop, known: Contact, sale: Sale, *, known_there: bool) -> Decision:
    """The event is withheld. Facts in it about a person who was transferred already are still sent; a resignation always is."""
    sale, left = remembered(event, sale, reason=reason), _minimised(known, shop)
    upsert = facts_due(event, shop, known, known_there=known_there)
    # What staff took off is put back whatever the transfer policy says: it leaves SALESmanago, not the shop.
    mirrored = mirror_command(left, shop) if kind_of(event).edits_tags else None
    commands = [command for command in (upsert, mirrored) if command is not None]
    if not commands:
        return unchanged(unsent(reason), left, sale)
    withholding = None if is_resignation(event, shop) and reason in _CLOSES_THE_DOOR else reason
    return Decision(Send(*commands, withholding=withholding), informed(left, commands), sale, left)


def _in_shadow(decision: Decision, event: Event, shop: Shop, sale: Sale, *, known_there: bool) -> Decision:
    """Nothing is sent and nothing counts as sent, except what takes permission away: resignations and erasures (R06a)."""
    match decision.plan:
        case Send(commands=commands) if not kind_of(event).is_sent_in_shadow:
            pass
        case Send() | Withhold() | Supersede() | Defer():
            return decision
        case _:
            assert_never(decision.plan)
    learned, sale = decision.learned, remembered(event, sale, reason=Reason.SHADOW)
    upsert = opt_outs_due(learned, shop, known_there=known_there)
    if upsert is None:
        return unchanged(Withhold(Reason.SHADOW, commands), learned, sale)
    withholding = None if is_resignation(event, shop) else Reason.SHADOW
    return Decision(Send(upsert, withholding=withholding), mark_sent(learned, [upsert]), sale, learned)


def _erase(event: ErasureRequested, shop: Shop, contact: Contact, sale: Sale) -> Decision:
    """Delete under every address SALESmanago may know the person by; keep only the time, so that older data stays out (M1, M3).

    Whom it cannot know from us, and who may not be sent, is not named there either: an erasure is no transfer (R03).
    """
    if contact.erased_at is not None and event.at <= contact.erased_at:
        return unchanged(Supersede(Reason.NOTHING_NEW), contact, sale)
    forgotten = Contact(
        email=contact.email or event.email,
        erased=True,
        erased_at=event.at,
        transfer=contact.transfer.forgotten(event.at),
        email_news=contact.email_news.forgotten(event.at),
        phone_news=contact.phone_news.forgotten(event.at),
    )
    return unchanged(Send(*(DeleteContact(email=one) for one in addresses_there(contact, shop, event.email))), forgotten, sale)


# -- refused -----------------------------------------------------------------------------------------------------------


_CLOSES_THE_DOOR = (Reason.ADDRESS_UNKNOWN, Reason.BLOCKED_ADDRESS, Reason.CONSENT_WITHDRAWN, Reason.NO_CONSENT)
"""Reasons that hold for the person, not only for what happened."""


def _minimised(contact: Contact, shop: Shop) -> Contact:
    return contact if contact.transfer.permits(shop.policy) else contact.without_profile()


# -- compose -------------------------------------------------------------------------------------------------------------


def _earned(order: OrderPlaced, shop: Shop) -> tuple[str, ...]:
    """Section tags of the goods (R22) and where the customer came from (R23)."""
    sections = tags.section_tags(path for item in order.items for path in item.menu_paths)
    source = tags.source_tag(order.source or "", shop.host)
    return sections if source is None else (*sections, source)
