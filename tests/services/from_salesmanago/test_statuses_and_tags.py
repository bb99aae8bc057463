"""The way back: newsletter changes, tags and points from SALESmanago to the shops, in order and at rest (R30-R32, R50-R57)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.commands import HomeCommand, MirrorTags, SetSubscription, UpsertContact
from app.domain.consent import Policy, Said
from app.domain.delivery.outbox import to_account, to_newsletter
from app.domain.delivery.outcomes import ByHand, Delivered, Moot, Outcome, Refused, Unreachable
from app.domain.errors import NotFound
from app.domain.events import Evidence, StatusSeen
from app.domain.person.consent_ledger import ActKind
from app.domain.reasons import Reason
from app.domain.shops.shop import FanOut, TagConflicts
from app.services.operations.consent_export import ConsentReader
from app.services.operations.health import Health
from app.services.outbox.manual_tasks import HandWorkList
from tests.support.changes import (
    AT_ONCE,
    IN,
    OUT,
    PANEL,
    agreed,
    changes,
    configured,
    down,
    ended,
    fine,
    hand_work,
    happened,
    looked,
    person,
    pulling,
    reported,
    resigned,
    run,
    shop,
    statuses,
)
from tests.support.world import (
    EWA,
    JAN,
    NOON,
    World,
    at,
    erases,
    orders,
    registers,
    scripted,
    subscribes,
    tags,
    unsubscribes,
)

LEASE_AND_A_BIT = 61


@pytest.fixture
async def two(world: World) -> World:
    """Two shops on one account, neither of them with a place for tags."""
    await configured(world, shop(1), shop(2))
    return world


@pytest.fixture
async def tagged(world: World) -> World:
    """Two shops on one account, both on a panel that carries tags."""
    await configured(world, shop(1, panel=PANEL), shop(2, panel=PANEL))
    return world


def no_account(command: HomeCommand) -> Outcome:
    return ByHand(Reason.NO_ACCOUNT_IN_PANEL)


# -- opt-out -------------------------------------------------------------------------------------------------------------


async def test_r53_an_opt_out_called_back_reaches_the_shop_and_is_never_echoed(world: World) -> None:
    await world.post(registers(id="17"), subscribes(JAN), registers(EWA))
    await world.run()
    before = world.upstream.sent()
    await world.post(resigned(1), event_id="callback-1")
    await world.run()
    assert world.side.asked == [SetSubscription(email=JAN, email_news=Said(OUT, at(1)), customer_id="17")]
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


async def test_r55_an_opt_out_counts_also_for_somebody_the_shop_never_told_us_of(world: World) -> None:
    await world.post(resigned(1, EWA))
    await world.run()
    assert changes(world.side.done, EWA) == [Said(OUT, at(1))]
    assert world.upstream.calls == []
    await world.at_rest()


async def test_r50_a_fresh_subscription_after_the_opt_out_is_told_to_salesmanago(world: World) -> None:
    await world.post(subscribes(JAN))
    await world.run()
    await world.post(resigned(1))
    await world.run()
    await world.post(subscribes(JAN, 2))
    await world.run()
    assert statuses(world) == [IN, IN]
    assert changes(world.side.done) == [Said(OUT, at(1))]  # what the shop itself told needs no telling
    await world.at_rest()


@pytest.mark.parametrize("acting", ["shop1", "shop2"], ids=["the same shop", "another shop of the account"])
@pytest.mark.parametrize("on_its_way", [False, True], ids=["waiting", "leased"])
async def test_r06_an_opt_out_cancels_an_opt_in_that_waits(two: World, acting: str, on_its_way: bool) -> None:
    await two.post(registers(JAN), registers(EWA), shop="shop1")
    await two.run()
    await two.post(subscribes(JAN, 1), subscribes(EWA, 1), shop="shop1")
    await two.plan()
    if on_its_way:
        assert await two.delivery._claim(to_account("main"))  # and the process dies
    await two.post(resigned(2), shop=acting)
    await two.plan()
    two.clock.advance(seconds=LEASE_AND_A_BIT)
    await two.run()
    assert IN not in statuses(two, JAN)
    assert statuses(two, EWA) == [IN]
    assert changes(two.sides[acting].done) == [Said(OUT, at(2))]
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


# -- opt-in --------------------------------------------------------------------------------------------------------------


async def test_r55_an_opt_in_goes_home_once_salesmanagos_own_record_confirms_it(world: World) -> None:
    await world.post(registers(JAN))
    await world.run()
    before = world.upstream.sent()
    await world.post(reported(1), event_id="callback-1")
    await run(world)
    assert world.upstream.methods.count("statuses") == 1
    assert changes(world.side.asked) == [Said(IN, at(1))]
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
    assert changes(world.side.asked) == [Said(IN, at(1))]
    assert (await world.states())["callback-1"] == ("sent", None)
    await ended(world)


async def test_r06_an_opt_out_that_comes_between_the_report_and_its_confirmation_wins(world: World) -> None:
    await world.post(registers(JAN))
    await world.run()
    await world.post(reported(1))
    await world.plan()
    await world.post(resigned(2))
    await run(world)
    assert changes(world.side.asked) == [Said(OUT, at(2))]
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


# -- the shop's side has a bad day ---------------------------------------------------------------------------------------


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
    expected = [Said(OUT, at(1)), Said(IN, at(2)), Said(OUT, at(3))]
    assert [changes(world.side.done, email) for email in people] == [expected] * 5
    assert set((await world.at_rest()).values()) == {("sent", None)}


async def test_one_shops_silent_side_delays_no_other_shop(two: World) -> None:
    two.sides["shop1"].respond = down
    await two.post(resigned(1), shop="shop1")
    await two.post(resigned(1), shop="shop2")
    await two.run()
    assert changes(two.sides["shop2"].done) == [Said(OUT, at(1))]
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
    assert changes(world.side.done) == [Said(OUT, at(5))]
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
    assert [one.phone_news for one in written] == [Said(OUT, at(1))]
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


# -- hand-work -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(ByHand(Reason.NO_ACCOUNT_IN_PANEL, "words"), "no_account_in_panel"), (Refused("words"), "refused")],
    ids=["by hand", "refused"],
)
async def test_r56_what_only_a_person_can_do_waits_visibly_and_its_done_is_the_receipt(
    world: World, answer: Outcome, reason: str
) -> None:
    world.side.respond = lambda command: answer
    await world.post(resigned(1), event_id="callback-1")
    await world.run()
    assert (await world.at_rest())["callback-1"] == ("parked", reason)
    (item,) = await hand_work(world)
    assert (item.command, item.reason.value) == (SetSubscription(email=JAN, email_news=Said(OUT, at(1))), reason)
    await HandWorkList(world.store, world.clock).done("shop1", item.id)
    assert await hand_work(world) == []
    assert (await world.at_rest())["callback-1"] == ("sent", None)
    with pytest.raises(NotFound):
        await HandWorkList(world.store, world.clock).done("shop1", item.id)


async def test_r71_hand_work_of_another_shop_does_not_exist_for_this_one(two: World) -> None:
    two.sides["shop1"].respond = no_account
    await two.post(resigned(1), shop="shop1")
    await two.run()
    (item,) = await hand_work(two)
    assert await hand_work(two, "shop2") == []
    with pytest.raises(NotFound):
        await HandWorkList(two.store, two.clock).done("shop2", item.id)
    assert await hand_work(two) == [item]


@pytest.mark.parametrize("answer", [Delivered(), ByHand(Reason.NO_ACCOUNT_IN_PANEL)], ids=["written", "by hand as well"])
async def test_a_newer_change_takes_the_place_of_older_hand_work(world: World, answer: Outcome) -> None:
    world.side.respond = no_account
    await world.post(resigned(1), event_id="older")
    await world.post(resigned(1, EWA), event_id="of-somebody-else")
    await world.run()
    world.side.respond = lambda command: answer
    await world.post(agreed(2), event_id="newer")
    await world.run()
    states = await world.at_rest()
    assert states["older"] == ("superseded", "replaced")
    assert states["of-somebody-else"] == ("parked", "no_account_in_panel")
    waiting = {(one.command.email, one.command.email_news.status) for one in await hand_work(world)}
    assert waiting == {(EWA, OUT)} | ({(JAN, IN)} if isinstance(answer, ByHand) else set())


async def test_hand_work_about_one_channel_stays_when_the_other_changes(world: World) -> None:
    world.side.respond = no_account
    await world.post(resigned(1), event_id="email")
    await world.run()
    await world.post(StatusSeen(at=at(2), email=JAN, phone_out=True, acted=True), event_id="phone")
    await world.run()
    assert {state for state, _ in (await world.at_rest()).values()} == {"parked"}
    assert len(await hand_work(world)) == 2


async def test_hand_work_that_a_newer_act_in_the_shop_made_pointless_leaves_the_list(world: World) -> None:
    """R06: else somebody of the staff takes the person off the list again, years after they came back."""
    world.side.respond = no_account
    await world.post(resigned(1), event_id="callback-1")
    await world.run()
    await world.post(subscribes(JAN, 2))
    await world.run_for(hours=0.1, steps=2)
    assert await hand_work(world) == []
    assert (await world.at_rest())["callback-1"][0] == "superseded"


async def test_r11_an_order_is_sent_though_its_tags_still_wait_for_the_panel(tagged: World) -> None:
    tagged.side.respond = down
    await tagged.post(orders("o1"), event_id="order-1")
    await tagged.run()
    assert (await happened(tagged))[0][1:] == ("sent", None)
    tagged.side.respond = fine
    await tagged.run_for(hours=0.1, steps=3)
    assert [one.tags.sections for one in tagged.side.done if isinstance(one, MirrorTags)] == [("obuwie",)]
    await ended(tagged)


async def test_r11_an_order_is_sent_though_its_tags_wait_for_a_person(tagged: World) -> None:
    tagged.side.respond = lambda command: ByHand(Reason.PANEL_REFUSED)
    await tagged.post(orders("o1"), event_id="order-1")
    await tagged.run()
    assert (await happened(tagged))[0][1:] == ("sent", None)
    (item,) = await hand_work(tagged)
    assert isinstance(item.command, MirrorTags)
    await HandWorkList(tagged.store, tagged.clock).done("shop1", item.id)
    assert (await happened(tagged))[0][1:] == ("sent", None)
    assert await hand_work(tagged) == []
    await ended(tagged)


async def test_a_customer_whom_the_panel_does_not_know_carries_no_tags_and_nobody_is_asked_to_do_it(tagged: World) -> None:
    tagged.side.respond = lambda command: Moot(Reason.NO_CARRIER_OF_TAGS)
    await tagged.post(orders("o1"))
    await tagged.run()
    assert (await happened(tagged))[0][1:] == ("sent", None)
    assert await hand_work(tagged) == []
    await ended(tagged)


# -- closed, in the shadow, erased ---------------------------------------------------------------------------------------


async def test_what_is_on_its_way_to_a_disabled_shop_waits_until_it_is_enabled(two: World) -> None:
    await two.post(resigned(1), shop="shop1", event_id="before")
    await two.plan()
    await configured(two, shop(1, enabled=False), shop(2))
    await two.post(resigned(2, EWA), shop="shop1", event_id="while-disabled")
    await two.post(resigned(1), shop="shop2")
    await two.run_for(hours=0.1, steps=2)
    assert two.sides["shop1"].asked == []
    assert changes(two.sides["shop2"].done) == [Said(OUT, at(1))]
    await configured(two, shop(1), shop(2))
    await two.run()
    assert (changes(two.sides["shop1"].done), changes(two.sides["shop1"].done, EWA)) == ([Said(OUT, at(1))], [Said(OUT, at(2))])
    await ended(two)


async def test_looking_again_and_again_at_a_person_of_a_disabled_shop_brings_the_news_once(tagged: World) -> None:
    """R71: what is held would otherwise grow with every look, for as long as the shop is disabled."""
    await tagged.post(registers())
    await tagged.run()
    await looked(tagged)
    await configured(tagged, shop(1, panel=PANEL, enabled=False))
    tagged.upstream.contacts[JAN].add("koszyk")
    for _ in range(3):
        await looked(tagged)
    assert [kind for kind, _, _ in await happened(tagged)].count("upstream-tags") <= 2  # one of them from before


async def test_in_the_shadow_nothing_goes_home_and_nothing_counts_as_told(world: World) -> None:
    await configured(world, shop(1, shadow=True))
    world.upstream.contacts[JAN] = set()
    await world.post(resigned(1), event_id="out")
    await world.post(reported(2), event_id="in")
    await world.run()
    states = await world.at_rest()
    assert states["out"] == states["in"] == ("withheld", "shadow")
    assert (world.side.asked, world.upstream.calls) == ([], [])
    assert (await person(world)).home.email_news is None
    await configured(world, shop(1))
    await world.post(resigned(3))
    await world.run()
    assert changes(world.side.done) == [Said(OUT, at(3))]


async def test_a_shop_that_steps_into_the_shadow_is_not_told_of_the_same_look_again_and_again(world: World) -> None:
    await configured(world, shop(1, panel=PANEL))
    await world.post(registers())
    await world.run()
    await looked(world)
    await configured(world, shop(1, panel=PANEL, shadow=True))
    world.upstream.contacts[JAN].add("koszyk")
    before = len(await happened(world))
    for _ in range(3):
        await looked(world)
    assert len(await happened(world)) - before <= 1


async def test_an_erasure_cancels_what_is_on_its_way_home_and_leaves_no_address(tagged: World) -> None:
    tagged.side.respond = down
    await tagged.post(subscribes(JAN, evidence=Evidence(text_version="zgoda-7", ip="203.0.113.7")), orders("o1"), shop="shop1")
    await tagged.run()
    await tagged.post(resigned(1), shop="shop1", event_id="callback-1")
    await tagged.run()
    reader = ConsentReader(tagged.store, tagged.pseudonym)
    (before,) = await reader.export("shop1", JAN)
    assert before.entries[0].details["text_version"] == "zgoda-7"
    await tagged.post(erases(JAN, 5), shop="shop1")
    await tagged.run()
    tried = len(tagged.side.asked)
    tagged.side.respond = fine
    await tagged.run_for(hours=0.5, steps=3)
    assert tagged.side.asked[tried:] == []
    assert await tagged.tables_naming(JAN) == []
    assert await tagged.tables_naming("203.0.113.7") == []
    (chain,) = await reader.export("shop1", JAN)
    assert chain.intact
    assert [one.kind for one in chain.entries] == [ActKind.OPT_IN, ActKind.OPT_OUT]
    assert {one.details for one in chain.entries} == {None}
    assert [one.digest for one in chain.entries] == [one.digest for one in before.entries]
    await ended(tagged)


async def test_an_erasure_while_a_change_is_on_its_way_home_leaves_no_address_either(world: World) -> None:
    async def erased_meanwhile(command: HomeCommand) -> None:
        world.side.before_answer = None
        await world.post(erases(JAN, 5))
        await world.plan()
        await world.delivery.deliver_due(to_account("main"))

    await world.post(registers())
    await world.run()
    await world.post(resigned(1))
    await world.plan()
    world.side.before_answer = erased_meanwhile
    await world.delivery.deliver_due(to_newsletter("shop1"))
    await world.run_for(hours=0.1, steps=2)
    await ended(world)
    assert await world.tables_naming(JAN) == []


async def test_an_erasure_before_a_reported_opt_in_was_read_leaves_no_address_and_opts_nobody_in(world: World) -> None:
    await world.post(registers())
    await world.run()
    world.upstream.respond = scripted(Unreachable("down"), method="statuses")
    await world.post(reported(1))
    await world.run()
    await world.post(erases(JAN, 5))
    await world.run_for(hours=0.1, steps=3)
    await ended(world)
    assert world.side.asked == []
    assert await world.tables_naming(JAN) == []


async def test_an_erasure_takes_the_person_off_the_list_of_hand_work(world: World) -> None:
    """A pseudonym is nobody whose newsletter a person could change."""
    world.side.respond = no_account
    await world.post(resigned(1))
    await world.run()
    assert len(await hand_work(world)) == 1
    await world.post(erases(JAN, 5))
    await world.run()
    assert await world.tables_naming(JAN) == []
    assert await hand_work(world) == []


# -- looking -------------------------------------------------------------------------------------------------------------


async def test_the_first_look_at_somebody_brings_no_event(world: World) -> None:
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


async def test_strangers_who_changed_in_salesmanago_are_not_looked_at(world: World) -> None:
    await world.post(registers())
    await world.run()
    world.upstream.contacts["stranger@example.pl"] = {"koszyk"}
    await looked(world)
    assert [items for method, items in world.upstream.calls if method == "look_up"] == [[JAN]]


async def test_a_window_overlaps_the_one_before_and_moves_on(world: World) -> None:
    await world.post(registers())
    await world.run()
    pull = pulling(world)
    await looked(world, pull)
    first = world.upstream.windows[0][1]
    world.clock.advance(minutes=30)
    await looked(world, pull)
    _, _, fresh, late = world.upstream.windows
    assert fresh[0] == first
    assert fresh[1] <= world.clock()
    assert first - timedelta(minutes=10) <= late[0] < late[1] == first  # who appears only now though the change is older
    assert world.upstream.windows[0][0] < first


async def test_all_pages_of_a_window_are_looked_at(world: World) -> None:
    await world.post(registers(JAN), registers(EWA))
    await world.run()
    world.upstream.pages = [(JAN,), ("stranger@example.pl",), (EWA,)]
    await looked(world)
    assert [items for method, items in world.upstream.calls if method in ("modified", "look_up")] == [
        *([1], [2], [3]),
        *([1], [2], [3]),  # once more for the overlap
        [EWA, JAN],
    ]


@pytest.mark.parametrize("method", ["modified", "look_up"])
async def test_a_window_that_could_not_be_looked_at_is_looked_at_again(world: World, method: str) -> None:
    await world.post(registers())
    await world.run()
    pull = pulling(world)
    await looked(world, pull)
    first = world.upstream.windows[0][1]
    world.upstream.contacts[JAN].add("koszyk")
    world.upstream.respond = scripted(*[Unreachable("down")] * 3, method=method)
    for _ in range(3):
        world.clock.advance(minutes=20)
        assert await looked(world, pull) == 0
    await looked(world, pull)
    assert {since for since, until in world.upstream.windows[2:] if until > first} >= {first}
    assert min(since for since, until in world.upstream.windows[2:] if until > first) == first
    assert "koszyk" in (await person(world)).seen.tags


async def test_of_whoever_is_just_being_told_something_a_look_counts_for_the_other_channel(world: World) -> None:
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
        assert (change.email_news, change.phone_news, change.phone) == (None, Said(OUT, found_at), "+48600100200")
    assert two.sides["shop3"].asked == []
    assert await looked(two) == 0
    await ended(two)


async def test_r54_by_location_a_look_speaks_only_for_shops_that_send_the_person(two: World) -> None:
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


async def test_r55_a_lost_callback_is_found_by_a_look_after_its_grace(two: World) -> None:
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
    assert changes(two.sides["shop1"].done) == changes(two.sides["shop2"].done) == [Said(OUT, noticed)]
    assert two.upstream.sent() == before
    assert await looked(two, pull) == 0
    await ended(two)


@pytest.mark.parametrize("shops", [1, 2])
async def test_r55_where_no_shop_has_a_callback_of_its_own_a_look_speaks_at_once(world: World, shops: int) -> None:
    names = [f"shop{number}" for number in range(1, shops + 1)]
    await configured(world, *(shop(number) for number in range(1, shops + 1)), own_secret=shops == 1)
    for name in names:
        await world.post(subscribes(JAN), shop=name)
    await world.run()
    pull = pulling(world, grace=timedelta(seconds=120))
    await looked(world, pull)
    world.upstream.opted_out.add(JAN)
    assert await looked(world, pull) == shops
    assert [changes(world.sides[name].done) for name in names] == [[Said(OUT, world.clock())]] * shops
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


async def test_r30_tags_and_points_are_mirrored_and_what_is_gone_is_named(tagged: World) -> None:
    await tagged.post(registers(), shop="shop1")
    await tagged.run()
    tagged.upstream.contacts[JAN] |= {"MENU1", "KOSZYK", "IDOSELL_OBCY"}
    tagged.upstream.points["MENU1"] = 7
    assert await looked(tagged) == 1
    (first,) = tagged.side.done
    assert {name: first.tags.points[name] for name in ("menu1", "koszyk")} == {"menu1": 7, "koszyk": 1}
    assert first.tags.complete
    assert not [name for name in first.tags.points if "idosell" in name]  # R29
    assert await looked(tagged) == 0  # at rest
    tagged.upstream.contacts[JAN].discard("KOSZYK")
    tagged.upstream.points["MENU1"] = 9  # R32
    assert await looked(tagged) == 1
    second = tagged.side.done[-1]
    assert (second.tags.points["menu1"], second.tags.gone) == (9, ("koszyk",))
    assert tagged.sides["shop2"].asked == []
    await ended(tagged)


async def test_older_lists_of_tags_that_wait_are_not_written_one_by_one(tagged: World) -> None:
    await tagged.post(registers(), shop="shop1")
    await tagged.run()
    tagged.side.respond = down
    for name in ("menu1", "menu2", "menu3"):
        tagged.upstream.contacts[JAN].add(name)
        await looked(tagged)
    tagged.side.respond = fine
    await tagged.run_for(hours=0.5, steps=3)
    (written,) = tagged.side.done
    assert {"menu1", "menu2", "menu3"} <= written.tags.points.keys()
    await ended(tagged)


async def test_r26_a_tag_that_salesmanago_lost_is_added_again_and_reported(tagged: World) -> None:
    await tagged.post(registers(), tags(1, email=JAN, added=("vip",)), shop="shop1")
    await tagged.run()
    await looked(tagged)
    tagged.upstream.contacts[JAN].discard("idosell_vip")
    assert await looked(tagged) == 1
    assert tagged.upstream.sent(UpsertContact)[-1].add_tags == ("idosell_vip",)
    assert "idosell_vip" in tagged.upstream.contacts[JAN]
    await ended(tagged)


@pytest.mark.parametrize("policy", [TagConflicts.ACCEPT, TagConflicts.REPORT])
async def test_r26_under_the_other_policies_a_lost_tag_stays_lost_and_is_reported(tagged: World, policy: TagConflicts) -> None:
    await configured(tagged, shop(1, panel=PANEL, tag_conflicts=policy))
    await tagged.post(registers(), tags(1, email=JAN, added=("vip",)), shop="shop1")
    await tagged.run()
    await looked(tagged)
    tagged.upstream.contacts[JAN].discard("idosell_vip")
    for _ in range(3):
        await looked(tagged)
    assert "idosell_vip" not in tagged.upstream.contacts[JAN]
    async with tagged.store.work() as work:
        assert [one.contact.email for one in await work.contacts.disputed("shop1", 10)] == [JAN]
    await ended(tagged)


async def test_the_sweep_walks_through_everybody_and_begins_again(two: World) -> None:
    people = [f"c{number:02}@example.pl" for number in range(70)]
    await two.post(*(registers(email) for email in people[:40]), shop="shop1")
    await two.post(*(registers(email) for email in people[40:]), shop="shop2")
    await two.run()
    pull = pulling(two)
    for _ in range(4):
        two.clock.advance(seconds=1)
        await pull.sweep("main", AT_ONCE)
    looks = [items for method, items in two.upstream.calls if method == "look_up"]
    assert looks == [people[:50], people[50:], people[:50], people[50:]]


async def test_a_sweep_that_got_no_answer_looks_at_the_same_people_again(two: World) -> None:
    await two.post(*(registers(f"c{number:02}@example.pl") for number in range(60)), shop="shop1")
    await two.run()
    two.upstream.respond = scripted(Unreachable("down"), method="look_up")
    for _ in range(3):
        two.clock.advance(seconds=1)
        await pulling(two).sweep("main", AT_ONCE)
    looks = [items for method, items in two.upstream.calls if method == "look_up"]
    assert [len(items) for items in looks] == [50, 50, 10]
    assert looks[0] == looks[1]


async def test_of_two_workers_that_look_at_once_one_works(world: World) -> None:
    await world.post(registers())
    await world.run()
    pause = timedelta(seconds=60)
    await asyncio.gather(*(pulling(world).pull_changed("main", pause) for _ in range(3)))
    await asyncio.gather(*(pulling(world).sweep("main", pause) for _ in range(3)))
    assert world.upstream.methods.count("modified") == 2  # the window and its overlap
    assert world.upstream.methods.count("look_up") == 2
    world.clock.advance(seconds=61)
    await asyncio.gather(*(pulling(world).pull_changed("main", pause) for _ in range(3)))
    assert world.upstream.methods.count("modified") == 4


# -- how it is -----------------------------------------------------------------------------------------------------------


async def test_r54_a_change_without_receipt_for_a_quarter_of_an_hour_raises_the_alarm(two: World) -> None:
    async def migrated() -> bool:
        return True

    health = Health(two.store, two.directory, two.clock, migrated, 600.0)
    two.sides["shop1"].respond = down
    two.sides["shop2"].respond = no_account
    for name in ("shop1", "shop2"):
        await two.post(resigned(1), shop=name)
    await two.run()
    two.clock.now = NOON + timedelta(minutes=14, seconds=59)
    first, second = (await health.report()).shops
    assert (first.receipt_missing, second.receipt_missing) == (False, False)
    assert 890 < first.oldest_receipt_seconds < 900
    two.clock.advance(seconds=2)
    report = await health.report()
    first, second = report.shops
    assert (first.receipt_missing, first.hand_work) == (True, 0)
    assert (second.receipt_missing, second.oldest_receipt_seconds, second.hand_work) == (False, 0, 1)
    assert report.ready
    assert [words.partition(":")[0] for words in report.problems if "newsletter change" in words] == ["shop1"]
    assert [words.partition(":")[0] for words in report.problems if "by a person" in words] == ["shop2"]
    two.sides["shop1"].respond = fine
    two.clock.advance(minutes=2)
    await two.run()
    assert not any(one.receipt_missing for one in (await health.report()).shops)
