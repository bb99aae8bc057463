"""How waiting events are divided among workers: by the addresses they name, and only where nobody else is concerned."""

import pytest

from app.domain.intake.lanes import LANES, Ahead, Apart, Spread, Whole, apart, lane_of, lane_of_address, link_of, way_of
from tests.support.world import cancels, edits, erases, fills_cart, orders, registers, renames, subscribes, tags, views

ANNA, BEATA = "anna@example.pl", "beata@example.pl"
SPREAD = Spread(from_events=10, window=100, lanes_at_once=2)


def ahead(lane: int | None, number: int = 1, first: int = 1, *, urgent: bool = False, background: bool = False) -> Ahead:
    return Ahead(lane=lane, urgent=urgent, background=background, number=number, first=first, last=first + number - 1)


@pytest.mark.parametrize(
    "event",
    [
        registers(ANNA, id="7"),
        orders("o1", ANNA, id="7"),
        cancels("o1", ANNA),
        subscribes(ANNA),
        fills_cart(ANNA),
        views("p1", ANNA),
        tags(email=ANNA, customer_id="7", added=("a",)),
        erases(ANNA),
        edits(orders("o1", ANNA), 5),
    ],
)
def test_whatever_names_one_address_has_the_lane_of_that_address(event: object) -> None:
    assert lane_of(event) == lane_of_address(ANNA)


@pytest.mark.parametrize("event", [renames(ANNA, BEATA), fills_cart(None), tags(customer_id="7", added=("a",))])
def test_what_names_two_addresses_or_none_has_no_lane(event: object) -> None:
    assert lane_of(event) is None


def test_an_address_keeps_the_lane_that_an_earlier_version_stored_with_its_events() -> None:
    assert (lane_of_address(ANNA), lane_of_address(BEATA)) == (15, 6)


def test_every_lane_is_of_some_address() -> None:
    assert {lane_of_address(f"c{number}@example.pl") for number in range(500)} == set(range(LANES))


@pytest.mark.parametrize(
    ("event", "link"),
    [
        (registers(ANNA, id="7"), "s customer 7"),
        (orders("o1", ANNA, id="7"), "s customer 7"),
        (tags(customer_id="7", added=("a",)), "s customer 7"),
        (registers(ANNA, id="0"), None),
        (subscribes(ANNA), None),
        (fills_cart(ANNA, cart_id="c9"), "s cart c9"),
        (fills_cart(None, cart_id="c9"), "s cart c9"),
    ],
)
def test_an_account_or_a_cart_links_events_of_several_addresses(event: object, link: str | None) -> None:
    assert link_of("s", event) == link


@pytest.mark.parametrize(
    ("waiting", "way"),
    [
        ([], Whole()),
        ([ahead(1, 9)], Whole()),
        ([ahead(1, 10)], Apart(lanes=[1], background=False, before=11)),
        ([ahead(1, 4), ahead(2, 6, first=5)], Apart(lanes=[2, 1], background=False, before=11)),
        ([ahead(1, 12), ahead(3, 2, first=50, urgent=True)], Whole(limit=2, is_needed=True)),
        ([ahead(1, 12), ahead(None, 1, first=5)], Apart(lanes=[1], background=False, before=5)),
        ([ahead(1, 12, first=2), ahead(None, 1, first=1)], Whole(is_needed=True)),
        ([ahead(1, 12), ahead(2, 9, first=1, background=True)], Apart(lanes=[1], background=False, before=13)),
        ([ahead(2, 12, background=True)], Apart(lanes=[2], background=True, before=13)),
        ([ahead(1, 12), ahead(None, 1, first=1, background=True)], Apart(lanes=[1], background=False, before=13)),
    ],
)
def test_events_are_divided_once_enough_of_them_wait(waiting: list[Ahead], way: object) -> None:
    assert way_of(waiting, SPREAD) == way


def test_a_lane_whose_events_all_come_after_one_without_a_lane_waits_for_it() -> None:
    assert apart([ahead(1, 3), ahead(None, 1, first=4), ahead(2, 3, first=5)]) == Apart(lanes=[1], background=False, before=4)


def test_everything_waits_behind_the_first_event_without_a_lane_however_many_follow() -> None:
    waiting = [ahead(1, 3), ahead(None, 2, first=4), ahead(2, 3, first=6), ahead(None, 1, first=9)]
    assert apart(waiting) == Apart(lanes=[1], background=False, before=4)


def test_where_nothing_waits_nothing_is_divided() -> None:
    assert apart([]) is None


def test_what_takes_permission_away_is_never_divided() -> None:
    assert apart([ahead(1, 30), ahead(2, 1, first=31, urgent=True)]) is None


def test_numbers_of_lanes_and_of_what_is_divided_are_those_of_the_design() -> None:
    assert (LANES, Spread()) == (16, Spread(from_events=500, window=4_000, lanes_at_once=2, whole_if_alone=True))
    assert (Whole().is_needed, Whole().limit) == (False, None)
