"""How the sources are: what waits, what was not understood, whether pushes still come (R80, R82)."""

from dataclasses import dataclass

from app.domain.sources import LOOKED_BACK, SourceName, Traffic, is_silent
from app.services.ports import Clock, Store
from app.services.shops.directory import Directory


@dataclass(frozen=True)
class SourceHealth:
    source: SourceName
    traffic: Traffic
    silent: bool
    """No push for longer than usual: the panel may have switched its webhooks off."""

    @property
    def title(self) -> str:
        return f"{self.source.platform} {self.source.name}"

    def problems(self) -> list[str]:
        found = []
        if self.silent and self.traffic.last_at is not None:
            found.append(
                f"{self.title}: no push since {self.traffic.last_at:%Y-%m-%d %H:%M} UTC, which is longer than usual. The panel "
                "switches webhooks off that failed; look at them there and switch them on again."
            )
        if self.traffic.not_understood:
            found.append(
                f"{self.title}: {self.traffic.not_understood} push(es) of the last days were not understood; they are kept. "
                "See `gateway pushes list`."
            )
        return found


class SourceWatch:
    def __init__(self, store: Store, directory: Directory, clock: Clock) -> None:
        self._store = store
        self._directory = directory
        self._clock = clock

    async def report(self) -> list[SourceHealth]:
        sources = self._directory.sources()
        now = self._clock()
        async with self._store.work() as work:
            traffic = [await work.pushes.traffic(one, now - LOOKED_BACK) for one in sources]
        return [SourceHealth(one, seen, is_silent(seen, now)) for one, seen in zip(sources, traffic, strict=True)]

    async def problems(self) -> list[str]:
        return [words for one in await self.report() for words in one.problems()]

    async def alarms(self) -> set[tuple[str, str]]:
        """(source, what is wrong), for the log."""
        found: set[tuple[str, str]] = set()
        for one in await self.report():
            found |= {(one.title, "pushes_silent")} if one.silent else set()
            found |= {(one.title, "pushes_not_understood")} if one.traffic.not_understood else set()
        return found
