"""Recurring jobs whose process is killed: another process takes them over, and no sooner."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.worker.recurring_jobs.jobs import SHORT, Step, running, some_time_passes, until

HOLDER = """
import asyncio
from app.worker.recurring_jobs import JobQueue, Timing

async def hold():
    print("holding", flush=True)
    await asyncio.sleep(3600)
    return 0

async def main():
    queue = JobQueue(input(), Timing(heartbeat=1.0, dequeue=0.2, granularity=0.02, heal=0.1))
    queue.every("held", 0.01, hold)
    queue.start()
    await asyncio.sleep(3600)

asyncio.run(main())
"""


@pytest.fixture
def holder(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs the job "held" and does not end."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLDER], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        dsn = request.getfixturevalue("pg_dsn")  # while the process imports
        print(dsn, file=process.stdin, flush=True)
        assert process.stdout.readline() == "holding\n"
        yield process
        process.kill()


async def test_a_living_process_keeps_its_job_and_a_killed_one_loses_it(holder: subprocess.Popen[str], pg_dsn: str) -> None:
    step = Step()
    async with running(pg_dsn) as queue:
        queue.every("held", 0.01, step)
        await asyncio.sleep(1.5 * SHORT.heartbeat)  # its heart beats
        await some_time_passes(queue)
        assert step.runs == 0
        holder.kill()  # no chance to tidy up
        await until(lambda: step.runs >= 3)
