"""A panel that fails, is overloaded, or hangs."""

import asyncio
from datetime import datetime, timedelta

import pytest

from app.domain.delivery.outcomes import Outcome, Refused, Throttled, Unreachable
from app.domain.runs.backfill import BackfillMode, Listing, Phase
from app.domain.runs.backfill_tally import Tally
from tests.support.worlds.backfill_world import Airport, people, the_shop

OUTCOMES = [
    ("sqlite", Unreachable("connection refused"), "connection refused"),
    ("sqlite", Throttled(None), "throttled"),
    ("sqlite", Throttled(90), "asked to wait 90 s"),
    ("sqlite", Refused("HTTP 403", account_wide=True), "HTTP 403"),
    ("postgresql", Throttled(90), "asked to wait 90 s"),
]
"""How a call ended is no matter of SQL: on PostgreSQL one shows that the page and the rest are kept."""


@pytest.mark.parametrize(("dialect", "outcome", "words"), OUTCOMES, indirect=["dialect"])
async def test_a_panel_that_does_not_answer_is_left_alone_and_asked_for_the_same_page_later(
    world: Airport, outcome: Outcome, words: str
) -> None:
    world.panel.rows = people(350)
    number = await world.begin()
    before = await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 2)
    world.panel.outcomes = [outcome]
    await world.flights.step_due()
    resting = await world.run_of(number)
    assert (resting.page, resting.found, resting.phase, resting.trouble) == (2, before.found, before.phase, words)
    assert resting.due_at > world.clock()
    if isinstance(outcome, Throttled) and outcome.retry_after:
        assert resting.due_at >= world.clock() + timedelta(seconds=outcome.retry_after)
    world.panel.pages_read.clear()
    assert await world.flights.step_due() == 0
    assert world.panel.pages_read == []
    landed = await world.land(number)
    assert landed.tally == Tally(found=350, sent=350)
    assert [page for page, since in world.panel.pages_read if since is None][:2] == [2, 3]
    assert landed.run.trouble == ""


async def test_a_panel_that_asks_for_years_of_rest_is_asked_again_within_a_day(world: Airport) -> None:
    world.panel.rows = people(3)
    number = await world.begin()
    world.panel.outcomes = [Throttled(900_000_000)]
    await world.flights.step_due()
    assert (await world.run_of(number)).due_at <= world.clock() + timedelta(days=1)


async def test_a_panel_that_fails_again_and_again_is_asked_more_and_more_rarely(world: Airport) -> None:
    world.panel.rows = people(3)
    number = await world.begin()
    rests = []
    for _ in range(12):
        world.panel.outcomes = [Unreachable("no")]
        await world.flights.step_due()
        due = (await world.run_of(number)).due_at
        rests.append(due - world.clock())
        world.clock.now = due
    assert rests == sorted(rests)
    assert rests[0] < timedelta(minutes=1) < rests[-1] <= timedelta(minutes=10)


async def test_an_overloaded_panel_is_not_read_until_it_is_well_again(world: Airport) -> None:
    world.panel.rows = people(120)
    number = await world.begin()
    before = await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    world.panel.overloaded = True
    world.panel.pages_read.clear()
    for _ in range(3):
        await world.step()
    resting = await world.at(number)
    assert world.panel.pages_read == []
    assert (resting.run.trouble, resting.run.page, resting.run.found) == ("panel_overloaded", before.page, before.found)
    world.panel.overloaded = False
    assert (await world.land(number)).tally == Tally(found=120, sent=120)


async def test_the_load_is_not_asked_for_with_every_page(world: Airport) -> None:
    world.panel.rows = people(950)
    await world.begin(BackfillMode.DRY_RUN)
    for _ in range(10):
        await world.flights.step_due()
    assert len(world.panel.pages_read) == 10
    assert world.panel.loads_asked == 1


async def test_a_disabled_shop_waits_and_its_transfer_goes_on_when_it_is_enabled(world: Airport) -> None:
    world.panel.rows = people(3)
    number = await world.begin()
    await world.configure(the_shop(enabled=False))
    for _ in range(3):
        await world.step()
    assert world.panel.pages_read == []
    assert (await world.run_of(number)).trouble == "shop_disabled"
    await world.configure(the_shop())
    assert (await world.land(number)).tally == Tally(found=3, sent=3)


async def test_a_shop_whose_panel_brings_a_defect_to_light_does_not_hold_up_the_others(world: Airport) -> None:
    """R71: one broken shop never delays another."""
    await world.configure(the_shop(), the_shop("shop2", host="hurt.example", location="hurt_example"))
    other = world.listed("shop2")
    world.panel.rows, other.rows = people(3), people(3)

    async def breaks(page: int, changed_since: datetime | None = None) -> Listing:
        raise ValueError("an answer nobody thought of")

    world.panel.accounts = breaks  # type: ignore[method-assign]
    await world.begin()
    world.clock.advance(seconds=1)
    theirs = await world.begin(shop="shop2")
    for _ in range(12):
        try:
            await world.step()
        except ValueError:
            world.clock.advance(minutes=10)
    assert (await world.at(theirs, "shop2")).tally == Tally(found=3, sent=3)


async def test_a_shop_whose_panel_hangs_does_not_hold_up_the_others(world: Airport) -> None:
    """R71: a slow shop neither."""
    await world.configure(the_shop(), the_shop("shop2", host="hurt.example", location="hurt_example"))
    other = world.listed("shop2")
    world.panel.rows, other.rows = people(3), people(3)
    answered = asyncio.Event()

    async def hangs() -> None:
        await answered.wait()

    world.panel.on_read = hangs
    await world.begin()
    world.clock.advance(seconds=1)
    await world.begin(shop="shop2")
    stepping = asyncio.create_task(world.flights.step_due())
    try:
        for _ in range(200):
            await asyncio.sleep(0.005)
            if other.pages_read:
                break
        assert other.pages_read != []
    finally:
        answered.set()
        await stepping
