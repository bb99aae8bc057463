"""Days are counted from the events themselves, a slice after the other, on both stores (R92)."""

from datetime import timedelta

import pytest

from app.services.health import history
from app.services.health.history import History
from tests.support.world import World, registers


@pytest.mark.parametrize("rows", [1, 2, 2000])
async def test_r92_events_are_counted_on_the_day_they_came_in_slices_of_any_size(
    world: World, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(history, "_SLICE", rows)
    start = world.clock.now
    for back in (40, 2, 2, 0):
        world.clock.now = start - timedelta(days=back)
        await world.post(registers(f"p{back}@example.com"))
    world.clock.now = start
    days = (await History(world.store, world.directory, world.clock).days())["shop1"]
    assert [(one.accepted, one.open) for one in days if one.accepted] == [(2, 2), (1, 1)]


async def test_r92_a_shop_without_events_has_empty_days(world: World) -> None:
    days = (await History(world.store, world.directory, world.clock).days())["shop1"]
    assert [one.accepted for one in days] == [0] * 14
