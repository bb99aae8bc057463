"""Recurring jobs: again and again, whatever hangs, fails or is deleted."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from structlog.testing import capture_logs

from app.worker.recurring_jobs import JobQueue
from tests.worker.jobs import NEVER, SHORT, Broken, Gate, Step, ask, lose_jobs, running, some_time_passes, until


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
