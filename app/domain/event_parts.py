"""What events are made of: a person, an address, goods, and what a shop can show for an act."""

from dataclasses import field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from app.domain.values import value


@value(kw_only=True)
class Address:
    """Billing address (R10)."""

    street: str | None = None
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None


NO_ADDRESS = Address()


@value(kw_only=True)
class NewsletterBox:
    """A newsletter box as the shop reports it.

    In a registration or an order a ticked box is the person's own act. Elsewhere it is mere state and counts only with
    its own date, `since` (R06). An unticked box says nothing.
    """

    ticked: bool = False
    since: datetime | None = None


@value(kw_only=True)
class Customer:
    """A person as the shop describes them. None = the shop did not say; it never erases what is known.

    An empty text in a change of the account says that there is no such value any more (R10); elsewhere it says nothing.
    """

    email: str
    id: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    company: str | None = None
    gender: str | None = None
    phone: str | None = None
    """E.164; intake leaves out numbers that are not (R10)."""
    phone_assumed: bool = field(default=False, compare=False, repr=False)
    """The number named no country and the message no address: it was read as one of the shop's country."""
    address: Address = NO_ADDRESS
    wholesaler: bool | None = None
    newsletter_email: NewsletterBox = NewsletterBox()
    newsletter_sms: NewsletterBox = NewsletterBox()
    language: str | None = None
    birth_date: str | None = None
    """`YYYYMMDD`."""


@value(kw_only=True)
class Item:
    product_id: str
    name: str
    quantity: Decimal = Decimal(1)
    unit_price: Decimal = Decimal(0)
    menu_paths: tuple[tuple[str, ...], ...] = ()


class Origin(StrEnum):
    """Who or what changed a newsletter status, as far as anybody says it."""

    SHOP = "shop"
    """The shop reported it: a form, an order, a ticked box, an import."""
    CLICK = "click"
    """The person, by the link in an e-mail."""
    STAFF = "staff"
    CLICK_OR_STAFF = "click_or_staff"
    """SALESmanago calls back for both, and does not say which."""
    INVALID_ADDRESS = "invalid_address"
    """SALESmanago marks the e-mail address as invalid, as after a hard bounce."""
    NOT_SHOWN = "not_shown"
    """A poll of SALESmanago found another status than before; nothing says who changed it."""


@value(kw_only=True)
class Evidence:
    """What the shop can show for an act: the wording the person saw, where, from which address of the network, why."""

    text_version: str | None = None
    page: str | None = None
    ip: str | None = None
    reason: str | None = None
    confirmed: bool = False
    """The person clicked a link in a mail: the shop has done the double opt-in itself (B6)."""
    origin: Origin | None = None
    """Who changed it, as SALESmanago reports it."""


NO_EVIDENCE = Evidence()
