"""How the sources are: what waits, what was not understood, whether pushes still come (R80, R82)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from app.domain.intake.pushes import TRAFFIC_WINDOW, Scan, SourceName, Traffic, is_silent
from app.domain.operations.alarms import Alarm
from app.domain.operations.open_items.items import OpenItem
from app.domain.operations.open_items.words import OpenKind
from app.domain.shops.shop import Shop
from app.domain.values import Words
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory
from app.sources.idosell.scans.rounds import day_of
from app.sources.in_polish import trouble_in_polish

LATE = timedelta(minutes=10)


@dataclass(frozen=True)
class SourceHealth:
    source: SourceName
    traffic: Traffic
    late: bool
    """A push waits to be translated for longer than the promise (R11)."""
    silent: bool
    """No push for longer than usual: the panel may have switched its webhooks off."""
    scan: Scan | None = None
    """None for a source that is not scanned."""
    scan_late: bool = False
    """No round was finished for so long that the promise of R11 is not kept without pushes."""
    calls_per_day: int = 0
    calls_today: int = 0

    @property
    def title(self) -> str:
        return f"{self.source.platform} {self.source.name}"

    def open_items(self) -> list[OpenItem]:
        """What waits here, and what is late."""
        found, traffic = [], self.traffic
        if traffic.oldest_waiting_at is not None:
            number = max(traffic.waiting, 1)  # the traffic of the last days may be without it
            found.append(OpenItem(kind=OpenKind.PUSH, about=self.title, number=number, since=traffic.oldest_waiting_at))
        if traffic.not_understood:
            found.append(OpenItem(kind=OpenKind.PUSH_NOT_UNDERSTOOD, about=self.title, number=traffic.not_understood))
        if self.silent:
            found.append(OpenItem(kind=OpenKind.PUSHES_SILENT, about=self.title, number=1, since=traffic.last_at))
        if self.scan is not None and self.scan_late:
            since, cause = self.scan.finished_at, self.scan.trouble
            found.append(OpenItem(kind=OpenKind.SCAN_LATE, about=self.title, number=1, since=since, cause=cause))
        return found

    def problems(self) -> list[Words]:
        found, name, traffic = [], self.title, self.traffic
        if self.late and traffic.oldest_waiting_at is not None:
            since = _utc(traffic.oldest_waiting_at)
            found.append(
                Words(
                    f"{name}: {traffic.waiting} push(es) wait to be translated, the oldest since {since}. "
                    "`gateway pushes list` shows what they wait for.",
                    f"{name}: powiadomienia czekają na odczytanie: {traffic.waiting}, najstarsze od {since}. "
                    "`gateway pushes list --pl` pokazuje, na co czekają.",
                )
            )
        if self.silent and traffic.last_at is not None:
            last = _utc(traffic.last_at)
            found.append(
                Words(
                    f"{name}: no push since {last}, which is longer than usual. The panel "
                    "switches webhooks off that failed; look at them there and switch them on again.",
                    f"{name}: ostatnie powiadomienie przyszło {last}, to dłuższa przerwa niż zwykle. Panel "
                    "wyłącza webhooki, których nie udało się dostarczyć; sprawdź je tam i włącz ponownie.",
                )
            )
        if traffic.not_understood:
            found.append(
                Words(
                    f"{name}: {traffic.not_understood} push(es) of the last days were not understood; they are kept. "
                    "See `gateway pushes list`.",
                    f"{name}: powiadomienia z ostatnich dni, których nie zrozumiano: {traffic.not_understood}; są przechowywane. "
                    "Zobacz `gateway pushes list --pl`.",
                )
            )
        if self.scan is not None and self.scan_late:
            at, trouble = self.scan.finished_at, self.scan.trouble
            last, last_pl = ("never", "nigdy") if at is None else (_utc(at), _utc(at))
            found.append(
                Words(
                    f"{name}: the scan of the panel last read everything {last}." + (f" The panel: {trouble}" if trouble else ""),
                    f"{name}: panel ostatnio odczytano w całości: {last_pl}."
                    + (f" Panel: {trouble_in_polish(trouble)}" if trouble else ""),
                )
            )
        return found


def _utc(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"


class SourceWatch:
    """`pause`: between two rounds of scans."""

    def __init__(self, store: Store, directory: ShopDirectory, clock: Clock, pause: timedelta) -> None:
        self._pause = pause
        self._store = store
        self._directory = directory
        self._clock = clock

    async def report(self) -> list[SourceHealth]:
        sources = self._directory.sources()
        async with self._store.work() as work:
            traffic = await work.pushes.traffic(self._clock() - TRAFFIC_WINDOW)
            scans = await work.pushes.scans([one for one in sources if self._is_scanned(one)])
        return [self._health(one, traffic.get(one, Traffic()), scans.get(one, Scan())) for one in sources]

    def _is_scanned(self, source: SourceName) -> bool:
        return any(shop.enabled and shop.source.is_scanned for shop in self._directory.shops_of_source(source))

    def _health(self, source: SourceName, traffic: Traffic, scan: Scan) -> SourceHealth:
        now = self._clock()
        shops = [shop for shop in self._directory.shops_of_source(source) if shop.enabled]
        silent = is_silent(traffic, now)
        oldest = traffic.oldest_waiting_at
        late = bool(shops) and oldest is not None and now - oldest >= LATE  # of a disabled shop it waits for who enables it
        if not self._is_scanned(source):
            return SourceHealth(source, traffic, late, silent)
        allowed = max(shop.source.calls_per_day for shop in shops)
        calls = scan.calls_on(day_of(now, shops))
        return SourceHealth(source, traffic, late, silent, scan, self._is_late(scan, shops), allowed, calls)

    def _is_late(self, scan: Scan, shops: list[Shop]) -> bool:
        """Three rounds went by. Before the first one ended nobody can tell a slow one from a broken one but by its trouble."""
        if scan.finished_at is None:
            return bool(scan.trouble) and min(shop.integration_started_at for shop in shops) < self._clock()
        return self._clock() - scan.finished_at > 3 * self._pause

    async def open_items(self, shop_id: str | None = None) -> list[OpenItem]:
        """Of the sources of a shop, or of all."""
        return [item for one in await self.of_shop(shop_id) for item in one.open_items()]

    async def of_shop(self, shop_id: str | None = None) -> list[SourceHealth]:
        """How the sources of a shop are, or all of them."""
        theirs = {one for one in self._directory.sources() if self._is_of(one, shop_id)}
        return [one for one in await self.report() if one.source in theirs] if theirs else []

    def _is_of(self, source: SourceName, shop_id: str | None) -> bool:
        return shop_id is None or any(shop.id == shop_id for shop in self._directory.shops_of_source(source))

    async def problems(self) -> list[Words]:
        return [words for one in await self.report() for words in one.problems()]

    async def alarms(self) -> set[Alarm]:
        """(source, what is wrong), for the log."""
        found: set[Alarm] = set()
        for one in await self.report():
            found |= {(one.title, "pushes_late")} if one.late else set()
            found |= {(one.title, "pushes_silent")} if one.silent else set()
            found |= {(one.title, "scan_late")} if one.scan_late else set()
            found |= {(one.title, "pushes_not_understood")} if one.traffic.not_understood else set()
        return found
