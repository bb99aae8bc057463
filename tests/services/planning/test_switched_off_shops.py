"""A shop that is disabled keeps its events for later; one in shadow decides them and sends nothing."""

from app.domain.commands import AddEvent, ErasedCommand, UpsertContact
from app.domain.reasons import Reason
from app.services.planning.planner import Planner
from app.services.shops.directory import ShopDirectory
from tests.support.world import (
    JAN,
    World,
    a_shop,
    at,
    erases,
    fills_cart,
    orders,
    subscribes,
    unsubscribes,
)


async def test_a_disabled_shop_is_held_and_everything_is_delivered_in_order_once_it_is_enabled(world: World) -> None:
    await world.configure(a_shop(), a_shop("shop2", number=2))
    await world.post(orders("o1"))
    await world.plan()
    await world.configure(a_shop(enabled=False), a_shop("shop2", number=2))
    await world.post(orders("o2", minutes=1), subscribes(JAN, 2))
    await world.post(orders("x1"), shop="shop2")
    await world.run()
    assert [event.external_id for event in world.upstream.events] == ["x1"]
    assert {event: state for event, (state, _) in (await world.states()).items()} == {
        "e1": "planned",
        "e2": "held",
        "e3": "held",
        "e4": "sent",
    }
    await world.configure(a_shop(), a_shop("shop2", number=2))
    await world.run()
    assert [event.external_id for event in world.upstream.events] == ["x1", "o1", "o2"]
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}


async def test_an_opt_out_in_a_disabled_shop_does_not_stop_the_others(world: World) -> None:
    await world.configure(a_shop(enabled=False), a_shop("shop2", number=2))
    await world.post(unsubscribes())
    await world.post(orders("x1"), shop="shop2")
    await world.run()
    assert [event.external_id for event in world.upstream.events] == ["x1"]
    await world.configure(a_shop(), a_shop("shop2", number=2))
    await world.run()
    await world.at_rest()


async def test_an_event_held_by_a_planner_that_did_not_know_of_the_enabling_is_not_forgotten(world: World) -> None:
    """R71: another process enabled the shop a moment ago; this one renews its directory later."""
    await world.configure(a_shop(enabled=False))
    elsewhere = ShopDirectory(world.store, world.ring, world.clock)
    await elsewhere.refresh()
    late = Planner(world.store, elsewhere, world.clock, world.pseudonym, lambda: None)
    await world.configure(a_shop())
    await world.post(orders("o1"))
    await late.plan_due()
    await elsewhere.refresh()
    await world.run()
    assert await world.at_rest() == {"e1": ("sent", None)}


async def test_a_shop_in_shadow_decides_everything_and_sends_nothing(world: World) -> None:
    await world.configure(a_shop(shadow=True))
    await world.post(orders("o1"), fills_cart(minutes=1))
    await world.run()
    assert world.upstream.calls == []
    world.clock.advance(minutes=62)
    await world.carts.report_quiet()
    assert await world.at_rest() == {"e1": ("withheld", "shadow"), "e2": ("withheld", "shadow")}
    await world.configure(a_shop())
    await world.post(orders("o2", minutes=2))
    await world.run()
    assert set(world.upstream.sent(UpsertContact)[0].add_tags) == {"Obuwie"}  # what shadow kept back is still to be told


async def test_a_shop_in_shadow_keeps_what_it_would_have_sent_to_be_shown(world: World) -> None:
    await world.configure(a_shop(shadow=True))
    await world.post(orders("o1"))
    await world.run()
    async with world.store.work() as work:
        trace = await work.traces.of_event("shop1", "e1")
        (newest,) = await work.traces.shadowed("shop1", 10)
        assert await work.outbox.in_flight("account:main", [1], at(-60)) == set()
        assert await work.outbox.waiting_contacts() == {}
    assert trace == newest
    assert [(type(one.command), one.state, one.reason) for one in trace.commands if one.destination == "account:main"] == [
        (UpsertContact, "cancelled", Reason.SHADOW),
        (AddEvent, "cancelled", Reason.SHADOW),
    ]
    assert all(one.is_only_shown for one in trace.commands)


async def test_an_erasure_takes_what_a_shop_in_shadow_would_have_sent(world: World) -> None:
    await world.configure(a_shop(shadow=True))
    await world.post(orders("o1"))
    await world.run()
    await world.post(erases(minutes=5))
    await world.run()
    async with world.store.work() as work:
        trace = await work.traces.of_event("shop1", "e1")
    assert {type(one.command) for one in trace.commands} == {ErasedCommand}
