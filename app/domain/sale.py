"""What became of an order: one order is one purchase, and only a sent purchase can be taken back (R13, R17)."""

from datetime import datetime
from decimal import Decimal

from app.domain.commands import AddEvent, EventKind, Line
from app.domain.contact import Contact
from app.domain.events import Event, Item, OrderCancelled, OrderPlaced, OrderReturned
from app.domain.reasons import Reason
from app.domain.shop import Shop
from app.domain.values import replace, value

OrderEvent = OrderPlaced | OrderCancelled | OrderReturned


@value()
class Sale:
    """What became of an order so far.

    The goods are remembered because a cancellation repeats those of its purchase (contract 3.1).
    """

    purchase_sent: bool = False
    cancelled: bool = False
    """The shop told us so, whether or not it travelled."""
    cancellation_sent: bool = False
    returns: tuple[datetime, ...] = ()
    """When goods came back, as far as we heard: a partial return may follow another, the same one may not."""
    lines: tuple[Line, ...] = ()
    value: Decimal | None = None
    currency: str | None = None


NO_SALE = Sale()


def order_stays(event: OrderEvent, sale: Sale) -> Reason | None:
    """Why what happened to the order need not or cannot be told, or None."""
    match event:
        case OrderPlaced() if sale.purchase_sent:
            return Reason.ORDER_ALREADY_SENT
        case OrderPlaced():
            return Reason.ORDER_CANCELLED_FIRST if sale.cancelled else None
        case OrderCancelled() | OrderReturned() if not sale.purchase_sent:
            return Reason.PURCHASE_NOT_SENT
        case OrderCancelled():
            return Reason.NOTHING_NEW if sale.cancellation_sent else None
        case OrderReturned():
            return Reason.NOTHING_NEW if event.at in sale.returns else None


_KINDS = {OrderPlaced: EventKind.PURCHASE, OrderCancelled: EventKind.CANCELLATION, OrderReturned: EventKind.RETURN}


def order_event(event: OrderEvent, shop: Shop, contact: Contact, sale: Sale) -> AddEvent:
    """What happened to the order, as SALESmanago is told of it."""
    language = contact.profile.get("language")
    return AddEvent(
        email=contact.known_there_as,
        kind=_KINDS[type(event)],
        at=event.at,
        external_id=event.order_id,
        location=shop.location,
        shop_host=shop.host,
        lines=lines_of(event.items) or sale.lines,
        value=sale.value if event.value is None else event.value,
        currency=event.currency or sale.currency,
        language=language.value if language else None,
        pickup_point=event.pickup_point if isinstance(event, OrderPlaced) else None,
    )


def lines_of(items: tuple[Item, ...]) -> tuple[Line, ...]:
    return tuple(Line(product_id=item.product_id, name=item.name, quantity=item.quantity) for item in items)


def remembered(event: Event, sale: Sale, *, sent: bool = False) -> Sale:
    """The order as it is after the event. `sent`: the event itself is told."""
    match event:
        case OrderPlaced() if sent:
            return replace(sale, purchase_sent=True, lines=lines_of(event.items), value=event.value, currency=event.currency)
        case OrderCancelled():
            return replace(sale, cancelled=True, cancellation_sent=sale.cancellation_sent or sent)
        case OrderReturned() if event.at not in sale.returns:
            return replace(sale, returns=(*sale.returns, event.at))
        case _:
            return sale
