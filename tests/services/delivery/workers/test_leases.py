"""Leases of several workers: who lost one records nothing."""

import asyncio
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, text

from app.domain.delivery.answers import Attempted, Tried
from app.domain.delivery.outcomes import Delivered, Done
from app.domain.errors import NotReady
from app.services.delivery import recorder
from app.services.delivery.lease import Lease
from app.services.delivery.loop import Delivery
from app.storage.engine.tables import calls, contact_queues
from tests.services.delivery.workers.many import MAIN, MINUTE, SteadyTime, a_worker, at_once, claimed, in_flight
from tests.support.world import EWA, JAN, World, orders, registers


async def calls_recorded(world: World) -> list[str]:
    async with world.database.transaction() as connection:
        return sorted((await connection.execute(select(calls.c.path))).scalars())


# -- leases --------------------------------------------------------------------------------------------------------------


async def test_every_lease_has_a_greater_number_than_all_before_it(world: World) -> None:
    await world.post(*(registers(f"c{n}@example.pl") for n in range(6)))
    await world.plan()
    numbers = [one.lease_token for _ in range(3) for one in await claimed(world, 2)]
    assert [first == second for first, second in pairwise(numbers)] == [True, False, True, False, True]
    assert numbers == sorted(numbers)
    world.clock.advance(seconds=61)
    assert min(one.lease_token for one in await claimed(world)) > numbers[-1]


async def test_what_is_leased_is_nobody_elses_to_the_last_moment(world: World) -> None:
    await world.post(registers(JAN))
    await world.plan()
    (first,) = await claimed(world)
    world.clock.advance(seconds=60)
    assert await claimed(world) == []
    world.clock.advance(microseconds=1)
    (second,) = await claimed(world)
    assert second.lease_token > first.lease_token
    assert [one.maybe_sent for one in second.commands] == [True]


async def test_a_lease_is_renewed_as_long_as_it_stands_and_not_a_moment_longer(world: World) -> None:
    await world.post(registers(JAN))
    await world.plan()
    (claim,) = await claimed(world)

    async def renewed() -> bool:
        async with world.store.work() as work:
            now = await work.now()
            held = await work.leases.renew(claim.lease_token, now, now + MINUTE)
            await work.commit()
            return held

    world.clock.advance(seconds=60)
    assert await renewed()
    world.clock.advance(seconds=59)
    assert await claimed(world) == []
    assert await renewed()
    world.clock.advance(seconds=60.001)
    assert not await renewed()
    assert len(await claimed(world)) == 1
    assert not await renewed()


async def test_who_renews_a_number_that_another_holds_takes_nothing_from_him(world: World) -> None:
    await world.post(registers(JAN))
    await world.plan()
    (old,) = await claimed(world)
    world.clock.advance(seconds=61)
    (new,) = await claimed(world)
    async with world.store.work() as work:
        now = await work.now()
        assert not await work.leases.renew(old.lease_token, now, now + timedelta(days=1))
        await work.commit()
    world.clock.advance(seconds=60.001)
    assert [one.contact_id for one in await claimed(world)] == [new.contact_id]


async def test_of_a_lease_that_is_somebody_elses_nothing_is_recorded(world: World) -> None:
    await world.post(registers(JAN), registers(EWA))
    await world.plan()
    late = await claimed(world)
    world.clock.advance(seconds=61)
    (taken,) = await claimed(world, 1)
    now = world.clock()
    done = [Attempted(c, tuple(Tried(w, Delivered(), Done(), None) for w in c.commands), now, 0, None, now) for c in late]
    async with world.store.work() as work:
        assert await work.results.record(done, MAIN, now) == {taken.contact_id}
        await work.commit()
    async with world.database.transaction() as connection:
        rows = (await connection.execute(select(contact_queues.c.contact_id, contact_queues.c.lease_token))).all()
        states = sorted((await connection.execute(text("SELECT state FROM outbox"))).scalars())
    assert [tuple(row) for row in rows] == [(taken.contact_id, taken.lease_token)]
    assert states == ["sent", "waiting"]


def full_for(monkeypatch: pytest.MonkeyPatch, worker: Delivery, times: int) -> None:
    """The store has no room for the next records of a worker."""
    record, left = worker._recorder._recorded_together, iter(range(times))

    async def refused(*arguments: Any) -> None:
        if next(left, None) is not None:
            raise NotReady
        await record(*arguments)

    monkeypatch.setattr(worker._recorder, "_recorded_together", refused)
    monkeypatch.setattr(recorder, "RECORD_AGAIN_SECONDS", (0.001,))


async def test_what_a_call_came_to_is_recorded_as_soon_as_the_store_takes_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.post(orders("o1"))
    await world.plan()
    worker = a_worker(world)
    full_for(monkeypatch, worker, 20)
    assert await worker.deliver_due(MAIN) == 1
    assert await world.at_rest() == {"e1": ("sent", None)}
    assert world.upstream.methods == ["upsert", "add_event"]


async def test_what_could_not_be_recorded_within_the_lease_is_looked_up_before_it_is_sent_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.post(orders("o1"))
    await world.plan()
    worker = a_worker(world, lease=0.1)
    full_for(monkeypatch, worker, 1_000_000)
    with pytest.raises(NotReady):
        await worker.deliver_due(MAIN)
    made = len(world.upstream.methods)
    world.clock.advance(seconds=1)
    await a_worker(world).deliver_due(MAIN)
    assert world.upstream.methods[made] == "look_up"
    assert [event.external_id for event in world.upstream.events] == ["o1"]
    assert await world.at_rest() == {"e1": ("sent", None)}


async def test_a_worker_that_lost_its_lease_makes_no_further_call_and_records_nothing(world: World) -> None:
    """It hung in its first call; meanwhile its lease ended and another worker did the whole work."""
    await world.post(orders("o1"), orders("o2", minutes=1))
    await world.plan()
    slow, quick = a_worker(world, lease=0.3), a_worker(world)
    made_by_slow = list[str]()

    async def overtaken(method: str, items: list[Any]) -> None:
        world.upstream.before_answer = at_once
        made_by_slow.append(method)
        world.clock.advance(seconds=1)
        while await quick.deliver_due(MAIN):
            pass
        world.upstream.calls.append(("slow goes on", []))
        await asyncio.sleep(0.25)  # its renewal learns of it

    world.upstream.before_answer = overtaken
    assert await slow.deliver_due(MAIN) == 1
    assert made_by_slow == ["upsert"]
    assert world.upstream.methods[-1] == "slow goes on"
    assert [event.external_id for event in world.upstream.events] == ["o1", "o2"]
    assert await world.at_rest() == {"e1": ("sent", None), "e2": ("sent", None)}
    trace = await world.trace("e1")
    assert [len(command.attempts) for command in trace.commands] == [1, 1]
    assert await calls_recorded(world) == ["/add_event", "/add_event", "/upsert"]  # those of the quick one


async def test_a_worker_that_was_stopped_past_its_lease_makes_no_further_call_before_it_asks_anybody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that slept: the steady clock tells, though no renewal has run yet."""
    await world.post(orders("o1"))
    await world.plan()
    steady = [1000.0]
    monkeypatch.setattr("app.services.delivery.lease.time", SimpleNamespace(monotonic=lambda: steady[0]))
    monkeypatch.setattr("app.services.delivery.loop.time", SimpleNamespace(monotonic=lambda: steady[0]))
    monkeypatch.setattr("app.services.delivery.claims.time", SimpleNamespace(monotonic=lambda: steady[0]))

    async def sleeps(method: str, items: list[Any]) -> None:
        steady[0] += 60.0

    world.upstream.before_answer = sleeps
    assert await a_worker(world).deliver_due(MAIN) == 1
    assert world.upstream.methods == ["upsert"]
    world.upstream.before_answer = at_once
    await world.run()
    assert [event.external_id for event in world.upstream.events] == ["o1"]
    await world.at_rest()


async def test_a_slow_worker_keeps_what_it_renews_and_nobody_overtakes_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    await world.post(orders("o1"))
    await world.plan()
    steady = SteadyTime(world, monkeypatch)
    slow, quick = a_worker(world, lease=60), a_worker(world)
    taken = list[int]()

    async def slowly(method: str, items: list[Any]) -> None:
        for _ in range(3):  # longer than the lease, by either clock
            await steady.pass_by(22.5)
            taken.append(await quick.deliver_due(MAIN))

    world.upstream.before_answer = slowly
    assert await slow.deliver_due(MAIN) == 1
    assert taken == [0] * 6
    assert world.upstream.methods == ["upsert", "add_event"]
    await world.at_rest()


async def test_after_a_restart_of_the_embedded_store_no_lease_of_before_holds_anybody_up(world: World) -> None:
    await world.post(registers(JAN))
    await world.plan()
    (claim,) = await claimed(world)
    async with world.store.work() as work:
        await work.leases.release_all()
        await work.commit()
    assert await in_flight(world) == 0
    (again,) = await claimed(world)
    assert again.lease_token > claim.lease_token


@pytest.mark.parametrize(("after", "alive"), [(0.0, True), (59.9, True), (60.0, False), (1e6, False)])
def test_a_lease_holds_for_its_length_from_before_it_was_written(
    after: float, alive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    lease = Lease(7, MINUTE, 1000.0)
    monkeypatch.setattr("app.services.delivery.lease.time", SimpleNamespace(monotonic=lambda: 1000.0 + after))
    assert bool(lease) is alive


def test_a_renewed_lease_counts_from_its_renewal_and_a_lost_one_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    lease = Lease(7, MINUTE, 1000.0)
    monkeypatch.setattr("app.services.delivery.lease.time", SimpleNamespace(monotonic=lambda: 1079.0))
    assert not lease
    lease.renewed(1020.0)
    assert lease
    lease.lost()
    assert not lease
