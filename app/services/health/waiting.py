"""All that waits, whatever it waits for: only if there is none of it may anybody say that nothing waits (R91)."""

from typing import Protocol

from app.domain.operations.open_items.items import OpenItem, items_of_events
from app.domain.operations.open_items.words import OpenKind
from app.services.health.health import Health
from app.services.health.problems import ShopHealth
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory

COUNTED = 1000
"""Events of a shop that are counted by what they wait for; of more is said that there are at least so many."""


class Sources(Protocol):
    async def open_items(self, shop_id: str | None = None) -> list[OpenItem]: ...


class WhatWaits:
    """Beside parked items and the queues of destinations (`services.operations.replay`)."""

    def __init__(self, store: Store, directory: ShopDirectory, health: Health, sources: Sources) -> None:
        self._store = store
        self._directory = directory
        self._health = health
        self._sources = sources

    async def items(self, shop_id: str | None = None) -> list[OpenItem]:
        """By shop, then by source."""
        return [*await self.of_shops(shop_id), *await self._sources.open_items(shop_id)]

    async def of_shops(self, shop_id: str | None = None) -> list[OpenItem]:
        """Without sources. Nothing that grows is read to the end: the events of a shop are counted up to a number."""
        report = await self._health.quick_report()
        states = [one for one in report.shops if shop_id in (None, one.shop_id)]
        found: list[OpenItem] = []
        async with self._store.work() as work:
            clicks = await work.contacts.unconfirmed_counts()
            last = await work.reconciliations.last_over()
            runs = await work.reconciliations.with_numbers(last.keys())
            differences = {last[run.id]: sum(run.left.values()) for run in runs}
            for one in states:
                found += items_of_events(one.shop_id, await work.inbox.open_events(one.shop_id, COUNTED))
                found += _of_people(one, clicks.get(one.shop_id, 0), differences.get(one.shop_id, 0))
        return found


def _of_people(shop: ShopHealth, clicks: int, differences: int) -> list[OpenItem]:
    numbers = {
        OpenKind.CLICK: clicks,
        OpenKind.MANUAL_TASK: shop.manual_tasks,
        OpenKind.CONFLICT: shop.conflicts + shop.differences,
        OpenKind.TRANSFER: int(shop.transfer_waits),
        OpenKind.DIFFERENCE: differences,
    }
    return [OpenItem(kind=kind, about=shop.shop_id, number=number) for kind, number in numbers.items() if number]
