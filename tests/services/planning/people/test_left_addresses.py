"""Addresses that a person left, and what was said for them (R72)."""

import pytest

from app.domain.consent import Status
from tests.services.planning.people.stories import A, B, C, known
from tests.support.world import World, cancels, orders, registers, renames, subscribes, unsubscribes, views, withdraws

# -- addresses that were left ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rounds", [False, True], ids=["one-round", "rounds"])
async def test_r72_a_stop_under_the_address_before_a_rename_reaches_the_renamed_person(world: World, rounds: bool) -> None:
    await world.post(registers(A), subscribes(A, 1), renames(A, B, 5))
    await world.run() if rounds else None
    await world.post(unsubscribes(A, 10))
    await world.run()
    assert (await known(world))[B].email_news.status is Status.OPT_OUT
    assert (await known(world)).keys() == {B}
    assert B in world.upstream.opted_out
    await world.post(withdraws(A, 11))
    await world.run()
    assert (await known(world))[B].transfer.is_withdrawn
    assert (await known(world)).keys() == {B}


async def test_r72_a_stop_under_an_address_somebody_took_since_is_theirs(world: World) -> None:
    await world.post(registers(A), subscribes(A, 1), renames(A, B, 5), registers(A, 6), subscribes(A, 6))
    await world.run()
    await world.post(unsubscribes(A, 10))
    await world.run()
    people = await known(world)
    assert (people[A].email_news.status, people[B].email_news.status) == (Status.OPT_OUT, Status.OPT_IN)


async def test_r72_a_stop_that_arrives_before_who_took_the_address_is_theirs_as_well(world: World) -> None:
    await world.post(registers(A), subscribes(A, 1), renames(A, B, 5))
    await world.run()
    await world.post(unsubscribes(A, 10))
    await world.run()
    await world.post(subscribes(A, 6))
    await world.run()
    people = await known(world)
    assert (people[A].email_news.status, people[B].email_news.status) == (Status.OPT_OUT, Status.OPT_OUT)
    assert A not in world.upstream.contacts or A in world.upstream.opted_out


async def test_r72_what_goes_on_under_the_address_before_a_rename_makes_no_twin(world: World) -> None:
    await world.post(registers(A), orders("o1", A, 1), renames(A, B, 5))
    await world.run()
    await world.post(views("7", A, 10), cancels("o1", A, 11))
    await world.run()
    assert set(world.upstream.contacts) == {B}
    assert [event.email for event in world.upstream.events] == [B, B, B]


@pytest.mark.parametrize("order", ["in order", "later one first"])
async def test_r72_a_chain_of_changes_ends_as_one_person_in_any_order(world: World, order: str) -> None:
    chain = [renames(A, B, 5), renames(B, C, 6)]
    await world.post(registers(A, first_name="Anna"))
    await world.run()
    for event in chain if order == "in order" else reversed(chain):
        await world.post(event)
        await world.run()
    await world.post(unsubscribes(B, 20), unsubscribes(A, 20))
    await world.run()
    people = await known(world)
    assert people.keys() == {C}
    assert people[C].email_news.status is Status.OPT_OUT


async def test_r72_who_was_merged_is_found_by_every_address_of_both(world: World) -> None:
    await world.post(registers(A), renames(A, B, 2), registers(C), renames(B, C, 5))
    await world.run()
    await world.post(orders("late", A, 1), unsubscribes(A, 10))
    await world.run()
    people = await known(world)
    assert people.keys() == {C}
    assert people[C].email_news.status is Status.OPT_OUT
    assert [event.email for event in world.upstream.events] == [C]
