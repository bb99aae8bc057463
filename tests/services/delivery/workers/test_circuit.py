"""What workers tell each other of a destination that fails."""

import asyncio
from datetime import timedelta

import pytest

from app.domain.delivery.circuit_breaker import CLOSED, Circuit
from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Delivered, Refused, Throttled, Unknown
from app.services.delivery.lease import Lease
from app.services.delivery.senders.salesmanago_sender import CONTACTS_PER_BATCH
from tests.services.delivery.workers.many import MAIN, a_worker, at_once, breaks
from tests.support.gate import Gate
from tests.support.world import EWA, JAN, World, registers, unsubscribes

# -- the circuit ---------------------------------------------------------------------------------------------------------


async def test_a_break_that_one_worker_found_stops_all_of_them_until_the_rest_is_over(world: World) -> None:
    world.upstream.respond = lambda method, items: Throttled(90.0)
    await world.post(registers(JAN))
    await world.plan()
    assert await a_worker(world).deliver_due(MAIN) == 1
    await world.post(registers(EWA))
    await world.plan()
    for seconds in (0, 89.9):
        world.clock.advance(seconds=seconds)
        assert [await a_worker(world).deliver_due(MAIN) for _ in range(3)] == [0, 0, 0]
    assert len(world.upstream.calls) == 1
    world.clock.advance(seconds=0.2)
    world.upstream.respond = lambda method, items: Delivered()
    assert await a_worker(world).deliver_due(MAIN) == 1
    assert await world.breaker() == CLOSED


async def test_when_the_rest_is_over_one_contact_is_tried_and_then_everybody(world: World) -> None:
    await breaks(world)
    world.upstream.respond = lambda method, items: Delivered()
    worker = a_worker(world)
    assert await worker.deliver_due(MAIN) == 1
    assert [len(items) for _, items in world.upstream.calls] == [1]
    assert await world.breaker() == CLOSED
    assert await worker.deliver_due(MAIN) == 4
    await world.at_rest()


async def test_one_probe_at_a_time_is_made_by_any_of_the_workers(world: World) -> None:
    await breaks(world)
    world.upstream.respond = lambda method, items: Delivered()
    gate, one, other = Gate(world), a_worker(world), a_worker(world)
    probing = asyncio.create_task(one.deliver_due(MAIN))
    await asyncio.wait_for(gate.entered.acquire(), 10)
    assert (await other.deliver_due(MAIN), await other.deliver_due(MAIN)) == (0, 0)
    assert len(world.upstream.calls) == 1
    gate.go.set()
    assert await probing == 1
    assert await other.deliver_due(MAIN) == 4


async def test_two_workers_that_come_at_the_same_moment_make_one_probe(world: World) -> None:
    await breaks(world)
    served = await asyncio.gather(*(a_worker(world).deliver_due(MAIN) for _ in range(4)))
    assert sorted(served) == [0, 0, 0, 1]
    assert len(world.upstream.calls) == 1


async def test_a_probe_that_fails_opens_it_for_longer(world: World) -> None:
    await breaks(world)
    before = await world.breaker()
    assert await a_worker(world).deliver_due(MAIN) == 1
    breaker = await world.breaker()
    assert (breaker.failures, breaker.since) == (2, before.since)
    assert breaker.rest_until == world.clock() + timedelta(seconds=10)
    assert await a_worker(world).deliver_due(MAIN) == 0


async def test_a_prober_that_died_is_followed_by_another_when_its_lease_is_over(world: World) -> None:
    await breaks(world)
    claims, _ = await a_worker(world).claims.claim(MAIN)
    assert len(claims) == 1
    world.upstream.respond = lambda method, items: Delivered()
    assert await a_worker(world).deliver_due(MAIN) == 0
    world.clock.advance(seconds=61)
    assert await a_worker(world).deliver_due(MAIN) == 1
    assert await world.breaker() == CLOSED


async def test_a_probe_whose_claim_is_given_back_costs_nobody_a_probe(world: World) -> None:
    """What was taken back meanwhile is no try."""
    await breaks(world)
    await world.post(unsubscribes("c0@example.pl", minutes=1))  # undecided: nothing leaves before it (I6)
    assert await a_worker(world).deliver_due(MAIN) == 0
    assert (await world.breaker()).state(world.clock()) is Circuit.HALF_OPEN
    await world.plan()
    world.upstream.respond = lambda method, items: Delivered()
    assert await a_worker(world).deliver_due(MAIN) == 1


async def test_a_refused_probe_closes_it_for_the_destination_is_there(world: World) -> None:
    await breaks(world)
    world.upstream.respond = lambda method, items: Refused("Invalid phone number")
    assert await a_worker(world).deliver_due(MAIN) == 1
    assert await world.breaker() == CLOSED


async def test_an_unclear_probe_is_no_success(world: World) -> None:
    await breaks(world)
    world.upstream.respond = lambda method, items: Unknown("timeout")
    assert await a_worker(world).deliver_due(MAIN) == 1
    assert (await world.breaker()).failures == 2


async def test_a_probe_in_which_nothing_was_asked_proves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The prober was stopped before its first call, past the end of its lease."""
    await breaks(world)
    monkeypatch.setattr("app.services.delivery.loop.Lease", _Over)
    assert await a_worker(world).deliver_due(MAIN) == 1
    assert world.upstream.calls == []
    assert (await world.breaker()).failures == 1


class _Over(Lease):
    def __bool__(self) -> bool:
        return False


async def test_destinations_break_for_themselves(world: World) -> None:
    await breaks(world)
    async with world.store.work() as work:
        assert set(await work.destinations.all()) == {MAIN}
    assert await world.breaker(to_account("other")) == CLOSED


async def test_a_good_round_of_one_worker_does_not_close_what_another_just_opened(world: World) -> None:
    await world.post(*(registers(f"c{n:03}@example.pl") for n in range(CONTACTS_PER_BATCH + 1)))
    await world.plan()
    gate = Gate(world)
    good = asyncio.create_task(a_worker(world).deliver_due(MAIN))
    await asyncio.wait_for(gate.entered.acquire(), 10)
    world.upstream.before_answer = at_once
    world.upstream.respond = lambda method, items: Throttled(90.0)
    assert await a_worker(world).deliver_due(MAIN) == 1
    world.upstream.respond = lambda method, items: Delivered()
    gate.go.set()
    assert await good == CONTACTS_PER_BATCH
    assert (await world.breaker()).state(world.clock()) is Circuit.OPEN
