"""One row that cannot be stored must not hold up those that came with it (R73)."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from app.domain.errors import NotReady
from app.domain.intake.inbox import NewEvent
from app.services.ports.storage import Store

log = structlog.get_logger(__name__)


async def storable(store: Store, events: Sequence[NewEvent], at: datetime) -> list[NewEvent]:
    """Those of some events that the store takes, each tried by itself and not kept. The others stand in the log by their ids."""
    found = []
    for event in events:
        try:
            async with store.work() as work:
                await work.inbox.add([event], at)
            found.append(event)
        except NotReady:
            raise
        except Exception:
            log.exception("event_left_out", shop_id=event.shop_id, event_id=event.event_id)
    return found
