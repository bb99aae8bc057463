"""What SALESmanago shows of a contact, and what is left to be sent after a look at it."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import field
from datetime import datetime

from app.domain.bundles import Bundle, newly_created
from app.domain.commands import AddEvent, UpsertContact
from app.domain.consent import Status
from app.domain.tags import canonical, is_shown
from app.domain.take_back import taken_back_upsert
from app.domain.values import replace, value


@value()
class SeenEvent:
    kind: str
    external_id: str
    at: datetime
    """SALESmanago keeps milliseconds."""


@value()
class SeenContact:
    """A contact as SALESmanago shows it."""

    email: str
    tags: Mapping[str, int] = field(default_factory=dict)
    """Tag in SALESmanago's spelling -> points."""
    events: Collection[SeenEvent] = ()
    opted_out: bool | None = None
    opted_out_phone: bool | None = None
    created_at: datetime | None = None
    """When SALESmanago made the contact: after a deletion it makes another."""


def asks_first(upsert: UpsertContact) -> bool:
    """Does it carry an opt-in so old that an opt-out over there, which we may not know, must be looked for (R06)?"""
    return (upsert.old_email_opt_in and upsert.email_status is Status.OPT_IN) or (
        upsert.old_phone_opt_in and upsert.phone_status is Status.OPT_IN
    )


def without_opt_ins(upsert: UpsertContact, seen: SeenContact) -> UpsertContact:
    """As it may be sent to a contact who is shown as opted out: without the old opt-ins. A fresh act is believed."""
    email = upsert.email_status is Status.OPT_IN and upsert.old_email_opt_in and seen.opted_out is True
    phone = upsert.phone_status is Status.OPT_IN and upsert.old_phone_opt_in and seen.opted_out_phone is True
    return taken_back_upsert(upsert, email=email, phone=phone)


def still_missing(bundle: Bundle, seen: dict[str, SeenContact]) -> Bundle:
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
        if arrived[shown]:
            arrived[shown] -= 1
        else:
            missing.append(event)
    return Bundle(upsert, tuple(missing), bundle.deletions)


def is_renamed(upsert: UpsertContact, seen: Collection[str]) -> bool:
    """Is the contact, after a rename that was said to have been carried out, there under its new address alone?"""
    return upsert.address_after in seen and (upsert.new_email is None or upsert.email not in seen)


def addresses(bundle: Bundle) -> frozenset[str]:
    """Every address under which SALESmanago may know the contact of a bundle."""
    named = {event.email for event in bundle.events}
    if bundle.upsert is not None:
        named |= {bundle.upsert.email, bundle.upsert.address_after}
    return frozenset(named)


def _as_shown(event: AddEvent) -> SeenEvent:
    return SeenEvent(event.kind, event.external_id, event.at.replace(microsecond=event.at.microsecond // 1000 * 1000))
