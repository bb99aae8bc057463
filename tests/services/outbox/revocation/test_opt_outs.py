"""What waits and may not leave after a newsletter opt-out (R06)."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager

import pytest

from app.domain.commands import UpsertContact
from app.domain.consent import Status
from app.domain.delivery.outbox import Claim, to_account
from app.domain.delivery.outcomes import Unknown, Unreachable
from app.services.delivery.senders import calls
from app.services.delivery.senders.salesmanago_sender import SalesmanagoSender
from app.services.delivery.senders.sender import Sender
from tests.services.outbox.revocation.waiting import during
from tests.support.world import EWA, JAN, World, orders, registers, renames, scripted, subscribes, unsubscribes


def opt_ins(world: World, email: str = JAN) -> list[UpsertContact]:
    return [one for one in world.upstream.sent(UpsertContact) if one.address_after == email and one.email_status is Status.OPT_IN]


# -- newsletter opt-out --------------------------------------------------------------------------------------------------


async def test_an_opt_out_overtakes_a_queued_opt_in_of_thousands(world: World) -> None:
    await world.post(*(subscribes(f"c{n}@example.pl") for n in range(20)), subscribes(JAN), orders("o1", JAN))
    await world.plan()
    await world.post(unsubscribes(JAN, 1))
    await world.deliver()
    assert world.upstream.calls == []  # nothing leaves while an opt-out waits to be decided
    await world.run()
    assert opt_ins(world) == []
    assert len([one for one in world.upstream.sent(UpsertContact) if one.email_status is Status.OPT_IN]) == 20
    assert [one.email_status for one in world.upstream.sent(UpsertContact) if one.email == JAN] == [Status.OPT_OUT]
    assert [event.external_id for event in world.upstream.events] == ["o1"]  # purchases go on
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}


async def test_an_opt_out_that_arrives_with_its_opt_in_in_one_round_leaves_no_opt_in(world: World) -> None:
    await world.post(subscribes(JAN), unsubscribes(JAN, 1), subscribes(EWA))
    await world.run()
    assert opt_ins(world) == []
    assert len(opt_ins(world, EWA)) == 1
    await world.at_rest()


async def test_an_opt_out_during_an_attempt_is_applied_before_any_retry(world: World) -> None:
    async def opts_out(method: str, items: list) -> None:
        world.upstream.before_answer = None
        await world.post(unsubscribes(JAN, 1))
        await world.plan()

    await world.post(subscribes(JAN))
    await world.plan()
    world.upstream.before_answer, world.upstream.respond = opts_out, scripted(Unreachable("down"))
    await world.run_for(hours=0.1)
    assert [one.email_status for one in world.upstream.sent(UpsertContact)] == [Status.OPT_IN, Status.OPT_OUT]
    await world.at_rest()


async def test_a_fresh_opt_in_after_an_opt_out_during_an_attempt_is_sent(world: World) -> None:
    """The deferred take-back is about what was queued before the opt-out, not about the person's newer act."""

    async def changes_their_mind(method: str, items: list) -> None:
        world.upstream.before_answer = None
        await world.post(unsubscribes(JAN, 1))
        await world.plan()
        await world.post(subscribes(JAN, 2))
        await world.plan()

    await world.post(subscribes(JAN))
    await world.plan()
    world.upstream.before_answer = changes_their_mind
    await world.run_for(hours=0.1)
    assert [one.email_status for one in world.upstream.sent(UpsertContact)][-1] is Status.OPT_IN
    await world.at_rest()


async def test_an_unsubscription_takes_back_the_opt_in_queued_for_the_address_before_a_merge(world: World) -> None:
    """Two contacts became one person: an opt-out of the person stops the queued opt-in of either (R06)."""
    await world.post(registers("new@example.pl"))
    await world.run()
    await world.post(subscribes(JAN, 1))
    await world.plan()
    await world.post(renames(JAN, "new@example.pl", 2))
    await world.plan()
    await world.post(unsubscribes("new@example.pl", 3))
    await world.run()
    assert opt_ins(world) == []
    await world.at_rest()


@asynccontextmanager
async def looked_at_first(world: World) -> AsyncIterator[None]:
    """The opt-ins of Jan and Ewa wait for a look, since nobody knows whether they arrived."""
    world.upstream.applied = False
    world.upstream.respond = scripted(Unknown("time-out"))
    await world.post(subscribes(JAN), subscribes(EWA))
    await world.run()
    world.clock.advance(seconds=10)
    await world.post(registers("probe@example.pl"))  # SALESmanago is back, and may be asked for more than one at a time
    await world.run()
    world.upstream.calls.clear()
    world.upstream.contacts |= {JAN: set(), EWA: set()}
    world.clock.advance(hours=1)
    yield
    await world.run_for(hours=1)
    assert len(opt_ins(world, EWA)) == 1
    await world.at_rest()


async def test_an_opt_out_during_the_check_before_an_opt_in_keeps_it_from_leaving(world: World) -> None:
    async def resigns() -> None:
        await world.post(unsubscribes(JAN, 1))
        await world.plan()

    async with looked_at_first(world):
        during(world, "look_up", resigns)
        await world.deliver()
        assert opt_ins(world) == []
        assert len(opt_ins(world, EWA)) == 1, "who did not act does not wait"
    assert [one.email_status for one in world.upstream.sent(UpsertContact) if one.email == JAN] == [Status.OPT_OUT]


@pytest.mark.parametrize("left", [False, True], ids=["of the account", "left the account"])
async def test_a_call_waits_until_an_opt_out_that_came_during_the_check_is_decided(world: World, left: bool) -> None:
    """Also where the shop has left the account since it queued what is claimed."""
    deciding: list[asyncio.Task[None]] = []
    sender = world.delivery._sender

    def of_other_shops(destination: str) -> Sender:
        made = sender(destination)
        made.blocked_by_revocations_of = ()
        return made

    if left:
        world.delivery._sender = of_other_shops

    async def decides_later() -> None:
        await asyncio.sleep(0.1)
        await world.plan()

    async def resigns() -> None:
        await world.post(unsubscribes(JAN, 1))
        deciding.append(asyncio.create_task(decides_later()))

    async with looked_at_first(world):
        during(world, "look_up", resigns)
        await world.delivery.deliver_due(to_account("main"))
        assert deciding[0].done()
        assert opt_ins(world) == []
        assert len(opt_ins(world, EWA)) == 1
        await world.deliver()
    assert opt_ins(world) == []


async def test_a_probe_that_an_opt_out_stopped_leaves_its_place_to_the_next(world: World) -> None:
    async def resigns() -> None:
        await world.post(unsubscribes(JAN, 1))
        await world.plan()

    world.upstream.applied = False
    world.upstream.respond = scripted(Unknown("time-out"))
    await world.post(subscribes(JAN), subscribes(EWA))
    await world.run()
    world.clock.advance(hours=1)
    world.upstream.calls.clear()
    during(world, "look_up", resigns)
    await world.deliver()
    assert opt_ins(world) == []
    assert len(opt_ins(world, EWA)) == 1
    await world.at_rest()


async def test_permission_is_read_again_when_the_slot_was_lost_while_it_was_read(world: World) -> None:
    turns = iter([False])

    def slot_is_valid(reading_seconds: float = 0.0) -> bool:
        return next(turns, True)

    readings = 0
    sender = world.delivery._sender

    def slow(destination: str) -> SalesmanagoSender:
        made = sender(destination)
        assert isinstance(made, SalesmanagoSender)
        reading = made._interrupted

        async def interrupted(claims: Sequence[Claim]) -> Collection[int] | None:
            nonlocal readings
            readings += 1
            found = await reading(claims)
            if readings == 1:  # the next call waits for its turn; meanwhile Jan resigns
                await world.post(unsubscribes(JAN, 1))
                await world.plan()
            return found

        made._interrupted = interrupted  # type: ignore[method-assign]
        return made

    world.delivery._sender, world.upstream.slot_is_valid = slow, slot_is_valid
    await world.post(subscribes(JAN), subscribes(EWA))
    await world.plan()
    await world.deliver()
    assert readings > 1
    assert opt_ins(world) == []
    assert len(opt_ins(world, EWA)) == 1
    await world.at_rest()


async def test_nothing_leaves_if_an_opt_out_is_not_decided_in_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "READINGS", 3)

    async def resigns() -> None:
        await world.post(unsubscribes(JAN, 1))

    async with looked_at_first(world):
        during(world, "look_up", resigns)
        await world.deliver()
        assert world.upstream.methods == ["look_up"]
    assert opt_ins(world) == []
