"""Whom and what an event names: an address, an account, an order, a cart.

An order is asked about some twenty times until it is sent, and stands first: a match tries one kind after the other.
"""

import unicodedata
from typing import assert_never

from app.domain.consent import ConsentAnswer
from app.domain.events import (
    AboutThePerson,
    AccessRequested,
    AccountChanged,
    AccountListed,
    CartChanged,
    CustomerRegistered,
    DriftFound,
    ErasureRequested,
    Event,
    FromSalesmanago,
    OptInClaimed,
    OptOutClaimed,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    ProductViewed,
    Request,
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
from app.domain.text import remembered

_NOBODYS_WORDS = frozenset({
    "null", "none", "nil", "nan", "undefined", "false", "void", "empty", "na", "nd", "notset", "notavailable", "notapplicable",
    "unknown", "guest", "anonymous", "anonym", "nobody", "noaccount", "unregistered", "notregistered", "brak", "brakkonta",
    "brakdanych", "nieznany", "nieznana", "nieznane", "niedotyczy", "niepodano", "nieokreslony", "puste", "pusty", "gosc",
    "anonim", "anonimowy", "anonimowa", "niezarejestrowany", "niezarejestrowana", "keine", "keines", "kein", "unbekannt",
    "gast", "anonymer", "nichtangemeldet", "aucun", "aucune", "inconnu", "invite", "anonyme", "vacio", "ninguno", "desconocido",
    "invitado", "nessuno", "sconosciuto", "ospite", "neznamy", "host", "zadny", "neregistrovany", "neznamo",
})  # fmt: skip
"""Without accents, spaces and signs, in the languages of the shops' platforms: `n/a`, `N. A.` and `#N/A` are one word."""
_OTHER_LETTERS = str.maketrans("łŁøØđĐ", "lLoOdD")


def real_id(said: str | None) -> str | None:
    """A customer id; None for what shops write where there is none (R72): all their guests have it, so it names nobody.

    Nobody's are also a negative number, and what has neither a letter nor a digit but zeros.
    """
    return None if said is None else _real(said.strip())


@remembered(8_192)
def _real(known: str) -> str | None:
    signs = unicodedata.normalize("NFKD", known.translate(_OTHER_LETTERS)).casefold()
    bare = "".join(one for one in signs if one.isalnum())
    is_negative = known[:1] in ("-", "\u2212") and bare.isdigit()
    return None if not bare.strip("0") or bare in _NOBODYS_WORDS or is_negative else known


def email_of(event: Event) -> str | None:
    """The address the event speaks of, as it was then. None where the shop knows only a customer id or a guest's cart."""
    match event:
        case OrderPlaced() | CustomerRegistered() | AccountChanged() | AccountListed():
            return event.customer.email
        case (
            Subscribed()
            | Unsubscribed()
            | OrderCancelled()
            | OrderReturned()
            | CartChanged()
            | ProductViewed()
            | TagsEdited()
            | TransferConsentGranted()
            | TransferConsentWithdrawn()
            | ErasureRequested()
            | AccessRequested()
            | SubscriberListed()
            | StatusObserved()
            | OptInClaimed()
            | OptOutClaimed()
            | StatusRejected()
            | TagsObserved()
            | DriftFound()
        ):
            return event.email
        case _:
            assert_never(event)


def customer_id_of(event: Event) -> str | None:
    """The account of the shop that the event names. A placeholder names none (`real_id`)."""
    match event:
        case OrderPlaced() | CustomerRegistered() | AccountChanged() | AccountListed():
            return real_id(event.customer.id)
        case TransferConsentGranted():
            return real_id(event.customer.id) if event.customer is not None else None
        case TagsEdited():
            return real_id(event.customer_id)
        case (
            Subscribed()
            | Unsubscribed()
            | OrderCancelled()
            | OrderReturned()
            | CartChanged()
            | ProductViewed()
            | TransferConsentWithdrawn()
            | ErasureRequested()
            | AccessRequested()
            | SubscriberListed()
            | StatusObserved()
            | OptInClaimed()
            | OptOutClaimed()
            | StatusRejected()
            | TagsObserved()
            | DriftFound()
        ):
            return None
        case _:
            assert_never(event)


def order_id_of(event: Event) -> str | None:
    match event:
        case OrderPlaced() | OrderCancelled() | OrderReturned():
            return event.order_id
        case (
            CustomerRegistered()
            | AccountChanged()
            | Subscribed()
            | Unsubscribed()
            | CartChanged()
            | ProductViewed()
            | TagsEdited()
            | TransferConsentGranted()
            | TransferConsentWithdrawn()
            | ErasureRequested()
            | AccessRequested()
            | AccountListed()
            | SubscriberListed()
            | StatusObserved()
            | OptInClaimed()
            | OptOutClaimed()
            | StatusRejected()
            | TagsObserved()
            | DriftFound()
        ):
            return None
        case _:
            assert_never(event)


def previous_email_of(event: Event) -> str | None:
    """The address that the event says the person had before."""
    match event:
        case AccountChanged():
            return event.previous_email
        case (
            OrderPlaced()
            | CustomerRegistered()
            | AccountListed()
            | Subscribed()
            | Unsubscribed()
            | OrderCancelled()
            | OrderReturned()
            | ProductViewed()
            | TagsEdited()
            | TransferConsentGranted()
            | TransferConsentWithdrawn()
            | ErasureRequested()
            | AccessRequested()
            | SubscriberListed()
            | StatusObserved()
            | OptInClaimed()
            | OptOutClaimed()
            | StatusRejected()
            | TagsObserved()
            | DriftFound()
            | CartChanged()
        ):
            return None
        case _:
            assert_never(event)


def tag_edit(event: Event) -> TagsEdited | None:
    """The event, if staff edited tags in the panel."""
    match event:
        case TagsEdited():
            return event
        case OrderPlaced() | OrderCancelled() | OrderReturned() | CartChanged() | ProductViewed():
            return None
        case _ if isinstance(event, AboutThePerson | FromSalesmanago | Request):
            return None
        case _:
            assert_never(event)


def placed_order(event: Event) -> OrderPlaced | None:
    """The order that the event places, or reports anew."""
    match event:
        case OrderPlaced():
            return event
        case OrderCancelled() | OrderReturned() | CartChanged() | ProductViewed():
            return None
        case _ if isinstance(event, AboutThePerson | FromSalesmanago | Request):
            return None
        case _:
            assert_never(event)


def changed_account(event: Event) -> AccountChanged | None:
    """The account that the event says has changed."""
    match event:
        case AccountChanged():
            return event
        case CustomerRegistered() | AccountListed() | Subscribed() | Unsubscribed() | SubscriberListed() | TagsEdited():
            return None
        case TransferConsentGranted() | TransferConsentWithdrawn():
            return None
        case OrderPlaced() | OrderCancelled() | OrderReturned() | CartChanged() | ProductViewed():
            return None
        case _ if isinstance(event, FromSalesmanago | Request):
            return None
        case _:
            assert_never(event)


def consent_answer_of(event: Event) -> ConsentAnswer | None:
    """The answer in the consent box of an order form; None where no form was sent."""
    order = placed_order(event)
    return None if order is None else order.box


def cart_id_of(event: Event) -> str | None:
    match event:
        case CartChanged():
            return event.cart_id
        case (
            OrderPlaced()
            | CustomerRegistered()
            | AccountListed()
            | Subscribed()
            | Unsubscribed()
            | OrderCancelled()
            | OrderReturned()
            | ProductViewed()
            | TagsEdited()
            | TransferConsentGranted()
            | TransferConsentWithdrawn()
            | ErasureRequested()
            | AccessRequested()
            | SubscriberListed()
            | StatusObserved()
            | OptInClaimed()
            | OptOutClaimed()
            | StatusRejected()
            | TagsObserved()
            | DriftFound()
            | AccountChanged()
        ):
            return None
        case _:
            assert_never(event)
