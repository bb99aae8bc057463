"""Callbacks under an address from before a rename."""

import pytest

from app.domain.commands import UpsertContact
from app.domain.consent import TimedStatus
from app.domain.events import Event
from tests.support.world import (
    EWA,
    JAN,
    World,
    at,
    registers,
    renames,
    subscribes,
    unsubscribes,
)
from tests.support.worlds.changes import (
    IN,
    OUT,
    changes,
    ended,
    listed,
    person,
    reported,
    resigned,
    run,
    statuses,
    two_shops,
    unreachable,
    up_again,
)


async def strangers(world: World, email: str, shop_id: str = "shop1") -> int:
    async with world.store.work() as work:
        return len(await work.contacts.in_shops([shop_id], [email]))


async def test_a_callback_under_the_address_before_a_rename_that_waits_finds_the_renamed_person(world: World) -> None:
    await world.post(registers(id="17"))
    await world.run()
    world.upstream.respond = unreachable
    await world.post(subscribes(JAN, 2, has_account=True))
    await world.run()
    await world.post(renames(JAN, EWA, 5, "17"))
    await world.plan()
    await world.post(resigned(8))  # SALESmanago still knows the old address
    await world.plan()
    world.upstream.opted_out.add(JAN)
    await up_again(world)
    assert await strangers(world, JAN) == 0
    assert (await person(world, EWA)).email_news.status is OUT
    assert world.upstream.sent(UpsertContact)[-1].new_email == EWA
    assert world.upstream.sent(UpsertContact)[-1].email_status is not IN
    assert changes(world.side.done, EWA) == [TimedStatus(OUT, at(8))]
    assert changes(world.side.done, JAN) == []
    await ended(world)


async def test_an_opt_in_called_back_under_the_address_before_a_rename_finds_the_renamed_person(world: World) -> None:
    await world.post(registers(id="17"))
    await world.run()
    await world.post(renames(JAN, EWA, 5, "17"))
    await world.run()
    await world.post(resigned(8), reported(9))
    await run(world)
    assert await strangers(world, JAN) == 0
    assert changes(world.side.done, EWA)[:1] == [TimedStatus(OUT, at(8))]


@pytest.mark.parametrize("event", [unsubscribes(JAN, 4), resigned(4)], ids=["unsubscribed in the shop", "called back"])
async def test_r06_other_shops_learn_of_an_opt_out_also_when_it_names_a_former_address(world: World, event: Event) -> None:
    await two_shops(world)
    await world.post(registers(id="17"), shop="shop1")
    await world.run()
    await world.post(renames(JAN, EWA, 5, "17"), shop="shop1")
    await world.run()
    await world.post(subscribes(EWA), shop="shop2")
    await world.run()
    await world.post(event, shop="shop1")
    await world.run()
    assert (await person(world, EWA, "shop2")).sent_state.email_news == TimedStatus(OUT, at(4))
    world.clock.advance(minutes=9)
    before = len(statuses(world, EWA))
    await world.post(listed(9, 2, EWA, id="9"), shop="shop2")
    await world.run()
    assert statuses(world, EWA)[before:] == []
    await ended(world)
