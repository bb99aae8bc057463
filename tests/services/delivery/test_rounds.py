"""What a round of calls tells of a neighbour, and who of a round waits for whom."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.domain.clocks import NOTICED
from app.domain.commands import AddEvent, UpsertContact
from app.domain.delivery.circuit_breaker import CLOSED, Circuit
from app.domain.delivery.outbox import to_account, to_reading
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Throttled, Unknown
from app.domain.event_parts import Customer
from app.domain.events import AccountListed, OptInClaimed
from app.domain.salesmanago_limits import CONTACTS_PER_READ
from app.storage.engine.tables import contact_queues
from tests.support.gate import Gate
from tests.support.world import EWA, JAN, World, at, erases, orders, registers, subscribes
from tests.support.worlds.changes import DAY, listed, looked, pulling

MAIN = to_account("main")


def no_answer_to(*methods: str) -> Callable[[str, list], Outcome]:
    return lambda method, items: Unknown("time-out") if method in methods else Delivered()


# -- what an answer says of a neighbour --------------------------------------------------------------------------------------


async def test_who_can_be_read_and_takes_nothing_is_not_back(world: World) -> None:
    """What may have arrived is looked at first, which goes well; the probe itself does not."""
    world.upstream.respond, world.upstream.applied = no_answer_to("upsert"), False
    await world.post(registers())
    await world.run()
    assert (await world.breaker()).failures == 1
    world.clock.advance(hours=1)
    world.upstream.calls.clear()
    await world.delivery.deliver_due(MAIN)
    assert world.upstream.methods == ["look_up", "upsert"]
    assert (await world.breaker()).failures == 2


async def test_a_read_that_is_refused_for_the_one_who_is_tried_proves_nothing(world: World) -> None:
    world.upstream.respond, world.upstream.applied = no_answer_to("upsert"), False
    await world.post(registers())
    await world.run()
    world.clock.advance(hours=1)
    world.upstream.respond = lambda method, items: Refused("bad") if method == "look_up" else Unknown("time-out")
    await world.delivery.deliver_due(MAIN)
    assert (await world.breaker()).failures == 1


async def test_a_list_whose_reads_go_well_and_whose_calls_do_not_makes_the_account_rest(world: World) -> None:
    world.upstream.respond = no_answer_to("upsert_many")
    await world.post(*(listed(1, -300 * DAY, f"c{n}@example.pl") for n in range(3)))
    await world.plan()
    await world.delivery.deliver_due(MAIN)
    assert world.upstream.methods == ["statuses", "upsert_many"]
    assert (await world.breaker()).state(world.clock()) is Circuit.OPEN


async def test_a_defect_of_ours_after_something_got_through_is_no_reason_to_rest(world: World) -> None:
    def respond(method: str, items: list) -> Outcome:
        if method == "add_event":
            raise RuntimeError("a defect of ours")
        return Delivered()

    world.upstream.respond = respond
    await world.post(orders())
    await world.run()
    assert "add_event" in world.upstream.methods
    assert await world.breaker() == CLOSED


# -- one who cannot be looked at -----------------------------------------------------------------------------------------------


async def test_one_address_that_cannot_be_looked_up_holds_up_nobody_else(world: World) -> None:
    people = [f"c{n}@example.pl" for n in range(7)]
    world.upstream.respond, world.upstream.applied = no_answer_to("upsert_many"), False
    await world.post(*map(registers, people))
    await world.run()
    bad = people[3]
    world.upstream.respond = lambda method, items: Refused("bad") if method == "look_up" and bad in items else Delivered()
    world.clock.advance(hours=1)
    await world.post(registers(EWA))
    await world.run()
    await world.run()
    assert sorted(world.upstream.contacts) == sorted({*people, EWA} - {bad})
    assert [state for state, _ in (await world.states()).values()].count("parked") == 1


async def test_one_reported_opt_in_that_cannot_be_read_holds_up_no_other(world: World) -> None:
    people = [f"c{n}@example.pl" for n in range(5)]
    await world.post(*map(registers, people))
    await world.run()
    bad = people[2]
    world.upstream.respond = lambda method, items: Refused("bad") if method == "statuses" and bad in items else Delivered()
    await world.post(*(OptInClaimed(at=at(10), email=email) for email in people))
    await world.plan()
    world.clock.advance(minutes=11)
    await world.delivery.deliver_due(to_reading("main"))
    states = await world.states()
    reported = {email: states[f"e{number}"][0] for number, email in enumerate(people, start=len(people) + 1)}
    assert {email for email, state in reported.items() if state == "parked"} == {bad}


async def test_one_address_that_cannot_be_looked_up_stops_no_window(world: World) -> None:
    """What is to be learned of everybody else who changed is learned, and the next window begins where this one ended."""
    await world.post(subscribes(JAN), subscribes(EWA))
    await world.run()
    world.upstream.opted_out.add(EWA)
    world.upstream.respond = lambda method, items: Refused("bad") if method == "look_up" and JAN in items else Delivered()
    pull = pulling(world)
    assert await looked(world, pull) == 1
    assert await looked(world, pull) == 0
    first, second = world.upstream.windows[0], world.upstream.windows[-2]
    assert second[0] == first[1] - NOTICED


async def test_a_window_in_which_nobody_can_be_looked_up_is_looked_at_again(world: World) -> None:
    """That is no fault of theirs."""
    await world.post(subscribes(JAN), subscribes(EWA))
    await world.run()
    pull = pulling(world)
    await looked(world, pull)
    world.upstream.opted_out.add(EWA)
    world.upstream.respond = lambda method, items: Refused("bad") if method == "look_up" else Delivered()
    assert await looked(world, pull) == 0
    world.upstream.respond = lambda method, items: Delivered()
    assert await looked(world, pull) == 1
    _first, _late, refused, _late, again, _late = world.upstream.windows
    assert again[0] == refused[0]


async def test_a_contact_not_read_because_another_read_was_throttled_has_failed_nothing(world: World) -> None:
    people = [f"c{n:03}@example.pl" for n in range(CONTACTS_PER_READ + 10)]
    world.upstream.respond = lambda method, items: Throttled(300.0) if method == "statuses" else Delivered()
    await world.post(*(listed(1, -300 * DAY, email) for email in people))
    await world.plan()
    await world.delivery.deliver_due(MAIN)
    assert world.upstream.methods == ["statuses"]
    async with world.database.transaction() as connection:
        counted = [row.attempts for row in await connection.execute(select(contact_queues.c.attempts))]
    assert sorted(counted) == [0] * 10 + [1] * CONTACTS_PER_READ
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    assert sorted(world.upstream.contacts) == people
    await world.at_rest()


# -- what lists bring, and who comes now ---------------------------------------------------------------------------------------


async def lists(world: World, *emails: str) -> None:
    """What the panel's list says of them is decided, and waits to be told."""
    await world.post(*(AccountListed(at=at(0), customer=Customer(email=email)) for email in emails))
    await world.plan()


def sent(world: World) -> list[tuple[type, str]]:
    return [(type(one), one.email) for one in world.upstream.sent() if isinstance(one, UpsertContact | AddEvent)]


async def test_r63_somebody_on_a_list_who_orders_is_sent_first_as_the_list_says_and_then_with_automations(world: World) -> None:
    await lists(world, EWA, *(f"c{n}@example.pl" for n in range(3)))
    await world.post(orders("o1", JAN, 1), orders("o2", EWA, 1))
    await world.plan()
    for expected in (
        [(UpsertContact, EWA)],
        [(UpsertContact, EWA), (UpsertContact, JAN), (AddEvent, EWA), (AddEvent, JAN)],
        [(UpsertContact, f"c{n}@example.pl") for n in range(3)],
    ):
        before = len(sent(world))
        await world.delivery.deliver_due(MAIN)
        assert sent(world)[before:] == expected
    assert [one.quiet for one in world.upstream.sent(UpsertContact)] == [True, False, False, True, True, True]
    await world.at_rest()


async def test_an_erasure_of_somebody_on_a_list_waits_for_no_list(world: World) -> None:
    """What the list brought of her is taken back; what is left is of today."""
    await world.post(registers(EWA))
    await world.run()
    await lists(world, EWA)
    gate = Gate(world)
    await lists(world, "other@example.pl")
    job = asyncio.create_task(world.delivery.deliver_due(MAIN))
    await asyncio.wait_for(gate.entered.acquire(), 10)
    await world.post(erases(EWA, 1))
    await world.plan()
    deletion = asyncio.create_task(world.delivery.deliver_due(MAIN))
    await asyncio.wait_for(gate.entered.acquire(), 10)
    assert [method for method, _ in world.upstream.calls][-1] == "delete"
    gate.go.set()
    await asyncio.gather(job, deletion)


@pytest.mark.parametrize("on_its_way", [False, True], ids=["waiting", "on its way"])
async def test_r63_jobs_of_listed_people_who_act_leave_room_too(world: World, on_its_way: bool) -> None:
    """Of two claims one is of the list. Neither Ewa, who is on it and orders, nor the rest of the list takes the other."""
    gate = Gate(world)
    await lists(world, EWA) if on_its_way else await lists(world, "other@example.pl")
    job = asyncio.create_task(world.delivery.deliver_due(MAIN))
    await asyncio.wait_for(gate.entered.acquire(), 10)
    if not on_its_way:
        await lists(world, EWA)
    await world.post(orders("o1", EWA, 1))
    await world.plan()
    await lists(world, "third@example.pl")
    assert await asyncio.wait_for(world.delivery.deliver_due(MAIN), 10) == 0
    await world.post(registers(JAN))
    await world.plan()
    live = asyncio.create_task(world.delivery.deliver_due(MAIN))
    await asyncio.wait_for(gate.entered.acquire(), 10)
    assert sent(world)[-1] == (UpsertContact, JAN)
    gate.go.set()
    assert await asyncio.gather(job, live) == [1, 1]
    await world.run()
    assert (AddEvent, EWA) in sent(world)
    await world.at_rest()


async def test_a_list_goes_on_beside_live_jobs(world: World) -> None:
    """One claim of the two is kept for live contacts; the other is not theirs alone."""
    gate = Gate(world)
    await world.post(subscribes(JAN), subscribes(EWA))
    await world.plan()
    live = asyncio.create_task(world.delivery.deliver_due(MAIN))
    await asyncio.wait_for(gate.entered.acquire(), 10)
    await lists(world, *(f"c{n}@example.pl" for n in range(3)))
    of_a_list = asyncio.create_task(world.delivery.deliver_due(MAIN))
    await asyncio.wait_for(gate.entered.acquire(), 10)
    gate.go.set()
    assert await asyncio.gather(live, of_a_list) == [2, 3]
    await world.at_rest()
