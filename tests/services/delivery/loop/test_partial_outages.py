"""What some calls alone suffer from, or what only time-outs show, holds nothing up after its end (R11, R55, R41)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from app.domain.delivery.outcomes import LONGEST_BACKOFF, Delivered, Outcome, Refused, Throttled, Unknown, Unreachable
from app.domain.events import OptOutClaimed
from tests.support.world import JAN, World, at, erases, orders, registers, subscribes
from tests.support.worlds.changes import ended, reported, resigned

pytestmark = pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)  # the recovery test has both databases

SOON = timedelta(minutes=3)
"""The pause of the destination, that of the contact, and the time until an unclear answer is checked."""
AN_OUTAGE = timedelta(hours=2)
STEP = timedelta(minutes=2)
SUFFERS: dict[str, Callable[[str], bool]] = {
    "contacts": lambda method: "upsert" in method,
    "events": lambda method: "event" in method,
    "deletions": lambda method: method == "delete",
    "all that is written": lambda method: method not in ("look_up", "statuses"),
    "what is read": lambda method: method in ("look_up", "statuses"),
}
NO_ANSWER = [Unknown("no whole answer in time"), Unreachable("ConnectError"), Throttled(), Refused("key", account_wide=True)]


async def passes(world: World, time: timedelta, *, others: bool = False) -> None:
    """`others`: every ten minutes somebody registers of whom nothing else is sent."""
    for number in range(time // STEP):
        if others and number % 5 == 0:
            await world.post(registers(f"c{world.accepted}@example.pl", number))
        await world.run()
        world.clock.advance(seconds=STEP.total_seconds())
    await world.run()
    await world.run()  # an answer may have brought an event


async def wanting_everything(world: World) -> None:
    """A purchase, an erasure, and what callbacks report of two people."""
    await world.post(registers(), subscribes(JAN), *(registers(f"{name}@example.pl") for name in ("ewa", "ola", "iza")))
    await world.run()
    await world.post(orders(), erases("ewa@example.pl", 3), reported(3, "iza@example.pl"))
    await world.post(OptOutClaimed(at=at(3), email="ola@example.pl"))


@pytest.mark.parametrize("suffers", SUFFERS)
async def test_r11_what_some_calls_suffered_from_is_over_for_everybody_minutes_after_it_ended(world: World, suffers: str) -> None:
    await wanting_everything(world)
    world.upstream.applied = False
    world.upstream.respond = lambda method, items: NO_ANSWER[0] if SUFFERS[suffers](method) else Delivered()
    await passes(world, AN_OUTAGE)
    world.upstream.respond = lambda method, items: Delivered()
    await passes(world, SOON)
    await ended(world)


@pytest.mark.parametrize("outcome", NO_ANSWER, ids=lambda outcome: type(outcome).__name__)
async def test_r11_while_others_get_through_nobody_waits_longer_than_a_quarter_of_an_hour(world: World, outcome: Outcome) -> None:
    await wanting_everything(world)
    world.upstream.applied = False
    world.upstream.respond = lambda method, items: outcome if SUFFERS["events"](method) else Delivered()
    await passes(world, AN_OUTAGE, others=True)
    world.upstream.respond = lambda method, items: Delivered()
    await passes(world, LONGEST_BACKOFF + SOON)
    await ended(world)


@pytest.mark.parametrize("outcome", NO_ANSWER, ids=lambda outcome: type(outcome).__name__)
async def test_r55_a_panel_that_answered_nothing_clear_is_asked_again_minutes_after_it_is_back(
    world: World, outcome: Outcome
) -> None:
    await world.post(registers(), subscribes(JAN))
    await world.run()
    world.side.respond = lambda command: outcome
    await world.post(resigned(2))
    await passes(world, AN_OUTAGE)
    world.side.respond = lambda command: Delivered()
    await passes(world, SOON)
    await ended(world)
