"""Retention on a gateway that works: promises outlive their explanations (M4, B10)."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.commands import UpsertContact
from app.domain.consent import Policy
from app.domain.delivery.outcomes import Refused
from app.domain.intake.inbox import NewEvent
from app.domain.operations.retention import Retention
from app.services.operations.consent_export import ConsentReader
from app.storage.engine.database import Database
from app.storage.engine.tables import consents, contacts, inbox, outbox
from tests.conftest import Clock
from tests.services.operations.kept import Kept, today
from tests.support.world import (
    EWA,
    JAN,
    a_shop,
    erases,
    fills_cart,
    orders,
    registers,
    renames,
    subscribes,
    unsubscribes,
    views,
    withdraws,
)

DAY = timedelta(days=1)


@pytest.fixture
async def world(database: Database, clock: Clock) -> Kept:
    made = Kept(database, clock)
    await made.configure()
    return made


# -- the classes, by their defaults --------------------------------------------------------------------------------------


async def test_the_defaults_are_those_the_documentation_names() -> None:
    assert Retention() == Retention(content=30 * DAY, parked=90 * DAY, events=400 * DAY, never_sent=400 * DAY)


async def test_after_a_month_nothing_of_what_was_said_is_left_but_that_it_happened(world: Kept) -> None:
    await world.post(orders(email=JAN, first_name="Jan"))
    await world.run()
    await world.after(days=30)
    assert (await world.sizes())["outbox"] == 2
    assert await world.after(microseconds=1) > 0
    sizes = await world.sizes()
    assert (sizes["outbox"], sizes["attempts"], sizes["calls"], sizes["inbox"], sizes["sales"]) == (0, 0, 0, 1, 1)
    assert (await world.states())["e1"] == ("sent", None)
    async with world.database.transaction() as connection:
        assert (await connection.execute(select(inbox.c.payload))).scalar_one() is None


async def test_an_event_is_recognised_and_an_order_not_sent_twice_as_long_as_its_line_stands(world: Kept) -> None:
    order = orders("o1", JAN)
    await world.post(order, event_id="first")
    await world.run()
    for days in (29, 2, 300, 68):
        await world.after(days=days)
        assert await world.again(order, "first")
    assert not await world.again(order, "again under another id")
    await world.run()
    assert len(world.purchases()) == 1


async def test_every_repetition_of_an_order_keeps_it_known(world: Kept) -> None:
    """The sale lives as long as any line of the order, so a repetition renews it rather than meeting a gap."""
    for number in range(4):
        await world.after(days=350)
        await world.again(orders("o1", JAN), f"repetition {number}")
        await world.run()
    assert len(world.purchases()) == 1


async def test_what_a_person_has_to_do_waits_ninety_days_and_its_event_stays_parked(world: Kept) -> None:
    world.upstream.respond = lambda method, items: Refused("no")
    await world.post(registers(JAN))
    await world.run()
    assert (await world.states())["e1"][0] == "parked"
    await world.after(days=90)
    async with world.database.transaction() as connection:
        assert set((await connection.execute(select(outbox.c.state))).scalars()) >= {"parked"}
        assert (await connection.execute(select(inbox.c.payload))).scalar_one() is not None
    await world.after(microseconds=1)
    assert [(await world.sizes())["outbox"], (await world.states())["e1"][0]] == [0, "parked"]
    assert (await world.trace("e1")).commands == ()


async def test_why_it_was_not_delivered_is_known_after_its_calls_are_gone(world: Kept) -> None:
    world.upstream.respond = lambda method, items: Refused("no")
    await world.post(orders(email=JAN))
    await world.run()
    await world.after(days=40)
    assert (await world.sizes())["calls"] == 0
    assert (await world.trace("e1")).commands


# -- what must stay ------------------------------------------------------------------------------------------------------


async def test_b10_an_erased_person_stays_suppressed_for_ever(world: Kept) -> None:
    registration = registers(JAN)
    await world.post(registration)
    await world.run()
    await world.post(erases(JAN, 60))
    await world.run()
    await world.after(days=2000)
    assert await world.tables_naming(JAN) == []
    world.upstream.calls.clear()
    await world.post(registration)
    await world.run()
    assert world.upstream.sent() == []


@pytest.mark.parametrize("act", [withdraws, unsubscribes])
async def test_a_withdrawal_or_opt_out_forbids_an_older_act_for_ever(world: Kept, act: object) -> None:
    await world.post(act(JAN, 60))  # type: ignore[operator]
    await world.run()
    await world.after(days=2000)
    world.upstream.calls.clear()
    await world.post(subscribes(JAN, 30))
    await world.run()
    assert not any(one.email_status is not None for one in world.upstream.sent(UpsertContact) if one.email_status != "opt_out")


async def test_consents_stay_as_evidence_with_their_chain_whole(world: Kept) -> None:
    await world.post(subscribes(JAN), unsubscribes(JAN, 5), subscribes(EWA))
    await world.run()
    before = (await world.dump())["consents"]
    await world.after(days=2000)
    assert before
    assert (await world.dump())["consents"] == before
    chains = await ConsentReader(world.store, world.pseudonym).export("shop1", JAN)
    assert [len(chain.entries) for chain in chains] == [2]
    assert all(chain.intact for chain in chains)


async def test_a_newcomer_does_not_inherit_the_consents_of_somebody_forgotten(world: Kept) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await world.post(subscribes(JAN))  # never sent: a stranger, but with an act in the ledger
    await world.run()
    await world.after(days=401)
    await world.after(days=1)
    assert (await world.sizes())["contacts"] == 0
    await world.post(today(world, subscribes(EWA)))
    await world.run()
    async with world.database.transaction() as connection:
        rows = (await connection.execute(select(consents.c.contact_id, consents.c.subject))).all()
    assert len({row.subject for row in rows}) == 2
    assert len({row.contact_id for row in rows}) == 2


async def test_what_waits_or_is_not_decided_stays_however_old_it_is(world: Kept) -> None:
    await world.configure(a_shop(), a_shop("shop2", host="h.example", location="h_example", number=2, enabled=False))
    await world.post(registers(EWA))
    await world.plan()  # waits for delivery
    async with world.store.work() as work:
        await work.inbox.add([NewEvent("shop2", "held", "event", registers(JAN), "d", held=True)], world.clock())
        await work.commit()
    await world.post(registers(JAN))  # not decided
    before = {
        name: size for name, size in (await world.sizes()).items() if name in ("inbox", "outbox", "contact_queues", "contacts")
    }
    world.clock.advance(days=2000)
    assert await world.cleaned() == 0
    assert {name: (await world.sizes())[name] for name in before} == before
    async with world.database.transaction() as connection:
        assert None not in set((await connection.execute(select(inbox.c.payload))).scalars())


async def test_an_open_cart_stays_with_its_event_and_is_sent(world: Kept) -> None:
    await world.post(registers(JAN), fills_cart(JAN, 1))
    await world.run()
    await world.after(days=500)
    sizes = await world.sizes()
    assert sizes["carts"] == 1
    assert (await world.states())["e2"][0] == "planned"


async def test_a_renamed_person_who_was_sent_is_still_found_by_the_former_address(world: Kept) -> None:
    await world.post(registers(JAN, id="7"), renames(JAN, EWA, 1, customer_id="7"))
    await world.run()
    await world.after(days=2000)
    world.upstream.calls.clear()
    await world.post(orders("late", JAN, 0))
    await world.run()
    assert {one.email for one in world.purchases()} == {EWA}


async def test_somebody_who_is_back_before_their_time_is_kept_whole(world: Kept) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await world.post(subscribes(JAN))
    await world.run()
    await world.after(days=399)
    await world.post(today(world, views(email=JAN)))
    await world.run()
    await world.after(days=2)
    async with world.database.transaction() as connection:
        kept = (await connection.execute(select(contacts.c.email))).scalars().all()
    assert kept in ([JAN], [])  # whether a view counts as news is the planner's business; below it must not matter
    if not kept:
        await world.post(today(world, subscribes(JAN)))
        await world.run()
        assert (await world.sizes())["contacts"] == 1
