"""What SALESmanago shows of a contact, and what is left to be sent after a look at it."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field
from datetime import datetime, timedelta
from decimal import Decimal

from app.domain.commands import AddEvent, Command, DeleteContact, UpsertContact
from app.domain.consent import Status, TimedStatus, is_opt_in
from app.domain.delivery.coalesce import CoalescedCommands, newly_created
from app.domain.delivery.revocation import taken_back_upsert
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


MOMENT = timedelta(seconds=10)
"""An opt-in that leaves so soon after the person acted is believed without a look."""


def asks_first(upsert: UpsertContact, now: datetime) -> bool:
    """Does it carry an opt-in so old, or waiting for so long, that an opt-out over there must be looked for (R06)?"""
    return _email_asks_first(upsert, now) or _phone_asks_first(upsert, now)


def without_opt_ins(upsert: UpsertContact, seen: RemoteContact, now: datetime) -> UpsertContact:
    """As it may be sent to a contact who is shown as opted out: without the opt-ins that asked first. A fresh act is believed."""
    email = _email_asks_first(upsert, now) and seen.opted_out is True
    phone = _phone_asks_first(upsert, now) and seen.opted_out_phone is True
    return taken_back_upsert(upsert, email=email, phone=phone)


def _email_asks_first(upsert: UpsertContact, now: datetime) -> bool:
    waited = _may_be_overtaken(upsert.email_stood, upsert.email_acted_at, now)
    return upsert.email_status is Status.OPT_IN and (upsert.old_email_opt_in or waited)


def _phone_asks_first(upsert: UpsertContact, now: datetime) -> bool:
    waited = _may_be_overtaken(upsert.phone_stood, upsert.phone_acted_at, now)
    return upsert.phone_status is Status.OPT_IN and (upsert.old_phone_opt_in or waited)


def _may_be_overtaken(stood: TimedStatus | None, acted_at: datetime | None, now: datetime) -> bool:
    """May somebody have resigned over there meanwhile, and would it show?

    Only where SALESmanago showed an opt-in: of who was opted out before, or never looked at, an opt-out tells nothing.
    """
    return is_opt_in(stood) and acted_at is not None and now - acted_at > MOMENT


def stands_there(upsert: UpsertContact, seen: RemoteContact, at: datetime) -> UpsertContact:
    """An upsert that waits, after a look at that time: where an opt-in was shown, somebody may resign from it until it leaves."""
    email = _stands(upsert.email_status, upsert.email_stood, upsert.email_acted_at, seen.opted_out, at)
    phone = _stands(upsert.phone_status, upsert.phone_stood, upsert.phone_acted_at, seen.opted_out_phone, at)
    stood = TimedStatus(Status.OPT_IN, at)
    if not (email or phone):
        return upsert
    return replace(
        upsert,
        email_stood=stood if email else upsert.email_stood,
        phone_stood=stood if phone else upsert.phone_stood,
    )


def _stands(
    meant: Status | None, stood: TimedStatus | None, acted_at: datetime | None, shown_out: bool | None, at: datetime
) -> bool:
    """A look from before the act tells of what the act itself has overtaken."""
    looked_since = acted_at is not None and acted_at <= at
    return meant is Status.OPT_IN and shown_out is False and looked_since and not is_opt_in(stood)


def apart_from(shown: RemoteContact, waiting: Iterable[Command]) -> RemoteContact | None:
    """What a look shows of somebody of whom something waits: the channels of which nothing is being told; None if none is left.

    What is being told explains the rest. A look that is dropped for an order that waits would leave a resignation undated.
    """
    email, phone = shown.opted_out, shown.opted_out_phone
    for command in waiting:
        if isinstance(command, DeleteContact):
            return None
        if isinstance(command, UpsertContact):
            if command.introduces or command.new_email is not None:
                return None
            email = None if command.email_status is not None else email
            phone = None if command.phone_status is not None else phone
    left = RemoteContact(email=shown.email, opted_out=email, opted_out_phone=phone)
    return None if email is None and phone is None else left


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
        upsert = replace(
            upsert,
            add_tags=tuple(tag for tag in upsert.add_tags if not is_shown(canonical(tag), held)),
            remove_tags=tuple(tag for tag in upsert.remove_tags if is_shown(canonical(tag), held)),
        )
    # Two events may look alike over there (two carts filled in one moment): each that is shown stands for one of ours.
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
    """The purchase that an update is about, as it stands there: none, or one; more were not made by us."""
    shown = seen.get(update.email)
    found = [] if shown is None else shown.events
    return [one for one in found if (one.kind, one.external_id) == (update.kind, update.external_id)]


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
