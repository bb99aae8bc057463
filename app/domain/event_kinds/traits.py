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
    is_sent_in_shadow: bool = False
    """A shop in shadow sends it all the same: it is asked or said by the person and takes permission away (R06a)."""
    erases: bool = False
    """Nothing is kept of the person after it (M1)."""
    places_an_order: bool = False
    """What waits for the order is decided after it (R19), and the panel learns its sections at once (R31)."""
    touches_carts: bool = False
    """It may fill or close a cart of the person, so their carts are read (R41)."""
    says_where_the_account_is: bool = False
    """It names the address an account has now, and may join two contacts (R11)."""
    takes_the_address: bool = False
    """A new account has the address, even if somebody had it before (R11)."""
    edits_tags: bool = False
    """Staff edit the tags of an account: it means that account (R72), and tags that collide are named (R27)."""
    is_from_salesmanago: bool = False
    """SALESmanago showed it, said it or did not take it: no act in the shop (R55)."""
    shows_a_status: bool = False
    """SALESmanago showed the newsletter status: an opt-in of ours that arrived after it is undone (I6)."""
    claims_an_opt_out: bool = False
    """A callback says so, without a time: it may be an old one once more (R72)."""
    is_done_at_the_shop: bool = False
    """Its commands to the shop are what it promises: it is sent once the shop has them (R30, R53)."""


_PLAIN = Kind()
_CHANGE = Kind(touches_carts=True, says_where_the_account_is=True)
_ORDER = Kind(
    needs_consent_of_its_time=True,
    is_history_before_integration=True,
    starts_afresh=True,
    places_an_order=True,
    touches_carts=True,
)
_CART = Kind(needs_consent_of_its_time=True, touches_carts=True)
_VIEW = Kind(needs_consent_of_its_time=True)
_LISTED = Kind(is_bulk=True)
_LISTED_ACCOUNT = Kind(is_bulk=True, touches_carts=True, says_where_the_account_is=True)
_EDIT = Kind(edits_tags=True, is_done_at_the_shop=True)
_STOP = Kind(takes_permission_away=True)
_ERASURE = Kind(takes_permission_away=True, is_sent_in_shadow=True, erases=True)
_ACT = Kind(starts_afresh=True)
_REGISTRATION = Kind(starts_afresh=True, takes_the_address=True)
_SHOWN = Kind(is_from_salesmanago=True, is_done_at_the_shop=True, shows_a_status=True)
_SHOWN_OPT_OUT = Kind(is_from_salesmanago=True, is_done_at_the_shop=True, shows_a_status=True, takes_permission_away=True)
_SAID_THERE = Kind(is_from_salesmanago=True, is_done_at_the_shop=True)
_OPT_OUT_CLAIM = Kind(
    is_from_salesmanago=True,
    is_done_at_the_shop=True,
    claims_an_opt_out=True,
    takes_permission_away=True,
    is_sent_in_shadow=True,
)
_NOT_TAKEN = Kind(is_from_salesmanago=True)
_DRIFT = Kind(is_from_salesmanago=True, is_bulk=True, is_done_at_the_shop=True)


def kind_of(event: Event) -> Kind:
    match event:
        case OrderPlaced():
            return _ORDER
        case CartChanged():
            return _CART
        case ProductViewed():
            return _VIEW
        case CustomerRegistered():
            return _REGISTRATION
        case AccountChanged():
            return _CHANGE
        case Subscribed() | TransferConsentGranted():
            return _ACT
        case AccountListed():
            return _LISTED_ACCOUNT
        case SubscriberListed():
            return _LISTED
        case TagsEdited():
            return _EDIT
        case Unsubscribed() | TransferConsentWithdrawn():
            return _STOP
        case OrderCancelled() | OrderReturned():
            return _PLAIN  # they follow their purchase, which was covered
        case AccessRequested():
            return _PLAIN
        case ErasureRequested():
            return _ERASURE
        case StatusObserved():
            return _SHOWN_OPT_OUT if event.email_out is True or event.phone_out is True else _SHOWN
        case OptInClaimed() | TagsObserved():
            return _SAID_THERE
        case OptOutClaimed():
            return _OPT_OUT_CLAIM
        case StatusRejected():
            return _NOT_TAKEN
        case DriftFound():
            return _NOT_TAKEN if event.needed else _DRIFT  # what is needed is sent for a person who acts now
        case _:
            assert_never(event)


def revokes_permission(event: Event) -> bool:
    """True for an act that takes permission away."""
    return kind_of(event).takes_permission_away


def is_bulk(event: Event) -> bool:
    """True for what a list or a comparison brings."""
    return kind_of(event).is_bulk
