"""Changes that only a person can make."""

import pytest

from app.domain.commands import MirrorTags, SetSubscription
from app.domain.consent import TimedStatus
from app.domain.delivery.outbox import to_account, to_tags
from app.domain.delivery.outcomes import Delivered, NeedsPerson, NotNeeded, Outcome, Refused
from app.domain.errors import NotFound
from app.domain.events import StatusObserved
from app.domain.reasons import Reason
from app.services.outbox.manual_tasks import ManualTaskList
from tests.support.world import (
    EWA,
    JAN,
    World,
    at,
    orders,
    registers,
    subscribes,
    tags,
)
from tests.support.worlds.changes import (
    AT_ONCE,
    IN,
    OUT,
    PANEL,
    agreed,
    configured,
    down,
    ended,
    fine,
    happened,
    looked,
    manual_tasks,
    no_account,
    pulling,
    resigned,
    shop,
    up_again,
    upserts_unreachable,
)


async def test_r56_what_a_person_did_while_another_command_of_the_event_waits_lets_the_event_end_as_sent(world: World) -> None:
    await configured(world, shop(1, panel=PANEL))
    world.side.respond = lambda command: NeedsPerson(Reason.PANEL_REFUSED)
    await world.post(registers(), tags(1, email=JAN, added=("vip",)))
    await world.run()
    await looked(world)
    for one in await manual_tasks(world):
        await ManualTaskList(world.store, world.clock).done("shop1", one.id)
    world.upstream.contacts[JAN].discard("idosell_vip")
    world.upstream.contacts[JAN].add("koszyk")
    world.upstream.respond = upserts_unreachable
    world.clock.advance(seconds=1)
    assert await pulling(world).pull_changed("main", AT_ONCE) == 1
    await world.plan()
    for place in (to_tags("shop1"), to_account("main")):
        await world.delivery.deliver_due(place)
    (item,) = await manual_tasks(world)
    assert (await happened(world))[-1][:2] == ("upstream-tags", "parked")
    await ManualTaskList(world.store, world.clock).done("shop1", item.id)
    assert (await happened(world))[-1] == ("upstream-tags", "planned", None)
    await up_again(world)
    assert {state for _, state, _ in await happened(world)} == {"sent"}
    assert await manual_tasks(world) == []
    await ended(world)


async def test_r56_tags_left_to_a_person_are_replaced_by_newer_tags_that_were_written(world: World) -> None:
    await configured(world, shop(1, panel=PANEL))
    await world.post(registers(), registers(EWA))
    await world.run()
    world.side.respond = lambda command: NeedsPerson(Reason.PANEL_REFUSED)
    world.upstream.contacts[EWA].add("menu0")
    for number in range(3):
        world.upstream.contacts[JAN].add(f"menu{number}")
        await looked(world)
    assert sorted(one.command.email for one in await manual_tasks(world)) == [EWA, JAN]
    world.side.respond = fine
    world.upstream.contacts[JAN].add("menu9")
    await looked(world)
    assert [one.command.email for one in await manual_tasks(world)] == [EWA]
    assert "replaced" in {reason for _, _, reason in await happened(world)}
    await ended(world)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(NeedsPerson(Reason.NO_ACCOUNT_IN_PANEL, "words"), "no_account_in_panel"), (Refused("words"), "refused")],
    ids=["by hand", "refused"],
)
async def test_r56_what_only_a_person_can_do_waits_visibly_and_its_done_is_the_receipt(
    world: World, answer: Outcome, reason: str
) -> None:
    world.side.respond = lambda command: answer
    await world.post(resigned(1), event_id="callback-1")
    await world.run()
    assert (await world.at_rest())["callback-1"] == ("parked", reason)
    (item,) = await manual_tasks(world)
    assert (item.command, item.reason.value) == (SetSubscription(email=JAN, email_news=TimedStatus(OUT, at(1))), reason)
    await ManualTaskList(world.store, world.clock).done("shop1", item.id)
    assert await manual_tasks(world) == []
    assert (await world.at_rest())["callback-1"] == ("sent", None)
    with pytest.raises(NotFound):
        await ManualTaskList(world.store, world.clock).done("shop1", item.id)


async def test_r71_a_manual_task_of_another_shop_does_not_exist_for_this_one(two: World) -> None:
    two.sides["shop1"].respond = no_account
    await two.post(resigned(1), shop="shop1")
    await two.run()
    (item,) = await manual_tasks(two)
    assert await manual_tasks(two, "shop2") == []
    with pytest.raises(NotFound):
        await ManualTaskList(two.store, two.clock).done("shop2", item.id)
    assert await manual_tasks(two) == [item]


@pytest.mark.parametrize("answer", [Delivered(), NeedsPerson(Reason.NO_ACCOUNT_IN_PANEL)], ids=["written", "by hand as well"])
async def test_a_newer_change_takes_the_place_of_an_older_manual_task(world: World, answer: Outcome) -> None:
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
    waiting = {(one.command.email, one.command.email_news.status) for one in await manual_tasks(world)}
    assert waiting == {(EWA, OUT)} | ({(JAN, IN)} if isinstance(answer, NeedsPerson) else set())


async def test_a_manual_task_about_one_channel_stays_when_the_other_changes(world: World) -> None:
    world.side.respond = no_account
    await world.post(resigned(1), event_id="email")
    await world.run()
    await world.post(StatusObserved(at=at(2), email=JAN, phone_out=True, acted=True), event_id="phone")
    await world.run()
    assert {state for state, _ in (await world.at_rest()).values()} == {"parked"}
    assert len(await manual_tasks(world)) == 2


async def test_a_manual_task_that_a_newer_act_in_the_shop_made_pointless_leaves_the_list(world: World) -> None:
    """R06: else somebody of the staff takes the person off the list again, years after they came back."""
    world.side.respond = no_account
    await world.post(resigned(1), event_id="callback-1")
    await world.run()
    await world.post(subscribes(JAN, 2))
    await world.run_for(hours=0.1, steps=2)
    assert await manual_tasks(world) == []
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
    tagged.side.respond = lambda command: NeedsPerson(Reason.PANEL_REFUSED)
    await tagged.post(orders("o1"), event_id="order-1")
    await tagged.run()
    assert (await happened(tagged))[0][1:] == ("sent", None)
    (item,) = await manual_tasks(tagged)
    assert isinstance(item.command, MirrorTags)
    await ManualTaskList(tagged.store, tagged.clock).done("shop1", item.id)
    assert (await happened(tagged))[0][1:] == ("sent", None)
    assert await manual_tasks(tagged) == []
    await ended(tagged)


async def test_a_customer_whom_the_panel_does_not_know_carries_no_tags_and_nobody_is_asked_to_do_it(tagged: World) -> None:
    tagged.side.respond = lambda command: NotNeeded(Reason.NO_CARRIER_OF_TAGS)
    await tagged.post(orders("o1"))
    await tagged.run()
    assert (await happened(tagged))[0][1:] == ("sent", None)
    assert await manual_tasks(tagged) == []
    await ended(tagged)
