"""At most so many claims of a destination are in flight, over all workers."""

import asyncio
from collections import Counter
from collections.abc import Collection

from app.domain.commands import UpsertContact
from app.domain.delivery.outbox import to_newsletter
from app.services.delivery.loop import CLAIMS_IN_FLIGHT, CLAIMS_OF_ONE_PROCESS
from app.services.delivery.senders.salesmanago_sender import CONTACTS_PER_BATCH
from tests.services.delivery.workers.many import MAIN, MINUTE, a_worker, claimed, in_flight, rows
from tests.support.gate import Gate
from tests.support.world import EWA, JAN, World, registers, views


async def first_ended(running: Collection[asyncio.Task[int]], number: int) -> set[asyncio.Task[int]]:
    """Those that end though nobody lets anybody go."""
    ended, others = set[asyncio.Task[int]](), set(running)
    while len(ended) < number:
        now, others = await asyncio.wait(others, timeout=10, return_when=asyncio.FIRST_COMPLETED)
        assert now, "too many are on their way"
        ended |= now
    return ended


async def test_five_workers_have_two_claims_on_their_way_together_and_nobody_is_served_twice(world: World) -> None:
    people = [f"c{n:04}@example.pl" for n in range(3 * CONTACTS_PER_BATCH)]
    await world.post(*(registers(email) for email in people))
    await world.plan()
    gate, workers = Gate(world), [a_worker(world) for _ in range(5)]
    running = [asyncio.create_task(worker.deliver_due(MAIN)) for worker in workers]
    for _ in range(CLAIMS_IN_FLIGHT):
        await asyncio.wait_for(gate.entered.acquire(), 10)
    left_out = await first_ended(running, 5 - CLAIMS_IN_FLIGHT)
    assert [task.result() for task in left_out] == [0] * (5 - CLAIMS_IN_FLIGHT)
    assert await in_flight(world) == CLAIMS_IN_FLIGHT
    gate.go.set()
    assert sum(await asyncio.gather(*running)) == CLAIMS_IN_FLIGHT * CONTACTS_PER_BATCH
    assert await in_flight(world) == 0
    while sum(await asyncio.gather(*(worker.deliver_due(MAIN) for worker in workers))):
        pass
    assert gate.most <= CLAIMS_IN_FLIGHT
    assert Counter(one.email for one in world.upstream.sent(UpsertContact)) == Counter(people)
    await world.at_rest()


async def test_a_process_that_is_alone_has_eight_claims_on_their_way(world: World) -> None:
    people = [f"c{n:04}@example.pl" for n in range((CLAIMS_OF_ONE_PROCESS + 1) * CONTACTS_PER_BATCH)]
    await world.post(*(registers(email) for email in people))
    await world.plan()
    gate, alone = Gate(world), a_worker(world, claims_in_flight=CLAIMS_OF_ONE_PROCESS)
    running = [asyncio.create_task(alone.deliver_due(MAIN)) for _ in range(CLAIMS_OF_ONE_PROCESS + 1)]
    for _ in range(CLAIMS_OF_ONE_PROCESS):
        await asyncio.wait_for(gate.entered.acquire(), 10)
    left_out = await first_ended(running, 1)
    assert [task.result() for task in left_out] == [0]
    assert await in_flight(world) == CLAIMS_OF_ONE_PROCESS
    gate.go.set()
    assert sum(await asyncio.gather(*running)) == CLAIMS_OF_ONE_PROCESS * CONTACTS_PER_BATCH
    assert await alone.deliver_due(MAIN) == CONTACTS_PER_BATCH
    assert Counter(one.email for one in world.upstream.sent(UpsertContact)) == Counter(people)
    await world.at_rest()


async def test_claims_of_other_destinations_count_for_themselves(world: World) -> None:
    await world.post(registers(JAN), registers(EWA))
    await world.plan()
    await claimed(world, 1)
    await claimed(world, 1)
    assert (await in_flight(world), await in_flight(world, to_newsletter("shop1"))) == (2, 0)


async def test_a_claim_of_a_worker_that_died_counts_until_its_lease_is_over(world: World) -> None:
    await world.post(*(registers(f"c{n}@example.pl") for n in range(3)))
    await world.plan()
    await claimed(world, 1)
    await claimed(world, 1)
    assert await a_worker(world).deliver_due(MAIN) == 0
    world.clock.advance(seconds=60)
    assert await a_worker(world).deliver_due(MAIN) == 0
    world.clock.advance(microseconds=1)
    assert await in_flight(world) == 0
    assert await a_worker(world).deliver_due(MAIN) == 3
    assert sorted(world.upstream.contacts) == ["c0@example.pl", "c1@example.pl", "c2@example.pl"]
    assert await rows(world) == 0  # of those that died nothing is left either


async def test_events_of_a_person_keep_their_order_between_workers(world: World) -> None:
    for number in range(40):
        await world.post(*(views(f"{who}-{number}", f"c{who}@example.pl", number) for who in range(4)))
        await world.plan()
        if number % 5 == 0:
            await asyncio.gather(*(a_worker(world).deliver_due(MAIN) for _ in range(3)))
    workers = [a_worker(world) for _ in range(3)]
    while sum(await asyncio.gather(*(worker.deliver_due(MAIN) for worker in workers))):
        pass
    for who in range(4):
        theirs = [one.lines[0].product_id for one in world.upstream.events if one.email == f"c{who}@example.pl"]
        assert theirs == [f"{who}-{number}" for number in range(40)]


async def test_a_claim_that_is_renewed_counts_for_as_long_as_its_new_lease(world: World) -> None:
    await world.post(registers(JAN))
    await world.plan()
    [claim] = await claimed(world, 1)
    world.clock.advance(seconds=40)
    async with world.store.work() as work:
        now = await work.now()
        assert await work.leases.renew(claim.lease_token, now, now + MINUTE)
        await work.commit()
    world.clock.advance(seconds=60)
    assert await in_flight(world) == 1
    world.clock.advance(microseconds=1)
    assert await in_flight(world) == 0


async def test_a_claim_from_a_wrong_clock_counts_no_longer_than_a_lease(world: World) -> None:
    await world.post(registers(JAN))
    await world.plan()
    world.clock.advance(hours=5)
    await claimed(world, 1)
    world.clock.advance(hours=-5)
    assert await in_flight(world) == 1
    await a_worker(world).watch_clock()
    assert await in_flight(world) == 0
