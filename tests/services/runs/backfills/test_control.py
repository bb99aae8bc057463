"""Who may start, approve, pause, resume and cancel a transfer, and when."""

import asyncio

import pytest

from app.domain.consent import Policy
from app.domain.errors import NotFound, NotPossible
from app.domain.runs.backfill import BackfillMode, Pause, Phase, state_of
from app.domain.runs.backfill_tally import Tally
from app.domain.shops.shop import BackfillSettings, Panel, PanelKind
from tests.support.worlds.backfill_world import Airport, account, people, the_shop

SMALL_CANARY = BackfillSettings(automatic=True, canary=2)


# -- the policy ----------------------------------------------------------------------------------------------------------


async def test_under_order_consent_there_is_no_transfer_and_the_refusal_says_why(world: Airport) -> None:
    await world.configure(the_shop(policy=Policy.ORDER_CONSENT))
    for mode in BackfillMode:
        with pytest.raises(NotPossible, match="order_consent"):
            await world.begin(mode)
    assert await world.flights.of_shop("shop1") == []


async def test_a_shop_without_a_panel_to_list_learns_what_to_do_instead(world: Airport) -> None:
    for kind in (PanelKind.NONE, PanelKind.WEBHOOK):
        await world.configure(the_shop(panel=Panel(kind=kind)))
        with pytest.raises(NotPossible, match="no panel"):
            await world.begin()


async def test_a_changed_policy_stops_the_transfer_and_a_person_resumes_it_when_it_is_changed_back(world: Airport) -> None:
    world.panel.rows = people(250)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 1)
    await world.configure(the_shop(policy=Policy.ORDER_CONSENT))
    world.panel.pages_read.clear()
    for _ in range(3):
        await world.step()
    stopped = await world.run_of(number)
    assert (stopped.paused, stopped.page, world.panel.pages_read) == (Pause.POLICY_CHANGED, 1, [])
    await world.flights.resume("shop1", number)
    await world.step()
    assert (await world.run_of(number)).paused is Pause.POLICY_CHANGED
    await world.configure(the_shop())
    await world.flights.resume("shop1", number)
    assert (await world.land(number)).tally == Tally(found=250, sent=250)


async def test_a_transfer_that_the_policy_stopped_can_be_cancelled_and_is_then_over(world: Airport) -> None:
    world.panel.rows = people(250)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 1)
    await world.configure(the_shop(policy=Policy.ORDER_CONSENT))
    await world.step()
    await world.flights.cancel("shop1", number)
    for _ in range(5):
        await world.step()
    over = await world.at(number)
    assert (over.run.is_over, state_of(over.run, over.tally)) == (True, "cancelled")


# -- who starts it -------------------------------------------------------------------------------------------------------


async def test_an_automatic_transfer_begins_by_itself_once_and_never_again(world: Airport) -> None:
    await world.configure(the_shop(backfill=SMALL_CANARY))
    world.panel.rows = people(30)
    assert await world.flights.start_automatic() == 1
    assert await world.flights.start_automatic() == 0
    assert await world.restarted().start_automatic() == 0
    (begun,) = await world.flights.of_shop("shop1")
    assert (begun.run.mode, begun.run.phase) == (BackfillMode.RUN, Phase.CANARY)
    assert (await world.land(begun.run.id)).tally == Tally(found=30, sent=30)
    assert await world.restarted().start_automatic() == 0


async def test_an_approved_transfer_counts_by_itself_and_sends_nobody_before_a_person_says_so(world: Airport) -> None:
    world.panel.rows = [*people(130), account(1, guest=True)]
    assert await world.flights.start_automatic() == 1
    (begun,) = await world.flights.of_shop("shop1")
    number = begun.run.id
    await world.until(number, lambda run: run.phase is Phase.AWAITING_APPROVAL)
    for _ in range(3):
        await world.step()
    waits = await world.at(number)
    assert (await world.events(), waits.run.phase) == ([], Phase.AWAITING_APPROVAL)
    assert waits.tally == waits.run.preview == Tally(found=131, sent=130, withheld={"no_account": 1})
    assert await world.restarted().start_automatic() == 0
    await world.flights.approve("shop1", number)
    landed = await world.land(number)
    assert landed.tally == landed.run.preview == Tally(found=131, sent=130, withheld={"no_account": 1})


@pytest.mark.parametrize(
    "settings",
    [
        {"policy": Policy.ORDER_CONSENT},
        {"enabled": False},
        {"shadow": True},
        {"panel": Panel()},
        {"panel": Panel(kind=PanelKind.WEBHOOK, base_url="https://hook.example")},
    ],
)
async def test_only_an_active_shop_of_all_customers_with_a_panel_begins_by_itself_and_does_so_once_it_is_one(
    world: Airport, settings: dict[str, object]
) -> None:
    await world.configure(the_shop(**settings))
    assert await world.flights.start_automatic() == 0
    await world.configure(the_shop())
    assert await world.flights.start_automatic() == 1


async def test_a_dry_run_is_no_transfer_so_the_automatic_one_still_begins(world: Airport) -> None:
    await world.configure(the_shop(shadow=True))
    world.panel.rows = people(3)
    await world.flown(BackfillMode.DRY_RUN)
    await world.configure(the_shop())
    assert await world.flights.start_automatic() == 1


async def test_two_who_start_at_once_make_one_transfer(world: Airport) -> None:
    asked = [world.flights.start("shop1", BackfillMode.RUN), world.restarted().start("shop1", BackfillMode.RUN)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(type(one).__name__ for one in answers) == ["NotPossible", "Progress"]
    assert len(await world.flights.of_shop("shop1")) == 1


# -- what a person may do ------------------------------------------------------------------------------------------------


async def test_a_paused_transfer_reads_nothing_while_what_is_queued_still_goes(world: Airport) -> None:
    world.panel.rows = people(350)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 1)
    await world.flights.step_due()
    await world.flights.pause("shop1", number)
    world.panel.pages_read.clear()
    for _ in range(3):
        await world.step()
    held = await world.at(number)
    assert (world.panel.pages_read, state_of(held.run, held.tally)) == ([], "paused")
    assert held.tally == Tally(found=200, sent=200)
    await world.flights.resume("shop1", number)
    assert (await world.land(number)).tally == Tally(found=350, sent=350)


async def test_a_cancelled_transfer_reports_what_became_of_those_it_had_queued(world: Airport) -> None:
    world.panel.rows = people(350)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER and run.page == 1)
    await world.flights.step_due()
    cancelled = await world.flights.cancel("shop1", number)
    assert state_of(cancelled.run, cancelled.tally) == "cancelling"
    assert cancelled.tally.waiting == 100
    landed = await world.land(number)
    assert (landed.tally, state_of(landed.run, landed.tally)) == (Tally(found=200, sent=200), "cancelled")
    assert await world.begin() != number


@pytest.mark.parametrize("phase", [Phase.COUNTING, Phase.AWAITING_APPROVAL])
async def test_a_transfer_cancelled_before_anybody_approved_it_reports_nobody_as_sent(world: Airport, phase: Phase) -> None:
    world.panel.rows = people(250)
    await world.flights.start_automatic()
    (begun,) = await world.flights.of_shop("shop1")
    await world.until(begun.run.id, lambda run: run.phase is phase and run.found > 0)
    await world.flights.cancel("shop1", begun.run.id)
    over = await world.at(begun.run.id)
    assert (state_of(over.run, over.tally), await world.events()) == ("cancelled", [])
    assert over.tally.sent == 0


async def test_what_makes_no_sense_as_things_stand_is_refused_with_a_sentence(world: Airport) -> None:
    world.panel.rows = people(130)
    flights, number = world.flights, await world.begin()
    with pytest.raises(NotPossible, match="under way"):
        await world.begin()
    with pytest.raises(NotPossible, match="under way"):
        await world.begin(BackfillMode.DRY_RUN)
    with pytest.raises(NotPossible, match="paused"):
        await flights.resume("shop1", number)
    with pytest.raises(NotPossible, match="approv"):
        await flights.approve("shop1", number)
    await flights.pause("shop1", number)
    with pytest.raises(NotPossible, match="moving"):
        await flights.pause("shop1", number)
    with pytest.raises(NotPossible, match="under way"):
        await world.begin()
    await flights.resume("shop1", number)
    await world.land(number)
    for act in (flights.pause, flights.resume, flights.approve, flights.cancel):
        with pytest.raises(NotPossible):
            await act("shop1", number)


async def test_another_shops_number_and_one_that_never_was_are_the_same_nothing(world: Airport) -> None:
    await world.configure(the_shop(), the_shop("shop2", host="hurt.example", location="hurt_example"))
    number = await world.begin()
    flights = world.flights
    for act in (flights.progress, flights.pause, flights.resume, flights.approve, flights.cancel):
        for shop, asked in (("shop2", number), ("shop1", number + 1)):
            with pytest.raises(NotFound):
                await act(shop, asked)
    with pytest.raises(NotFound):
        await flights.start("no-such", BackfillMode.RUN)
    assert await flights.of_shop("shop2") == []
    assert (await world.run_of(number)).is_moving
