"""Resignations, withdrawals and erasures around a rename (R06a, R72)."""

import pytest

from app.domain.commands import UpsertContact
from tests.services.planning.people.stories import A, B, C
from tests.support.world import World, a_shop, erases, orders, registers, renames, subscribes, unsubscribes, views, withdraws


@pytest.fixture
async def jan_opted_in(world: World) -> World:
    await world.post(registers(A, id="7"), subscribes(A, 1))
    await world.run()
    return world


async def test_r72_a_stop_in_one_round_with_the_rename_onto_its_address_reaches_the_renamed_contact(jan_opted_in: World) -> None:
    await jan_opted_in.post(renames(A, B, 5, "7"), unsubscribes(B, 6))
    await jan_opted_in.run()
    assert list(jan_opted_in.upstream.contacts) == [B]
    assert jan_opted_in.upstream.opted_out == {B}


async def test_r72_a_withdrawal_in_one_round_with_the_rename_leaves_nothing_under_way(jan_opted_in: World) -> None:
    before = len(jan_opted_in.upstream.calls)
    await jan_opted_in.post(renames(A, B, 5, "7"), withdraws(B, 6), views("1", B, 7))
    await jan_opted_in.run()
    assert jan_opted_in.upstream.calls[before:] == []


async def test_r72_an_erasure_in_one_round_with_the_rename_onto_its_address_erases_the_person(jan_opted_in: World) -> None:
    await jan_opted_in.post(renames(A, B, 5, "7"), erases(B, 6))
    await jan_opted_in.run()
    assert jan_opted_in.upstream.contacts == {}
    assert await jan_opted_in.tables_naming(A) == []
    assert await jan_opted_in.tables_naming(B) == []


async def test_r72_a_stop_from_before_the_rename_in_one_round_is_of_the_person_who_had_the_address_then(
    jan_opted_in: World,
) -> None:
    await jan_opted_in.post(subscribes(B, 2))
    await jan_opted_in.run()
    await jan_opted_in.post(unsubscribes(B, 4), renames(B, C, 5), renames(A, B, 6, "7"))
    await jan_opted_in.run()
    assert jan_opted_in.upstream.opted_out == {C}


async def test_r06a_a_resignation_decided_before_the_rename_is_sent_for_an_address_that_was_left_behind(
    jan_opted_in: World,
) -> None:
    await jan_opted_in.post(unsubscribes(B, 6))
    await jan_opted_in.run()
    await jan_opted_in.post(renames(A, B, 5, "7"))
    await jan_opted_in.run()
    assert jan_opted_in.upstream.opted_out == {A, B}


@pytest.mark.parametrize("stopped_first", [False, True])
async def test_r06a_a_later_resignation_is_sent_for_an_address_that_was_left_behind(
    jan_opted_in: World, stopped_first: bool
) -> None:
    await jan_opted_in.post(withdraws(B, 2) if stopped_first else subscribes(B, 2))
    await jan_opted_in.run()
    await jan_opted_in.post(renames(A, B, 5, "7"))
    await jan_opted_in.run()
    assert A not in jan_opted_in.upstream.opted_out
    await jan_opted_in.post(unsubscribes(B, 6))
    await jan_opted_in.run()
    assert A in jan_opted_in.upstream.opted_out
    told = len(jan_opted_in.upstream.sent(UpsertContact))
    await jan_opted_in.post(unsubscribes(B, 7))
    await jan_opted_in.run()
    # Where SALESmanago never heard of B, its contact is still called A. A contact that was left behind is told once.
    theirs = A if stopped_first else B
    assert [one.email for one in jan_opted_in.upstream.sent(UpsertContact)[told:]] == [theirs]


async def test_r72_an_address_that_somebody_else_took_is_sent_nothing_of_the_person_who_left_it(jan_opted_in: World) -> None:
    await jan_opted_in.post(subscribes(B, 2))
    await jan_opted_in.run()
    await jan_opted_in.post(renames(A, B, 5, "7"))
    await jan_opted_in.run()
    await jan_opted_in.post(registers(A, 6, id="8"), subscribes(A, 7))
    await jan_opted_in.run()
    await jan_opted_in.post(unsubscribes(B, 8))
    await jan_opted_in.run()
    assert jan_opted_in.upstream.opted_out == {B}


async def test_r06a_no_resignation_is_sent_for_an_address_that_never_reached_salesmanago(world: World) -> None:
    await world.post(withdraws(B))
    await world.run()
    await world.post(registers(A, 1, id="7"), subscribes(A, 2))
    await world.plan()
    await world.post(renames(A, B, 5, "7"))
    await world.plan()
    await world.post(unsubscribes(B, 6))
    await world.run()
    assert world.upstream.calls == []


@pytest.mark.parametrize("named", [A, B])
@pytest.mark.parametrize("again", [None, A, B])
async def test_r72_whichever_address_an_erasure_names_older_words_under_all_of_them_stay_out(
    world: World, named: str, again: str | None
) -> None:
    await world.post(registers(A, id="7"), renames(A, B, 2, "7"))
    await world.run()
    await world.post(erases(named, 6))
    await world.run()
    if again is not None:
        await world.post(erases(again, 7))
        await world.run()
    calls = len(world.upstream.calls)
    late = await world.post(orders("o9", B, 3), subscribes(B, 4), orders("o8", A, 1), subscribes(A, 5))
    await world.run()
    assert world.upstream.calls[calls:] == []
    states = await world.states()
    assert {states[one] for one in late} == {("withheld", "erased")}
    assert await world.tables_naming(A) == await world.tables_naming(B) == []
    await world.post(subscribes(B, 8))
    await world.run()
    assert list(world.upstream.contacts) == [B], "a newer act begins a new life"


async def test_r06a_an_older_opt_in_of_another_shop_does_not_follow_the_resignation_at_an_address_left_behind(world: World) -> None:
    await world.configure(a_shop(), a_shop("shop2", host="b.example", location="b", number=2))
    await world.post(registers(A, id="7"), subscribes(A, 1), subscribes(B, 1))
    await world.post(registers(A, id="9"), shop="shop2")
    await world.run()
    await world.post(renames(A, B, 5, "7"))
    await world.run()
    await world.post(subscribes(A, 6), shop="shop2")
    await world.plan()
    await world.post(unsubscribes(B, 7))
    await world.run()
    assert world.upstream.opted_out == {A, B}
