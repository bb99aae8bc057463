"""What a repair may not do, and who is left out because something of them is on its way."""

from collections.abc import Callable

import pytest

from app.domain.commands import SetSubscription, UpsertContact
from app.domain.runs.reconciliation import Cause, ReconciliationMode
from tests.services.runs.reconciliations.comparing import IDOSELL, NEW, OLD, Audit, both_stores, with_jan
from tests.support.world import EWA, JAN, a_shop, erases, orders, registers, renames, subscribes, tags, withdraws

# -- what a repair may not do --------------------------------------------------------------------------------------------


async def test_a_contact_deleted_there_is_written_again_whole_but_without_any_opt_in(world: Audit) -> None:
    await with_jan(world, subscribes(JAN, by_sms=True, phone="+48600100200"), registers(JAN, 1, first_name="Jan"))
    await world.delete_there(JAN)
    (told,) = await world.repaired()
    assert (told.email, told.email_status, told.phone_status, told.agreements) == (JAN, None, None, ())
    assert (told.introduces, told.quiet, told.profile["first_name"]) == (True, True, "Jan")
    assert {"rejestracja", "newsletter"} <= set(told.add_tags)
    assert JAN in world.upstream.opted_out


async def test_only_a_new_act_opts_in_a_contact_that_was_deleted_there(world: Audit) -> None:
    await with_jan(world, subscribes(JAN))
    await world.delete_there(JAN)
    await world.repaired()
    assert JAN in world.upstream.opted_out
    await world.post(subscribes(JAN, 24 * 60))
    await world.run()
    assert JAN not in world.upstream.opted_out


async def test_writing_a_contact_again_makes_nobody_resign_in_the_shop(world: Audit) -> None:
    """That the new contact is shown as opted out is our own doing, and no act of the person."""
    await with_jan(world, subscribes(JAN))
    await world.delete_there(JAN)
    await world.repaired()
    await world.looked()
    assert [one for one in world.panel.done if isinstance(one, SetSubscription)] == []
    assert (await world.contact()).email_news.opted_out is None


@pytest.mark.parametrize("act", [withdraws, erases])
async def test_who_withdrew_or_was_erased_before_the_repair_is_decided_is_not_written_again(world: Audit, act: Callable) -> None:
    await with_jan(world)
    await world.delete_there(JAN)
    await world.finished(await world.auditor.start("shop1", ReconciliationMode.REPAIR))
    await world.post(act(JAN, 300))
    await world.run()
    assert JAN not in world.upstream.contacts
    assert await world.repaired() == []


async def test_nobody_who_was_erased_is_looked_up_by_address(world: Audit) -> None:
    await with_jan(world)
    await world.post(erases(JAN, 100))
    await world.looked()
    world.upstream.calls.clear()
    assert await world.causes() == {}
    assert not any(JAN in items for _, items in world.upstream.calls)


async def test_a_renamed_contact_is_renamed_again_and_no_twin_stays(world: Audit) -> None:
    await with_jan(world, registers(OLD, id="7", first_name="Jan"), renames(OLD, NEW, 1))
    await world.looked()
    world.upstream.contacts[OLD] = world.upstream.contacts.pop(NEW)
    (told,) = await world.repaired()
    assert (told.email, told.new_email, told.add_tags, told.profile) == (OLD, NEW, (), {})
    assert set(world.upstream.contacts) == {NEW}
    await world.looked()
    assert await world.causes() == {}


async def test_somebody_else_who_has_the_former_address_now_is_not_renamed(world: Audit) -> None:
    """Jan left the address; Ewa registered with it. That Jan is gone there makes Ewa nobody else."""
    await with_jan(world, registers(OLD, id="7"), renames(OLD, NEW, 1, customer_id="7"))
    await world.post(registers(OLD, 10, id="8", first_name="Ewa"))
    await world.looked()
    assert set(world.upstream.contacts) == {OLD, NEW}
    await world.delete_there(NEW)
    assert await world.causes() == {Cause.MISSING_THERE: 1}
    told = await world.repaired()
    assert [(one.email, one.new_email) for one in told] == [(NEW, None)]
    assert set(world.upstream.contacts) == {OLD, NEW}


async def test_a_contact_of_another_shop_under_the_former_address_is_not_renamed(world: Audit) -> None:
    await world.configure(a_shop(panel=IDOSELL), a_shop("shop2", host="hurt.example", location="hurt_example", number=2))
    await with_jan(world, registers(OLD, id="7"), renames(OLD, NEW, 1, customer_id="7"))
    await world.post(registers(OLD, 10, id="8", first_name="Ewa"), shop="shop2")
    await world.looked()
    await world.delete_there(NEW)
    told = await world.repaired()
    assert [(one.email, one.new_email) for one in told] == [(NEW, None)]
    assert set(world.upstream.contacts) == {OLD, NEW}


async def test_a_rename_that_overtakes_the_repair_is_sent_once(world: Audit) -> None:
    """The comparison saw the old address; by the time it is decided the person has moved, and SALESmanago was told."""
    await with_jan(world, registers(OLD, id="7"))
    world.upstream.contacts[OLD].discard("rejestracja")
    await world.finished(await world.auditor.start("shop1", ReconciliationMode.REPAIR))
    sent = len(world.upstream.sent())
    await world.post(renames(OLD, NEW, 90, customer_id="7"))
    await world.run()
    told = world.upstream.sent(UpsertContact)[sent:]
    assert [one.new_email for one in told if one.email == OLD] == [NEW]
    assert set(world.upstream.contacts) == {NEW}


# -- who is busy ---------------------------------------------------------------------------------------------------------


@both_stores
async def test_somebody_of_whom_something_is_on_its_way_is_compared_the_next_time(world: Audit) -> None:
    await with_jan(world)
    await world.post(registers(EWA))
    await world.plan()  # queued, not delivered: Ewa is not there yet
    run = await world.finished(await world.auditor.start("shop1", ReconciliationMode.REPAIR))
    assert (dict(run.causes), run.busy) == ({}, 1)
    assert await world.made() == []


@both_stores
async def test_somebody_of_whom_something_is_not_decided_is_compared_the_next_time(world: Audit) -> None:
    await with_jan(world)
    await world.delete_there(JAN)
    await world.post(orders(email=JAN, minutes=200))
    run = await world.finished(await world.auditor.start("shop1", ReconciliationMode.REPAIR))
    assert (dict(run.causes), run.busy) == ({}, 1)


@both_stores
async def test_somebody_who_changed_while_we_looked_is_compared_the_next_time(world: Audit) -> None:
    await with_jan(world)
    world.upstream.contacts[JAN].discard("rejestracja")

    async def meanwhile(method: str, items: list) -> None:
        if method == "look_up":
            world.upstream.before_answer = None
            await world.post(tags(300, email=JAN, added=("vip",)))
            await world.run()

    world.upstream.before_answer = meanwhile
    run = await world.finished(await world.auditor.start("shop1", ReconciliationMode.REPAIR))
    assert (dict(run.causes), run.busy) == ({}, 1)


async def test_a_contact_that_left_in_the_meantime_is_called_no_account(world: Audit) -> None:
    await with_jan(world)
    await world.delete_there(JAN)
    run = await world.compared()
    assert await world.auditor.people(run) == {Cause.MISSING_THERE: [JAN]}
    await world.post(erases(JAN, 300))
    await world.run()
    (shown,) = (await world.auditor.people(run))[Cause.MISSING_THERE]
    assert "account" not in shown
    assert "@" not in shown
