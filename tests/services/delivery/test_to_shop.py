"""Changes on their way to the shop's side."""

from dataclasses import replace

from app.domain.commands import MirrorTags, SetSubscription, ShopCommand
from app.domain.consent import TimedStatus
from app.domain.delivery.outcomes import Unknown
from app.domain.events import Event
from tests.support.world import (
    EWA,
    JAN,
    World,
    at,
    orders,
    registers,
    renames,
    subscribes,
    unsubscribes,
)
from tests.support.worlds.changes import (
    IN,
    OUT,
    PANEL,
    agreed,
    changes,
    configured,
    down,
    ended,
    fine,
    happened,
    looked,
    person,
    resigned,
    run,
    said_at_home,
    shop,
    statuses,
    up_again,
)


async def test_r55_an_unsubscription_in_the_shop_while_an_opt_in_is_on_its_way_to_the_shop_has_the_last_word(world: World) -> None:
    await world.post(registers())
    await world.run()

    async def resigns(command: ShopCommand) -> None:
        world.side.before_answer = None
        await world.post(unsubscribes(JAN, 2))
        await world.plan()

    await world.post(agreed(1))
    await world.plan()
    world.side.before_answer = resigns
    await world.run()
    await world.run_for(hours=1, steps=3)
    assert said_at_home(world) == [IN, OUT]
    assert changes(world.side.done)[-1] == TimedStatus(OUT, at(2))
    assert (await person(world)).shop_state.email_news == TimedStatus(OUT, at(2))
    await ended(world)


async def test_r55_an_unsubscription_received_after_an_opt_in_reached_the_shop_has_the_last_word(world: World) -> None:
    await world.post(registers())
    await world.run()
    world.clock.advance(minutes=3)
    await world.post(agreed(1))
    await run(world)
    assert said_at_home(world) == [IN]
    world.clock.advance(minutes=1)
    await world.post(unsubscribes(JAN, 2))  # before the write at minute 3, which undid it
    await run(world)
    assert said_at_home(world) == [IN, OUT]
    await ended(world)


async def test_r55_an_unsubscription_after_an_opt_in_came_home_is_not_echoed(world: World) -> None:
    await world.post(registers(), agreed(1))
    await run(world)
    world.clock.advance(minutes=3)
    await world.post(unsubscribes(JAN, 2))
    await run(world)
    assert said_at_home(world) == [IN]
    await ended(world)


async def test_r55_an_unsubscription_received_after_an_opt_in_perhaps_reached_the_shop_has_the_last_word(world: World) -> None:
    await world.post(registers())
    await world.run()
    world.side.respond = lambda command: Unknown("cut off, after the shop had stored it")
    world.clock.advance(minutes=3)
    await world.post(agreed(1))
    await world.run()
    assert [one.email_news for one in world.side.asked] == [TimedStatus(IN, at(1))]
    await world.post(unsubscribes(JAN, 2))
    await world.plan()
    await up_again(world)
    assert world.side.asked[-1].email_news == TimedStatus(OUT, at(2))


async def test_a_change_that_waits_is_carried_home_under_the_new_address(world: World) -> None:
    await configured(world, shop(1, panel=PANEL))
    await world.post(registers(), orders("o1"))
    await world.run()
    world.side.respond = down
    await world.post(resigned(1))
    await world.plan()
    world.upstream.contacts[JAN].add("koszyk")
    await looked(world)
    await world.post(renames(JAN, EWA, 5, "17"))
    await world.run()
    asked = len(world.side.asked)
    await up_again(world)
    carried = world.side.asked[asked:]
    assert {type(one) for one in carried} == {SetSubscription, MirrorTags}
    assert {(one.email, one.customer_id) for one in carried} == {(EWA, "17")}
    await ended(world)


async def merging(world: World, *events: Event) -> None:
    """A change of one contact waits to go home while that contact turns out to be another one."""
    await world.post(registers(id="17"), subscribes(EWA))
    await world.run()
    world.side.respond = down
    await world.post(agreed(1))
    await world.run()
    await world.post(renames(JAN, EWA, 5, "17"), *events)
    await world.plan()
    world.side.asked.clear()
    await up_again(world)


async def test_a_change_that_waits_is_carried_home_for_whom_the_contact_was_merged_into(world: World) -> None:
    await merging(world)
    assert [(one.email, one.customer_id, one.email_news) for one in world.side.asked] == [(EWA, "17", TimedStatus(IN, at(1)))]


async def test_r55_a_change_of_a_merged_contact_gives_way_to_the_newest_act_of_the_one_it_became(world: World) -> None:
    await merging(world, unsubscribes(EWA, 6))
    assert IN not in [one.email_news.status for one in world.side.asked]
    assert (await person(world, EWA)).email_news.status is OUT
    await ended(world)


async def test_r55_a_change_that_waits_gives_way_to_the_newest_act_of_the_contact_that_was_merged_into_it(world: World) -> None:
    await world.post(registers(id="17"), subscribes(EWA))
    await world.run()
    world.side.respond = down
    await world.post(agreed(1, EWA))
    await world.run()
    await world.post(unsubscribes(JAN, 3))
    await world.run()
    await world.post(renames(JAN, EWA, 5, "17"))
    await world.plan()
    world.side.asked.clear()
    await up_again(world)
    assert (await person(world, EWA)).email_news.status is OUT
    assert IN not in [one.email_news.status for one in world.side.asked]


async def test_after_hours_without_the_shops_side_every_change_is_written_once_and_in_order(world: World) -> None:
    people = [f"c{number}@example.pl" for number in range(5)]
    world.side.respond = down
    for minutes, said in enumerate((resigned, agreed, resigned), start=1):
        await world.post(*(said(minutes, email) for email in people))
        await world.run()
        world.clock.advance(hours=2)
    assert world.side.done == []
    world.side.respond = fine
    await world.run_for(hours=3, steps=3)
    expected = [TimedStatus(OUT, at(1)), TimedStatus(IN, at(2)), TimedStatus(OUT, at(3))]
    assert [changes(world.side.done, email) for email in people] == [expected] * 5
    assert set((await world.at_rest()).values()) == {("sent", None)}


async def test_one_shops_silent_side_delays_no_other_shop(two: World) -> None:
    two.sides["shop1"].respond = down
    await two.post(resigned(1), shop="shop1")
    await two.post(resigned(1), shop="shop2")
    await two.run()
    assert changes(two.sides["shop2"].done) == [TimedStatus(OUT, at(1))]
    assert (await happened(two, "shop1"))[0][1] == "planned"


async def test_what_the_person_did_in_the_shop_meanwhile_is_not_overwritten(world: World) -> None:
    await world.post(registers(JAN))
    await world.run()
    world.side.respond = down
    await world.post(resigned(1), event_id="callback-1")
    await world.run()
    tried = len(world.side.asked)
    await world.post(subscribes(JAN, 2))
    world.side.respond = fine
    await world.run_for(hours=0.1, steps=3)
    assert world.side.asked[tried:] == []
    states = await world.at_rest()
    assert states["callback-1"] == ("superseded", "shop_is_newer")
    assert statuses(world) == [IN]


async def test_what_the_person_did_in_the_shop_before_gives_way_to_what_they_did_later_in_salesmanago(world: World) -> None:
    world.side.respond = down
    await world.post(resigned(5), event_id="callback-1")
    await world.run()
    await world.post(subscribes(JAN, 2))
    world.side.respond = fine
    await world.run_for(hours=0.1, steps=3)
    assert changes(world.side.done) == [TimedStatus(OUT, at(5))]
    assert (await world.at_rest())["callback-1"] == ("sent", None)


async def test_only_the_channel_in_which_the_shop_is_newer_makes_a_change_moot(world: World) -> None:
    await world.post(registers(JAN))
    await world.run()
    world.side.respond = down
    await world.post(replace(resigned(1), phone_out=True), event_id="both")
    await world.run()
    await world.post(subscribes(JAN, 2))
    world.side.respond = fine
    await world.run_for(hours=0.1, steps=3)
    written = [one for one in world.side.done if isinstance(one, SetSubscription)]
    assert [one.phone_news for one in written] == [TimedStatus(OUT, at(1))]
    await world.at_rest()


async def test_a_channel_in_which_the_shop_is_newer_is_left_out_of_a_change_of_both(world: World) -> None:
    await world.post(registers(JAN))
    await world.run()
    world.side.respond = down
    await world.post(replace(resigned(1), phone_out=True), event_id="both")
    await world.run()
    await world.post(subscribes(JAN, 2))
    world.side.respond = fine
    await world.run_for(hours=0.1, steps=3)
    assert [one.email_news for one in world.side.done if isinstance(one, SetSubscription)] == [None]
