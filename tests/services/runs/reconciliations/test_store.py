"""Comparisons as the store keeps them."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import select

from app.domain.runs.reconciliation import Phase, Reconciliation, ReconciliationMode
from app.storage.engine.tables import reconciliations
from tests.services.runs.reconciliations.comparing import Audit, both_stores, damaged

# -- the store -----------------------------------------------------------------------------------------------------------


@both_stores
async def test_what_was_read_is_written_back_as_the_same_bytes(world: Audit) -> None:
    await damaged(world)
    run = await world.finished(await world.auditor.start("shop1", ReconciliationMode.PREVIEW))
    async with world.store.work() as work:
        assert await work.reconciliations.save(replace(run, checked=99), run)
        assert not await work.reconciliations.save(replace(run, checked=100), run)
        await work.commit()
    assert (await world.auditor.one("shop1", run.id)).checked == 99


@both_stores
async def test_what_is_due_are_the_runs_that_are_not_over_the_longest_waiting_first(world: Audit) -> None:
    now = world.clock()
    plain = Reconciliation(
        shop_id="shop1", mode=ReconciliationMode.PREVIEW, token="t", started_at=now, due_at=now, accounts_since=None
    )
    async with world.store.work() as work:
        late = await work.reconciliations.add(replace(plain, due_at=now + timedelta(microseconds=1)))
        ready = await work.reconciliations.add(plain)
        earlier = await work.reconciliations.add(replace(plain, due_at=now - timedelta(hours=1)))
        await work.reconciliations.add(replace(plain, phase=Phase.FINISHED))
        assert [one.id for one in await work.reconciliations.due(now)] == [earlier, ready]
        assert late in [one.id for one in await work.reconciliations.of_shop("shop1", 9)]
        assert [one.id for one in await work.reconciliations.of_shop("shop1", 2)] == [earlier + 1, earlier]
        await work.commit()
    async with world.database.transaction() as connection:
        assert len((await connection.execute(select(reconciliations.c.id))).all()) == 4
