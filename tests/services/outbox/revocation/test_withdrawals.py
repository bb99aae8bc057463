"""What waits and may not leave after a consent was withdrawn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from app.domain.commands import AddEvent, UpsertContact
from app.domain.consent import Status
from app.domain.delivery.circuit_breaker import CLOSED
from app.domain.delivery.outbox import to_account
from app.domain.delivery.outcomes import Throttled
from app.domain.events import OrderCancelled
from app.storage.engine.tables import inbox
from app.storage.unit_of_work import Store, Work
from tests.services.outbox.revocation.waiting import during, leased
from tests.support.world import EWA, JAN, World, at, grants, orders, registers, renames, scripted, subscribes, tags, withdraws

WITHDRAWN = ("withheld", "consent_withdrawn")


# -- withdrawal ----------------------------------------------------------------------------------------------------------


async def test_a_withdrawal_cancels_all_that_waits_and_says_so(world: World) -> None:
    await world.post(registers(), orders("o1"), orders("o2", EWA))
    await world.plan()
    await world.post(withdraws(JAN, 1))
    await world.run()
    assert {getattr(item, "email", None) for item in world.upstream.sent()} == {EWA}
    states = await world.at_rest()
    assert (states["e1"], states["e2"], states["e3"]) == (WITHDRAWN, WITHDRAWN, ("sent", None))


async def test_what_a_withdrawal_cancelled_gives_up_its_payload(world: World) -> None:
    """Decision 12: the payload of a withheld event is erased at settlement."""
    await world.post(orders("o1", first_name="Zbysława"))
    await world.plan()
    await world.post(withdraws(JAN, 1))
    await world.run()
    async with world.database.transaction() as connection:
        payloads = {row.event_id: row.payload for row in await connection.execute(select(inbox))}
    assert payloads["e1"] is None
    await world.at_rest()


async def test_a_withdrawal_while_the_commands_are_leased_is_applied_before_any_retry(world: World) -> None:
    await world.post(registers(), orders("o1"))
    await world.plan()
    await leased(world)
    await world.post(withdraws(JAN, 1))
    await world.run()
    assert world.upstream.calls == []
    world.clock.advance(seconds=61)
    await world.run()
    assert world.upstream.sent() == []
    states = await world.at_rest()
    assert (states["e1"], states["e2"]) == (WITHDRAWN, WITHDRAWN)


async def test_a_withdrawal_during_a_failing_attempt_stops_the_retry(world: World) -> None:
    async def withdraw(method: str, items: list) -> None:
        world.upstream.before_answer = None
        await world.post(withdraws(JAN, 1))
        await world.plan()

    await world.post(orders("o1"), orders("o2", EWA))
    await world.plan()
    world.upstream.before_answer, world.upstream.respond = withdraw, scripted(Throttled(1.0))
    await world.run_for(hours=0.1)
    assert [event.external_id for event in world.upstream.events] == ["o2"]
    assert JAN not in world.upstream.contacts
    states = await world.at_rest()
    assert (states["e1"], states["e2"]) == (WITHDRAWN, ("sent", None))


async def test_what_follows_a_new_consent_is_sent_though_the_withdrawal_had_to_be_deferred(world: World) -> None:
    async def withdraws_and_orders_again(method: str, items: list) -> None:
        world.upstream.before_answer = None
        await world.post(withdraws(JAN, 1))
        await world.plan()
        await world.post(grants(JAN, 2), orders("o2", JAN, 3))
        await world.plan()

    await world.post(registers())
    await world.plan()
    world.upstream.before_answer = withdraws_and_orders_again
    await world.run_for(hours=0.1)
    assert [event.external_id for event in world.upstream.events] == ["o2"]
    assert (await world.at_rest())["e4"] == ("sent", None)


async def test_after_a_new_consent_everything_that_was_cancelled_about_the_person_is_sent(world: World) -> None:
    await world.post(registers(), tags(email=JAN, added=("vip",)), subscribes(JAN))
    await world.plan()
    await world.post(withdraws(JAN, 1))
    await world.plan()
    await world.post(grants(JAN, 2))
    await world.run()
    (upsert,) = world.upstream.sent(UpsertContact)
    assert (set(upsert.add_tags), upsert.email_status) == ({"rejestracja", "idosell_vip", "newsletter"}, Status.OPT_IN)
    await world.at_rest()


async def test_a_rename_that_a_withdrawal_cancelled_is_made_up_for_after_a_new_consent(world: World) -> None:
    """R11: one contact, never a twin."""
    await world.post(registers())
    await world.run()
    await world.post(renames(JAN, "new@example.pl", 1))
    await world.plan()
    await world.post(withdraws("new@example.pl", 2))
    await world.plan()
    await world.post(grants("new@example.pl", 3), tags(4, email="new@example.pl", added=("vip",)))
    await world.run()
    assert list(world.upstream.contacts) == ["new@example.pl"]
    await world.at_rest()


async def test_the_cancellation_of_a_purchase_that_was_taken_back_before_it_left_is_not_sent(world: World) -> None:
    """R17: only a sent purchase can be cancelled."""
    await world.post(orders("o1"))
    await world.plan()
    await world.post(withdraws(JAN, 1))
    await world.plan()
    await world.post(grants(JAN, 2), OrderCancelled(at=at(3), email=JAN, order_id="o1"))
    await world.run()
    assert world.upstream.sent(AddEvent) == []
    assert (await world.at_rest())["e4"] == ("withheld", "purchase_not_sent")


async def test_a_withdrawal_decided_while_a_claim_is_being_made_never_calls_sent_what_was_withheld(
    world: World, dialect: str
) -> None:
    """The claim saw no urgent event, the planner saw no lease: whoever comes second must notice."""
    if dialect == "sqlite":
        pytest.skip("one connection: the two transactions cannot overlap")
    at_commit, go = asyncio.Event(), asyncio.Event()
    await world.post(registers())
    await world.plan()
    world.delivery.claims._store = PausedStore(world.store, at_commit, go)  # type: ignore[assignment]
    delivering = asyncio.create_task(world.delivery.deliver_due(to_account("main")))
    await at_commit.wait()
    await world.post(withdraws(JAN, 1))
    planning = asyncio.create_task(world.plan())
    await asyncio.sleep(0.3)
    go.set()
    await asyncio.gather(delivering, planning)
    await world.run_for(hours=0.1)
    state, _ = (await world.at_rest())["e1"]
    assert (state == "sent") == (JAN in world.upstream.contacts)


@dataclass
class PausedStore:
    """The real store; its first commit waits until it may go."""

    real: Store
    at_commit: asyncio.Event
    go: asyncio.Event

    def reading(self) -> AbstractAsyncContextManager[Work]:
        return self.real.reading()

    @asynccontextmanager
    async def work(self) -> AsyncIterator[Work]:
        async with self.real.work() as work:
            commit = work.commit

            async def later() -> None:
                self.at_commit.set()
                await self.go.wait()
                await commit()

            work.commit = later  # type: ignore[method-assign]
            yield work


async def test_a_withdrawal_while_a_job_runs_stops_what_was_to_follow_it(world: World) -> None:
    """The contact has arrived; its order may not any more. Nobody else's waits."""

    async def withdraws_now() -> None:
        await world.post(withdraws(JAN, 1))
        await world.plan()

    await world.post(orders("o1"), orders("o2", EWA), orders("o3", minutes=0.5))
    during(world, "upsert_many", withdraws_now)
    await world.run()
    assert [event.external_id for event in world.upstream.events] == ["o2"]
    states = await world.at_rest()
    assert (states["e1"], states["e2"], states["e3"]) == (WITHDRAWN, ("sent", None), WITHDRAWN)


async def test_what_is_left_of_a_long_upsert_does_not_leave_after_a_withdrawal(world: World) -> None:
    """Its first part may have arrived, so nobody says that nothing was sent."""
    await world.post(registers())
    await world.run()
    world.upstream.calls.clear()

    async def withdraws_now() -> None:
        await world.post(withdraws(JAN, 1))
        await world.plan()

    await world.post(tags(email=JAN, added=tuple(f"vip-{n:02}" for n in range(60))))
    during(world, "upsert", withdraws_now)
    await world.plan()
    await world.delivery.deliver_due(to_account("main"))
    async with world.store.work() as work:
        assert (await work.destinations.locked(to_account("main"))).breaker == CLOSED, "SALESmanago has answered"
    await world.run_for(hours=1)
    assert [len(one.add_tags) for one in world.upstream.sent(UpsertContact)] == [50]
    assert (await world.at_rest())["e2"] == WITHDRAWN
