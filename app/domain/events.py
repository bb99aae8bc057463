"""What can happen, in a shop or in SALESmanago. The union `Event` is closed: `match` over it is checked to be exhaustive."""

from dataclasses import field
from datetime import datetime
from decimal import Decimal

from app.domain.consent import ConsentAnswer, TimedStatus
from app.domain.event_parts import NO_EVIDENCE, Customer, Evidence, Item, Origin
from app.domain.values import value


@value(kw_only=True)
class BaseEvent:
    """`at` is when it happened in the shop, zone-aware; never when it was received."""

    at: datetime


@value(kw_only=True)
class CustomerRegistered(BaseEvent):
    """`evidence`: of the newsletter boxes that were ticked."""

    customer: Customer
    source: str | None = None
    evidence: Evidence = NO_EVIDENCE


@value(kw_only=True)
class AccountChanged(BaseEvent):
    customer: Customer
    previous_email: str | None = None


@value(kw_only=True)
class Subscribed(BaseEvent):
    email: str
    by_email: bool = True
    by_sms: bool = False
    has_account: bool = False
    phone: str | None = None
    phone_assumed: bool = field(default=False, compare=False, repr=False)
    language: str | None = None
    evidence: Evidence = NO_EVIDENCE


@value(kw_only=True)
class Unsubscribed(BaseEvent):
    """`confirmed`: the person clicked the link in the e-mail (R51); otherwise staff removed the address (R52)."""

    email: str
    by_email: bool = True
    by_sms: bool = False
    confirmed: bool
    evidence: Evidence = NO_EVIDENCE


@value(kw_only=True)
class OrderPlaced(BaseEvent):
    """`at` is the time the order was placed. `evidence`: of the boxes of the order form, as far as they were ticked."""

    customer: Customer
    order_id: str
    box: ConsentAnswer
    currency: str
    value: Decimal
    items: tuple[Item, ...] = ()
    pickup_point: str | None = None
    source: str | None = None
    as_of: datetime | None = None
    """When the shop said so, where that is another time: a later word of the same order is a newer version of it (R18)."""
    evidence: Evidence = NO_EVIDENCE


@value(kw_only=True)
class OrderCancelled(BaseEvent):
    email: str
    order_id: str
    items: tuple[Item, ...] = ()
    value: Decimal | None = None
    currency: str | None = None


@value(kw_only=True)
class OrderReturned(BaseEvent):
    """Whole or partial return; `items` and `value` say what came back, `return_id` which return it is (R19)."""

    email: str
    order_id: str
    return_id: str | None = None
    items: tuple[Item, ...] = ()
    value: Decimal | None = None
    currency: str | None = None


@value(kw_only=True)
class CartChanged(BaseEvent):
    """The whole content each time; no items = emptied."""

    email: str | None
    cart_id: str
    currency: str | None = None
    value: Decimal | None = None
    items: tuple[Item, ...] = ()
    recovery_url: str | None = None


@value(kw_only=True)
class ProductViewed(BaseEvent):
    email: str
    product_id: str
    url: str | None = None


@value(kw_only=True)
class TagsEdited(BaseEvent):
    """Staff edited a customer's tags in the panel. `all_tags` = the full set now; otherwise only what changed."""

    email: str | None = None
    customer_id: str | None = None
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    all_tags: tuple[str, ...] | None = None
    mirrored: tuple[str, ...] | None = None
    """Beside the full set, the names of SALESmanago's tags that stand there; None: `all_tags` names those it knows of."""
    taken_off: tuple[str, ...] = ()
    """Tags of SALESmanago, in canonical form, that were written there and are gone: known while the event is decided."""


@value(kw_only=True)
class TransferConsentGranted(BaseEvent):
    email: str
    customer: Customer | None = None
    evidence: Evidence = NO_EVIDENCE


@value(kw_only=True)
class TransferConsentWithdrawn(BaseEvent):
    email: str
    evidence: Evidence = NO_EVIDENCE


@value(kw_only=True)
class AccountListed(BaseEvent):
    """An account of the shop as its panel lists it (R60). Mere state: its newsletter boxes count with their own dates alone."""

    customer: Customer


@value(kw_only=True)
class SubscriberListed(BaseEvent):
    """A newsletter subscriber without account, from a list (R61), with the dates on which the person really agreed."""

    email: str
    email_since: datetime | None = None
    sms_since: datetime | None = None
    phone: str | None = None
    phone_assumed: bool = field(default=False, compare=False, repr=False)
    language: str | None = None
    evidence: Evidence = NO_EVIDENCE


@value(kw_only=True)
class ErasureRequested(BaseEvent):
    email: str


@value(kw_only=True)
class AccessRequested(BaseEvent):
    email: str


# -- in SALESmanago ------------------------------------------------------------------------------------------------------


@value(kw_only=True)
class StatusObserved(BaseEvent):
    """SALESmanago showed a newsletter status. None = it said nothing of that channel.

    `acted`: somebody changed it at that time, as a callback or a poll shows (R55). Otherwise it is what a poll of
    the contact showed, and only a difference to what we know makes it an act.
    """

    email: str
    email_out: bool | None = None
    phone_out: bool | None = None
    acted: bool = False
    origin: Origin | None = None
    """Who changed it, as far as SALESmanago says; None in rows of before it was kept."""


@value(kw_only=True)
class OptInClaimed(BaseEvent):
    """A callback says that the person opted in. The signature never changes, so SALESmanago's own record decides (R55)."""

    email: str


@value(kw_only=True)
class OptOutClaimed(BaseEvent):
    """A callback says that the person opted out. Its signature never changes, so it may be an old one once more (R72)."""

    email: str


@value(kw_only=True)
class StatusRejected(BaseEvent):
    """A newsletter status that was to be sent to SALESmanago did not get there.

    `shown_out`: it shows an opt-out, which an older opt-in must not overturn (R06). Otherwise it refused what carried it.
    """

    email: str
    by_email: bool = False
    by_phone: bool = False
    shown_out: bool = False
    still_as: str | None = None
    """It refused a rename: the person is still there under this address (R72)."""
    email_stood: TimedStatus | None = None
    phone_stood: TimedStatus | None = None
    """The opt-in that SALESmanago held before: the person resigned there, and a poll will report that to all shops (R55)."""


@value(kw_only=True)
class DriftFound(BaseEvent):
    """SALESmanago does not hold what was sent (R26, A8). `known_as`: the address it has the person under; None = not at all.

    `missing` and `left`: tags of ours, in canonical form, that are gone, or that should be.
    """

    email: str
    sent_digest: str = field(default="", compare=False)
    """Digest of the sent state when the two sides were compared; if the state has changed since, the comparison is out of date."""
    known_as: str | None = None
    missing: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    put_back: tuple[str, ...] = ()
    """Tags of SALESmanago, in canonical form, that staff took off in the panel and somebody wants there."""
    needed: bool = False
    """Something of now waits for the contact: an event was refused because it is gone (R72)."""


@value(kw_only=True)
class TagsObserved(BaseEvent):
    """All tags of a contact in SALESmanago, in its spelling, with their points (R30, R32)."""

    email: str
    tags: tuple[tuple[str, int], ...] = ()


Event = (
    CustomerRegistered
    | AccountChanged
    | Subscribed
    | Unsubscribed
    | OrderPlaced
    | OrderCancelled
    | OrderReturned
    | CartChanged
    | ProductViewed
    | TagsEdited
    | TransferConsentGranted
    | TransferConsentWithdrawn
    | ErasureRequested
    | AccessRequested
    | AccountListed
    | SubscriberListed
    | StatusObserved
    | OptInClaimed
    | OptOutClaimed
    | StatusRejected
    | TagsObserved
    | DriftFound
)


AboutThePerson = (
    CustomerRegistered
    | AccountChanged
    | Subscribed
    | Unsubscribed
    | TagsEdited
    | TransferConsentGranted
    | TransferConsentWithdrawn
    | AccountListed
    | SubscriberListed
)
"""What a shop says of a person: it is sent to SALESmanago as facts of the contact, not as an event."""


AtTheShop = OrderPlaced | OrderCancelled | OrderReturned | CartChanged | ProductViewed
"""What happens at a shop: it is sent to SALESmanago as an event of its own."""


FromSalesmanago = StatusObserved | OptInClaimed | OptOutClaimed | StatusRejected | TagsObserved | DriftFound
"""What SALESmanago showed, said or did not take."""


Request = ErasureRequested | AccessRequested
"""What a person asks of us."""
