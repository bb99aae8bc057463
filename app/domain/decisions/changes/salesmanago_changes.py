"""What is still to be sent: the difference between the facts and the sent state (R10-R12, R20-R28)."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from app.domain.commands import Agreement, ConfirmationMail, UpsertContact
from app.domain.consent import Channel, Status, TimedStatus, is_opt_out
from app.domain.decisions.changes.mapping import as_it_travels, travelling
from app.domain.decisions.changes.sent_state import CLEARABLE
from app.domain.decisions.changes.standing import email_stood, phone_stood
from app.domain.decisions.changes.wanted_tags import tag_difference
from app.domain.delivery.revocation import opt_outs_of
from app.domain.person.contact import ADDRESS, Contact
from app.domain.person.sides import ObservedStatus
from app.domain.shops.countries import country_code
from app.domain.shops.shop import Shop

BELIEVED_BEFORE_OBSERVED = timedelta(days=1)
"""SALESmanago shows a contact who never opted in like one who opted out. An act of the day before we first saw that counts."""


# SALESmanago keeps one name and one address object: when a part changes, the whole travels.
_WHOLE = (("first_name", "last_name"), ADDRESS)


def difference(contact: Contact, shop: Shop, at: datetime | None = None) -> UpsertContact | None:
    """The one upsert that makes SALESmanago agree with the facts, or None when it already does.

    `at`: when what causes it happened; it tells an act of now from one that a list of customers brings.
    """
    known_as = contact.sent_state.email or contact.email
    add, remove = tag_difference(as_it_travels(contact, shop))
    email_status = _news(contact.email_news, contact.sent_state.email_news, contact.observed.email_news)
    phone_status = _news(contact.phone_news, contact.sent_state.phone_news, contact.observed.phone_news)
    new_email = contact.email if known_as != contact.email and contact.rename_refused_at is None else None
    profile = _profile_difference(contact, shop)
    question = _question(contact, shop) if email_status is None else None
    if contact.is_transferred and not (new_email or profile or add or remove or email_status or phone_status or question):
        return None
    return UpsertContact(
        email=known_as,
        new_email=new_email,
        profile=profile,
        add_tags=add,
        remove_tags=remove,
        email_status=email_status,
        phone_status=phone_status,
        agreements=tuple(_agreements(contact, shop, email_status, phone_status)),
        asks_opt_in=question,
        old_email_opt_in=_is_old_opt_in(contact.email_news, email_status, at),
        old_phone_opt_in=_is_old_opt_in(contact.phone_news, phone_status, at),
        email_stood=email_stood(contact) if email_status else None,
        phone_stood=phone_stood(contact) if phone_status else None,
        email_acted_at=contact.email_news.acted_at if email_status else None,
        phone_acted_at=contact.phone_news.acted_at if phone_status else None,
        introduces=not contact.is_transferred,
    )


def _question(contact: Contact, shop: Shop) -> ConfirmationMail | None:
    """Once per subscription that waits for the person's click: each question is a mail (B6)."""
    if not shop.double_opt_in.enabled or (asked := contact.unconfirmed_since) is None:
        return None
    sent_at = contact.sent_state.email_asked_at
    if sent_at is not None and sent_at >= asked:
        return None
    return ConfirmationMail(email_id=shop.double_opt_in.email_id, language=shop.double_opt_in.language)


def opt_outs_due(contact: Contact, shop: Shop, *, known_there: bool = False) -> UpsertContact | None:
    """The opt-outs that were not sent to SALESmanago yet, alone: they are sent even where nothing else may be (R06a).

    `known_there`: it knows the address from another shop of the account. A person we never sent to it stays unknown to it.
    """
    if not contact.email or contact.erased or not (contact.is_transferred or known_there):
        return None
    upsert = difference(contact, shop)
    return None if upsert is None else opt_outs_of(upsert)


def repeat_opt_out(
    contact: Contact, behind: Iterable[UpsertContact], arrived: Iterable[UpsertContact] | None = None
) -> UpsertContact | None:
    """The opt-outs of the sent state, to be sent once more; None if there are none, or if the contact was never sent.

    `arrived`: opt-ins that were just sent; only their channels are concerned.
    """
    sent, follows, opt_ins = contact.sent_state, list(behind), None if arrived is None else list(arrived)
    if contact.erased or sent.email is None:
        return None
    email = is_opt_out(sent.email_news) and not any(one.email_status for one in follows)
    phone = is_opt_out(sent.phone_news) and not any(one.phone_status for one in follows)
    if opt_ins is not None:
        email = email and any(one.email_status is Status.OPT_IN for one in opt_ins)
        phone = phone and any(one.phone_status is Status.OPT_IN for one in opt_ins)
    if not (email or phone):
        return None
    return UpsertContact(
        email=sent.email,
        email_status=Status.OPT_OUT if email else None,
        phone_status=Status.OPT_OUT if phone else None,
        repeats=True,
    )


def _profile_difference(contact: Contact, shop: Shop) -> Mapping[str, str]:
    """What differs; an empty text clears. Whom SALESmanago never had from us has nothing of ours to be cleared."""
    true = {name: fact.value for name, fact in contact.profile.items() if fact.value or _is_to_be_cleared(name, contact)}
    if _is_phone_of_another_country(contact, shop):
        del true["phone"]
    true = travelling(true, shop)
    changed = {name for name, text in true.items() if contact.sent_state.profile.get(name) != text}
    for group in _WHOLE:
        if changed.intersection(group):
            changed.update(group)
    return {name: text for name, text in true.items() if name in changed}


def _is_phone_of_another_country(contact: Contact, shop: Shop) -> bool:
    """A number read as of the shop's country, of somebody whose address is in another: it is not theirs (R10)."""
    phone, country = contact.profile.get("phone"), contact.profile.get("country")
    if phone is None or not phone.value or not phone.assumed or country is None or not country.value:
        return False
    return country_code(country.value) != shop.country


def _is_to_be_cleared(name: str, contact: Contact) -> bool:
    return contact.profile[name].cleared and name in CLEARABLE and contact.is_transferred


def _news(channel: Channel, sent: TimedStatus | None, seen: ObservedStatus | None) -> Status | None:
    """A status is sent once per act of the person, and only if the act supersedes what was sent (R06).

    An old opt-in, as a list of customers may bring it, never overturns what SALESmanago shows as opted out.
    """
    said = channel.said
    if said is None or not said.supersedes(sent):
        return None
    if said.status is Status.OPT_IN and seen is not None and seen.status is Status.OPT_OUT:
        return None if said.at + BELIEVED_BEFORE_OBSERVED <= seen.since else said.status
    return said.status


def _is_old_opt_in(channel: Channel, status: Status | None, at: datetime | None) -> bool:
    if status is not Status.OPT_IN or at is None or (acted := channel.acted_at) is None:
        return False
    return acted + BELIEVED_BEFORE_OBSERVED <= at


def _agreements(contact: Contact, shop: Shop, email: Status | None, phone: Status | None) -> Iterable[Agreement]:
    """Consents by the names the shop gave them, each with the true time of the act (contract 2.12)."""
    for status, channel, name, by_sms in (
        (email, contact.email_news, shop.consent_names.email, False),
        (phone, contact.phone_news, shop.consent_names.sms, True),
    ):
        if status is not None and channel.acted_at is not None and name is not None:
            yield Agreement(name=name, accepted=status is Status.OPT_IN, at=channel.acted_at, by_sms=by_sms)


def addresses_there(contact: Contact, shop: Shop, named: str) -> tuple[str, ...]:
    """Under which of the present addresses an erasure of `named` deletes the person in SALESmanago."""
    present = contact.email or named
    is_named = contact.may_be_known_there_as(present) or (contact.transfer.permits(shop.policy) and not shop.blocks(present))
    return tuple(dict.fromkeys(filter(None, (present if is_named else None, contact.sent_state.email))))
