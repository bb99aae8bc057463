"""A pass that is interrupted: by a crash, a restart, a second worker, or a person who pauses it at that moment."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from app.domain.runs.backfill import Pause, Phase
from app.domain.runs.backfill_tally import Tally
from app.services.runs.backfills import Backfills
from app.storage.engine.database import Database
from app.storage.unit_of_work import Store, Work
from tests.support.world import Killed
from tests.support.worlds.backfill_world import Airport, people


async def test_what_was_read_while_somebody_paused_it_is_thrown_away_and_read_again(world: Airport) -> None:
    world.panel.rows = people(120)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    before = await world.run_of(number)

    async def pauses() -> None:
        await world.flights.pause("shop1", number)

    world.panel.on_read = pauses
    await world.flights.step_due()
    assert len(await world.events()) == 2  # the canary's
    assert len(await world.noted()) == 2
    run = await world.run_of(number)
    assert (run.paused, run.page, run.found) == (Pause.BY_A_PERSON, before.page, before.found)
    await world.flights.resume("shop1", number)
    assert (await world.land(number)).tally == Tally(found=120, sent=120)


@pytest.mark.parametrize("act", ["pause", "cancel"])
async def test_what_a_person_asks_for_is_done_though_a_step_ends_at_that_very_moment(world: Airport, act: str) -> None:
    world.panel.rows = people(350)
    number = await world.begin()
    stepped = await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    async with world.store.work() as work:
        assert await work.backfills.save(replace(stepped, page=stepped.page + 1), stepped)
        asked = asyncio.create_task(getattr(world.flights, act)("shop1", number))
        await asyncio.sleep(0.2)  # it has looked at the transfer, or waits for this step to end
        await work.commit()
    await asked
    run = await world.run_of(number)
    assert (run.page, run.is_moving) == (stepped.page + 1, act == "cancel")
    assert (run.paused is Pause.BY_A_PERSON) is (act == "pause")


class WithAStepAfterEachTransaction(Store):
    """As if another worker were always about to read the next page."""

    step: Callable[[], Awaitable[int]] | None = None

    @asynccontextmanager
    async def work(self, *, first: bool = False) -> AsyncIterator[Work]:
        async with super().work(first=first) as work:
            yield work
        if self.step is not None:
            step, self.step = self.step, None
            await step()
            self.step = step


async def test_no_step_comes_between_looking_at_a_transfer_and_changing_it(world: Airport, database: Database) -> None:
    world.panel.rows = people(350)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    busy = WithAStepAfterEachTransaction(database, world.clock)
    flights = Backfills(busy, world.directory, lambda shop: world.sides[shop], world.dry_run, world.clock, lambda: None)
    busy.step = world.flights.step_due
    await flights.pause("shop1", number)
    assert (await world.run_of(number)).paused is Pause.BY_A_PERSON


async def test_a_crash_between_reading_and_writing_queues_nobody_and_the_page_is_read_again(world: Airport) -> None:
    world.panel.rows = people(120)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER)

    async def dies() -> None:
        raise Killed

    world.panel.on_read = dies
    with pytest.raises(Killed):
        await world.flights.step_due()
    assert len(await world.noted()) == 2
    world.flights = world.restarted()
    assert (await world.land(number)).tally == Tally(found=120, sent=120)
    assert len(await world.events()) == 120


async def test_two_workers_at_the_same_page_queue_it_once(world: Airport) -> None:
    world.panel.rows = people(250)
    number = await world.begin()
    stale = await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    other = world.restarted()
    await world.flights.steps.step(stale)
    moved = await world.run_of(number)
    await other.steps.step(stale)
    assert await world.run_of(number) == moved
    assert len(await world.events()) == 100
    landed = await world.land(number)
    assert landed.tally == Tally(found=250, sent=250)
    assert len(await world.events()) == 250


async def test_a_restart_in_the_middle_goes_on_at_the_same_page(world: Airport) -> None:
    world.panel.rows = people(450)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 3)
    world.flights = world.restarted()
    world.panel.pages_read.clear()
    assert (await world.land(number)).tally == Tally(found=450, sent=450)
    assert [page for page, since in world.panel.pages_read if since is None][:2] == [3, 4]
