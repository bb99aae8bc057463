"""Destinations that fail, crashes, and two workers at one page."""

import asyncio
from dataclasses import replace

import pytest

from app.domain.commands import UpsertContact
from app.domain.delivery.outcomes import Delivered, Throttled, Unreachable
from app.domain.runs.reconciliation import Cause, Phase, ReconciliationMode
from app.services.runs.reconciliation_steps import REST
from tests.services.runs.reconciliations.comparing import IDOSELL, Audit, account, both_stores, with_jan
from tests.support.world import JAN, Killed, a_shop, registers, scripted

# -- destinations that fail ------------------------------------------------------------------------------------------------


async def test_when_salesmanago_does_not_answer_it_rests_at_the_same_page_and_goes_on(world: Audit) -> None:
    await world.post(*(registers(f"p{number}@example.pl") for number in range(60)))
    await world.run()
    world.clock.advance(minutes=1)
    await world.delete_there("p59@example.pl")
    run = await world.auditor.start("shop1", ReconciliationMode.PREVIEW)
    await world.auditor.step_due()
    first = await world.auditor.one("shop1", run.id)
    assert first.checked == 50
    world.upstream.respond = scripted(Unreachable("down"), method="look_up")
    await world.auditor.step_due()
    rests = await world.auditor.one("shop1", run.id)
    assert rests == replace(first, version=first.version + 1, trouble="down", due_at=world.clock() + REST)
    assert await world.auditor.step_due() == 0
    world.clock.advance(seconds=REST.total_seconds())
    world.auditor = world.restarted()
    ended = await world.finished(run)
    assert (ended.causes[Cause.MISSING_THERE], ended.checked, ended.trouble) == (1, 60, "")


async def test_a_rest_after_throttling_has_a_name(world: Audit) -> None:
    await with_jan(world)
    world.upstream.respond = scripted(Throttled(), method="look_up")
    run = await world.auditor.start("shop1", ReconciliationMode.PREVIEW)
    await world.auditor.step_due()
    assert (await world.auditor.one("shop1", run.id)).trouble != ""


@pytest.mark.parametrize("trouble", ["down", "panel_overloaded"])
async def test_a_panel_that_does_not_answer_or_is_overloaded_is_asked_for_the_same_page_later(world: Audit, trouble: str) -> None:
    world.panel.rows = [account(number) for number in range(1000, 1150)]
    world.panel.overloaded = trouble == "panel_overloaded"
    world.panel.outcomes = [] if world.panel.overloaded else [Delivered(), Unreachable("down")]
    run = await world.auditor.start("shop1", ReconciliationMode.REPAIR)
    for _ in range(3):
        await world.auditor.step_due()
    rests = await world.auditor.one("shop1", run.id)
    assert (rests.trouble, rests.phase, rests.due_at) == (trouble, Phase.ACCOUNTS, world.clock() + REST)
    world.panel.overloaded = False
    world.clock.advance(seconds=REST.total_seconds())
    ended = await world.finished(run)
    assert (dict(ended.causes), ended.trouble) == ({Cause.ACCOUNT_UNKNOWN: 150}, "")
    await world.run()
    assert len(world.upstream.sent(UpsertContact)) == 150


async def test_r71_one_shops_broken_panel_holds_up_no_other_shop(world: Audit) -> None:
    await world.configure(
        a_shop(panel=IDOSELL), a_shop("shop2", host="hurt.example", location="hurt_example", number=2, panel=IDOSELL)
    )
    world.panel.broken = True
    world.panel_of("shop2").rows = [account(5, active=(2,))]
    broken = await world.auditor.start("shop1", ReconciliationMode.PREVIEW)
    fine = await world.auditor.start("shop2", ReconciliationMode.PREVIEW)
    ended = await world.finished(fine)
    assert dict(ended.causes) == {Cause.ACCOUNT_UNKNOWN: 1}
    stands = await world.auditor.one("shop1", broken.id)
    assert (stands.trouble, stands.is_over) == ("defect", False)
    world.panel.broken = False
    world.clock.advance(seconds=REST.total_seconds())
    assert (await world.finished(broken)).trouble == ""


@both_stores
async def test_r71_one_shops_slow_panel_holds_up_no_other_shop(world: Audit) -> None:
    await world.configure(
        a_shop(panel=IDOSELL), a_shop("shop2", host="hurt.example", location="hurt_example", number=2, panel=IDOSELL)
    )
    other, done = world.panel_of("shop2"), asyncio.Event()

    async def waits() -> None:
        await asyncio.wait_for(done.wait(), 5)

    async def ends() -> None:
        done.set()

    world.panel.on_read, other.on_read = waits, ends
    runs = [await world.auditor.start(shop, ReconciliationMode.PREVIEW) for shop in ("shop1", "shop2")]
    assert [(await world.finished(run)).trouble for run in runs] == ["", ""]


async def test_a_shop_that_was_disabled_meanwhile_is_compared_no_further(world: Audit) -> None:
    await with_jan(world)
    run = await world.auditor.start("shop1", ReconciliationMode.REPAIR)
    await world.delete_there(JAN)
    await world.configure(a_shop(panel=IDOSELL, enabled=False))
    ended = await world.finished(run)
    assert (ended.trouble, dict(ended.causes)) == ("shop_disabled", {})


# -- crashes and two workers ---------------------------------------------------------------------------------------------


@both_stores
async def test_a_crash_between_read_and_save_leaves_nothing_and_the_page_is_compared_again(world: Audit) -> None:
    await with_jan(world)
    await world.delete_there(JAN)
    run = await world.auditor.start("shop1", ReconciliationMode.REPAIR)

    async def dies(method: str, items: list) -> None:
        raise Killed

    before = await world.dump()
    world.upstream.before_answer = dies
    with pytest.raises(Killed):
        await world.auditor.step_due()
    assert await world.dump() == before
    world.upstream.before_answer, world.auditor = None, world.restarted()
    ended = await world.finished(run)
    assert (dict(ended.causes), ended.checked) == ({Cause.MISSING_THERE: 1}, 1)
    await world.run()
    assert await world.made() == ["drift-found"]


@both_stores
async def test_two_workers_at_the_same_page_count_and_repair_it_once(world: Audit) -> None:
    await with_jan(world)
    await world.delete_there(JAN)
    world.panel.rows = [account(5)]
    run = await world.auditor.start("shop1", ReconciliationMode.REPAIR)
    other = world.restarted()
    for _ in range(6):
        (stands,) = [await world.auditor.one("shop1", run.id)]
        if stands.is_over:
            break
        await world.auditor.steps._step_alone(stands)
        await other.steps._step_alone(stands)
    ended = await world.finished(run)
    assert (dict(ended.causes), ended.checked) == ({Cause.MISSING_THERE: 1, Cause.ACCOUNT_UNKNOWN: 1}, 2)
    assert await world.made() == ["account-listed", "drift-found"]
