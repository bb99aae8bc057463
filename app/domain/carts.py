"""When a quiet cart is reported (R40, R41): never before 60 minutes without change, never after 120, on the time of the event."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from app.domain.commands import AddEvent, Command, EventKind
from app.domain.contact import Contact
from app.domain.decide import lines_of
from app.domain.difference import difference
from app.domain.events import CartChanged, Item
from app.domain.plan import Plan, Send, Supersede, Withhold
from app.domain.reasons import Reason
from app.domain.shop import Shop

QUIET = timedelta(minutes=60)
WINDOW = timedelta(minutes=120)
GRACE = timedelta(minutes=10)
"""What a restart or a burst may add to the window before a report would come too late."""


@dataclass(frozen=True, kw_only=True)
class Cart:
    """The latest known content of a cart, and when it was last really changed."""

    id: str
    items: tuple[Item, ...]
    changed_at: datetime
    currency: str | None = None
    value: Decimal | None = None
    recovery_url: str | None = None

    @property
    def due_at(self) -> datetime:
        return self.changed_at + QUIET


def cart_of(event: CartChanged) -> Cart:
    return Cart(
        id=event.cart_id,
        items=event.items,
        changed_at=event.at,
        currency=event.currency,
        value=event.value,
        recovery_url=event.recovery_url,
    )


def newer_state(stored: Cart | None, event: CartChanged) -> Cart | Reason:
    """The cart as it is after the event, or why the event changes nothing."""
    if stored is None:
        return cart_of(event)
    if event.at < stored.changed_at:
        return Reason.CART_REPLACED
    if event.items == stored.items:
        return Reason.CART_UNCHANGED
    return cart_of(event)


def ripen(cart: Cart, shop: Shop, contact: Contact, now: datetime) -> Plan:
    """What becomes of a cart whose quiet hour is over. Consent and purchases are judged again, at this moment.

    `now` must be `cart.due_at` or later.
    """
    if contact.erased or (contact.erased_at is not None and cart.changed_at <= contact.erased_at):
        return Withhold(Reason.ERASED)
    if contact.email.rpartition("@")[2] in shop.blocked_email_domains:
        return Withhold(Reason.BLOCKED_ADDRESS)
    if not contact.transfer.permits(shop.policy):
        return Withhold(Reason.CONSENT_WITHDRAWN if contact.transfer.is_withdrawn else Reason.NO_CONSENT)
    if not contact.transfer.covers(shop.policy, cart.changed_at):
        return Withhold(Reason.BEFORE_CONSENT)
    if contact.last_purchase_at is not None and contact.last_purchase_at >= cart.changed_at:
        return Supersede(Reason.CART_BOUGHT)
    if now > cart.changed_at + WINDOW + GRACE:
        return Supersede(Reason.CART_STALE)
    report: Command = AddEvent(
        email=contact.email,
        kind=EventKind.CART,
        at=cart.changed_at,
        external_id="",
        location=shop.location,
        shop_host=shop.host,
        lines=lines_of(cart.items),
        value=cart.value,
        currency=cart.currency,
        link=cart.recovery_url,
    )
    upsert = difference(contact, shop, now)
    return Send(report) if upsert is None else Send(upsert, report)
