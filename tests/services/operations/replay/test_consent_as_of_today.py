"""What was revoked, withdrawn or erased since is not sent by a replay."""

from collections import Counter

from sqlalchemy import text

from app.domain.commands import AddEvent, DeleteContact, EventKind, UpsertContact
from app.domain.consent import Status
from app.domain.delivery.outcomes import Delivered
from app.domain.events import SubscriberListed
from app.domain.reasons import Reason
from tests.support.world import (
    EWA,
    JAN,
    at,
    erases,
    fills_cart,
    grants,
    orders,
    registers,
    renames,
    subscribes,
    tags,
    unsubscribes,
    withdraws,
)
from tests.support.worlds.operated import EVERYTHING, Operated, opt_out_parked_for_the_shop, refusing, upserts


def told_opt_ins(gate: Operated) -> list[UpsertContact]:
    return [one for one in upserts(gate) if Status.OPT_IN in (one.email_status, one.phone_status)]


# -- what is true today --------------------------------------------------------------------------------------------------


async def test_a_parked_opt_in_of_a_person_who_opted_out_since_is_not_sent(gate: Operated) -> None:
    await gate.world.post(subscribes(by_email=True))
    await gate.parks(JAN)
    await gate.world.post(unsubscribes(minutes=90))
    await gate.world.run()
    await gate.replays()
    assert told_opt_ins(gate) == []
    assert JAN in gate.upstream.opted_out


async def test_an_opt_out_that_arrives_between_a_replay_and_its_delivery_stops_the_opt_in(gate: Operated) -> None:
    await gate.world.post(subscribes(by_email=True))
    await gate.parks(JAN)
    await gate.operations.replay(EVERYTHING)
    await gate.world.post(unsubscribes(minutes=90))
    await gate.world.run_for(hours=1)
    assert told_opt_ins(gate) == []
    assert JAN in gate.upstream.opted_out


async def test_an_opt_out_that_is_parked_too_is_replayed_and_stands(gate: Operated) -> None:
    await gate.world.post(subscribes(by_email=True))
    await gate.parks(JAN)
    await gate.world.post(unsubscribes(minutes=90))
    await gate.parks(JAN)
    await gate.replays()
    assert told_opt_ins(gate) == []
    assert JAN in gate.upstream.opted_out


async def test_a_parked_opt_in_does_not_overturn_an_opt_out_at_another_shop_of_the_account(gate: Operated) -> None:
    await gate.world.post(subscribes(by_email=True))
    await gate.parks(JAN)
    await gate.world.post(registers(minutes=60), shop="shop2")
    await gate.world.post(unsubscribes(minutes=90), shop="shop2")
    await gate.world.run()
    assert JAN in gate.upstream.opted_out
    await gate.replays()
    assert told_opt_ins(gate) == []
    assert JAN in gate.upstream.opted_out


async def test_a_parked_opt_in_that_has_grown_old_is_verified_before_it_is_sent(gate: Operated) -> None:
    """R06: an opt-out over there that we never heard of stands against an opt-in of long ago."""
    await gate.world.post(registers(), subscribes(by_email=True, minutes=1))
    await gate.parks(JAN)
    gate.world.clock.advance(days=30)
    gate.upstream.contacts[JAN] = set()
    gate.upstream.opted_out.add(JAN)
    await gate.replays()
    assert told_opt_ins(gate) == []
    assert JAN in gate.upstream.opted_out


async def test_what_a_list_brought_sets_nothing_off_when_it_is_replayed_either(gate: Operated) -> None:
    await gate.world.post(SubscriberListed(at=at(), email=JAN, email_since=at(-600)), kind="subscriber-listed")
    await gate.parks(JAN)
    await gate.replays()
    assert [one.quiet for one in upserts(gate)] == [True]


async def test_nothing_leaves_of_a_person_who_withdrew_since_and_their_events_are_withheld(gate: Operated) -> None:
    await gate.world.post(registers(), orders("o1", minutes=1))
    await gate.parks(JAN)
    await gate.world.post(withdraws(minutes=120))
    await gate.world.run()
    gate.upstream.calls.clear()
    done = await gate.replays()
    assert (done.again, done.closed) == (0, Counter({Reason.CONSENT_WITHDRAWN: 3}))
    assert gate.upstream.calls == []
    states = await gate.world.states()
    assert (states["e1"], states["e2"]) == (("withheld", "consent_withdrawn"),) * 2
    assert await gate.operations.parked(EVERYTHING) == []
    assert await gate.waiting_queues() == []


async def test_nothing_leaves_of_a_person_who_was_erased_since(gate: Operated) -> None:
    await gate.world.post(registers(), orders("o1", minutes=1))
    await gate.parks(JAN)
    await gate.world.post(erases(minutes=120))
    await gate.world.run()
    gate.upstream.calls.clear()
    await gate.replays()
    assert gate.upstream.calls == []
    assert await gate.parked_ids() == []
    assert await gate.world.tables_naming(JAN) == []


async def test_a_parked_erasure_is_replayed(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(erases(minutes=10))
    await gate.parks(JAN, kind=DeleteContact)
    assert JAN in gate.upstream.contacts
    await gate.replays()
    assert [one.email for one in gate.upstream.sent(DeleteContact)] == [JAN]
    assert gate.upstream.contacts == {}
    assert await gate.world.tables_naming(JAN) == []


async def test_a_parked_erasure_does_not_delete_the_new_life_of_the_person(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.world.run()
    await gate.world.post(erases(minutes=10))
    await gate.parks(JAN, kind=DeleteContact)
    await gate.world.post(registers(first_name="Jan", minutes=120))
    await gate.world.run()
    assert JAN in gate.upstream.contacts
    await gate.replays()
    await gate.world.run()
    assert JAN in gate.upstream.contacts


async def merged_with_a_parked_purchase(gate: Operated) -> None:
    """JAN's purchase is parked; then JAN turns out to be EWA."""
    await gate.world.post(registers(JAN), registers(EWA))
    await gate.world.run()
    await gate.world.post(orders("o1", JAN, minutes=10))
    await gate.parks(JAN, kind=AddEvent)
    await gate.world.post(renames(JAN, EWA, 90))
    await gate.world.run()


async def test_a_purchase_of_who_was_merged_does_not_leave_when_who_took_over_withdrew_since(gate: Operated) -> None:
    await merged_with_a_parked_purchase(gate)
    await gate.world.post(withdraws(EWA, minutes=100))
    await gate.world.run()
    gate.upstream.calls.clear()
    await gate.replays()
    assert gate.upstream.sent() == []


async def test_a_purchase_of_who_was_merged_does_not_leave_when_who_took_over_was_erased_since(gate: Operated) -> None:
    await merged_with_a_parked_purchase(gate)
    await gate.world.post(erases(EWA, minutes=100))
    await gate.world.run()
    gate.upstream.calls.clear()
    await gate.replays()
    assert gate.upstream.sent() == []
    assert gate.upstream.contacts == {}


async def test_a_parked_cart_of_who_was_merged_is_not_sent_when_who_took_over_bought_since(gate: Operated) -> None:
    await gate.world.post(registers(JAN), registers(EWA), fills_cart(minutes=1))
    await gate.world.run()
    gate.upstream.respond = refusing(JAN, kind=AddEvent)
    gate.world.clock.advance(hours=2)
    while await gate.world.carts.report_quiet():
        pass
    await gate.world.run()
    assert [one.reason for one in await gate.operations.parked(EVERYTHING)] == [Reason.REFUSED]
    gate.upstream.respond = lambda method, items: Delivered()
    await gate.world.post(renames(JAN, EWA, 122), orders("o1", EWA, minutes=125))
    await gate.world.run()
    await gate.replays()
    assert [event.kind for event in gate.upstream.events] == [EventKind.PURCHASE]


async def test_an_opt_in_and_a_tag_of_one_parked_upsert_part_when_the_person_opted_out_since(gate: Operated) -> None:
    """Only the permission is gone; what else was to be told still is."""
    await gate.world.post(subscribes(by_email=True), tags(1, email=JAN, added=("vip",)))
    await gate.parks(JAN)
    await gate.world.post(unsubscribes(minutes=90))
    await gate.world.run()
    await gate.replays()
    assert told_opt_ins(gate) == []
    assert "idosell_vip" in gate.upstream.contacts[JAN]
    assert (await gate.world.states())["e2"] == ("sent", None)


# -- the shop's own side -------------------------------------------------------------------------------------------------


async def test_an_opt_out_that_the_shop_refused_is_written_by_a_replay(gate: Operated) -> None:
    await opt_out_parked_for_the_shop(gate)
    done = await gate.replays()
    assert (done.again, len(gate.world.side.done)) == (1, 1)
    assert await gate.operations.parked(EVERYTHING) == []


# -- how the neighbours are ----------------------------------------------------------------------------------------------


async def test_a_person_who_gave_consent_again_gets_the_parked_part_once(gate: Operated) -> None:
    await gate.world.post(registers())
    await gate.parks(JAN)
    await gate.world.post(withdraws(minutes=90), grants(minutes=100))
    await gate.world.run()
    await gate.replays()
    assert list(gate.upstream.contacts) == [JAN]
    async with gate.world.database.transaction() as connection:
        left = (await connection.execute(text("SELECT count(*) FROM outbox WHERE state IN ('waiting', 'parked')"))).scalar_one()
    assert left == 0
