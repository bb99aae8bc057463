"""What became of an order: one order is one purchase in SALESmanago, whose event follows the newest version (R13, R17-R19).

unknown ─▶ sent ─▶ sent by the shop again: the same │ older: nothing changes │ newer: its event is updated
   │        └▶ cancelled ─▶ sent by the shop again, newer: it stands again, and its event is updated
   └▶ withheld: nothing that concerns the order is sent

What takes back an order that is not known waits for it.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from app.domain.commands import AddEvent, Command, EventKind, Line, as_event
from app.domain.consent import later
from app.domain.event_kinds.subjects import placed_order
from app.domain.event_parts import Item
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
)
from app.domain.reasons import Reason
from app.domain.values import replace, value

OrderTakenBack = OrderCancelled | OrderReturned
OrderEvent = OrderPlaced | OrderTakenBack


WAIT_FOR_ORDER = timedelta(days=7)
"""How long a cancellation or return waits for its order (R19): as long as we try to deliver something."""


VERSIONS_REMEMBERED = 5
"""Events of ours that brought the order there. One of the last knows its id in SALESmanago, if any of them does."""


class Holder(StrEnum):
    """At which contact the event of a sent order stands, seen from the one whom the order names now."""

    SAME = "same"
    MERGED = "merged"
    """At a contact that this one took over."""
    ANOTHER = "another"


@value()
class Return:
    """A return that was sent."""

    content: str
    """Goods and value."""
    id: str | None = None
    at: datetime | None = None


@value()
class Sale:
    """What became of an order so far.

    The goods are remembered because a cancellation repeats those of its purchase (contract 3.1).
    """

    purchase_sent: bool = False
    cancelled: bool = False
    """The shop said so, and has not placed it again since."""
    cancellation_sent: bool = False
    returns: tuple[datetime, ...] = ()
    """Returns of orders from before returns were distinguished by their ids and goods."""
    lines: tuple[Line, ...] = ()
    value: Decimal | None = None
    currency: str | None = None
    withheld: Reason | None = None
    """Why the purchase stayed in the shop. None and not sent: the order is not known."""
    placed_at: datetime | None = None
    as_of: datetime | None = None
    """The time of the shop's newest message about the order."""
    content: str = ""
    """Digest of what the purchase says, as it was queued last. Empty: not known."""
    renewed_at: datetime | None = None
    """Time of the last version that replaced another."""
    reinstated_at: datetime | None = None
    """Since when it stands again after a cancellation."""
    cancelled_at: datetime | None = None
    returned: tuple[Return, ...] = ()
    contact_id: int | None = None
    """Whose order it is, as far as it was sent."""
    carried_by: tuple[int, ...] = ()
    """Numbers of the events whose commands brought it there, the oldest first."""
    waits: tuple[int, ...] = ()
    """Numbers of cancellations and returns that wait for the order."""

    @property
    def is_known(self) -> bool:
        return self.purchase_sent or self.withheld is not None


NO_SALE = Sale()


# -- versions ------------------------------------------------------------------------------------------------------------


def as_placed(event: Event, sale: Sale) -> Event:
    """An order with the time at which it was placed, where it only says when it was reported again; any other event as it is.

    So an edited order is no newer purchase, and a box that was ticked once is not ticked again.
    """
    order = placed_order(event)
    if order is None or order.as_of is not None or sale.placed_at is None or order.at <= sale.placed_at:
        return event
    return replace(order, at=sale.placed_at, as_of=order.at)


def version_at(event: OrderPlaced) -> datetime:
    return event.as_of or event.at


def reinstates(event: OrderPlaced, sale: Sale) -> bool:
    """The order was cancelled, and a newer message than all before reports it as placed."""
    if sale.cancelled_at is None or not sale.cancelled:
        return False
    said_at = version_at(event)
    return said_at > sale.cancelled_at and (sale.as_of is None or said_at > sale.as_of)


def is_same(event: OrderPlaced, sale: Sale) -> bool:
    if not sale.content:  # an order from before contents were remembered, or an update that was taken back
        known = (sale.lines, sale.value, sale.currency)
        return not sale.carried_by and known == (lines_of(event.items), event.value, event.currency)
    return sale.content == _content_of_purchase(event, sale)


def _content_of_purchase(event: OrderPlaced, sale: Sale) -> str:
    lines = [(item.product_id, item.name, plain_number(item.quantity)) for item in event.items]
    said = (lines, plain_number(event.value), event.currency, event.pickup_point, (sale.reinstated_at or event.at).isoformat())
    return hashlib.sha256(repr(said).encode()).hexdigest()[:32]


def plain_number(number: Decimal | None) -> str:
    return "" if number is None else f"{number.normalize():f}"


def known_return(event: OrderReturned, sale: Sale) -> Return | None:
    """The same return, reported before: by its own id where the shop gives one, else by its goods and value (R19)."""
    content = content_of_return(event)
    for one in sale.returned:
        alike = one.content == content
        if (one.id == event.return_id) if event.return_id and one.id else alike:
            return one
    return None


def content_of_return(event: OrderReturned) -> str:
    goods = sorted(f"{item.product_id}×{plain_number(item.quantity)}" for item in event.items)
    return f"{' '.join(goods)} | {plain_number(event.value)}"


def lines_of(items: tuple[Item, ...]) -> tuple[Line, ...]:
    return tuple(Line(product_id=item.product_id, name=item.name, quantity=item.quantity) for item in items)


# -- what is remembered --------------------------------------------------------------------------------------------------


def remembered(event: Event, sale: Sale, *, sent: bool = False, reason: Reason | None = None) -> Sale:
    """The order as it is after the event. `sent`: the event itself is sent; otherwise `reason` says why not."""
    match event:
        case OrderPlaced() if sent:
            return _sold(event, sale)
        case OrderPlaced():
            placed_at = event.at if sale.placed_at is None else min(event.at, sale.placed_at)
            withheld = sale.withheld if sale.purchase_sent else reason
            return replace(sale, placed_at=placed_at, as_of=later(sale.as_of, version_at(event)), withheld=withheld)
        case OrderCancelled() if sale.purchase_sent and (sent or sale.cancelled):
            at = later(sale.cancelled_at, event.at)
            return replace(sale, cancelled=True, cancelled_at=at, cancellation_sent=sale.cancellation_sent or sent)
        case OrderReturned() if sent or known_return(event, sale) is not None:
            return _with_return(event, sale)
        case OrderCancelled() | OrderReturned() | CartChanged() | ProductViewed():
            return sale
        case _ if isinstance(event, AboutThePerson | FromSalesmanago | Request):
            return sale
        case _:
            assert_never(event)


def _sold(event: OrderPlaced, sale: Sale) -> Sale:
    said_at, again = version_at(event), sale.purchase_sent
    if reinstates(event, sale):
        sale = replace(sale, cancelled=False, cancellation_sent=False, reinstated_at=said_at)
    return replace(
        sale,
        purchase_sent=True,
        withheld=None,
        lines=lines_of(event.items),
        value=event.value,
        currency=event.currency,
        placed_at=event.at if sale.placed_at is None else min(event.at, sale.placed_at),
        as_of=said_at,
        content=_content_of_purchase(event, sale),
        renewed_at=said_at if again else None,
    )


def _with_return(event: OrderReturned, sale: Sale) -> Sale:
    known = known_return(event, sale)
    if known is None:
        return replace(sale, returned=(*sale.returned, Return(content_of_return(event), event.return_id, event.at)))
    if known.id is not None or event.return_id is None:
        return sale
    named = replace(known, id=event.return_id)
    return replace(sale, returned=tuple(named if one is known else one for one in sale.returned))


def carried(sale: Sale, by: int) -> Sale:
    """The command of an event brings the order there."""
    first, others = sale.carried_by[:1], sale.carried_by[1:]
    return replace(sale, carried_by=(*first, *others[2 - VERSIONS_REMEMBERED :], by))


def is_replaced(command: AddEvent, event_seq: int, sale: Sale) -> bool:
    """Did a newer word of the shop take the place of what an event was to say? Late, it must not overwrite that (R18)."""
    match command.kind:
        case EventKind.PURCHASE:
            return bool(sale.carried_by) and event_seq != sale.carried_by[-1]
        case EventKind.CANCELLATION:
            return sale.purchase_sent and not sale.cancelled  # it stands again
        case EventKind.RETURN | EventKind.CART | EventKind.VISIT:
            return False
        case _:
            assert_never(command.kind)


def unsold(sale: Sale, cancelled: Sequence[AddEvent], reason: Reason) -> Sale:
    """The order after commands of it were cancelled before they left. In the order in which they were queued."""
    for command in reversed(cancelled):
        match command.kind:
            case EventKind.PURCHASE if command.is_update:
                sale = replace(sale, carried_by=sale.carried_by[:-1], content="")  # reported again, it is a newer version
            case EventKind.PURCHASE if len(sale.carried_by) > 1:
                pass  # a newer version stands in for it
            case EventKind.PURCHASE:
                sale = replace(sale, purchase_sent=False, withheld=reason, content="", carried_by=(), contact_id=None)
            case EventKind.CANCELLATION:
                sale = replace(sale, cancelled=False, cancellation_sent=False, cancelled_at=None)
            case EventKind.RETURN:
                sale = replace(sale, returned=tuple(one for one in sale.returned if one.at != command.at))
            case EventKind.CART | EventKind.VISIT:
                pass
            case _:
                assert_never(command.kind)
    return sale


def of_orders(commands: Sequence[Command]) -> dict[str, list[AddEvent]]:
    """Order number -> the commands about it."""
    found: dict[str, list[AddEvent]] = {}
    for one in commands:
        event = as_event(one)
        if event is not None and event.external_id:
            found.setdefault(event.external_id, []).append(event)
    return found
