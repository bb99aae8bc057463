"""A slot for a call is booked for what may be claimed, and is free again whatever became of the call."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Any

import pytest

from app.clients import rate_limiter
from app.clients.rate_limiter import RateLimiter
from app.domain.commands import UpsertContact
from app.domain.delivery.answers import Answer
from app.domain.delivery.outbox import Claim
from app.domain.delivery.outcomes import Throttled
from app.services.delivery.loop import CLAIMS_IN_FLIGHT, CLAIMS_OF_ONE_PROCESS
from app.services.delivery.senders import calls
from app.services.delivery.senders.salesmanago_sender import SalesmanagoSender
from app.services.delivery.senders.sender import Sender
from tests.services.delivery.workers.many import MAIN, a_worker, claimed
from tests.support.world import EWA, JAN, World, orders, registers, scripted, unsubscribes, withdraws


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


async def test_a_process_that_is_late_for_every_slot_gets_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a fifth of a processor, reading whether a call may leave takes longer than a turn is kept."""
    monkeypatch.setattr(rate_limiter, "RESERVED_SECONDS", 0.01)
    monkeypatch.setattr(rate_limiter, "WRITING_SECONDS", 0.01)
    monkeypatch.setattr(calls, "READINGS", 5)
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


async def test_loops_of_one_process_book_a_slot_only_for_what_is_theirs_to_claim(world: World) -> None:
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


async def test_no_slot_is_booked_while_others_have_as_many_claims_as_may_be(world: World) -> None:
    await world.post(*(registers(email) for email in (JAN, EWA, "ola@example.pl")))
    await world.plan()
    for _ in range(CLAIMS_IN_FLIGHT):
        await claimed(world, 1)
    world.upstream.ready = _never
    assert await a_worker(world).deliver_due(MAIN) == 0


async def _never() -> None:
    raise AssertionError("nothing could be claimed")
