"""A person who asked to be erased, and the address afterwards (M1-M3)."""

import pytest

from app.domain.operations.trace import summarised
from tests.services.planning.people.stories import A, B, C, changes, known
from tests.support.world import World, erases, orders, registers, renames, tags

# -- erasure ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [A, B, C])
@pytest.mark.parametrize("merged", [False, True], ids=["renamed", "merged"])
async def test_r72_erasing_by_any_address_a_person_had_erases_the_person(world: World, address: str, merged: bool) -> None:
    await world.post(registers(A, first_name="Anna"), *([registers(C)] if merged else []))
    await world.run()
    await world.post(renames(A, B, 1))
    await world.run()
    await world.post(renames(B, C, 2), tags(3, email=C, added=("vip",)))
    await world.run()
    await world.post(erases(address, 10))
    await world.run()
    assert world.upstream.contacts == {}
    assert [await world.tables_naming(one) for one in (A, B, C)] == [[], [], []]
    await world.at_rest()


async def test_r72_erasing_by_an_address_somebody_took_since_erases_the_person_who_has_it(world: World) -> None:
    await world.post(registers(A, first_name="Anna"), renames(A, B, 1), registers(A, 2, first_name="Ola"))
    await world.run()
    await world.post(erases(A, 10))
    await world.run()
    assert set(world.upstream.contacts) == {B}
    assert {email: one.profile["first_name"].value for email, one in (await known(world)).items()} == {B: "Anna"}
    await world.post(erases(B, 11))
    await world.run()
    assert world.upstream.contacts == {}
    assert [await world.tables_naming(one) for one in (A, B)] == [[], []]


@pytest.mark.parametrize("merged", [False, True], ids=["renamed", "merged"])
async def test_r72_an_erasure_leaves_alone_who_took_an_address_the_person_had(world: World, merged: bool) -> None:
    """She took it in an earlier round, and nothing in this one names her."""
    await world.post(registers(A, first_name="Anna"), *([registers(B)] if merged else []))
    await world.run()
    await world.post(renames(A, B, 1))
    await world.run()
    await world.post(registers(A, 2, first_name="Ola"), orders("o1", A, 3))
    await world.run()
    await world.post(erases(B, 10))
    await world.run()
    assert set(world.upstream.contacts) == {A}
    assert [event.email for event in world.upstream.events] == [A]
    assert {email: one.profile["first_name"].value for email, one in (await known(world)).items()} == {A: "Ola"}
    assert await world.tables_naming(B) == []


@pytest.mark.parametrize("overtakes", [False, True], ids=["in order", "erasure first"])
@pytest.mark.parametrize("sent", [False, True], ids=["never sent", "sent"])
async def test_r72_an_erasure_by_the_address_just_taken_erases_the_person_in_whatever_order(
    world: World, overtakes: bool, sent: bool
) -> None:
    await world.post(registers(A, id="1", first_name="Anna"))
    await (world.run() if sent else world.plan())
    await world.post(changes(B, 1, "1"), erases(B, 2))
    if overtakes:
        await world.planner.plan_due(1)
        assert (await world.states())["e2"] == ("received", None)
    await world.run()
    assert world.upstream.contacts == {}
    assert [await world.tables_naming(one) for one in (A, B)] == [[], []]
    await world.at_rest()


async def test_r72_after_an_erasure_the_trace_says_what_each_command_was_and_nothing_of_what_it_said(world: World) -> None:
    """It said `delete_contact` of an upsert that had been tried, and a deletion seemed to be older than its request."""
    await world.post(registers(A, first_name="Anna"), orders("o1", A, 1), renames(A, B, 2))
    await world.run()
    await world.post(erases(A, 10))
    await world.run()
    kinds = [[summarised(one.command) for one in (await world.trace(f"e{number}")).commands] for number in (1, 2, 3, 4)]
    upsert, event = ("upsert_contact", {"erased": True}), ("add_event", {"erased": True})
    assert kinds[:3] == [[upsert], [upsert, event], [upsert]]
    assert {kind for kind, _ in kinds[3]} == {"delete_contact"}
    attempts = [len(one.attempts) for one in (await world.trace("e2")).commands]
    assert attempts == [1, 1]
