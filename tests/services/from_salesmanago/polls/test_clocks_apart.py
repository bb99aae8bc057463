"""SALESmanago dates changes by a clock of its own: what changes after a reading is read by the next window all the same (R30)."""

import random
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from app.domain.delivery.answers import LookupResult, Modified
from app.domain.delivery.verify import RemoteContact
from app.domain.values import replace
from tests.support.world import FakeUpstream, World, registers
from tests.support.worlds.changes import AT_ONCE, person, pulling

PEOPLE = [f"p{number}@example.pl" for number in range(4)]


@dataclass
class WithItsOwnClock(FakeUpstream):
    """Shows who was modified in a window, as it dates it, and when in a reading."""

    ahead: timedelta = timedelta()
    modified_at: dict[str, datetime] = field(default_factory=dict)

    def tag(self, email: str, tag: str) -> None:
        self.contacts[email].add(tag)
        self.modified_at[email] = self.clock() + self.ahead

    async def modified(self, since: datetime, until: datetime, page: int) -> Modified:
        answer = await super().modified(since, until, page)
        shown = tuple(email for email, at in self.modified_at.items() if since <= at < until)
        return replace(answer, emails=shown, has_more=False)

    async def look_up(self, emails: Collection[str]) -> LookupResult:
        found = await super().look_up(emails)
        dated = {email: self._dated(email, one) for email, one in found.contacts.items()}
        return replace(found, contacts=dated)

    def _dated(self, email: str, shown: RemoteContact) -> RemoteContact:
        return replace(shown, modified_at=self.modified_at.get(email))


@pytest.fixture
async def apart(world: World) -> WithItsOwnClock:
    await world.post(*(registers(email) for email in PEOPLE))
    await world.run()
    world.upstream = upstream = WithItsOwnClock(world.clock, contacts=world.upstream.contacts)
    return upstream


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seconds", [-240, -60, -6, -5, -2, -0.001, 0, 0.5, 5, 60])
@pytest.mark.parametrize("seed", range(3))
async def test_r30_a_change_is_read_by_the_first_window_that_can_show_it(
    world: World, apart: WithItsOwnClock, seconds: float, seed: int
) -> None:
    apart.ahead = timedelta(seconds=seconds)
    chance, pull = random.Random(seed), pulling(world)
    reads = 0
    for number in range(25):
        for email in chance.sample(PEOPLE, chance.randrange(3)):
            world.clock.advance(seconds=chance.choice([0.002, 0.4, 3, 20]))
            apart.tag(email, f"t{number}")
            reads += 1
        world.clock.advance(seconds=chance.choice([0.002, 1, 30, 90]))
        await pull.pull_changed("main", AT_ONCE)
        await world.run()
        for email in PEOPLE:
            if apart.modified_at.get(email, world.clock()) < world.clock():  # not dated ahead: no window ends later than now
                assert (await person(world, email)).observed.tags.keys() >= apart.contacts[email], (number, email)


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seconds", [-60, 0, 60])
async def test_who_changed_long_before_the_window_is_read_once(world: World, apart: WithItsOwnClock, seconds: float) -> None:
    apart.ahead = timedelta(seconds=seconds)
    pull = pulling(world)
    for email in PEOPLE:
        apart.tag(email, "t")
        world.clock.advance(seconds=70)
        await pull.pull_changed("main", AT_ONCE)
    for _ in range(5):
        world.clock.advance(seconds=70)
        await pull.pull_changed("main", AT_ONCE)
    read = [email for method, items in apart.calls if method == "look_up" for email in items]
    assert sorted(read) == PEOPLE
