"""What a poll of SALESmanago comes to: acts that are found, and what is none (R06, R53, R54, R55)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.commands import SetSubscription
from app.domain.consent import Policy, TimedStatus
from app.domain.events import (
    Unsubscribed,
)
from app.domain.shops.shop import FanOut
from tests.support.world import (
    EWA,
    JAN,
    World,
    at,
    registers,
    subscribes,
    unsubscribes,
)
from tests.support.worlds.changes import (
    AT_ONCE,
    IN,
    OUT,
    changes,
    configured,
    delivered,
    ended,
    happened,
    looked,
    not_taken,
    origins,
    person,
    pulling,
    resigned,
    run,
    shop,
    statuses,
    unreachable,
    upserts_refused,
)


async def refused_opt_in(world: World, *, looked_before: bool) -> None:
    """An opt-in of minute 0.5 is parked; SALESmanago never knew of one."""
    world.upstream.contacts[JAN] = set()
    world.upstream.opted_out.add(JAN)
    if looked_before:
        await world.post(registers())
        await world.run()
        await looked(world)
    world.upstream.respond = upserts_refused
    await world.post(subscribes(JAN, 0.5), event_id="opt-in")
    world.clock.advance(minutes=1)
    await world.run()
    assert (await world.states())["opt-in"] == ("parked", "refused")


@pytest.mark.parametrize("looked_before", [False, True])
async def test_an_opt_in_that_salesmanago_refused_is_no_opt_out_when_a_poll_shows_one(world: World, looked_before: bool) -> None:
    await refused_opt_in(world, looked_before=looked_before)
    await world.plan()
    assert await not_taken(world) == [("withheld", "refused")]
    for _ in range(3):
        world.clock.advance(minutes=5)
        await looked(world)
        await world.plan()
    assert world.side.asked == []
    assert OUT not in statuses(world)
    assert (await person(world)).email_news.status is IN


async def test_an_opt_in_refused_a_moment_ago_is_no_opt_out_when_a_poll_shows_one(world: World) -> None:
    await refused_opt_in(world, looked_before=False)
    await looked(world)  # before it is decided what the refusal means
    await run(world)
    assert world.side.asked == []
    assert OUT not in statuses(world)
    assert (await person(world)).email_news.status is IN


async def test_an_opt_in_that_salesmanago_refused_is_not_sent_again_with_every_poll(world: World) -> None:
    await refused_opt_in(world, looked_before=True)
    await world.plan()
    for _ in range(3):
        world.clock.advance(minutes=5)
        await looked(world)
        await world.plan()
    assert len(statuses(world)) <= 2
    assert [state for _, state, _ in await happened(world)].count("parked") <= 2


async def test_an_opt_in_given_up_after_a_week_is_no_opt_out_when_a_poll_shows_one(world: World) -> None:
    world.upstream.contacts[JAN] = set()
    world.upstream.opted_out.add(JAN)
    world.upstream.respond = unreachable
    await world.post(subscribes(JAN), event_id="opt-in")
    await world.run_for(hours=24 * 9, steps=9)
    assert (await world.states())["opt-in"] == ("parked", "gave_up")
    world.upstream.respond = delivered
    await looked(world)
    assert world.side.asked == []
    assert (await person(world)).email_news.status is IN


@pytest.mark.parametrize(("disabled", "sms"), [(False, False), (True, False), (False, True)], ids=["e-mail", "held", "sms"])
async def test_r06_an_opt_in_found_by_a_poll_never_outranks_an_opt_out_between_the_two_polls(
    world: World, disabled: bool, sms: bool
) -> None:
    out = world.upstream.opted_out_phone if sms else world.upstream.opted_out
    await configured(world, shop(1))
    await world.post(registers())
    await world.run()
    out.add(JAN)
    await looked(world)
    await configured(world, shop(1, enabled=not disabled))
    out.discard(JAN)
    world.clock.advance(minutes=5)
    assert await looked(world) == 1
    resigns = Unsubscribed(at=at(3), email=JAN, confirmed=True, by_email=not sms, by_sms=sms)
    await world.post(resigns)
    world.clock.advance(minutes=5)
    await looked(world)  # a second look dates nothing anew
    await configured(world, shop(1))
    await run(world)
    known = await person(world)
    assert (known.phone_news if sms else known.email_news).status is OUT
    assert JAN in out
    written = [one for one in world.side.done if isinstance(one, SetSubscription)]
    said = [one.phone_news if sms else one.email_news for one in written]
    assert not said or said[-1] == TimedStatus(OUT, at(3))
    await ended(world)


async def test_the_first_poll_of_somebody_brings_no_event(world: World) -> None:
    """SALESmanago shows a contact who never opted in as opted out: that is no act of anybody."""
    await world.post(registers())
    await world.run()
    world.upstream.opted_out.add(JAN)
    world.upstream.opted_out_phone.add(JAN)
    assert await looked(world) == 0
    assert await looked(world) == 0
    assert world.side.asked == []
    assert statuses(world) == []
    assert (await person(world)).email_news.status is None


async def test_of_a_contact_with_a_command_on_its_way_a_poll_counts_for_the_other_channel(world: World) -> None:
    await world.post(registers(JAN), registers(EWA))
    await world.run()
    await looked(world)
    await world.post(subscribes(JAN, 1))
    await world.plan()
    world.upstream.opted_out |= {JAN}
    world.upstream.opted_out_phone |= {JAN, EWA}
    world.clock.advance(seconds=1)
    assert await pulling(world).pull_changed("main", AT_ONCE) == 2
    await world.run()
    assert {one.email for one in world.side.done if one.phone_news is not None} == {EWA, JAN}
    assert [one.email for one in world.side.done if one.email_news is not None] == []
    assert (await person(world)).email_news.status is IN


async def test_an_answer_from_before_our_last_command_is_not_mistaken_for_an_act(world: World) -> None:
    """The command left, and was answered, while the look was under way: what it shows is older."""
    await world.post(registers(JAN), subscribes(JAN))
    await world.run()
    await looked(world)

    async def unsubscribed_meanwhile(method: str, items: list) -> None:
        if method == "look_up":
            world.upstream.before_answer = None
            await world.post(unsubscribes(JAN, 1))
            await world.run()
            world.upstream.opted_out.discard(JAN)  # the look began before

    world.upstream.before_answer = unsubscribed_meanwhile
    assert await looked(world) == 0
    assert (await person(world)).email_news.status is OUT
    assert statuses(world) == [IN, OUT]


async def test_r55_a_resignation_from_text_messages_reaches_every_shop_that_knows_the_person(two: World) -> None:
    await configured(two, shop(1), shop(2), shop(3))
    for name in ("shop1", "shop2"):
        await two.post(subscribes(JAN, by_sms=True, phone="+48600100200"), shop=name)
    await two.post(registers(EWA), shop="shop3")
    await two.run()
    await looked(two)
    two.upstream.opted_out_phone.add(JAN)
    assert await looked(two) == 2
    found_at = two.clock()
    for name in ("shop1", "shop2"):
        (change,) = two.sides[name].done
        assert (change.email_news, change.phone_news, change.phone) == (None, TimedStatus(OUT, found_at), "+48600100200")
    assert two.sides["shop3"].asked == []
    assert await looked(two) == 0
    await ended(two)


async def test_r54_by_location_a_poll_speaks_only_for_shops_that_send_the_person(two: World) -> None:
    await configured(two, shop(1), shop(2, policy=Policy.ORDER_CONSENT), fan_out=FanOut.BY_LOCATION)
    for name in ("shop1", "shop2"):
        await two.post(registers(JAN), shop=name)
    await two.run()
    await looked(two)
    two.upstream.opted_out_phone.add(JAN)
    assert await looked(two) == 1
    assert [one.phone_news.status for one in two.sides["shop1"].done] == [OUT]
    assert two.sides["shop2"].asked == []
    await ended(two)


async def test_r55_a_lost_callback_is_found_by_a_poll_after_its_grace(two: World) -> None:
    await configured(two, shop(1), shop(2), own_secret=True)
    for name in ("shop1", "shop2"):
        await two.post(subscribes(JAN), shop=name)
    await two.run()
    pull = pulling(two, grace=timedelta(seconds=120))
    await looked(two, pull)
    before = two.upstream.sent()
    two.upstream.opted_out.add(JAN)
    assert await looked(two, pull) == 0
    noticed = two.clock()
    two.clock.advance(seconds=100)
    assert await looked(two, pull) == 0
    two.clock.advance(seconds=30)
    assert await looked(two, pull) == 2
    assert changes(two.sides["shop1"].done) == changes(two.sides["shop2"].done) == [TimedStatus(OUT, noticed)]
    assert two.upstream.sent() == before
    assert await looked(two, pull) == 0
    await ended(two)


@pytest.mark.parametrize(("bounced", "origin"), [(False, "not_shown"), (True, "invalid_address")])
async def test_r55_the_ledger_tells_a_bounce_from_what_nobody_explains(world: World, bounced: bool, origin: str) -> None:
    await configured(world, shop(1))
    await world.post(subscribes(JAN))
    await world.run()
    await looked(world)
    world.upstream.opted_out.add(JAN)
    world.upstream.bounced |= {JAN} if bounced else set()
    assert await looked(world) == 1
    assert [origin for _, origin in await origins(world)] == ["shop", origin]


@pytest.mark.parametrize("shops", [1, 2])
async def test_r55_where_no_shop_has_a_callback_of_its_own_a_poll_speaks_at_once(world: World, shops: int) -> None:
    names = [f"shop{number}" for number in range(1, shops + 1)]
    await configured(world, *(shop(number) for number in range(1, shops + 1)), own_secret=shops == 1)
    for name in names:
        await world.post(subscribes(JAN), shop=name)
    await world.run()
    pull = pulling(world, grace=timedelta(seconds=120))
    await looked(world, pull)
    world.upstream.opted_out.add(JAN)
    assert await looked(world, pull) == shops
    assert [changes(world.sides[name].done) for name in names] == [[TimedStatus(OUT, world.clock())]] * shops
    await ended(world)


async def test_r53_a_callback_within_the_grace_speaks_for_its_shop_alone(two: World) -> None:
    await configured(two, shop(1), shop(2), own_secret=True)
    for name in ("shop1", "shop2"):
        await two.post(subscribes(JAN), shop=name)
    await two.run()
    pull, before = pulling(two, grace=timedelta(seconds=120)), two.upstream.sent()
    await looked(two, pull)
    two.upstream.opted_out.add(JAN)
    await looked(two, pull)
    await two.post(replace(resigned(), at=two.clock()), shop="shop1")
    await two.run()
    for _ in range(4):
        two.clock.advance(seconds=60)
        assert await looked(two, pull) == 0
    assert [said.status for said in changes(two.sides["shop1"].done) if said] == [OUT]
    assert two.sides["shop2"].asked == []
    assert two.upstream.sent() == before
    await ended(two)
