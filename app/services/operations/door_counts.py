"""How often each address was refused and each key asked: counted in this process, shared with the others every two seconds.

No request waits for a query. Between two exchanges an address may be refused as often as the limit says in each process.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from limits.storage import Storage

from app.domain.operations.alarms import Alarm
from app.services.ports.clock import Clock
from app.services.ports.storage import Store

EXCHANGE_SECONDS = 2.0
WINDOW_SECONDS = 60
ALARM_SECONDS = 600.0
"""An address that goes on trying keeps its alarm; one that stopped loses it after so long."""
MOST_ALARMS = 50

MOST_COUNTS = 20_000
"""Before those that have ended are dropped."""

_NONE = (0, 0.0)
_TRIED = "tried/"


class DoorCounts(Storage):
    """A storage of `limits` in memory, which also counts what other processes have shared of the present minute.

    Plainer than the library's own: that one starts a thread with nearly every count, which costs a hundred times the counting.
    """

    STORAGE_SCHEME = None

    def __init__(self, store: Store | None = None, clock: Clock | None = None, salt: str = "") -> None:
        """Without a store nothing is exchanged. `salt`: makes what stands for an address unforeseeable, alike in each process."""
        super().__init__()
        self.storage: dict[str, tuple[int, float]] = {}
        """Key -> how often, until when."""
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
        now = time.time()
        count, ends = self.storage.get(key, _NONE)
        if ends <= now:
            if len(self.storage) >= MOST_COUNTS:
                self.storage = {name: held for name, held in self.storage.items() if held[1] > now}
            count, ends = 0, now + expiry
        self.storage[key] = (count + amount, ends)
        return count + amount + self._others.get(key, 0)

    def get(self, key: str) -> int:
        count, ends = self.storage.get(key, _NONE)
        return (count if ends > time.time() else 0) + self._others.get(key, 0)

    def get_expiry(self, key: str) -> float:
        _, ends = self.storage.get(key, _NONE)
        return max(ends, time.time(), (self._window + 1) * WINDOW_SECONDS if key in self._others else 0)

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError  # as the library's own: nothing here raises

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        held, self.storage = len(self.storage), {}
        return held

    def clear(self, key: str) -> None:
        self.storage.pop(key, None)

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
        """Share what was counted here since the last time, and read the counts of all. Answers 0."""
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
        """What is to be shared; kept for the next time if that fails."""
        pending, self._pending = self._pending, Counter()
        try:
            yield pending
        except BaseException:
            self._pending.update(pending)
            raise
