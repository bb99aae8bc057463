"""A callback's signature never changes: an old opt-out that comes again must not undo a fresh subscription (R72, R55)."""

import pytest

from app.domain.commands import UpsertContact
from app.domain.consent import Status
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Unknown, Unreachable
from app.domain.events import OptOutClaimed, StatusObserved
from tests.support.world import JAN, World, a_shop, at, erases, registers, scripted, subscribes, unsubscribes
from tests.support.worlds.changes import changes, origins, person, run


def callback(minutes: float, email: str = JAN) -> OptOutClaimed:
    return OptOutClaimed(at=at(minutes), email=email)


async def resigns_and_comes_back(world: World) -> None:
    """A click at SALESmanago and its callback, then a new subscription that arrived."""
    await world.post(subscribes())
    await world.run()
    world.upstream.opted_out.add(JAN)
    await world.post(callback(1))
    await world.run()
    world.clock.advance(minutes=2)
    await world.post(subscribes(JAN, 2))
    await world.run()
    assert JAN not in world.upstream.opted_out
    world.clock.advance(minutes=2)


async def status(world: World) -> Status | None:
    return (await person(world)).email_news.status


async def test_r72_an_old_callback_that_comes_again_does_not_undo_a_fresh_subscription(world: World) -> None:
    await resigns_and_comes_back(world)
    await world.post(callback(4), event_id="again")
    await run(world)
    assert await status(world) is Status.OPT_IN
    assert (await world.states())["again"] == ("withheld", "opt_out_not_confirmed")
    assert JAN not in world.upstream.opted_out


async def test_r55_a_first_opt_out_counts_at_once_without_a_question(world: World) -> None:
    await world.post(subscribes())
    await world.run()
    world.upstream.calls.clear()
    world.upstream.opted_out.add(JAN)
    await world.post(callback(1), event_id="first")
    await world.plan()
    assert await status(world) is Status.OPT_OUT
    await world.run()
    assert "statuses" not in world.upstream.methods
    assert [one.status for one in changes(world.side.asked) if one is not None] == [Status.OPT_OUT]
    assert (await world.at_rest())["first"] == ("sent", None)


@pytest.mark.parametrize("subscribed_in", ["shop1", "shop2"])
async def test_r06_nobody_is_opted_in_after_a_resignation_that_came_while_the_opt_in_waited(
    world: World, subscribed_in: str
) -> None:
    await world.configure(a_shop("shop1"), a_shop("shop2", number=2))
    for shop in ("shop1", "shop2"):
        await world.post(registers(), shop=shop)
    await world.post(subscribes(), shop=subscribed_in)
    await world.run()
    world.upstream.opted_out.add(JAN)
    for shop in ("shop1", "shop2"):
        await world.post(callback(1), shop=shop)
    await world.run()
    world.upstream.respond = lambda method, items: Unreachable("down")
    world.clock.advance(minutes=2)
    await world.post(subscribes(JAN, 2), shop=subscribed_in)
    await world.run()
    for shop in ("shop1", "shop2"):
        await world.post(callback(3), shop=shop)
    await world.plan()
    assert await status(world) is Status.OPT_OUT  # at once: the opt-in could leave before any answer
    world.upstream.calls.clear()
    world.upstream.respond = lambda method, items: Delivered()
    world.clock.advance(minutes=5)
    world.restart()
    await run(world)
    told = [one.email_status for one in world.upstream.sent(UpsertContact)]
    assert Status.OPT_IN not in told
    assert JAN in world.upstream.opted_out
    assert await status(world) is Status.OPT_OUT


async def test_r55_the_ledger_says_that_a_callback_is_a_click_or_staff(world: World) -> None:
    await resigns_and_comes_back(world)
    world.upstream.opted_out.add(JAN)
    await world.post(callback(4), event_id="again")
    await run(world)
    told = await origins(world)
    assert [one for one in told if one[1] != "shop"] == [("opt_out", "click_or_staff")] * 2  # at once, and by its record


async def test_r72_a_new_click_after_a_return_counts_once_salesmanagos_record_shows_it(world: World) -> None:
    await resigns_and_comes_back(world)
    world.upstream.opted_out.add(JAN)
    await world.post(callback(4), event_id="again")
    await run(world)
    assert await status(world) is Status.OPT_OUT
    assert (await world.states())["again"] == ("sent", None)
    assert [one.status for one in changes(world.side.done) if one is not None][-1] is Status.OPT_OUT


async def test_r72_a_click_while_the_return_was_on_its_way_counts_though_the_opt_in_perhaps_overwrote_it(world: World) -> None:
    world.upstream.opted_out.add(JAN)
    await world.post(subscribes(), callback(1))
    await world.run()
    world.clock.advance(minutes=2)
    world.upstream.respond = scripted(Unknown("cut off, after SALESmanago had stored it"))
    await world.post(subscribes(JAN, 2))
    await world.run()
    world.upstream.opted_out.discard(JAN)  # it arrived, after the click of which the callback tells
    world.clock.advance(minutes=1)
    await world.post(callback(3), event_id="again")
    await world.plan()
    await world.run_for(hours=1)
    assert await status(world) is Status.OPT_OUT
    assert JAN in world.upstream.opted_out
    assert (await world.states())["again"] == ("sent", None)


async def test_r06_an_opt_out_is_not_sent_again_over_an_opt_in_that_came_with_it(world: World) -> None:
    """Both waited for a reading, and meanwhile an older opt-in of ours had arrived."""
    await world.post(subscribes(), callback(1))
    await world.run()
    world.clock.advance(minutes=5)
    await world.post(subscribes(JAN, 2))
    await world.run()
    world.upstream.calls.clear()
    out = StatusObserved(at=at(3), email=JAN, email_out=True, acted=True)
    await world.post(out, StatusObserved(at=at(4), email=JAN, email_out=False, acted=True))
    await run(world)
    assert [one.email_status for one in world.upstream.sent(UpsertContact)] == []
    assert JAN not in world.upstream.opted_out
    assert await status(world) is Status.OPT_IN


@pytest.mark.parametrize("outcome", [Unreachable("down"), Refused("no")])
async def test_r06_an_opt_out_that_can_never_be_confirmed_counts(world: World, outcome: Outcome) -> None:
    await resigns_and_comes_back(world)
    world.upstream.respond = lambda method, items: outcome if method == "statuses" else scripted()(method, items)
    await world.post(callback(4))
    await world.run_for(hours=24 * 9, steps=27)
    assert await status(world) is Status.OPT_OUT


async def test_r72_who_came_back_after_an_erasure_is_asked_about_too(world: World) -> None:
    await resigns_and_comes_back(world)
    await world.post(erases(JAN, 5))
    await world.run()
    world.clock.advance(minutes=6)
    await world.post(subscribes(JAN, 10))
    await world.run()
    world.clock.advance(minutes=6)
    await world.post(callback(16), event_id="again")
    await run(world)
    assert (await world.states())["again"] == ("withheld", "opt_out_not_confirmed")


async def test_r06a_in_the_shadow_a_confirmed_opt_out_is_learned(world: World) -> None:
    await resigns_and_comes_back(world)
    await world.configure(a_shop(shadow=True))
    world.upstream.opted_out.add(JAN)
    await world.post(callback(4))
    await run(world)
    assert await status(world) is Status.OPT_OUT


async def test_r72_an_unsubscription_in_the_shop_is_newer_than_any_question(world: World) -> None:
    await resigns_and_comes_back(world)
    await world.post(callback(4), unsubscribes(JAN, 5))
    await run(world)
    assert await status(world) is Status.OPT_OUT
