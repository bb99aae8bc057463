"""Contacts that retention removed."""

from app.domain.commands import AddEvent
from app.domain.consent import Policy
from app.domain.event_parts import Evidence
from app.domain.operations.retention import Retention
from app.services.operations.consent_export import ConsentReader
from app.services.operations.retention import Cleaner
from tests.support.world import EWA, JAN, World, a_shop, erases, orders, subscribes


async def cleaned(world: World, days: int) -> None:
    world.clock.advance(days=days)
    cleaner = Cleaner(world.store, Retention(), world.clock)
    while await cleaner.clean():
        pass


async def test_m1_an_erasure_finds_nothing_left_of_somebody_who_was_forgotten_before(world: World) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await world.post(subscribes(JAN, evidence=Evidence(ip="10.1.2.3", page="/x")))
    await world.run()
    await cleaned(world, days=401)
    await world.post(erases(JAN, 60 * 24 * 401))
    await world.run()
    assert await world.tables_naming(JAN) == []


async def test_a_newcomer_never_inherits_the_number_of_somebody_forgotten(world: World) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await world.post(subscribes(JAN))
    await world.run()
    await cleaned(world, days=401)
    await world.post(subscribes(EWA, 60 * 24 * 401))
    await world.run()
    chains = await ConsentReader(world.store, world.pseudonym).export("shop1", EWA)
    assert [len(chain.entries) for chain in chains] == [1]


async def test_an_order_of_fourteen_months_ago_posted_again_is_no_second_purchase(world: World) -> None:
    await world.post(orders("o1"))
    await world.run()
    await cleaned(world, days=402)
    await world.post(orders("o1"))
    await world.run()
    assert len(world.upstream.sent(AddEvent)) == 1
