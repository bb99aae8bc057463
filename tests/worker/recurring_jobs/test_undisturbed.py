"""Recurring jobs, whatever clocks and the environment say."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from pgqueuer.domain.settings import db_settings

from app.worker.recurring_jobs import JobQueue
from tests.worker.recurring_jobs.jobs import NEVER, SHORT, Step, ask, running, until


@pytest.fixture
def read_anew() -> Iterator[None]:
    """PgQueuer reads the environment once per process."""
    db_settings.cache_clear()
    yield
    db_settings.cache_clear()


@pytest.mark.usefixtures("read_anew")
@pytest.mark.parametrize("value", ["elsewhere", "#orders, please"], ids=["a name", "no name"])
async def test_what_the_environment_calls_channel_or_trigger_does_not_disturb(
    dsn: str | None, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CHANNEL", "TRIGGER", "FUNCTION", "QUEUE_TABLE", "QUEUE_TABLE_LOG", "QUEUE_STATUS_TYPE", "SCHEDULES_TABLE"):
        monkeypatch.setenv(name, value)
    step = Step()
    async with running(dsn, replace(SHORT, dequeue=NEVER)) as queue:
        queue.every("step", 0.01, step)
        await until(lambda: step.runs >= 3)
    if dsn is not None:
        tables = await ask(dsn, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        assert set(tables) == {"pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics"}
        triggers = await ask(dsn, "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")
        assert all(name.startswith("tg_pgqueuer_changed") for name in triggers), triggers
        (function,) = await ask(dsn, "SELECT prosrc FROM pg_proc WHERE proname = 'fn_pgqueuer_changed'")
        assert "ch_pgqueuer" in function


async def test_m5_jobs_of_one_process_go_on_when_its_clock_is_set_back() -> None:
    """What was queued by the clock that was ahead would wait for its time; it is queued anew."""
    now, ran = [datetime(2026, 11, 23, 12, tzinfo=UTC)], asyncio.Event()

    async def step() -> int:
        ran.set()
        return 0

    queue = JobQueue(None, replace(SHORT, heal=0.02, reconnect=0.02), lambda: now[0])
    queue.every("rare", 3600.0, step)
    queue.start()
    try:
        async with asyncio.timeout(20):
            await ran.wait()
            ran.clear()
            now[0] -= timedelta(hours=2)
            await ran.wait()
    finally:
        await queue.stop(1.0)


async def test_m5_jobs_that_a_database_ahead_put_off_are_queued_anew(pg_dsn: str) -> None:
    ran = asyncio.Event()

    async def step() -> int:
        ran.set()
        return 0

    queue = JobQueue(pg_dsn, replace(SHORT, set_right=0.1))
    queue.every("rare", 3600.0, step)
    queue.start()
    try:
        async with asyncio.timeout(30):
            await ran.wait()
            ran.clear()
            connection = await asyncpg.connect(pg_dsn)
            put_off = 0
            while not put_off:
                moved = await connection.execute(
                    "UPDATE pgqueuer SET execute_after = now() + interval '3 days' WHERE status = 'queued'"
                )
                put_off = int(moved.rpartition(" ")[2])
            await connection.close()
            await ran.wait()
    finally:
        await queue.stop(1.0)
