"""Recurring jobs whose connection is cut: they go on."""

import asyncio
from dataclasses import replace

from tests.worker.recurring_jobs.jobs import NEVER, SHORT, Step, cut_connections, running, until


async def test_it_goes_on_after_its_connection_was_cut(pg_dsn: str) -> None:
    step, later = Step(), Step()
    async with running(pg_dsn, replace(SHORT, dequeue=NEVER)) as queue:
        queue.every("step", 0.01, step)
        for _ in range(2):
            runs = step.runs
            await until(lambda runs=runs: step.runs >= runs + 3)  # type: ignore[misc]
            await cut_connections(pg_dsn)
        queue.every("later", NEVER, later)
        await until(lambda: later.runs == 1)


async def test_it_goes_on_after_its_connection_was_cut_while_it_slept(pg_dsn: str) -> None:
    step = Step()
    async with running(pg_dsn, replace(SHORT, dequeue=NEVER, heal=NEVER)) as queue:
        queue.every("step", 2 * SHORT.heartbeat, step)
        await until(lambda: step.runs == 1)
        await asyncio.sleep(0.5)
        await cut_connections(pg_dsn)
        await until(lambda: step.runs == 2)
