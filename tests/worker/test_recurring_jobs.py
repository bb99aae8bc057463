"""Recurring jobs: again and again, until the end, whatever clocks and the environment say."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from pgqueuer.domain.settings import db_settings
from structlog.testing import capture_logs

from app.worker.recurring_jobs import JobQueue
from tests.worker.jobs import HANG_SECONDS, NEVER, SHORT, Broken, Gate, Step, ask, lose_jobs, running, some_time_passes, until

# -- again and again -----------------------------------------------------------------------------------------------------


async def test_a_step_runs_again_and_again(dsn: str | None) -> None:
    step = Step()
    async with running(dsn) as queue:
        queue.every("again", 0.01, step)
        await until(lambda: step.runs >= 5)
    assert step.most_at_once == 1


async def test_a_step_runs_at_once_and_then_only_after_its_pause(dsn: str | None) -> None:
    step = Step()
    async with running(dsn) as queue:
        queue.every("rare", NEVER, step)
        await until(lambda: step.runs == 1)
        await some_time_passes(queue)
    assert step.runs == 1


async def test_a_step_that_found_work_runs_again_at_once_until_it_finds_none(dsn: str | None) -> None:
    busy, idle = Step(3, 1, 2), Step()
    async with running(dsn) as queue:
        queue.every("busy", NEVER, busy)
        queue.every("idle", NEVER, idle)
        await until(lambda: busy.runs >= 4)
        await some_time_passes(queue)
    assert (busy.runs, busy.most_at_once, idle.runs) == (4, 1, 1)


async def test_a_failing_step_is_logged_and_runs_again_after_its_pause(dsn: str | None) -> None:
    often, rarely = Broken(), Broken(1)
    with capture_logs() as lines:
        async with running(dsn) as queue:
            queue.every("often", 0.01, often)
            queue.every("rarely", NEVER, rarely)
            await until(lambda: often.runs >= 3 and rarely.runs == 1)
            await some_time_passes(queue)
    assert rarely.runs == 1
    failures = [line for line in lines if line["event"] == "job_failed"]
    assert len(failures) == often.runs + rarely.runs
    assert {(line["job"], line["log_level"], str(line["exc_info"])) for line in failures} == {
        ("often", "error", "broken"),
        ("rarely", "error", "broken"),
    }


async def test_a_name_runs_whether_it_came_before_the_start_or_long_after(dsn: str | None) -> None:
    before, after, later = Step(), Step(), Step()
    queue = JobQueue(dsn, SHORT)
    queue.every("before", NEVER, before)
    queue.start()
    queue.every("after", NEVER, after)
    try:
        await until(lambda: before.runs == after.runs == 1)
        await some_time_passes(queue)
        queue.every("later", NEVER, later)
        await until(lambda: later.runs == 1)
    finally:
        await queue.stop(0.5)
    assert (before.runs, after.runs) == (1, 1)


async def test_what_falls_due_ends_the_longest_sleep(dsn: str | None) -> None:
    step, later = Step(), Step()
    async with running(dsn, replace(SHORT, dequeue=NEVER, heal=NEVER)) as queue:
        queue.every("due", 0.05, step)
        await until(lambda: step.runs >= 3)
        queue.every("later", NEVER, later)
        await until(lambda: later.runs == 1)


async def test_a_hanging_step_holds_up_no_other_and_runs_once(dsn: str | None) -> None:
    hanging = Gate()
    async with running(dsn) as queue:
        queue.every("hanging", 0.01, hanging)
        await until(lambda: hanging.runs == 1)
        await asyncio.sleep(1.5 * SHORT.heartbeat)  # its heart beats
        await some_time_passes(queue)
        assert (hanging.runs, hanging.ended) == (1, 0)
        hanging.open.set()
        await until(lambda: hanging.runs >= 3)
    assert hanging.most_at_once == 1


async def test_jobs_deleted_behind_its_back_come_back(dsn: str | None) -> None:
    one, two = Step(), Step()
    async with running(dsn) as queue:
        queue.every("one", NEVER, one)
        queue.every("two", NEVER, two)
        for runs in (1, 2, 3):
            await until(lambda runs=runs: one.runs == two.runs == runs)  # type: ignore[misc]
            await some_time_passes(queue, rounds=2)
            await lose_jobs(queue, dsn)
        await until(lambda: one.runs == two.runs == 4)


async def test_the_log_is_pruned(dsn: str | None) -> None:
    step = Step()

    async def empty() -> bool:
        assert queue._session is not None
        return await queue._session.queries.queue_log() == []

    async with running(dsn, replace(SHORT, keep_log=timedelta(0))) as queue:
        queue.every("step", NEVER, step)
        await until(lambda: step.runs == 1)
        await until(empty)


async def test_the_log_keeps_what_is_young(pg_dsn: str) -> None:
    step = Step()
    aged = (
        "INSERT INTO pgqueuer_log (created, job_id, status, priority, entrypoint) VALUES "
        "(now() - interval '7 hours', 1, 'successful', 0, 'old'), (now() - interval '5 hours', 2, 'successful', 0, 'young')"
    )

    async def one_is_left() -> bool:
        return await ask(pg_dsn, "SELECT entrypoint FROM pgqueuer_log WHERE entrypoint <> 'step'") == ["young"]

    async with running(pg_dsn) as queue:
        queue.every("step", NEVER, step)
        await until(lambda: step.runs == 1)
        await ask(pg_dsn, aged)
        await until(one_is_left)
    assert "step" in await ask(pg_dsn, "SELECT entrypoint FROM pgqueuer_log")


async def test_a_job_deleted_while_it_runs_does_not_run_twice(dsn: str | None) -> None:
    step = Gate()
    async with running(dsn) as queue:
        queue.every("step", 0.01, step)
        await until(lambda: step.runs == 1)
        await lose_jobs(queue, dsn)
        await some_time_passes(queue)
        step.open.set()
        await until(lambda: step.runs >= 5)
    assert step.most_at_once == 1


# -- the end -------------------------------------------------------------------------------------------------------------


async def test_a_stop_lets_a_running_step_end(dsn: str | None) -> None:
    step = Step(1, seconds=0.3)
    async with running(dsn) as queue:
        queue.every("step", 0.01, step)
        await until(lambda: step.runs == 1)
        await queue.stop(HANG_SECONDS)
        assert (step.ended, step.cancelled) == (1, 0)
        await asyncio.sleep(0.1)
    assert step.runs == 1


async def test_a_stop_cuts_off_a_hanging_step_when_its_patience_ends(dsn: str | None) -> None:
    hanging, idle = Gate(), Step()
    async with running(dsn) as queue:
        queue.every("hanging", 0.01, hanging)
        queue.every("idle", 0.01, idle)
        await until(lambda: hanging.runs == 1 and idle.runs >= 1)
        begun = asyncio.get_running_loop().time()
        await queue.stop(0.3)
        assert 0.2 < asyncio.get_running_loop().time() - begun < 1.25
    assert (hanging.runs, hanging.cancelled, hanging.ended) == (1, 1, 0)


async def test_a_job_that_was_cut_off_is_free_for_another_at_once(pg_dsn: str) -> None:
    no_other_way = replace(SHORT, heartbeat=NEVER, heal=NEVER)
    hanging, next_one = Gate(), Step()
    async with running(pg_dsn, no_other_way) as first, running(pg_dsn, no_other_way) as second:
        first.every("job", NEVER, hanging)
        await until(lambda: hanging.runs == 1)
        second.every("job", NEVER, next_one)
        await some_time_passes(second)
        assert next_one.runs == 0
        await first.stop(0.0)
        await until(lambda: next_one.runs == 1)
    assert hanging.cancelled == 1


async def test_a_stop_needs_no_start_and_no_second_check(dsn: str | None) -> None:
    async with asyncio.timeout(5):
        await JobQueue(dsn, SHORT).stop(NEVER)
        queue = JobQueue(dsn, SHORT)
        queue.start()
        await queue.stop(NEVER)
        await queue.stop(NEVER)


# -- whose names ---------------------------------------------------------------------------------------------------------


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
