"""An opt-out is not held up by what travels with it: a refused field, a refused rename, a contact's backoff (R06a)."""

from datetime import datetime

import pytest
from sqlalchemy import select

from app.domain.commands import UpsertContact
from app.domain.consent import Status
from app.domain.delivery.outcomes import SETTLING, Delivered, Outcome, Refused, Throttled, Unknown, Unreachable
from app.domain.event_parts import Customer
from app.domain.events import AccountChanged
from app.storage.engine.tables import contact_queues
from tests.support.world import EWA, JAN, World, at, orders, registers, renames, scripted, subscribes, unsubscribes

ODD = "+48000"


def refuses_fields(method: str, items: list) -> Outcome:
    """SALESmanago takes nobody with that phone, alone or in a job, and renames nobody."""
    odd = any(isinstance(one, UpsertContact) and (one.profile.get("phone") == ODD or one.new_email) for one in items)
    return Refused("Invalid value") if odd else Delivered()


def says_phone(minutes: float) -> AccountChanged:
    return AccountChanged(at=at(minutes), customer=Customer(email=JAN, phone=ODD))


@pytest.mark.parametrize("neighbours", [0, 5])
async def test_r06a_an_opt_out_that_travels_with_a_refused_field_is_sent_alone(world: World, neighbours: int) -> None:
    others = [f"c{number}@example.pl" for number in range(neighbours)]
    await world.post(subscribes(), *map(subscribes, others))
    await world.run()
    world.upstream.respond = refuses_fields
    await world.post(says_phone(1), unsubscribes(JAN, 2), *(unsubscribes(other, 2) for other in others))
    await world.run()
    assert world.upstream.opted_out == {JAN, *others}
    found = await world.states()
    number = neighbours + 2
    assert (found[f"e{number}"], found[f"e{number + 1}"]) == (("parked", "refused"), ("sent", None))


async def test_r06a_an_opt_out_reaches_the_old_address_where_the_rename_is_refused(world: World) -> None:
    await world.post(subscribes())
    await world.run()
    world.upstream.respond = refuses_fields
    await world.post(renames(JAN, EWA, 1))
    await world.plan()
    await world.post(unsubscribes(EWA, 2))
    await world.run()
    assert JAN in world.upstream.opted_out
    assert (await world.states())["e3"] == ("sent", None)


async def test_r06a_an_opt_out_within_one_refused_command_is_sent_and_the_rest_is_parked(world: World) -> None:
    """The opt-out had been learned while nothing could be told of it; it leaves with the next event."""
    await world.post(subscribes())
    await world.run()
    world.upstream.respond = scripted(Unreachable("down"))
    await world.post(says_phone(1), unsubscribes(JAN, 2))
    await world.run()
    world.upstream.respond = refuses_fields
    await world.run_for(hours=1)
    assert JAN in world.upstream.opted_out
    assert [state for state, _ in (await world.at_rest()).values()] == ["sent", "parked", "sent"]


@pytest.mark.parametrize("outcome", [Unreachable("down"), Unknown("timed out")])
async def test_r06a_an_opt_out_that_did_not_get_through_alone_is_tried_again(world: World, outcome: Outcome) -> None:
    await world.post(subscribes())
    await world.run()
    failures = [outcome]

    def respond(method: str, items: list) -> Outcome:
        alone = any(one == UpsertContact(email=JAN, email_status=Status.OPT_OUT) for one in items)
        return failures.pop() if alone and failures else refuses_fields(method, items)

    world.upstream.respond, world.upstream.applied = respond, False
    await world.post(says_phone(1), unsubscribes(JAN, 2))
    await world.run_for(hours=1)
    assert JAN in world.upstream.opted_out
    assert [state for state, _ in (await world.at_rest()).values()] == ["sent", "parked", "sent"]


async def test_r06a_an_opt_out_that_is_refused_alone_too_is_parked_and_counts_as_not_sent(world: World) -> None:
    await world.post(subscribes())
    await world.run()
    world.upstream.respond = lambda method, items: Refused("no")
    await world.post(says_phone(1), unsubscribes(JAN, 2))
    await world.run()
    assert [state for state, _ in (await world.states()).values()][:3] == ["sent", "parked", "parked"]


@pytest.mark.parametrize("failure", [Refused("no"), Unknown("timed out")])
async def test_r06a_an_opt_out_does_not_wait_for_the_backoff_of_its_contact(world: World, failure: Outcome) -> None:
    """An order that SALESmanago does not answer is tried again later and later; a resignation leaves within a minute."""
    await world.post(subscribes())
    await world.run()
    world.upstream.applied = False
    world.upstream.respond = lambda method, items: failure if method == "add_event" else Delivered()
    await world.post(orders("o1", minutes=1))
    await world.run_for(hours=6, steps=40)
    await world.post(unsubscribes(JAN, 300))
    await world.run_for(hours=1 / 60, steps=4)
    assert JAN in world.upstream.opted_out


async def due_at(world: World) -> datetime:
    """When the person is tried again."""
    async with world.database.transaction(reading=True) as connection:
        return (await connection.execute(select(contact_queues.c.due_at))).scalar_one()


async def test_an_opt_in_is_not_hurried_and_an_opt_out_is(world: World) -> None:
    world.upstream.respond = lambda method, items: Throttled(600.0) if method == "add_event" else Delivered()
    await world.post(registers(), orders("o1", minutes=1))
    await world.run()
    due = await due_at(world)
    assert due - world.clock() > SETTLING
    await world.post(subscribes(JAN, 2))
    await world.plan()
    assert await due_at(world) == due
    await world.post(unsubscribes(JAN, 3))
    await world.plan()
    assert await due_at(world) <= world.clock() + SETTLING
