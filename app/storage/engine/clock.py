"""The database's clock, carried forward between readings: what all processes on one PostgreSQL agree on.

A worker whose own clock is wrong, or is set while it runs, neither reports a cart too early nor retries too late.
"""

import time
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from app.storage.engine.database import Database


class DatabaseClock:
    """Call it for the time. `read` it now and then: the machine's steady clock is off by a second in some days."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._read_at = time.monotonic()
        self._was = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self._was + timedelta(seconds=time.monotonic() - self._read_at)

    async def read(self) -> int:
        """Raises `NotReady`; the last reading stays. Answers 0: there is nothing more to do at once."""
        async with self._database.transaction() as connection:
            began = time.monotonic()
            was: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
            self._read_at, self._was = (began + time.monotonic()) / 2, was
        return 0
