"""Say it once when something begins to be wrong, and once when it is over: in the log, to a webhook, by e-mail (R11, L5)."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from app.domain.operations.alarms import Alarm, AlarmCode, AlarmNotice
from app.services.health.health import Report
from app.services.health.problems import ShopHealth

log = structlog.get_logger(__name__)


class Health(Protocol):
    async def quick_report(self) -> Report: ...


class Watch(Protocol):
    async def alarms(self) -> set[Alarm]: ...


Tell = Callable[[AlarmNotice], Awaitable[bool]]
"""Sends a notice; answers whether it was accepted. What was not is sent again the next time."""

MOST_UNTOLD = 200


class Alarms:
    def __init__(self, health: Health, *watches: Watch, tells: Sequence[Tell] = (), guard: Watch | None = None) -> None:
        """`guard`: what it says is said alone: in a copy of a database everything is late, and that is nobody's trouble."""
        self._health = health
        self._guard = guard
        self._watches = watches
        self._channels = [_Channel(tell) for tell in tells]
        self._raised: frozenset[Alarm] = frozenset()

    async def watch(self) -> int:
        """Check everything that has a limit. Answers 0: there is never more to do at once."""
        guarded = frozenset(await self._guard.alarms() if self._guard is not None else ())
        now = self._raised | guarded if guarded else await self._check()
        for shop, what in sorted(now - self._raised):
            log.warning("alarm", shop_id=shop, what=what)
        for shop, what in sorted(self._raised - now):
            log.warning("alarm_over", shop_id=shop, what=what)
        begun = [AlarmNotice(*one, over=False) for one in sorted(now - self._raised)]
        ended = [AlarmNotice(*one, over=True) for one in sorted(self._raised - now)]
        self._raised = now
        for channel in self._channels:
            await channel.say([*begun, *ended])
        return 0

    async def _check(self) -> frozenset[Alarm]:
        report = await self._health.quick_report()
        now = frozenset(_alarms(report))
        if not report.ready:
            return now | self._raised  # without a report nothing is known to be over
        for one in self._watches:
            now |= await one.alarms()
        return now


class _Channel:
    """A way to notify: one that fails delays no other, and nobody is notified twice."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._untold: list[AlarmNotice] = []

    async def say(self, notices: list[AlarmNotice]) -> None:
        """In the order in which things happened: the first that is not taken keeps the others waiting."""
        self._untold = [*self._untold, *notices][-MOST_UNTOLD:]
        while self._untold and await self._tell(self._untold[0]):
            del self._untold[0]


def _alarms(report: Report) -> set[Alarm]:
    found: set[Alarm] = {(shop.shop_id, what) for shop in report.shops for what in _of(shop)}
    return found if report.ready else found | {("", "not_ready")}


def _of(shop: ShopHealth) -> list[AlarmCode]:
    wrong: dict[AlarmCode, bool] = {
        "events_late": shop.late,
        "receipt_missing": shop.receipt_missing,
        "consent_box_seems_hidden": shop.consent_box_seems_hidden,
        "hand_work_waits": shop.manual_tasks > 0,
    }
    return [name for name, is_wrong in wrong.items() if is_wrong]
