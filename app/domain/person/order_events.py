"""What is sent about an order, and why something of it is withheld (R13, R17-R19)."""

from datetime import datetime
from typing import assert_never

from app.domain.commands import AddEvent, EventKind
from app.domain.events import OrderCancelled, OrderPlaced, OrderReturned
from app.domain.person.contact import Contact
from app.domain.person.sale import (
    Holder,
    OrderEvent,
    OrderTakenBack,
    Sale,
    content_of_return,
    is_same,
    known_return,
    lines_of,
    reinstates,
    version_at,
)
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop

# -- what stays ----------------------------------------------------------------------------------------------------------


def order_stays(event: OrderEvent, sale: Sale, holder: Holder = Holder.SAME) -> Reason | None:
    """Why the order's event need not or cannot be sent, or None. Of an unknown order, only the order itself can be."""
    match event:
        case OrderPlaced():
            return _purchase_stays(event, sale, holder)
        case OrderCancelled() | OrderReturned() if not sale.purchase_sent:
            return Reason.PURCHASE_NOT_SENT
        case OrderCancelled():
            if sale.cancellation_sent or (sale.cancelled_at is not None and event.at <= sale.cancelled_at):
                return Reason.NOTHING_NEW
            return Reason.ORDER_REPLACED if sale.renewed_at is not None and event.at < sale.renewed_at else None
        case OrderReturned():
            return _return_stays(event, sale)


def _purchase_stays(event: OrderPlaced, sale: Sale, holder: Holder) -> Reason | None:
    is_older = sale.as_of is not None and version_at(event) < sale.as_of
    if not sale.purchase_sent:
        if is_older and sale.withheld is Reason.ORDER_NOT_CONSENTED:
            return Reason.ORDER_NOT_CONSENTED  # the newer version says so
        from_before = sale.cancelled and sale.cancelled_at is None and (sale.as_of is None or version_at(event) <= sale.as_of)
        return Reason.ORDER_CANCELLED_FIRST if from_before else None
    if is_older:
        return Reason.ORDER_REPLACED
    if holder is Holder.ANOTHER:
        return Reason.ORDER_OF_ANOTHER_ADDRESS
    if is_same(event, sale) and not reinstates(event, sale):
        return Reason.ORDER_ALREADY_SENT
    return None if holder is Holder.SAME else Reason.ORDER_NOT_UPDATABLE


def _return_stays(event: OrderReturned, sale: Sale) -> Reason | None:
    content = content_of_return(event)
    known = known_return(event, sale)
    if known is not None:
        return Reason.NOTHING_NEW if known.content == content else Reason.RETURN_ALREADY_SENT
    return Reason.NOTHING_NEW if event.at in sale.returns else None


# -- what is sent --------------------------------------------------------------------------------------------------------


def order_event(event: OrderEvent, shop: Shop, contact: Contact, sale: Sale) -> AddEvent:
    """The order's event, as it is sent to SALESmanago."""
    match event:
        case OrderPlaced():
            return AddEvent(
                email=contact.known_there_as,
                kind=EventKind.PURCHASE,
                at=_purchased_at(event, sale),
                external_id=event.order_id,
                location=shop.location,
                shop_host=shop.host,
                lines=lines_of(event.items),  # as the order stands now; without goods, it has none any more (R18)
                value=event.value,
                currency=event.currency or sale.currency,
                language=_language_of(contact),
                pickup_point=event.pickup_point,
                is_update=sale.purchase_sent,
                newer_than=sale.carried_by,
            )
        case OrderCancelled():
            return _taken_back(event, EventKind.CANCELLATION, shop, contact, sale)
        case OrderReturned():
            return _taken_back(event, EventKind.RETURN, shop, contact, sale)
        case _:
            assert_never(event)


def _taken_back(event: OrderTakenBack, kind: EventKind, shop: Shop, contact: Contact, sale: Sale) -> AddEvent:
    """What the shop does not say of it is as it was in the purchase."""
    return AddEvent(
        email=contact.known_there_as,
        kind=kind,
        at=event.at,
        external_id=event.order_id,
        location=shop.location,
        shop_host=shop.host,
        lines=lines_of(event.items) or sale.lines,
        value=sale.value if event.value is None else event.value,
        currency=event.currency or sale.currency,
        language=_language_of(contact),
    )


def _language_of(contact: Contact) -> str | None:
    language = contact.profile.get("language")
    return language.value if language else None


def _purchased_at(event: OrderPlaced, sale: Sale) -> datetime:
    """An order that stands again was bought when it was placed again: later than its cancellation."""
    return version_at(event) if reinstates(event, sale) else sale.reinstated_at or event.at
