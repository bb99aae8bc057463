"""Counts at the door: one process alone, and several that tell each other."""

from collections.abc import Callable

import pytest

from app.domain.errors import NotReady
from app.routers.edge.rate_limits import Pace, Refusals
from app.services.operations import door_counts
from app.services.operations.door_counts import DoorCounts
from app.storage.unit_of_work import Store
from tests.conftest import Clock

Process = Callable[[], DoorCounts]


@pytest.fixture
def process(store: Store, clock: Clock) -> Process:
    """Another process of the same gateway."""
    return lambda: DoorCounts(store, clock, "salt")


def refused(refusals: Refusals, times: int) -> int:
    """How often a caller hears 401; then it hears 429."""
    return [refusals.note("203.0.113.7", "key") for _ in range(times)].count(None)


async def test_a_limit_used_up_in_one_process_is_used_up_in_the_others(process: Process) -> None:
    here, there = process(), process()
    assert refused(Refusals(30, here), 600) == 30
    await here.exchange()
    await there.exchange()
    assert refused(Refusals(30, there), 600) == 0
    too_many = Refusals(30, there).note("203.0.113.7", "key")
    assert too_many is not None
    assert too_many.retry_after_seconds >= 1
    assert Refusals(30, there).note("203.0.113.8", "key") is None


async def test_counts_of_several_processes_add_up_and_none_counts_its_own_twice(process: Process) -> None:
    here, there = process(), process()
    assert refused(Refusals(30, here), 10) == 10
    for one in (here, there, here, there):
        await one.exchange()
    assert refused(Refusals(30, there), 15) == 15
    for one in (there, here, there):
        await one.exchange()
    assert refused(Refusals(30, here), 15) == 5


async def test_the_next_minute_begins_with_nothing_of_the_others(process: Process, clock: Clock) -> None:
    here, there = process(), process()
    refused(Refusals(30, here), 100)
    await here.exchange()
    await there.exchange()
    clock.advance(minutes=1)
    await there.exchange()
    assert refused(Refusals(30, there), 100) == 30


async def test_what_could_not_be_sent_is_sent_the_next_time(
    process: Process, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = process(), process()
    refused(Refusals(30, here), 100)

    def closed() -> None:
        raise NotReady

    with monkeypatch.context() as patched:
        patched.setattr(store, "work", closed)
        with pytest.raises(NotReady):
            await here.exchange()
    await here.exchange()
    await there.exchange()
    assert refused(Refusals(30, there), 10) == 0


async def test_requests_of_a_key_are_counted_over_processes(process: Process) -> None:
    here, there = process(), process()
    Pace(100, here).charge("key", 100)
    await here.exchange()
    await there.exchange()
    ((_, policy), (_, left)) = Pace(100, there).headers("key")
    assert policy == b'"key";q=100;w=60'
    assert left.startswith(b'"key";r=0;t=')


async def test_an_address_that_tries_keys_is_an_alarm_in_every_process_until_it_stops(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = process(), process()
    refused(Refusals(30, here), 30)
    assert await here.alarms() == set()
    refused(Refusals(30, here), 570)
    await here.exchange()
    await there.exchange()
    assert await here.alarms() == await there.alarms() == {("203.0.113.7", "keys_are_tried")}
    monkeypatch.setattr(door_counts, "ALARM_SECONDS", 0.0)
    assert await there.alarms() == set()


async def test_one_process_alone_asks_no_database(clock: Clock) -> None:
    alone = DoorCounts()
    assert refused(Refusals(30, alone), 600) == 30
    assert await alone.exchange() == 0
    assert await alone.alarms() == {("203.0.113.7", "keys_are_tried")}
