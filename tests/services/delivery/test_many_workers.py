"""Several workers on one store: leases, one probe at a time, two claims in flight, every shop in its turn (I7, I8, R71)."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, text, update

from app.clients import rate_limiter
from app.clients.rate_limiter import RateLimiter
from app.domain.commands import AddEvent, UpsertContact
from app.domain.delivery.answers import Answer, Attempted, Tried
from app.domain.delivery.circuit_breaker import CLOSED, Breaker, Circuit
from app.domain.delivery.destination import DestinationState
from app.domain.delivery.outbox import Claim, to_account, to_newsletter
from app.domain.delivery.outcomes import Delivered, Done, Refused, Throttled, Unknown, Unreachable
from app.domain.errors import NotReady
from app.services.delivery import loop, to_salesmanago
from app.services.delivery.lease import Lease
from app.services.delivery.loop import CLAIMS_IN_FLIGHT, CLAIMS_OF_ONE_PROCESS, Delivery
from app.services.delivery.senders import CONTACTS_PER_BATCH, SalesmanagoSender, Sender
from app.storage.engine.database import Database
from app.storage.engine.tables import attempts, calls, contact_queues
from app.storage.outbox.leases import BACKGROUND_PER_CLAIM
from tests.conftest import Clock
from tests.support.gate import Gate
from tests.support.world import EWA, JAN, World, a_shop, orders, registers, scripted, tags, unsubscribes, views, withdraws

MAIN = to_account("main")
MINUTE = timedelta(minutes=1)


def a_worker(world: World, lease: float = 60.0, jitter: float = 1.0, claims_in_flight: int = CLAIMS_IN_FLIGHT) -> Delivery:
    """Another process on the same store."""
    length = timedelta(seconds=lease)
    return Delivery(
        world.store,
        world._sender,
        world.directory.shop,
        world.clock,
        lambda: jitter,
        lease=length,
        claims_in_flight=claims_in_flight,
    )


async def breaker_of(world: World, destination: str = MAIN) -> Breaker:
    async with world.store.work() as work:
        return (await work.destinations.all()).get(destination, DestinationState()).breaker


async def in_flight(world: World, destination: str = MAIN) -> int:
    async with world.store.work() as work:
        return (await work.leases.in_flight(destination, await work.now())).claims


async def calls_recorded(world: World) -> list[str]:
    async with world.database.transaction() as connection:
        return sorted((await connection.execute(select(calls.c.path))).scalars())


async def claimed(world: World, limit: int = 400, shops: Sequence[str] = (), lease: timedelta = MINUTE) -> list[Claim]:
    async with world.store.work() as work:
        found = await work.leases.claim(MAIN, shops, limit, await work.now(), lease)
        await work.commit()
        return found


async def at_once(method: str, items: list[Any]) -> None:
    """Nothing happens while the call is on its way."""


# -- at most two claims in flight ----------------------------------------------------------------------------------------


async def test_five_workers_have_two_claims_on_their_way_together_and_nobody_is_served_twice(world: World) -> None:
    people = [f"c{n:04}@example.pl" for n in range(3 * CONTACTS_PER_BATCH)]
    await world.post(*(registers(email) for email in people))
    await world.plan()
    gate, workers = Gate(world), [a_worker(world) for _ in range(5)]
    running = [asyncio.create_task(worker.deliver_due(MAIN)) for worker in workers]
    for _ in range(CLAIMS_IN_FLIGHT):
        await asyncio.wait_for(gate.entered.acquire(), 10)
    left_out, _ = await asyncio.wait(running, timeout=5, return_when=asyncio.ALL_COMPLETED)
    assert sorted(task.result() for task in left_out) == [0] * (5 - CLAIMS_IN_FLIGHT)
    assert await in_flight(world) == CLAIMS_IN_FLIGHT
    gate.go.set()
    assert sum(await asyncio.gather(*running)) == CLAIMS_IN_FLIGHT * CONTACTS_PER_BATCH
    assert await in_flight(world) == 0
    while sum(await asyncio.gather(*(worker.deliver_due(MAIN) for worker in workers))):
        pass
    assert gate.most <= CLAIMS_IN_FLIGHT
    assert Counter(one.email for one in world.upstream.sent(UpsertContact)) == Counter(people)
    await world.at_rest()


async def test_a_process_that_is_alone_has_four_claims_on_their_way(world: World) -> None:
    people = [f"c{n:04}@example.pl" for n in range(5 * CONTACTS_PER_BATCH)]
    await world.post(*(registers(email) for email in people))
    await world.plan()
    gate, alone = Gate(world), a_worker(world, claims_in_flight=CLAIMS_OF_ONE_PROCESS)
    running = [asyncio.create_task(alone.deliver_due(MAIN)) for _ in range(CLAIMS_OF_ONE_PROCESS + 1)]
    for _ in range(CLAIMS_OF_ONE_PROCESS):
        await asyncio.wait_for(gate.entered.acquire(), 10)
    left_out, _ = await asyncio.wait(running, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in left_out] == [0]
    assert await in_flight(world) == CLAIMS_OF_ONE_PROCESS
    gate.go.set()
    assert sum(await asyncio.gather(*running)) == CLAIMS_OF_ONE_PROCESS * CONTACTS_PER_BATCH
    assert await alone.deliver_due(MAIN) == CONTACTS_PER_BATCH
    assert Counter(one.email for one in world.upstream.sent(UpsertContact)) == Counter(people)
    await world.at_rest()


async def test_a_place_that_was_kept_for_a_call_is_free_again_whatever_became_of_the_call(world: World) -> None:
    """One call in flight at a time, and whoever does not call gives its place up: otherwise nobody would call any more."""
    limiter, calling = RateLimiter(1000, in_flight=1), world.upstream._call

    async def paced(method: str, items: list[Any]) -> Answer:
        async with limiter:
            return await calling(method, items)

    async def reserve() -> bool:
        await limiter.reserve()
        return True

    world.upstream.ready, world.upstream.slot_is_valid = reserve, limiter.holds_place
    world.upstream.release_slot, world.upstream._call = limiter.give_up, paced
    async with asyncio.timeout(30):
        await world.post(registers(JAN))
        await world.plan()
        await world.post(unsubscribes(EWA))
        assert await asyncio.create_task(world.delivery.deliver_due(MAIN)) == 0  # an opt-out is not decided yet
        await asyncio.create_task(world.run())
        await world.post(withdraws(JAN, 1), orders("o1", EWA))
        await world.plan()
        world.upstream.respond = scripted(Throttled())
        await asyncio.create_task(world.run_for(hours=1))
        async with limiter:
            pass
    assert world.upstream.events[0].external_id == "o1"
    await world.at_rest()


async def test_a_process_that_is_late_for_every_turn_gets_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a fifth of a processor, reading whether a call may leave takes longer than a turn is kept."""
    monkeypatch.setattr(rate_limiter, "RESERVED_SECONDS", 0.01)
    monkeypatch.setattr(rate_limiter, "WRITING_SECONDS", 0.01)
    monkeypatch.setattr(to_salesmanago, "READINGS", 5)
    limiter, sender = RateLimiter(1000), world.delivery._sender

    async def reserve() -> bool:
        await limiter.reserve()
        return True

    def late(destination: str) -> Sender:
        made = sender(destination)
        if isinstance(made, SalesmanagoSender):
            reading = made._interrupted

            async def interrupted(claims: Sequence[Claim]) -> Collection[int] | None:
                found = await reading(claims)
                await asyncio.sleep(0.05)
                return found

            made._interrupted = interrupted  # type: ignore[method-assign]
        return made

    world.upstream.ready, world.upstream.slot_is_valid = reserve, limiter.holds_place
    world.delivery._sender = late
    await world.post(registers(JAN), registers(EWA))
    await world.plan()
    await asyncio.create_task(world.delivery.deliver_due(MAIN))
    assert {one.email for one in world.upstream.sent(UpsertContact)} == {JAN, EWA}
    await world.at_rest()


async def test_loops_of_one_process_book_a_turn_only_for_what_is_theirs_to_claim(world: World) -> None:
    await world.post(registers(JAN))
    await world.plan()
    booked: set[asyncio.Task | None] = set()

    async def ready() -> bool:
        booked.add(asyncio.current_task())
        await asyncio.sleep(0.01)
        return True

    world.upstream.ready = ready
    worker = a_worker(world, claims_in_flight=CLAIMS_OF_ONE_PROCESS)
    assert sorted(await asyncio.gather(*(worker.deliver_due(MAIN) for _ in range(4)))) == [0, 0, 0, 1]
    assert len(booked) == 1
    await world.at_rest()


async def test_no_turn_is_booked_while_others_have_as_many_claims_as_may_be(world: World) -> None:
    await world.post(*(registers(email) for email in (JAN, EWA, "ola@example.pl")))
    await world.plan()
    for _ in range(CLAIMS_IN_FLIGHT):
        await claimed(world, 1)
    world.upstream.ready = _never
    assert await a_worker(world).deliver_due(MAIN) == 0


async def _never() -> None:
    raise AssertionError("nothing could be claimed")


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


# -- the circuit ---------------------------------------------------------------------------------------------------------


async def breaks(world: World, contacts: int = 5) -> None:
    """Somebody found out that nothing gets through; everybody's time has come again."""
    await world.post(*(registers(f"c{n}@example.pl") for n in range(contacts)))
    await world.plan()
    world.upstream.respond = lambda method, items: Unreachable("down")
    assert await a_worker(world).deliver_due(MAIN) == contacts
    assert (await breaker_of(world)).state(world.clock()) is Circuit.OPEN
    world.clock.advance(seconds=6)
    assert (await breaker_of(world)).state(world.clock()) is Circuit.HALF_OPEN
    world.upstream.calls.clear()


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
    assert await breaker_of(world) == CLOSED


async def test_when_the_rest_is_over_one_contact_is_tried_and_then_everybody(world: World) -> None:
    await breaks(world)
    world.upstream.respond = lambda method, items: Delivered()
    worker = a_worker(world)
    assert await worker.deliver_due(MAIN) == 1
    assert [len(items) for _, items in world.upstream.calls] == [1]
    assert await breaker_of(world) == CLOSED
    assert await worker.deliver_due(MAIN) == 4
    await world.at_rest()


async def test_one_probe_at_a_time_is_made_whoever_makes_it(world: World) -> None:
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
    before = await breaker_of(world)
    assert await a_worker(world).deliver_due(MAIN) == 1
    breaker = await breaker_of(world)
    assert (breaker.failures, breaker.since) == (2, before.since)
    assert breaker.rest_until == world.clock() + timedelta(seconds=10)
    assert await a_worker(world).deliver_due(MAIN) == 0


async def test_a_prober_that_died_is_followed_by_another_when_its_lease_is_over(world: World) -> None:
    await breaks(world)
    claims, _ = await a_worker(world)._claim(MAIN)
    assert len(claims) == 1
    world.upstream.respond = lambda method, items: Delivered()
    assert await a_worker(world).deliver_due(MAIN) == 0
    world.clock.advance(seconds=61)
    assert await a_worker(world).deliver_due(MAIN) == 1
    assert await breaker_of(world) == CLOSED


async def test_a_probe_whose_claim_is_given_back_costs_nobody_a_turn(world: World) -> None:
    """What was taken back meanwhile is no try."""
    await breaks(world)
    await world.post(unsubscribes("c0@example.pl", minutes=1))  # undecided: nothing leaves before it (I6)
    assert await a_worker(world).deliver_due(MAIN) == 0
    assert (await breaker_of(world)).state(world.clock()) is Circuit.HALF_OPEN
    await world.plan()
    world.upstream.respond = lambda method, items: Delivered()
    assert await a_worker(world).deliver_due(MAIN) == 1


async def test_a_refused_probe_closes_it_for_the_neighbour_is_there(world: World) -> None:
    await breaks(world)
    world.upstream.respond = lambda method, items: Refused("Invalid phone number")
    assert await a_worker(world).deliver_due(MAIN) == 1
    assert await breaker_of(world) == CLOSED


async def test_an_unclear_probe_is_no_success(world: World) -> None:
    await breaks(world)
    world.upstream.respond = lambda method, items: Unknown("timeout")
    assert await a_worker(world).deliver_due(MAIN) == 1
    assert (await breaker_of(world)).failures == 2


async def test_a_probe_in_which_nothing_was_asked_proves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The prober was stopped before its first call, past the end of its lease."""
    await breaks(world)
    monkeypatch.setattr("app.services.delivery.loop.Lease", _Over)
    assert await a_worker(world).deliver_due(MAIN) == 1
    assert world.upstream.calls == []
    assert (await breaker_of(world)).failures == 1


class _Over(Lease):
    def __bool__(self) -> bool:
        return False


async def test_destinations_break_for_themselves(world: World) -> None:
    await breaks(world)
    async with world.store.work() as work:
        assert set(await work.destinations.all()) == {MAIN}
    assert await breaker_of(world, to_account("other")) == CLOSED


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
    assert (await breaker_of(world)).state(world.clock()) is Circuit.OPEN


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
    record, left = worker._record, iter(range(times))

    async def refused(*arguments: Any) -> None:
        if next(left, None) is not None:
            raise NotReady
        await record(*arguments)

    monkeypatch.setattr(worker, "_record", refused)
    monkeypatch.setattr(loop, "RECORD_AGAIN_SECONDS", (0.001,))


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
    assert await calls_recorded(world) == ["/add_events", "/upsert"]  # those of the quick one


async def test_a_worker_that_was_stopped_past_its_lease_makes_no_further_call_before_it_asks_anybody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine that slept: the steady clock tells, though no renewal has run yet."""
    await world.post(orders("o1"))
    await world.plan()
    steady = [1000.0]
    monkeypatch.setattr("app.services.delivery.lease.time", SimpleNamespace(monotonic=lambda: steady[0]))
    monkeypatch.setattr("app.services.delivery.loop.time", SimpleNamespace(monotonic=lambda: steady[0]))

    async def sleeps(method: str, items: list[Any]) -> None:
        steady[0] += 60.0

    world.upstream.before_answer = sleeps
    assert await a_worker(world).deliver_due(MAIN) == 1
    assert world.upstream.methods == ["upsert"]
    world.upstream.before_answer = at_once
    await world.run()
    assert [event.external_id for event in world.upstream.events] == ["o1"]
    await world.at_rest()


async def test_a_slow_worker_keeps_what_it_renews_and_nobody_overtakes_it(world: World) -> None:
    await world.post(orders("o1"))
    await world.plan()
    slow, quick = a_worker(world, lease=1.2), a_worker(world)  # long enough for a busy machine to come from claim to call
    taken = list[int]()

    async def slowly(method: str, items: list[Any]) -> None:
        for _ in range(4):
            world.clock.advance(seconds=0.4)
            await asyncio.sleep(0.5)
            taken.append(await quick.deliver_due(MAIN))

    world.upstream.before_answer = slowly
    assert await slow.deliver_due(MAIN) == 1
    assert taken == [0] * 8
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


# -- each shop in its turn -----------------------------------------------------------------------------------------------


@pytest.fixture
async def three(database: Database, clock: Clock) -> World:
    """Three shops on one account; the second has a long backlog."""
    world = World(database, clock)
    await world.configure(*(a_shop(f"shop{n}", number=n, host=f"s{n}.example", location=f"s{n}_example") for n in (1, 2, 3)))
    return world


async def test_the_backlog_of_one_shop_does_not_stand_before_the_few_of_another(three: World) -> None:
    await three.post(*(registers(f"b{n}@example.pl") for n in range(30)), shop="shop2")
    await three.post(registers("late1@example.pl"), shop="shop1")
    await three.post(*(registers(f"late3-{n}@example.pl") for n in range(3)), shop="shop3")
    await three.plan()
    claims = await claimed(three, 10)
    assert Counter(one.shop_id for one in claims) == Counter({"shop2": 6, "shop3": 3, "shop1": 1})
    assert [one.shop_id for one in claims[:6]] == ["shop1", "shop2", "shop3", "shop2", "shop3", "shop2"]


async def test_within_a_shop_who_is_due_first_comes_first(three: World) -> None:
    await three.post(*(registers(f"b{n}@example.pl") for n in range(5)), shop="shop2")
    await three.plan()
    async with three.database.transaction() as connection:
        ids = list((await connection.execute(select(contact_queues.c.contact_id).order_by(contact_queues.c.contact_id))).scalars())
        for seconds, number in enumerate(reversed(ids)):
            earlier = three.clock() - timedelta(seconds=60 - seconds)
            await connection.execute(update(contact_queues).where(contact_queues.c.contact_id == number).values(due_at=earlier))
        await connection.commit()
    assert [one.contact_id for one in await claimed(three, 3)] == list(reversed(ids))[:3]


async def test_a_disabled_shop_has_no_turn_and_costs_the_others_none(three: World) -> None:
    for shop in ("shop1", "shop2", "shop3"):
        await three.post(*(registers(f"{shop}-{n}@example.pl") for n in range(4)), shop=shop)
    await three.plan()
    claims = await claimed(three, 6, shops=["shop2"])
    assert Counter(one.shop_id for one in claims) == Counter({"shop1": 3, "shop3": 3})


@pytest.mark.parametrize("places", [CLAIMS_IN_FLIGHT, CLAIMS_OF_ONE_PROCESS])
async def test_r63_a_live_contact_does_not_wait_for_jobs_of_a_list(world: World, places: int) -> None:
    """They may take SALESmanago minutes. Whoever comes now needs one call."""
    people = [f"c{n:04}@example.pl" for n in range(CLAIMS_OF_ONE_PROCESS * BACKGROUND_PER_CLAIM + 1)]
    await world.post(*(registers(email) for email in people))
    await world.plan()
    async with world.database.transaction() as connection:
        await connection.execute(update(contact_queues).values(priority=1))
        await connection.commit()
    gate, worker = Gate(world), a_worker(world, claims_in_flight=places)
    listed = [asyncio.create_task(worker.deliver_due(MAIN)) for _ in range(places - 1)]
    for _ in listed:
        await asyncio.wait_for(gate.entered.acquire(), 10)
    assert await worker.deliver_due(MAIN) == 0
    await world.post(registers("live@example.pl"))
    await world.plan()
    live = asyncio.create_task(worker.deliver_due(MAIN))
    await asyncio.wait_for(gate.entered.acquire(), 10)
    assert [one.email for one in world.upstream.calls[-1][1]] == ["live@example.pl"]
    gate.go.set()
    assert sum(await asyncio.gather(*listed, live)) == len(listed) * BACKGROUND_PER_CLAIM + 1
    await world.deliver()
    assert Counter(one.email for one in world.upstream.sent(UpsertContact)) == Counter([*people, "live@example.pl"])
    await world.at_rest()


async def test_a_live_contact_of_any_shop_comes_before_the_background_of_every_other(three: World) -> None:
    for shop in ("shop1", "shop3"):
        await three.post(*(registers(f"{shop}-{n}@example.pl") for n in range(BACKGROUND_PER_CLAIM)), shop=shop)
    await three.plan()
    async with three.database.transaction() as connection:
        await connection.execute(update(contact_queues).values(priority=1))
        await connection.commit()
    await three.post(registers("live@example.pl"), shop="shop2")
    await three.plan()
    assert [one.shop_id for one in await claimed(three)] == ["shop2"]
    background = await claimed(three)
    assert Counter(one.shop_id for one in background) == Counter(
        {"shop1": BACKGROUND_PER_CLAIM // 2, "shop3": BACKGROUND_PER_CLAIM // 2}
    )


async def test_what_is_not_due_yet_takes_no_place_of_what_is(three: World) -> None:
    await three.post(*(registers(f"b{n}@example.pl") for n in range(5)), shop="shop1")
    await three.plan()
    async with three.database.transaction() as connection:
        await connection.execute(update(contact_queues).values(due_at=three.clock() + timedelta(hours=1)))
        await connection.commit()
    await three.post(registers("now@example.pl"), shop="shop3")
    await three.plan()
    assert [one.shop_id for one in await claimed(three, 1)] == ["shop3"]
    assert await claimed(three) == []


async def test_nobody_is_served_who_is_in_the_hands_of_another_and_the_turns_go_on(three: World) -> None:
    for shop in ("shop1", "shop2", "shop3"):
        await three.post(*(registers(f"{shop}-{n}@example.pl") for n in range(4)), shop=shop)
    await three.plan()
    first, second = await claimed(three, 6), await claimed(three, 6)
    assert not {one.contact_id for one in first} & {one.contact_id for one in second}
    for claims in (first, second):
        assert Counter(one.shop_id for one in claims) == Counter({"shop1": 2, "shop2": 2, "shop3": 2})
    assert await claimed(three) == []


async def test_claims_of_two_workers_at_the_same_moment_share_nobody(three: World) -> None:
    await three.post(*(registers(f"b{n}@example.pl") for n in range(40)), shop="shop2")
    await three.plan()
    found = await asyncio.gather(*(a_worker(three)._claim(MAIN) for _ in range(4)))
    people = [claim.contact_id for claims, _ in found for claim in claims]
    assert len(people) == len(set(people)) == 40
    assert sum(1 for claims, _ in found if claims) <= CLAIMS_IN_FLIGHT


async def test_all_shops_arrive_whole_whatever_fails_on_the_way(three: World) -> None:
    expected = Counter[str]()
    for number in range(20):
        for shop in ("shop1", "shop2", "shop3"):
            if shop == "shop2" or number % 5 == 0:
                email = f"{shop}-{number}@example.pl"
                await three.post(registers(email), tags(1, email=email, added=("vip",)), shop=shop)
                expected[email] += 1
    await three.plan()
    three.upstream.respond = scripted(
        Throttled(5.0), Delivered(), Unreachable("down"), Unknown("timeout"), Delivered(), Throttled()
    )
    workers = [a_worker(three) for _ in range(3)]
    for _ in range(60):
        await asyncio.gather(*(worker.deliver_due(MAIN) for worker in workers))
        three.clock.advance(seconds=20)
    assert {email: tags for email, tags in three.upstream.contacts.items() if "idosell_vip" not in tags} == {}
    assert set(three.upstream.contacts) == set(expected)
    await three.at_rest()


async def test_every_attempt_of_many_workers_stands_in_the_trace_once(world: World) -> None:
    await world.post(*(orders(f"o{n}", f"c{n}@example.pl") for n in range(30)))
    await world.plan()
    world.upstream.respond = scripted(Unknown("timeout"), method="add_events")
    workers = [a_worker(world) for _ in range(4)]
    for _ in range(10):
        await asyncio.gather(*(worker.deliver_due(MAIN) for worker in workers))
        world.clock.advance(seconds=30)
    assert Counter(one.external_id for one in world.upstream.sent(AddEvent)) == Counter({f"o{n}": 1 for n in range(30)})
    async with world.database.transaction() as connection:
        rows = [tuple(row) for row in await connection.execute(select(attempts.c.command_id, attempts.c.number))]
    assert len(rows) == len(set(rows))
    await world.at_rest()
