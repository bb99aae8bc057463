"""How often each address was refused and each key asked: counted in this process, told to the others every two seconds.

No request waits for a query. Between two exchanges an address may be refused as often as the limit says in each process.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from limits.storage import MemoryStorage

from app.domain.operations.alarms import Alarm
from app.services.ports import Clock, Store

EXCHANGE_SECONDS = 2.0
WINDOW_SECONDS = 60
ALARM_SECONDS = 600.0
"""An address that goes on trying keeps its alarm; one that stopped loses it after so long."""
MOST_ALARMS = 50

_TRIED = "tried/"


class DoorCounts(MemoryStorage):
    """A storage of `limits` in memory, which also counts what other processes have told of the present minute."""

    def __init__(self, store: Store | None = None, clock: Clock | None = None, salt: str = "") -> None:
        """Without a store nothing is exchanged. `salt`: makes what stands for an address unforeseeable, alike in each process."""
        super().__init__()
        self._store, self._clock = store, clock
        self.salt = salt.encode()
        self._pending: Counter[str] = Counter()
        self._ours: Counter[str] = Counter()
        self._others: Mapping[str, int] = {}
        self._window = 0
        self._tried: dict[str, float] = {}

    # -- what limits ask -----------------------------------------------------------------------------------------------------

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        if self._store is not None:
            self._pending[key] += amount
        return super().incr(key, expiry, amount) + self._others.get(key, 0)

    def get(self, key: str) -> int:
        return super().get(key) + self._others.get(key, 0)

    def get_expiry(self, key: str) -> float:
        own = super().get_expiry(key)
        return max(own, (self._window + 1) * WINDOW_SECONDS) if key in self._others else own

    # -- alarms --------------------------------------------------------------------------------------------------------------

    def note_trying(self, network: str) -> None:
        """An address was refused so often that it is limited."""
        self._note(network)
        if self._store is not None:
            self._pending[f"{_TRIED}{network}"] += 1

    def _note(self, network: str) -> None:
        if network in self._tried or len(self._tried) < MOST_ALARMS:
            self._tried[network] = time.monotonic()

    async def alarms(self) -> set[Alarm]:
        """Addresses that tried keys, or callbacks, beyond the limit lately."""
        since = time.monotonic() - ALARM_SECONDS
        self._tried = {network: at for network, at in self._tried.items() if at > since}
        return {(network, "keys_are_tried") for network in self._tried}

    # -- other processes -------------------------------------------------------------------------------------------------------

    async def exchange(self) -> int:
        """Tell what was counted here since the last time, and hear of everybody. Answers 0."""
        if self._store is None or self._clock is None:
            return 0
        window = int(self._clock().timestamp()) // WINDOW_SECONDS
        async with self._sending() as pending, self._store.work() as work:
            totals = await work.door_counts.add(window, pending)
            await work.commit()
        if window != self._window:
            self._window, self._ours = window, Counter()
        self._ours.update(pending)
        others = {key: number - self._ours[key] for key, number in totals.items() if number > self._ours[key]}
        for key in others:
            if key.startswith(_TRIED):
                self._note(key.removeprefix(_TRIED))
        self._others = others
        return 0

    @asynccontextmanager
    async def _sending(self) -> AsyncIterator[Counter[str]]:
        """What is to be told; kept for the next time if it cannot be."""
        pending, self._pending = self._pending, Counter()
        try:
            yield pending
        except BaseException:
            self._pending.update(pending)
            raise
