"""Opt-ins that callbacks report are read before they count."""

import pytest

from app.domain.consent import Policy, TimedStatus
from app.domain.delivery.outcomes import Refused, Unreachable
from tests.support.world import (
    EWA,
    JAN,
    World,
    at,
    registers,
    scripted,
    subscribes,
    unsubscribes,
)
from tests.support.worlds.changes import (
    IN,
    OUT,
    changes,
    configured,
    delivered,
    ended,
    happened,
    not_taken,
    person,
    reported,
    resigned,
    run,
    said_at_home,
    shop,
    two_shops,
    up_again,
    upserts_unreachable,
)


async def test_r55_an_opt_in_called_back_confirms_nothing_while_the_shops_opt_out_was_withheld_by_policy(world: World) -> None:
    await configured(world, shop(1, policy=Policy.ORDER_CONSENT))
    world.upstream.contacts[JAN] = set()
    await world.post(reported(1))
    await run(world)
    world.clock.advance(minutes=6)
    await world.post(unsubscribes(JAN, 5))
    await world.run()
    assert world.upstream.sent() == []
    world.clock.advance(minutes=6)
    await world.post(reported(9), event_id="replayed")
    await run(world)
    assert (await world.states())["replayed"] == ("withheld", "opt_in_not_confirmed")
    assert said_at_home(world) == [IN]
    assert (await person(world)).email_news.status is OUT
    await ended(world)


async def test_r55_an_opt_in_called_back_confirms_nothing_while_the_shops_opt_out_still_waits(world: World) -> None:
    await world.post(registers(), subscribes(JAN))
    await world.run()
    world.upstream.respond = upserts_unreachable
    await world.post(unsubscribes(JAN, 5))
    await world.run()
    await world.post(reported(9), event_id="replayed")
    await run(world)
    world.clock.advance(minutes=1)
    world.restart()
    await run(world)
    assert (await world.states())["replayed"][0] == "planned"
    await up_again(world)
    await world.run_for(hours=1, steps=3)
    assert (await world.states())["replayed"] == ("withheld", "opt_in_not_confirmed")
    assert world.side.asked == []
    assert (await person(world)).email_news.status is OUT
    assert JAN in world.upstream.opted_out
    await ended(world)


async def test_r11_an_opt_in_that_waited_behind_an_outage_of_hours_is_judged_minutes_after_its_end(world: World) -> None:
    """Looked at often while data of the person waited, it does not wait longer and longer itself."""
    await world.post(registers(), subscribes(JAN))
    await world.run()
    world.upstream.respond = upserts_unreachable
    await world.post(unsubscribes(JAN, 5))
    await world.run()
    world.clock.advance(minutes=6)
    await world.post(reported(9), event_id="clicked")
    await world.run_for(hours=4, steps=24)
    assert (await world.states())["clicked"][0] == "planned"
    world.upstream.respond = delivered
    while JAN not in world.upstream.opted_out:
        await world.run_for(hours=0.1, steps=1)
    await world.run_for(hours=0.1, steps=6)
    assert (await world.states())["clicked"] == ("withheld", "opt_in_not_confirmed")
    await ended(world)


async def test_r55_an_opt_in_called_back_confirms_nothing_while_another_shops_opt_out_still_waits(world: World) -> None:
    await configured(world, shop(1, policy=Policy.ORDER_CONSENT), shop(2))
    for name in ("shop1", "shop2"):
        await world.post(registers(), shop=name)
    await world.post(unsubscribes(JAN, 5), shop="shop1")
    await world.run()
    world.upstream.respond = upserts_unreachable
    await world.post(unsubscribes(JAN, 6), shop="shop2")
    await world.run()
    world.restart()
    await world.post(reported(9), shop="shop1", event_id="replayed")
    await run(world)
    world.restart()
    await run(world)
    await up_again(world)
    assert said_at_home(world) == []
    assert (await person(world)).email_news.status is OUT


@pytest.mark.parametrize("heard", [True, False], ids=["called back", "without callback"])
async def test_r06_only_an_opt_out_nobody_knew_of_keeps_an_opt_in_back_that_waited(world: World, heard: bool) -> None:
    await two_shops(world, looked_at=True)
    world.upstream.respond = upserts_unreachable
    await world.post(unsubscribes(JAN, 5))
    await world.run()
    if heard:
        await world.post(resigned(8))
        await world.run()
    world.upstream.opted_out.add(JAN)
    await world.post(subscribes(JAN, 10))
    await world.run()
    await up_again(world)
    await world.run()
    assert (JAN in world.upstream.opted_out) is not heard
    assert await not_taken(world) == ([] if heard else [("withheld", "opted_out_there")])
    await ended(world)


async def test_r55_an_opt_in_goes_to_the_shop_once_salesmanagos_own_record_confirms_it(world: World) -> None:
    await world.post(registers(JAN))
    await world.run()
    before = world.upstream.sent()
    await world.post(reported(1), event_id="callback-1")
    await run(world)
    assert world.upstream.methods.count("statuses") == 1
    assert changes(world.side.asked) == [TimedStatus(IN, at(1))]
    assert world.upstream.sent() == before
    assert [one[1:] for one in await happened(world)] == [("sent", None)] * 3
    await ended(world)


async def test_r55_an_opt_in_that_is_not_confirmed_stays_out_and_says_why(world: World) -> None:
    await world.post(registers(JAN), registers(EWA))
    await world.run()
    world.upstream.opted_out.add(JAN)
    await world.post(reported(1), event_id="refuted")
    await world.post(reported(1, EWA), event_id="confirmed")
    await world.post(reported(1, "nobody@example.pl"), event_id="unknown")
    await run(world)
    states = await world.states()
    assert states["refuted"] == states["unknown"] == ("withheld", "opt_in_not_confirmed")
    assert states["confirmed"] == ("sent", None)
    assert {one.email for one in world.side.asked} == {EWA}
    assert (await person(world)).email_news.opted_in is None
    await ended(world)


async def test_r55_a_confirmation_waits_for_salesmanago_to_answer(world: World) -> None:
    await world.post(registers(JAN))
    await world.run()
    world.upstream.respond = scripted(Unreachable("down"), Refused("no", account_wide=True), method="statuses")
    await world.post(reported(1), event_id="callback-1")
    await run(world)
    assert (await world.states())["callback-1"][0] == "planned"
    assert world.side.asked == []
    await world.run_for(hours=0.2, steps=3)
    assert changes(world.side.asked) == [TimedStatus(IN, at(1))]
    assert (await world.states())["callback-1"] == ("sent", None)
    await ended(world)


async def test_r06_an_opt_out_that_comes_between_the_report_and_its_confirmation_wins(world: World) -> None:
    await world.post(registers(JAN))
    await world.run()
    await world.post(reported(1))
    await world.plan()
    await world.post(resigned(2))
    await run(world)
    assert changes(world.side.asked) == [TimedStatus(OUT, at(2))]
    assert (await person(world)).email_news.status is OUT
    await ended(world)


async def test_many_reports_at_once_are_read_fifty_at_a_time(world: World) -> None:
    people = [f"c{number}@example.pl" for number in range(52)]
    world.upstream.contacts = {email: set() for email in people}
    await world.post(*(reported(1, email) for email in people))
    await run(world)
    assert [len(items) for method, items in world.upstream.calls if method == "statuses"] == [50, 2]
    assert sorted(one.email for one in world.side.done) == sorted(people)
    await ended(world)
