"""One bucket for all workers, and one clock: on either store."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text

from app.domain.delivery.circuit_breaker import Breaker
from app.domain.delivery.destination import DestinationState
from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Unreachable
from app.domain.delivery.rate_limit import CUT, SMALLEST_SHARE, Pace
from app.domain.errors import NotReady
from app.domain.salesmanago_limits import CALLS_IN_FLIGHT
from app.services.delivery.rate_limit import OwnRateLimit, SharedRateLimit
from app.storage.engine.clock import DatabaseClock
from app.storage.engine.database import Database
from app.storage.unit_of_work import Store
from tests.conftest import Clock

MAIN = to_account("main")


def workers(store: Store, number: int, calls_per_second: float = 5.0) -> list[SharedRateLimit]:
    """Each with memory of its own, as processes have."""
    return [SharedRateLimit(store, MAIN, calls_per_second) for _ in range(number)]


async def known(store: Store, destination: str = MAIN) -> DestinationState:
    async with store.work() as work:
        return (await work.destinations.all()).get(destination, DestinationState())


async def pace_of(store: Store) -> Pace:
    pace = (await known(store)).pace
    assert pace is not None
    return pace


# -- booking -------------------------------------------------------------------------------------------------------------


async def test_calls_of_several_workers_that_come_at_once_leave_one_after_the_other(store: Store) -> None:
    waits = await asyncio.gather(*(one.take() for one in workers(store, 12)))
    expected = [0.0] * CALLS_IN_FLIGHT + [0.2 * number for number in range(1, 12 - CALLS_IN_FLIGHT + 1)]
    assert sorted(waits) == pytest.approx(expected, abs=1e-3)


async def test_a_worker_that_starts_later_stands_behind_what_others_booked(store: Store) -> None:
    (early,) = workers(store, 1)
    for _ in range(6):
        await early.take()
    (late,) = workers(store, 1)
    assert await late.take() == pytest.approx(1.0, abs=1e-3)


async def test_the_bucket_fills_up_with_the_time_all_agree_on(store: Store, clock: Clock) -> None:
    one, other = workers(store, 2)
    for _ in range(6):
        await one.take()
    clock.advance(seconds=10)
    assert [await other.take(), await one.take()] == [0.0, 0.0]
    assert await other.take() == pytest.approx(0.2, abs=1e-3)


async def test_accounts_have_buckets_of_their_own(store: Store) -> None:
    (main,) = workers(store, 1)
    for _ in range(20):
        await main.take()
    assert await SharedRateLimit(store, to_account("other"), 5.0).take() == 0.0


async def test_nothing_is_booked_by_looking_whether_it_is_closed(store: Store) -> None:
    one, other = workers(store, 2)
    assert [await one.closed_for() for _ in range(5)] == [0.0] * 5
    assert [await other.take() for _ in range(CALLS_IN_FLIGHT)] == [0.0] * CALLS_IN_FLIGHT


async def test_a_new_allowance_counts_at_once_for_what_others_booked_too(store: Store) -> None:
    (slow,) = workers(store, 1, calls_per_second=1.0)
    for _ in range(3):
        await slow.take()
    fast = SharedRateLimit(store, MAIN, 10.0)
    first, second = await fast.take(), await fast.take()
    assert second - first == pytest.approx(0.1, abs=1e-3)
    assert (await pace_of(store)).calls_per_second == 10.0


# -- a process that is alone with its store ------------------------------------------------------------------------------


def alone(store: Store, clock: Clock, calls_per_second: float = 5.0) -> OwnRateLimit:
    return OwnRateLimit(store, MAIN, calls_per_second, clock)


async def test_who_is_alone_keeps_the_same_pace_after_an_empty_bucket(store: Store, clock: Clock) -> None:
    one = alone(store, clock)
    waits = [await one.take() for _ in range(6)]
    assert waits == pytest.approx([0.2 * number for number in range(1, 7)], abs=1e-3)
    clock.advance(seconds=10)
    assert [await one.take() for _ in range(CALLS_IN_FLIGHT + 1)] == pytest.approx([0.0] * CALLS_IN_FLIGHT + [0.2], abs=1e-3)


async def test_calls_that_come_at_once_at_the_start_of_who_is_alone_leave_one_after_the_other(store: Store, clock: Clock) -> None:
    one = alone(store, clock)
    waits = await asyncio.gather(*(one.take() for _ in range(5)))
    assert sorted(waits) == pytest.approx([0.2 * number for number in range(1, 6)], abs=1e-3)


async def test_a_restart_of_who_is_alone_lets_no_call_more_leave(store: Store, clock: Clock) -> None:
    before = alone(store, clock, 0.5)
    await before.take()
    clock.advance(seconds=2)
    again = alone(store, clock, 0.5)
    assert [await again.take() for _ in range(2)] == pytest.approx([2.0, 4.0], abs=1e-3)


async def test_a_lone_process_notes_complaints_and_remembers_them_after_a_restart(store: Store, clock: Clock) -> None:
    one = alone(store, clock)
    await one.take()
    await one.throttled(30.0)
    assert await one.closed_for() == pytest.approx(30.0, abs=1e-3)
    assert await one.take() == pytest.approx(30.0, abs=1e-3)
    again = alone(store, clock)
    assert await again.closed_for() == pytest.approx(30.0, abs=1e-3)
    waits = [await again.take() for _ in range(CALLS_IN_FLIGHT + 2)]
    assert waits[0] == pytest.approx(30.0, abs=1e-3)
    assert waits[-1] - waits[-2] == pytest.approx(0.2 / CUT, abs=1e-3)


async def test_calls_of_who_is_alone_write_nothing(store: Store, clock: Clock) -> None:
    one = alone(store, clock)
    await one.take()
    before = await pace_of(store)
    await one.take()
    assert await pace_of(store) == before


# -- complaints ----------------------------------------------------------------------------------------------------------


async def test_a_complaint_to_one_worker_slows_all(store: Store, clock: Clock) -> None:
    one, other = workers(store, 2)
    await one.throttled(0.0)
    waits = [await other.take() for _ in range(6)]
    assert waits[-1] - waits[-2] == pytest.approx(0.2 / CUT, abs=1e-3)
    assert (await pace_of(store)).share(clock().timestamp()) == pytest.approx(CUT, abs=1e-3)


async def test_one_complaint_that_all_workers_note_counts_once(store: Store, clock: Clock) -> None:
    await asyncio.gather(*(one.throttled(0.0) for one in workers(store, 8)))
    clock.advance(seconds=4)
    await workers(store, 1)[0].throttled(0.0)
    assert (await pace_of(store)).slowed_to == pytest.approx(CUT)


async def test_complaints_again_and_again_slow_down_and_never_stop_it(store: Store, clock: Clock) -> None:
    one, other = workers(store, 2)
    for _ in range(30):
        await one.throttled(0.0)
        clock.advance(seconds=6)
    share = (await pace_of(store)).share(clock().timestamp())
    assert SMALLEST_SHARE <= share < 0.1
    waits = [await other.take() for _ in range(5)]
    assert waits[-1] - waits[-2] == pytest.approx(0.2 / share, rel=0.01)


async def test_the_old_pace_is_back_after_a_quiet_while_for_a_worker_that_starts_then(store: Store, clock: Clock) -> None:
    await workers(store, 1)[0].throttled(0.0)
    clock.advance(minutes=10)
    (fresh,) = workers(store, 1)
    waits = [await fresh.take() for _ in range(6)]
    assert waits[-1] - waits[-2] == pytest.approx(0.2, abs=1e-3)


async def test_a_rest_that_one_was_asked_for_holds_for_all_and_is_not_shortened(store: Store, clock: Clock) -> None:
    one, other = workers(store, 2)
    await one.throttled(30.0)
    await other.throttled(3.0)
    clock.advance(seconds=10)
    assert await other.closed_for() == pytest.approx(20.0, abs=1e-3)
    assert await other.take() == pytest.approx(20.0, abs=1e-3)
    clock.advance(seconds=20.001)
    assert await one.closed_for() == 0.0


async def test_nobody_queues_up_for_a_rest_longer_than_a_call_waits(store: Store, clock: Clock) -> None:
    one, other = workers(store, 2)
    await one.throttled(3_600.0)
    assert [await other.take() for _ in range(50)] == [pytest.approx(3_600.0, abs=1e-3)] * 50
    clock.advance(seconds=3_600.001)
    assert await other.take() == 0.0, "those fifty were not booked"


async def test_a_second_complaint_within_the_same_moment_may_still_ask_for_a_longer_rest(store: Store) -> None:
    one, other = workers(store, 2)
    await one.throttled(3.0)
    await other.throttled(30.0)
    assert await one.closed_for() == pytest.approx(30.0, abs=1e-3)
    assert (await pace_of(store)).slowed_to == pytest.approx(CUT)


async def test_bookings_and_the_breaker_do_not_overwrite_each_other(store: Store, clock: Clock) -> None:
    """They share a row."""

    async def fails() -> None:
        async with store.work() as work:
            state = await work.destinations.locked(MAIN)
            breaker = state.breaker.failed([Unreachable("down")], clock(), 1.0)
            await asyncio.sleep(0)
            await work.destinations.save(MAIN, DestinationState(breaker, state.pace))
            await work.commit()

    await asyncio.gather(*(one.take() for one in workers(store, 5)), *(fails() for _ in range(5)))
    assert (await known(store)).breaker.failures == 5
    assert await workers(store, 1)[0].take() == pytest.approx(0.2 * 4, abs=1e-3)


# -- what is known of a neighbour ----------------------------------------------------------------------------------------


async def test_of_whom_nothing_is_stored_everything_is_as_it_was_at_birth(store: Store) -> None:
    async with store.work() as work:
        assert await work.destinations.all() == {}
        assert await work.destinations.locked("account:żółty 'x'") == DestinationState()


async def test_what_was_saved_comes_back_to_the_last_digit(store: Store, clock: Clock) -> None:
    breaker = Breaker(3, clock() + timedelta(microseconds=1), clock(), "unreachable: 'żółć' \\ %s")
    saved = DestinationState(breaker, Pace(4.7, 2, 1e9 + 0.123457, 1e9 + 0.5, 0.343, 1e9 + 0.25))
    async with store.work() as work:
        await work.destinations.locked(MAIN)
        await work.destinations.save(MAIN, saved)
        await work.commit()
    assert await known(store) == saved
    assert await known(store, "account:other") == DestinationState()


async def test_what_was_not_committed_is_not_known(store: Store) -> None:
    async with store.work() as work:
        await work.destinations.locked(MAIN)
        await work.destinations.save(MAIN, DestinationState(Breaker(7)))
    assert await known(store) == DestinationState()


async def test_those_who_ask_for_it_locked_come_one_after_the_other_also_the_first_time(store: Store) -> None:
    async def counts() -> None:
        async with store.work() as work:
            known = await work.destinations.locked(MAIN)
            await asyncio.sleep(0.01)
            await work.destinations.save(MAIN, DestinationState(Breaker(known.breaker.failures + 1)))
            await work.commit()

    await asyncio.gather(*(counts() for _ in range(6)))
    assert (await known(store)).breaker.failures == 6


# -- the clock -----------------------------------------------------------------------------------------------------------


@pytest.fixture
async def read(database: Database) -> DatabaseClock:
    if database.is_sqlite:
        pytest.skip("the embedded store has one owner, whose clock is as good")
    clock = DatabaseClock(database)
    await clock.read()
    return clock


async def now_there(database: Database) -> datetime:
    async with database.transaction() as connection:
        found: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
        return found


async def test_the_clock_shows_what_the_database_says_in_utc(database: Database, read: DatabaseClock) -> None:
    before = await now_there(database)
    shown = read()
    after = await now_there(database)
    slack = timedelta(seconds=0.2)
    assert before - slack <= shown <= after + slack
    assert shown.utcoffset() == timedelta(0)


async def test_between_readings_it_moves_with_the_machines_steady_clock_and_no_other(
    read: DatabaseClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    steady = time.monotonic()
    monkeypatch.setattr("app.storage.engine.clock.time", SimpleNamespace(monotonic=lambda: steady))
    before = read()
    monkeypatch.setattr("app.storage.engine.clock.time", SimpleNamespace(monotonic=lambda: steady + 7.5))
    assert read() - before == timedelta(seconds=7.5)


async def test_a_machine_whose_clock_is_wrong_is_set_right_by_the_next_reading(database: Database, read: DatabaseClock) -> None:
    read._was = datetime(2001, 1, 1, tzinfo=UTC)
    assert read().year == 2001
    assert await read.read() == 0
    assert abs(read() - await now_there(database)) < timedelta(seconds=1)


async def test_while_the_database_cannot_be_asked_the_last_reading_stands(
    database: Database, read: DatabaseClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read()
    with monkeypatch.context() as broken:
        broken.setattr(type(database), "transaction", lambda self: _Refusing())
        with pytest.raises(NotReady):
            await read.read()
    assert timedelta(0) <= read() - before < timedelta(seconds=5)


class _Refusing:
    async def __aenter__(self) -> None:
        raise NotReady

    async def __aexit__(self, *_: object) -> None:
        return None


async def test_the_embedded_store_is_asked_for_no_time_and_the_clock_keeps_its_own(database: Database) -> None:
    if not database.is_sqlite:
        pytest.skip("see the tests above")
    clock = DatabaseClock(database)
    before = clock()
    with pytest.raises(NotReady):
        await clock.read()
    assert timedelta(0) <= clock() - before < timedelta(seconds=5)


async def test_leases_and_bookings_go_by_the_databases_time_where_there_can_be_several_workers(database: Database) -> None:
    async with Store(database).work() as work:
        earlier, later = await work.now(), await work.now()
    assert earlier <= later
    assert earlier.utcoffset() == timedelta(0)
    reference = datetime.now(UTC) if database.is_sqlite else await now_there(database)
    assert abs(reference - later) < timedelta(seconds=5)


async def test_time_goes_on_within_a_transaction(database: Database) -> None:
    """A transaction that waits for a lock must not lease by the time at which it began."""
    async with Store(database).work() as work:
        earlier = await work.now()
        await asyncio.sleep(0.05)
        assert await work.now() - earlier >= timedelta(seconds=0.04)
