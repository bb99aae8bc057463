"""What a source can say. A platform's folder turns what was pushed or scanned into findings; whether they are news is said here.

A push, a scan and a repetition of one state are the same finding with the same event ids: together they are one event (R82).
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from app.domain.events import (
    AccountChanged,
    CartChanged,
    CustomerRegistered,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    Subscribed,
    TagsEdited,
    Unsubscribed,
)
from app.domain.intake.arrival import arrived
from app.domain.intake.inbox import NewEvent
from app.domain.intake.pushes import Remembered
from app.domain.shops.shop import Shop
from app.domain.values import replace, value

Tellable = (
    CustomerRegistered
    | AccountChanged
    | Subscribed
    | Unsubscribed
    | OrderPlaced
    | OrderCancelled
    | OrderReturned
    | CartChanged
    | TagsEdited
)


@value()
class SourceEvent:
    """An event under the id that its meaning gives it."""

    event_id: str
    event: Tellable
    received_at: datetime | None = None
    """When it was received, where it is dated later than that (R08)."""


OVER = "no"
"""The state of a thing that ended."""
STAMP = "%Y%m%dT%H%M%S"
"""How a time stands in an id."""


@value()
class Finding:
    """A thing of the platform as it was seen at a time.

    `state` is a digest of what matters of it. `first` are the events if nothing was known of the thing, `again` if it was known as
    another; a thing that is as it was is no event.
    """

    shop_id: str
    key: str
    state: str
    as_of: datetime
    first: tuple[SourceEvent, ...] = ()
    again: tuple[SourceEvent, ...] = ()
    is_act: bool = False
    """`as_of` is when the person acted: the same state since a later time is another act. Otherwise it says nothing new (R50)."""
    overtaken: SourceEvent | None = None
    """How the thing ended, if that is known (`OVER`) and newer: it is reported again, for nothing was there to end before (R19)."""
    account: int | None = None
    """Whose tags are to be read now, where the platform keeps tags and pushes none."""


class Unusable(StrEnum):
    """Why a row that can be read makes no event."""

    NO_ADDRESS = "no_address"
    NO_DATE = "no_date"
    NO_GOODS = "no_goods"
    NO_VALUE = "no_value"
    OTHER_SHOP = "other_shop"
    NO_ORDER = "no_order"
    ACCOUNT_DELETED = "account_deleted"
    ORDER_DELETED = "order_deleted"


WORDS: dict[Unusable, tuple[str, str]] = {
    Unusable.NO_ADDRESS: (
        "it carries no e-mail address by which SALESmanago could know the person",
        "brak w nim adresu e-mail, po którym SALESmanago mogłoby rozpoznać osobę",
    ),
    Unusable.NO_DATE: ("it does not say when it happened", "nie wiadomo, kiedy to się stało"),
    Unusable.NO_GOODS: ("there is not one article in it", "nie ma w nim ani jednego towaru"),
    Unusable.NO_VALUE: ("its value or currency cannot be read", "nie da się odczytać jego wartości lub waluty"),
    Unusable.OTHER_SHOP: (
        "it belongs to a shop of the panel that is not connected here",
        "dotyczy sklepu w panelu, który nie jest tu podłączony",
    ),
    Unusable.ACCOUNT_DELETED: (
        "the account was deleted in the shop, which is no request for erasure (if the person asked for one: `gateway erase`)",
        "konto usunięto w sklepie, co nie jest żądaniem usunięcia danych (jeśli ta osoba o nie prosi: `gateway erase --pl`)",
    ),
    Unusable.ORDER_DELETED: (
        "the order was deleted in the shop, which does not say whose it was, so a purchase that was sent stays in SALESmanago "
        "(cancel an order before you delete it)",
        "zamówienie usunięto w sklepie, który nie podaje, czyje było, więc wysłany zakup zostaje w SALESmanago (zamówienie "
        "trzeba anulować, zanim się je usunie)",
    ),
    Unusable.NO_ORDER: ("the panel does not show the order it belongs to", "panel nie pokazuje zamówienia, którego to dotyczy"),
}
"""For people, in English and Polish."""


@value()
class Left:
    """A row of which no event can be made, and why."""

    shop_id: str
    about: str
    """What it is, without a word about the person: `order 12`."""
    reason: Unusable


@value()
class Translation:
    findings: tuple[Finding, ...] = ()
    left: tuple[Left, ...] = ()
    notes: tuple[str, ...] = ()
    """What was corrected of it, for people."""

    def __add__(self, other: "Translation") -> "Translation":
        return Translation((*self.findings, *other.findings), (*self.left, *other.left), (*self.notes, *other.notes))


NOTHING = Translation()


class NotUnderstood(Exception):
    """A push that is none of what we can read. `words` say what is missing, without a value of it."""

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


def as_arrived(found: Translation, received_at: datetime) -> Translation:
    """Nothing in it is dated after it was received (R08): neither what is reported nor what is remembered."""
    return replace(found, findings=tuple(_arrived(one, received_at) for one in found.findings))


def _arrived(finding: Finding, received_at: datetime) -> Finding:
    times = [finding.as_of, *(one.event.at for one in (*finding.first, *finding.again))]
    if max(times) <= received_at:
        return finding
    # Platforms date by the second: what follows within the same one is not older (R09).
    limit = received_at.replace(microsecond=0)

    def dated(events: tuple[SourceEvent, ...]) -> tuple[SourceEvent, ...]:
        return tuple(replace(one, received_at=limit) for one in events)

    return replace(finding, as_of=min(finding.as_of, limit), first=dated(finding.first), again=dated(finding.again))


def news(finding: Finding, known: Remembered | None) -> tuple[SourceEvent, ...]:
    """The events of a finding. An older state than the one that is known is no event: the newer one has said it."""
    if known is None:
        return finding.first
    if finding.as_of < known.as_of:
        if finding.overtaken is None or known.state != OVER:
            return ()
        ended = finding.overtaken
        return (replace(ended, event_id=f"{ended.event_id}:{known.as_of:{STAMP}}", event=replace(ended.event, at=known.as_of)),)
    if finding.state == known.state and not (finding.is_act and finding.as_of > known.as_of):
        return ()
    return finding.again


def remembered(finding: Finding, known: Remembered | None) -> Remembered:
    """What is known of the thing after the finding."""
    if known is not None and finding.as_of < known.as_of:
        return known
    return Remembered(finding.state, finding.as_of)


def sifted(
    findings: Sequence[Finding], known: Mapping[tuple[str, str], Remembered]
) -> tuple[list[tuple[str, SourceEvent]], dict[tuple[str, str], Remembered]]:
    """The events of several findings, in their order, with the shop; and what is to be remembered. Each event once."""
    events: dict[tuple[str, str], SourceEvent] = {}
    after: dict[tuple[str, str], Remembered] = {}
    for finding in findings:
        key = (finding.shop_id, finding.key)
        before = after.get(key, known.get(key))
        for one in news(finding, before):
            events.setdefault((finding.shop_id, one.event_id), one)
        after[key] = remembered(finding, before)
    changed = {key: now for key, now in after.items() if now != known.get(key)}
    return [(shop_id, one) for (shop_id, _), one in events.items()], changed


def new_event(found: SourceEvent, shop: Shop) -> NewEvent:
    """As the inbox takes it. Equal ids are equal by their meaning, so a repetition is never a conflict."""
    digest = hashlib.sha256(found.event_id.encode()).hexdigest()
    event = NewEvent(shop.id, found.event_id, type_of(found.event), found.event, digest, held=not shop.enabled)
    return event if found.received_at is None else arrived(event, found.received_at)


def type_of(event: Tellable) -> str:
    """The name on the wire: what the shop would have posted."""
    match event:
        case CustomerRegistered():
            return "registration"
        case AccountChanged():
            return "account-change"
        case Subscribed():
            return "subscription"
        case Unsubscribed():
            return "unsubscription"
        case OrderPlaced():
            return "order"
        case OrderCancelled():
            return "order-cancellation"
        case OrderReturned():
            return "order-return"
        case CartChanged():
            return "cart"
        case TagsEdited():
            return "tag-edit"
        case _:
            assert_never(event)


def fingerprint(*parts: object) -> str:
    """A digest of what matters of a thing."""
    return hashlib.sha256(repr(parts).encode(errors="backslashreplace")).hexdigest()[:16]
