"""A rename that SALESmanago refused (R06a, R72)."""

import pytest

from tests.services.planning.people.stories import A, B, C, conflicts
from tests.support.world import World, a_shop, orders, registers, renames, subscribes, unsubscribes


@pytest.mark.parametrize("along", [True, False], ids=["in one call with the rename", "later"])
async def test_r72_after_a_refused_rename_an_opt_out_reaches_the_contact_that_is_there(world: World, along: bool) -> None:
    await world.post(registers(A), subscribes(A, 1))
    await world.run()
    world.upstream.contacts[B] = set()  # of whom we know nothing
    await world.post(renames(A, B, 2))
    await (world.plan() if along else world.run_for(hours=0.5))
    await world.post(unsubscribes(B, 3), orders("o1", B, 4))
    await world.run_for(hours=1)
    assert A in world.upstream.opted_out
    assert world.upstream.contacts[B] == set()
    assert [event.email for event in world.upstream.events] == [A]
    assert await conflicts(world) == [B]
    del world.upstream.contacts[B]
    await world.post(renames(B, C, 90))
    await world.run_for(hours=1)
    assert set(world.upstream.contacts) == {C}
    assert await conflicts(world) == []


@pytest.fixture
async def taken(world: World) -> World:
    """Jan, opted in at shop1, changes to an address under which shop2 of the account has somebody who is opted in."""
    await world.configure(a_shop(), a_shop("shop2", number=2, host="hurt.example", location="hurt_example"))
    await world.post(subscribes(B, 0), shop="shop2")
    await world.post(registers(A, id="7"), subscribes(A, 1))
    await world.run()
    world.upstream.calls.clear()
    await world.post(renames(A, B, 5, "7"))
    return world


@pytest.mark.parametrize("along", [True, False], ids=["in one call with the rename", "later"])
async def test_r72_after_a_refused_rename_who_resigns_by_the_new_name_resigns_there_too(taken: World, along: bool) -> None:
    await (taken.plan() if along else taken.run_for(hours=0.5))
    await taken.post(unsubscribes(B, 6))
    await taken.run_for(hours=1)
    assert taken.upstream.opted_out == {A, B}
    await taken.post(orders("o2", B, 90), shop="shop2")
    await taken.run_for(hours=1)
    assert taken.upstream.opted_out == {A, B}


async def test_r72_a_resignation_from_before_the_refused_rename_is_none_of_the_other_contact(taken: World) -> None:
    await taken.post(unsubscribes(A, 2))
    await taken.run_for(hours=1)
    assert taken.upstream.opted_out == {A}


async def test_r72_who_resigns_at_the_other_shop_resigns_for_the_contact_of_that_name_alone(taken: World) -> None:
    await taken.run_for(hours=0.5)
    await taken.post(unsubscribes(B, 6), shop="shop2")
    await taken.run_for(hours=1)
    assert taken.upstream.opted_out == {B}
