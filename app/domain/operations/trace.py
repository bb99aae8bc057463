"""The answer to "why was this (not) sent?": received, decided, queued, tried, answered."""

from datetime import datetime

from app.domain.commands import Command, ErasedCommand
from app.domain.intake.inbox import EventState
from app.domain.operations.evidence import Evidence
from app.domain.reasons import Reason
from app.domain.values import value


@value()
class AttemptTrace:
    number: int
    at: datetime
    outcome: str
    detail: str
    path: str | None
    milliseconds: int | None


@value(kw_only=True)
class CommandTrace:
    id: int
    command: Command | ErasedCommand
    state: str
    reason: Reason | None
    queued_at: datetime
    settled_at: datetime | None
    upstream_id: str | None
    attempts: tuple[AttemptTrace, ...]
    destination: str = ""
    due_at: datetime | None = None
    """Of one that waits: when its contact is claimed again."""
    leased_until: datetime | None = None
    """Of one that waits: while somebody sends for its contact."""

    @property
    def is_only_shown(self) -> bool:
        """A shop in shadow mode would have sent it."""
        return self.reason is Reason.SHADOW


@value(kw_only=True)
class EventTrace:
    event_id: str
    shop_id: str
    type: str
    state: EventState
    reason: Reason | None
    detail: str | None
    occurred_at: datetime
    received_at: datetime
    decided_at: datetime | None
    settled_at: datetime | None
    warnings: tuple[str, ...]
    commands: tuple[CommandTrace, ...]
    contact_id: int | None = None
    order_id: str | None = None
    evidence: tuple[Evidence, ...] = ()
    """What the decision rests on."""
