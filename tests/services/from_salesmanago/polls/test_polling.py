"""Which contacts are polled in SALESmanago, and when: windows, sweeps, workers that take turns (R30, R32, R55)."""

import asyncio
from datetime import timedelta

import pytest

from app.domain.clocks import NOTICED
from app.domain.delivery.outcomes import Unreachable
from tests.support.world import (
    EWA,
    JAN,
    World,
    registers,
    scripted,
)
from tests.support.worlds.changes import (
    AT_ONCE,
    looked,
    person,
    pulling,
)


async def test_strangers_who_changed_in_salesmanago_are_not_looked_at(world: World) -> None:
    await world.post(registers())
    await world.run()
    world.upstream.contacts["stranger@example.pl"] = {"koszyk"}
    await looked(world)
    assert [items for method, items in world.upstream.calls if method == "look_up"] == [[JAN]]


async def test_a_window_overlaps_the_one_before_and_moves_on(world: World) -> None:
    await world.post(registers())
    await world.run()
    pull = pulling(world)
    await looked(world, pull)
    first = world.upstream.windows[0][1]
    world.clock.advance(minutes=30)
    await looked(world, pull)
    _, _, fresh, late = world.upstream.windows
    assert fresh[0] == first - NOTICED
    assert fresh[1] <= world.clock()
    assert first - timedelta(minutes=10) <= late[0] < late[1] == fresh[0]  # who appears only now though the change is older
    assert world.upstream.windows[0][0] < first


async def test_all_pages_of_a_window_are_looked_at(world: World) -> None:
    await world.post(registers(JAN), registers(EWA))
    await world.run()
    world.upstream.pages = [(JAN,), ("stranger@example.pl",), (EWA,)]
    await looked(world)
    assert [items for method, items in world.upstream.calls if method in ("modified", "look_up")] == [
        *([1], [2], [3]),
        *([1], [2], [3]),  # once more for the overlap
        [EWA, JAN],
    ]


@pytest.mark.parametrize("method", ["modified", "look_up"])
async def test_a_window_that_could_not_be_looked_at_is_looked_at_again(world: World, method: str) -> None:
    await world.post(registers())
    await world.run()
    pull = pulling(world)
    await looked(world, pull)
    first = world.upstream.windows[0][1]
    world.upstream.contacts[JAN].add("koszyk")
    world.upstream.respond = scripted(*[Unreachable("down")] * 3, method=method)
    for _ in range(3):
        world.clock.advance(minutes=20)
        assert await looked(world, pull) == 0
    await looked(world, pull)
    assert min(since for since, until in world.upstream.windows[2:] if until > first) == first - NOTICED
    assert "koszyk" in (await person(world)).observed.tags


async def test_the_sweep_walks_through_everybody_and_begins_again(two: World) -> None:
    people = [f"c{number:02}@example.pl" for number in range(70)]
    await two.post(*(registers(email) for email in people[:40]), shop="shop1")
    await two.post(*(registers(email) for email in people[40:]), shop="shop2")
    await two.run()
    pull = pulling(two)
    for _ in range(4):
        two.clock.advance(seconds=1)
        await pull.sweep("main", AT_ONCE)
    looks = [items for method, items in two.upstream.calls if method == "look_up"]
    assert looks == [people[:50], people[50:], people[:50], people[50:]]


async def test_a_full_scan_that_got_no_answer_reads_the_same_people_again(two: World) -> None:
    await two.post(*(registers(f"c{number:02}@example.pl") for number in range(60)), shop="shop1")
    await two.run()
    two.upstream.respond = scripted(Unreachable("down"), method="look_up")
    for _ in range(3):
        two.clock.advance(seconds=1)
        await pulling(two).sweep("main", AT_ONCE)
    looks = [items for method, items in two.upstream.calls if method == "look_up"]
    assert [len(items) for items in looks] == [50, 50, 10]
    assert looks[0] == looks[1]


async def test_of_two_workers_that_poll_at_once_one_works(world: World) -> None:
    await world.post(registers())
    await world.run()
    pause = timedelta(seconds=60)
    await asyncio.gather(*(pulling(world).pull_changed("main", pause) for _ in range(3)))
    await asyncio.gather(*(pulling(world).sweep("main", pause) for _ in range(3)))
    assert world.upstream.methods.count("modified") == 2  # the window and its overlap
    assert world.upstream.methods.count("look_up") == 2
    world.clock.advance(seconds=61)
    await asyncio.gather(*(pulling(world).pull_changed("main", pause) for _ in range(3)))
    assert world.upstream.methods.count("modified") == 4
