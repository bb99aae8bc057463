"""Opt-outs in SALESmanago reach the shops and stop opt-ins."""

import pytest

from app.domain.commands import SetSubscription
from app.domain.consent import TimedStatus
from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Unreachable
from tests.support.world import (
    EWA,
    JAN,
    World,
    at,
    registers,
    scripted,
    subscribes,
)
from tests.support.worlds.changes import (
    IN,
    OUT,
    changes,
    ended,
    person,
    resigned,
    statuses,
)

LEASE_AND_A_BIT = 61


async def test_r53_an_opt_out_called_back_reaches_the_shop_and_is_never_echoed(world: World) -> None:
    await world.post(registers(id="17"), subscribes(JAN), registers(EWA))
    await world.run()
    before = world.upstream.sent()
    await world.post(resigned(1), event_id="callback-1")
    await world.run()
    assert world.side.asked == [SetSubscription(email=JAN, email_news=TimedStatus(OUT, at(1)), customer_id="17")]
    assert world.upstream.sent() == before
    assert (await world.at_rest())["callback-1"] == ("sent", None)
    assert (await person(world)).email_news.status is OUT


async def test_r55_a_callback_that_is_replayed_changes_nothing_any_more(world: World) -> None:
    await world.post(registers(), subscribes(JAN))
    await world.run()
    before = world.upstream.sent()
    await world.post(*(resigned(minutes) for minutes in (1, 1, 2, 3)))
    await world.run()
    await world.post(resigned(4), resigned(1))
    await world.run()
    assert {said.status for said in changes(world.side.asked) if said} == {OUT}
    assert world.upstream.sent() == before
    await world.at_rest()


async def test_r55_an_opt_out_counts_also_for_somebody_the_shop_never_named(world: World) -> None:
    await world.post(resigned(1, EWA))
    await world.run()
    assert changes(world.side.done, EWA) == [TimedStatus(OUT, at(1))]
    assert world.upstream.calls == []
    await world.at_rest()


async def test_r50_a_fresh_subscription_after_the_opt_out_is_sent_to_salesmanago(world: World) -> None:
    await world.post(subscribes(JAN))
    await world.run()
    await world.post(resigned(1))
    await world.run()
    await world.post(subscribes(JAN, 2))
    await world.run()
    assert statuses(world) == [IN, IN]
    assert changes(world.side.done) == [TimedStatus(OUT, at(1))]  # what the shop itself told needs no telling
    await world.at_rest()


@pytest.mark.parametrize("acting", ["shop1", "shop2"], ids=["the same shop", "another shop of the account"])
@pytest.mark.parametrize("on_its_way", [False, True], ids=["waiting", "leased"])
async def test_r06_an_opt_out_cancels_an_opt_in_that_waits(two: World, acting: str, on_its_way: bool) -> None:
    await two.post(registers(JAN), registers(EWA), shop="shop1")
    await two.run()
    await two.post(subscribes(JAN, 1), subscribes(EWA, 1), shop="shop1")
    await two.plan()
    if on_its_way:
        assert await two.delivery.claims.claim(to_account("main"))  # and the process dies
    await two.post(resigned(2), shop=acting)
    await two.plan()
    two.clock.advance(seconds=LEASE_AND_A_BIT)
    await two.run()
    assert IN not in statuses(two, JAN)
    assert statuses(two, EWA) == [IN]
    assert changes(two.sides[acting].done) == [TimedStatus(OUT, at(2))]
    await ended(two)


async def test_r06_an_opt_out_that_arrives_in_the_same_round_cancels_the_opt_in_of_another_shop(two: World) -> None:
    await two.post(registers(JAN), shop="shop1")
    await two.run()
    await two.post(subscribes(JAN, 1), shop="shop1")
    await two.post(resigned(2), shop="shop2")
    await two.run()
    assert IN not in statuses(two)
    await ended(two)


async def test_r06_an_opt_out_during_a_failing_attempt_stops_the_retry_of_another_shops_opt_in(two: World) -> None:
    async def opts_out(method: str, items: list) -> None:
        two.upstream.before_answer = None
        await two.post(resigned(2), shop="shop2")
        await two.plan()

    await two.post(subscribes(JAN, 1), shop="shop1")
    await two.plan()
    two.upstream.before_answer, two.upstream.respond = opts_out, scripted(Unreachable("down"))
    await two.run_for(hours=0.1, steps=3)
    assert statuses(two) == [IN]  # the attempt that certainly did not arrive
    await ended(two)


async def test_r06_an_older_opt_in_of_another_shop_is_not_sent_after_an_opt_out_and_a_newer_one_is(two: World) -> None:
    await two.post(registers(JAN), shop="shop1")
    await two.post(registers(JAN), shop="shop2")
    await two.run()
    await two.post(resigned(5), shop="shop1")
    await two.run()
    await two.post(subscribes(JAN, 4), shop="shop2")
    await two.run()
    assert statuses(two) == []
    await two.post(subscribes(JAN, 6), shop="shop2")
    await two.run()
    assert statuses(two) == [IN]
    assert changes(two.sides["shop2"].asked) == []  # R53: a shop's callback is about that shop only
    await ended(two)
