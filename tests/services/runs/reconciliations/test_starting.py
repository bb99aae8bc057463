"""Who starts a comparison, and when: people, and the night."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.errors import NotFound, NotPossible
from app.domain.runs.reconciliation import Cause, ReconciliationMode
from app.domain.shops.shop import BackfillSettings, Hours
from tests.services.runs.reconciliations.comparing import IDOSELL, Audit, account, both_stores
from tests.support.world import a_shop

MIDNIGHT = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)  # in Warsaw


# -- starting ------------------------------------------------------------------------------------------------------------


async def test_only_one_comparison_of_a_shop_goes_on_at_a_time(world: Audit) -> None:
    run = await world.auditor.start("shop1", ReconciliationMode.PREVIEW)
    with pytest.raises(NotPossible):
        await world.restarted().start("shop1", ReconciliationMode.REPAIR)
    await world.finished(run)
    await world.auditor.start("shop1", ReconciliationMode.REPAIR)


@both_stores
async def test_of_two_who_start_at_once_one_finds_the_others(world: Audit) -> None:
    answers = await asyncio.gather(
        *(world.restarted().start("shop1", ReconciliationMode.PREVIEW) for _ in range(4)), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in answers) == ["NotPossible"] * 3 + ["Reconciliation"]


async def test_a_shop_or_number_nobody_knows_is_not_found_nor_is_another_shops(world: Audit) -> None:
    await world.configure(a_shop(panel=IDOSELL), a_shop("shop2", host="hurt.example", location="hurt_example", number=2))
    run = await world.auditor.start("shop1", ReconciliationMode.PREVIEW)
    for shop, number in (("shop2", run.id), ("shop1", run.id + 1)):
        with pytest.raises(NotFound):
            await world.auditor.one(shop, number)
    with pytest.raises(NotFound):
        await world.auditor.start("no-such", ReconciliationMode.PREVIEW)
    assert await world.auditor.of_shop("shop2") == []


# -- by night ------------------------------------------------------------------------------------------------------------


@both_stores
async def test_by_day_no_comparison_begins_by_itself_and_by_night_one(world: Audit) -> None:
    assert await world.auditor.start_nightly() == 0  # noon
    world.clock.now = MIDNIGHT
    assert await world.auditor.start_nightly() == 1
    assert await world.auditor.start_nightly() == 0  # one is under way
    (run,) = await world.auditor.of_shop("shop1")
    assert run.mode is ReconciliationMode.PREVIEW
    await world.finished(run)
    world.clock.advance(hours=3)
    assert await world.auditor.start_nightly() == 0  # once a night


async def test_over_five_days_there_are_five_nightly_comparisons(world: Audit) -> None:
    for _ in range(5 * 24):
        await world.auditor.start_nightly()
        for _ in range(3):
            await world.auditor.step_due()
        world.clock.advance(hours=1)
    begun = [run.started_at for run in await world.auditor.of_shop("shop1")]
    assert len(begun) == 5
    assert all(not 6 <= one.hour < 21 for one in begun)  # 07:00 to 22:00 in Warsaw


async def test_the_night_is_that_of_the_shop_and_a_disabled_shop_sleeps_through_it(world: Audit) -> None:
    await world.configure(
        a_shop(enabled=False),
        a_shop("shop2", host="ny.example", location="ny_example", number=2, time_zone="America/New_York"),
        a_shop(
            "shop3",
            host="pl.example",
            location="pl_example",
            number=3,
            backfill=BackfillSettings(day=Hours(contacts_per_hour=600, start="01:00", end="00:30")),
        ),
    )
    world.clock.now = MIDNIGHT - timedelta(minutes=10)  # 23:50 in Warsaw, evening in New York
    assert await world.auditor.start_nightly() == 0
    world.clock.now = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
    assert await world.auditor.start_nightly() == 1
    assert len(await world.auditor.of_shop("shop2")) == 1


async def test_the_next_night_compares_accounts_that_changed_since_the_last_one(world: Audit) -> None:
    world.panel.rows = [account(5), account(6)]
    world.clock.now = MIDNIGHT
    world.panel.changed = {5: MIDNIGHT - timedelta(hours=3)}
    await world.auditor.start_nightly()
    (first,) = await world.auditor.of_shop("shop1")
    assert dict((await world.finished(first)).causes) == {Cause.ACCOUNT_UNKNOWN: 1}
    world.panel.changed = {6: MIDNIGHT + timedelta(hours=12)}
    world.clock.now = MIDNIGHT + timedelta(days=1)
    await world.auditor.start_nightly()
    second = (await world.auditor.of_shop("shop1"))[0]
    assert second.accounts_since is not None
    assert second.accounts_since <= first.started_at
    assert (await world.finished(second)).samples[Cause.ACCOUNT_UNKNOWN] == ("a6",)


async def test_a8_what_changed_while_a_comparison_was_cut_short_is_compared_in_a_later_night(world: Audit) -> None:
    """A night in which the shop was disabled compared nobody: it must not count as a look at what changed before it."""
    world.clock.now = MIDNIGHT
    await world.auditor.start_nightly()
    await world.finished((await world.auditor.of_shop("shop1"))[0])
    world.panel.rows = [account(5)]
    world.panel.changed = {5: MIDNIGHT + timedelta(hours=5)}
    world.clock.now = MIDNIGHT + timedelta(days=1)
    await world.auditor.start_nightly()
    await world.configure(a_shop(panel=IDOSELL, enabled=False))
    assert (await world.finished((await world.auditor.of_shop("shop1"))[0])).trouble == "shop_disabled"
    await world.configure(a_shop(panel=IDOSELL))
    world.clock.now = MIDNIGHT + timedelta(days=2)
    await world.auditor.start_nightly()
    assert dict((await world.finished((await world.auditor.of_shop("shop1"))[0])).causes) == {Cause.ACCOUNT_UNKNOWN: 1}


async def test_a_full_comparison_asks_for_every_account(world: Audit) -> None:
    await world.compared()
    assert world.panel.pages_read == [(0, None)]
