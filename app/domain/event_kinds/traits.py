"""What holds of a kind of event as such: one line per kind, and a forgotten kind is a type error."""

from typing import assert_never

from app.domain.events import (
    AccessRequested,
    AccountChanged,
    AccountListed,
    CartChanged,
    CustomerRegistered,
    DriftFound,
    ErasureRequested,
    Event,
    OptInClaimed,
    OptOutClaimed,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    ProductViewed,
    StatusObserved,
    StatusRejected,
    Subscribed,
    SubscriberListed,
    TagsEdited,
    TagsObserved,
    TransferConsentGranted,
    TransferConsentWithdrawn,
    Unsubscribed,
)
from app.domain.values import value


@value(kw_only=True)
class Kind:
    needs_consent_of_its_time: bool = False
    """Something that happened once: it never travels if it happened before the consent (R07)."""
    is_history_before_integration: bool = False
    """It never travels if it happened before the shop was connected (R15)."""
    is_bulk: bool = False
    """A list or a comparison brings it: live events overtake it, and it must set off no automations (R63)."""
    takes_permission_away: bool = False
    """It overtakes every queue (R06): learning is the same in any order."""
    starts_afresh: bool = False
    """An act of the person that begins a new memory after an erasure (M3)."""


_PLAIN = Kind()
_HAPPENED_ONCE = Kind(needs_consent_of_its_time=True)
_ORDER = Kind(needs_consent_of_its_time=True, is_history_before_integration=True, starts_afresh=True)
_LISTED = Kind(is_bulk=True)
_STOP = Kind(takes_permission_away=True)
_ACT = Kind(starts_afresh=True)


def kind_of(event: Event) -> Kind:
    match event:
        case OrderPlaced():
            return _ORDER
        case CartChanged() | ProductViewed():
            return _HAPPENED_ONCE
        case CustomerRegistered() | Subscribed() | TransferConsentGranted():
            return _ACT
        case AccountListed() | SubscriberListed():
            return _LISTED
        case DriftFound():
            return _PLAIN if event.needed else _LISTED  # what is needed is sent for a person who acts now
        case Unsubscribed() | OptOutClaimed() | TransferConsentWithdrawn() | ErasureRequested():
            return _STOP
        case StatusObserved():
            return _STOP if event.email_out is True or event.phone_out is True else _PLAIN
        case OrderCancelled() | OrderReturned():
            return _PLAIN  # they follow their purchase, which was covered
        case AccountChanged() | TagsEdited() | AccessRequested():
            return _PLAIN
        case OptInClaimed() | StatusRejected() | TagsObserved():
            return _PLAIN
        case _:
            assert_never(event)


def revokes_permission(event: Event) -> bool:
    """True for an act that takes permission away."""
    return kind_of(event).takes_permission_away


def is_bulk(event: Event) -> bool:
    """True for what a list or a comparison brings."""
    return kind_of(event).is_bulk
