"""What a review found on the way back, one sentence each: whose word counts between shops, flights, looks and erasures (R06)."""

import asyncio
import json
from collections.abc import Sequence

import httpx
import pytest

from app.bootstrap.salesmanago import Upstreams
from app.bootstrap.senders import Senders
from app.bootstrap.shop_sides import ShopSides
from app.domain.commands import HomeCommand, MirrorTags, SetSubscription, UpsertContact
from app.domain.consent import Policy, Said, Status
from app.domain.delivery.outbox import to_account, to_newsletter, to_reading, to_tags
from app.domain.delivery.outcomes import ByHand, Delivered, Outcome, Refused, Throttled, Unknown, Unreachable
from app.domain.events import AccountChanged, Customer, CustomerRegistered, Event, Evidence, TagsEdited, Ticked, Unsubscribed
from app.domain.person.consent_ledger import ActKind
from app.domain.reasons import Reason
from app.domain.shops.configuration import StoredAccount, StoredShop
from app.domain.shops.shop import Account, ConsentNames, Panel, PanelKind, Shop
from app.services.delivery.loop import Delivery
from app.services.delivery.senders import Sender, ShopSender
from app.services.operations.consent_export import ConsentReader
from app.services.outbox.manual_tasks import HandWorkList
from app.storage.contacts import Contacts
from tests.support.changes import (
    AT_ONCE,
    DAY,
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
    listed,
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
    World,
    at,
    erases,
    orders,
    registers,
    renames,
    scripted,
    subscribes,
    tags,
    unsubscribes,
    withdraws,
)


def said_at_home(world: World, email: str = JAN, shop_id: str = "shop1") -> list[Status]:
    return [said.status for said in changes(world.sides[shop_id].done, email) if said is not None]


def upserts_refused(method: str, items: list) -> Outcome:
    return Refused("bad phone") if method.startswith("upsert") else Delivered()


def upserts_unreachable(method: str, items: list) -> Outcome:
    return Unreachable("down") if method.startswith("upsert") else Delivered()


def unreachable(method: str, items: list) -> Outcome:
    return Unreachable("down")


def delivered(method: str, items: list) -> Outcome:
    return Delivered()


async def up_again(world: World) -> None:
    """The neighbours answer again, and everybody's pause is over."""
    world.upstream.respond, world.side.respond = delivered, fine
    world.clock.advance(hours=1)
    world.restart()
    await run(world)


async def two_shops(world: World, *, looked_at: bool = False) -> None:
    await configured(world, shop(1), shop(2))
    if looked_at:
        for name in ("shop1", "shop2"):
            await world.post(registers(), shop=name)
        await world.run()
        await looked(world)


async def strangers(world: World, email: str, shop_id: str = "shop1") -> int:
    async with world.store.work() as work:
        return len(await work.contacts.in_shops([shop_id], [email]))


async def not_taken(world: World) -> list[tuple[str, str | None]]:
    return [(state, reason) for kind, state, reason in await happened(world) if kind == "status-not-taken"]


# -- 1: other shops of the account ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_one_round", [False, True], ids=["later", "in the same round"])
async def test_r06_whoever_is_new_to_a_shop_comes_with_the_opt_out_that_another_shop_knows(
    world: World, in_one_round: bool
) -> None:
    await two_shops(world)
    await world.post(subscribes(JAN), unsubscribes(JAN, 60), shop="shop1")
    if not in_one_round:
        await world.run()
    world.clock.advance(hours=2)
    await world.post(listed(180, -300 * DAY, id="77"), listed(180, 30, sms=True), listed(181, 59), shop="shop2")
    await world.run()
    assert statuses(world)[-1] is OUT
    assert IN not in statuses(world)[1:]
    assert JAN in world.upstream.opted_out
    assert (await person(world, shop_id="shop2")).told.email_news == Said(OUT, at(60))
    await ended(world)


async def test_r06_whoever_is_new_to_a_shop_comes_with_the_opt_out_that_only_a_look_showed(world: World) -> None:
    await two_shops(world)
    await world.post(registers(), shop="shop1")
    await world.run()
    await looked(world)
    world.upstream.opted_out.add(JAN)
    await looked(world)
    world.clock.advance(hours=1)
    await world.post(listed(60, -5), shop="shop2")
    await world.run()
    assert statuses(world) == []
    await ended(world)


async def test_r06_whom_a_shop_first_knew_by_number_alone_comes_with_the_opt_out_of_another_shop_as_well(world: World) -> None:
    await two_shops(world)
    await world.post(TagsEdited(at=at(0), customer_id="77", added=("vip",)), shop="shop2")
    await world.post(subscribes(JAN), unsubscribes(JAN, 60), shop="shop1")
    await world.run()
    world.clock.advance(hours=2)
    await world.post(listed(90, 30, id="77"), shop="shop2")
    await world.run()
    assert statuses(world)[-1] is OUT
    assert JAN in world.upstream.opted_out


# -- 2: opt-ins of long ago ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sms", [False, True], ids=["e-mail", "sms"])
async def test_r06_an_opt_in_of_long_ago_is_not_told_to_salesmanago_when_it_shows_an_opt_out(world: World, sms: bool) -> None:
    await configured(world, shop(1, consent_names=ConsentNames(email="Zgoda e-mail", sms="Zgoda SMS")))
    out = world.upstream.opted_out_phone if sms else world.upstream.opted_out
    world.upstream.contacts[JAN] = set()
    out.add(JAN)
    await world.post(listed(1, -300 * DAY, id="77", first_name="Adam", phone="+48600100200", sms=sms), event_id="list")
    await run(world)
    assert world.upstream.methods == ["statuses", "upsert"]
    (upsert,) = world.upstream.sent(UpsertContact)
    assert (upsert.email_status, upsert.phone_status, upsert.agreements) == (None, None, ())
    assert upsert.profile["first_name"] == "Adam"
    assert JAN in out
    told = (await person(world)).told
    assert (told.email_news, told.phone_news) == (None, None)
    assert await not_taken(world) == [("withheld", "opted_out_there")]
    assert (await world.states())["list"] == ("sent", None)
    for _ in range(2):
        await looked(world)  # our silence is nobody's act
    assert world.side.asked == []
    await world.post(subscribes(JAN, 2, by_email=not sms, by_sms=sms), event_id="fresh")
    await world.run()
    assert JAN not in out
    (fresh,) = world.upstream.sent(UpsertContact)[1:]
    assert (fresh.phone_status if sms else fresh.email_status) is IN
    assert [one.name for one in fresh.agreements] == ["Zgoda SMS" if sms else "Zgoda e-mail"]
    await ended(world)


async def test_r06_of_many_opt_ins_of_long_ago_only_those_that_salesmanago_shows_as_opted_out_are_left_out(world: World) -> None:
    world.upstream.contacts = {JAN: set(), EWA: set()}
    world.upstream.opted_out.add(JAN)
    await world.post(*(listed(1, -300 * DAY, email) for email in (JAN, EWA, "nowy@example.pl")))
    await run(world)
    assert world.upstream.methods.count("statuses") == 1
    assert (statuses(world), statuses(world, EWA), statuses(world, "nowy@example.pl")) == ([], [IN], [IN])
    await ended(world)


async def test_r06_an_opt_in_of_long_ago_waits_for_the_statuses_to_be_read(world: World) -> None:
    world.upstream.contacts[JAN] = set()
    world.upstream.opted_out.add(JAN)
    world.upstream.respond = scripted(Unreachable("down"), Unknown("slow"), method="statuses")
    await world.post(listed(1, -300 * DAY))
    await world.run()
    assert world.upstream.sent() == []
    await world.run_for(hours=0.5, steps=5)
    assert len(world.upstream.sent(UpsertContact)) == 1
    assert statuses(world) == []
    await ended(world)


async def test_a_look_that_salesmanago_refuses_for_one_person_holds_up_nobody_else(world: World) -> None:
    world.upstream.respond = lambda method, items: Refused("no such address") if method == "statuses" else Delivered()
    await world.post(listed(1, -300 * DAY))
    await world.run()
    await world.post(registers(EWA))
    await world.run()
    assert list(world.upstream.contacts) == [EWA]


async def test_a_look_that_was_throttled_lets_the_account_rest_as_long_as_it_asked(world: World) -> None:
    world.upstream.respond = scripted(Throttled(300.0), method="statuses")
    await world.post(listed(1, -300 * DAY))
    await world.run()
    await world.post(registers(EWA))
    for minutes, there in ((4, []), (2, [EWA])):
        world.clock.advance(minutes=minutes)
        await world.run()
        assert [email for email in world.upstream.contacts if email == EWA] == there


# -- 3: what SALESmanago refused -----------------------------------------------------------------------------------------


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
async def test_an_opt_in_that_salesmanago_refused_is_no_opt_out_when_a_look_shows_one(world: World, looked_before: bool) -> None:
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


async def test_an_opt_in_refused_a_moment_ago_is_no_opt_out_when_a_look_shows_one(world: World) -> None:
    await refused_opt_in(world, looked_before=False)
    await looked(world)  # before it is decided what the refusal means
    await run(world)
    assert world.side.asked == []
    assert OUT not in statuses(world)
    assert (await person(world)).email_news.status is IN


async def test_an_opt_in_that_salesmanago_refused_is_not_told_again_with_every_look(world: World) -> None:
    await refused_opt_in(world, looked_before=True)
    await world.plan()
    for _ in range(3):
        world.clock.advance(minutes=5)
        await looked(world)
        await world.plan()
    assert len(statuses(world)) <= 2
    assert [state for _, state, _ in await happened(world)].count("parked") <= 2


async def test_an_opt_in_given_up_after_a_week_is_no_opt_out_when_a_look_shows_one(world: World) -> None:
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


# -- 4: the shop's own word and a change on its way home -------------------------------------------------------------------


async def test_r55_an_unsubscription_in_the_shop_while_an_opt_in_is_on_its_way_home_has_the_last_word(world: World) -> None:
    await world.post(registers())
    await world.run()

    async def resigns(command: HomeCommand) -> None:
        world.side.before_answer = None
        await world.post(unsubscribes(JAN, 2))
        await world.plan()

    await world.post(agreed(1))
    await world.plan()
    world.side.before_answer = resigns
    await world.run()
    await world.run_for(hours=1, steps=3)
    assert said_at_home(world) == [IN, OUT]
    assert changes(world.side.done)[-1] == Said(OUT, at(2))
    assert (await person(world)).home.email_news == Said(OUT, at(2))
    await ended(world)


async def test_r55_an_unsubscription_told_after_an_opt_in_came_home_has_the_last_word(world: World) -> None:
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


async def test_r55_an_unsubscription_told_after_an_opt_in_perhaps_came_home_has_the_last_word(world: World) -> None:
    await world.post(registers())
    await world.run()
    world.side.respond = lambda command: Unknown("cut off, after the shop had stored it")
    world.clock.advance(minutes=3)
    await world.post(agreed(1))
    await world.run()
    assert [one.email_news for one in world.side.asked] == [Said(IN, at(1))]
    await world.post(unsubscribes(JAN, 2))
    await world.plan()
    await up_again(world)
    assert world.side.asked[-1].email_news == Said(OUT, at(2))


# -- 5: looks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("disabled", "sms"), [(False, False), (True, False), (False, True)], ids=["e-mail", "held", "sms"])
async def test_r06_an_opt_in_found_by_a_look_never_outranks_an_opt_out_between_the_two_looks(
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
    assert not said or said[-1] == Said(OUT, at(3))
    await ended(world)


# -- 6: opt-ins called back ------------------------------------------------------------------------------------------------


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
async def test_r06_only_an_opt_out_nobody_had_heard_of_keeps_an_opt_in_back_that_waited(world: World, heard: bool) -> None:
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
    assert await not_taken(world) == ([("sent", None)] if heard else [("withheld", "opted_out_there")])
    await ended(world)


# -- 7 and 8: renamed meanwhile ----------------------------------------------------------------------------------------------


async def test_a_callback_under_the_address_before_a_rename_that_waits_finds_the_renamed_person(world: World) -> None:
    await world.post(registers(id="17"))
    await world.run()
    world.upstream.respond = unreachable
    await world.post(subscribes(JAN, 2, has_account=True))
    await world.run()
    await world.post(renames(JAN, EWA, 5, "17"))
    await world.plan()
    await world.post(resigned(8))  # SALESmanago still knows the old address
    await world.plan()
    world.upstream.opted_out.add(JAN)
    await up_again(world)
    assert await strangers(world, JAN) == 0
    assert (await person(world, EWA)).email_news.status is OUT
    assert world.upstream.sent(UpsertContact)[-1].new_email == EWA
    assert world.upstream.sent(UpsertContact)[-1].email_status is not IN
    assert changes(world.side.done, EWA) == [Said(OUT, at(8))]
    assert changes(world.side.done, JAN) == []
    await ended(world)


async def test_an_opt_in_called_back_under_the_address_before_a_rename_finds_the_renamed_person(world: World) -> None:
    await world.post(registers(id="17"))
    await world.run()
    await world.post(renames(JAN, EWA, 5, "17"))
    await world.run()
    await world.post(resigned(8), reported(9))
    await run(world)
    assert await strangers(world, JAN) == 0
    assert changes(world.side.done, EWA)[:1] == [Said(OUT, at(8))]


@pytest.mark.parametrize("event", [unsubscribes(JAN, 4), resigned(4)], ids=["unsubscribed in the shop", "called back"])
async def test_r06_other_shops_hear_of_an_opt_out_also_when_it_names_a_former_address(world: World, event: Event) -> None:
    await two_shops(world)
    await world.post(registers(id="17"), shop="shop1")
    await world.run()
    await world.post(renames(JAN, EWA, 5, "17"), shop="shop1")
    await world.run()
    await world.post(subscribes(EWA), shop="shop2")
    await world.run()
    await world.post(event, shop="shop1")
    await world.run()
    assert (await person(world, EWA, "shop2")).told.email_news == Said(OUT, at(4))
    world.clock.advance(minutes=9)
    before = len(statuses(world, EWA))
    await world.post(listed(9, 2, EWA, id="9"), shop="shop2")
    await world.run()
    assert statuses(world, EWA)[before:] == []
    await ended(world)


# -- 9: opt-ins in flight ------------------------------------------------------------------------------------------------


async def opt_in_overtaken(world: World, *meanwhile: tuple[str, Event]) -> None:
    """An opt-in of shop 2 is on its way when an opt-out of shop 1 is decided, and delivered by another worker."""
    await two_shops(world, looked_at=True)

    async def overtaken(method: str, items: list) -> None:
        if not method.startswith("upsert"):
            return
        world.upstream.before_answer = None
        for name, event in meanwhile:
            await world.post(event, shop=name)
        await world.plan()
        other = Delivery(world.store, world._sender, world.directory.shop, world.clock, lambda: 1.0)
        await other.deliver_due(to_account("main"))

    await world.post(subscribes(JAN, 2, has_account=True), shop="shop2")
    await world.plan()
    world.upstream.before_answer = overtaken
    await world.delivery.deliver_due(to_account("main"))
    await run(world)


async def test_r06_an_opt_in_that_lands_after_another_shops_opt_out_is_followed_by_an_opt_out(world: World) -> None:
    await opt_in_overtaken(world, ("shop1", unsubscribes(JAN, 3)))
    assert statuses(world) == [IN, OUT, OUT]
    assert JAN in world.upstream.opted_out
    for name in ("shop1", "shop2"):
        assert (await person(world, shop_id=name)).told.email_news == Said(OUT, at(3))
    await ended(world)
    assert await looked(world) == 0


async def test_r06_no_opt_out_is_repeated_for_somebody_who_opted_in_afresh_meanwhile(world: World) -> None:
    await opt_in_overtaken(world, ("shop1", unsubscribes(JAN, 3)), ("shop2", subscribes(JAN, 4, has_account=True)))
    assert statuses(world)[-1] is IN
    assert JAN not in world.upstream.opted_out
    await ended(world)


async def test_r06_no_opt_out_is_repeated_for_somebody_who_opted_in_afresh_at_the_shop_where_they_opted_out(world: World) -> None:
    await opt_in_overtaken(world, ("shop1", unsubscribes(JAN, 3)), ("shop1", subscribes(JAN, 4, has_account=True)))
    assert statuses(world)[-1] is IN
    assert JAN not in world.upstream.opted_out
    await ended(world)


async def test_r06_an_opt_in_that_did_not_land_is_not_followed_by_an_opt_out_of_its_own(world: World) -> None:
    world.upstream.respond = scripted(Unreachable("down"), method="upsert")
    await opt_in_overtaken(world, ("shop1", unsubscribes(JAN, 3)))
    await up_again(world)
    assert statuses(world).count(IN) <= 1
    assert statuses(world)[-1] is OUT
    assert JAN in world.upstream.opted_out
    await ended(world)


# -- 10: between accounts --------------------------------------------------------------------------------------------------


async def moved(world: World, account: str) -> None:
    accounts = [
        StoredAccount(
            Account(id=one, endpoint="https://a.example", client_id="c", owner="o@a.example"), {"api_secret": world.ring.close("s")}
        )
        for one in ("main", "other")
    ]
    await world.directory.apply(accounts, [StoredShop(shop(1, account=account), {})])


async def both_accounts(world: World) -> None:
    world.upstream.respond = delivered
    world.clock.advance(hours=1)
    world.restart()
    for account in ("main", "other"):
        await world.delivery.deliver_due(to_account(account))


async def test_what_waits_at_the_account_a_shop_has_left_is_taken_back_as_well(world: World) -> None:
    await moved(world, "main")
    world.upstream.respond = unreachable
    await world.post(subscribes(JAN), event_id="opt-in")
    await world.run()
    tried = len(world.upstream.sent())
    await moved(world, "other")
    await world.post(withdraws(JAN, 5))
    await world.plan()
    await both_accounts(world)
    assert world.upstream.sent()[tried:] == []
    assert (await world.states())["opt-in"] == ("withheld", "consent_withdrawn")
    await ended(world)


async def test_an_opt_in_that_waits_at_the_account_a_shop_has_left_is_taken_back_by_an_opt_out(world: World) -> None:
    await moved(world, "main")
    world.upstream.respond = unreachable
    await world.post(subscribes(JAN))
    await world.run()
    tried = len(statuses(world))
    await moved(world, "other")
    await world.post(unsubscribes(JAN, 5))
    await world.plan()
    await both_accounts(world)
    assert IN not in statuses(world)[tried:]


async def test_nothing_leaves_to_the_account_a_shop_has_left_while_a_withdrawal_waits_to_be_decided(world: World) -> None:
    await moved(world, "main")
    await world.post(subscribes(JAN))
    await world.plan()
    await moved(world, "other")
    await world.post(withdraws(JAN, 5))
    await both_accounts(world)
    assert world.upstream.sent() == []


# -- 11: home commands of who was renamed or merged --------------------------------------------------------------------------


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
    assert [(one.email, one.customer_id, one.email_news) for one in world.side.asked] == [(EWA, "17", Said(IN, at(1)))]


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


# -- 12: two that write the same contact -------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_taking_back_what_was_deferred_does_not_undo_what_was_decided_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.post(registers())
    await world.run()

    async def withdrawn(method: str, items: list) -> None:
        if method.startswith("upsert"):
            world.upstream.before_answer = None
            await world.post(withdraws(JAN, 3))
            await world.plan()

    world.upstream.before_answer, world.upstream.respond = withdrawn, unreachable
    await world.post(AccountChanged(at=at(2), customer=Customer(email=JAN, first_name="Adam")))
    await world.plan()
    await world.delivery.deliver_due(to_account("main"))
    world.upstream.respond = delivered
    world.clock.advance(hours=1)
    world.restart()
    read, planned = Contacts.by_ids, []

    async def read_and_planned_by_another(self: Contacts, ids: Sequence[int]) -> list:
        found = await read(self, ids)
        if not planned:
            planned.append(ids)
            await world.post(subscribes(JAN, 71), AccountChanged(at=at(70), customer=Customer(email=JAN, id="55")))
            await world.plan()
        return found

    monkeypatch.setattr(Contacts, "by_ids", read_and_planned_by_another)
    async with asyncio.timeout(20):
        await world.delivery.deliver_due(to_account("main"))
    await run(world)
    assert planned
    known = await person(world)
    assert (known.email_news.status, known.customer_id) == (IN, "55")
    assert "first_name" not in known.told.profile
    await ended(world)


# -- 13 and 14: erased -------------------------------------------------------------------------------------------------------


async def no_address_left(world: World, *former: str) -> None:
    await world.run_for(hours=1, steps=2)
    await ended(world)
    for address in (JAN, *former):
        assert await world.tables_naming(address) == []


async def test_an_erasure_before_an_upsert_left_leaves_no_address(world: World) -> None:
    await world.post(registers())
    await world.run()
    world.upstream.respond = unreachable
    await world.post(subscribes(JAN), renames(JAN, EWA, 2))
    await world.run()
    await world.post(erases(EWA, 5))
    await world.plan()
    await up_again(world)
    await no_address_left(world, EWA)


async def test_an_erasure_before_the_first_upsert_left_leaves_no_address(world: World) -> None:
    world.upstream.respond = unreachable
    await world.post(subscribes(JAN))
    await world.run()
    await world.post(erases(JAN, 5))
    await world.plan()
    await up_again(world)
    await no_address_left(world)


async def test_an_erasure_of_somebody_about_whom_something_was_refused_leaves_no_address(world: World) -> None:
    world.upstream.respond = upserts_refused
    await world.post(subscribes(JAN))
    await run(world)
    world.side.respond = lambda command: ByHand(Reason.NO_ACCOUNT_IN_PANEL)
    await world.post(resigned(1))
    await run(world)
    await world.post(erases(JAN, 5))
    await world.plan()
    await up_again(world)
    await no_address_left(world)
    assert await hand_work(world) == []


async def test_an_erasure_with_everything_under_way_at_once_leaves_no_address(world: World) -> None:
    """Parked by SALESmanago, waiting there, claimed by a callback, left to a person, and on its way home."""

    async def erased_meanwhile(command: HomeCommand) -> None:
        world.side.before_answer = None
        await world.post(erases(JAN, 9))
        await world.plan()
        await world.delivery.deliver_due(to_account("main"))

    await configured(world, shop(1, panel=PANEL))
    await world.post(registers(), orders("o1"))
    await world.run()
    world.upstream.respond = upserts_refused
    await world.post(AccountChanged(at=at(1), customer=Customer(email=JAN, first_name="Adam")))
    await world.run()
    world.upstream.respond = unreachable
    world.side.respond = lambda command: ByHand(Reason.NO_ACCOUNT_IN_PANEL)
    await world.post(resigned(2))
    await run(world)
    await world.post(tags(3, email=JAN, added=("vip",)), reported(4))
    await world.run()
    await world.post(agreed(5))
    await world.plan()
    world.side.before_answer, world.side.respond, world.upstream.respond = erased_meanwhile, fine, delivered
    world.clock.advance(hours=1)
    world.restart()
    await world.delivery.deliver_due(to_newsletter("shop1"))
    await up_again(world)
    await no_address_left(world)
    assert await hand_work(world) == []


@pytest.mark.parametrize(
    "deleted_first",
    [pytest.param(False, id="decided meanwhile"), pytest.param(True, id="delivered meanwhile")],
)
async def test_an_erasure_while_a_reported_opt_in_is_being_read_leaves_no_address(world: World, deleted_first: bool) -> None:
    async def erased_meanwhile(method: str, items: list) -> None:
        if method == "statuses":
            world.upstream.before_answer = None
            await world.post(erases(JAN, 5))
            await world.plan()
            if deleted_first:
                other = Delivery(world.store, world._sender, world.directory.shop, world.clock, lambda: 1.0)
                await other.deliver_due(to_account("main"))

    await world.post(registers())
    await world.run()
    await world.post(reported(1))
    await world.plan()
    world.upstream.before_answer = erased_meanwhile
    await world.delivery.deliver_due(to_reading("main"))
    await run(world)
    assert world.side.asked == []
    await no_address_left(world)


@pytest.mark.parametrize("refused", [False, True], ids=["opted out there", "refused"])
async def test_an_erasure_while_an_opt_in_that_is_not_taken_is_on_its_way_leaves_no_address(world: World, refused: bool) -> None:
    async def erased_meanwhile(method: str, items: list) -> None:
        world.upstream.before_answer = None
        await world.post(erases(JAN, 5))
        await world.plan()

    world.upstream.contacts[JAN] = set()
    world.upstream.opted_out.add(JAN)
    world.upstream.respond = upserts_refused if refused else delivered
    world.upstream.before_answer = erased_meanwhile
    await world.post(listed(1, 0 if refused else -300 * DAY))
    await world.plan()
    await world.delivery.deliver_due(to_account("main"))
    await up_again(world)
    await no_address_left(world)


async def test_the_ledger_keeps_no_act_from_before_an_erasure(world: World) -> None:
    await world.post(registers())
    await world.run()
    await world.post(erases(JAN, 5))
    await world.run()
    old = Ticked(ticked=True, since=at(2))
    born_again = CustomerRegistered(
        at=at(9), customer=Customer(email=JAN, newsletter_email=old, newsletter_sms=Ticked(ticked=True))
    )
    late = [subscribes(JAN, 2, evidence=Evidence(ip="203.0.113.9")), unsubscribes(JAN, 3), withdraws(JAN, 4)]
    await world.post(born_again, *late)
    await world.run()
    await world.post(subscribes(JAN, 1, evidence=Evidence(ip="203.0.113.9")), listed(10, 4))
    await world.run()
    reader = ConsentReader(world.store, world.pseudonym)
    written = [(one.matter.value, one.kind, one.acted_at) for chain in await reader.export("shop1", JAN) for one in chain.entries]
    assert written == [("sms", ActKind.OPT_IN, at(9))]
    assert "consents" not in await world.tables_naming("203.0.113.9")


# -- 15: hand-work -----------------------------------------------------------------------------------------------------------


async def test_r56_what_a_person_did_while_another_command_of_the_event_waits_lets_the_event_end_as_sent(world: World) -> None:
    await configured(world, shop(1, panel=PANEL))
    world.side.respond = lambda command: ByHand(Reason.PANEL_REFUSED)
    await world.post(registers(), tags(1, email=JAN, added=("vip",)))
    await world.run()
    await looked(world)
    for one in await hand_work(world):
        await HandWorkList(world.store, world.clock).done("shop1", one.id)
    world.upstream.contacts[JAN].discard("idosell_vip")
    world.upstream.contacts[JAN].add("koszyk")
    world.upstream.respond = upserts_unreachable
    world.clock.advance(seconds=1)
    assert await pulling(world).pull_changed("main", AT_ONCE) == 1
    await world.plan()
    for place in (to_tags("shop1"), to_account("main")):
        await world.delivery.deliver_due(place)
    (item,) = await hand_work(world)
    assert (await happened(world))[-1][:2] == ("upstream-tags", "parked")
    await HandWorkList(world.store, world.clock).done("shop1", item.id)
    assert (await happened(world))[-1] == ("upstream-tags", "planned", None)
    await up_again(world)
    assert {state for _, state, _ in await happened(world)} == {"sent"}
    assert await hand_work(world) == []
    await ended(world)


async def test_r56_tags_left_to_a_person_are_replaced_by_newer_tags_that_were_written(world: World) -> None:
    await configured(world, shop(1, panel=PANEL))
    await world.post(registers(), registers(EWA))
    await world.run()
    world.side.respond = lambda command: ByHand(Reason.PANEL_REFUSED)
    world.upstream.contacts[EWA].add("menu0")
    for number in range(3):
        world.upstream.contacts[JAN].add(f"menu{number}")
        await looked(world)
    assert sorted(one.command.email for one in await hand_work(world)) == [EWA, JAN]
    world.side.respond = fine
    world.upstream.contacts[JAN].add("menu9")
    await looked(world)
    assert [one.command.email for one in await hand_work(world)] == [EWA]
    assert "replaced" in {reason for _, _, reason in await happened(world)}
    await ended(world)


# -- 16: shops of one panel --------------------------------------------------------------------------------------------------


class OnePanel:
    """One customer in two shops, whose hosts answer at different speeds."""

    def __init__(self) -> None:
        self.agreed = {1, 2}
        self.at_once = self.most_at_once = 0

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.03 if request.method == "PUT" and "sklep2" in request.url.host else 0.005)
        self.at_once -= 1
        return httpx.Response(200, json=self._answer(request))

    def _answer(self, request: httpx.Request) -> dict:
        if request.url.path.endswith("clients/crm/search"):
            return {"resultsPage": 0, "clientsResults": [{"clientId": 7, "clientEmail": JAN}]}
        if request.method == "GET":
            dates = [{"shopId": one, "newsletterEmailApprovalDate": "2025-01-01 00:00:00"} for one in sorted(self.agreed)]
            active = [{"shopId": one} for one in (1, 2)]
            named = {"clientId": 7, "clientLogin": "jan", "clientEmail": JAN, "clientActiveInShops": active}
            return {"results": [{**named, "newsletterEmailApprovalsData": dates}]}
        for row in json.loads(request.content)["params"]["clients"][0]["newsletterEmailApprovalsData"]:
            (self.agreed.add if row["inNewsletterEmailApproval"] == "y" else self.agreed.discard)(row["shopId"])
        return {"results": [{"resultStatus": True}]}


def on_a_panel(number: int) -> Shop:
    base_url = f"https://sklep{number}.example"
    return shop(number, panel=Panel(kind=PanelKind.IDOSELL, base_url=base_url, calls_per_second=100.0))


async def on_panels(world: World, keys: Sequence[str]) -> None:
    """Shops under hosts of their own, each with the key of its panel."""
    account = Account(id="main", endpoint="https://a.example", client_id="c", owner="o@a.example")
    stored = [StoredShop(on_a_panel(number), {"panel_api_key": world.ring.close(key)}) for number, key in enumerate(keys, start=1)]
    await world.directory.apply([StoredAccount(account, {"api_secret": world.ring.close("s")})], stored)


async def test_two_shops_of_one_panel_share_one_queue_and_one_turn_whatever_their_hosts(world: World) -> None:
    panel = OnePanel()
    await on_panels(world, ["one-key", "one-key", "another-key"])
    async with httpx.AsyncClient(transport=httpx.MockTransport(panel)) as http:
        sides = ShopSides(world.directory, http, http, world.clock)
        senders = Senders(
            world.store, world.directory, Upstreams(world.store, world.directory, http, world.clock), sides, world.clock
        )
        places = (to_newsletter("shop1"), to_newsletter("shop2"), to_tags("shop1"), to_tags("shop2"))
        turns = {senders(place).turn for place in places}
        assert len(turns) == 1
        assert None not in turns
        assert not any("one-key" in turn for turn in turns)
        assert senders(to_newsletter("shop3")).turn not in turns
        out = SetSubscription(email=JAN, email_news=Said(OUT, at(1)))
        answers = await asyncio.gather(*(sides(f"shop{number}").set_subscription(out, number) for number in (1, 2)))
    assert [type(answer.outcome) for answer in answers] == [Delivered, Delivered]
    assert panel.most_at_once == 1
    assert panel.agreed == set()  # neither write restored what the other had read


async def test_while_one_worker_serves_a_shop_of_a_panel_no_other_serves_another_shop_of_it(world: World) -> None:
    await on_panels(world, ["one-key", "one-key", "another-key"])
    async with httpx.AsyncClient() as http:
        turn = ShopSides(world.directory, http, http, world.clock).turn

    def sender(destination: str) -> Sender:
        name = destination.partition(":")[2]
        return ShopSender(world.sides[name], [], [name], world.store, world.clock, turn(name))

    one, other = (Delivery(world.store, sender, world.directory.shop, world.clock, lambda: 1.0) for _ in range(2))
    served = {}

    async def meanwhile(command: HomeCommand) -> None:
        world.sides["shop1"].before_answer = None
        for name in ("shop2", "shop3"):
            served[name] = await other.deliver_due(to_newsletter(name))

    for name in ("shop1", "shop2", "shop3"):
        await world.post(resigned(1), shop=name)
    await world.plan()
    world.sides["shop1"].before_answer = meanwhile
    assert await one.deliver_due(to_newsletter("shop1")) == 1
    assert served == {"shop2": 0, "shop3": 1}
    world.clock.advance(seconds=61)
    assert await other.deliver_due(to_newsletter("shop2")) == 1
    assert [said_at_home(world, shop_id=name) for name in ("shop1", "shop2", "shop3")] == [[OUT]] * 3
    await ended(world)
