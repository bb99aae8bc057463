"""Take back what waits in the outbox after an act that took permission away."""

from datetime import datetime

from app.domain.commands import Command
from app.domain.delivery import TakeBack, taken_back
from app.domain.pipeline import EventState
from app.domain.reasons import Reason
from app.services.ports import Work


async def take_back(work: Work, contact_id: int, act: TakeBack, reason: Reason, now: datetime) -> list[Command]:
    """Cancel or weaken the waiting commands of a contact; answers the cancelled ones. The caller commits."""
    waiting = (await work.outbox.waiting([contact_id])).get(contact_id, [])
    left = {one.id: taken_back(one.command, act) for one in waiting}
    cancelled = [one for one in waiting if left[one.id] is None]
    weaker = {one.id: kept for one in waiting if (kept := left[one.id]) is not None and kept != one.command}
    await work.outbox.rewrite(contact_id, weaker, [one.id for one in cancelled], now)
    await work.inbox.mark({one.event_seq for one in cancelled}, EventState.WITHHELD, reason, now)
    return [one.command for one in cancelled]
