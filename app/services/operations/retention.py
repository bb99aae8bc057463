"""Remove what is kept no longer, class by class, a little at a time (M4)."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

import structlog

from app.domain.errors import NotReady
from app.domain.intake.inbox import EventState
from app.domain.operations.retention import Retention
from app.domain.person.sale import NO_SALE, WAIT_FOR_ORDER
from app.domain.values import replace
from app.services.ports.clock import Clock
from app.services.ports.storage import Store, Work

log = structlog.get_logger(__name__)

_NEVER_SENT = "cleaning:strangers"
AT_A_TIME = 500


async def _forget_waiting(work: Work, ended: Sequence[tuple[int, str, str]]) -> None:
    """`ended`: event, shop, order."""
    numbers = {seq for seq, _, _ in ended}
    for shop_id in {shop_id for _, shop_id, _ in ended}:
        known = await work.sales.of_orders(shop_id, {order for _, shop, order in ended if shop == shop_id})
        left = {
            (shop_id, order): replace(sale, waits=tuple(one for one in sale.waits if one not in numbers))
            for order, sale in known.items()
        }
        await work.sales.save({key: sale for key, sale in left.items() if sale != NO_SALE})
        await work.sales.forget([key for key, sale in left.items() if sale == NO_SALE])


class Cleaner:
    def __init__(self, store: Store, retention: Retention, clock: Clock) -> None:
        self._store = store
        self._retention = retention
        self._clock = clock
        self._more: set[str] = set()

    async def clean(self) -> int:
        """A bounded number of rows of every class; answers how many. 0 = nothing is left to remove."""
        now, kept = self._clock(), self._retention
        ended = (EventState.SENT, EventState.WITHHELD, EventState.SUPERSEDED)
        classes: dict[str, Callable[[Work], Awaitable[int]]] = {
            "payloads": lambda work: work.cleaning.payloads(now - kept.content, ended),
            "parked_payloads": lambda work: work.cleaning.payloads(now - kept.parked, (EventState.PARKED,)),
            "commands": lambda work: work.cleaning.commands(now - kept.content),
            "parked_commands": lambda work: work.cleaning.parked_commands(now - kept.parked),
            "calls": lambda work: work.cleaning.calls(now - kept.content),
            "waiting_for_orders": lambda work: self._give_up_waiting(work, now),
            "carts": lambda work: work.cleaning.carts(now - kept.content),
            "reports": lambda work: work.cleaning.reports(now - kept.parked),
            "events": lambda work: work.cleaning.events(now - kept.events),
            "reason_counts": lambda work: work.reason_counts.remove(now - kept.events),
            "requests": lambda work: work.cleaning.requests(now - kept.requests),
            "never_sent": lambda work: self._never_sent(work, now - kept.never_sent),
            "pushes": lambda work: work.pushes.remove(now - kept.content),
        }
        removed: dict[str, int] = {}
        for name, remove in classes.items():
            if self._more and name not in self._more:
                continue  # only where something was left the last time
            try:
                async with self._store.work() as work:
                    # Planning writes the same rows: one waits for the other.
                    await work.inbox.lock_contacts()
                    removed[name] = await remove(work)
                    await work.commit()
            except NotReady:
                raise
            except Exception:  # the other classes are cleaned all the same (R73)
                log.exception("cleaning_failed", what=name)
        self._more = {name for name, number in removed.items() if number}
        total = sum(removed.values())
        if total:
            async with self._store.work() as work:
                await work.cleaning.shrink()
                await work.commit()
            await self._store.remove_leftovers()
            log.info("cleaned", **{name: number for name, number in removed.items() if number})
        return total

    async def _give_up_waiting(self, work: Work, now: datetime) -> int:
        """What takes back an order that never came waits no longer (R19)."""
        ended = await work.inbox.end_waiting_for_order(now - WAIT_FOR_ORDER, now, AT_A_TIME)
        await _forget_waiting(work, ended)
        return len(ended)

    async def _never_sent(self, work: Work, before: datetime) -> int:
        after = int(await work.registry.entry(_NEVER_SENT) or "0")
        removed, last = await work.cleaning.never_sent(before, after)
        if last != after:
            await work.registry.set_entry(_NEVER_SENT, str(last))
        return removed
