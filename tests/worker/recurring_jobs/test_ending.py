"""Recurring jobs that are stopped: a step ends in time, or is cut off and free for another."""

import asyncio
from dataclasses import replace

from app.worker.recurring_jobs import JobQueue
from tests.worker.recurring_jobs.jobs import HANG_SECONDS, NEVER, SHORT, Gate, Step, running, some_time_passes, until


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
