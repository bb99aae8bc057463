"""Acts that take permission away: opt-out, withdrawal, erasure. They overtake every queue (R06, I6, M3)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from app.domain.commands import AddEvent, DeleteContact, UpsertContact
from app.domain.consent import Status
from app.domain.delivery.circuit_breaker import CLOSED
from app.domain.delivery.outbox import Claim, to_account
from app.domain.delivery.outcomes import Delivered, Refused, Throttled, Unknown, Unreachable
from app.domain.events import OrderCancelled
from app.services.delivery import to_salesmanago
from app.services.delivery.senders import SalesmanagoSender, Sender
from app.storage.engine.tables import inbox
from app.storage.unit_of_work import Store, Work
from tests.support.world import (
    EWA,
    JAN,
    World,
    at,
    erases,
    fills_cart,
    grants,
    orders,
    registers,
    renames,
    scripted,
    subscribes,
    tags,
    unsubscribes,
    views,
    withdraws,
)

WITHDRAWN = ("withheld", "consent_withdrawn")


def opt_ins(world: World, email: str = JAN) -> list[UpsertContact]:
    return [one for one in world.upstream.sent(UpsertContact) if one.address_after == email and one.email_status is Status.OPT_IN]


async def leased(world: World) -> None:
    """Claim what waits and die before recording."""
    assert await world.delivery._claim(to_account("main"))


# -- newsletter opt-out --------------------------------------------------------------------------------------------------


async def test_an_opt_out_overtakes_a_queued_opt_in_of_thousands(world: World) -> None:
    await world.post(*(subscribes(f"c{n}@example.pl") for n in range(20)), subscribes(JAN), orders("o1", JAN))
    await world.plan()
    await world.post(unsubscribes(JAN, 1))
    await world.deliver()
    assert world.upstream.calls == []  # nothing leaves while an opt-out waits to be decided
    await world.run()
    assert opt_ins(world) == []
    assert len([one for one in world.upstream.sent(UpsertContact) if one.email_status is Status.OPT_IN]) == 20
    assert [one.email_status for one in world.upstream.sent(UpsertContact) if one.email == JAN] == [Status.OPT_OUT]
    assert [event.external_id for event in world.upstream.events] == ["o1"]  # purchases go on
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}


async def test_an_opt_out_that_arrives_with_its_opt_in_in_one_round_leaves_no_opt_in(world: World) -> None:
    await world.post(subscribes(JAN), unsubscribes(JAN, 1), subscribes(EWA))
    await world.run()
    assert opt_ins(world) == []
    assert len(opt_ins(world, EWA)) == 1
    await world.at_rest()


async def test_an_opt_out_during_an_attempt_is_applied_before_any_retry(world: World) -> None:
    async def opts_out(method: str, items: list) -> None:
        world.upstream.before_answer = None
        await world.post(unsubscribes(JAN, 1))
        await world.plan()

    await world.post(subscribes(JAN))
    await world.plan()
    world.upstream.before_answer, world.upstream.respond = opts_out, scripted(Unreachable("down"))
    await world.run_for(hours=0.1)
    assert [one.email_status for one in world.upstream.sent(UpsertContact)] == [Status.OPT_IN, Status.OPT_OUT]
    await world.at_rest()


async def test_a_fresh_opt_in_after_an_opt_out_during_an_attempt_is_sent(world: World) -> None:
    """The deferred take-back is about what was queued before the opt-out, not about the person's newer act."""

    async def changes_their_mind(method: str, items: list) -> None:
        world.upstream.before_answer = None
        await world.post(unsubscribes(JAN, 1))
        await world.plan()
        await world.post(subscribes(JAN, 2))
        await world.plan()

    await world.post(subscribes(JAN))
    await world.plan()
    world.upstream.before_answer = changes_their_mind
    await world.run_for(hours=0.1)
    assert [one.email_status for one in world.upstream.sent(UpsertContact)][-1] is Status.OPT_IN
    await world.at_rest()


async def test_an_unsubscription_takes_back_the_opt_in_queued_for_the_address_before_a_merge(world: World) -> None:
    """Two contacts became one person: an opt-out of the person stops the queued opt-in of either (R06)."""
    await world.post(registers("new@example.pl"))
    await world.run()
    await world.post(subscribes(JAN, 1))
    await world.plan()
    await world.post(renames(JAN, "new@example.pl", 2))
    await world.plan()
    await world.post(unsubscribes("new@example.pl", 3))
    await world.run()
    assert opt_ins(world) == []
    await world.at_rest()


def during(world: World, method: str, step: Callable[[], Awaitable[None]]) -> None:
    """What happens once, while a call of that method is on its way."""

    async def once(called: str, _items: list) -> None:
        if called == method:
            world.upstream.before_return = None
            await step()

    world.upstream.before_return = once


@asynccontextmanager
async def looked_at_first(world: World) -> AsyncIterator[None]:
    """The opt-ins of Jan and Ewa wait for a look, since nobody knows whether they arrived."""
    world.upstream.applied = False
    world.upstream.respond = scripted(Unknown("time-out"))
    await world.post(subscribes(JAN), subscribes(EWA))
    await world.run()
    world.clock.advance(seconds=10)
    await world.post(registers("probe@example.pl"))  # SALESmanago is back, and may be asked for more than one at a time
    await world.run()
    world.upstream.calls.clear()
    world.upstream.contacts |= {JAN: set(), EWA: set()}
    world.clock.advance(hours=1)
    yield
    await world.run_for(hours=1)
    assert len(opt_ins(world, EWA)) == 1
    await world.at_rest()


async def test_an_opt_out_during_the_look_before_an_opt_in_keeps_it_from_leaving(world: World) -> None:
    async def resigns() -> None:
        await world.post(unsubscribes(JAN, 1))
        await world.plan()

    async with looked_at_first(world):
        during(world, "look_up", resigns)
        await world.deliver()
        assert opt_ins(world) == []
        assert len(opt_ins(world, EWA)) == 1, "who did not act does not wait"
    assert [one.email_status for one in world.upstream.sent(UpsertContact) if one.email == JAN] == [Status.OPT_OUT]


@pytest.mark.parametrize("left", [False, True], ids=["of the account", "left the account"])
async def test_a_call_waits_until_an_opt_out_that_came_during_the_look_is_decided(world: World, left: bool) -> None:
    """Also where the shop has left the account since it queued what is claimed."""
    deciding: list[asyncio.Task[None]] = []
    sender = world.delivery._sender

    def of_other_shops(destination: str) -> Sender:
        made = sender(destination)
        made.blocked_by_revocations_of = ()
        return made

    if left:
        world.delivery._sender = of_other_shops

    async def decides_later() -> None:
        await asyncio.sleep(0.1)
        await world.plan()

    async def resigns() -> None:
        await world.post(unsubscribes(JAN, 1))
        deciding.append(asyncio.create_task(decides_later()))

    async with looked_at_first(world):
        during(world, "look_up", resigns)
        await world.delivery.deliver_due(to_account("main"))
        assert deciding[0].done()
        assert opt_ins(world) == []
        assert len(opt_ins(world, EWA)) == 1
        await world.deliver()
    assert opt_ins(world) == []


async def test_a_probe_that_an_opt_out_stopped_leaves_its_turn_to_the_next(world: World) -> None:
    async def resigns() -> None:
        await world.post(unsubscribes(JAN, 1))
        await world.plan()

    world.upstream.applied = False
    world.upstream.respond = scripted(Unknown("time-out"))
    await world.post(subscribes(JAN), subscribes(EWA))
    await world.run()
    world.clock.advance(hours=1)
    world.upstream.calls.clear()
    during(world, "look_up", resigns)
    await world.deliver()
    assert opt_ins(world) == []
    assert len(opt_ins(world, EWA)) == 1
    await world.at_rest()


async def test_permission_is_read_again_when_the_turn_was_lost_while_it_was_read(world: World) -> None:
    turns = iter([False])

    def slot_is_valid(late: float = 0.0) -> bool:
        return next(turns, True)

    readings = 0
    sender = world.delivery._sender

    def slow(destination: str) -> SalesmanagoSender:
        made = sender(destination)
        assert isinstance(made, SalesmanagoSender)
        reading = made._interrupted

        async def interrupted(claims: Sequence[Claim]) -> Collection[int] | None:
            nonlocal readings
            readings += 1
            found = await reading(claims)
            if readings == 1:  # the next call waits for its turn; meanwhile Jan resigns
                await world.post(unsubscribes(JAN, 1))
                await world.plan()
            return found

        made._interrupted = interrupted  # type: ignore[method-assign]
        return made

    world.delivery._sender, world.upstream.slot_is_valid = slow, slot_is_valid
    await world.post(subscribes(JAN), subscribes(EWA))
    await world.plan()
    await world.deliver()
    assert readings > 1
    assert opt_ins(world) == []
    assert len(opt_ins(world, EWA)) == 1
    await world.at_rest()


async def test_nothing_leaves_if_an_opt_out_is_not_decided_in_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(to_salesmanago, "READINGS", 3)

    async def resigns() -> None:
        await world.post(unsubscribes(JAN, 1))

    async with looked_at_first(world):
        during(world, "look_up", resigns)
        await world.deliver()
        assert world.upstream.methods == ["look_up"]
    assert opt_ins(world) == []


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


async def test_after_a_new_consent_everything_that_was_cancelled_about_the_person_is_told(world: World) -> None:
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
    world.delivery._store = PausedStore(world.store, at_commit, go)  # type: ignore[assignment]
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


# -- erasure -------------------------------------------------------------------------------------------------------------


async def test_an_erased_person_is_deleted_there_and_forgotten_here(world: World) -> None:
    await world.post(registers(id="17", first_name="Zbysława"), orders("o1"), fills_cart(), orders("o2", EWA), kind="order")
    await world.run()
    await world.post(erases(JAN, 5))
    await world.run()
    assert set(world.upstream.contacts) == {EWA}
    assert [event.email for event in world.upstream.events] == [EWA]
    assert await world.tables_naming(JAN) == []
    assert await world.tables_naming("Zbysława") == []
    assert await world.tables_naming(EWA) != []


async def test_a_cart_that_waits_when_its_owner_is_erased_comes_to_an_end(world: World) -> None:
    """I2: its quiet hour will never come, so the event must not stay planned for ever."""
    await world.post(fills_cart())
    await world.run()
    await world.post(erases(JAN, 5))
    await world.run()
    world.clock.advance(hours=2)
    await world.carts.report_quiet()
    assert (await world.at_rest())["e1"] == ("withheld", "erased")


async def test_an_erasure_cancels_all_that_waits(world: World) -> None:
    await world.post(registers(), orders("o1"))
    await world.plan()
    await world.post(erases(JAN, 1))
    await world.run()
    assert world.upstream.sent() == [DeleteContact(email=JAN)]
    states = await world.at_rest()
    assert states == {"e1": ("withheld", "erased"), "e2": ("withheld", "erased"), "e3": ("sent", None)}
    assert await world.tables_naming(JAN) == []


async def test_older_events_of_an_erased_person_stay_out_whenever_they_arrive(world: World) -> None:
    await world.post(registers())
    await world.run()
    await world.post(erases(JAN, 10))
    await world.run()
    before = len(world.upstream.calls)
    await world.post(
        registers(minutes=1), orders("o1", minutes=2), tags(3, email=JAN, added=("x",)), views(minutes=20), subscribes(JAN, 4)
    )
    await world.run()
    assert len(world.upstream.calls) == before
    assert set(list((await world.at_rest()).values())[2:]) == {("withheld", "erased")}
    assert await world.tables_naming(JAN) == []


async def test_older_events_stay_out_also_if_the_erasure_was_the_first_we_heard_of_the_person(world: World) -> None:
    await world.post(erases(JAN, 10))
    await world.run()
    await world.post(registers(minutes=1))
    await world.run()
    assert JAN not in world.upstream.contacts
    assert (await world.at_rest())["e2"] == ("withheld", "erased")


async def test_older_events_stay_out_also_if_registration_and_erasure_were_decided_in_one_round(world: World) -> None:
    await world.post(registers(), erases(JAN, 10))
    await world.run()
    await world.post(orders("o1", minutes=1))
    await world.run()
    assert JAN not in world.upstream.contacts
    assert {state for state, _ in (await world.at_rest()).values()} == {"withheld", "sent"}
    assert await world.tables_naming(JAN) == []


async def test_a_fresh_registration_after_an_erasure_works_and_comes_after_the_deletion(world: World) -> None:
    await world.post(registers(first_name="Jan"))
    await world.run()
    await world.post(erases(JAN, 10), registers(minutes=11, last_name="Nowak"))
    await world.run()
    assert world.upstream.methods == ["upsert", "delete", "upsert"]
    assert world.upstream.sent(UpsertContact)[-1].profile == {"last_name": "Nowak"}
    assert set(world.upstream.contacts) == {JAN}
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}


async def test_a_fresh_registration_works_though_the_erasure_met_commands_on_their_way(world: World) -> None:
    await world.post(registers(first_name="Jan"))
    await world.plan()
    await leased(world)
    await world.post(erases(JAN, 10))
    await world.plan()
    await world.post(registers(minutes=11, last_name="Nowak"))
    await world.plan()
    world.clock.advance(seconds=61)
    await world.run()
    assert [type(item) for item in world.upstream.sent()] == [DeleteContact, UpsertContact]
    assert set(world.upstream.contacts) == {JAN}
    assert list((await world.at_rest()).values()) == [("withheld", "erased"), ("sent", None), ("sent", None)]


async def test_after_a_rename_an_erasure_forgets_both_addresses(world: World) -> None:
    await world.post(registers(), renames(JAN, "new@example.pl", 1))
    await world.run()
    await world.post(erases("new@example.pl", 5))
    await world.run()
    assert world.upstream.contacts == {}
    assert await world.tables_naming(JAN) == []
    assert await world.tables_naming("new@example.pl") == []
    await world.at_rest()


async def test_older_events_under_a_former_address_stay_out_after_an_erasure(world: World) -> None:
    await world.post(registers(), renames(JAN, "new@example.pl", 3))
    await world.run()
    await world.post(erases("new@example.pl", 5))
    await world.run()
    await world.post(orders("o1", JAN, 1))
    await world.run()
    assert world.upstream.contacts == {}
    assert (await world.at_rest())["e4"] == ("withheld", "erased")


async def test_an_erasure_overtakes_a_rename_that_still_waits_and_deletes_the_contact_that_exists(world: World) -> None:
    """SALESmanago knows the person under the old address: the cancelled rename never arrived."""
    await world.post(registers())
    await world.run()
    await world.post(renames(JAN, "new@example.pl", 1))
    await world.plan()
    await world.post(erases("new@example.pl", 5))
    await world.run()
    assert world.upstream.contacts == {}
    await world.at_rest()


async def test_an_erasure_that_names_the_former_address_deletes_the_renamed_contact(world: World) -> None:
    """It was written before the rename and posted late: it finds the renamed person, and so must the deletion."""
    await world.post(registers(), renames(JAN, "new@example.pl", 5))
    await world.run()
    await world.post(erases(JAN, 3))
    await world.run()
    assert world.upstream.contacts == {}
    assert await world.tables_naming("new@example.pl") == []
    await world.at_rest()


async def test_an_account_change_after_an_erasure_brings_no_address_back(world: World) -> None:
    await world.post(registers())
    await world.run()
    await world.post(erases(JAN, 10))
    await world.run()
    await world.post(renames(JAN, "new@example.pl", 5))
    await world.run()
    assert world.upstream.contacts == {}
    assert await world.tables_naming("new@example.pl") == []
    assert (await world.at_rest())["e3"] == ("withheld", "erased")


async def test_an_erasure_after_a_merge_leaves_neither_address_here(world: World) -> None:
    await world.post(registers(JAN), registers("new@example.pl"), renames(JAN, "new@example.pl", 2))
    await world.run()
    await world.post(erases("new@example.pl", 5))
    await world.run()
    assert "new@example.pl" not in world.upstream.contacts
    assert await world.tables_naming("new@example.pl") == []
    assert await world.tables_naming(JAN) == []
    await world.at_rest()


async def test_a_refused_deletion_is_parked_and_can_still_be_replayed(world: World) -> None:
    """Nothing is ever dropped: a parked deletion that no longer says whom to delete is dropped."""
    await world.post(registers())
    await world.run()
    world.upstream.respond = lambda method, items: Refused("no") if method == "delete" else Delivered()
    await world.post(erases(JAN, 5))
    await world.run()
    assert (await world.at_rest())["e2"] == ("parked", "refused")
    assert [one.command for one in (await world.trace("e2")).commands] == [DeleteContact(email=JAN)]


@pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
async def test_a_deletion_is_repeated_until_it_arrives(world: World, again: bool) -> None:
    await world.post(registers())
    await world.run()
    world.upstream.respond = scripted(Unreachable("down"), Throttled(5.0), method="delete")
    await world.post(erases(JAN, 5), *([erases(JAN, 6)] if again else []))
    await world.run_for(hours=0.2)
    assert world.upstream.contacts == {}
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}
    assert await world.tables_naming(JAN) == []
