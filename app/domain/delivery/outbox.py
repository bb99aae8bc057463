"""What stands in the outbox: commands of a contact, for a destination, claimed together."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple, assert_never

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
    as_upsert,
)
from app.domain.delivery.revocation import Revocation
from app.domain.reasons import Reason
from app.domain.shops.shop import Shop
from app.domain.values import value

BACKGROUND_PER_CLAIM = 100
"""Contacts per bulk claim: so few that a live contact never waits long for its call."""


class CommandState(StrEnum):
    WAITING = "waiting"
    SENT = "sent"
    PARKED = "parked"
    CANCELLED = "cancelled"


def to_account(account_id: str) -> str:
    """Destination of what is written to a SALESmanago account."""
    return f"account:{account_id}"


def to_reading(account_id: str) -> str:
    """Destination of what must be read in a SALESmanago account before it is believed."""
    return f"reading:{account_id}"


def to_newsletter(shop_id: str) -> str:
    """Destination of newsletter states for a shop. Separate from tags, which are many and may wait."""
    return f"newsletter:{shop_id}"


def to_tags(shop_id: str) -> str:
    """Destination of mirrored tags and points."""
    return f"tags:{shop_id}"


def destination_of(command: Command, shop: Shop) -> str:
    match command:
        case UpsertContact() | AddEvent() | DeleteContact():
            return to_account(shop.account)
        case SetSubscription() | ReportErasure():
            return to_newsletter(shop.id)
        case MirrorTags():
            return to_tags(shop.id)
        case ConfirmOptIn() | ConfirmOptOut():
            return to_reading(shop.account)
        case _:
            assert_never(command)


class ContactQueue(NamedTuple):
    """What waits for one contact at one destination: the unit that is claimed, leased and fenced."""

    contact_id: int
    destination: str


@value()
class NewCommand:
    destination: str
    shop_id: str
    contact_id: int
    event_seq: int
    command: Command
    counted: bool = True
    """Does the event wait for it? An order is sent once SALESmanago has it, whatever the panel says."""
    background: bool = False
    """What a list brought. Contacts for whom nothing else waits come after the others (R63)."""

    @property
    def contact_queue(self) -> ContactQueue:
        return ContactQueue(self.contact_id, self.destination)


@value()
class WaitingCommand:
    id: int
    event_seq: int
    command: Command
    maybe_sent: bool
    """An earlier attempt ended without a reliable answer: verify before sending again."""
    attempts: int = 0
    counted: bool = True


def upserts_among(waiting: Iterable[WaitingCommand]) -> list[UpsertContact]:
    return [upsert for one in waiting if (upsert := as_upsert(one.command)) is not None]


class InFlight(NamedTuple):
    """Claims of a destination that may still call, in all processes."""

    claims: int
    of_lists: int
    """Those of them that carry what lists bring, or replays."""


@value()
class DeferredRevocation:
    """An act that arrived while commands were on their way: it is applied before any of them is tried again."""

    act: Revocation
    reason: Reason
    up_to: int
    """Id of the last command that was queued before the act; what came later is none of its business."""


@value()
class Claim:
    """The waiting commands of one contact, leased. `lease_token` fences: only the holder of the newest lease may record."""

    contact_queue: ContactQueue
    shop_id: str
    lease_token: int
    attempts: int
    first_tried_at: datetime | None
    commands: tuple[WaitingCommand, ...]
    revocations: tuple[DeferredRevocation, ...] = ()
    defect: str | None = None
    """Name of what failed of ours while it was judged: nothing of it may leave."""

    @property
    def contact_id(self) -> int:
        return self.contact_queue.contact_id


@value()
class ManualTask:
    """A command that only a person can carry out."""

    id: int
    event_seq: int
    command: Command
    counted: bool
    reason: Reason
    detail: str
    since: datetime
