"""Health of the way to the shops, and what waits for somebody there."""

from dataclasses import replace
from datetime import timedelta

from app.domain.runs.backfill import Backfill, BackfillMode, Phase
from app.services.health.health import Health
from tests.support.world import (
    NOON,
    World,
)
from tests.support.worlds.changes import (
    down,
    fine,
    no_account,
    resigned,
)


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
    assert (first.receipt_missing, first.manual_tasks) == (True, 0)
    assert (second.receipt_missing, second.oldest_receipt_seconds, second.manual_tasks) == (False, 0, 1)
    assert report.ready
    assert [words.en.partition(":")[0] for words in report.problems if "newsletter change" in words.en] == ["shop1"]
    assert [words.en.partition(":")[0] for words in report.problems if "by a person" in words.en] == ["shop2"]
    two.sides["shop1"].respond = fine
    two.clock.advance(minutes=2)
    await two.run()
    assert not any(one.receipt_missing for one in (await health.report()).shops)


async def test_a_transfer_that_waits_for_a_person_is_a_problem_of_its_shop_until_it_is_over(two: World) -> None:
    async def migrated() -> bool:
        return True

    health = Health(two.store, two.directory, two.clock, migrated, 600.0)
    run = Backfill(
        shop_id="shop2", token="t0ken", started_at=NOON, due_at=NOON, phase=Phase.AWAITING_APPROVAL, mode=BackfillMode.RUN
    )
    async with two.store.work() as work:
        number = await work.backfills.add(run)
        await work.commit()
    assert [words.en.partition(":")[0] for words in (await health.report()).problems if "waits for a person" in words.en] == [
        "shop2"
    ]
    async with two.store.work() as work:
        stored = await work.backfills.find(number)
        assert stored is not None
        await work.backfills.save(replace(stored, phase=Phase.FINISHED), stored)
        await work.commit()
    assert not any(one.transfer_waits for one in (await health.report()).shops)
