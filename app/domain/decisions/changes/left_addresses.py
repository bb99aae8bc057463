"""Contacts in SALESmanago that the person had, or that have the person's name, beside the one of today (R06a, R72)."""

from datetime import datetime
from typing import NamedTuple

from app.domain.commands import UpsertContact
from app.domain.consent import Channel, Status, TimedStatus, is_opt_in, is_opt_out, newer_status
from app.domain.event_kinds.subjects import email_of
from app.domain.event_kinds.traits import kind_of
from app.domain.events import Event
from app.domain.person.contact import Contact
from app.domain.person.sides import SentState
from app.domain.values import replace


class StatusesSaid(NamedTuple):
    """The status of each channel that is to be passed on; None = nothing."""

    email: TimedStatus | None
    phone: TimedStatus | None


def opt_outs_for_left_addresses(event: Event, before: Contact, contact: Contact, *, is_joined: bool) -> StatusesSaid | None:
    """The opt-outs that hold for contacts the person took over as well, or None (R06a, R72).

    Such a contact stays in SALESmanago, and the newsletters would go on to the address that was left behind.
    """
    is_changed = (contact.email_news, contact.phone_news) != (before.email_news, before.phone_news)
    if kind_of(event).erases or not (is_joined or is_changed):
        return None
    email, phone = contact.email_news.said, contact.phone_news.said
    email = email if is_opt_out(email) and (is_joined or email != before.email_news.said) else None
    phone = phone if is_opt_out(phone) and (is_joined or phone != before.phone_news.said) else None
    return None if email is None and phone is None else StatusesSaid(email, phone)


def opt_outs_for_named_address(event: Event, before: Contact, contact: Contact) -> StatusesSaid | None:
    """While a rename is refused, the new address is another contact in SALESmanago. Who resigned by that name resigned there, too.

    Otherwise the opt-out would reach the old address alone, and the newsletters would go on to the one that was named (R06a, R72).
    None: nothing of it follows from this event. An opt-out from before the person took the address says nothing of it.
    """
    moved = contact.moved_at
    if contact.rename_refused_at is None or contact.known_there_as == contact.email or moved is None:
        return None
    was_refused_now = before.rename_refused_at is None
    if not was_refused_now and email_of(event) != contact.email:
        return None
    email, phone = (
        now.said if _resigned_since(moved, now) and (was_refused_now or now.said != then.said) else None
        for now, then in ((contact.email_news, before.email_news), (contact.phone_news, before.phone_news))
    )
    return None if email is None and phone is None else StatusesSaid(email, phone)


def _resigned_since(moved: datetime, channel: Channel) -> bool:
    return channel.said is not None and channel.said.status is Status.OPT_OUT and channel.said.at >= moved


def resign_named_address(sent: SentState, said: StatusesSaid) -> tuple[UpsertContact, SentState] | None:
    """The opt-out for the contact that another shop has under that name, and what SALESmanago holds of it then.

    Where the other shop adopted the opt-out already, it took the two for one contact, and nothing was sent for this one.
    """
    email_out, phone_out = _is_due(said.email, sent.email_news), _is_due(said.phone, sent.phone_news)
    return _resigned(sent, said, email_out=email_out, phone_out=phone_out)


def _is_due(said: TimedStatus | None, sent: TimedStatus | None) -> bool:
    return is_opt_out(said) and sent is not None and (said == sent or (is_opt_in(sent) and newer_status(said, sent) == said))


def resign_left_address(sent: SentState, said: StatusesSaid) -> tuple[UpsertContact, SentState] | None:
    """The opt-out for a left address where an opt-in was sent, and what SALESmanago holds of it then."""
    email_out = is_opt_in(sent.email_news) and is_opt_out(said.email)
    phone_out = is_opt_in(sent.phone_news) and is_opt_out(said.phone)
    return _resigned(sent, said, email_out=email_out, phone_out=phone_out)


def _resigned(sent: SentState, said: StatusesSaid, *, email_out: bool, phone_out: bool) -> tuple[UpsertContact, SentState] | None:
    if sent.email is None or not (email_out or phone_out):
        return None
    command = UpsertContact(
        email=sent.email,
        email_status=Status.OPT_OUT if email_out else None,
        phone_status=Status.OPT_OUT if phone_out else None,
        repeats=True,
    )
    email, phone = said.email if email_out else sent.email_news, said.phone if phone_out else sent.phone_news
    return command, replace(sent, email_news=email, phone_news=phone)
