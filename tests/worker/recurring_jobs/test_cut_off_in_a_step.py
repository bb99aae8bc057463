"""Recurring jobs whose connection is cut, or says nothing any more, while a step hangs: others go on, and it runs in one place."""

import asyncio

import asyncpg
import pytest

from tests.worker.recurring_jobs.jobs import Gate, Step, cut_connections, running, until


async def test_a_lost_connection_does_not_make_other_jobs_wait_for_a_hanging_step(pg_dsn: str) -> None:
    hanging, other = Gate(), Step()
    async with running(pg_dsn) as queue:
        queue.every("hanging", 0.01, hanging)
        queue.every("other", 0.01, other)
        await until(lambda: hanging.runs == 1 and other.runs >= 1)
        await cut_connections(pg_dsn)
        await asyncio.sleep(0.2)
        runs = other.runs
        await until(lambda: other.runs >= runs + 3)
        hanging.open.set()


async def test_a_session_that_no_longer_answers_ends_though_its_connection_says_nothing(
    pg_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its driver says that another operation is in progress, for ever, and a step hangs: no job would run again."""
    hanging, other = Gate(), Step()

    async def never(*_: object, **__: object) -> None:
        raise asyncpg.InterfaceError("another operation is in progress")

    async with running(pg_dsn) as queue:
        queue.every("hanging", 0.01, hanging)
        queue.every("other", 0.01, other)
        await until(lambda: hanging.runs == 1 and other.runs >= 1)
        assert queue._session is not None
        for asked in ("fetch", "execute"):
            monkeypatch.setattr(queue._session.queries.driver, asked, never)
        await until(lambda: hanging.cancelled == 1)
        runs = other.runs
        await until(lambda: other.runs >= runs + 3)
        hanging.open.set()


async def test_a_name_runs_in_one_place_also_when_the_holder_lost_its_connection(pg_dsn: str) -> None:
    job = Gate()  # the same for both: it would see the other's run
    async with running(pg_dsn) as first:
        first.every("job", 0.01, job)
        await until(lambda: job.runs == 1)
        await cut_connections(pg_dsn)
        async with running(pg_dsn) as second:
            second.every("job", 0.01, job)
            await until(lambda: job.runs == 2)
            job.open.set()
        assert job.most_at_once == 1


async def test_a_step_that_lost_its_connection_runs_again(pg_dsn: str) -> None:
    step = Gate()
    async with running(pg_dsn) as queue:
        queue.every("step", 0.01, step)
        await until(lambda: step.runs == 1)
        await cut_connections(pg_dsn)
        step.open.set()
        await until(lambda: step.runs >= 3)
    assert step.most_at_once == 1
