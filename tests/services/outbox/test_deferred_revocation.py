"""Revocations that were deferred because the commands were being sent."""

import asyncio
from collections.abc import Sequence

import pytest

from app.domain.delivery.outbox import to_account
from app.domain.event_parts import Customer
from app.domain.events import AccountChanged
from app.storage.contacts import Contacts
from tests.support.world import (
    JAN,
    World,
    at,
    registers,
    subscribes,
    withdraws,
)
from tests.support.worlds.changes import (
    IN,
    delivered,
    ended,
    person,
    run,
    unreachable,
)


@pytest.mark.parametrize("dialect", ["postgresql"], indirect=True)
async def test_taking_back_what_was_deferred_does_not_undo_what_was_decided_meanwhile(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.post(registers())
    await world.run()

    async def withdrawn(method: str, items: list) -> None:
        if method.startswith("upsert"):
            world.upstream.before_answer = None
            await world.post(withdraws(JAN, 3))
            await world.plan()

    world.upstream.before_answer, world.upstream.respond = withdrawn, unreachable
    await world.post(AccountChanged(at=at(2), customer=Customer(email=JAN, first_name="Adam")))
    await world.plan()
    await world.delivery.deliver_due(to_account("main"))
    world.upstream.respond = delivered
    world.clock.advance(hours=1)
    world.restart()
    read, planned = Contacts.by_ids, []

    async def read_and_planned_by_another(self: Contacts, ids: Sequence[int]) -> list:
        found = await read(self, ids)
        if not planned:
            planned.append(ids)
            await world.post(subscribes(JAN, 71), AccountChanged(at=at(70), customer=Customer(email=JAN, id="55")))
            await world.plan()
        return found

    monkeypatch.setattr(Contacts, "by_ids", read_and_planned_by_another)
    async with asyncio.timeout(20):
        await world.delivery.deliver_due(to_account("main"))
    await run(world)
    assert planned
    known = await person(world)
    assert (known.email_news.status, known.customer_id) == (IN, "55")
    assert "first_name" not in known.sent_state.profile
    await ended(world)
