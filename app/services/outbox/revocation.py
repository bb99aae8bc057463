"""Cancel what waits in the outbox after an act that took permission away, or made it pointless."""

from collections.abc import Sequence
from datetime import datetime

from app.domain.commands import Command
from app.domain.delivery.outbox import ContactQueue
from app.domain.delivery.revocation import Revocation, unsent_part, without_revoked
from app.domain.intake.inbox import end_unsent
from app.domain.person.sale import NO_SALE, of_orders, unsold
from app.domain.reasons import Reason
from app.services.ports.storage import Work


async def revoke(
    work: Work, shop_id: str, contact_queue: ContactQueue, act: Revocation, reason: Reason, now: datetime, up_to: int | None = None
) -> list[Command]:
    """Cancel or weaken what waits in a contact queue up to id `up_to`; answers what is not sent after all. The caller commits."""
    waiting = (await work.outbox.waiting(contact_queue.destination, [contact_queue.contact_id])).get(contact_queue.contact_id, [])
    concerned = [one for one in waiting if up_to is None or one.id <= up_to]
    left = {one.id: without_revoked(one.command, act, perhaps_arrived=one.maybe_sent) for one in concerned}
    cancelled = [one for one in concerned if left[one.id] is None]
    weaker = {one.id: kept for one in concerned if (kept := left[one.id]) is not None and kept != one.command}
    await work.outbox.rewrite(contact_queue, weaker, [one.id for one in cancelled], now)
    await work.inbox.mark({one.event_seq for one in cancelled if one.counted}, end_unsent(reason), reason, now)
    parts = (unsent_part(one.command, left[one.id], act, perhaps_arrived=one.maybe_sent) for one in concerned)
    lost = [part for part in parts if part is not None]
    await unsell(work, shop_id, [one.command for one in cancelled], reason)
    return lost


async def unsell(work: Work, shop_id: str, cancelled: Sequence[Command], reason: Reason) -> None:
    """Store that what these commands say of orders was never sent. The caller commits."""
    orders = of_orders(cancelled)
    if orders:
        known = await work.sales.of_orders(shop_id, orders)
        sales = {(shop_id, one): unsold(known.get(one, NO_SALE), theirs, reason) for one, theirs in orders.items()}
        await work.sales.save(sales)
