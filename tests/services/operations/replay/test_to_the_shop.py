"""Replays of what is for the shop's own side."""

import pytest

from app.domain.operations.replay import ParkedCommand, ParkedFilter
from app.services.operations.replay import Replay
from app.services.outbox.manual_tasks import ManualTaskList
from app.storage.outbox.parked import Parked
from tests.support.world import (
    withdraws,
)
from tests.support.worlds.operated import Operated, opt_out_parked_for_the_shop


async def test_an_opt_out_still_reaches_the_shop_of_a_person_who_withdrew_the_transfer_since(gate: Operated) -> None:
    """A withdrawal never takes back what is on its way home; only an erasure does."""
    await opt_out_parked_for_the_shop(gate)
    await gate.world.post(withdraws(minutes=90))
    await gate.world.run()
    await gate.replays()
    assert len(gate.world.side.done) == 1


async def test_what_staff_carried_out_by_hand_is_not_replayed(gate: Operated) -> None:
    await opt_out_parked_for_the_shop(gate)
    (number,) = await gate.parked_ids()
    await ManualTaskList(gate.world.store, gate.world.clock).done("shop1", number)
    assert await gate.replays() == Replay()
    assert gate.world.side.done == []


async def test_what_is_done_by_hand_while_it_is_replayed_leaves_nothing_that_waits_for_ever(
    gate: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    await opt_out_parked_for_the_shop(gate)
    (number,) = await gate.parked_ids()
    if gate.world.database.is_sqlite:
        pytest.skip("one transaction at a time")
    plain = Parked.commands

    async def overtaken(self: Parked, wanted: ParkedFilter, after: int, limit: int) -> list[ParkedCommand]:
        found = await plain(self, wanted, after, limit)
        if found:
            await ManualTaskList(gate.world.store, gate.world.clock).done("shop1", number)
        return found

    monkeypatch.setattr(Parked, "commands", overtaken)
    await gate.replays()
    assert await gate.waiting_queues() == []
