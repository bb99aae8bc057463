"""Claims that end with nothing done: one now and then is right, many in a row mean that a destination does not get on.

A claim is given up where the process is too late for its call, where permission could not be read again in time, or where an
address is not free yet. What was claimed is claimed again, so nothing is lost; but somebody must know of it if it goes on.
"""

from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from app.domain.errors import NotReady
from app.observability.metrics import claims_given_up
from app.services.ports.clock import Clock
from app.services.ports.storage import Store

log = structlog.get_logger(__name__)

IN_A_ROW = 5
FOR = timedelta(minutes=1)
"""So long none of them may have done anything: five claims may follow each other within a second."""
NOTED_EVERY = timedelta(minutes=1)
FORGOTTEN_AFTER = timedelta(minutes=5)
"""A note that nobody renewed for so long is over: the process is gone, or nothing waits any more."""

PREFIX = "given_up:"
"""Entries in the store that the alarms read: destination -> when it was noted last."""


class GivenUp:
    """Counts them for this process; the process that gives up stores it for all."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._in_a_row: Counter[str] = Counter()
        self._since: dict[str, datetime] = {}
        self._noted: dict[str, datetime] = {}

    async def ended(self, destination: str, *, anything_done: bool) -> None:
        """A claim is over. Writes only where it goes on for long, once a minute, and once when it is over."""
        if anything_done:
            self._in_a_row.pop(destination, None)
            self._since.pop(destination, None)
            if self._noted.pop(destination, None) is not None:
                log.info("claims_done_again", destination=destination)
                await self._note(destination, "")
            return
        claims_given_up.labels(destination).inc()
        now = self._clock()
        self._in_a_row[destination] += 1
        since = self._since.setdefault(destination, now)
        if self._in_a_row[destination] < IN_A_ROW or now - since < FOR:
            return
        noted = self._noted.get(destination)
        if noted is None or now - noted >= NOTED_EVERY:
            self._noted[destination] = now
            claims, seconds = self._in_a_row[destination], (now - since).total_seconds()
            log.warning("claims_given_up", destination=destination, claims=claims, seconds=seconds)
            await self._note(destination, now.isoformat())

    async def _note(self, destination: str, value: str) -> None:
        with suppress(NotReady):  # it is noted again in a minute, or forgotten
            async with self._store.work() as work:
                await work.registry.set_entry(f"{PREFIX}{destination}", value)
                await work.commit()


def still_given_up(facts: dict[str, str], now: datetime) -> set[str]:
    """Destinations of which a note was renewed lately."""
    noted = {name.removeprefix(PREFIX): datetime.fromisoformat(value) for name, value in facts.items() if value}
    return {name for name, at in noted.items() if now - at < FORGOTTEN_AFTER}
