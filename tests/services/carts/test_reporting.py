"""When a cart is reported, and what a purchase makes of it (R40, R41)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from app.domain.consent import ConsentAnswer, Policy
from tests.conftest import NOON
from tests.services.carts.stories import MICROSECOND, at_minute, carts_sent, filled, fire, restarted
from tests.support.world import EWA, JAN, World, a_shop, at, grants, orders, views


@pytest.mark.parametrize(
    ("quiet", "reports", "state"),
    [
        (timedelta(minutes=59, seconds=59), 0, ("planned", "cart_waits")),
        (timedelta(minutes=60) - MICROSECOND, 0, ("planned", "cart_waits")),
        (timedelta(minutes=60), 1, ("sent", None)),
        (timedelta(minutes=60, seconds=1), 1, ("sent", None)),
        (timedelta(minutes=119, seconds=59), 1, ("sent", None)),
        (timedelta(minutes=120), 1, ("sent", None)),
        (timedelta(minutes=129, seconds=59), 1, ("sent", None)),
        (timedelta(minutes=130), 0, ("superseded", "cart_stale")),
        (timedelta(days=3), 0, ("superseded", "cart_stale")),
    ],
)
async def test_a_cart_is_reported_within_its_window_to_the_second(
    world: World, quiet: timedelta, reports: int, state: tuple[str, str | None]
) -> None:
    await at_minute(world, 0, filled(0, "101"))
    world.clock.now = NOON + quiet
    await world.carts.report_quiet()
    await world.run()
    assert len(carts_sent(world)) == reports
    assert await world.states() == {"e1": state}


@pytest.mark.parametrize("heard_after", [0, 59, 60, 119])
async def test_the_window_runs_on_the_time_of_the_change_and_not_of_its_arrival(world: World, heard_after: int) -> None:
    """A shop may tell us late; the person has been away for as long as they have."""
    await at_minute(world, heard_after, filled(0, "101"))
    await fire(world, 59.9)
    assert len(carts_sent(world)) == (heard_after >= 60)
    await fire(world, 120)
    (event,) = carts_sent(world)
    assert event.at == at(0)
    await world.at_rest()


async def test_a_cart_received_after_its_window_is_stale_at_once(world: World) -> None:
    await at_minute(world, 131, filled(0, "101"))
    await fire(world, 131)
    assert carts_sent(world) == []
    assert await world.at_rest() == {"e1": ("superseded", "cart_stale")}


@pytest.mark.parametrize(
    "changed",
    [
        "2026-03-29T01:30:00+01:00",  # the hour that does not exist follows
        "2026-03-29T03:00:00+02:00",
        "2026-10-25T01:45:00+02:00",
        "2026-10-25T02:30:00+02:00",  # the hour that comes twice, first time
        "2026-10-25T02:30:00+01:00",  # second time
    ],
)
async def test_an_hour_is_an_hour_in_the_nights_when_the_clocks_change(world: World, changed: str) -> None:
    moment = datetime.fromisoformat(changed)
    world.clock.now = moment
    await world.post(replace(filled(0, "101"), at=moment))
    for seconds, reports in ((3599, 0), (3600, 1)):
        # In UTC: what the wall clock shows in between must not matter.
        world.clock.now = datetime.fromtimestamp(moment.timestamp() + seconds, NOON.tzinfo)
        await world.plan()
        await world.carts.report_quiet()
        await world.run()
        assert len(carts_sent(world)) == reports


async def test_a_stalled_sweep_drops_what_is_late_and_reports_what_is_in_time(world: World) -> None:
    """E10: after downtime there is no burst."""
    people = [f"p{number}@example.pl" for number in range(10)]
    await at_minute(world, 0, *(filled(number, "101", email=email, cart_id=email) for number, email in enumerate(people)))
    await fire(world, 135)
    assert sorted(event.email for event in carts_sent(world)) == people[6:]
    states = await world.at_rest()
    assert [states[f"e{number}"][0] for number in range(1, 11)] == ["superseded"] * 6 + ["sent"] * 4


async def test_the_sweep_is_idempotent_and_survives_a_restart(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    world.clock.now = at(61)
    assert await world.carts.report_quiet() == 1
    assert await world.carts.report_quiet() == 0
    again = await restarted(world)
    assert await again.carts.report_quiet() == 0
    await again.run()
    await fire(again, 62)
    assert len(carts_sent(world)) == 1
    assert await again.at_rest() == {"e1": ("sent", None)}


# -- purchases -----------------------------------------------------------------------------------------------------------


async def test_an_order_one_second_before_the_sweep_closes_the_cart(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await at_minute(world, 60 - 1 / 60, orders(minutes=60 - 1 / 60))
    await fire(world, 60)
    assert carts_sent(world) == []
    assert await world.at_rest() == {"e1": ("superseded", "cart_bought"), "e2": ("sent", None)}


async def test_an_order_that_is_accepted_and_not_decided_holds_the_cart_back(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"), filled(0, "102", email=EWA, cart_id="c2"))
    world.clock.now = at(60)
    await world.post(orders(minutes=60))
    await world.carts.report_quiet()  # before the planner came to it
    await world.deliver()
    assert [event.email for event in carts_sent(world)] == [EWA]
    await fire(world, 61)
    assert [event.email for event in carts_sent(world)] == [EWA]
    assert (await world.at_rest())["e1"] == ("superseded", "cart_bought")


async def test_an_undecided_event_that_buys_nothing_only_delays_the_cart(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    world.clock.now = at(60)
    await world.post(views(minutes=60))
    await world.carts.report_quiet()
    await fire(world, 61)
    assert len(carts_sent(world)) == 1
    await world.at_rest()


async def test_an_order_reported_late_closes_the_cart_that_was_filled_before_it(world: World) -> None:
    await at_minute(world, 0, filled(0, "101"))
    await at_minute(world, 50, orders(minutes=5))
    await fire(world, 61)
    assert carts_sent(world) == []
    await world.at_rest()


async def test_a_cart_received_after_its_purchase_is_not_reported(world: World) -> None:
    await at_minute(world, 20, orders(minutes=10))
    await at_minute(world, 21, filled(0, "101"), filled(10, "102", cart_id="c2"))
    await fire(world, 90)
    assert carts_sent(world) == []
    assert (await world.at_rest())["e2"] == ("superseded", "cart_bought")


async def test_a_purchase_before_the_cart_was_filled_closes_nothing(world: World) -> None:
    await at_minute(world, 0, orders(minutes=0))
    await at_minute(world, 1, filled(1 / 60, "101"))
    await fire(world, 62)
    assert len(carts_sent(world)) == 1
    await world.at_rest()


@pytest.mark.parametrize("box", [ConsentAnswer.NOT_GIVEN, ConsentAnswer.NOT_ASKED])
async def test_a_purchase_that_may_not_travel_itself_closes_the_cart(world: World, box: ConsentAnswer) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await at_minute(world, 0, grants(JAN, 0), filled(1, "101"))
    await at_minute(world, 30, orders(minutes=30, box=box))
    await fire(world, 62)
    assert carts_sent(world) == []
    assert (await world.at_rest())["e2"] == ("superseded", "cart_bought")


async def test_one_purchase_closes_every_cart_of_the_person_and_nobody_elses(world: World) -> None:
    await at_minute(
        world, 0, *(filled(0, "101", cart_id=f"c{number}") for number in range(5)), filled(0, "1", email=EWA, cart_id="e")
    )
    await at_minute(world, 30, orders(minutes=30))
    await fire(world, 61)
    assert [event.email for event in carts_sent(world)] == [EWA]
    await world.at_rest()
