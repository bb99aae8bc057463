"""Recurring jobs: again and again, in one place at a time, whatever dies meanwhile."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from inspect import isawaitable
from typing import Any

import asyncpg
import pytest
from pgqueuer.domain.settings import db_settings
from structlog.testing import capture_logs

from app.worker.recurring_jobs import JobQueue, Timing
from tests.conftest import PostgreSQL

SHORT = Timing(heartbeat=1.0, dequeue=0.2, granularity=0.02, heal=0.1, prune=0.1, reconnect=0.05)
NEVER = 3600.0
"""Seconds that no test waits for: what runs again all the same has another reason."""

HANG_SECONDS = 8.0


@pytest.fixture(params=["memory", "postgresql"])
def dsn(request: pytest.FixtureRequest) -> str | None:
    """Where the jobs are: in this process, or in a database of one's own."""
    return None if request.param == "memory" else request.getfixturevalue("pg_dsn")


@pytest.fixture
def pg_dsn(postgresql_url: str) -> str:
    return postgresql_url.replace("+asyncpg", "")


class Step:
    """Counts its runs, watches for another one beside it, finds what it is told and then nothing."""

    def __init__(self, *finds: int, seconds: float = 0.0) -> None:
        self.runs = 0
        self.ended = 0
        self.cancelled = 0
        self.most_at_once = 0
        self._active = 0
        self._finds = list(finds)
        self._seconds = seconds

    async def __call__(self) -> int:
        self.runs += 1
        self._active += 1
        self.most_at_once = max(self.most_at_once, self._active)
        try:
            await self._work()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self._active -= 1
        self.ended += 1
        return self._finds.pop(0) if self._finds else 0

    async def _work(self) -> None:
        await asyncio.sleep(self._seconds)


class Gate(Step):
    """A step that stays inside until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.open = asyncio.Event()

    async def _work(self) -> None:
        await self.open.wait()


class Broken(Step):
    async def _work(self) -> None:
        raise ValueError("broken")


async def until(condition: Callable[[], bool | Awaitable[bool]]) -> None:
    loop = asyncio.get_running_loop()
    late = loop.time() + HANG_SECONDS
    while not (await met if isawaitable(met := condition()) else met):
        assert loop.time() < late, "it never came"
        await asyncio.sleep(0.005)


async def some_time_passes(queue: JobQueue, rounds: int = 3) -> None:
    """By the queue's own measure: another of its jobs has run so many times."""
    other = Step()
    name = f"other:{id(other)}"
    queue.every(name, 0.01, other)
    await until(lambda: other.runs >= rounds)
    queue.every(name, NEVER, other)


@asynccontextmanager
async def running(dsn: str | None, timing: Timing = SHORT) -> AsyncIterator[JobQueue]:
    queue = JobQueue(dsn, timing)
    queue.start()
    try:
        yield queue
    finally:
        await queue.stop(0.5)


async def ask(dsn: str, question: str) -> list[Any]:
    """The first column."""
    connection = await asyncpg.connect(dsn)
    try:
        return [row[0] for row in await connection.fetch(question)]
    finally:
        await connection.close()


async def lose_jobs(queue: JobQueue, dsn: str | None) -> None:
    if dsn is None:
        assert queue._session is not None
        await queue._session.queries.clear_queue()
    else:
        await ask(dsn, "DELETE FROM pgqueuer")


async def cut_connections(dsn: str) -> None:
    others = "datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    cut = await ask(dsn, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
    assert cut == [True]


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


# -- a shared PostgreSQL -------------------------------------------------------------------------------------------------


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


async def test_a_step_that_lost_its_connection_runs_again(pg_dsn: str) -> None:
    step = Gate()
    async with running(pg_dsn) as queue:
        queue.every("step", 0.01, step)
        await until(lambda: step.runs == 1)
        await cut_connections(pg_dsn)
        step.open.set()
        await until(lambda: step.runs >= 3)
    assert step.most_at_once == 1


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


async def test_a_name_runs_in_one_place_also_when_the_holder_lost_its_connection(pg_dsn: str) -> None:
    job = Gate()  # the same for both: it would see the other's run
    async with running(pg_dsn) as first:
        first.every("job", 0.01, job)
        await until(lambda: job.runs == 1)
        await cut_connections(pg_dsn)
        async with running(pg_dsn) as second:
            second.every("job", 0.01, job)
            await until(lambda: job.runs == 2)
        assert job.most_at_once == 1


HOLDER = """
import asyncio, sys
from app.worker.recurring_jobs import JobQueue, Timing

async def hold():
    print("holding", flush=True)
    await asyncio.sleep(3600)
    return 0

async def main():
    queue = JobQueue(sys.argv[1], Timing(heartbeat=1.0, dequeue=0.2, granularity=0.02, heal=0.1))
    queue.every("held", 0.01, hold)
    queue.start()
    await asyncio.sleep(3600)

asyncio.run(main())
"""


@pytest.fixture
def holder(pg_dsn: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that runs the job "held" and does not end."""
    with subprocess.Popen([sys.executable, "-c", HOLDER, pg_dsn], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "holding\n"
        yield process
        process.kill()


async def test_a_living_process_keeps_its_job_and_a_killed_one_loses_it(holder: subprocess.Popen[str], pg_dsn: str) -> None:
    step = Step()
    async with running(pg_dsn) as queue:
        queue.every("held", 0.01, step)
        await asyncio.sleep(2.5 * SHORT.heartbeat)
        await some_time_passes(queue)
        assert step.runs == 0
        holder.kill()  # no chance to tidy up
        await until(lambda: step.runs >= 3)


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
