"""Recurring jobs of which one hangs: the others go on."""

import asyncio

from tests.worker.recurring_jobs.jobs import SHORT, Gate, running, some_time_passes, until


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
