"""When an alarm is raised: of a shop by its health; parked items, destinations, given up claims, refused requests, keys (L5)."""

from datetime import timedelta

from app.domain.operations.alarms import Alarm, AlarmCode
from app.domain.operations.replay import ParkedFilter
from app.domain.operations.request_log import DoorRequest, RequestOutcome
from app.services.delivery.given_up import PREFIX, still_given_up
from app.services.health.health import Report
from app.services.health.problems import ShopHealth
from app.services.operations.ledger_check import BROKEN
from app.services.operations.replay import Operations
from app.services.operations.request_log import RequestLog
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory

TAKES_NOTHING_FOR = timedelta(minutes=5)
LAST_REQUESTS = 10
"""So many in a row must have been refused, the newest of them within `LATELY`."""
LATELY = timedelta(hours=1)
CHECKED = 200
"""Of a shop's newest requests: among them are those of the API and those of its panel."""
KEY_ENDS_WITHIN = timedelta(days=14)

_REFUSED = (RequestOutcome.REFUSED, RequestOutcome.UNKNOWN_KEY)
_POSTED = (RequestOutcome.TAKEN, *_REFUSED)


class TroubleWatch:
    def __init__(self, store: Store, operations: Operations, requests: RequestLog, directory: ShopDirectory, clock: Clock) -> None:
        self._store = store
        self._operations = operations
        self._requests = requests
        self._directory = directory
        self._clock = clock
        self._seen = 0
        """Id of the newest refused request that was checked."""
        self._suspects: set[str] = set()
        """Shops of which all was refused at the last check."""
        self._compared: dict[int, bool] = {}
        """Comparison -> whether it left differences, of each shop's last one."""

    async def alarms(self) -> set[Alarm]:
        """What is wrong at the moment."""
        found = {*await self._parked(), *await self._destinations(), *await self._given_up(), *await self._ledgers()}
        return {*found, *await self._refused(), *await self._differences(), *self._keys()}

    async def _parked(self) -> set[Alarm]:
        groups = await self._operations.parked(ParkedFilter())
        return {(one.shop_id, "parked") for one in groups if not (one.destination or "").startswith(("newsletter:", "tags:"))}

    async def _destinations(self) -> set[Alarm]:
        now = self._clock()
        before = now - TAKES_NOTHING_FOR
        async with self._store.work() as work:
            known = await work.destinations.all()
            waiting = await work.outbox.waiting_contacts()
        troubled = {name: one.breaker for name, one in known.items() if one.takes_nothing(waiting.get(name, 0), now)}
        asked = {name: breaker for name, breaker in troubled.items() if not self._directory.is_disabled(name)}
        return {(name, "takes_nothing") for name, breaker in asked.items() if (breaker.since or before) <= before}

    async def _given_up(self) -> set[Alarm]:
        """By any process that claims."""
        async with self._store.work() as work:
            facts = await work.registry.entries_like(PREFIX)
        return {(destination, "claims_given_up") for destination in still_given_up(facts, self._clock())}

    async def _ledgers(self) -> set[Alarm]:
        """Consent ledgers that did not fit their seals last night."""
        async with self._store.work() as work:
            facts = await work.registry.entries_like(BROKEN)
        broken = [name.removeprefix(BROKEN) for name, said in facts.items() if said]
        return {(shop_id, "ledger_broken") for shop_id in broken if self._directory.shop(shop_id) is not None}

    async def _refused(self) -> set[Alarm]:
        """Only shops of which something was refused since the last check are checked in detail, and those that are an alarm."""
        await self._requests.write()
        async with self._store.work() as work:
            fresh = await work.requests.newest_after(self._seen, _REFUSED)
        self._seen = max([self._seen, *(newest for _, newest in fresh)])
        self._suspects |= {shop_id for shop_id, _ in fresh}
        known = [shop_id for shop_id in self._suspects if self._directory.shop(shop_id) is not None]
        self._suspects = {shop_id for shop_id in known if await self._is_all_refused(shop_id)}
        return {(shop_id, "requests_all_refused") for shop_id in self._suspects}

    async def _is_all_refused(self, shop_id: str) -> bool:
        """At one of its doors: a panel whose webhooks are taken says nothing of a shop whose key is wrong, nor the reverse."""
        recent = [one for _, one in await self._requests.recent(shop_id, _POSTED, limit=CHECKED)]
        pushed = [one for one in recent if one.is_push]
        return any(self._are_all_refused(door) for door in (pushed, [one for one in recent if not one.is_push]))

    def _are_all_refused(self, requests: list[DoorRequest]) -> bool:
        last = requests[-LAST_REQUESTS:]
        lately = bool(last) and last[-1].at >= self._clock() - LATELY
        return lately and len(last) == LAST_REQUESTS and all(one.outcome is not RequestOutcome.TAKEN for one in last)

    async def _differences(self) -> set[Alarm]:
        """The last comparison found both sides apart and did not put all of it right. Each is read once."""
        async with self._store.work() as work:
            last = await work.reconciliations.last_over()
            for run in await work.reconciliations.with_numbers(last.keys() - self._compared.keys()):
                self._compared[run.id] = bool(run.left)
        self._compared = {number: differs for number, differs in self._compared.items() if number in last}
        known = {number: shop_id for number, shop_id in last.items() if self._directory.shop(shop_id) is not None}
        return {(shop_id, "sides_differ") for number, shop_id in known.items() if self._compared.get(number)}

    def _keys(self) -> set[Alarm]:
        now = self._clock()
        live = [key for key in self._directory.all_keys() if key.is_live(now) and key.expires_at is not None]
        return {(key.id, "key_ends_soon") for key in live if key.expires_at is not None and key.expires_at - now <= KEY_ENDS_WITHIN}


def alarms_of(report: Report) -> set[Alarm]:
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
