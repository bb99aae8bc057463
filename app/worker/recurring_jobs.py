"""Recurring jobs on PgQueuer: each name runs in one place at a time, about every so often.

Without a PostgreSQL the queue lives in this process; with one it is shared, so of several workers one runs a job and another
takes over when that one dies. A job is a hint and nothing more: every step finds its work in our own tables, and lost rows
are put back. PgQueuer keeps a running job's key taken, so a run queues its successor under the other of two keys.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog
from pgqueuer import AsyncpgDriver, InMemoryDriver, InMemoryQueries, Job, PgQueuer, Queries, RetryRequested
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder, QuerySchedulerBuilder
from pgqueuer.domain.settings import DBSettings, Durability

from app.domain.clocks import NOTICED, went_back
from app.storage.engine.database import IDLE_SECONDS

if TYPE_CHECKING:
    import asyncpg

log = structlog.get_logger(__name__)

Step = Callable[[], Awaitable[int]]
"""Does a bit of work and answers how much it found; as long as it finds some it runs again at once."""

_MARKERS = (b"0", b"1")
_INSTALL_LOCK = 7_303_002


@dataclass(frozen=True)
class Timing:
    """Seconds."""

    heartbeat: float = 10.0
    """A job whose worker has been silent for so long is taken over."""
    dequeue: float = 2.0
    """The longest sleep between two checks of the queue; a job that falls due ends it sooner."""
    granularity: float = 0.25
    heal: float = 2.0
    """How often lost jobs are put back."""
    prune: float = 600.0
    set_right: float = 60.0
    """How often jobs are searched that a wrong clock put off."""
    keep_log: timedelta = timedelta(hours=6)
    reconnect: float = 1.0


@dataclass(frozen=True)
class _Recurring:
    seconds: float
    step: Step
    first: float


@dataclass
class _Session:
    """One life of PgQueuer; after a lost connection there is a new one."""

    pgq: PgQueuer
    queries: Queries | InMemoryQueries
    registered: set[str] = field(default_factory=set)


class JobQueue:
    """`dsn`: address of a PostgreSQL, or None for jobs of this process alone."""

    def __init__(self, dsn: str | None, timing: Timing | None = None, wall_clock: Callable[[], datetime] | None = None) -> None:
        self._dsn = dsn
        self._timing = timing or Timing()
        self._wall_clock = wall_clock or (lambda: datetime.now(UTC))
        self._recurring: dict[str, _Recurring] = {}
        self._session: _Session | None = None
        self._stopping = asyncio.Event()
        self._incomplete = asyncio.Event()
        self._supervisor: asyncio.Task[None] | None = None
        self._steps: dict[str, asyncio.Task[int]] = {}

    def every(self, name: str, seconds: float, step: Step, *, first: float = 0.0) -> None:
        """Run a step so long after its last end, for the first time after `first`. A failing step is logged and runs again."""
        self._recurring[name] = _Recurring(seconds, step, first)
        if self._session is not None:
            self._register(self._session, name)
        self._incomplete.set()

    def start(self) -> None:
        self._supervisor = asyncio.create_task(self._supervise(), name="jobs")

    async def stop(self, patience: float) -> None:
        """Let running steps end for so many seconds, then cancel them: their jobs are free for another worker at once."""
        self._stopping.set()
        if self._session is not None:
            self._session.pgq.shutdown.set()
        if self._supervisor is None:
            return
        _ended, late = await asyncio.wait([self._supervisor], timeout=patience)
        if late:
            self._cut_off()
            _ended, late = await asyncio.wait([self._supervisor], timeout=1.0)
        if late:  # the database does not answer
            self._supervisor.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._supervisor

    def _cut_off(self) -> None:
        for step in self._steps.values():
            step.cancel()

    # -- one life after the other ----------------------------------------------------------------------------------------

    async def _supervise(self) -> None:
        while not self._stopping.is_set():
            try:
                await (self._in_memory() if self._dsn is None else self._on_postgresql(self._dsn))
            except Exception as error:
                log.warning("jobs_interrupted", cause=type(error).__name__)
            finally:
                self._session = None
            await _wait(self._stopping, self._timing.reconnect)

    async def _in_memory(self) -> None:
        queries = InMemoryQueries(InMemoryDriver(), **_builders())
        await self._serve(_Session(PgQueuer(queries.driver, channel=_settings().channel, queries=queries), queries))

    async def _on_postgresql(self, dsn: str) -> None:
        """On a connection of its own: PgQueuer listens on it, and its loss is noticed at once."""
        import asyncpg

        # Who is stopped while it makes the tables must not keep the others from them.
        limits = {"idle_in_transaction_session_timeout": f"{IDLE_SECONDS}s"}
        connection = await asyncpg.connect(dsn, timeout=10, command_timeout=30, server_settings=limits)
        try:
            queries = await _installed(connection)
            session = _Session(PgQueuer(queries.driver, channel=queries.qbe.settings.channel, queries=queries), queries)
            connection.add_termination_listener(lambda _: self._lost(session))
            await self._serve(session)
        finally:
            connection.terminate() if connection.is_closed() else await connection.close(timeout=1)

    def _lost(self, session: _Session) -> None:
        """Without a sign of life our jobs pass to others: what runs here ends, or it would run twice."""
        session.pgq.shutdown.set()
        self._cut_off()

    async def _serve(self, session: _Session) -> None:
        session.pgq.qm.min_dequeue_poll_interval = timedelta(seconds=self._timing.granularity)
        for name in self._recurring:
            self._register(session, name)
        self._session = session
        upkeep = asyncio.create_task(self._keep_complete(session), name="jobs:upkeep")
        try:
            if self._stopping.is_set():
                return
            # `qm.run` and not `run`, which would also check schedules of its own every second.
            await session.pgq.qm.run(
                dequeue_timeout=timedelta(seconds=self._timing.dequeue),
                heartbeat_timeout=timedelta(seconds=self._timing.heartbeat),
                log_aggregation_interval=timedelta(0),
                shutdown_on_listener_failure=True,
            )
        finally:
            self._session = None
            upkeep.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await upkeep

    # -- jobs ------------------------------------------------------------------------------------------------------------

    def _register(self, session: _Session, name: str) -> None:
        """An entrypoint per name, because its limit is what makes the name run in one place."""
        if name not in session.registered:
            session.registered.add(name)
            session.pgq.entrypoint(name, concurrency_limit=1, accepts_context=False)(partial(self._run, session))

    async def _run(self, session: _Session, job: Job) -> None:
        name = str(job.entrypoint)
        recurring = self._recurring[name]
        # A task of our own: PgQueuer waits for its handlers without limit, and a stop must not.
        task: asyncio.Task[int] = asyncio.ensure_future(recurring.step())
        self._steps[name] = task
        try:
            await asyncio.wait([task])
        finally:
            self._steps.pop(name, None)
            task.cancel()
        if task.cancelled():
            raise RetryRequested(reason="stopped")
        error = task.exception()
        if error is not None:
            log.error("job_failed", job=name, exc_info=error)
        found_work = error is None and bool(task.result())
        await self._enqueue(session, name, _other_marker(job.payload), 0.0 if found_work else recurring.seconds)

    async def _enqueue(self, session: _Session, name: str, marker: bytes, seconds: float) -> None:
        key = f"every:{name}:{marker.decode()}"
        await session.queries.enqueue(name, marker, execute_after=timedelta(seconds=seconds), dedupe_key=key, on_conflict="skip")

    async def _keep_complete(self, session: _Session) -> None:
        """Put back what is missing: at the first start, for a new name, after jobs were lost.

        Where nothing can be asked for as long as a job may be silent, the session is lost, whatever its connection says: it would
        wait for its running steps to end, and start no other.
        """
        loop = asyncio.get_running_loop()
        prune_at = set_right_at = answered_at = loop.time()
        started, began = self._wall_clock(), loop.time()
        while True:
            self._incomplete.clear()
            if self._dsn is None and went_back(started, self._wall_clock(), timedelta(seconds=loop.time() - began)):
                session.pgq.shutdown.set()  # what is queued by that clock is dropped, and queued anew by the next session
                return
            try:
                if loop.time() >= set_right_at:
                    await self._set_right(session)
                    set_right_at = loop.time() + self._timing.set_right
                present = {str(size.entrypoint) for size in await session.queries.queue_size()}
                answered_at = loop.time()
                for name in self._recurring.keys() - present - self._steps.keys():
                    await self._enqueue(session, name, _MARKERS[0], self._recurring[name].first)
                if loop.time() >= prune_at:
                    await self._prune(session)
                    prune_at = loop.time() + self._timing.prune
            except Exception as error:
                log.warning("jobs_upkeep_failed", cause=type(error).__name__)
                if loop.time() - answered_at > self._timing.heartbeat:
                    self._lost(session)
            await _wait(self._incomplete, self._timing.heal)

    async def _set_right(self, session: _Session) -> None:
        """A job put off for longer than it ever is was queued while the database's clock was ahead: it is queued anew."""
        if isinstance(session.queries, InMemoryQueries):
            return  # see `_keep_complete`
        table = session.queries.qbe.settings.qualified.queue_table
        far = f"DELETE FROM {table} WHERE status = 'queued' AND entrypoint = $1 AND execute_after > now() + $2::interval"  # noqa: S608
        for name, one in self._recurring.items():
            longest = timedelta(seconds=max(one.seconds, one.first)) + NOTICED
            await session.queries.driver.execute(far, name, longest)

    async def _prune(self, session: _Session) -> None:
        """PgQueuer writes three lines of log per job and never deletes one."""
        if isinstance(session.queries, InMemoryQueries):
            await session.queries.clear_queue_log()
            return
        table = session.queries.qbe.settings.qualified.queue_table_log
        old = f"DELETE FROM {table} WHERE created < now() - $1::interval"  # noqa: S608 - our own name
        await session.queries.driver.execute(old, self._timing.keep_log)


async def _installed(connection: "asyncpg.Connection") -> Queries:
    """PgQueuer's tables, made or brought up to this version of it; several workers may start at once."""
    queries = Queries(AsyncpgDriver(connection), **_builders())
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", _INSTALL_LOCK)
        if not await queries.schema_is_installed():
            await queries.install()
    if (await queries.plan_upgrade()).statements:
        await queries.apply_upgrade()
    return queries


def _builders() -> dict[str, Any]:  # what PgQueuer names differently everywhere
    settings = _settings()
    return {
        "qbe": QueryBuilderEnvironment(settings),
        "qbq": QueryQueueBuilder(settings),
        "qbs": QuerySchedulerBuilder(settings),
    }


def _settings() -> DBSettings:
    """Every one of them ours: PgQueuer would also read names as common as CHANNEL and TRIGGER from the environment."""
    return DBSettings(
        prefix="",
        db_schema=None,
        channel="ch_pgqueuer",  # type: ignore[arg-type]  # a NewType of str
        function="fn_pgqueuer_changed",
        statistics_table="pgqueuer_statistics",
        queue_status_type="pgqueuer_status",
        queue_table="pgqueuer",
        queue_table_log="pgqueuer_log",
        trigger="tg_pgqueuer_changed",
        schedules_table="pgqueuer_schedules",
        durability=Durability.balanced,  # a lost log of jobs is no loss
        widen_id=True,
    )


def _other_marker(marker: bytes | None) -> bytes:
    return _MARKERS[1] if marker == _MARKERS[0] else _MARKERS[0]


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
