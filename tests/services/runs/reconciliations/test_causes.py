"""Where both sides differ, and what a repair makes of it (R26, A8)."""

import pytest

from app.domain.commands import UpsertContact
from app.domain.consent import Policy, Status
from app.domain.runs.reconciliation import Cause
from tests.services.runs.reconciliations.comparing import NEW, OLD, Audit, account, with_jan
from tests.support.world import EWA, JAN, a_shop, orders, registers, renames, subscribes, tags, unsubscribes, withdraws

# -- causes --------------------------------------------------------------------------------------------------------------


async def test_where_both_sides_agree_nothing_is_found(world: Audit) -> None:
    await with_jan(
        world, registers(JAN, id="7", wholesaler=True), subscribes(JAN, 1), tags(2, email=JAN, added=("vip",)), orders(email=EWA)
    )
    world.panel.rows = [account(7, JAN, wholesaler=True)]
    run = await world.compared()
    assert (dict(run.causes), run.checked, run.busy, run.trouble) == ({}, 3, 0, "")


async def test_a_contact_deleted_there_is_missing_there_and_nothing_else(world: Audit) -> None:
    await with_jan(world)
    await world.delete_there(JAN)
    assert await world.causes() == {Cause.MISSING_THERE: 1}


async def test_a_contact_still_under_the_former_address_is_a_rename_that_was_not_taken(world: Audit) -> None:
    await with_jan(world, registers(OLD, id="7"), renames(OLD, NEW, 1))
    await world.looked()
    world.upstream.contacts[OLD] = world.upstream.contacts.pop(NEW)
    assert await world.causes() == {Cause.RENAME_NOT_TAKEN: 1}


@pytest.mark.parametrize("gone", ["rejestracja", "wholesaler", "newsletter"])
async def test_each_tag_of_ours_that_is_gone_is_found_and_put_back(world: Audit, gone: str) -> None:
    await with_jan(world, subscribes(JAN), registers(JAN, 1, wholesaler=True))
    assert {"rejestracja", "wholesaler", "newsletter"} <= world.upstream.contacts[JAN]
    world.upstream.contacts[JAN].discard(gone)
    assert (await world.causes())[Cause.OUR_TAG_MISSING] == 1
    (told,) = await world.repaired()
    assert (told.add_tags, told.remove_tags, told.profile, told.email_status) == ((gone,), (), {}, None)
    await world.looked()
    assert await world.causes() == {}


async def test_a_tag_of_ours_that_was_taken_away_and_still_stands_is_taken_away_again(world: Audit) -> None:
    await with_jan(world, registers(JAN), tags(1, email=JAN, added=("vip",)), tags(2, email=JAN, removed=("vip",)))
    world.upstream.contacts[JAN].add("IDOSELL_VIP")
    assert await world.causes() == {Cause.OUR_TAG_LEFT: 1}
    (told,) = await world.repaired()
    assert (told.add_tags, told.remove_tags) == ((), ("idosell_vip",))
    world.upstream.contacts[JAN].discard("IDOSELL_VIP")  # SALESmanago folds, our fake does not
    await world.looked()
    assert await world.causes() == {}


async def test_r23_a_tag_without_our_prefix_that_we_never_gave_is_not_ours_to_take_away(world: Audit) -> None:
    world.upstream.contacts[JAN] = {"wholesaler"}  # from another shop of the account, or by hand
    await with_jan(world, registers(JAN, wholesaler=False))
    assert "wholesaler" in world.upstream.contacts[JAN]
    assert Cause.OUR_TAG_LEFT not in await world.causes()
    await world.repaired()
    assert "wholesaler" in world.upstream.contacts[JAN]


async def test_a_section_tag_somebody_took_off_there_is_no_difference(world: Audit) -> None:
    await with_jan(world, orders(email=JAN))
    assert "Obuwie" in world.upstream.contacts[JAN]
    world.upstream.contacts[JAN].discard("Obuwie")
    await world.looked()
    assert await world.causes() == {}


async def test_a_status_that_differs_is_found_and_an_opt_out_there_is_believed(world: Audit) -> None:
    await with_jan(world, subscribes(JAN))
    world.upstream.opted_out.add(JAN)
    assert await world.causes() == {Cause.STATUS_DIFFERS: 1}
    assert all(one.email_status is not Status.OPT_IN for one in await world.repaired())
    assert (await world.contact()).email_news.status is Status.OPT_OUT
    assert await world.causes() == {}


async def test_an_opt_out_that_is_gone_there_is_sent_again_and_opts_nobody_in(world: Audit) -> None:
    await with_jan(world, subscribes(JAN), unsubscribes(JAN, 1))
    assert JAN in world.upstream.opted_out
    world.upstream.opted_out.discard(JAN)
    assert (await world.causes())[Cause.STATUS_DIFFERS] == 1
    await world.repaired()
    assert Status.OPT_IN not in {one.email_status for one in world.upstream.sent(UpsertContact)[1:]}


async def test_points_that_were_not_sent_to_the_panel_are_found_and_sent(world: Audit) -> None:
    await with_jan(world)
    world.upstream.points["rejestracja"] = 5
    assert await world.causes() == {Cause.POINTS_DIFFER: 1}
    before = len(world.panel.done)
    assert await world.repaired() == []
    assert len(world.panel.done) > before
    assert await world.causes() == {}


async def test_a_shop_without_a_place_for_tags_has_no_points_and_no_accounts_to_compare(world: Audit) -> None:
    await world.configure(a_shop())
    await with_jan(world)
    world.upstream.points["rejestracja"] = 5
    assert await world.causes() == {}
    assert world.panel.pages_read == []


async def test_somebody_never_sent_is_counted_and_compared_with_nothing(world: Audit) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await with_jan(world)
    run = await world.compared()
    assert (dict(run.causes), run.checked) == ({}, 1)
    assert await world.repaired() == []


async def test_who_withdrew_and_is_gone_there_is_as_it_should_be(world: Audit) -> None:
    await with_jan(world)
    await world.post(withdraws(JAN, 60))
    await world.looked()
    world.upstream.contacts.pop(JAN, None)
    assert await world.repaired() == []
    assert await world.causes() == {}
