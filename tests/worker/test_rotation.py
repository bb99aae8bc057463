"""One job for many things of a kind: each in its time, none held up by another."""

import asyncio
from collections.abc import Collection

from app.worker.rotation import Rotation


class Things:
    """Named things, when each was served, and a steady clock that stands still."""

    def __init__(self, *names: str) -> None:
        self.names: Collection[str] = names
        self.now = 1_000.0
        self.asked = 0
        self.served: list[str] = []
        self.held: dict[str, asyncio.Event] = {}
        self.fails: set[str] = set()
        self.again = 60.0
        self.rotation = Rotation("thing", self._names, self._serve, poll_seconds=10, at_once=2, steady=lambda: self.now)

    async def _names(self) -> Collection[str]:
        self.asked += 1
        return self.names

    async def _serve(self, name: str) -> float:
        self.served.append(name)
        if name in self.fails:
            raise RuntimeError("a defect")
        if name in self.held:
            await self.held[name].wait()
        return self.again

    async def step(self, later: float = 0.0) -> list[str]:
        """Who was served in this step."""
        self.now += later
        self.served.clear()
        assert await self.rotation() == 0
        return sorted(self.served)


async def test_everybody_is_served_at_once_and_again_when_they_asked_for_it() -> None:
    things = Things("a", "b", "c")
    assert await things.step() == ["a", "b", "c"]
    assert await things.step(59) == []
    assert await things.step(1) == ["a", "b", "c"]


async def test_names_are_asked_for_every_so_often_whatever_their_number() -> None:
    few, many = Things("a"), Things(*map(str, range(500)))
    for things in (few, many):
        for _ in range(20):
            await things.step(1)
    assert few.asked == many.asked == 2


async def test_a_new_thing_is_served_and_one_that_is_gone_is_not() -> None:
    things = Things("a", "b")
    await things.step()
    things.names = ("b", "c")
    assert await things.step(10) == ["c"]
    assert await things.step(60) == ["b", "c"]


async def test_one_that_hangs_holds_up_none_of_the_others_and_the_step_lasts_until_it_ends() -> None:
    things = Things("a", "b", "c", "d")
    things.held = {"a": asyncio.Event()}
    step = asyncio.create_task(things.rotation())
    for _ in range(30):
        await asyncio.sleep(0)
    assert sorted(things.served) == ["a", "b", "c", "d"]
    assert not step.done()
    things.held["a"].set()
    assert await step == 0


async def test_one_that_fails_is_served_again_and_costs_the_others_nothing() -> None:
    things = Things("a", "b")
    things.fails = {"a"}
    assert await things.step() == ["a", "b"]
    things.fails = set()
    assert await things.step(10) == ["a"]


async def test_who_is_cut_off_in_the_middle_is_served_first_thing_the_next_time() -> None:
    things = Things("a", "b")
    things.held = {"a": asyncio.Event()}
    step = asyncio.create_task(things.rotation())
    for _ in range(10):
        await asyncio.sleep(0)
    step.cancel()
    await asyncio.wait([step])
    things.held = {}
    assert await things.step() == ["a"]
