"""Events that no shop posted: what the gateway observed itself or was called back about, on the way into the inbox."""

import hashlib
from typing import Literal

from app.domain.events import Event
from app.domain.intake.inbox import NewEvent

GatewayEventType = Literal[
    "account-listed",
    "opt-in",
    "opt-out",
    "opt-in-confirmed",
    "opt-out-confirmed",
    "upstream-status",
    "upstream-tags",
    "status-not-taken",
    "drift-found",
]
"""How such an event is called where it is shown; a test compares them with the words."""


def gateway_event(shop_id: str, type_: GatewayEventType, event: Event, event_id: str, *, held: bool = False) -> NewEvent:
    """`event_id` must be new: what a shop may call its own events, it did not call this one."""
    digest = hashlib.sha256(repr(event).encode()).hexdigest()
    return NewEvent(shop_id=shop_id, event_id=event_id, type=type_, event=event, digest=digest, held=held)
