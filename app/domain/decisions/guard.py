"""What must not be sent, and why (R01-R06)."""

from typing import assert_never

from app.domain.consent import ConsentAnswer, Policy
from app.domain.event_kinds.subjects import consent_answer_of
from app.domain.event_kinds.traits import kind_of
from app.domain.events import (
    AboutThePerson,
    CartChanged,
    Event,
    FromSalesmanago,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    ProductViewed,
    Request,
    TagsEdited,
    Unsubscribed,
)
from app.domain.person.contact import Contact
from app.domain.person.order_events import order_stays
from app.domain.person.sale import Holder, Sale
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop


def closes_the_door(shop: Shop, contact: Contact) -> Reason | None:
    """Why nothing about a person may be sent, whatever happened, except resignations and erasures; None if it may."""
    if shop.blocks(contact.email):
        return Reason.BLOCKED_ADDRESS
    if contact.transfer.is_withdrawn:
        return Reason.CONSENT_WITHDRAWN
    return None if contact.transfer.permits(shop.policy) else Reason.NO_CONSENT


def is_resignation(event: Event, shop: Shop) -> bool:
    """The person left a newsletter. Of an address that staff may have removed, the shop says whether it counts so (R52)."""
    match event:
        case OrderPlaced() | OrderCancelled() | OrderReturned() | CartChanged() | ProductViewed():
            return False
        case Unsubscribed():
            return event.confirmed or shop.propagate_unconfirmed_removals
        case _ if isinstance(event, AboutThePerson | FromSalesmanago | Request):
            return False
        case _:
            assert_never(event)


def refusal_reason(event: Event, shop: Shop, contact: Contact, sale: Sale, holder: Holder = Holder.SAME) -> Reason | None:
    """Why the event must stay here, or None. The consent guard of the gateway (R01-R07)."""
    if not contact.email:
        return Reason.ADDRESS_UNKNOWN
    if shop.blocks(contact.email):
        return Reason.BLOCKED_ADDRESS
    if event.at < shop.integration_started_at and kind_of(event).is_history_before_integration:
        return Reason.BEFORE_INTEGRATION
    return _consent_withholds(event, shop, contact) or _nothing_to_send(event, shop, contact, sale, holder)


def _consent_withholds(event: Event, shop: Shop, contact: Contact) -> Reason | None:
    if contact.transfer.is_withdrawn:
        return Reason.CONSENT_WITHDRAWN
    if shop.policy is Policy.ALL_CUSTOMERS:
        return _not_covered(event, shop, contact)
    if consent_answer_of(event) is ConsentAnswer.NOT_GIVEN:
        return Reason.ORDER_NOT_CONSENTED
    if not contact.transfer.permits(shop.policy):
        return Reason.NO_CONSENT
    return _not_covered(event, shop, contact)


def _not_covered(event: Event, shop: Shop, contact: Contact) -> Reason | None:
    own_consent = consent_answer_of(event) is ConsentAnswer.GIVEN
    covered = own_consent or contact.transfer.covers(shop.policy, event.at)
    return Reason.BEFORE_CONSENT if kind_of(event).needs_consent_of_its_time and not covered else None


def _nothing_to_send(event: Event, shop: Shop, contact: Contact, sale: Sale, holder: Holder) -> Reason | None:
    match event:
        case OrderPlaced() | OrderCancelled() | OrderReturned():
            return order_stays(event, sale, holder)
        case Unsubscribed():
            return None if is_resignation(event, shop) else Reason.UNCONFIRMED_REMOVAL
        case TagsEdited():
            is_full = contact.has_no_place_for((*event.added, *(event.all_tags or ())))
            return Reason.TOO_MANY_TAGS if is_full else None
        case CartChanged(items=()):
            return Reason.CART_EMPTIED
        case CartChanged():
            is_bought = contact.last_purchase_at is not None and contact.last_purchase_at >= event.at
            return Reason.CART_BOUGHT if is_bought else None
        case ProductViewed():
            return None
        case _ if isinstance(event, AboutThePerson | FromSalesmanago | Request):
            return None
        case _:
            assert_never(event)
