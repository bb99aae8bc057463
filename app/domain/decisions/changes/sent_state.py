"""The sent state after commands were queued, cancelled or lost (R26, R72)."""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import assert_never

from app.domain import tags
from app.domain.commands import (
    AddEvent,
    Command,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    MirrorTags,
    ReportErasure,
    SetSubscription,
    UpsertContact,
)
from app.domain.consent import Status, is_opt_out
from app.domain.decisions.changes.wanted_tags import wanted_tags
from app.domain.events import DriftFound
from app.domain.person.contact import ADDRESS, Contact
from app.domain.person.sides import ObservedStatus, SentState, ShopState
from app.domain.shops.shop import CLEARABLE_FIELDS
from app.domain.values import replace

_MOST_SPOKEN = 4 * tags.MOST_TAGS
"""Section tags, panel tags that are there and that are gone, and as much again."""


CLEARABLE = frozenset({*CLEARABLE_FIELDS, *ADDRESS})
"""What an empty text clears in SALESmanago."""


def mark_sent(contact: Contact, commands: Iterable[Command]) -> Contact:
    """The contact after these commands were queued: what they carry counts as sent."""
    for command in commands:
        match command:
            case UpsertContact():
                contact = replace(contact, sent_state=_sent_upsert(contact, command))
            case DeleteContact():
                contact = replace(contact, sent_state=SentState())
            case AddEvent() | ConfirmOptIn() | ConfirmOptOut() | SetSubscription() | MirrorTags() | ReportErasure():
                pass
            case _:
                assert_never(command)
    return contact


def mark_unsent(contact: Contact, cancelled: Iterable[Command]) -> Contact:
    """The contact after these commands were cancelled before they were sent, given in the order in which they were queued."""
    for command in () if contact.erased else reversed(list(cancelled)):
        match command:
            case UpsertContact():
                contact = replace(contact, sent_state=_unsent_upsert(contact.sent_state, command))
            case SetSubscription():
                contact = replace(contact, shop_state=_unsent_subscription(contact.shop_state, command))
            case MirrorTags():
                contact = replace(contact, shop_state=replace(contact.shop_state, tags=None))
            case AddEvent() | DeleteContact() | ConfirmOptIn() | ConfirmOptOut() | ReportErasure():
                pass
            case _:
                assert_never(command)
    return contact


def digest_of_sent_state(contact: Contact) -> str:
    return hashlib.sha256(repr(contact.sent_state).encode()).hexdigest()[:16]


def reset_to_remote(contact: Contact, drift: DriftFound) -> Contact:
    """Take what SALESmanago shows as the sent state, so that the difference to the facts is sent again."""
    remembered = contact.sent_state
    if drift.known_as is None:
        return vanished(contact, drift.at)
    kept = {name: here for name, here in remembered.tags.items() if name not in drift.missing}
    there = {**kept, **dict.fromkeys(drift.left, True)}
    return replace(contact, sent_state=replace(remembered, email=drift.known_as, tags=there), rename_refused_at=None)


def _unsent_subscription(shop_state: ShopState, command: SetSubscription) -> ShopState:
    return replace(
        shop_state,
        email_news=None if shop_state.email_news == command.email_news else shop_state.email_news,
        phone_news=None if shop_state.phone_news == command.phone_news else shop_state.phone_news,
    )


def vanished(contact: Contact, at: datetime) -> Contact:
    """SALESmanago has no such contact any more: the next time, the person is introduced whole (R72).

    Deleted in SALESmanago, perhaps for a reason: opt-ins stay marked as sent, so nobody is opted in again; opt-outs are sent again.
    It will show the new contact as opted out, which is nobody's act: as if we had seen it already.
    """
    out = ObservedStatus(Status.OPT_OUT, at, at)
    sent = replace(without_opt_outs(contact), email=None, profile={}, tags={})
    seen = replace(contact.observed, email_news=out, phone_news=out, email_disputed=False, phone_disputed=False)
    return replace(contact, sent_state=sent, observed=seen, rename_refused_at=None)


def renamed_by_another_shop(contact: Contact) -> Contact:
    """Another shop of the account renamed the contact in SALESmanago: at this one, the person is introduced anew (R72).

    What is shown of the contact that will be made is not compared with what the other one showed.
    """
    sent = without_opt_outs(contact)
    sent = SentState(
        email_news=sent.email_news if is_opt_out(sent.email_news) else None,
        phone_news=sent.phone_news if is_opt_out(sent.phone_news) else None,
    )
    seen = replace(contact.observed, email_news=None, phone_news=None, email_disputed=False, phone_disputed=False, created_at=None)
    return replace(contact, sent_state=sent, observed=seen, rename_refused_at=None)


def still_called(contact: Contact, email: str, at: datetime) -> Contact:
    """SALESmanago refused a rename and all that was sent with it: that is sent again under the contact's address there (R72)."""
    return replace(contact, sent_state=replace(without_opt_outs(contact), email=email, profile={}), rename_refused_at=at)


def without_opt_outs(contact: Contact) -> SentState:
    """So that opt-outs are sent once more. One of another shop stays: an older opt-in of this shop must not supersede it (R06)."""
    sent, email, phone = contact.sent_state, contact.email_news.status, contact.phone_news.status
    return replace(
        sent,
        email_news=None if email is Status.OPT_OUT and is_opt_out(sent.email_news) else sent.email_news,
        phone_news=None if phone is Status.OPT_OUT and is_opt_out(sent.phone_news) else sent.phone_news,
    )


def _unsent_upsert(remembered: SentState, command: UpsertContact) -> SentState:
    email = None if remembered.email is None else command.email
    if command.introduces:  # what others, or an earlier contact, sent of the newsletter stays sent
        return SentState(
            email_news=None if command.email_status else remembered.email_news,
            phone_news=None if command.phone_status else remembered.phone_news,
            email_asked_at=None if command.asks_opt_in else remembered.email_asked_at,
        )
    named = {tags.canonical(tag) for tag in (*command.add_tags, *command.remove_tags)}
    return SentState(
        email=email,
        profile={name: text for name, text in remembered.profile.items() if name not in command.profile},
        tags={tag: here for tag, here in remembered.tags.items() if tag not in named},
        email_news=None if command.email_status else remembered.email_news,
        phone_news=None if command.phone_status else remembered.phone_news,
        email_asked_at=None if command.asks_opt_in else remembered.email_asked_at,
    )


def _kept(spoken: dict[str, bool], contact: Contact) -> dict[str, bool]:
    """Of very many tags only those of which the facts still say something: to the others nothing will be compared any more."""
    if len(spoken) <= _MOST_SPOKEN:
        return spoken
    opinions = wanted_tags(contact)
    others = [name for name in spoken if name not in opinions]
    forgotten = set(others[: len(spoken) - _MOST_SPOKEN])
    return {name: here for name, here in spoken.items() if name not in forgotten}


def _sent_upsert(contact: Contact, command: UpsertContact) -> SentState:
    remembered = contact.sent_state
    # A tag that staff took off before the person was introduced never stood there from us.
    spoken = {tag: False for tag, text in wanted_tags(contact).items() if text is None} if command.introduces else {}
    spoken |= {tags.canonical(tag): False for tag in command.remove_tags}
    spoken |= {tags.canonical(tag): True for tag in command.add_tags}
    # Likewise there is nothing of ours to clear of somebody who is introduced.
    nothing = (
        {name: "" for name, fact in contact.profile.items() if fact.cleared and name in CLEARABLE} if command.introduces else {}
    )
    return SentState(
        email=command.address_after if command.introduces or contact.is_transferred else None,
        profile={**remembered.profile, **nothing, **command.profile},
        tags=_kept({**remembered.tags, **spoken}, contact),
        email_news=contact.email_news.said if command.email_status else remembered.email_news,
        phone_news=contact.phone_news.said if command.phone_status else remembered.phone_news,
        email_asked_at=contact.email_asked_at if command.asks_opt_in else remembered.email_asked_at,
    )
