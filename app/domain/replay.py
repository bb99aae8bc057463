"""What is left to be said of a parked command when somebody says: try it again (R71).

Time has passed since it was parked. An upsert is therefore not repeated but derived anew from what is true today, so a
replay can bring back no old name, no tag that was taken off since, and no permission that was withdrawn.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from app.domain.commands import AddEvent, Command, DeleteContact, UpsertContact
from app.domain.contact import Contact
from app.domain.difference import difference, told, untold
from app.domain.reasons import Reason
from app.domain.shop import Shop


@dataclass(frozen=True)
class ParkedFilter:
    """Which parked items are meant; what is None does not matter."""

    shop_id: str | None = None
    reason: Reason | None = None
    words: str | None = None
    """What the neighbour said, exactly as a group shows it."""
    event_id: str | None = None


@dataclass(frozen=True)
class ParkedGroup:
    """Parked items of one cause."""

    shop_id: str
    destination: str | None
    """None: the rules failed, nothing was ever to be sent."""
    reason: Reason
    words: str
    number: int
    oldest: datetime
    newest: datetime
    samples: Sequence[str]
    """Ids of some of the events."""


@dataclass(frozen=True)
class ParkedCommand:
    id: int
    destination: str
    shop_id: str
    contact_id: int
    event_seq: int
    event_id: str
    counted: bool
    command: Command
    reason: Reason


@dataclass(frozen=True)
class Again:
    """What becomes of one parked command: `command` is sent, or `reason` says why nothing is left of it."""

    command: Command | None
    contact: Contact
    reason: Reason | None = None


def again(command: Command, contact: Contact, shop: Shop) -> Again:
    """As it may be sent today, and the contact as it is believed to be known there afterwards."""
    if isinstance(command, DeleteContact):
        return Again(command, contact)
    if contact.erased:
        return Again(None, contact, Reason.ERASED)
    if contact.transfer.is_withdrawn:
        return Again(None, contact, Reason.CONSENT_WITHDRAWN)
    if isinstance(command, UpsertContact):
        doubted = untold(contact, [command])
        fresh = difference(doubted, shop)
        if fresh is None:
            return Again(None, contact, Reason.REPLACED)
        return Again(fresh, told(doubted, [fresh]))
    if isinstance(command, AddEvent):
        known_as = contact.told.email or contact.email
        if not known_as:
            return Again(None, contact, Reason.REPLACED)
        return Again(replace(command, email=known_as), contact)
    return Again(command, contact)  # for the shop's side, which compares with what it knows by then
