"""Say it once when something begins to be wrong, and once when it is over: in the log, where alerts are made of it (R11, L5)."""

from typing import Protocol

import structlog

from app.services.operations.health import Report, ShopHealth

log = structlog.get_logger(__name__)

Alarm = tuple[str, str]
"""(shop, what is wrong); the shop is empty for what concerns everybody."""


class Health(Protocol):
    async def report(self, *, counted: bool = True) -> Report: ...


class Sources(Protocol):
    async def alarms(self) -> set[Alarm]: ...


class Alarms:
    def __init__(self, health: Health, sources: Sources | None = None) -> None:
        self._health = health
        self._sources = sources
        self._raised: frozenset[Alarm] = frozenset()

    async def watch(self) -> int:
        """Look at everything that has a limit. Answers 0: there is never more to do at once."""
        report = await self._health.report(counted=False)
        now = frozenset(_alarms(report))
        if report.ready and self._sources is not None:
            now |= await self._sources.alarms()
        if not report.ready:
            now |= self._raised  # who cannot look cannot say that anything is over
        for shop, what in sorted(now - self._raised):
            log.warning("alarm", shop_id=shop, what=what)
        for shop, what in sorted(self._raised - now):
            log.warning("alarm_over", shop_id=shop, what=what)
        self._raised = now
        return 0


def _alarms(report: Report) -> set[Alarm]:
    found = {(shop.shop_id, what) for shop in report.shops for what in _of(shop)}
    return found if report.ready else found | {("", "not_ready")}


def _of(shop: ShopHealth) -> list[str]:
    wrong = {
        "events_late": shop.late,
        "receipt_missing": shop.receipt_missing,
        "consent_box_seems_hidden": shop.consent_box_seems_hidden,
        "hand_work_waits": shop.hand_work > 0,
    }
    return [name for name, is_wrong in wrong.items() if is_wrong]
