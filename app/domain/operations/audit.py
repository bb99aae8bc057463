"""Who did what through which interface (R95, L11): an entry per action, never changed."""

from datetime import datetime
from enum import StrEnum

from app.domain.values import value


class Door(StrEnum):
    API = "api"
    CONSOLE = "console"
    CLI = "cli"
    EVENT = "event"
    """An event that a shop posted."""
    START = "start"
    """The file of shops that is applied at start."""


@value()
class Actor:
    """Who acts: an operator's or a shop's key by name and id, or the user of the machine at the command line."""

    door: Door
    name: str


class Action(StrEnum):
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    CONFIGURED = "configured"
    SECRETS_EXPORTED = "secrets_exported"
    SHOP_REMOVED = "shop_removed"
    KEY_ISSUED = "key_issued"
    KEY_REVOKED = "key_revoked"
    KEYS_ROTATED = "keys_rotated"
    ERASED_BY_ANOTHER_SHOP = "erased_by_another_shop"
    """Another shop of the account erased a person: the one contact in SALESmanago is gone for this shop too."""
    ERASURE_REQUESTED = "erasure_requested"
    ACCESS_REPORTED = "access_reported"
    """Everything stored about a person was shown to staff, to be handed over."""
    REPLAYED = "replayed"
    PUSH_READ_AGAIN = "push_read_again"
    MANUAL_TASK_DONE = "hand_work_done"
    CONFLICTS_SEEN = "conflicts_seen"
    """Somebody saw to what both sides disagree about; nothing was sent."""
    BACKFILL_STARTED = "backfill_started"
    BACKFILL_PAUSED = "backfill_paused"
    BACKFILL_RESUMED = "backfill_resumed"
    BACKFILL_APPROVED = "backfill_approved"
    BACKFILL_CANCELLED = "backfill_cancelled"
    RECONCILIATION_STARTED = "reconciliation_started"
    INSTALLATION_CONFIRMED = "installation_confirmed"
    """A person said that the database is no copy of one that is in use."""


@value(kw_only=True)
class AuditEntry:
    at: datetime
    actor: Actor
    action: Action
    shop_id: str | None = None
    about: str = ""
    """What it was done to: a number, a key's id."""
    before: str = ""
    after: str = ""
    """How it was and how it is, in words; no secret, no address."""


def erased_elsewhere(erasing_shop: str, shop_id: str, contact_id: int, at: datetime) -> AuditEntry:
    """For a shop whose person another shop of the account erased. Nobody is named: its staff know their contact by the number."""
    actor = Actor(Door.EVENT, erasing_shop)
    return AuditEntry(
        at=at, actor=actor, action=Action.ERASED_BY_ANOTHER_SHOP, shop_id=shop_id, about=f"contact {contact_id}", after="gone there"
    )
