"""PostgreSQL and several workers: restarts, takeovers, zombies, clocks (I7, I8, I10, I12)."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from shutil import which
from typing import Any

import asyncpg

from chaos.ledger import Result, overshoot, settle, within
from chaos.load import Crowd, Line
from chaos.proxy import Proxy, Way
from chaos.suite import Skip, Stage, scenario
from chaos.world import World, until

LEASE = 5.0
LEASE_SETTING = {"GATEWAY_LEASE_SECONDS": str(LEASE)}


def shared(stage: Stage, **more: Any) -> dict[str, Any]:
    """The setting of a world on PostgreSQL: short leases, so that a takeover need not be waited for."""
    environment = {**LEASE_SETTING, **more.pop("environment", {})}
    return {"database_url": stage.postgres.create(), "environment": environment, **more}


@scenario("pg-restart")
def pg_restart(stage: Stage) -> Iterator[Result]:
    """PostgreSQL stops at once and comes back, under load, with a server and two workers: nobody is restarted (I1, I10)."""
    times = stage.size(4, 1)
    with stage.world(worker=False, **shared(stage)) as world:
        result = Result(
            "pg-restart", f"{times} times `pg_ctl -m immediate stop` under load, 3 s down; serve --no-worker and 2 workers"
        )
        world.worker("worker-1")
        world.worker("worker-2")
        crowd = Crowd(world.url, world.key(), name="pr", pause=0.01).start()
        until(lambda: crowd.count >= 30, 30)
        since = time.time()
        for _ in range(times):
            time.sleep(2)
            stage.postgres.stop_immediately()
            time.sleep(3)
            stage.postgres.start()
            since, stored = time.time(), crowd.count
            result.demand(until(lambda stored=stored: crowd.count > stored + 10, 30), "I10: intake does not go on")  # type: ignore[misc]
        crowd.stop()
        alive = [program.name for program in world.programs if not program.running]
        result.demand(not alive, f"I10: ended: {alive}")
        yield settle(world, [crowd], result, since=since)


@scenario("pg-no-connections")
def pg_no_connections(stage: Stage) -> Iterator[Result]:
    """Somebody takes every connection of the server, and ours are cut: 503, then on by itself (I1, I10)."""
    with stage.world(**shared(stage)) as world:
        result = Result("pg-no-connections", "all connections of the server taken by others for 8 s, the gateway's cut")
        crowd = Crowd(world.url, world.key(), name="pn", pause=0.01).start()
        until(lambda: crowd.count >= 30, 30)
        asyncio.run(_hog(world.dsn, stage.size(8, 4)))
        since, stored = time.time(), crowd.count
        result.demand(until(lambda: crowd.count > stored + 10, 40), "I10: intake does not go on")
        crowd.stop()
        result.demand(crowd.answers[503] > 0, "503 was never answered while no connection could be had")
        result.notes.append(f"{crowd.answers[503]} times 503")
        yield settle(world, [crowd], result, since=since)


_CUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE backend_type = 'client backend' AND pid <> ALL($1)"""


async def _hog(dsn: str, seconds: float) -> None:
    """Take whatever can be had, cut everybody else, take again."""
    taken: list[asyncpg.Connection] = []
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end:
            with suppress(OSError, asyncpg.PostgresError, TimeoutError):
                while True:
                    taken.append(await asyncpg.connect(dsn, timeout=2))
            if taken:
                ours = [one.get_server_pid() for one in taken]
                await taken[0].fetch(_CUT, ours)
            await asyncio.sleep(0.05)
    finally:
        for one in taken:
            one.terminate()


@scenario("pg-locked")
def pg_locked(stage: Stage) -> Iterator[Result]:
    """A migration or a person locks the inbox for 20 s: senders hear 503 in time, and it goes on by itself (I1, I10)."""
    seconds = stage.size(20, 17)
    with stage.world(**shared(stage)) as world:
        result = Result("pg-locked", f"another session held the inbox in ACCESS EXCLUSIVE MODE for {seconds} s")
        crowd = Crowd(world.url, world.key(), name="pl", pause=0.01).start()
        until(lambda: crowd.count >= 30, 30)
        asyncio.run(_lock(world.dsn, seconds))
        since, stored = time.time(), crowd.count
        result.demand(until(lambda: crowd.count > stored + 10, 40), "I10: intake does not go on")
        crowd.stop()
        result.demand(crowd.silent == 0, f"{crowd.silent} requests were not answered within 15 s: no 503 in time")
        yield settle(world, [crowd], result, since=since)


async def _lock(dsn: str, seconds: float) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE inbox IN ACCESS EXCLUSIVE MODE")
            await asyncio.sleep(seconds)
    finally:
        await connection.close()


@scenario("lease-takeover")
def lease_takeover(stage: Stage) -> Iterator[Result]:
    """kill -9 of the worker that holds the lease, in the middle of a call: another takes over within the lease (I3, I8)."""
    proxy = Proxy()
    with stage.world(proxy=proxy, worker=False, **shared(stage)) as world:
        result = Result("lease-takeover", f"kill -9 of the worker in the middle of a call that was applied; lease {LEASE:.0f} s")
        proxy.behave(Way.APPLIED_THEN_HANG, times=1, path="ExtEvent")
        first = world.worker("worker-1")
        crowd = Crowd(world.url, world.key(), name="lt", people=10).start().done()
        result.demand(until(lambda: bool(proxy.times(Way.APPLIED_THEN_HANG)), 30), "the call to hang in never came")
        world.worker("worker-2")
        time.sleep(5)
        first.kill()
        result.kills += 1
        since = time.time()
        settle(world, [crowd], result, since=since)
        late = result.drain is not None and result.drain > LEASE + 15
        result.demand(not late, f"I8: taken over only after {result.drain or 0:.0f} s")
        world.programs.remove(first)
        result.broken = [words for words in result.broken if not words.startswith("a stop ended")]
        yield result


@scenario("deciding-apart")
def deciding_apart(stage: Stage) -> Iterator[Result]:
    """Three workers divide a backlog among them and are killed one after the other: nobody's order suffers (I1, I2, I3, R06)."""
    people, kills = stage.size(600, 250), stage.size(6, 2)
    with stage.world(worker=False, **shared(stage)) as world:
        result = Result("deciding-apart", f"{people} people's events wait; 3 workers decide at once, {kills} times kill -9 of one")
        crowd = Crowd(world.url, world.key(), name="da", people=people).start().done(180)
        workers = [world.worker(f"worker-{number}") for number in range(3)]
        since = time.time()
        result.demand(until(lambda: _divided(world) > 0, 60), "the backlog was never divided")
        for number in range(kills):
            time.sleep(1)
            killed = workers.pop(0)
            killed.kill()
            result.kills += 1
            world.programs.remove(killed)
            workers.append(world.worker(f"worker-{3 + number}"))
        settle(world, [crowd], result, since=since)
        shared_by = _divided(world)
        result.demand(shared_by > 1, f"{shared_by} worker had all lanes")
        yield result


def _divided(world: World) -> int:
    """How many workers had lanes of their own."""
    return sum(b"round_divided" in one.read_bytes() for one in world.folder.glob("worker-*.log"))


@scenario("zombie")
def zombie(stage: Stage) -> Iterator[Result]:
    """A worker sleeps past its lease with an answer in its hand; another takes over; awake again it must change nothing (I8)."""
    yield from _zombie(stage, "zombie", "delivery.after-events", "SIGSTOP after the calls and before their record")


@scenario("zombie-midway")
def zombie_midway(stage: Stage) -> Iterator[Result]:
    """As before, but it sleeps between two calls of one claim: awake, it must not make the second one (I3, I8)."""
    yield from _zombie(
        stage, "zombie-midway", "delivery.after-contacts", "SIGSTOP between the call for contacts and that for events"
    )


@scenario("zombie-planner")
def zombie_planner(stage: Stage) -> Iterator[Result]:
    """A worker sleeps in the middle of deciding, with a transaction open: the others go on without it (I8, I10)."""
    yield from _zombie(stage, "zombie-planner", "planner.before-commit", "SIGSTOP in an open transaction of the planner")


def _zombie(stage: Stage, name: str, point: str, did: str) -> Iterator[Result]:
    """One worker asleep at a point, everything delivered by another since; then it wakes up."""
    with stage.world(worker=False, **shared(stage)) as world:
        result = Result(name, f"{did}, past the lease; takeover; SIGCONT")
        crowd = Crowd(world.url, world.key(), name="zo", people=6, opt_outs=0).start().done()
        sleeper = world.worker("worker-1", f"stop:{point}")
        result.demand(until(lambda: sleeper.asleep, 40), f"{point} was never reached")
        since = time.time()
        world.worker("worker-2")
        taken_over = until(lambda: world.waiting("zo") == 0, LEASE + 30)
        result.demand(taken_over, "I10: nobody could go on without the sleeping worker")
        took = time.time() - since
        time.sleep(0.5)
        before = _records(world)
        sleeper.signal(signal.SIGCONT)
        time.sleep(6)
        changed = _differences(before, _records(world)) if taken_over else []
        result.demand(not changed, f"I8: the fenced worker changed {', '.join(changed)}")
        settle(world, [crowd], result, since=time.time())
        result.drain = took
        yield result


_RECORDS = {
    "commands": "SELECT id, state, maybe_sent, attempts, reason, settled_at FROM outbox ORDER BY id",
    "contact_queues": "SELECT contact_id, destination, pending, attempts FROM contact_queues ORDER BY 1, 2",
    "events": "SELECT seq, state, reason, open_commands FROM inbox ORDER BY seq",
    "attempts": "SELECT command_id, number, outcome FROM attempts ORDER BY 1, 2",
}


def _records(world: World) -> dict[str, list[Any]]:
    return {name: world.rows(statement) for name, statement in _RECORDS.items()}


def _differences(before: dict[str, list[Any]], after: dict[str, list[Any]]) -> list[str]:
    return [f"{name} ({len(set(before[name]) ^ set(after[name]))} rows)" for name in before if before[name] != after[name]]


def _clock(shift: str) -> list[str]:
    """The wall clock moved, the one that counts up left alone."""
    return ["env", "FAKETIME_DONT_FAKE_MONOTONIC=1", "faketime", "-f", shift]


@scenario("clock-jumps")
def clock_jumps(stage: Stage) -> Iterator[Result]:
    """One of two workers lives an hour ahead, or behind: leases hold all the same (I3, I8)."""
    if which("faketime") is None:
        raise Skip("faketime is not installed")
    for shift in ("+1h", "-1h"):
        proxy = Proxy()
        with stage.world(proxy=proxy, worker=False, **shared(stage)) as world:
            result = Result(
                f"clock-jumps {shift}", f"one worker with the right time, one with {shift}; the stand-in acts after 1.5 s"
            )
            key = world.key()
            world.worker("worker-right")
            world.worker("worker-wrong", prefix=_clock(shift))
            time.sleep(5)
            proxy.behave(Way.SLOW, seconds=1.5)
            crowd = Crowd(world.url, key, name="cj", people=stage.size(40, 12), pause=0.1, opt_outs=0).start().done(120)
            since = time.time()
            until(lambda world=world: world.waiting("cj") == 0, 60)  # type: ignore[misc]
            proxy.heal()
            yield settle(world, [crowd], result, since=since)


@scenario("clock-carts")
def clock_carts(stage: Stage) -> Iterator[Result]:
    """A cart that changed just now is not reported by a worker that lives an hour ahead (I12)."""
    if which("faketime") is None:
        raise Skip("faketime is not installed")
    with stage.world(worker=False, **shared(stage, environment={"GATEWAY_CART_SWEEP_SECONDS": "1"})) as world:
        result = Result("clock-carts", "carts filled now; the only worker lives 1 h 5 min ahead")
        key = world.key()
        crowd = Crowd(world.url, key, name="cc", people=5, opt_outs=0).start().done()
        right = world.worker("worker-right")
        until(lambda: world.waiting("cc") == 0, 40)
        line = Line(world.url, key)
        for number in range(5):
            body = {
                "event_id": f"cart-{number}",
                "occurred_at": datetime.now(UTC).isoformat(timespec="seconds"),
                "email": f"ccs0x{number}@example.com",
                "cart": {"id": f"cart-{number}", "value": "5.00", "currency": "PLN", "items": [{"product_id": "1", "name": "x"}]},
            }
            status, _, said = line.post("/v1/shops/shop1/carts", body)
            result.demand(status == 202, f"a cart was answered {status} {said[:80]!r}")
        line.close()
        time.sleep(2)
        right.kill()
        world.programs.remove(right)
        world.worker("worker-ahead", prefix=_clock("+65m"))
        time.sleep(stage.size(25, 15))
        early = [event for event in world.sandbox.get("events")["events"] if event["type"] == "CART"]
        result.demand(not early, f"I12: {len(early)} carts reported as quiet for an hour, a minute after they changed")
        yield settle(world, [crowd], result, since=time.time())


@scenario("pace-of-workers")
def pace_of_workers(stage: Stage) -> Iterator[Result]:
    """Two workers share the pace of one account (I7)."""
    proxy, pace = Proxy(), 4.0
    with stage.world(proxy=proxy, worker=False, **shared(stage, calls_per_second=pace)) as world:
        result = Result("pace-of-workers", f"2 workers, {pace:.0f} calls a second allowed, backlog of people one by one")
        key = world.key()
        world.worker("worker-1")
        world.worker("worker-2")
        time.sleep(6)
        begin = time.time()
        crowd = Crowd(world.url, key, name="pw", people=stage.size(60, 20), pause=0.1, opt_outs=0).start().done(120)
        settle(world, [crowd], result, since=time.time())
        times = [at for at in proxy.times() if at >= begin]
        result.overshoot = overshoot(times, pace)
        result.demand(result.overshoot == 0, f"I7: {result.overshoot} of {len(times)} calls beyond {pace:.0f} a second")
        yield result


@scenario("throttled-workers")
def throttled_workers(stage: Stage) -> Iterator[Result]:
    """429 with Retry-After to one worker holds for the others too (I7)."""
    proxy, asked = Proxy(), 8
    with stage.world(proxy=proxy, worker=False, **shared(stage)) as world:
        result = Result("throttled-workers", f"2 workers under load; one is told to wait {asked} s")
        key = world.key()
        world.worker("worker-1")
        world.worker("worker-2")
        crowd = Crowd(world.url, key, name="tw", pause=0.05).start()
        time.sleep(8)
        proxy.behave(Way.THROTTLE, times=1, retry_after=str(asked))
        result.demand(until(lambda: bool(proxy.times(Way.THROTTLE)), 20), "nobody was throttled")
        at = proxy.times(Way.THROTTLE)[0]
        time.sleep(asked + 2)
        crowd.stop()
        result.overshoot = within(proxy.times(), at + 0.3, at + asked)
        result.demand(result.overshoot == 0, f"I7: {result.overshoot} calls of the other worker within {asked} s of the 429")
        yield settle(world, [crowd], result, since=at + asked)
