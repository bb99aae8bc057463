"""A resignation is neither withheld nor cancelled by what is judged again (R06a, C1)."""

import pytest

from app.domain.delivery.outcomes import Unknown, Unreachable
from tests.support.world import JAN, World, a_shop, scripted, subscribes, unsubscribes, views, withdraws


@pytest.mark.parametrize("down", [False, True])
async def test_r06a_an_opt_out_reaches_salesmanago_before_and_after_a_withdrawal(world: World, down: bool) -> None:
    await world.post(subscribes())
    await world.run()
    if down:
        world.upstream.respond = scripted(Unreachable("down"), Unreachable("down"))
    await world.post(unsubscribes(JAN, 1))
    await world.run()
    await world.post(withdraws(JAN, 2), views("7", minutes=3))
    await world.run_for(hours=1)
    assert JAN in world.upstream.opted_out
    assert world.upstream.events == []
    assert (await world.at_rest())["e2"] == ("sent", None)


async def test_r06a_an_opt_out_after_a_withdrawal_reaches_salesmanago(world: World) -> None:
    await world.post(subscribes(), withdraws(JAN, 1))
    await world.run()
    await world.post(subscribes(JAN, 2))
    await world.run()
    assert not world.upstream.contacts  # never introduced
    await world.configure(a_shop(), a_shop("shop2", number=2, location="inny_sklep"))
    await world.post(subscribes(JAN, 3), shop="shop2")
    await world.run()
    assert JAN in world.upstream.contacts
    await world.post(unsubscribes(JAN, 4))  # resigned at the shop that must not tell anything of them
    await world.run()
    assert JAN in world.upstream.opted_out


async def test_r06a_an_older_opt_in_of_a_sibling_shop_does_not_follow_an_opt_out_where_nothing_else_may_be_sent(
    world: World,
) -> None:
    await world.configure(a_shop(), a_shop("shop2", number=2, location="inny_sklep"))
    await world.post(subscribes())
    await world.run()
    await world.post(withdraws(JAN, 1))
    await world.run()
    await world.post(subscribes(JAN, 2), shop="shop2")
    await world.plan()
    await world.post(unsubscribes(JAN, 3))
    await world.run_for(hours=1)
    assert JAN in world.upstream.opted_out


async def test_r06a_an_opt_out_whose_contact_perhaps_arrived_is_sent_after_a_withdrawal(world: World) -> None:
    world.upstream.respond = scripted(Unknown("timed out"))
    await world.post(subscribes())
    await world.run()
    assert JAN in world.upstream.contacts  # it was applied, and we do not know
    await world.post(withdraws(JAN, 1))
    await world.run()
    await world.post(unsubscribes(JAN, 2))
    await world.run_for(hours=1)
    assert JAN in world.upstream.opted_out
