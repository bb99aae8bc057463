"""What an event teaches about a person, whether or not anything may be sent.

The order of learning does not matter: every fact knows its time, and what is from before an erasure is not learned at all.
"""

from datetime import datetime, timedelta
from typing import assert_never

from app.domain import tags
from app.domain.consent import Channel, ConsentAnswer, later
from app.domain.decisions.changes.sent_state import still_called
from app.domain.decisions.observations.mirrored import saw_mirrored, without_settled
from app.domain.decisions.observations.statuses import not_taken, observe_status
from app.domain.decisions.observations.tags import saw_tags
from app.domain.event_kinds.subjects import customer_id_of, email_of
from app.domain.event_kinds.traits import kind_of
from app.domain.event_parts import Customer, Evidence, NewsletterBox
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
from app.domain.person.contact import Contact, is_forgotten
from app.domain.person.contact_parts import Acts
from app.domain.shops.shop import Shop
from app.domain.values import replace


def learn(event: Event, shop: Shop, contact: Contact) -> Contact:
    """The facts an event reports. The order of learning does not matter: each fact knows its time."""
    if not _is_of_another_address(event, contact):
        return _learned(event, shop, contact)
    # What was agreed to for an address the person has left is no act for the present one (R72).
    there = replace(contact, email_news=contact.email_news.elsewhere, phone_news=contact.phone_news.elsewhere)
    known = _learned(event, shop, there)
    alone = _learned(event, shop, replace(there, email_news=Channel(), phone_news=Channel()))
    known = known.said_for(email_of(event) or "", Acts(alone.email_news, alone.phone_news))
    before_the_move = contact.moved_at is not None and event.at < contact.moved_at
    return replace(
        known,
        email_asked_at=contact.email_asked_at,  # nor is its owner asked at the present one (B6)
        email_news=contact.email_news.with_elsewhere(known.email_news),
        phone_news=contact.phone_news.with_elsewhere(known.phone_news),
        transfer=contact.transfer if before_the_move and contact.transfer.is_withdrawn else known.transfer,
    )


def _is_of_another_address(event: Event, contact: Contact) -> bool:
    email = email_of(event)
    if email is None or contact.email in ("", email):
        return False
    return not kind_of(event).says_where_the_account_is or contact.moved_to(email, event.at) is contact


def _learned(event: Event, shop: Shop, contact: Contact) -> Contact:
    at = event.at
    match event:
        case CustomerRegistered(customer=customer):
            source = tags.source_tag(event.source or "", shop.host)
            contact = _met(contact.of_account(customer_id_of(event)), customer, event).earning((source,) if source else ())
            return _ticked_acts(contact, customer, event, shop)
        case OrderPlaced(customer=customer):
            # What the person did was done when the order was placed (R18); the buyer it shows may be of that day, too (R10).
            described = _addressed(contact, customer.email).describe(customer, at, as_of=event.as_of or at)
            contact = _ticked_acts(described, customer, event, shop).bought(at)
            granted = event.box is ConsentAnswer.GIVEN
            return replace(contact, transfer=contact.transfer.grant(at)) if granted else contact
        case AccountListed(customer=customer):
            contact = _met(contact.of_account(customer_id_of(event)), customer, event).moved_to(customer.email, at)
            email, sms = _since(at, customer.newsletter_email), _since(at, customer.newsletter_sms)
            return _opted_in(contact, email=email, sms=sms)
        case AccountChanged(customer=customer):
            # Who has an account to change has an account; mere state opts in only with its own date (R06).
            # It alone may say that a value is no more (R10).
            contact = _addressed(contact.of_account(customer_id_of(event)), customer.email).describe_as_now(customer, at)
            contact = contact.moved_to(customer.email, at)
            return _dated_acts(contact, customer, at)
        case TransferConsentGranted(customer=customer):
            contact = _met(contact, customer, event) if customer else _addressed(contact, event.email)
            return replace(contact, transfer=contact.transfer.grant(at))
        case TransferConsentWithdrawn():
            return replace(_addressed(contact, event.email), transfer=contact.transfer.withdraw(_withdrawn_at(event, contact)))
        case Subscribed():
            return _subscribed(_addressed(contact, event.email), event, shop)
        case SubscriberListed():
            email, sms = _not_ahead(at, event.email_since), _not_ahead(at, event.sms_since)
            contact = _opted_in(_addressed(contact, event.email), email=email, sms=sms)
            return replace(_reached(contact, event), subscriber=contact.subscriber or not contact.registered)
        case Unsubscribed():
            contact = _addressed(contact, event.email)
            return _unsubscribed(contact, event, shop)
        case TagsEdited():
            contact = saw_mirrored(event, replace(contact, customer_id=contact.customer_id or customer_id_of(event)), shop)
            if event.all_tags is not None:
                return contact.with_all_tags(event.all_tags, at)
            return contact.with_tags(event.added, event.removed, at)
        case StatusObserved():
            return observe_status(event, _addressed(contact, event.email))
        case TagsObserved():
            return without_settled(saw_tags(event, _addressed(contact, event.email), shop))
        case DriftFound():
            return contact  # of the person it says nothing; what SALESmanago was sent is `decide`'s business
        case StatusRejected(still_as=str() as email):
            return still_called(not_taken(event, contact), email, at)
        case StatusRejected():
            return not_taken(event, contact)
        case OptInClaimed() | OptOutClaimed():
            return contact  # a claim; what SALESmanago itself shows will teach
        case OrderCancelled() | OrderReturned():
            return contact  # whose order it is the order says
        case CartChanged() | ProductViewed() | AccessRequested() | ErasureRequested():
            return contact if event.email is None else _addressed(contact, event.email)


def _withdrawn_at(event: TransferConsentWithdrawn, contact: Contact) -> datetime:
    """Withdrawn for the present address before the person took it: a grant that was brought along does not outweigh that (R72)."""
    moved, granted = contact.moved_at, contact.transfer.granted_last
    brought = moved is not None and granted is not None and event.at < granted <= moved and event.email == contact.email
    return granted if brought and granted is not None else event.at


def _met(contact: Contact, customer: Customer, event: Event) -> Contact:
    return _addressed(contact, customer.email).describe(customer, event.at)


def _addressed(contact: Contact, email: str) -> Contact:
    return contact if contact.email else replace(contact, email=email)


def _ticked_acts(contact: Contact, customer: Customer, event: CustomerRegistered | OrderPlaced, shop: Shop) -> Contact:
    """A box ticked while registering or ordering is the person's act, now or at the date the shop gives (R06)."""
    email, sms = customer.newsletter_email, customer.newsletter_sms
    contact = _said_by_form(contact, min(email.since or event.at, event.at) if email.ticked else None, event.evidence, shop)
    return _opted_in(contact, sms=min(sms.since or event.at, event.at) if sms.ticked else None)


def _dated_acts(contact: Contact, customer: Customer, at: datetime) -> Contact:
    email, sms = customer.newsletter_email, customer.newsletter_sms
    return _opted_in(contact, email=_since(at, email), sms=_since(at, sms))


def _opted_in(contact: Contact, *, email: datetime | None = None, sms: datetime | None = None) -> Contact:
    """An act counts unless it is from before an erasure."""
    floor = contact.erased_at
    if email is not None and (floor is None or email > floor):
        contact = replace(contact, email_news=contact.email_news.opt_in(email))
    if sms is not None and (floor is None or sms > floor):
        contact = replace(contact, phone_news=contact.phone_news.opt_in(sms))
    return contact


def _said_by_form(contact: Contact, at: datetime | None, evidence: Evidence, shop: Shop) -> Contact:
    """Somebody typed the address into a form. Whether it was its owner, a shop with double opt-in lets the owner say (B6)."""
    if at is None or not shop.double_opt_in.enabled or evidence.confirmed:
        return _opted_in(contact, email=at)
    from_before = contact.erased_at is not None and at <= contact.erased_at
    return contact if from_before else replace(contact, email_asked_at=later(contact.email_asked_at, at))


def _subscribed(contact: Contact, event: Subscribed, shop: Shop) -> Contact:
    contact = _said_by_form(contact, event.at if event.by_email else None, event.evidence, shop)
    contact = _opted_in(contact, sms=event.at if event.by_sms else None)
    return replace(_reached(contact, event), subscriber=contact.subscriber or not event.has_account)


def _reached(contact: Contact, event: Subscribed | SubscriberListed) -> Contact:
    said = {"phone": event.phone, "language": event.language}
    known = {name: text for name, text in said.items() if text}
    return contact.with_profile(known, event.at, phone_assumed=event.phone_assumed)


CLOCKS_DIFFER = timedelta(minutes=5)


def _not_ahead(at: datetime, since: datetime | None) -> datetime | None:
    """Of mere state, a date further ahead than clocks may differ is no date: it must not become an act of now (R06).

    Where the event itself was ahead, its dates were set right with it (R08): then it was the shop's clock.
    """
    return None if since is None or since > at + CLOCKS_DIFFER else min(since, at)


def _since(at: datetime, box: NewsletterBox) -> datetime | None:
    return _not_ahead(at, box.since) if box.ticked else None


def _unsubscribed(contact: Contact, event: Unsubscribed, shop: Shop) -> Contact:
    """Whether an unconfirmed removal is the person's act, the shop says."""
    if not (event.confirmed or shop.propagate_unconfirmed_removals):
        return contact
    if event.by_email:
        contact = replace(contact, email_news=contact.email_news.opt_out(event.at))
    if event.by_sms:
        contact = replace(contact, phone_news=contact.phone_news.opt_out(event.at))
    return contact


def reactivated(event: Event, contact: Contact) -> Contact:
    """After an erasure only a newer act of the person starts a new contact; everything else is refused (M3)."""
    acts = kind_of(event).starts_afresh
    return replace(contact, erased=False) if contact.erased and acts and not is_forgotten(event, contact) else contact


def remember_revocation(event: Event, shop: Shop, contact: Contact) -> Contact:
    """An act that takes permission away counts also while the person is erased: its time says nothing about who it was."""
    match event:
        case TransferConsentWithdrawn():
            return replace(contact, transfer=contact.transfer.withdraw(event.at))
        case Unsubscribed():
            return _unsubscribed(contact, event, shop)
        case StatusObserved(acted=True):
            email = contact.email_news.opt_out(event.at) if event.email_out else contact.email_news
            phone = contact.phone_news.opt_out(event.at) if event.phone_out else contact.phone_news
            return replace(contact, email_news=email, phone_news=phone)
        case StatusObserved():
            return contact  # not an act, only what a poll showed
        case (
            CustomerRegistered()
            | AccountChanged()
            | Subscribed()
            | OrderPlaced()
            | OrderCancelled()
            | OrderReturned()
            | CartChanged()
            | ProductViewed()
            | TagsEdited()
            | TransferConsentGranted()
            | ErasureRequested()
            | AccessRequested()
            | AccountListed()
            | SubscriberListed()
            | OptInClaimed()
            | OptOutClaimed()
            | StatusRejected()
            | TagsObserved()
            | DriftFound()
        ):
            return contact
        case _:
            assert_never(event)
