"""What was seen or heard in SALESmanago, as events of the inbox."""

import hashlib

from app.domain.events import OptInReported, StatusNotTaken, StatusSeen, TagsSeen
from app.domain.pipeline import NewEvent

UpstreamEvent = StatusSeen | StatusNotTaken | OptInReported | TagsSeen


def heard(shop_id: str, type_: str, event: UpstreamEvent, event_id: str, *, held: bool = False) -> NewEvent:
    """`event_id` must be new: what a shop may call its own events, it did not call this one."""
    digest = hashlib.sha256(repr(event).encode()).hexdigest()
    return NewEvent(shop_id=shop_id, event_id=event_id, type=type_, event=event, digest=digest, held=held)
