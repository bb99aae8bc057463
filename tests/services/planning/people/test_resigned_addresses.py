"""Moves and merges onto an address that resigned: nobody is opted in by them (R72)."""

import pytest

from app.domain.commands import UpsertContact
from app.domain.consent import Status
from tests.services.planning.people.stories import A, B, changes, known, ledger
from tests.support.world import (
    World,
    erases,
    registers,
    renames,
    subscribes,
    unsubscribes,
    withdraws,
)


@pytest.mark.parametrize("way", ["known", "erased", "queued"])
async def test_r72_a_rename_onto_an_address_that_resigned_opts_nobody_in_and_stands_in_the_ledger(world: World, way: str) -> None:
    await world.post(registers(B), unsubscribes(B, 5))
    await world.run()
    if way == "erased":
        await world.post(erases(B, 6))
        await world.run()
    await world.post(registers(A), subscribes(A, 9))
    await (world.plan() if way == "queued" else world.run())
    await world.post(renames(A, B, 10))
    await world.run()
    people = await known(world)
    assert people.keys() == {B}
    assert people[B].email_news.status is Status.OPT_OUT
    assert B in world.upstream.opted_out
    if way == "queued":
        assert A not in world.upstream.contacts or world.upstream.sent(UpsertContact)[-1].email_status is not Status.OPT_IN
        assert [one.email_status for one in world.upstream.sent(UpsertContact) if one.email_status is Status.OPT_IN] == []
    await world.post(subscribes(B, 12))
    await world.run()
    assert (await known(world))[B].email_news.status is Status.OPT_IN
    assert B not in world.upstream.opted_out


@pytest.mark.parametrize("resigns", ["before she leaves", "after she left"])
async def test_r72_a_person_who_comes_back_to_an_address_brings_no_opt_in_onto_her_own_resignation(
    world: World, resigns: str
) -> None:
    await world.post(registers(A, id="1"))
    await world.run()
    said = [unsubscribes(A, 1), changes(B, 5, "1")] if resigns == "before she leaves" else [changes(B, 5, "1"), unsubscribes(A, 6)]
    for event in (*said, subscribes(B, 9)):
        await world.post(event)
        await world.run()
    assert (await known(world))[B].email_news.status is Status.OPT_IN
    await world.post(changes(A, 10, "1"))
    await world.run()
    assert (await known(world))[A].email_news.status is Status.OPT_OUT
    assert A in world.upstream.opted_out
    await world.post(subscribes(A, 12))
    await world.run()
    assert A not in world.upstream.opted_out


async def test_r72_a_person_who_is_merged_into_an_address_she_resigned_at_brings_no_opt_in_there(world: World) -> None:
    await world.post(registers(A), unsubscribes(A, 1), renames(A, B, 2), subscribes(B, 3), registers(A, 4))
    await world.run()
    await world.post(renames(B, A, 5))
    await world.run()
    assert (await known(world))[A].email_news.status is Status.OPT_OUT
    assert A in world.upstream.opted_out


async def test_r72_an_opt_out_that_a_merge_brings_has_its_line_in_the_ledger(world: World) -> None:
    await world.post(registers(B), subscribes(B, 1), registers(A), unsubscribes(A, 9), withdraws(A, 9))
    await world.run()
    await world.post(renames(A, B, 10))
    await world.run()
    contact = (await known(world))[B]
    assert (contact.email_news.status, contact.transfer.is_withdrawn) == (Status.OPT_OUT, True)
    assert [(matter, kind) for matter, kind, _ in await ledger(world, B)] == [
        ("email", "opt_in"),
        ("email", "opt_out"),
        ("transfer", "withdrawn"),
    ]
