"""Recurring jobs: again and again, whatever fails."""

from dataclasses import replace

from structlog.testing import capture_logs

from app.worker.recurring_jobs import JobQueue
from tests.worker.recurring_jobs.jobs import NEVER, SHORT, Broken, Step, running, some_time_passes, until


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
