"""What is deleted: jobs behind the back of their queue, which come back, and old lines of the log."""

from dataclasses import replace
from datetime import timedelta

from tests.worker.recurring_jobs.jobs import NEVER, SHORT, Gate, Step, ask, lose_jobs, running, some_time_passes, until


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
