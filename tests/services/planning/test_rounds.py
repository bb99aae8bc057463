"""How much is decided in one round, and what goes on beside it."""

import asyncio
from typing import Any

import pytest

from app.domain.commands import UpsertContact
from app.domain.consent import Status
from app.services.planning import planner, planning_round
from app.services.planning.planner import FIRST_ROUND, ROUND, EventCost, Planner, RoundLimits, round_size
from tests.support.world import (
    EWA,
    JAN,
    World,
    a_shop,
    registers,
    subscribes,
    unsubscribes,
)

NEW = "new@example.pl"


async def test_others_are_served_while_a_round_decides_for_long(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every event takes longer than a turn may: between each two of them the loop goes on."""
    await world.configure(a_shop())
    await world.post(*(registers(f"p{number}@example.pl") for number in range(20)))
    turns, turn_of = 0, []
    decide = planning_round.decide

    def slow(*happened: Any, **known: Any) -> Any:
        turn_of.append(turns)
        return decide(*happened, **known)

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(planner, "TIME_SLICE_SECONDS", -1)
    monkeypatch.setattr(planning_round, "decide", slow)
    waiting = asyncio.create_task(others())
    await world.run()
    waiting.cancel()
    assert len(turn_of) == len(set(turn_of)) >= 20


@pytest.mark.parametrize(
    ("planned", "deciding", "storing", "next_one"),
    [
        (FIRST_ROUND, 0.0001, 0.0001, 2 * FIRST_ROUND),
        (1, 0.0, 0.0, 2 * FIRST_ROUND),
        (ROUND, 0.001, 0.0001, ROUND),
        (FIRST_ROUND, 0.25, 0.0001, 4),
        (FIRST_ROUND, 0.0001, 0.25, 2),
        (FIRST_ROUND, 16.0, 0.0, 1),
        (1, 0.0, 60.0, 1),
    ],
)
def test_a_round_takes_as_many_events_as_the_last_one_could_afford(
    planned: int, deciding: float, storing: float, next_one: int
) -> None:
    assert round_size(planned, EventCost(deciding, storing), RoundLimits(seconds=1.0, uncut=0.5)) == next_one


async def test_a_planner_is_behind_until_a_round_takes_all_that_waits(world: World) -> None:
    await world.post(*(registers(f"p{number}@example.pl") for number in range(3)))
    seen = []
    while await world.planner.plan_due(limit=2):
        seen.append(world.planner.is_behind)
    assert seen == [True, False]
    assert not world.planner.is_behind


@pytest.mark.parametrize("first", [True, False])
async def test_a_round_ends_early_only_while_a_caller_waits_for_the_store(
    world: World, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    """On SQLite, where a caller cannot be answered meanwhile; PostgreSQL has a connection for each."""
    await world.configure(a_shop())
    await world.post(*(registers(f"p{number}@example.pl") for number in range(5)))
    waiting: list[asyncio.Task[None]] = []
    decide = planning_round.decide

    async def waits() -> None:
        async with world.store.work(first=first):
            pass

    def with_company(*happened: Any, **known: Any) -> Any:
        if not waiting:
            waiting.append(asyncio.create_task(waits()))
        return decide(*happened, **known)

    monkeypatch.setattr(planner, "TIME_SLICE_SECONDS", -1)
    monkeypatch.setattr(planning_round, "decide", with_company)
    limits = RoundLimits(awaited=0.0, seconds=3_600, uncut=3_600)
    ours = Planner(world.store, world.directory, world.clock, world.pseudonym, lambda: None, limits=limits)
    assert await ours.plan_due() == (2 if first and world.database.is_sqlite else 5)
    await asyncio.gather(*waiting)


def _hurried(world: World) -> Planner:
    """A planner for whom every decision takes as long as a whole round should."""
    return Planner(world.store, world.directory, world.clock, world.pseudonym, lambda: None, limits=RoundLimits(0.0, 0.0, 0.0))


async def test_a_round_of_costly_events_ends_early_and_the_rest_follows(world: World) -> None:
    await world.post(*(registers(f"p{number}@example.pl") for number in range(5)))
    hurried = _hurried(world)
    assert [await hurried.plan_due() for _ in range(6)] == [1, 1, 1, 1, 1, 0]
    await world.run()
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}


async def test_r06_a_costly_round_ends_behind_its_last_opt_out(world: World) -> None:
    """Otherwise what was decided before the opt-out would leave before it."""
    await world.post(subscribes(JAN), registers(EWA), unsubscribes(JAN, 1), registers(NEW))
    assert await _hurried(world).plan_due() == 3
    await world.run()
    assert [one.email_status for one in world.upstream.sent(UpsertContact) if one.email == JAN] == [Status.OPT_OUT]


async def test_a_round_is_cut_by_what_storing_costs_only_where_it_holds_the_store(world: World) -> None:
    """Where others get at the store meanwhile, their time is in the figure: a slow process would decide one by one for ever."""
    limits = RoundLimits(awaited=9, seconds=9, uncut=0)
    ours = Planner(world.store, world.directory, world.clock, world.pseudonym, lambda: None, limits=limits)
    await world.post(*(registers(f"c{number}@example.pl") for number in range(6)))
    assert await ours.plan_due() == 6
    await world.post(*(registers(f"d{number}@example.pl") for number in range(6)))
    assert await ours.plan_due() == (1 if world.database.is_sqlite else 6)
