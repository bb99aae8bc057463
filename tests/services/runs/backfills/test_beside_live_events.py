"""Live events go before the list, and the list sets off no automation."""

from collections import Counter
from datetime import timedelta

from app.domain.commands import UpsertContact
from app.domain.delivery.outbox import to_account
from app.domain.runs.backfill import Phase
from tests.support.world import (
    EWA,
    JAN,
    orders,
    registers,
    subscribes,
)
from tests.support.worlds.backfill_world import Airport, people

# -- live events first ---------------------------------------------------------------------------------------------------


async def test_a_live_order_is_decided_before_a_hundred_accounts_that_wait(world: Airport) -> None:
    world.panel.rows = people(120)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    await world.flights.step_due()
    await world.post(orders(email=JAN), event_id="live")
    assert len(await world.events()) == 101
    assert await world.planner.plan_due(1) == 1
    assert (await world.states())["live"][0] == "planned"
    assert Counter(state for state, _ in (await world.states()).values())["received"] == 98


async def test_a_live_order_is_carried_before_a_hundred_accounts_that_were_decided_before_it(world: Airport) -> None:
    world.panel.rows = people(120)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    await world.flights.step_due()
    await world.plan()
    world.clock.advance(minutes=1)
    await world.post(orders(email=JAN, minutes=60))
    await world.plan()
    async with world.store.work() as work:
        (claim,) = await work.leases.claim(to_account("main"), [], 1, world.clock(), timedelta(minutes=1))
    assert {getattr(command.command, "email", None) for command in claim.commands} == {JAN}


async def test_a_live_event_of_somebody_who_waits_in_the_list_takes_them_to_the_front(world: Airport) -> None:
    world.panel.rows = people(120)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    await world.flights.step_due()
    await world.plan()
    late = "person1090@example.pl"
    await world.post(orders(email=late, minutes=60))
    await world.plan()
    async with world.store.work() as work:
        (claim,) = await work.leases.claim(to_account("main"), [], 1, world.clock(), timedelta(minutes=1))
    assert {getattr(command.command, "email", None) for command in claim.commands} == {late}


# -- quietly -------------------------------------------------------------------------------------------------------------


async def test_everything_the_transfer_sends_is_sent_quietly_even_of_one_alone(world: Airport) -> None:
    world.panel.rows = people(1)
    await world.flown()
    (upsert,) = world.upstream.sent(UpsertContact)
    assert upsert.quiet
    assert "upsert" not in world.upstream.methods  # only a batch can be told to set nothing off


async def test_what_a_person_does_meanwhile_is_sent_with_automations_and_in_another_call(world: Airport) -> None:
    world.panel.rows = people(3)
    number = await world.begin()
    await world.until(number, lambda run: run.phase is Phase.TRANSFER)
    await world.flights.step_due()
    await world.post(registers(JAN), subscribes(EWA))
    await world.run()
    batches = [items for method, items in world.upstream.calls if method in ("upsert", "upsert_many")]
    assert all(len({one.quiet for one in batch}) == 1 for batch in batches)
    assert {one.email: one.quiet for batch in batches for one in batch} == {
        **{f"person{n}@example.pl": True for n in (1000, 1001, 1002)},
        JAN: False,
        EWA: False,
    }
