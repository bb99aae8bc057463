"""Counts what became of the last days' events, a little at a time, and stores it: opening the console costs no scan (R92)."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from app.domain.operations.history import Day, HourlyCounts, days_of, since
from app.services.health.recent import Recent
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory

_SLICE = 2000
_BREATH_SECONDS = 0.004
_IDLE = 20
"""Counting takes a twentieth of the time at most."""
_AT_LEAST_SECONDS = 5.0


class History:
    def __init__(self, store: Store, directory: ShopDirectory, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock
        self._counted = Recent(self._count, idle=_IDLE, at_least=_AT_LEAST_SECONDS)

    async def days(self) -> Mapping[str, list[Day]]:
        """Shop -> its last days; some seconds old."""
        counted, now = await self._counted.get(), self._clock()
        return {shop.id: days_of(counted.get(shop.id, {}), shop.time_zone, now) for shop in self._directory.shops()}

    async def _count(self) -> Mapping[str, HourlyCounts]:
        async with self._store.work() as work:
            after: int | None = await work.inbox.last_before(since(self._clock()))
        found: dict[str, dict[datetime, dict[str, int]]] = {}
        while after is not None:
            async with self._store.work() as work:
                counted, after = await work.inbox.hours_after(after, _SLICE)
            for shop_id, hour, state, number in counted:
                states = found.setdefault(shop_id, {}).setdefault(hour, {})
                states[state] = states.get(state, 0) + number
            if after is not None:
                await asyncio.sleep(_BREATH_SECONDS)
        return found
