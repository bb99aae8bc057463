"""The consent ledger: who agreed to or resigned from what, when, and how we know. Each entry seals the one before it.

Personal details stand beside the chain, not in it: the chain holds only their digest, salted so that it cannot be guessed.
An erasure removes the details, and the chain can still be verified.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from json.encoder import encode_basestring_ascii as quoted
from typing import NamedTuple, assert_never

from app.domain.consent import Channel, ConsentAnswer, Status
from app.domain.event_parts import NO_EVIDENCE, Customer, Evidence
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
from app.domain.values import replace, value

GENESIS = "0" * 64
"""What the first entry of a person seals."""


class Matter(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    TRANSFER = "transfer"


class ActKind(StrEnum):
    OPT_IN = "opt_in"
    OPT_OUT = "opt_out"
    REQUESTED = "opt_in_requested"
    """Somebody typed the address into a form; whether it was its owner is being asked (B6)."""
    REMOVED = "removed_by_staff"
    """No act of the person (R52); noted, so that nobody takes it for one."""
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


@value()
class Act:
    """One act of a person, as an event reports it."""

    matter: Matter
    kind: ActKind
    at: datetime
    evidence: Evidence = NO_EVIDENCE


@value(kw_only=True)
class Entry:
    """A line of the ledger. `subject`: keyed hash of the address. `details` is None once the person was erased."""

    number: int
    subject: str
    matter: Matter
    kind: ActKind
    acted_at: datetime
    recorded_at: datetime
    source: str
    """How we know: the type of the event."""
    event_id: str
    details: Mapping[str, str] | None
    details_digest: str
    previous: str
    digest: str = ""

    @property
    def end(self) -> "End":
        """Of a chain whose newest line it is."""
        return End(self.number, self.digest)

    def sealed(self) -> "Entry":
        return replace(self, digest=_digest_of(self))


class End(NamedTuple):
    """How a chain ends: what its next line says of those before it."""

    lines: int = 0
    digest: str = GENESIS


class Line(NamedTuple):
    """What a stored line says of its act, and how it continues the chain."""

    contact_id: int
    matter: str
    kind: str
    acted_at: datetime
    digest: str


def end_of(chain: Sequence[Entry]) -> End:
    return End(len(chain), chain[-1].digest) if chain else End()


def acts(event: Event, before: Contact, after: Contact) -> Iterator[Act]:
    """The acts an event reports, each with the time at which it really happened. None is from before an erasure."""
    floor = after.erased_at
    yield from (act for act in _acts(event, before, after) if floor is None or act.at > floor)


def _acts(event: Event, before: Contact, after: Contact) -> Iterator[Act]:
    match event:
        case CustomerRegistered(customer=customer):
            yield from _as_learned(_ticked(customer, event.at, event.evidence), after)
        case OrderPlaced(customer=customer):
            yield from _as_learned(_ticked(customer, event.at, event.evidence), after)
            if event.box is ConsentAnswer.GIVEN:
                yield Act(Matter.TRANSFER, ActKind.GRANTED, event.at, event.evidence)
        case AccountChanged(customer=customer):
            yield from _ticked(customer, event.at, only_dated=True)
        case Subscribed():
            opt_ins = (Act(matter, ActKind.OPT_IN, event.at, event.evidence) for matter in _channels(event.by_email, event.by_sms))
            yield from _as_learned(opt_ins, after)
        case Unsubscribed():
            kind = ActKind.OPT_OUT if event.confirmed else ActKind.REMOVED
            for matter in _channels(event.by_email, event.by_sms):
                yield Act(matter, kind, event.at, event.evidence)
        case TransferConsentGranted():
            yield Act(Matter.TRANSFER, ActKind.GRANTED, event.at, event.evidence)
        case TransferConsentWithdrawn():
            yield Act(Matter.TRANSFER, ActKind.WITHDRAWN, event.at, event.evidence)
        case SubscriberListed():
            yield from _changed(Matter.EMAIL, before.email_news, after.email_news, event.evidence)
            yield from _changed(Matter.SMS, before.phone_news, after.phone_news, event.evidence)
        case StatusObserved(origin=origin):
            evidence = Evidence(origin=origin)
            yield from _changed(Matter.EMAIL, before.email_news, after.email_news, evidence)
            yield from _changed(Matter.SMS, before.phone_news, after.phone_news, evidence)
        case AccountListed():
            yield from _changed(Matter.EMAIL, before.email_news, after.email_news)
            yield from _changed(Matter.SMS, before.phone_news, after.phone_news)
        case (
            OrderCancelled()
            | OrderReturned()
            | CartChanged()
            | ProductViewed()
            | TagsEdited()
            | ErasureRequested()
            | AccessRequested()
            | OptInClaimed()
            | OptOutClaimed()
            | StatusRejected()
            | TagsObserved()
            | DriftFound()
        ):
            return
        case _:
            assert_never(event)


def _as_learned(opt_ins: Iterable[Act], after: Contact) -> Iterator[Act]:
    """An opt-in by e-mail that waits for the person's click is a request (B6)."""
    for act in opt_ins:
        asked, learned = after.email_asked_at, after.email_news.last_opt_in
        waits = asked is not None and asked >= act.at and (learned is None or learned < act.at)
        yield replace(act, kind=ActKind.REQUESTED) if act.matter is Matter.EMAIL and waits else act


def _ticked(customer: Customer, at: datetime, evidence: Evidence = NO_EVIDENCE, *, only_dated: bool = False) -> Iterator[Act]:
    for matter, box in ((Matter.EMAIL, customer.newsletter_email), (Matter.SMS, customer.newsletter_sms)):
        if box.ticked and not (only_dated and box.since is None):
            yield Act(matter, ActKind.OPT_IN, min(box.since or at, at), evidence)


def _channels(by_email: bool, by_sms: bool) -> Iterator[Matter]:
    yield from [Matter.EMAIL] * by_email
    yield from [Matter.SMS] * by_sms


def _changed(matter: Matter, before: Channel, after: Channel, evidence: Evidence = NO_EVIDENCE) -> Iterator[Act]:
    for act in dict.fromkeys((after.opted_in, after.brought_in)):
        if act is not None and act not in (before.opted_in, before.brought_in):
            yield Act(matter, ActKind.OPT_IN, act, evidence)
    for act in dict.fromkeys((after.opted_out, after.brought_out)):
        if act is not None and act not in (before.opted_out, before.brought_out):
            yield Act(matter, ActKind.OPT_OUT, act, evidence)


def joined(before: Contact, after: Contact) -> Iterator[Act]:
    """What a contact stands for since it took over another one, where that is something else than before (R72)."""
    for matter, one, other in (
        (Matter.EMAIL, before.email_news.said, after.email_news.said),
        (Matter.SMS, before.phone_news.said, after.phone_news.said),
    ):
        if other is not None and (one is None or one.status is not other.status):
            yield Act(matter, ActKind.OPT_IN if other.status is Status.OPT_IN else ActKind.OPT_OUT, other.at)
    if after.transfer.withdrawn is not None and after.transfer.is_withdrawn and not before.transfer.is_withdrawn:
        yield Act(Matter.TRANSFER, ActKind.WITHDRAWN, after.transfer.withdrawn)
    if after.transfer.granted_last is not None and after.transfer.is_given and not before.transfer.is_given:
        yield Act(Matter.TRANSFER, ActKind.GRANTED, after.transfer.granted_last)


_SEALED = tuple(sorted(one.name for one in fields(Entry) if one.name not in ("details", "digest")))


# -- the chain -----------------------------------------------------------------------------------------------------------


def details_of(email: str, evidence: Evidence, salt: str) -> dict[str, str]:
    shown = {name: _text(said) for name, said in vars(evidence).items() if said}
    return {"email": email, **shown, "salt": salt}


def digest_of_details(details: Mapping[str, str]) -> str:
    return _sha256(details)


def is_intact(entries: Sequence[Entry]) -> bool:
    """Does every entry, in order, seal itself, its details, and the one before it?"""
    previous = GENESIS
    for number, entry in enumerate(entries, start=1):
        details_fit = entry.details is None or digest_of_details(entry.details) == entry.details_digest
        if entry.number != number or entry.previous != previous or entry.digest != _digest_of(entry) or not details_fit:
            return False
        previous = entry.digest
    return True


def _digest_of(entry: Entry) -> str:
    held = vars(entry)
    return _sha256({name: _text(held[name]) for name in _SEALED})


def _text(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


def _sha256(content: Mapping[str, str]) -> str:
    """Of what `json.dumps(content, sort_keys=True)` writes, put together here: an encoder would be made anew for each line."""
    said = ", ".join([f"{quoted(name)}: {quoted(content[name])}" for name in sorted(content)])
    return hashlib.sha256(f"{{{said}}}".encode()).hexdigest()
