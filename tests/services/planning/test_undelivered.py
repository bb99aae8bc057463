"""An event that says nothing new says honestly where what it says stands: arrived, queued, or parked behind which event."""

from collections.abc import Sequence

import pytest

from app.domain.commands import UpsertContact
from app.domain.delivery.outcomes import Delivered, Refused, Unreachable
from app.domain.events import Event
from tests.support.world import EWA, JAN, World, cancels, erases, orders, registers, subscribes, tags, unsubscribes, views

AGAIN: list[tuple[Sequence[Event], Event]] = [
    ([registers(first_name="Jan")], registers(first_name="Jan", minutes=1)),
    ([subscribes()], subscribes()),
    ([unsubscribes()], unsubscribes()),
    ([registers(), tags(1, email=JAN, added=("vip",))], tags(2, email=JAN, added=("vip",))),
]


@pytest.mark.parametrize(("before", "again"), AGAIN)
async def test_the_same_facts_after_a_refusal_name_the_event_they_wait_for(
    world: World, before: Sequence[Event], again: Event
) -> None:
    world.upstream.respond = lambda method, items: Refused("no") if method == "upsert" else Delivered()
    first = await world.post(*before)
    await world.run()
    (told_again,) = await world.post(again)
    await world.run()
    trace = await world.trace(told_again)
    assert (trace.state, trace.reason) == ("superseded", "waits_for_parked")
    assert trace.detail == f"waits for event {first[0]}"


@pytest.mark.parametrize(("before", "again"), AGAIN)
async def test_the_same_facts_while_they_are_queued_say_so_and_once_they_arrived_that_they_are_sent(
    world: World, before: Sequence[Event], again: Event
) -> None:
    world.upstream.respond = lambda method, items: Unreachable("down")
    await world.post(*before)
    await world.run()
    (queued,) = await world.post(again)
    await world.run()
    assert (await world.states())[queued] == ("superseded", "already_queued")
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    (arrived,) = await world.post(again)
    await world.run()
    assert (await world.states())[arrived] == ("superseded", "nothing_new")
    await world.at_rest()


@pytest.mark.parametrize("named", [JAN, "jan%40example.pl"])
async def test_an_id_that_names_somebody_is_not_repeated_with_another_event(world: World, named: str) -> None:
    """Once the person is erased, it would stand there still."""
    world.upstream.respond = lambda method, items: Refused("no") if method == "upsert" else Delivered()
    await world.post(registers(), event_id=f"registration-{named}")
    await world.run()
    (again,) = await world.post(registers(minutes=1))
    await world.run()
    trace = await world.trace(again)
    assert (trace.reason, trace.detail) == ("waits_for_parked", "waits for an earlier event of the person")


async def test_the_same_facts_within_one_round_wait_for_the_first_of_them(world: World) -> None:
    first, again = await world.post(registers(), registers(minutes=1))
    await world.run()
    states = await world.at_rest()
    assert (states[first], states[again]) == (("sent", None), ("superseded", "already_queued"))


@pytest.mark.parametrize("refused", ["add_event", "upsert"])
async def test_an_order_posted_again_after_its_purchase_was_refused_is_not_called_sent(world: World, refused: str) -> None:
    world.upstream.respond = lambda method, items: Refused("no") if method == refused else Delivered()
    (first,) = await world.post(orders("o1"))
    await world.run()
    parked = (await world.trace(first)).state
    (again,) = await world.post(orders("o1"))
    await world.run()
    trace = await world.trace(again)
    expected = "waits_for_parked" if refused == "add_event" else "order_already_sent"
    assert (parked, trace.state, trace.reason) == ("parked", "superseded", expected)


async def test_another_order_and_another_person_wait_for_nothing(world: World) -> None:
    await world.post(registers(), registers(EWA), orders("o1"))
    await world.run()
    world.upstream.respond = lambda method, items: Refused("no") if method != "look_up" else Delivered()
    await world.post(orders("o2"), views(email=JAN))
    await world.run()
    again = await world.post(orders("o1"), registers(EWA, 1))
    await world.run()
    states = await world.states()
    assert [states[one] for one in again] == [("superseded", "order_already_sent"), ("superseded", "nothing_new")]


async def test_a_cancellation_and_an_erasure_posted_again_wait_for_their_own_first(world: World) -> None:
    await world.post(orders("o1"))
    await world.run()
    world.upstream.respond = lambda method, items: Refused("no")
    await world.post(cancels("o1", minutes=1))
    await world.run()
    (cancelled,) = await world.post(cancels("o1", minutes=2))
    await world.run()
    assert (await world.states())[cancelled] == ("superseded", "waits_for_parked")
    await world.post(erases(JAN, 5))
    await world.run()
    (erased,) = await world.post(erases(JAN, 5))
    await world.run()
    assert (await world.states())[erased] == ("superseded", "waits_for_parked")


async def test_a_second_part_of_an_upsert_that_was_refused_is_not_called_sent(world: World) -> None:
    many = tuple(f"vip-{number:02}" for number in range(60))
    world.upstream.respond = lambda method, items: (
        Refused("no") if any(isinstance(one, UpsertContact) and "idosell_vip-59" in one.add_tags for one in items) else Delivered()
    )
    await world.post(registers())
    await world.run()
    (first,) = await world.post(tags(1, email=JAN, added=many))
    await world.run()
    (again,) = await world.post(tags(2, email=JAN, added=many))
    await world.run()
    trace = await world.trace(again)
    assert (trace.reason, trace.detail) == ("waits_for_parked", f"waits for event {first}")


async def test_telling_why_nothing_is_sent_costs_one_question_per_round(world: World) -> None:
    people = [f"c{number}@example.pl" for number in range(30)]
    await world.post(*(registers(one) for one in people))
    await world.run()
    asked: list[int] = []
    async with world.store.work() as work:
        kind = type(work.outbox)
    plain = kind.undelivered

    async def counted(outbox: object, contact_ids: object) -> object:
        asked.append(len(contact_ids))
        return await plain(outbox, contact_ids)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "undelivered", counted)
        await world.post(*(registers(one, 1) for one in people))
        await world.plan()
        await world.post(*(orders(f"o{number}", one, 2) for number, one in enumerate(people)))
        await world.plan()
    assert asked == [30]
