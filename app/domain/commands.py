"""What SALESmanago and the shops are asked to do, in our own words. Only the clients know their field names.

No command to SALESmanago can carry a score, so points never travel that way (R33). Commands to the shop's side say how
things should be, not what to change: repeating one is harmless.
"""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import assert_never

from app.domain.consent import Status, TimedStatus
from app.domain.panel_tags import PanelTags
from app.domain.values import value


@value(kw_only=True)
class Agreement:
    """A consent by the name it has in SALESmanago, with the true time of the act (contract 2.12)."""

    name: str
    accepted: bool
    at: datetime
    by_sms: bool = False


@value(kw_only=True)
class ConfirmationMail:
    """The mail by which SALESmanago asks whether a subscription was meant; None: as the account has it (contract 5.3)."""

    email_id: str | None = None
    language: str | None = None


@value(kw_only=True)
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
    agreements: tuple[Agreement, ...] = ()
    asks_opt_in: ConfirmationMail | None = None
    """SALESmanago asks the person before anything counts (B6). It says nothing of the status."""
    old_email_opt_in: bool = field(default=False, compare=False)
    old_phone_opt_in: bool = field(default=False, compare=False)
    """The act is much older than the command: SALESmanago may have a newer opt-out that is not known here, so check first (R06)."""
    email_stood: TimedStatus | None = field(default=None, compare=False)
    phone_stood: TimedStatus | None = field(default=None, compare=False)
    """What SALESmanago held before, as far as was known when the status was queued: an opt-out shown instead is news (R06)."""
    email_acted_at: datetime | None = field(default=None, compare=False)
    phone_acted_at: datetime | None = field(default=None, compare=False)
    """When the person acted. An opt-in that has waited since then is checked in SALESmanago before it is sent."""
    repeats: bool = field(default=False, compare=False)
    """Sends once more what was sent already: no event waits for it."""
    introduces: bool = field(default=False, compare=False)
    """The first upsert of a contact. If it is cancelled, the contact was never sent."""

    quiet: bool = field(default=False, compare=False)
    """Sends what was true long ago: it must trigger no automation in SALESmanago (R63)."""

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


@value(kw_only=True)
class Line:
    product_id: str
    name: str
    quantity: Decimal


@value(kw_only=True)
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
    details: tuple[tuple[str, str], ...] = ()
    """Further details by name, as the shop's configuration wants them (C8)."""
    link: str | None = None
    """Recovery link of a cart, address of a viewed product."""
    overwrites: str | None = None
    """SALESmanago's id of the event of which this is the newer state (contract 3.5)."""
    is_update: bool = False
    """A newer version of an order that was sent: its event is changed, there is no second one (R18)."""
    newer_than: tuple[int, ...] = ()
    """Numbers of our events that brought the order there. They never leave; the newest that was answered with an id names it."""
    cart_id: str | None = None
    """The shop's name of the cart; it never leaves."""
    expires_at: datetime | None = None
    """From then on it would come too late and is dropped (R41)."""

    def is_cart_until(self, at: datetime) -> bool:
        """A cart that a purchase of that time closes."""
        return self.kind is EventKind.CART and self.at <= at


@value(kw_only=True)
class DeleteContact:
    """Erasure."""

    email: str


@value(kw_only=True)
class ConfirmOptIn:
    """Read SALESmanago's own record: is the person opted in, as a callback of that time said (R55)?"""

    email: str
    at: datetime


@value(kw_only=True)
class ConfirmOptOut:
    """Read SALESmanago's own record: is the person opted out, as a callback of that time said, or is it an old one (R72)?"""

    email: str
    at: datetime


@value(kw_only=True)
class SetSubscription:
    """The newsletter of this shop, as it should be for the person. None = leave that channel alone (R53)."""

    email: str
    email_news: TimedStatus | None = None
    phone_news: TimedStatus | None = None
    phone: str | None = None
    customer_id: str | None = None


@value(kw_only=True)
class MirrorTags:
    """The tags and points of SALESmanago that the customer should carry in the panel (R30-R32)."""

    email: str
    tags: PanelTags
    customer_id: str | None = None


@value(kw_only=True)
class ReportErasure:
    """Another shop of the account erased the person: their one contact is gone, and this shop decides about its own data."""

    email: str
    erased_by: str
    """Id of the shop that was asked."""
    at: datetime
    customer_id: str | None = None


Command = UpsertContact | AddEvent | DeleteContact | ConfirmOptIn | ConfirmOptOut | SetSubscription | MirrorTags | ReportErasure
Question = ConfirmOptIn | ConfirmOptOut
"""What is asked of SALESmanago about somebody whom it named itself."""

ShopStateCommand = SetSubscription | MirrorTags
"""How things should be at the shop's side."""

ShopCommand = SetSubscription | MirrorTags | ReportErasure
"""What goes to the shop's side."""


@value(kw_only=True)
class ErasedCommand:
    """What a command leaves in the trace of somebody who was erased: what kind it was, and nothing of what it said."""

    email: str
    """Keyed hash of the address."""
    was: str
    """Name of the command's class."""


def erased_form(kind: str, pseudonym: str) -> DeleteContact | ErasedCommand:
    """Of a settled command of that kind, once the person was erased: a deletion stays one, anything else stays what it was."""
    return DeleteContact(email=pseudonym) if kind == DeleteContact.__name__ else ErasedCommand(email=pseudonym, was=kind)


def as_upsert(command: Command | ErasedCommand) -> UpsertContact | None:
    match command:
        case UpsertContact():
            return command
        case AddEvent() | DeleteContact() | ConfirmOptIn() | ConfirmOptOut():
            return None
        case SetSubscription() | MirrorTags() | ReportErasure() | ErasedCommand():
            return None
        case _:
            assert_never(command)


def as_event(command: Command) -> AddEvent | None:
    match command:
        case AddEvent():
            return command
        case (
            UpsertContact()
            | DeleteContact()
            | ConfirmOptIn()
            | ConfirmOptOut()
            | SetSubscription()
            | MirrorTags()
            | ReportErasure()
        ):
            return None
        case _:
            assert_never(command)


def as_question(command: Command) -> Question | None:
    match command:
        case UpsertContact() | AddEvent() | DeleteContact() | SetSubscription() | MirrorTags() | ReportErasure():
            return None
        case ConfirmOptIn() | ConfirmOptOut():
            return command
        case _:
            assert_never(command)


def as_reported_opt_in(command: Command) -> ConfirmOptIn | None:
    match command:
        case UpsertContact() | AddEvent() | DeleteContact() | ConfirmOptOut():
            return None
        case ConfirmOptIn():
            return command
        case SetSubscription() | MirrorTags() | ReportErasure():
            return None
        case _:
            assert_never(command)


def as_reported_opt_out(command: Command) -> ConfirmOptOut | None:
    match command:
        case UpsertContact() | AddEvent() | DeleteContact() | ConfirmOptIn():
            return None
        case ConfirmOptOut():
            return command
        case SetSubscription() | MirrorTags() | ReportErasure():
            return None
        case _:
            assert_never(command)


def as_shop_state(command: Command) -> ShopStateCommand | None:
    match command:
        case UpsertContact() | AddEvent() | DeleteContact() | ConfirmOptIn() | ConfirmOptOut() | ReportErasure():
            return None
        case SetSubscription() | MirrorTags():
            return command
        case _:
            assert_never(command)


def is_deletion(command: Command) -> bool:
    match command:
        case UpsertContact() | AddEvent() | ConfirmOptIn() | ConfirmOptOut() | SetSubscription() | MirrorTags() | ReportErasure():
            return False
        case DeleteContact():
            return True
        case _:
            assert_never(command)


def is_for_the_shop(command: Command | ErasedCommand) -> bool:
    """Does it go to the shop's side?"""
    match command:
        case UpsertContact() | AddEvent() | DeleteContact() | ConfirmOptIn() | ConfirmOptOut() | ErasedCommand():
            return False
        case SetSubscription() | MirrorTags() | ReportErasure():
            return True
        case _:
            assert_never(command)
