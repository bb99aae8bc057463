"""Whatever waited for SALESmanago or a panel has left a few minutes after that answers again, however long it did not (R11)."""

from datetime import timedelta

import pytest

from app.domain.delivery.outcomes import Delivered, Outcome, Throttled, Unknown, Unreachable
from tests.support.world import JAN, World, registers, subscribes
from tests.support.worlds.changes import OUT, down, fine, resigned, said_at_home

SOON = timedelta(minutes=3)
"""The pause of the destination, that of the contact, and the time until an unclear answer is checked."""
OUTAGES = {
    "nobody listens": lambda: Unreachable("ConnectError"),
    "too many calls": lambda: Throttled(),
    "no answer in time": lambda: Unknown("no whole answer in time"),
}


STEPS = 24
"""Of any outage. A worker that asked each minute would learn nothing else."""


async def an_outage(world: World, outcome: Outcome, hours: float) -> None:
    world.upstream.applied, world.upstream.respond = False, lambda method, items: outcome
    await world.run_for(hours=hours, steps=STEPS)
    world.upstream.applied, world.upstream.respond = True, lambda method, items: Delivered()


@pytest.mark.parametrize(("hours", "people"), [(0.5, 1), (8.0, 1), (8.0, 12)])
@pytest.mark.parametrize(
    ("kind", "dialect"), [(kind, "sqlite") for kind in OUTAGES] + [("nobody listens", "postgresql")], indirect=["dialect"]
)
async def test_r11_what_waited_for_an_outage_to_end_leaves_at_once_after_it(
    world: World, kind: str, hours: float, people: int
) -> None:
    await world.post(*(registers(f"c{number}@example.pl") for number in range(people)))
    await an_outage(world, OUTAGES[kind](), hours)
    await world.run_for(hours=SOON / timedelta(hours=1), steps=12)
    assert set((await world.states()).values()) == {("sent", None)}


async def test_r11_what_waited_for_a_panel_leaves_at_once_when_it_is_back(world: World) -> None:
    await world.post(registers(), subscribes(JAN))
    await world.run()
    world.side.respond = down
    await world.post(resigned(2))
    await world.run_for(hours=8, steps=STEPS)
    before = len(said_at_home(world))
    world.side.respond = fine
    await world.run_for(hours=SOON / timedelta(hours=1), steps=12)
    assert said_at_home(world)[before:] == [OUT]


async def test_an_event_shows_the_first_and_the_last_of_the_tries_of_an_outage(world: World) -> None:
    await world.post(registers())
    await an_outage(world, Unreachable("ConnectError"), hours=8)
    await world.run_for(hours=SOON / timedelta(hours=1), steps=12)
    async with world.store.work() as work:
        trace = await work.traces.of_event("shop1", "e1")
    assert trace is not None
    first, last, sent = trace.commands[0].attempts
    assert (first.number, first.outcome, last.outcome, sent.outcome) == (1, "unreachable", "unreachable", "delivered")
    assert sent.number == last.number + 1 > STEPS
