"""An order that is told again, edited or placed again stays one purchase (R18)."""

from dataclasses import replace
from decimal import Decimal

import pytest

from app.domain.commands import EventKind
from app.domain.consent import ConsentAnswer
from app.domain.delivery.coalesce import PURCHASES_SENT_ALONE
from app.domain.delivery.outcomes import Delivered, Refused, Unknown
from tests.services.planning.orders.stories import CHEAPER, DOWN, ORDER, bought, shown
from tests.support.world import (
    EWA,
    JAN,
    World,
    a_shop,
    at,
    cancels,
    edits,
    orders,
    renames,
    scripted,
    withdraws,
)


async def test_r18_a_sent_order_that_is_edited_updates_its_one_event(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    await world.post(CHEAPER)
    await world.run()
    assert shown(world) == [bought("99.00")]
    assert world.upstream.methods == ["upsert", "add_event", "update_event"]
    assert world.upstream.events[0].lines[0].product_id == "102"
    await world.post(edits(CHEAPER, 9, value=Decimal("1.00")))
    await world.run()
    await world.post(CHEAPER, edits(CHEAPER, 9, value=Decimal("1.00")))
    await world.run()
    assert shown(world) == [bought("1.00")]
    ends = list((await world.at_rest()).values())
    assert ends == [("sent", None)] * 3 + [("superseded", "order_replaced"), ("superseded", "order_already_sent")]


async def test_r18_an_order_edited_until_nothing_is_left_in_it_says_no_goods_any_more_nor_does_its_cancellation(
    world: World,
) -> None:
    await world.post(ORDER)
    await world.run()
    await world.post(edits(ORDER, 1, items=()))
    await world.run()
    await world.post(cancels(minutes=2))
    await world.run()
    assert [(event.kind, event.lines) for event in world.upstream.events] == [
        (EventKind.PURCHASE, ()),
        (EventKind.CANCELLATION, ()),
    ]
    assert set((await world.at_rest()).values()) == {("sent", None)}


@pytest.mark.parametrize("together", [True, False], ids=["of one round", "of two rounds"])
async def test_r18_a_purchase_that_has_not_left_leaves_in_its_newest_version(world: World, together: bool) -> None:
    await world.post(ORDER)
    if not together:
        await world.plan()
    await world.post(CHEAPER)
    await world.run()
    assert shown(world) == [bought("99.00")]
    assert world.upstream.methods == ["upsert", "add_event"]
    assert list((await world.at_rest()).values()) == [("sent", None)] * 2


@pytest.mark.parametrize("applied", [True, False], ids=["it had arrived", "it had not"])
@pytest.mark.parametrize("ids", [True, False], ids=["ids are shown", "no ids are shown"])
async def test_r18_versions_sent_around_an_answer_that_never_came_end_as_one_purchase(
    world: World, applied: bool, ids: bool
) -> None:
    world.upstream.applied, world.upstream.shows_ids = applied, ids
    world.upstream.respond = scripted(Unknown("timeout"), method="add_event")
    await world.post(ORDER, CHEAPER)
    await world.run()
    await world.run_for(hours=1)
    assert shown(world) == [bought("99.00")]
    assert list((await world.at_rest()).values()) == [("sent", None)] * 2


async def test_r18_an_update_whose_answer_never_came_is_repeated(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    world.upstream.applied = False
    world.upstream.respond = scripted(Unknown("timeout"), method="update_event")
    await world.post(CHEAPER)
    await world.run_for(hours=1)
    assert shown(world) == [bought("99.00")]
    assert world.upstream.methods.count("update_event") == 2
    assert list((await world.at_rest()).values()) == [("sent", None)] * 2


@pytest.mark.parametrize("ids", [True, False], ids=["ids are shown", "no ids are shown"])
async def test_r18_a_purchase_of_a_batch_is_changed_where_its_id_is_shown_and_says_so_where_not(world: World, ids: bool) -> None:
    world.upstream.shows_ids = ids
    await world.post(ORDER, *(orders(f"m{n}", f"c{n}@example.pl") for n in range(PURCHASES_SENT_ALONE)))
    await world.run()
    assert world.upstream.methods == ["upsert_many", "add_events"]
    world.upstream.ids = {str(number): event for number, event in enumerate(world.upstream.events)}
    await world.post(replace(CHEAPER, customer=replace(CHEAPER.customer, first_name="Jan")))
    await world.run()
    states = await world.at_rest()
    assert bought("99.00" if ids else "119.00") in shown(world)
    assert states[f"e{PURCHASES_SENT_ALONE + 2}"] == (("sent", None) if ids else ("withheld", "order_not_updatable"))
    assert len(world.upstream.events) == PURCHASES_SENT_ALONE + 1


async def test_r18_even_a_few_purchases_travel_together_while_more_wait_to_be_decided(world: World) -> None:
    await world.post(ORDER, orders("o2", EWA), orders("o3", "c@example.pl"))
    await world.planner.plan_due(limit=2)
    await world.deliver()
    assert world.upstream.methods == ["upsert_many", "add_events"]
    await world.run()
    assert world.upstream.methods[2:] == ["upsert", "add_event"]


async def test_r18_each_of_a_few_purchases_that_left_together_can_be_changed_though_no_ids_are_shown(world: World) -> None:
    world.upstream.shows_ids = False
    placed = [replace(orders(f"o{n}", f"c{n}@example.pl"), as_of=at(0)) for n in range(PURCHASES_SENT_ALONE)]
    await world.post(*placed)
    await world.run()
    await world.post(*(edits(one, 5, value=Decimal("99.00")) for one in placed))
    await world.run()
    assert {one.external_id: one.value for one in world.upstream.events} == {one.order_id: Decimal("99.00") for one in placed}
    assert set((await world.at_rest()).values()) == {("sent", None)}


async def test_r18_an_event_that_is_gone_in_salesmanago_is_sent_anew_and_once(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    world.upstream.events.clear()  # staff deleted it
    await world.post(CHEAPER, edits(CHEAPER, 9, value=Decimal("1.00")))
    await world.run()
    assert shown(world) == [bought("1.00")]
    await world.post(edits(CHEAPER, 12, value=Decimal("2.00")))
    await world.run()
    assert shown(world) == [bought("2.00")]


async def test_r18_an_update_that_is_refused_makes_no_second_purchase(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    world.upstream.respond = scripted(Refused("value"), method="update_event")
    await world.post(CHEAPER)
    await world.run()
    assert shown(world) == [bought()]
    assert list((await world.at_rest()).values()) == [("sent", None), ("parked", "refused")]


async def test_r18_a_corrected_address_leaves_the_purchase_where_it_is_and_says_so(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    await world.post(edits(ORDER, 5, customer=replace(ORDER.customer, email=EWA)))
    await world.run()
    assert shown(world) == [bought()]
    assert (await world.at_rest())["e2"] == ("withheld", "order_of_another_address")
    await world.post(cancels(email=EWA, minutes=8))
    await world.run()
    assert shown(world) == [bought(), ("o1", JAN, EventKind.CANCELLATION, Decimal("119.00"))]


async def test_r18_a_renamed_buyer_is_the_same_buyer(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    await world.post(renames(JAN, EWA, 3), edits(CHEAPER, 5, customer=replace(ORDER.customer, email=EWA)))
    await world.run()
    assert shown(world) == [bought("99.00", EWA)]


async def test_r18_a_cancelled_order_that_is_placed_again_stays_one_purchase(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    await world.post(cancels(minutes=4), edits(ORDER, 6))
    await world.run()
    assert shown(world) == [bought(), ("o1", JAN, EventKind.CANCELLATION, Decimal("119.00"))]
    assert [one.at for one in world.upstream.events] == [at(6), at(4)]
    assert list((await world.at_rest()).values()) == [("sent", None)] * 3


async def test_r18_an_update_revoked_before_it_left_is_sent_when_it_may(world: World) -> None:
    await world.post(ORDER)
    await world.run()
    world.upstream.respond = lambda *_: DOWN
    await world.post(CHEAPER)
    await world.run()
    await world.post(withdraws(minutes=7))
    await world.plan()
    world.upstream.respond = lambda *_: Delivered()
    await world.run_for(hours=1)
    assert shown(world) == [bought()]
    assert (await world.at_rest())["e2"] == ("withheld", "consent_withdrawn")
    await world.post(replace(CHEAPER, at=at(8), as_of=at(9), box=ConsentAnswer.GIVEN))  # the person consents again, and orders
    await world.run()
    assert shown(world) == [bought("99.00")]


async def test_r18_in_shadow_mode_an_order_is_known_and_nothing_is_sent_and_afterwards_it_is(world: World) -> None:
    await world.configure(a_shop(shadow=True))
    await world.post(ORDER, cancels(minutes=3))
    await world.run()
    assert [reason for _, reason in (await world.at_rest()).values()] == ["shadow", "purchase_not_sent"]
    await world.configure(a_shop())
    await world.post(edits(ORDER, 5))
    await world.run()
    assert shown(world) == [bought()]
