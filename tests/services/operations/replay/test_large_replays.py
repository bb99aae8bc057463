"""Replays of many at once, in several transactions: interrupted, beside each other, one after the other."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest

from app.domain.delivery.outcomes import Delivered, Refused, Unreachable
from app.domain.operations.replay import ParkedCommand
from app.services.operations.replay import Replay
from app.storage.outbox.parked import Parked
from tests.support.world import (
    JAN,
    orders,
    registers,
)
from tests.support.worlds.operated import EVERYTHING, Operated, purchases, upserts


async def test_more_parked_commands_than_two_transactions_take_are_replayed_each_once(
    gate: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.operations.replay.AT_A_TIME", at_a_time := 80)
    people = [f"c{n}@example.pl" for n in range(180)]
    await gate.world.post(*(registers(email) for email in people))
    gate.upstream.respond = lambda method, items: Refused("no") if items else Delivered()
    await gate.world.run()
    assert len(await gate.parked_ids()) == 180 > 2 * at_a_time
    gate.upstream.respond = lambda method, items: Delivered()
    assert (await gate.operations.preview(EVERYTHING)).again == 180
    assert (await gate.operations.replay(EVERYTHING)).again == 180
    gate.upstream.calls.clear()
    while await gate.world.deliver():
        pass
    assert Counter(one.email for one in upserts(gate)) == Counter(people)
    assert await gate.operations.parked(EVERYTHING) == []
    assert await gate.waiting_queues() == []


async def test_a_replay_that_fails_half_way_keeps_what_it_committed_and_the_rest_is_still_parked(
    gate: Operated, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.operations.replay.AT_A_TIME", 20)
    people = [f"c{n}@example.pl" for n in range(50)]
    await gate.world.post(*(registers(email) for email in people))
    gate.upstream.respond = lambda method, items: Refused("no")
    await gate.world.run()
    gate.upstream.respond = lambda method, items: Delivered()
    plain, calls = Parked.send_again, list[int]()

    async def fails_the_second_time(self: Parked, items: Any, parked: Sequence[ParkedCommand], at: datetime) -> None:
        calls.append(1)
        await plain(self, items, parked, at)
        if len(calls) == 2:
            raise RuntimeError

    monkeypatch.setattr(Parked, "send_again", fails_the_second_time)
    with pytest.raises(RuntimeError):
        await gate.operations.replay(EVERYTHING)
    assert len(await gate.parked_ids()) == 50 - 20
    assert (await gate.operations.replay(EVERYTHING)).again == 50 - 20
    gate.upstream.calls.clear()
    while await gate.world.deliver():
        pass
    assert Counter(one.email for one in upserts(gate)) == Counter(people)


async def test_two_replays_at_once_do_nothing_twice(gate: Operated) -> None:
    people = [f"c{n}@example.pl" for n in range(30)]
    await gate.world.post(*(orders(f"o{n}", email) for n, email in enumerate(people)))
    await gate.parks(*people, hours=2)
    parked = len(await gate.parked_ids())
    assert parked == 60
    first, second = await asyncio.gather(gate.operations.replay(EVERYTHING), gate.operations.replay(EVERYTHING))
    assert first.again + second.again == parked
    assert sum(pending for _, pending in await gate.waiting_queues()) == parked
    await gate.world.run()
    await gate.world.run()
    assert sorted(purchases(gate)) == sorted(f"o{n}" for n in range(30))
    assert max(Counter(one.email for one in upserts(gate)).values()) == 1
    assert await gate.waiting_queues() == []


async def test_a_second_replay_while_the_first_still_waits_to_be_sent_does_nothing(gate: Operated) -> None:
    await gate.world.post(orders("o1"))
    await gate.parks(JAN)
    assert (await gate.operations.replay(EVERYTHING)).again == 2
    assert await gate.operations.replay(EVERYTHING) == Replay()
    await gate.world.run()
    assert purchases(gate) == ["o1"]
    assert await gate.waiting_queues() == []


async def test_what_was_given_up_after_a_week_has_another_week_of_patience(gate: Operated) -> None:
    gate.upstream.respond = lambda method, items: Unreachable("down")
    await gate.world.post(orders("o1"))
    await gate.world.run_for(hours=24 * 9, steps=18)
    assert await gate.world.states() == {"e1": ("parked", "gave_up")}
    await gate.operations.replay(EVERYTHING)
    await gate.world.run_for(hours=24 * 5, steps=10)
    assert set((await gate.command_states())["e1"]) == {"waiting"}
    gate.upstream.respond = lambda method, items: Delivered()
    await gate.world.run_for(hours=13)
    assert purchases(gate) == ["o1"]
