"""Whose a cart is: guests, accounts, people who merge."""

import pytest

from tests.services.carts.stories import NEW, THIRD, at_minute, carts_sent, carts_there, filled, fire
from tests.support.world import EWA, JAN, World, at, orders, registers, renames

# -- guests and accounts ---------------------------------------------------------------------------------------------------


async def test_a_guests_order_under_the_address_of_the_cart_closes_it(world: World) -> None:
    """The account has an id and the guest's order has none: it is one person."""
    await at_minute(world, 0, registers(id="7"), filled(0, "101", email=None))
    await at_minute(world, 10, filled(10, "101"))
    await at_minute(world, 20, orders(minutes=20))
    await fire(world, 71)
    assert carts_sent(world) == []
    await world.at_rest()


@pytest.mark.parametrize("known_at", [20, 59, 60, 90, 129])
async def test_a_guests_cart_counts_from_when_it_was_filled_once_the_address_is_known(world: World, known_at: int) -> None:
    await at_minute(world, 0, filled(0, "101", email=None))
    await fire(world, min(known_at, 60))
    assert carts_sent(world) == []
    await at_minute(world, known_at, filled(known_at, "101"))
    await fire(world, max(known_at, 60))
    assert carts_there(world) == [(JAN, ("101",))]
    assert carts_sent(world)[0].at == at(0)
    await world.at_rest()


async def test_a_guest_known_too_late_is_not_reported(world: World) -> None:
    await at_minute(world, 0, filled(0, "101", email=None))
    await fire(world, 130)
    await at_minute(world, 131, filled(131, "101"))
    await fire(world, 200)
    assert carts_sent(world) == []
    assert await world.at_rest() == {"e1": ("withheld", "address_unknown"), "e2": ("superseded", "cart_unchanged")}


async def test_a_guests_emptied_cart_is_not_reported_once_the_address_is_known(world: World) -> None:
    await at_minute(world, 0, filled(0, "101", email=None))
    await at_minute(world, 10, filled(10, email=None))
    await at_minute(world, 20, filled(20))
    await fire(world, 75)
    await fire(world, 145)
    assert carts_sent(world) == []
    await world.at_rest()


async def test_a_cart_follows_its_person_through_a_rename_and_the_purchase_under_the_new_address_closes_it(world: World) -> None:
    await at_minute(world, 0, registers(), filled(0, "101"))
    await at_minute(world, 10, renames(JAN, NEW, 10))
    await at_minute(world, 20, orders(email=NEW, minutes=20))
    await fire(world, 61)
    assert carts_sent(world) == []
    await world.at_rest()


@pytest.mark.parametrize("buyer", [JAN, NEW])
async def test_a_purchase_of_either_of_two_contacts_that_became_one_closes_the_cart(world: World, buyer: str) -> None:
    """Guest -> account: the cart was one's, the purchase the other's, and they turned out to be one person."""
    await at_minute(world, 0, registers(JAN), registers(NEW), filled(0, "101"))
    await at_minute(world, 10, orders(email=buyer, minutes=10))
    await at_minute(world, 20, renames(JAN, NEW, 20))
    await fire(world, 61)
    assert carts_sent(world) == []
    await world.at_rest()


async def test_a_cart_survives_two_merges_of_its_person(world: World) -> None:
    await at_minute(world, 0, registers(JAN), registers(NEW), registers(THIRD), filled(0, "101"))
    await at_minute(world, 10, renames(JAN, NEW, 10))
    await at_minute(world, 20, renames(NEW, THIRD, 20))
    await fire(world, 61)
    await fire(world, 131)
    assert carts_there(world) == [(THIRD, ("101",))]
    await world.at_rest()


async def test_the_cart_of_the_next_person_at_the_same_computer_never_shows_at_the_first(world: World) -> None:
    """One basket id, two people after each other: the event of the first must not be overwritten with the goods of the second."""
    await at_minute(world, 0, filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 90, filled(90, "intimate", email=EWA))
    await fire(world, 151)
    assert carts_there(world) == [(JAN, ("101",)), (EWA, ("intimate",))]
    await world.at_rest()


async def test_the_next_person_at_the_same_computer_has_another_cart_though_nobody_decided_in_between(world: World) -> None:
    """Both carts come into one round: the first is of somebody all the same."""
    await world.post(registers(JAN), registers(EWA), filled(0, "101"), filled(1, "101", email=EWA))
    await world.plan()
    await fire(world, 60)
    assert carts_there(world) == []  # the second one's hour began with the second one
    await fire(world, 62)
    assert carts_there(world) == [(EWA, ("101",))]
    await world.at_rest()


async def test_a_reported_cart_that_changes_after_a_merge_is_reported_to_the_contact_that_stayed(world: World) -> None:
    await at_minute(world, 0, registers(JAN), registers(NEW), filled(0, "101"))
    await fire(world, 60)
    await at_minute(world, 70, renames(JAN, NEW, 70))
    await at_minute(world, 80, filled(80, "101", "102", email=NEW))
    await fire(world, 141)
    assert (NEW, ("101", "102")) in carts_there(world)
    await world.at_rest()
