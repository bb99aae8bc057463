"""The token bucket of an account: in the store, where all workers together keep its pace, or in the one process there is (I7)."""

from app.domain.delivery.destination import DestinationState
from app.domain.delivery.rate_limit import Pace
from app.domain.salesmanago_limits import CALLS_IN_FLIGHT
from app.domain.values import replace
from app.services.ports.clock import Clock
from app.services.ports.storage import Store


class SharedRateLimit:
    """Books calls to one destination, each in a transaction of a millisecond: there are a few a second."""

    def __init__(self, store: Store, destination: str, calls_per_second: float) -> None:
        self._store = store
        self._destination = destination
        self._allowed = calls_per_second

    async def take(self) -> float:
        """Book one call; answers the seconds to wait before it may leave. Raises `NotReady` if nothing can be booked."""
        async with self._store.work() as work:
            state = await work.destinations.locked(self._destination)
            pace, wait = self._pace(state).take((await work.now()).timestamp())
            await work.destinations.save(self._destination, replace(state, pace=pace))
            await work.commit()
        return wait

    async def closed_for(self) -> float:
        """Seconds during which nothing may leave, because somebody was asked for rest meanwhile."""
        async with self._store.work() as work:
            state = await work.destinations.locked(self._destination)
            now = (await work.now()).timestamp()
            return max(0.0, self._pace(state).bounded(now).closed_until - now)

    async def throttled(self, rest_seconds: float) -> None:
        async with self._store.work() as work:
            state = await work.destinations.locked(self._destination)
            now = (await work.now()).timestamp()
            pace = self._pace(state).bounded(now).throttled(now).close(now + rest_seconds)
            await work.destinations.save(self._destination, replace(state, pace=pace))
            await work.commit()

    def _pace(self, state: DestinationState) -> Pace:
        """The allowed rate may have been changed in the configuration since."""
        known = state.pace or Pace(self._allowed, burst=CALLS_IN_FLIGHT)
        return replace(known, calls_per_second=self._allowed, burst=CALLS_IN_FLIGHT)


class OwnRateLimit(SharedRateLimit):
    """Of a process that is alone with its store: it counts its calls itself, and stores what a restart must not forget.

    What an earlier process booked is not known, so a bucket begins empty.
    """

    def __init__(self, store: Store, destination: str, calls_per_second: float, clock: Clock) -> None:
        super().__init__(store, destination, calls_per_second)
        self._clock = clock
        self._own: Pace | None = None

    async def take(self) -> float:
        own = self._own
        if own is None:
            begun = await self._begun()
            own = self._own or begun  # meanwhile another task may have begun, and booked
        self._own, wait = own.take(self._clock().timestamp())
        return wait

    async def closed_for(self) -> float:
        if self._own is None:
            return await super().closed_for()
        now = self._clock().timestamp()
        return max(0.0, self._own.bounded(now).closed_until - now)

    async def throttled(self, rest_seconds: float) -> None:
        await super().throttled(rest_seconds)
        if self._own is not None:
            now = self._clock().timestamp()
            self._own = self._own.bounded(now).throttled(now).close(now + rest_seconds)

    async def _begun(self) -> Pace:
        async with self._store.work() as work:
            state = await work.destinations.locked(self._destination)
            own = self._pace(state).used_up((await work.now()).timestamp())
            await work.destinations.save(self._destination, replace(state, pace=own))
            await work.commit()
        return own
