"""What is replayed is derived anew from what is true today."""

from typing import Any

from app.domain.commands import AddEvent, EventKind, UpsertContact
from app.domain.delivery.outcomes import Delivered, Refused, Unreachable
from app.domain.operations.replay import ParkedFilter
from app.domain.reasons import Reason
from tests.support.world import (
    EWA,
    JAN,
    cancels,
    fills_cart,
    grants,
    orders,
    registers,
    renames,
    scripted,
    tags,
    withdraws,
)
from tests.support.worlds.operated import EVERYTHING, Operated, purchases, refusing, upserts

NEW = "new@example.pl"


async def test_parked_tags_that_were_taken_off_since_are_not_sent(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(tags(10, email=JAN, added=("vip", "gold")))
    await gate.parks(JAN)
    await gate.world.post(tags(90, email=JAN, removed=("vip",)))
    await gate.world.run()
    gate.upstream.calls.clear()
    await gate.replays()
    assert [one.add_tags for one in upserts(gate)] == [("idosell_gold",)]
    assert gate.upstream.contacts[JAN] == {"rejestracja", "idosell_gold"}


async def test_a_parked_name_that_was_changed_since_is_sent_as_it_is_now(gate: Operated) -> None:
    await gate.world.post(registers(first_name="Jan", last_name="Stary"))
    await gate.parks(JAN)
    await gate.world.post(registers(first_name="Jan", last_name="Nowy", minutes=90))
    await gate.parks(JAN)
    await gate.replays()
    assert [one.profile["last_name"] for one in upserts(gate)] == ["Nowy"]


async def test_what_was_sent_again_by_another_way_since_is_left_out(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(tags(10, email=JAN, added=("vip",)))
    await gate.parks(JAN)
    await gate.world.post(tags(20, email=JAN, removed=("vip",)))
    await gate.world.run()
    gate.upstream.calls.clear()
    done = await gate.replays()
    assert upserts(gate) == [] or upserts(gate)[0].add_tags == ()
    assert gate.upstream.contacts[JAN] == {"rejestracja"}
    assert done.again + sum(done.closed.values()) == 1


async def test_a_renamed_contact_is_addressed_as_it_is_called_now(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(orders("o1", minutes=10))
    await gate.parks(JAN, kind=AddEvent)
    await gate.world.post(renames(JAN, NEW, 90))
    await gate.world.run()
    await gate.replays()
    assert list(gate.upstream.contacts) == [NEW]
    assert [(event.external_id, event.email) for event in gate.upstream.events] == [("o1", NEW)]


async def test_a_parked_rename_is_replayed_with_everything_behind_it(gate: Operated) -> None:
    await gate.world.post(registers(first_name="Jan"))
    await gate.world.run()
    await gate.world.post(renames(JAN, NEW, 10))
    await gate.parks(JAN, kind=UpsertContact)
    await gate.world.post(orders("o1", NEW, minutes=90))
    await gate.replays()
    assert list(gate.upstream.contacts) == [NEW]
    assert [(event.external_id, event.email) for event in gate.upstream.events] == [("o1", NEW)]


async def test_a_parked_purchase_of_a_person_who_was_renamed_onto_a_known_address_still_arrives(gate: Operated) -> None:
    await gate.world.post(registers(JAN), registers(EWA))
    await gate.world.run()
    await gate.world.post(orders("o1", JAN, minutes=10))
    await gate.parks(JAN, kind=AddEvent)
    await gate.world.post(renames(JAN, EWA, 90))
    await gate.world.run()
    await gate.replays()
    assert purchases(gate) == ["o1"]


async def test_a_parked_cart_that_was_bought_since_is_not_reported_as_abandoned(gate: Operated) -> None:
    await gate.world.post(registers(), fills_cart(minutes=1))
    await gate.world.run()
    gate.upstream.respond = refusing(JAN, kind=AddEvent)
    gate.world.clock.advance(hours=2)
    while await gate.world.carts.report_quiet():
        pass
    await gate.world.run()
    assert [one.reason for one in await gate.operations.parked(EVERYTHING)] == [Reason.REFUSED]
    gate.upstream.respond = lambda method, items: Delivered()
    await gate.world.post(orders("o1", minutes=125))
    await gate.world.run()
    await gate.replays()
    assert [event.kind for event in gate.upstream.events] == [EventKind.PURCHASE]
    assert (await gate.world.states())["e2"] == ("superseded", "cart_bought")


async def test_an_event_of_which_a_replay_closes_one_command_and_another_stays_parked_is_still_parked(gate: Operated) -> None:
    await gate.world.post(registers(), orders("o1", minutes=1))
    gate.upstream.respond = lambda method, items: Refused("bad name" if isinstance(items[0], UpsertContact) else "bad order")
    await gate.world.run_for(hours=2)
    await gate.world.post(withdraws(minutes=150))
    await gate.world.run()
    gate.upstream.respond = lambda method, items: Delivered()
    before = await gate.command_states()
    assert before["e2"] == ["parked", "parked"]
    await gate.replays(ParkedFilter(words="bad name"))
    assert (await gate.command_states())["e2"] == ["cancelled", "parked"]
    assert (await gate.world.states())["e2"] == ("parked", "refused")
    await gate.replays()
    assert (await gate.world.states())["e2"] == ("withheld", "consent_withdrawn")


async def test_an_order_whose_contact_arrived_and_whose_purchase_may_not_follow_is_no_sent_one(gate: Operated) -> None:
    await gate.world.post(orders("o1"))
    await gate.parks(JAN, kind=AddEvent)
    assert await gate.command_states() == {"e1": ["sent", "parked"]}
    await gate.world.post(withdraws(minutes=120))
    await gate.world.run()
    await gate.replays()
    assert (await gate.command_states())["e1"] == ["sent", "cancelled"]
    assert (await gate.world.states())["e1"] == ("withheld", "consent_withdrawn")


async def test_a_purchase_that_a_replay_closed_counts_as_never_sent(gate: Operated) -> None:
    """What follows it, such as its cancellation, has nothing to be taken from."""
    await gate.world.post(orders("o1"))
    await gate.parks(JAN)
    await gate.world.post(withdraws(minutes=120))
    await gate.world.run()
    await gate.replays()
    await gate.world.post(grants(minutes=180), cancels("o1", minutes=190))
    await gate.world.run()
    assert gate.upstream.events == []
    assert (await gate.world.states())["e4"] == ("withheld", "purchase_not_sent")


async def test_a_purchase_that_is_there_already_is_found_and_not_doubled(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(orders("o1", minutes=10))
    gate.upstream.respond = refusing(JAN, kind=AddEvent)
    await gate.world.run()
    gate.upstream.respond = lambda method, items: Delivered()
    async with gate.world.store.work() as work:
        (parked,) = await work.parked.commands(EVERYTHING, 0, 10)
    assert isinstance(parked.command, AddEvent)
    gate.upstream.events.append(parked.command)  # it said no, and did it
    gate.upstream.calls.clear()
    await gate.replays()
    assert gate.upstream.methods == ["look_up"]
    assert purchases(gate) == ["o1"]
    assert (await gate.command_states())["e2"][-1] == "sent"


async def test_nothing_that_was_replayed_is_sent_while_verification_fails(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(orders("o1", minutes=10))
    await gate.parks(JAN, kind=AddEvent)
    gate.upstream.respond = scripted(Unreachable("down"), method="look_up")
    await gate.replays()
    assert gate.upstream.methods == ["look_up"]
    await gate.world.run_for(hours=1)
    assert purchases(gate) == ["o1"]


async def test_replayed_events_come_in_the_order_in_which_they_happened_and_before_what_waits_behind_them(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(*(orders(f"o{n}", minutes=n) for n in range(1, 4)))
    await gate.parks(JAN, kind=AddEvent, hours=3)
    await gate.world.post(orders("o4", minutes=200))
    await gate.world.plan()
    done = await gate.replays()
    assert done.again == 3
    assert purchases(gate) == ["o1", "o2", "o3", "o4"]


async def test_a_contact_is_introduced_again_before_what_happened_to_it(gate: Operated) -> None:
    await gate.world.post(orders("o1"))
    await gate.parks(JAN, hours=2)
    await gate.replays()
    assert gate.upstream.methods == ["look_up", "upsert", "add_event"]
    assert upserts(gate)[0].introduces


async def test_two_parked_halves_of_one_person_leave_as_one_whole(gate: Operated) -> None:
    await gate.world.post(registers(first_name="Jan"))
    await gate.parks(JAN)
    await gate.world.post(tags(90, email=JAN, added=("vip",)))
    await gate.parks(JAN)
    await gate.replays()
    (upsert,) = upserts(gate)
    assert set(upsert.add_tags) == {"rejestracja", "idosell_vip"}
    assert upsert.profile == {"first_name": "Jan"}


async def test_an_event_of_which_a_part_stays_parked_is_parked_again_once_the_rest_is_sent(gate: Operated) -> None:
    await gate.world.post(orders("o1"))
    gate.upstream.respond = lambda method, items: Refused("bad name" if isinstance(items[0], UpsertContact) else "bad order")
    await gate.world.run_for(hours=2)
    gate.upstream.respond = lambda method, items: Delivered()
    await gate.replays(ParkedFilter(words="bad name"))
    assert await gate.command_states() == {"e1": ["sent", "parked"]}
    assert (await gate.world.states())["e1"] == ("parked", "refused")
    await gate.replays()
    assert await gate.world.at_rest() == {"e1": ("sent", None)}


async def test_what_is_replayed_while_the_contact_is_on_its_way_follows_and_nothing_is_doubled(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(orders("o1", minutes=10))
    await gate.parks(JAN, kind=AddEvent)
    await gate.world.post(orders("o2", minutes=90))
    await gate.world.plan()

    async def replay(method: str, items: list[Any]) -> None:
        await gate.operations.replay(EVERYTHING)

    gate.upstream.before_answer = replay
    await gate.world.run()
    assert sorted(purchases(gate)) == ["o1", "o2"]
    assert set((await gate.world.at_rest()).values()) == {("sent", None)}
