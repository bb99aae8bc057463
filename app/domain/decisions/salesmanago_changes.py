"""What is still to be told: the difference between what is true and what SALESmanago has been told (R10-R12, R20-R28)."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import assert_never

from app.domain import tags
from app.domain.commands import (
    AddEvent,
    Agreement,
    Command,
    ConfirmationMail,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    MirrorTags,
    SetSubscription,
    UpsertContact,
)
from app.domain.consent import Channel, Status, TimedStatus, is_opt_out
from app.domain.decisions.mapping import travelling
from app.domain.delivery.revocation import opt_outs_of
from app.domain.events import DriftFound
from app.domain.person.contact import ADDRESS, Contact, words_of
from app.domain.person.sides import KeptBack, ObservedStatus, SentState, ShopState
from app.domain.shops.countries import country_code
from app.domain.shops.shop import Shop
from app.domain.values import replace

BELIEVED_BEFORE_LOOK = timedelta(days=1)
"""SALESmanago shows a contact who never opted in like one who opted out. An act of the day before we first saw that counts."""

_MOST_SPOKEN = 4 * tags.MOST_TAGS
"""Section tags, panel tags that are there and that are gone, and as much again."""

# SALESmanago keeps one name and one address object: when a part changes, the whole travels.
_WHOLE = (("first_name", "last_name"), ADDRESS)

CLEARABLE = frozenset({"first_name", "last_name", "company", "phone", *ADDRESS})
"""What an empty text clears over there (contract 2). Of birthday, language, gender and id nobody says that it does."""


def difference(contact: Contact, shop: Shop, at: datetime | None = None) -> UpsertContact | None:
    """The one upsert that makes SALESmanago agree with the facts, or None when it already does.

    `at`: when what causes it happened; it tells an act of now from one that a list of customers brings.
    """
    known_as = contact.told.email or contact.email
    add, remove = _tag_difference(contact)
    email_status = _news(contact.email_news, contact.told.email_news, contact.seen.email_news)
    phone_status = _news(contact.phone_news, contact.told.phone_news, contact.seen.phone_news)
    upsert = UpsertContact(
        email=known_as,
        new_email=contact.email if known_as != contact.email and contact.rename_refused_at is None else None,
        profile=_profile_difference(contact, shop),
        add_tags=add,
        remove_tags=remove,
        email_status=email_status,
        phone_status=phone_status,
        agreements=tuple(_agreements(contact, shop, email_status, phone_status)),
        asks_opt_in=_question(contact, shop) if email_status is None else None,
        old_email_opt_in=_is_old_opt_in(contact.email_news, email_status, at),
        old_phone_opt_in=_is_old_opt_in(contact.phone_news, phone_status, at),
        email_stood=email_stood(contact) if email_status else None,
        phone_stood=phone_stood(contact) if phone_status else None,
        email_acted_at=contact.email_news.acted_at if email_status else None,
        phone_acted_at=contact.phone_news.acted_at if phone_status else None,
        introduces=not contact.is_transferred,
    )
    nothing = upsert == UpsertContact(email=known_as)
    return None if nothing and contact.is_transferred else upsert


def _question(contact: Contact, shop: Shop) -> ConfirmationMail | None:
    """Once per subscription that waits for the person's click: each question is a mail (B6)."""
    asked, told = contact.unconfirmed_since, contact.told.email_asked_at
    if not shop.double_opt_in.enabled or asked is None or (told is not None and told >= asked):
        return None
    return ConfirmationMail(email_id=shop.double_opt_in.email_id, language=shop.double_opt_in.language)


def opt_outs_due(contact: Contact, shop: Shop, *, known_there: bool = False) -> UpsertContact | None:
    """The opt-outs SALESmanago was not told of yet, alone: they travel whatever closes the door for everything else (R06a).

    `known_there`: it knows the address from another shop of the account. Of whom it knows nothing from us it hears nothing.
    """
    if not contact.email or contact.erased or not (contact.is_transferred or known_there):
        return None
    upsert = difference(contact, shop)
    return None if upsert is None else opt_outs_of(upsert)


def told(contact: Contact, commands: Iterable[Command]) -> Contact:
    """Remember that these commands were queued: from now on their content is no difference any more."""
    for command in commands:
        match command:
            case UpsertContact():
                contact = replace(contact, told=_told_upsert(contact, command))
            case DeleteContact():
                contact = replace(contact, told=SentState())
            case AddEvent() | ConfirmOptIn() | ConfirmOptOut() | SetSubscription() | MirrorTags():
                pass
            case _:
                assert_never(command)
    return contact


def untold(contact: Contact, cancelled: Iterable[Command]) -> Contact:
    """Forget that these commands were queued: they were taken back before they left. In the order in which they were queued."""
    for command in () if contact.erased else reversed(list(cancelled)):
        match command:
            case UpsertContact():
                contact = replace(contact, told=_untold_upsert(contact.told, command))
            case SetSubscription():
                contact = replace(contact, home=_untold_subscription(contact.home, command))
            case MirrorTags():
                contact = replace(contact, home=replace(contact.home, tags=None))
            case AddEvent() | DeleteContact() | ConfirmOptIn() | ConfirmOptOut():
                pass
            case _:
                assert_never(command)
    return contact


def digest_of_told(contact: Contact) -> str:
    return hashlib.sha256(repr(contact.told).encode()).hexdigest()[:16]


def reset_to_remote(contact: Contact, drift: DriftFound) -> Contact:
    """Believe of SALESmanago what it shows: then the difference to the facts is told again."""
    remembered = contact.told
    if drift.known_as is None:
        return vanished(contact, drift.at)
    kept = {name: here for name, here in remembered.tags.items() if name not in drift.missing}
    there = {**kept, **dict.fromkeys(drift.left, True)}
    return replace(contact, told=replace(remembered, email=drift.known_as, tags=there), rename_refused_at=None)


def _untold_subscription(home: ShopState, command: SetSubscription) -> ShopState:
    return replace(
        home,
        email_news=None if home.email_news == command.email_news else home.email_news,
        phone_news=None if home.phone_news == command.phone_news else home.phone_news,
    )


def vanished(contact: Contact, at: datetime) -> Contact:
    """SALESmanago has no such contact any more: the next time, the person is introduced whole (R72).

    Deleted over there, perhaps for a reason: an opt-in stays told, so nobody is opted in again; an opt-out is told once more.
    It will show the new contact as opted out, which is nobody's act: as if we had seen it already.
    """
    out = ObservedStatus(Status.OPT_OUT, at, at)
    told = replace(_without_opt_outs(contact), email=None, profile={}, tags={})
    seen = replace(contact.seen, email_news=out, phone_news=out, email_disputed=False, phone_disputed=False)
    return replace(contact, told=told, seen=seen, rename_refused_at=None)


def still_called(contact: Contact, email: str, at: datetime) -> Contact:
    """SALESmanago refused a rename, and with it all that travelled along: it is told under the address the contact has (R72)."""
    return replace(contact, told=replace(_without_opt_outs(contact), email=email, profile={}), rename_refused_at=at)


def _without_opt_outs(contact: Contact) -> SentState:
    """So that they are told once more. One of another shop stays: an older opt-in of this one must not overturn it (R06)."""
    told, email, phone = contact.told, contact.email_news.status, contact.phone_news.status
    return replace(
        told,
        email_news=None if email is Status.OPT_OUT and is_opt_out(told.email_news) else told.email_news,
        phone_news=None if phone is Status.OPT_OUT and is_opt_out(told.phone_news) else told.phone_news,
    )


def _untold_upsert(remembered: SentState, command: UpsertContact) -> SentState:
    email = None if remembered.email is None else command.email
    if command.introduces:  # what others, or an earlier life, told of the newsletter stays told
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


def repeat_opt_out(
    contact: Contact, behind: Iterable[UpsertContact], arrived: Iterable[UpsertContact] | None = None
) -> UpsertContact | None:
    """The opt-outs SALESmanago is believed to hold, told once more; None if there is none, or nobody to tell of.

    `arrived`: opt-ins that were just told; only their channels are concerned.
    """
    told, follows, opt_ins = contact.told, list(behind), None if arrived is None else list(arrived)
    if contact.erased or told.email is None:
        return None
    email = is_opt_out(told.email_news) and not any(one.email_status for one in follows)
    phone = is_opt_out(told.phone_news) and not any(one.phone_status for one in follows)
    if opt_ins is not None:
        email = email and any(one.email_status is Status.OPT_IN for one in opt_ins)
        phone = phone and any(one.phone_status is Status.OPT_IN for one in opt_ins)
    if not (email or phone):
        return None
    return UpsertContact(
        email=told.email,
        email_status=Status.OPT_OUT if email else None,
        phone_status=Status.OPT_OUT if phone else None,
        repeats=True,
    )


def wanted_tags(contact: Contact) -> dict[str, str | None]:
    """Canonical tag -> its text if it should be there, None if it should not. Tags we have no opinion of are missing."""
    wanted: dict[str, str | None] = {tags.canonical(tag): tag for tag in contact.earned_tags}
    for tag, flag in words_of(contact.panel_tags).values():
        text = tags.to_upstream(tag)
        if text is not None:
            # Two panel tags of one canonical form: the tag stays as long as either is there (R27).
            name = tags.canonical(text)
            wanted[name] = wanted.get(name) or (text if flag.value else None)
    if contact.wholesaler is not None:
        wanted[tags.WHOLESALER] = tags.WHOLESALER if contact.wholesaler.value else None
    if contact.registered:
        wanted[tags.REGISTERED] = tags.REGISTERED
    if contact.subscriber and Status.OPT_IN in (contact.email_news.status, contact.phone_news.status):
        wanted[tags.NEWSLETTER] = tags.NEWSLETTER
    return wanted


def _tag_difference(contact: Contact) -> tuple[tuple[str, ...], tuple[str, ...]]:
    remembered = contact.told.tags
    add, remove = [], []
    spelled: dict[str, str] | None = None
    for name, text in wanted_tags(contact).items():
        if text is not None and remembered.get(name) is not True:
            add.append(text)
        elif text is None and _worth_removing(name, contact):
            spelled = _spelled(contact) if spelled is None else spelled
            remove.append(spelled.get(name, name))
    return tuple(add), tuple(remove)


def _worth_removing(name: str, contact: Contact) -> bool:
    """Under our prefix a removed tag may stand there from before our time; without the prefix we touch only our own (R23)."""
    ours_to_touch = name.startswith(tags.TO_UPSTREAM) and contact.is_transferred
    return contact.told.tags.get(name) is True or (ours_to_touch and contact.told.tags.get(name) is None)


def _spelled(contact: Contact) -> dict[str, str]:
    """Canonical tag -> its text, for the tags that staff put on the person or took off."""
    texts = (tags.to_upstream(tag) for tag in reversed(tuple(contact.panel_tags)))
    return {tags.canonical(text): text for text in texts if text is not None}


def _profile_difference(contact: Contact, shop: Shop) -> Mapping[str, str]:
    """What differs; an empty text clears. Whom SALESmanago never had from us has nothing of ours to be cleared."""
    true = {name: fact.value for name, fact in contact.profile.items() if fact.value or _is_to_be_cleared(name, contact)}
    if _is_of_a_stranger(contact, shop):
        del true["phone"]
    true = travelling(true, shop)
    changed = {name for name, text in true.items() if contact.told.profile.get(name) != text}
    for group in _WHOLE:
        if changed.intersection(group):
            changed.update(group)
    return {name: text for name, text in true.items() if name in changed}


def _is_of_a_stranger(contact: Contact, shop: Shop) -> bool:
    """A number read as of the shop's country, of somebody whose address is in another: it is not theirs (R10)."""
    phone, country = contact.profile.get("phone"), contact.profile.get("country")
    if phone is None or not phone.value or not phone.assumed or country is None or not country.value:
        return False
    return country_code(country.value) != shop.country


def _is_to_be_cleared(name: str, contact: Contact) -> bool:
    return contact.profile[name].cleared and name in CLEARABLE and contact.is_transferred


def _news(channel: Channel, told: TimedStatus | None, seen: ObservedStatus | None) -> Status | None:
    """A status travels once per act of the person, and only an act that outweighs what SALESmanago was told (R06).

    An old opt-in, as a list of customers may bring it, never overturns what SALESmanago shows as opted out.
    """
    said = channel.said
    if said is None or not said.supersedes(told):
        return None
    if said.status is Status.OPT_IN and seen is not None and seen.status is Status.OPT_OUT:
        return None if said.at + BELIEVED_BEFORE_LOOK <= seen.since else said.status
    return said.status


def email_stood(contact: Contact) -> TimedStatus | None:
    """What was seen to stand there, if nothing was told since. A change that was seen, and waits for its callback, stands there."""
    told, seen, since = contact.told.email_news, contact.seen, contact.seen.email_unexplained_since
    known = _stood(told, seen.email_news, seen.email_refused, seen.email_kept_back)
    before = known or told
    if before is None or since is None or since <= before.at or _is_kept_back(told, seen.email_kept_back):
        return known
    return TimedStatus(Status.OPT_IN if before.status is Status.OPT_OUT else Status.OPT_OUT, since)


def phone_stood(contact: Contact) -> TimedStatus | None:
    seen = contact.seen
    return _stood(contact.told.phone_news, seen.phone_news, seen.phone_refused, seen.phone_kept_back)


def _is_kept_back(told: TimedStatus | None, kept_back: KeptBack | None) -> bool:
    return kept_back is not None and kept_back.told == told


def _stood(
    told: TimedStatus | None, seen: ObservedStatus | None, refused: TimedStatus | None, kept_back: KeptBack | None
) -> TimedStatus | None:
    """What SALESmanago showed of a channel, as far as no opt-out was told since.

    What was told may still wait, here or in another shop's queue, or be taken back: it says nothing of what stands there.
    """
    if kept_back is not None and _is_kept_back(told, kept_back) and (seen is None or seen.at <= kept_back.at):
        return TimedStatus(Status.OPT_OUT, kept_back.at)
    shown = TimedStatus(seen.status, seen.at) if seen is not None else None
    out = told if told is not None and told != refused and told.status is Status.OPT_OUT else None
    return None if shown is None or (out is not None and out.supersedes(shown)) else shown


def _is_old_opt_in(channel: Channel, status: Status | None, at: datetime | None) -> bool:
    acted = channel.acted_at
    return status is Status.OPT_IN and at is not None and acted is not None and acted + BELIEVED_BEFORE_LOOK <= at


def _agreements(contact: Contact, shop: Shop, email: Status | None, phone: Status | None) -> Iterable[Agreement]:
    """Consents by the names the shop gave them, each with the true time of the act (contract 2.12)."""
    for status, channel, name, by_sms in (
        (email, contact.email_news, shop.consent_names.email, False),
        (phone, contact.phone_news, shop.consent_names.sms, True),
    ):
        if status is not None and channel.acted_at is not None and name is not None:
            yield Agreement(name=name, accepted=status is Status.OPT_IN, at=channel.acted_at, by_sms=by_sms)


def _kept(spoken: dict[str, bool], contact: Contact) -> dict[str, bool]:
    """Of very many tags only those of which the facts still say something: to the others nothing will be compared any more."""
    if len(spoken) <= _MOST_SPOKEN:
        return spoken
    opinions = wanted_tags(contact)
    others = [name for name in spoken if name not in opinions]
    forgotten = set(others[: len(spoken) - _MOST_SPOKEN])
    return {name: here for name, here in spoken.items() if name not in forgotten}


def _told_upsert(contact: Contact, command: UpsertContact) -> SentState:
    remembered = contact.told
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
