"""What we ask of SALESmanago, in our own words. `clients.salesmanago.payloads` alone knows its field names.

No command can carry a score, so points never travel that way (R33).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from app.domain.consent import Status


@dataclass(frozen=True, kw_only=True)
class UpsertContact:
    """Make the one contact of this address true in the named respects; everything left out stays as it is."""

    email: str
    """The address under which SALESmanago knows the person now."""
    new_email: str | None = None
    profile: Mapping[str, str] = field(default_factory=dict)
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    email_status: Status | None = None
    phone_status: Status | None = None
    introduces: bool = field(default=False, compare=False)
    """The first upsert of a contact: taken back, SALESmanago never heard of the person from us."""

    @property
    def address_after(self) -> str:
        return self.new_email or self.email


class EventKind(StrEnum):
    """External events of SALESmanago that a shop's day consists of (contract 3.1)."""

    PURCHASE = "PURCHASE"
    CART = "CART"
    VISIT = "VISIT"
    CANCELLATION = "CANCELLATION"
    RETURN = "RETURN"


@dataclass(frozen=True, kw_only=True)
class Line:
    product_id: str
    name: str
    quantity: Decimal


@dataclass(frozen=True, kw_only=True)
class AddEvent:
    """Something happened to a contact that exists. SALESmanago does not recognise repetition, so we must."""

    email: str
    kind: EventKind
    at: datetime
    external_id: str
    location: str
    shop_host: str
    lines: tuple[Line, ...] = ()
    value: Decimal | None = None
    currency: str | None = None
    language: str | None = None
    pickup_point: str | None = None
    link: str | None = None
    """Recovery link of a cart, address of a viewed product."""


@dataclass(frozen=True, kw_only=True)
class DeleteContact:
    """Erasure."""

    email: str


Command = UpsertContact | AddEvent | DeleteContact
