"""The commands by which an event and what is known of the contact reach SALESmanago."""

from decimal import Decimal
from typing import assert_never

from app.domain.commands import AddEvent, Command, EventKind, Line
from app.domain.consent import is_opt_out
from app.domain.decisions.changes.mapping import mapped
from app.domain.decisions.changes.salesmanago_changes import difference
from app.domain.decisions.changes.shop_changes import mirror_command
from app.domain.event_kinds.traits import is_bulk, kind_of
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
from app.domain.person.contact import Contact
from app.domain.person.order_events import order_event
from app.domain.person.sale import Sale
from app.domain.shops.shop import Shop
from app.domain.values import replace


def compose(event: Event, shop: Shop, contact: Contact, sale: Sale) -> tuple[Command, ...]:
    """The contact's difference first, then what happened: SALESmanago needs the contact before its events (contract U17)."""
    upsert = difference(contact, shop, event.at)
    if upsert is not None and is_bulk(event):
        # Mere state: check SALESmanago first for an opt-out that is not known here, however recent the date (R06).
        # An opt-out that was sent from here needs no check: a newer date supersedes it.
        email = upsert.old_email_opt_in or not is_opt_out(contact.sent_state.email_news)
        phone = upsert.old_phone_opt_in or not is_opt_out(contact.sent_state.phone_news)
        # Nor is anybody mailed because of it: a subscription that waits is asked about with the next thing that happens (B6).
        upsert = replace(upsert, quiet=True, old_email_opt_in=email, old_phone_opt_in=phone, asks_opt_in=None)
    occurrence = _occurrence(event, shop, contact, sale)
    occurrence = mapped(occurrence, shop, event) if occurrence is not None else None
    kind = kind_of(event)
    mirrored = mirror_command(contact, shop) if kind.places_an_order or kind.edits_tags else None  # R31: at once; R30: put back
    return tuple(command for command in (upsert, occurrence, mirrored) if command is not None)


def _occurrence(event: Event, shop: Shop, contact: Contact, sale: Sale) -> AddEvent | None:
    match event:
        case OrderPlaced() | OrderCancelled() | OrderReturned():
            return order_event(event, shop, contact, sale)
        case ProductViewed():
            return AddEvent(
                email=contact.known_there_as,
                kind=EventKind.VISIT,
                at=event.at,
                external_id="",
                location=shop.location,
                shop_host=shop.host_of(event.url),
                lines=(Line(product_id=event.product_id, name="", quantity=Decimal(1)),),
                link=event.url,
            )
        case CartChanged():
            return None  # reported once it is idle (`carts.decide_cart`)
        case _ if isinstance(event, AboutThePerson | FromSalesmanago | Request):
            return None
        case _:
            assert_never(event)
