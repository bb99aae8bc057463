"""Everybody is read and queued once: pages, the canary, what is shown of it."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

from app.domain.commands import UpsertContact
from app.domain.delivery.outcomes import Delivered, Refused
from app.domain.runs.backfill import BackfillMode, Pause, Phase, state_of
from app.domain.runs.backfill_tally import Tally
from tests.support.worlds.backfill_world import Airport, account, people, the_shop

# -- everybody once ------------------------------------------------------------------------------------------------------


async def test_every_account_becomes_one_event_and_one_contact_and_the_report_adds_up(world: Airport) -> None:
    world.panel.rows = people(230)
    landed = await world.land(await world.begin())
    assert landed.tally == Tally(found=230, sent=230)
    assert state_of(landed.run, landed.tally) == "complete"
    assert landed.run.finished_at is not None
    assert await world.events() == ["account-listed"] * 230
    assert Counter(one.email for one in world.upstream.sent(UpsertContact)) == Counter(
        f"person{n}@example.pl" for n in range(1000, 1230)
    )


async def test_a_second_transfer_finds_nothing_new_to_tell(world: Airport) -> None:
    world.panel.rows = people(3)
    await world.flown()
    assert await world.flown() == Tally(found=3, withheld={"nothing_new": 3})
    assert len(world.upstream.sent(UpsertContact)) == 3


async def test_an_empty_panel_is_a_complete_transfer_of_nobody(world: Airport) -> None:
    landed = await world.land(await world.begin())
    assert (landed.tally, state_of(landed.run, landed.tally)) == (Tally(), "complete")


async def test_the_canary_goes_first_and_the_rest_only_when_it_has_landed(world: Airport) -> None:
    world.panel.rows = people(120)
    number = await world.begin()
    await world.flights.step_due()
    assert (await world.run_of(number)).phase is Phase.WATCHING
    assert len(await world.events()) == 2
    world.clock.advance(minutes=1)
    await world.flights.step_due()  # nothing was planned or delivered yet
    assert (await world.run_of(number)).phase is Phase.WATCHING
    assert len(await world.events()) == 2
    await world.run()
    assert (await world.land(number)).tally == Tally(found=120, sent=120)


async def test_a_refused_canary_holds_the_rest_until_a_person_has_looked(world: Airport) -> None:
    world.panel.rows = people(150)
    world.upstream.respond = lambda method, items: (
        Refused("bad data")
        if method == "upsert_many" and any(one.email == "person1000@example.pl" for one in items)
        else Delivered()
    )
    number = await world.begin()
    run = await world.until(number, lambda run: run.paused is not None)
    assert run.paused is Pause.CANARY_REFUSED
    for _ in range(3):
        await world.step()
    assert len(await world.events()) == 2
    assert (await world.at(number)).tally == Tally(found=2, sent=1, failed=1)
    await world.flights.resume("shop1", number)
    landed = await world.land(number)
    assert landed.tally == Tally(found=150, sent=149, failed=1)
    assert state_of(landed.run, landed.tally) == "complete_with_failures"


# -- what a person may do ------------------------------------------------------------------------------------------------


async def test_the_newest_backfills_are_shown_first(world: Airport) -> None:
    world.panel.rows = people(3)
    numbers = []
    for mode in (BackfillMode.DRY_RUN, BackfillMode.RUN, BackfillMode.DRY_RUN):
        numbers.append(await world.begin(mode))
        await world.land(numbers[-1])
    assert [one.run.id for one in await world.flights.of_shop("shop1")] == numbers[::-1]


async def test_progress_tells_how_many_and_when(world: Airport) -> None:
    world.panel.rows = people(400)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 1)
    shown = await world.at(number)
    assert (shown.run.total, shown.run.found, shown.tally.found) == (400, 100, 100)
    assert shown.eta == max(world.clock(), shown.run.due_at) + timedelta(minutes=30)  # 300 at 600 an hour


async def test_in_shadow_everybody_is_counted_and_nobody_sent(world: Airport) -> None:
    await world.configure(the_shop(shadow=True))
    world.panel.rows = people(5)
    assert await world.flown() == Tally(found=5, withheld={"shadow": 5})
    assert world.upstream.calls == []


async def test_historical_orders_do_not_come_with_an_account(world: Airport) -> None:
    """R15, R62: what is listed is a profile, never a purchase."""
    world.panel.rows = people(5)
    await world.flown()
    assert world.upstream.events == []


def test_the_world_here_uses_a_row_as_the_client_makes_it() -> None:
    assert account(1).content != account(1, first_name="x").content
    assert replace(account(1)) == account(1)
