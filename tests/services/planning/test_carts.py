"""A cart is reported after an idle hour, and follows its owner."""

from app.domain.commands import AddEvent, EventKind, UpsertContact
from app.domain.consent import Policy
from tests.support.world import (
    JAN,
    World,
    a_shop,
    fills_cart,
    grants,
    orders,
    registers,
    renames,
    views,
    withdraws,
)

NEW = "new@example.pl"


async def sweep(world: World, **later: float) -> None:
    world.clock.advance(**later)
    await world.plan()
    await world.carts.report_quiet()
    await world.deliver()


def reported(world: World) -> list[AddEvent]:
    return [event for event in world.upstream.sent(AddEvent) if event.kind is EventKind.CART]


async def test_a_cart_is_reported_after_an_idle_hour_and_not_before(world: World) -> None:
    await world.post(fills_cart())
    await world.run()
    await sweep(world, minutes=59.9)
    assert world.upstream.calls == []
    await sweep(world, minutes=0.1)
    assert world.upstream.methods == ["upsert", "add_event"]
    assert [event.email for event in reported(world)] == [JAN]
    await sweep(world, hours=1)
    assert len(reported(world)) == 1
    assert await world.at_rest() == {"e1": ("sent", None)}


async def test_a_change_starts_the_idle_hour_again_and_the_same_content_does_not(world: World) -> None:
    await world.post(fills_cart())
    await world.run()
    world.clock.advance(minutes=30)
    await world.post(fills_cart(minutes=30, goods="102"))
    await world.run()
    await world.post(fills_cart(minutes=31, goods="102"))
    await sweep(world, minutes=59)
    assert reported(world) == []
    await sweep(world, minutes=1)
    assert [event.lines[0].product_id for event in reported(world)] == ["102"]
    states = await world.at_rest()
    assert states == {"e1": ("superseded", "cart_replaced"), "e2": ("sent", None), "e3": ("superseded", "cart_unchanged")}


async def test_a_purchase_before_the_cart_is_reported_makes_it_pointless(world: World) -> None:
    await world.post(fills_cart())
    await world.run()
    await world.post(orders("o1", minutes=40))
    await sweep(world, minutes=61)
    assert reported(world) == []
    assert await world.at_rest() == {"e1": ("superseded", "cart_bought"), "e2": ("sent", None)}


async def test_an_emptied_cart_is_not_reported(world: World) -> None:
    await world.post(fills_cart(), fills_cart(minutes=10, goods=""))
    await sweep(world, minutes=90)
    assert await world.at_rest() == {"e1": ("superseded", "cart_replaced"), "e2": ("superseded", "cart_emptied")}


async def test_a_guests_cart_waits_for_its_address(world: World) -> None:
    await world.post(fills_cart(email=None), fills_cart(email=None, cart_id="c2"))
    await world.run()
    await world.post(fills_cart(email=JAN, minutes=20))
    await sweep(world, minutes=61)
    assert [(event.email, event.lines[0].product_id) for event in reported(world)] == [(JAN, "101")]
    assert (await world.states())["e2"] == ("planned", "cart_waits")  # who it is may still be said
    await sweep(world, minutes=69)
    states = await world.at_rest()
    assert states == {"e1": ("sent", None), "e2": ("withheld", "address_unknown"), "e3": ("superseded", "cart_unchanged")}


async def test_a_guest_who_says_who_they_are_after_the_idle_hour_is_still_reported_in_time(world: World) -> None:
    await world.post(fills_cart(email=None))
    await sweep(world, minutes=61)
    assert reported(world) == []
    await world.post(fills_cart(email=JAN, minutes=70))
    await sweep(world, minutes=10)
    assert [event.email for event in reported(world)] == [JAN]
    assert await world.at_rest() == {"e1": ("sent", None), "e2": ("superseded", "cart_unchanged")}


async def test_a_guests_cart_from_before_the_consent_is_never_reported(world: World) -> None:
    """R07: carts from before the consent stay in the shop, whenever the address becomes known."""
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await world.post(fills_cart(email=None))
    await world.run()
    await world.post(grants(JAN, 10), fills_cart(email=JAN, minutes=20))
    await sweep(world, minutes=61)
    assert reported(world) == []
    await world.at_rest()


async def test_a_withdrawal_before_the_idle_hour_is_over_keeps_the_cart_here(world: World) -> None:
    await world.post(fills_cart())
    await world.run()
    await world.post(withdraws(JAN, 30))
    await sweep(world, minutes=61)
    assert world.upstream.calls == []
    assert (await world.at_rest())["e1"] == ("withheld", "consent_withdrawn")


async def test_a_cart_of_a_shop_that_was_disabled_meanwhile_waits_and_is_reported_if_it_is_not_too_late(world: World) -> None:
    await world.post(fills_cart())
    await world.run()
    await world.configure(a_shop(enabled=False))
    await sweep(world, minutes=61)
    assert (await world.states())["e1"] == ("planned", "cart_waits")
    assert world.upstream.calls == []
    await world.configure(a_shop())
    await sweep(world, minutes=10)
    assert [event.email for event in reported(world)] == [JAN]
    assert await world.at_rest() == {"e1": ("sent", None)}


async def test_a_cart_nobody_could_send_in_time_is_dropped_and_says_so(world: World) -> None:
    await world.post(fills_cart())
    await sweep(world, minutes=131)
    assert world.upstream.calls == []
    assert await world.at_rest() == {"e1": ("superseded", "cart_stale")}


async def test_two_carts_of_one_person_tell_the_contact_once(world: World) -> None:
    await world.post(fills_cart(), fills_cart(cart_id="c2", goods="102"), views())
    await sweep(world, minutes=61)
    assert len(world.upstream.sent(UpsertContact)) == 1
    assert len(reported(world)) == 2
    assert await world.at_rest() == {f"e{n}": ("sent", None) for n in (1, 2, 3)}


async def test_a_cart_follows_its_owner_through_a_rename(world: World) -> None:
    await world.post(registers(), fills_cart())
    await world.run()
    await world.post(renames(JAN, NEW, 10))
    await sweep(world, minutes=61)
    assert [event.email for event in reported(world)] == [NEW]
    assert list(world.upstream.contacts) == [NEW]
    await world.at_rest()


async def test_a_cart_follows_its_owner_through_a_rename_onto_a_known_address(world: World) -> None:
    await world.post(registers(JAN), registers(NEW), fills_cart(JAN))
    await world.run()
    await world.post(renames(JAN, NEW, 10))
    await sweep(world, minutes=61)
    assert [event.email for event in reported(world)] == [NEW]
    await world.at_rest()
