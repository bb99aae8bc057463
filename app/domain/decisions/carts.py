"""When an idle cart is reported (R40, R41): never before 60 minutes without change, never after 120, on the time of the event.

filled ─▶ idle for an hour ─▶ reported ─▶ changed ─▶ idle again ─▶ the same event in SALESmanago is overwritten
             │
             └ bought, emptied, too late, not permitted: closed, with the reason
"""

from datetime import datetime, timedelta
from decimal import Decimal

from app.domain.commands import (
    AddEvent,
    Command,
    EventKind,
)
from app.domain.consent import later
from app.domain.decisions.changes.mapping import mapped
from app.domain.decisions.changes.salesmanago_changes import difference
from app.domain.decisions.plan import Plan, Send, Supersede, Withhold
from app.domain.event_parts import Item
from app.domain.events import CartChanged
from app.domain.person.contact import Contact
from app.domain.person.sale import lines_of
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.domain.values import replace, value

QUIET = timedelta(minutes=60)
WINDOW = timedelta(minutes=120)
GRACE = timedelta(minutes=10)
"""What a restart or a burst may add to the window before a report would come too late."""

FRESH = timedelta(hours=12)
"""How long a reported cart can be overwritten in SALESmanago; the official plugin's figure (contract U30)."""


@value(kw_only=True)
class Cart:
    """The latest known content of a cart, and when it was last really changed."""

    id: str
    items: tuple[Item, ...]
    changed_at: datetime
    currency: str | None = None
    value: Decimal | None = None
    recovery_url: str | None = None
    reported_at: datetime | None = None
    """When an earlier content of it was reported, if it was not bought since."""
    reported_by: int | None = None
    """The event whose commands carried that report."""
    reported_change_at: datetime | None = None
    """When that content had been put in."""
    confirmed_at: datetime | None = None
    """When the shop said it last, though nothing had changed."""

    @property
    def due_at(self) -> datetime:
        return self.changed_at + QUIET

    @property
    def stale_at(self) -> datetime:
        return self.changed_at + WINDOW + GRACE

    def reported(self, at: datetime, by: int) -> "Cart":
        return replace(self, reported_at=at, reported_by=by, reported_change_at=self.changed_at)

    def unreported(self) -> "Cart":
        return replace(self, reported_at=None, reported_by=None, reported_change_at=None)

    def refreshed(self, event: CartChanged) -> "Cart":
        """The same goods: the idle hour goes on, and the report has the newest of their value, currency, names and link (R41).

        What the shop does not say stays; a value in another currency does not. A report that was sent stays as it is: one
        idle period is one report (R40), and changing it could trigger the same automation again.
        """
        worth = _worth(event)
        if worth is None and event.currency in (None, self.currency):
            worth = self.value
        return replace(
            self,
            items=event.items,
            currency=event.currency or self.currency,
            value=worth,
            recovery_url=event.recovery_url or self.recovery_url,
            confirmed_at=later(self.confirmed_at, event.at),
        )

    def can_be_overwritten(self, now: datetime, bought_at: datetime | None) -> bool:
        """Recent, and not bought since: after a purchase its event in SALESmanago cannot be changed (contract 3.5)."""
        if self.reported_at is None or self.reported_change_at is None or now - self.reported_at >= FRESH:
            return False
        return bought_at is None or bought_at < self.reported_change_at


def cart_of(event: CartChanged) -> Cart:
    return Cart(
        id=event.cart_id,
        items=event.items,
        changed_at=event.at,
        currency=event.currency,
        value=_worth(event),
        recovery_url=event.recovery_url,
    )


def _worth(event: CartChanged) -> Decimal | None:
    """As the shop says; where it does not, the sum over priced goods (contract 3.5)."""
    if event.value is not None or not any(item.unit_price for item in event.items):
        return event.value
    return round(sum((item.quantity * item.unit_price for item in event.items), Decimal(0)), 2)


def newer_state(stored: Cart | None, event: CartChanged, bought_at: datetime | None = None) -> Cart | Reason:
    """The cart as it is after the event, or why the event changes nothing. `bought_at`: the person's last purchase.

    A purchase empties the cart and forgets its report: what is put in afterwards is a new cart, even if it is the same.
    """
    if stored is None:
        return cart_of(event)
    if event.at < (stored.confirmed_at or stored.changed_at):
        return Reason.CART_REPLACED
    bought = bought_at is not None and stored.changed_at <= bought_at
    if _content(event.items) == _content(() if bought else stored.items):
        return Reason.CART_UNCHANGED
    now = cart_of(event)
    if bought:
        return now
    return replace(
        now, reported_at=stored.reported_at, reported_by=stored.reported_by, reported_change_at=stored.reported_change_at
    )


def _content(items: tuple[Item, ...]) -> list[tuple[str, Decimal]]:
    """What a person changes in a cart. Names and prices change without them, and the order says nothing (X24)."""
    return sorted((item.product_id, item.quantity) for item in items)


def decide_cart(
    cart: Cart, shop: Shop, contact: Contact, now: datetime, *, link: str | None = None, overwrites: str | None = None
) -> Plan:
    """What becomes of a cart whose idle hour is over. Consent and purchases are checked again at this moment.

    `now` must be `cart.due_at` or later. `link`: rebuilds the cart, where the shop gave no link of its own. `overwrites`:
    the event in SALESmanago that reported an earlier content.
    """
    if contact.erased or (contact.erased_at is not None and cart.changed_at <= contact.erased_at):
        return Withhold(Reason.ERASED)
    if shop.blocks(contact.email):
        return Withhold(Reason.BLOCKED_ADDRESS)
    if not contact.transfer.permits(shop.policy):
        return Withhold(Reason.CONSENT_WITHDRAWN if contact.transfer.is_withdrawn else Reason.NO_CONSENT)
    if not contact.transfer.covers(shop.policy, cart.changed_at):
        return Withhold(Reason.BEFORE_CONSENT)
    if contact.last_purchase_at is not None and contact.last_purchase_at >= cart.changed_at:
        return Supersede(Reason.CART_BOUGHT)
    if not cart.items:
        return Supersede(Reason.CART_EMPTIED)
    if now >= cart.stale_at:
        return Supersede(Reason.CART_STALE)
    cart_event = AddEvent(
        email=contact.known_there_as,
        kind=EventKind.CART,
        at=cart.changed_at,
        external_id="",
        location=shop.location,
        shop_host=shop.host_of(cart.recovery_url),
        lines=lines_of(cart.items),
        value=cart.value,
        currency=cart.currency,
        link=cart.recovery_url or link,
        overwrites=overwrites if cart.can_be_overwritten(now, contact.last_purchase_at) else None,
        cart_id=cart.id,
        expires_at=cart.stale_at,
    )
    report: Command = mapped(cart_event, shop)
    upsert = difference(contact, shop, now)
    return Send(report) if upsert is None else Send(upsert, report)


@value()
class StoredCart:
    shop_id: str
    contact_id: int | None
    event_seq: int
    cart: Cart
    open: bool
    """Still to be decided about."""
    waits_until: datetime | None = None
    """How long beyond its idle hour a cart waits for the address of a guest."""
