"""Which use case runs when. Every loop finds its work in the tables; being woken only saves the wait."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import structlog

from app.services.carts import Carts
from app.services.delivery import Delivery
from app.services.directory import Directory
from app.services.planner import Planner

log = structlog.get_logger(__name__)

LOOPS_PER_ACCOUNT = 2
"""As many as an account may have calls in flight."""

_AFTER_FAILURE_SECONDS = 1.0


@dataclass
class Wake:
    """Hints between loops of one process. Losing one costs a poll, never work."""

    planning: asyncio.Event = field(default_factory=asyncio.Event)
    delivering: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class Pauses:
    """Seconds between looks when nothing woke a loop."""

    poll: float
    cart_sweep: float
    directory: float


class Worker:
    """Planning, delivery and schedules of one process."""

    def __init__(
        self, planner: Planner, delivery: Delivery, carts: Carts, directory: Directory, wake: Wake, pauses: Pauses
    ) -> None:
        self._planner = planner
        self._delivery = delivery
        self._carts = carts
        self._directory = directory
        self._wake = wake
        self._pauses = pauses
        self._tasks: list[asyncio.Task[None]] = []
        self._served: set[str] = set()

    def start(self) -> None:
        self._spawn("plan", self._plan)
        self._spawn("carts", self._sweep_carts)
        self._spawn("directory", self._watch_directory)

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _plan(self) -> None:
        if await self._planner.plan_due() == 0:
            await _woken(self._wake.planning, self._pauses.poll)

    async def _sweep_carts(self) -> None:
        # What the inbox still holds may be the purchase that closes a cart.
        while await self._planner.plan_due():
            pass
        if await self._carts.report_quiet():
            self._wake.delivering.set()
        await asyncio.sleep(self._pauses.cart_sweep)

    async def _watch_directory(self) -> None:
        await self._directory.refresh()
        for account in self._directory.accounts():
            if account.id not in self._served:
                self._served.add(account.id)
                for number in range(LOOPS_PER_ACCOUNT):
                    self._spawn(f"deliver:{account.id}:{number}", partial(self._deliver, account.id))
        await asyncio.sleep(self._pauses.directory)

    async def _deliver(self, account_id: str) -> None:
        if await self._delivery.deliver_due(account_id) == 0:
            await _woken(self._wake.delivering, self._pauses.poll)

    def _spawn(self, name: str, step: Callable[[], Awaitable[None]]) -> None:
        self._tasks.append(asyncio.create_task(_supervised(name, step), name=name))


async def _supervised(name: str, step: Callable[[], Awaitable[None]]) -> None:
    """Repeat a step for ever; a failure costs a second, not the loop."""
    while True:
        try:
            await step()
        except Exception:
            log.exception("loop_failed", loop=name)
            await asyncio.sleep(_AFTER_FAILURE_SECONDS)


async def _woken(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    event.clear()
