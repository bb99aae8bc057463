"""Rows of the customers' gate, pushed by clientCreated and clientUpdated or scanned (contract 2.9, 3.1).

A row says how an account is now. Its newsletter agreements have dates of their own and become newsletter states, never
boxes of the account: the panel dates what we wrote there ourselves just the same (R06, R55).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.clients.idosell.answers import customer_of, is_yes, shop_ids
from app.domain.event_parts import Address, Customer, NewsletterBox
from app.domain.events import AccountChanged, CustomerRegistered
from app.domain.shops.shop import Shop
from app.domain.values import replace
from app.sources.findings import NOTHING, Finding, Left, SourceEvent, Translation, Unusable, fingerprint
from app.sources.idosell.rows.newsletter import agreements
from app.sources.idosell.rows.reading import Row, moment, part, shops_by_number, stamp, whole

ENVELOPES = ("results", "Results", "clients")
KEY = "clientId"

_NO_BOX = NewsletterBox()
_PANEL_NAMES = {
    "first_name": "clientFirstName",
    "last_name": "clientLastName",
    "company": "clientFirm",
    "phone": "clientPhone1",
}
"""How the panel calls the fields of which an empty one says that there is none."""


def client(row: Row, shops: Sequence[Shop]) -> Translation:
    """The events of a row, for the shops in which the account is active. Guests have no account: their orders describe them."""
    number = whole(row.get(KEY))
    if number is None or is_yes(row.get("isUnregistered")):
        return NOTHING
    configured = shops_by_number(shops)
    found = [_of_shop(row, number, configured[one]) for one in sorted(active_in(row)) if one in configured]
    return sum(found, NOTHING)


def active_in(row: Row) -> frozenset[int]:
    """Numbers of the shops in which an account works."""
    return frozenset(shop_ids(row.get("clientActiveInShops")))


def _of_shop(row: Row, number: int, shop: Shop) -> Translation:
    described = customer_of(row, number, shop)
    if described is None:
        return Translation(left=(Left(shop.id, f"client {number}", Unusable.NO_ADDRESS),))
    changed_at = moment(row, "clientsLastModificationDate", "clientRegistrationDate", shop=shop)
    if changed_at is None:
        return Translation(left=(Left(shop.id, f"client {number}", Unusable.NO_DATE),))
    known = replace(described, newsletter_email=_NO_BOX, newsletter_sms=_NO_BOX)
    state = fingerprint(known)
    changed = AccountChanged(at=changed_at, customer=_with_what_is_no_more(known, row))
    change = SourceEvent(f"ido:client:{number}:{stamp(changed_at)}:{state}", changed)
    registration = _registration(row, number, known, changed_at, shop)
    finding = Finding(shop.id, f"client:{number}", state, changed_at, (registration or change,), (change,), account=number)
    return Translation((finding, *agreements(number, described, shop)))


def _registration(row: Row, number: int, known: Customer, changed_at: datetime, shop: Shop) -> SourceEvent | None:
    """The registration, of an account that is younger than the shop's integration: of older ones there is only how they are now.

    The panel says on which day. Changed last on that very day, the account was made at that time, as far as anybody can tell.
    """
    made_at = moment(row, "clientRegistrationDate", shop=shop)
    zone = ZoneInfo(shop.time_zone)
    if made_at is None or made_at.astimezone(zone).date() < shop.integration_started_at.astimezone(zone).date():
        return None
    if changed_at.astimezone(zone).date() == made_at.astimezone(zone).date():
        made_at = max(made_at, changed_at)
    return SourceEvent(f"ido:client:{number}:registered", CustomerRegistered(at=made_at, customer=known))


def _with_what_is_no_more(known: Customer, row: Row) -> Customer:
    """The panel shows every field of an account, so an empty one says that there is none (R10)."""
    billing = part(row, "clientBillingAddress")
    none: dict[str, Any] = {
        name: "" for name, field in _PANEL_NAMES.items() if billing.get(field) == "" and getattr(known, name) is None
    }
    if none.get("phone") is not None and billing.get("clientPhone2"):
        del none["phone"]  # there is a number, though none that can be read
    changed = replace(known, **none)
    if all(billing.get(field) == "" for field in _ADDRESS_FIELDS):
        changed = replace(changed, address=Address(street="", postal_code="", city="", country=""))
    return changed


_ADDRESS_FIELDS = ("clientStreet", "clientZipCode", "clientCity")
