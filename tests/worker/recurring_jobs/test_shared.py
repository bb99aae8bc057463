"""Recurring jobs of several queues on one PostgreSQL: each in one place at a time."""

import asyncio
from collections.abc import Callable
from typing import Any

from structlog.testing import capture_logs

from app.worker.recurring_jobs import JobQueue
from tests.conftest import PostgreSQL
from tests.worker.recurring_jobs.jobs import HANG_SECONDS, NEVER, SHORT, Step, ask, running, until


async def test_two_queues_run_a_name_in_one_place_at_a_time_and_either_goes_on_alone(pg_dsn: str) -> None:
    names = ("a", "b", "c")
    steps = {name: Step(*[1] * 1000, seconds=0.02) for name in names}  # one of each for both: it would see the other's run
    took_part: dict[int, set[str]] = {0: set(), 1: set()}

    def by(number: int, name: str) -> Callable[[], Any]:
        async def run() -> int:
            took_part[number].add(name)
            return await steps[name]()

        return run

    async with running(pg_dsn) as first, running(pg_dsn) as second:
        for number, queue in enumerate((first, second)):
            for name in names:
                queue.every(name, 0.01, by(number, name))
        await until(lambda: all(step.runs >= 8 for step in steps.values()))
        await first.stop(HANG_SECONDS)
        took_part[1].clear()
        so_far = {name: steps[name].runs for name in names}
        await until(lambda: all(steps[name].runs >= so_far[name] + 3 for name in names))
        assert took_part[1] == set(names)
    assert {name: steps[name].most_at_once for name in names} == dict.fromkeys(names, 1)
    assert {steps[name].cancelled for name in names} == {0}


async def test_a_job_that_is_there_several_times_runs_in_one_place_all_the_same_and_is_soon_there_once(pg_dsn: str) -> None:
    step = Step(seconds=0.05)
    row = "INSERT INTO pgqueuer (priority, status, entrypoint, payload) VALUES (0, 'queued', 'job', '0')"

    async def once() -> bool:
        return await ask(pg_dsn, "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'job'") == [1]

    async with running(pg_dsn) as first, running(pg_dsn) as second:
        first.every("job", 0.01, step)
        second.every("job", 0.01, step)
        await until(lambda: step.runs >= 2)
        for _ in range(3):
            await ask(pg_dsn, row)
        await until(lambda: step.runs >= 8)
        await until(once)
    assert step.most_at_once == 1


async def test_eight_that_start_at_once_on_an_empty_database_all_work(pg_dsn: str) -> None:
    own, shared = [Step() for _ in range(8)], Step(seconds=0.01)
    queues = [JobQueue(pg_dsn, SHORT) for _ in own]
    with capture_logs() as lines:
        for number, queue in enumerate(queues):
            queue.every(f"own:{number}", NEVER, own[number])  # no other queue knows this name
            queue.every("shared", 0.01, shared)
            queue.start()
        try:
            await until(lambda: all(step.runs == 1 for step in own) and shared.runs >= 3)
        finally:
            await asyncio.gather(*(queue.stop(2.0) for queue in queues))
    assert lines == []
    assert shared.most_at_once == 1
    assert await ask(pg_dsn, "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'shared'") == [1]


async def test_it_waits_for_a_database_that_is_not_there_yet(postgresql: PostgreSQL, pg_dsn: str) -> None:
    name = pg_dsn.rpartition("/own_")[2].partition("?")[0]
    step = Step()
    with capture_logs() as lines:
        async with running(pg_dsn.replace(f"own_{name}", f"late_{name}")) as queue:
            queue.every("step", NEVER, step)
            await until(lambda: len(lines) >= 2)
            assert {line["event"] for line in lines} == {"jobs_interrupted"}
            await postgresql.run(f"CREATE DATABASE late_{name}")
            await until(lambda: step.runs == 1)
    await postgresql.drop(f"late_{name}")
