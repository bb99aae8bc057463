"""Alarms beside those of each shop's health: parked items, neighbours that take nothing, refused requests, keys that end (L5)."""

from datetime import timedelta

from app.domain.delivery.circuit_breaker import Circuit
from app.domain.operations.alarms import Alarm
from app.domain.operations.replay import ParkedFilter
from app.domain.operations.request_log import RequestOutcome
from app.services.operations.replay import Operations
from app.services.operations.request_log import RequestLog
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory

TAKES_NOTHING_FOR = timedelta(minutes=5)
LAST_REQUESTS = 10
"""So many in a row must have been refused, the newest of them within `LATELY`."""
LATELY = timedelta(hours=1)
KEY_ENDS_WITHIN = timedelta(days=14)

_POSTED = (RequestOutcome.TAKEN, RequestOutcome.REFUSED, RequestOutcome.UNKNOWN_KEY)


class TroubleWatch:
    def __init__(self, store: Store, operations: Operations, requests: RequestLog, directory: ShopDirectory, clock: Clock) -> None:
        self._store = store
        self._operations = operations
        self._requests = requests
        self._directory = directory
        self._clock = clock

    async def alarms(self) -> set[Alarm]:
        """What is wrong at the moment."""
        return {*await self._parked(), *await self._neighbours(), *await self._refused(), *await self._differences(), *self._keys()}

    async def _parked(self) -> set[Alarm]:
        groups = await self._operations.parked(ParkedFilter())
        return {(one.shop_id, "parked") for one in groups if not (one.destination or "").startswith(("newsletter:", "tags:"))}

    async def _neighbours(self) -> set[Alarm]:
        before = self._clock() - TAKES_NOTHING_FOR
        troubled = [one for one in await self._operations.lines() if one.circuit is not Circuit.CLOSED]
        return {(one.destination, "takes_nothing") for one in troubled if (one.neighbour.breaker.since or before) <= before}

    async def _refused(self) -> set[Alarm]:
        found: set[Alarm] = set()
        for shop in self._directory.shops():
            last = [one for _, one in await self._requests.recent(shop.id, _POSTED, limit=LAST_REQUESTS)]
            full = len(last) == LAST_REQUESTS and last[-1].at >= self._clock() - LATELY
            if full and all(one.outcome is not RequestOutcome.TAKEN for one in last):
                found.add((shop.id, "requests_all_refused"))
        return found

    async def _differences(self) -> set[Alarm]:
        """The last comparison found both sides apart, and nothing compared them since."""
        found: set[Alarm] = set()
        async with self._store.work() as work:
            for shop in self._directory.shops():
                over = [run for run in await work.reconciliations.of_shop(shop.id, 2) if run.is_over]
                if over and sum(over[0].causes.values()):
                    found.add((shop.id, "sides_differ"))
        return found

    def _keys(self) -> set[Alarm]:
        now = self._clock()
        live = [key for key in self._directory.all_keys() if key.is_live(now) and key.expires_at is not None]
        return {(key.id, "key_ends_soon") for key in live if key.expires_at is not None and key.expires_at - now <= KEY_ENDS_WITHIN}
