"""Verification: what SALESmanago shows of a contact, and what is left to send after that."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import assert_never

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
from app.domain.consent import Status, TimedStatus, is_opt_in
from app.domain.delivery.coalesce import CoalescedCommands, newly_created
from app.domain.delivery.revocation import drop_opt_ins
from app.domain.tags import canonical, is_shown
from app.domain.values import replace, value


@value()
class RemoteEvent:
    kind: str
    external_id: str
    at: datetime
    """SALESmanago keeps milliseconds."""
    value: Decimal | None = field(default=None, compare=False)
    products: str | None = field(default=None, compare=False)
    """Ids, joined by commas."""
    id: str | None = field(default=None, compare=False)
    """Nobody has seen it in an answer; where it is shown, an event can be changed by it."""
    location: str | None = field(default=None, compare=False)
    """Of which shop it is, where that is shown."""


@value()
class RemoteContact:
    """A contact as SALESmanago shows it."""

    email: str
    tags: Mapping[str, int] = field(default_factory=dict)
    """Tag in SALESmanago's spelling -> points."""
    events: Collection[RemoteEvent] = ()
    opted_out: bool | None = None
    opted_out_phone: bool | None = None
    created_at: datetime | None = None
    """When SALESmanago made the contact: after a deletion it makes another."""
    modified_at: datetime | None = None
    """When it changed the contact last, by its own clock."""
    is_invalid: bool = False
    """It marks the e-mail address as invalid, as after a hard bounce (contract 5.1)."""


MOMENT = timedelta(seconds=10)
"""An opt-in that is sent so soon after the act needs no check."""


def asks_first(upsert: UpsertContact, now: datetime) -> bool:
    """Must SALESmanago be read before it is sent?

    It has an opt-in so old, or waiting for so long, that SALESmanago may have a newer opt-out (R06); or an opt-out that
    was seen to stand there while it waited: somebody may have opted in since.
    """
    email, phone = _opt_outs_that_stood(upsert)
    return _email_asks_first(upsert, now) or _phone_asks_first(upsert, now) or email or phone


def without_opt_ins(upsert: UpsertContact, seen: RemoteContact, now: datetime) -> UpsertContact:
    """As it may be sent to a contact who is shown as opted out: without the opt-ins that asked first. A fresh act is believed."""
    email = _email_asks_first(upsert, now) and seen.opted_out is True
    phone = _phone_asks_first(upsert, now) and seen.opted_out_phone is True
    return drop_opt_ins(upsert, email=email, phone=phone)


def without_opt_outs(upsert: UpsertContact, seen: RemoteContact) -> UpsertContact:
    """As it may be sent to a contact who is shown as opted in: without opt-outs that stood there before, which are older."""
    email, phone = _opt_outs_that_stood(upsert)
    email, phone = email and seen.opted_out is False, phone and seen.opted_out_phone is False
    return replace(
        upsert,
        email_status=None if email else upsert.email_status,
        phone_status=None if phone else upsert.phone_status,
        agreements=tuple(one for one in upsert.agreements if one.accepted or not (phone if one.by_sms else email)),
    )


def _opt_outs_that_stood(upsert: UpsertContact) -> tuple[bool, bool]:
    email = upsert.email_status is Status.OPT_OUT and _stood_after(upsert.email_stood, upsert.email_acted_at, Status.OPT_OUT)
    phone = upsert.phone_status is Status.OPT_OUT and _stood_after(upsert.phone_stood, upsert.phone_acted_at, Status.OPT_OUT)
    return email, phone


def _stood_after(stood: TimedStatus | None, acted_at: datetime | None, status: Status) -> bool:
    """Was it seen there since the act?"""
    return stood is not None and stood.status is status and acted_at is not None and acted_at <= stood.at


def _email_asks_first(upsert: UpsertContact, now: datetime) -> bool:
    waited = _may_be_overtaken(upsert.email_stood, upsert.email_acted_at, now)
    return upsert.email_status is Status.OPT_IN and (upsert.old_email_opt_in or waited)


def _phone_asks_first(upsert: UpsertContact, now: datetime) -> bool:
    waited = _may_be_overtaken(upsert.phone_stood, upsert.phone_acted_at, now)
    return upsert.phone_status is Status.OPT_IN and (upsert.old_phone_opt_in or waited)


def _may_be_overtaken(stood: TimedStatus | None, acted_at: datetime | None, now: datetime) -> bool:
    """May the person have resigned in SALESmanago meanwhile, and would it show?

    Only where SALESmanago showed an opt-in: if the person was opted out before or never observed, an opt-out says nothing.
    """
    return is_opt_in(stood) and acted_at is not None and now - acted_at > MOMENT


def stands_there(upsert: UpsertContact, seen: RemoteContact, apart: RemoteContact | None, at: datetime) -> UpsertContact:
    """A waiting upsert after SALESmanago was read: it has that status, and the person may change it until the upsert is sent.

    An opt-in that is shown may also be of another command; an opt-out counts only where nothing else is being sent (`apart`).
    """
    out, phone_out = (apart.opted_out, apart.opted_out_phone) if apart is not None else (None, None)
    email = _stands(upsert.email_status, upsert.email_stood, upsert.email_acted_at, seen.opted_out and out, at)
    phone = _stands(upsert.phone_status, upsert.phone_stood, upsert.phone_acted_at, seen.opted_out_phone and phone_out, at)
    if email is None and phone is None:
        return upsert
    return replace(upsert, email_stood=email or upsert.email_stood, phone_stood=phone or upsert.phone_stood)


def _stands(
    meant: Status | None, stood: TimedStatus | None, acted_at: datetime | None, shown_out: bool | None, at: datetime
) -> TimedStatus | None:
    """An observation from before the act is outdated by the act."""
    if meant is None or shown_out is None or acted_at is None or at < acted_at:
        return None
    shown = Status.OPT_OUT if shown_out else Status.OPT_IN
    return TimedStatus(shown, at) if shown is meant and not _stood_after(stood, acted_at, shown) else None


def email_stood_since(merged: UpsertContact, upserts: Sequence[tuple[UpsertContact, bool]]) -> TimedStatus | None:
    """What stood there when the e-mail status of these commands leaves. `upserts`: in order, each with whether it perhaps left."""
    said = [(one.email_status, one.email_stood, one.email_acted_at, maybe_sent) for one, maybe_sent in upserts]
    return _stood_since(merged.email_stood, said)


def phone_stood_since(merged: UpsertContact, upserts: Sequence[tuple[UpsertContact, bool]]) -> TimedStatus | None:
    said = [(one.phone_status, one.phone_stood, one.phone_acted_at, maybe_sent) for one, maybe_sent in upserts]
    return _stood_since(merged.phone_stood, said)


def _stood_since(
    stood: TimedStatus | None, statuses: Sequence[tuple[Status | None, TimedStatus | None, datetime | None, bool]]
) -> TimedStatus | None:
    """While an opt-in waits behind an opt-out, that does not leave again: what was seen since that act was seen since."""
    last = max(
        (place for place, (status, _, _, maybe_sent) in enumerate(statuses) if maybe_sent and status is Status.OPT_OUT),
        default=None,
    )
    if last is None:
        return stood
    acts = [acted_at for _, _, acted_at, _ in statuses[last + 1 :] if acted_at is not None]
    since = acts[0] if acts else statuses[last][2]
    seen = [one for _, one, _, _ in statuses[last:] if one is not None and since is not None and one.at >= since]
    return max(seen, key=lambda one: one.at, default=None)


def apart_from(
    shown: RemoteContact, waiting: Iterable[Command], email_sent: TimedStatus | None, phone_sent: TimedStatus | None
) -> RemoteContact | None:
    """What an observation shows of a contact with waiting commands: the channels that none of them concerns; None if none.

    The waiting commands explain the rest. To drop an observation for an order that waits would leave a resignation undated, and so
    would one that shows what was sent last and what all waiting commands send: that SALESmanago has it must be known (R06).
    """
    email, phone = shown.opted_out, shown.opted_out_phone
    for command in waiting:
        match command:
            case DeleteContact():
                return None
            case UpsertContact():
                if command.introduces or command.new_email is not None:
                    return None
                email = email if _agrees(command.email_status, email_sent, email) else None
                phone = phone if _agrees(command.phone_status, phone_sent, phone) else None
            case AddEvent() | ConfirmOptIn() | ConfirmOptOut() | SetSubscription() | MirrorTags() | ReportErasure():
                pass
            case _:
                assert_never(command)
    left = RemoteContact(email=shown.email, opted_out=email, opted_out_phone=phone)
    return None if email is None and phone is None else left


def tells_of_email(command: Command) -> bool:
    """Can it change whether SALESmanago shows somebody as opted in to e-mails?"""
    match command:
        case DeleteContact():
            return True
        case UpsertContact():
            return command.introduces or command.new_email is not None or command.email_status is not None
        case AddEvent() | ConfirmOptIn() | ConfirmOptOut() | SetSubscription() | MirrorTags() | ReportErasure():
            return False
        case _:
            assert_never(command)


def _agrees(waiting: Status | None, sent: TimedStatus | None, shown_out: bool | None) -> bool:
    shown = Status.OPT_OUT if shown_out else Status.OPT_IN
    return waiting is None or (waiting is shown and sent is not None and sent.status is shown)


def without_opt_in(shown: RemoteContact) -> RemoteContact:
    """As shown, but for an opt-in by e-mail."""
    return replace(shown, opted_out=shown.opted_out or None)


def still_missing(bundle: CoalescedCommands, seen: dict[str, RemoteContact]) -> CoalescedCommands:
    """What of a bundle with unknown outcome did not arrive: tags, rename and events are compared, the rest is harmless (R28)."""
    upsert = bundle.upsert
    if upsert is not None:
        if upsert.new_email is not None and upsert.email not in seen and upsert.new_email in seen:
            upsert = replace(upsert, email=upsert.new_email, new_email=None)
        if upsert.email not in seen:  # it did not arrive under either address
            upsert = newly_created(upsert)
        present = seen.get(upsert.email)
        held = {canonical(tag) for tag in present.tags} if present else set()
        was_asked = present is not None and upsert.introduces  # a contact that it made was mailed as well
        upsert = replace(
            upsert,
            asks_opt_in=None if was_asked else upsert.asks_opt_in,
            add_tags=tuple(tag for tag in upsert.add_tags if not is_shown(canonical(tag), held)),
            remove_tags=tuple(tag for tag in upsert.remove_tags if is_shown(canonical(tag), held)),
        )
    # Two events may be alike in SALESmanago (two carts filled in one moment): each that is shown stands for one of ours.
    arrived = Counter(event for contact in seen.values() for event in contact.events)
    missing = []
    for event in bundle.events:
        shown = _as_shown(event)
        if event.is_update:
            missing.append(event)  # the event is there anyway; to tell its newest version twice changes nothing
        elif arrived[shown]:
            arrived[shown] -= 1
        else:
            missing.append(event)
    return CoalescedCommands(upsert, tuple(missing), bundle.deletions)


def is_renamed(upsert: UpsertContact, seen: Collection[str]) -> bool:
    """Is the contact, after a rename that was said to have been carried out, there under its new address alone?"""
    return upsert.address_after in seen and (upsert.new_email is None or upsert.email not in seen)


def versions_shown(update: AddEvent, seen: Mapping[str, RemoteContact]) -> list[RemoteEvent]:
    """The purchase that an update is about, as it stands there: none, or one; the first of several is that of the same time.

    More were not made by us, or are of another shop of the account, which sold the person an order of the same number.
    """
    shown, at = seen.get(update.email), _as_shown(update).at
    found = [] if shown is None else [one for one in shown.events if one.location in (None, update.location)]
    versions = [one for one in found if (one.kind, one.external_id) == (update.kind, update.external_id)]
    return sorted(versions, key=lambda one: one.at != at)


def tells_the_same(shown: RemoteEvent, update: AddEvent) -> bool:
    """Does what stands there show the goods and the value of the newest version?"""
    goods = ",".join(line.product_id for line in update.lines)
    return shown.value is not None and shown.value == update.value and shown.products == goods


def addresses(bundle: CoalescedCommands) -> frozenset[str]:
    """Every address under which SALESmanago may know the contact of a bundle."""
    named = {event.email for event in bundle.events}
    if bundle.upsert is not None:
        named |= {bundle.upsert.email, bundle.upsert.address_after}
    return frozenset(named)


def _as_shown(event: AddEvent) -> RemoteEvent:
    return RemoteEvent(event.kind, event.external_id, event.at.replace(microsecond=event.at.microsecond // 1000 * 1000))
