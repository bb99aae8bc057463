"""Commands that wait at an account which a shop has left."""

from app.domain.delivery.outbox import to_account
from app.domain.shops.configuration import StoredAccount, StoredShop
from app.domain.shops.shop import Account
from tests.support.world import (
    JAN,
    World,
    subscribes,
    unsubscribes,
    withdraws,
)
from tests.support.worlds.changes import (
    IN,
    delivered,
    ended,
    shop,
    statuses,
    unreachable,
)


async def moved(world: World, account: str) -> None:
    accounts = [
        StoredAccount(
            Account(id=one, endpoint="https://a.example", client_id="c", owner="o@a.example"), {"api_secret": world.ring.close("s")}
        )
        for one in ("main", "other")
    ]
    await world.directory.apply(accounts, [StoredShop(shop(1, account=account), {})])


async def both_accounts(world: World) -> None:
    world.upstream.respond = delivered
    world.clock.advance(hours=1)
    world.restart()
    for account in ("main", "other"):
        await world.delivery.deliver_due(to_account(account))


async def test_what_waits_at_the_account_a_shop_has_left_is_taken_back_as_well(world: World) -> None:
    await moved(world, "main")
    world.upstream.respond = unreachable
    await world.post(subscribes(JAN), event_id="opt-in")
    await world.run()
    tried = len(world.upstream.sent())
    await moved(world, "other")
    await world.post(withdraws(JAN, 5))
    await world.plan()
    await both_accounts(world)
    assert world.upstream.sent()[tried:] == []
    assert (await world.states())["opt-in"] == ("withheld", "consent_withdrawn")
    await ended(world)


async def test_an_opt_in_that_waits_at_the_account_a_shop_has_left_is_taken_back_by_an_opt_out(world: World) -> None:
    await moved(world, "main")
    world.upstream.respond = unreachable
    await world.post(subscribes(JAN))
    await world.run()
    tried = len(statuses(world))
    await moved(world, "other")
    await world.post(unsubscribes(JAN, 5))
    await world.plan()
    await both_accounts(world)
    assert IN not in statuses(world)[tried:]


async def test_nothing_leaves_to_the_account_a_shop_has_left_while_a_withdrawal_waits_to_be_decided(world: World) -> None:
    await moved(world, "main")
    await world.post(subscribes(JAN))
    await world.plan()
    await moved(world, "other")
    await world.post(withdraws(JAN, 5))
    await both_accounts(world)
    assert world.upstream.sent() == []
