"""What SQLite still holds of what was deleted or overwritten: in its write-ahead log, and in gaps of its pages.

`secure_delete` zeroes the place of a row. But the log keeps former pages until it is cut off, and a row that had moved to another
page, because its own was full, leaves a copy in the gap there. That one goes when the whole file is written anew, and not before.

PostgreSQL has the like, which is for its administrator to keep or drop.
"""

import sqlite3
import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.storage.engine.database import Database

log = structlog.get_logger(__name__)

BYTES_A_SECOND = 50_000_000
"""So fast a file is rewritten at least, on an ordinary disk."""

SOON = 1.0
"""A file that is rewritten in so many seconds is so within minutes: nobody who posts is turned away meanwhile."""

PAUSES = 300
"""Such a file rests so many times as long as it takes."""

DAY_SECONDS = 24 * 3600.0
"""Any other is rewritten once in a day at most: it answers nobody meanwhile."""

_FAILURES = (DBAPIError, sqlite3.Error, PoolTimeout, OSError)


class Leftovers:
    """Of one database. Nothing here ever fails: what led to it is committed, and it is tried again."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: in seconds."""
        self._database = database
        self._clock = clock
        self._log_is_kept = False
        self._rested_since = clock()
        self._took = 0.0

    async def remove(self) -> None:
        """After a commit that deleted somebody, or what is kept no longer: from the log at once, from gaps as soon as may be."""
        if not self._database.is_sqlite:
            return
        self._database.has_leftovers = True
        await self.empty_log()

    async def empty_log(self) -> None:
        """Bring what the log holds into the file, and cut it off. A log that another process reads is left to `step`."""
        if not await self._is_log_emptied():
            self._log_is_kept = True
            log.warning("write_ahead_log_kept")

    async def step(self) -> int:
        """What could not be done yet, if its time has come. To be called every few seconds; answers 0."""
        if self._database.has_leftovers and self._clock() - self._rested_since >= self._pause():
            await self._rewrite()
        if self._log_is_kept and await self._is_log_emptied():
            self._log_is_kept = False
            log.info("write_ahead_log_emptied")
        return 0

    def _pause(self) -> float:
        path = self._database.path
        estimated = path.stat().st_size / BYTES_A_SECOND if path is not None and path.exists() else 0.0
        seconds = max(self._took, estimated)
        return seconds * PAUSES if seconds <= SOON else DAY_SECONDS

    async def _rewrite(self) -> None:
        began = self._clock()
        try:
            async with self._database.outside_transactions() as driver:
                await driver.rewrite()
                self._database.has_leftovers = False  # nobody else has the connection: what is deleted from here on sets it again
        except _FAILURES as error:
            log.warning("file_not_rewritten", cause=type(error).__name__)
            self._took = max(self._took, SOON)  # no disk has room again at once
        else:
            self._log_is_kept = True  # it has the whole file now
            self._took = self._clock() - began
        self._rested_since = self._clock()

    async def _is_log_emptied(self) -> bool:
        try:
            async with self._database.outside_transactions() as driver:
                return await driver.empty_log()
        except _FAILURES:
            return False
