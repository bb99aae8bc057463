"""The answer to "why was this (not) sent?": received, decided, queued, tried, answered."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from app.domain.commands import (
    AddEvent,
    Command,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    ErasedCommand,
    MirrorTags,
    ReportErasure,
    SetSubscription,
    UpsertContact,
)
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

    def is_like(self, other: "AttemptTrace") -> bool:
        return (self.path, self.outcome, self.detail) == (other.path, other.outcome, other.detail)


def first_and_last(attempts: Sequence[AttemptTrace]) -> tuple[AttemptTrace, ...]:
    """Of tries that came to the same, one after the other, the first and the last: an outage of a night makes hundreds.

    Their numbers say how many were left out between two.
    """
    inner = zip(attempts[:-2], attempts[1:-1], attempts[2:], strict=True)
    kept = (one for before, one, after in inner if not (one.is_like(before) and one.is_like(after)))
    return (*attempts[:1], *kept, *attempts[1:][-1:])


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


_WORD_STARTS = re.compile(r"(?<!^)(?=[A-Z])")


def summarised(command: Command | ErasedCommand) -> tuple[str, dict[str, Any]]:
    """A command for people: tags and statuses in full, personal fields by name only."""
    match command:
        case UpsertContact():
            summary = {
                "renamed": command.new_email is not None,
                "fields": sorted(command.profile),
                "add_tags": list(command.add_tags),
                "remove_tags": list(command.remove_tags),
                "email_status": command.email_status,
                "phone_status": command.phone_status,
                "asks_opt_in": command.asks_opt_in is not None,
            }
            return "upsert_contact", {name: value for name, value in summary.items() if value}
        case AddEvent():
            summary = {
                "kind": command.kind.value,
                "external_id": command.external_id,
                "products": [line.product_id for line in command.lines],
                "value": str(command.value) if command.value is not None else None,
                "currency": command.currency,
            }
            return "add_event", {name: value for name, value in summary.items() if value}
        case ErasedCommand():
            return _WORD_STARTS.sub("_", command.was).lower(), {"erased": True}
        case DeleteContact():
            return "delete_contact", {}
        case ConfirmOptIn():
            return "confirm_opt_in", {}
        case ConfirmOptOut():
            return "confirm_opt_out", {}
        case SetSubscription():
            said = {"email": command.email_news, "sms": command.phone_news}
            return "set_subscription", {channel: one.status.value for channel, one in said.items() if one is not None}
        case ReportErasure():
            return "report_erasure", {"erased_by": command.erased_by}
        case MirrorTags():
            mirrored = {
                "points": dict(command.tags.points),
                "sections": list(command.tags.sections),
                "gone": list(command.tags.gone),
            }
            return "mirror_tags", {name: value for name, value in mirrored.items() if value}
