"""Tasks run where something is due, one after the other's claim, and nowhere else."""

import asyncio
from collections import Counter
from collections.abc import Callable

from app.worker.drains import Drains


class Outbox:
    """So many claims wait at each destination; a claim is served once `served` allows it."""

    def __init__(self, **waiting: int) -> None:
        self.waiting = Counter(waiting)
        self.looks: Counter[str] = Counter()
        self.on_the_way: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.served = asyncio.Event()
        self.woken = 0

    async def due(self) -> list[str]:
        return sorted(name for name, number in self.waiting.items() if number)

    async def deliver(self, name: str, claimed: Callable[[], None]) -> int:
        self.looks[name] += 1
        await asyncio.sleep(0)
        if not self.waiting[name]:
            return 0
        self.waiting[name] -= 1
        self.on_the_way[name] += 1
        self.most[name] = max(self.most[name], self.on_the_way[name])
        claimed()
        await self.served.wait()
        self.on_the_way[name] -= 1
        return 1

    def wake(self) -> None:
        self.woken += 1

    def drains(self, at_once: int = 3) -> Drains:
        return Drains(self.due, self.deliver, lambda _: at_once, self.wake)


async def settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_a_destination_at_which_nothing_is_due_is_never_looked_at() -> None:
    outbox = Outbox(busy=1, idle=0)
    outbox.served.set()
    drains = outbox.drains()
    assert await drains.start() == 0
    await settled()
    assert outbox.waiting["busy"] == 0
    assert outbox.looks["idle"] == 0
    assert drains.tasks == []


async def test_claims_follow_each_other_without_waiting_for_answers_up_to_the_limit() -> None:
    outbox = Outbox(a=5)
    drains = outbox.drains(at_once=3)
    await drains.start()
    await settled()
    assert outbox.on_the_way["a"] == 3
    outbox.served.set()
    await settled()
    assert outbox.waiting["a"] == 0
    assert outbox.most["a"] == 3


async def test_a_single_claim_costs_two_tasks_however_many_may_run() -> None:
    outbox = Outbox(a=1)
    drains = outbox.drains(at_once=50)
    await drains.start()
    await settled()
    assert outbox.on_the_way["a"] == len(drains.tasks) == 1  # the second found nothing
    assert outbox.looks["a"] == 2


async def test_what_became_due_while_all_tasks_ran_is_looked_for_when_one_ends() -> None:
    """It may have looked before, and the others are calling for long."""
    outbox = Outbox(a=1)
    drains = outbox.drains(at_once=1)
    await drains.start()
    await settled()
    outbox.woken = 0
    outbox.waiting["a"] = 1
    await drains.start()
    assert outbox.woken == 0
    outbox.served.set()
    await settled()
    assert outbox.woken == 1


async def test_a_failure_ends_one_task_and_the_next_check_starts_another() -> None:
    outbox = Outbox(a=1, b=1)
    outbox.served.set()
    broken = True

    async def deliver(name: str, claimed: Callable[[], None]) -> int:
        if broken and name == "a":
            raise RuntimeError("the store failed")
        return await outbox.deliver(name, claimed)

    drains = Drains(outbox.due, deliver, lambda _: 2, outbox.wake)
    await drains.start()
    await settled()
    assert outbox.waiting == {"a": 1, "b": 0}
    broken = False
    await drains.start()
    await settled()
    assert outbox.waiting["a"] == 0


async def test_after_a_stop_a_claim_ends_and_no_other_is_made() -> None:
    outbox = Outbox(a=3)
    drains = outbox.drains(at_once=1)
    await drains.start()
    await settled()
    drains.stop()
    outbox.served.set()
    await settled()
    await drains.start()
    await settled()
    assert outbox.waiting["a"] == 2
    assert drains.tasks == []
