"""What a round of calls tells of a neighbour, and who of a round waits for whom."""

import asyncio
from collections.abc import Callable

from sqlalchemy import select, update

from app.domain.breaker import CLOSED, Breaker, Circuit
from app.domain.commands import AddEvent, UpsertContact
from app.domain.events import AccountListed, Customer, OptInReported
from app.domain.neighbour import Neighbour
from app.domain.outcomes import Delivered, Outcome, Refused, Throttled, Unknown
from app.domain.pipeline import to_account, to_reading
from app.services.looking import CONTACTS_PER_LOOK
from app.storage.tables import mailboxes
from tests.services.test_many_workers import Gate
from tests.services.test_review_of_the_way_back import DAY, listed
from tests.services.world import EWA, JAN, World, at, orders, registers, subscribes

MAIN = to_account("main")


async def breaker(world: World, destination: str = MAIN) -> Breaker:
    async with world.store.work() as work:
        return (await work.neighbours.all()).get(destination, Neighbour()).breaker


def no_answer_to(*methods: str) -> Callable[[str, list], Outcome]:
    return lambda method, items: Unknown("time-out") if method in methods else Delivered()


# -- what an answer says of a neighbour --------------------------------------------------------------------------------------


async def test_who_can_be_read_and_takes_nothing_is_not_back(world: World) -> None:
    """What may have arrived is looked at first, which goes well; the probe itself does not."""
    world.upstream.respond, world.upstream.applied = no_answer_to("upsert"), False
    await world.post(registers())
    await world.run()
    assert (await breaker(world)).failures == 1
    world.clock.advance(hours=1)
    world.upstream.calls.clear()
    await world.delivery.deliver_due(MAIN)
    assert world.upstream.methods == ["look_up", "upsert"]
    assert (await breaker(world)).failures == 2


async def test_a_list_whose_looks_go_well_and_whose_calls_do_not_makes_the_account_rest(world: World) -> None:
    world.upstream.respond = no_answer_to("upsert_many")
    await world.post(*(listed(1, -300 * DAY, f"c{n}@example.pl") for n in range(3)))
    await world.plan()
    await world.delivery.deliver_due(MAIN)
    assert world.upstream.methods == ["statuses", "upsert_many"]
    assert (await breaker(world)).state(world.clock()) is Circuit.OPEN


async def test_a_defect_of_ours_after_something_got_through_is_no_reason_to_rest(world: World) -> None:
    def respond(method: str, items: list) -> Outcome:
        if method == "add_event":
            raise RuntimeError("a defect of ours")
        return Delivered()

    world.upstream.respond = respond
    await world.post(orders())
    await world.run()
    assert "add_event" in world.upstream.methods
    assert await breaker(world) == CLOSED


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
    await world.post(*(OptInReported(at=at(10), email=email) for email in people))
    await world.plan()
    world.clock.advance(minutes=11)
    await world.delivery.deliver_due(to_reading("main"))
    states = await world.states()
    reported = {email: states[f"e{number}"][0] for number, email in enumerate(people, start=len(people) + 1)}
    assert {email for email, state in reported.items() if state == "parked"} == {bad}


async def test_who_was_not_looked_at_because_another_look_was_throttled_has_failed_nothing(world: World) -> None:
    people = [f"c{n:03}@example.pl" for n in range(CONTACTS_PER_LOOK + 10)]
    world.upstream.respond = lambda method, items: Throttled(300.0) if method == "statuses" else Delivered()
    await world.post(*(listed(1, -300 * DAY, email) for email in people))
    await world.plan()
    await world.delivery.deliver_due(MAIN)
    assert world.upstream.methods == ["statuses"]
    async with world.database.transaction() as connection:
        counted = [row.attempts for row in await connection.execute(select(mailboxes.c.attempts))]
    assert sorted(counted) == [0] * 10 + [1] * CONTACTS_PER_LOOK
    world.upstream.respond = lambda method, items: Delivered()
    await world.run_for(hours=1)
    assert sorted(world.upstream.contacts) == people
    await world.at_rest()


# -- what lists bring, and who comes now ---------------------------------------------------------------------------------------


async def test_r63_events_of_a_live_contact_do_not_wait_for_the_job_of_a_listed_one(world: World) -> None:
    """Somebody on a list orders something while its account waits: it is claimed among the live ones, and goes last."""
    await world.post(AccountListed(at=at(0), customer=Customer(email=EWA)))
    await world.plan()
    await world.post(orders("o1", JAN, 1), orders("o2", EWA, 1))
    await world.plan()
    await world.delivery.deliver_due(MAIN)
    sent = [(type(one), one.email) for one in world.upstream.sent() if isinstance(one, UpsertContact | AddEvent)]
    assert sent == [(UpsertContact, JAN), (AddEvent, JAN), (UpsertContact, EWA)]
    await world.run()
    await world.at_rest()


async def test_a_list_goes_on_beside_live_jobs(world: World) -> None:
    """One claim of the two is kept for live contacts; the other is not theirs alone."""
    gate = Gate(world)
    await world.post(subscribes(JAN), subscribes(EWA))
    await world.plan()
    live = asyncio.create_task(world.delivery.deliver_due(MAIN))
    await asyncio.wait_for(gate.entered.acquire(), 10)
    await world.post(*(registers(f"c{n}@example.pl") for n in range(3)))
    await world.plan()
    async with world.database.transaction() as connection:
        await connection.execute(update(mailboxes).where(mailboxes.c.lease_token.is_(None)).values(priority=1))
        await connection.commit()
    of_a_list = asyncio.create_task(world.delivery.deliver_due(MAIN))
    await asyncio.wait_for(gate.entered.acquire(), 10)
    gate.go.set()
    assert await asyncio.gather(live, of_a_list) == [2, 3]
    await world.at_rest()
