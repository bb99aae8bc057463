"""What is refused is parked alone, and what is throttled or out of reach waits."""

from collections import Counter

from app.domain.commands import AddEvent, UpsertContact
from app.domain.delivery.outcomes import PARKED_CONTACT_PAUSE, Delivered, Refused, Throttled, Unreachable
from app.domain.operations.waiting import Wait, waiting_of
from tests.support.world import EWA, JAN, World, orders, registers, scripted, views


async def test_a_refused_batch_is_halved_until_the_culprit_alone_is_parked(world: World) -> None:
    bad = "c3@example.pl"
    world.upstream.respond = lambda method, items: (
        Refused("no") if any(getattr(item, "email", None) == bad for item in items) else Delivered()
    )
    await world.post(*(registers(f"c{n}@example.pl") for n in range(8)))
    await world.run()
    states = await world.at_rest()
    assert states == {f"e{n}": ("sent", None) for n in range(1, 9) if n != 4} | {"e4": ("parked", "refused")}
    assert set(world.upstream.contacts) == {f"c{n}@example.pl" for n in range(8) if n != 3}
    assert Counter(item.email for item in world.upstream.sent())[bad] == 4  # 8, 4, 2, 1


async def test_a_refused_event_parks_its_event_alone_and_the_rest_of_its_batch_arrives(world: World) -> None:
    world.upstream.respond = lambda method, items: (
        Refused("no") if any(isinstance(item, AddEvent) and item.external_id == "o2" for item in items) else Delivered()
    )
    await world.post(*(orders(f"o{n}", f"c{n}@example.pl") for n in range(5)))
    await world.run_for()
    states = await world.at_rest()
    assert states["e3"] == ("parked", "refused")
    assert Counter(state for state, _ in states.values()) == {"sent": 4, "parked": 1}
    assert sorted(event.external_id for event in world.upstream.events) == ["o0", "o1", "o3", "o4"]


async def test_a_refused_contact_holds_its_own_events_for_a_while_and_nobody_elses(world: World) -> None:
    world.upstream.respond = lambda method, items: (
        Refused("no") if any(isinstance(i, UpsertContact) and i.email == JAN for i in items) else Delivered()
    )
    await world.post(orders("o1", JAN), orders("o2", EWA))
    await world.run()
    assert [event.external_id for event in world.upstream.events] == ["o2"]
    await world.run_for()
    assert await world.at_rest() == {"e1": ("parked", "refused"), "e2": ("sent", None)}


async def test_r90_what_waits_behind_a_refused_contact_does_not_say_that_it_was_tried(world: World) -> None:
    world.upstream.respond = lambda method, items: Refused("no") if "upsert" in method else Delivered()
    await world.post(registers(JAN), views(email=JAN, minutes=1))
    await world.run()
    waits = waiting_of(await world.trace("e2"), world.directory.shop("shop1"), {}, world.clock())
    assert waits is not None
    assert (waits.code, waits.cause) == (Wait.BEHIND_EARLIER, "")
    assert waits.next_try_at is not None
    assert waits.next_try_at - world.clock() <= PARKED_CONTACT_PAUSE


async def test_a_throttled_account_rests_at_least_as_long_as_it_was_asked_and_nothing_is_lost(world: World) -> None:
    world.upstream.respond = scripted(Throttled(90.0))
    await world.post(orders("o1"))
    await world.run()
    assert world.upstream.methods == ["upsert"]
    world.clock.advance(seconds=89.9)
    await world.post(orders("o2", EWA))
    await world.run()
    assert world.upstream.methods == ["upsert"]
    world.clock.advance(seconds=0.2)
    await world.run()
    assert sorted(event.external_id for event in world.upstream.events) == ["o1", "o2"]
    assert "look_up" not in world.upstream.methods  # throttled means: not applied
    await world.at_rest()


async def test_after_a_throttled_call_the_same_round_sends_nothing_more(world: World) -> None:
    """I7: after 429 no call before Retry-After."""
    await world.post(*(registers(f"c{n}@example.pl") for n in range(250)))
    await world.plan()
    world.upstream.respond = lambda method, items: Throttled(300.0)
    await world.deliver()
    assert len(world.upstream.calls) == 1


async def test_an_unreachable_account_is_asked_again_later_and_nothing_is_lost(world: World) -> None:
    world.upstream.respond = scripted(*[Unreachable("down")] * 5)
    await world.post(orders("o1"), orders("o2", EWA))
    await world.run_for(hours=1)
    assert sorted(event.external_id for event in world.upstream.events) == ["o1", "o2"]
    assert "look_up" not in world.upstream.methods
    await world.at_rest()


async def test_an_account_that_is_down_for_a_week_parks_what_waited_with_the_reason(world: World) -> None:
    world.upstream.respond = lambda method, items: Unreachable("down")
    await world.post(orders("o1"))
    await world.run_for(hours=24 * 9, steps=60)
    assert await world.at_rest() == {"e1": ("parked", "gave_up")}


async def test_a_wrong_secret_parks_nobody(world: World) -> None:
    world.upstream.respond = scripted(*[Refused("bad signature", account_wide=True)] * 3)
    await world.post(orders("o1"), orders("o2", EWA))
    await world.run_for()
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}
