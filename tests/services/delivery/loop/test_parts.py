"""A command that is sent in parts: what arrived is not sent again."""

from collections import Counter

import pytest

from app.domain.commands import UpsertContact
from app.domain.delivery.circuit_breaker import CLOSED
from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Throttled, Unknown, Unreachable
from tests.support.world import EWA, JAN, World, registers, scripted, subscribes, tags


def times_sent(world: World) -> Counter[str]:
    """How often each of Jan's many tags was in a call."""
    return Counter(tag for one in world.upstream.sent(UpsertContact) if one.email == JAN for tag in one.add_tags)


@pytest.mark.parametrize("trouble", [Throttled(), Unreachable("down"), Unknown("time-out")])
async def test_when_the_second_part_of_an_upsert_fails_the_first_is_not_sent_again(world: World, trouble: Outcome) -> None:
    """Otherwise each of its tags would count twice over there (R28)."""
    names = [f"idosell_vip-{n:02}" for n in range(60)]
    await world.post(registers())
    await world.run()
    world.upstream.applied = False
    world.upstream.respond = scripted(Delivered(), trouble, method="upsert")
    await world.post(tags(email=JAN, added=tuple(name.removeprefix("idosell_") for name in names)))
    await world.plan()
    await world.delivery.deliver_due(to_account("main"))
    async with world.store.work() as work:
        breaker = (await work.destinations.locked(to_account("main"))).breaker
    assert (breaker == CLOSED) is isinstance(trouble, Unknown), "something got through"
    await world.run_for(hours=1)
    assert world.upstream.contacts[JAN] >= set(names)
    sent = times_sent(world)
    assert {sent[name] for name in names[:50]} == {1}
    assert {sent[name] for name in names[50:]} == {2}  # refused once
    await world.at_rest()


async def test_what_is_left_of_an_upsert_when_the_destination_takes_nothing_more_is_sent_later(world: World) -> None:
    """The batch was refused and halved: the first part of Jan's upsert arrived, then Ewa's was told to wait."""
    names = [f"vip-{n:02}" for n in range(60)]
    await world.post(registers(JAN), registers(EWA))
    await world.run()
    world.upstream.calls.clear()
    told_to_wait = iter([True])

    def respond(method: str, items: list) -> Outcome:
        if method == "upsert_many":
            return Refused("one of you")
        return Throttled() if items[0].email == EWA and next(told_to_wait, False) else Delivered()

    world.upstream.respond = respond
    await world.post(tags(email=JAN, added=tuple(names)), tags(email=EWA, added=("other",)))
    await world.plan()
    assert await world.delivery.deliver_due(to_account("main")) == 2
    assert [(method, len(items)) for method, items in world.upstream.calls] == [("upsert_many", 2), ("upsert", 1), ("upsert", 1)]
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    assert world.upstream.contacts[JAN] >= {f"idosell_{name}" for name in names}
    assert "idosell_other" in world.upstream.contacts[EWA]
    await world.at_rest()


async def test_a_status_that_arrived_with_the_first_part_is_not_reported_as_refused_with_the_second(world: World) -> None:
    await world.post(registers())
    await world.run()
    world.upstream.respond = scripted(Delivered(), Refused("too many tags"), method="upsert")
    await world.post(subscribes(JAN, 1), tags(email=JAN, added=tuple(f"vip-{n:02}" for n in range(60))))
    await world.run_for(hours=1)
    states = await world.states()
    assert states["e2"][0] == "parked"
    assert not [event_id for event_id in states if event_id.startswith("not-taken")]


async def test_a_defect_between_two_parts_loses_no_part_and_repeats_none(world: World) -> None:
    names = [f"vip-{n:02}" for n in range(60)]
    await world.post(registers())
    await world.run()
    broken = iter([False, True])

    def respond(method: str, items: list) -> Outcome:
        if method == "upsert" and next(broken, False):
            raise RuntimeError("a defect of ours")
        return Delivered()

    world.upstream.respond = respond
    await world.post(tags(email=JAN, added=tuple(names)))
    await world.run_for(hours=1)
    assert world.upstream.contacts[JAN] >= {f"idosell_{name}" for name in names}
    sent = times_sent(world)
    assert {sent[f"idosell_{name}"] for name in names[:50]} == {1}
    await world.at_rest()
