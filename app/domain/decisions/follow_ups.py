"""What follows of an act beside the commands of its own decision: what must not leave any more, and what is said once more.

Every function compares a contact before and after the event. The planning round reads what waits or has arrived, asks here,
and carries out the answer.
"""

from collections.abc import Collection
from typing import NamedTuple, assert_never

from app.domain.commands import Command, SetSubscription, UpsertContact, as_upsert
from app.domain.consent import Status, TimedStatus, is_opt_in, is_opt_out
from app.domain.decisions.changes.standing import email_stood, phone_stood
from app.domain.delivery.revocation import Revocation
from app.domain.event_kinds.traits import kind_of
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
from app.domain.person.contact import Contact
from app.domain.person.sides import SentState
from app.domain.reasons import Reason


class Revoked(NamedTuple):
    """What of the waiting commands must not leave any more, and why."""

    act: Revocation
    reason: Reason


class Channels(NamedTuple):
    """Which of the two channels something holds of."""

    email: bool
    phone: bool


# -- what must not leave any more ------------------------------------------------------------------------------------------


def revoked_by(event: Event, before: Contact, contact: Contact, *, is_joined: bool, has_cart: bool) -> list[Revoked]:
    """What an event revokes, in order (R06a, R41, R72, M1).

    `is_joined`: another contact turned out to be the same person, and was joined into this one. `has_cart`: a report of a cart
    may be on its way.
    """
    match event:
        case OrderPlaced():
            return _bought(contact, has_cart=has_cart)
        case ErasureRequested():
            gone = Revocation(everything=True, at_shop=True, opt_outs=True)
            return [Revoked(gone, Reason.ERASED)] if contact.erased_at != before.erased_at else []
        case TransferConsentWithdrawn():
            return _withdrawn(contact)
        case AccountChanged() | AccountListed():
            return _revoked_for_both(contact, has_cart=has_cart) if is_joined else _bought(contact, has_cart=has_cart)
        case Unsubscribed() | StatusObserved():
            return [Revoked(_older_opt_ins(contact), Reason.CONSENT_WITHDRAWN)]
        case CustomerRegistered() | Subscribed() | OrderCancelled() | OrderReturned() | CartChanged() | ProductViewed():
            return []
        case TagsEdited() | TransferConsentGranted() | AccessRequested() | SubscriberListed():
            return []
        case OptInClaimed() | OptOutClaimed() | StatusRejected() | TagsObserved() | DriftFound():
            return []
        case _:
            assert_never(event)


def _withdrawn(contact: Contact) -> list[Revoked]:
    return [Revoked(Revocation(everything=True), Reason.CONSENT_WITHDRAWN)] if contact.transfer.is_withdrawn else []


def _bought(contact: Contact, *, has_cart: bool) -> list[Revoked]:
    if not has_cart or contact.last_purchase_at is None:
        return []
    return [Revoked(Revocation(carts_until=contact.last_purchase_at), Reason.CART_BOUGHT)]


def _revoked_for_both(contact: Contact, *, has_cart: bool) -> list[Revoked]:
    """What stands for the one that took over stands for the other as well: what waits for either may have to stay (R72)."""
    act = Revocation(
        email_opt_in=contact.email_news.status is Status.OPT_OUT,
        phone_opt_in=contact.phone_news.status is Status.OPT_OUT,
    )
    return [*_withdrawn(contact), Revoked(act, Reason.CONSENT_WITHDRAWN), *_bought(contact, has_cart=has_cart)]


def _older_opt_ins(contact: Contact) -> Revocation:
    """The opt-ins that an opt-out of the person revokes; a newer act, perhaps reported by another shop, stays."""
    email, phone = contact.email_news, contact.phone_news
    no_email, no_phone = email.status is Status.OPT_OUT, phone.status is Status.OPT_OUT
    return Revocation(
        email_opt_in=no_email,
        phone_opt_in=no_phone,
        email_until=email.opted_out if no_email else None,
        phone_until=phone.opted_out if no_phone else None,
    )


# -- said once more --------------------------------------------------------------------------------------------------------


def opt_outs_shown(before: Contact, contact: Contact) -> Channels | None:
    """The channels of which SALESmanago showed a new opt-out; None if of none, or if the person was never sent."""
    sent, former = contact.sent_state, before.sent_state
    email = is_opt_out(sent.email_news) and sent.email_news != former.email_news
    phone = is_opt_out(sent.phone_news) and sent.phone_news != former.phone_news
    return Channels(email, phone) if (email or phone) and sent.email is not None else None


def repeated_opt_out(contact: Contact, shown: Channels, arrived: Collection[Command | None]) -> UpsertContact | None:
    """An opt-in of ours may have arrived in SALESmanago after the opt-out that it showed: the opt-out is sent again (I6).

    `arrived`: commands of the person, by any shop of the account, that arrived since; None for one that cannot be read.
    Nothing is repeated for anything else that arrived: it would overwrite a later opt-in.
    """
    email = shown.email and any(one is None or _opts_in_by_email(one) for one in arrived)
    phone = shown.phone and any(one is None or _opts_in_by_phone(one) for one in arrived)
    if not (email or phone) or contact.sent_state.email is None:
        return None
    return UpsertContact(
        email=contact.sent_state.email,
        email_status=Status.OPT_OUT if email else None,
        phone_status=Status.OPT_OUT if phone else None,
        repeats=True,
    )


def _opts_in_by_email(command: Command) -> bool:
    upsert = as_upsert(command)
    return upsert is not None and upsert.email_status is Status.OPT_IN


def _opts_in_by_phone(command: Command) -> bool:
    upsert = as_upsert(command)
    return upsert is not None and upsert.phone_status is Status.OPT_IN


def repeated_in_shop(event: Event, before: Contact, contact: Contact) -> SetSubscription | None:
    """The person acted in the shop: should a change from SALESmanago have been on its way there, this is written again (R55).

    Which of the two the shop's side ended with is not known then, so the newest act is written once more.
    """
    if kind_of(event).is_from_salesmanago or contact.shop_state == before.shop_state:
        return None
    shop_state, former = contact.shop_state, before.shop_state
    email = shop_state.email_news if _contradicts(shop_state.email_news, former.email_news) else None
    phone = shop_state.phone_news if _contradicts(shop_state.phone_news, former.phone_news) else None
    if email is None and phone is None:
        return None
    return SetSubscription(email=contact.email, email_news=email, phone_news=phone, customer_id=contact.customer_id)


def _contradicts(said: TimedStatus | None, former: TimedStatus | None) -> bool:
    """Only where the opposite was said before can something of ours be on its way that would undo it."""
    return said is not None and former is not None and said.status is not former.status


# -- the same person in another shop of the account ------------------------------------------------------------------------


def has_resigned(contact: Contact) -> bool:
    """From one of the newsletters, at this shop."""
    return Status.OPT_OUT in (contact.email_news.status, contact.phone_news.status)


def status_changed(before: Contact, contact: Contact) -> bool:
    """Has the one contact in SALESmanago another newsletter status now, or shows it another?"""
    return _known_there(before) != _known_there(contact)


def _known_there(contact: Contact) -> tuple[object, ...]:
    """What SALESmanago holds of the newsletter, as far as we know."""
    sent, seen = contact.sent_state, contact.observed
    kept_back = (seen.email_kept_back, seen.phone_kept_back)
    return sent.email_news, sent.phone_news, seen.email_news, seen.phone_news, *kept_back


def opt_ins_revoked_at_sibling(sent: SentState, adopted: SentState) -> Revocation:
    """An older opt-in of the other shop must not follow an opt-out that it adopted (R06)."""
    return Revocation(
        email_opt_in=adopted.email_news != sent.email_news and is_opt_out(adopted.email_news),
        phone_opt_in=adopted.phone_news != sent.phone_news and is_opt_out(adopted.phone_news),
    )


def opt_ins_adopted(sent: SentState, adopted: SentState) -> Channels | None:
    """The channels whose opt-out another shop sent before it adopted a newer opt-in; None if there is none or it was never sent."""
    email = is_opt_in(adopted.email_news) and is_opt_out(sent.email_news)
    phone = is_opt_in(adopted.phone_news) and is_opt_out(sent.phone_news)
    return Channels(email, phone) if (email or phone) and adopted.email is not None else None


def opt_in_behind_opt_out(
    sibling: Contact, adopted: SentState, channels: Channels, waiting: Collection[UpsertContact]
) -> UpsertContact | None:
    """An older opt-out of the other shop (`sibling`) still waits, and would arrive after the newer opt-in of this one (R06).

    Contact queues have no order among them, so the opt-in follows that opt-out in its own.
    """
    email = channels.email and any(one.email_status is Status.OPT_OUT for one in waiting)
    phone = channels.phone and any(one.phone_status is Status.OPT_OUT for one in waiting)
    if not (email or phone) or adopted.email is None:
        return None
    return UpsertContact(
        email=adopted.email,
        email_status=Status.OPT_IN if email else None,
        phone_status=Status.OPT_IN if phone else None,
        email_stood=email_stood(sibling) if email else None,
        phone_stood=phone_stood(sibling) if phone else None,
        email_acted_at=adopted.email_news.at if email and adopted.email_news is not None else None,
        phone_acted_at=adopted.phone_news.at if phone and adopted.phone_news is not None else None,
        repeats=True,
    )
