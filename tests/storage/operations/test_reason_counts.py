"""Reasons are counted where events change, in the transaction that changes them, on both stores (R92)."""

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from app.domain.delivery.outbox import CommandState, ContactQueue
from app.domain.intake.endings import Dropped
from app.domain.intake.inbox import EventState, Settlement, end_unsent
from app.domain.operations.history import ReasonCount, hour_of
from app.domain.operations.replay import ParkedFilter
from app.domain.reasons import Reason
from app.storage.engine.database import Database
from app.storage.engine.tables import inbox, outbox, reason_counts
from app.storage.unit_of_work import Store, Work
from tests.support.stored import SHOP, T0, new_event, stored

EVENTS = 12
WITHHELD, PARKED = EventState.WITHHELD, EventState.PARKED


async def counted(store: Store) -> Counter[tuple[datetime, str, str]]:
    async with store.work() as work:
        found = await work.reason_counts.since(datetime(2000, 1, 1, tzinfo=UTC))
    return Counter({(one.hour, one.state.value, one.reason.value): one.number for one in found})


async def in_the_inbox(database: Database) -> Counter[tuple[datetime, str, str]]:
    async with database.transaction() as connection:
        rows = await connection.execute(select(inbox).where(inbox.c.state.in_((WITHHELD.value, PARKED.value))))
        return Counter((hour_of(row.received_at), row.state, row.reason) for row in rows)


async def change(work: Work, seq: int, chance: random.Random) -> None:
    """One of the ways in which an event changes; what has ended is not decided."""
    reason = chance.choice([Reason.NO_CONSENT, Reason.CART_BOUGHT, Reason.ERASED, Reason.RULE_FAILED])
    state = (await work._connection.execute(select(inbox.c.state).where(inbox.c.seq == seq))).scalar_one()
    way = chance.randrange(9)
    if way < 2 and state not in ("received", "planned"):
        return
    match way:
        case 0:
            await work.inbox.settle([Settlement(seq, chance.choice([WITHHELD, PARKED, EventState.SUPERSEDED]), reason)], T0)
        case 1:
            await work.inbox.settle([Settlement(seq, EventState.PLANNED, chance.choice([None, reason]), open_commands=1)], T0)
        case 2:
            await work.inbox.commands_settled({seq: 1}, T0)
        case 3:
            await work.inbox.drop([Dropped(seq, end_unsent(reason), reason)], T0)
        case 4:
            await work.inbox.mark([seq], chance.choice([WITHHELD, PARKED]), reason, T0)
        case 5:
            await work.inbox.settle_parked(seq, T0, chance.choice([None, reason]))
        case 6:
            await work.inbox.supersede_planned(seq, reason, T0)
        case 7:
            await work.parked.decide_again(ParkedFilter(), ())
        case _:
            await work.outbox.park(ContactQueue(seq, "account:main"), [seq], T0, Reason.DEFECT)


async def prepared(store: Store, database: Database) -> None:
    """Events of three hours, each with a command that waits."""
    for at in range(EVENTS):
        await stored(store, new_event(f"e{at}"), at=T0 + timedelta(hours=at % 3))
    command = {"destination": "account:main", "shop_id": SHOP, "command": b"", "queued_at": T0, "state": CommandState.WAITING.value}
    async with database.transaction() as connection:
        rows = [{**command, "contact_id": seq, "event_seq": seq} for seq in range(1, EVENTS + 1)]
        await connection.execute(insert(outbox), rows)
        await connection.commit()


@pytest.mark.parametrize("seed", range(4))
async def test_r92_after_any_rounds_the_counts_equal_a_count_of_the_inbox(store: Store, database: Database, seed: int) -> None:
    chance = random.Random(seed)
    await prepared(store, database)
    seen: set[str] = set()
    for _ in range(25):
        async with store.work() as work:
            for _ in range(chance.randint(1, 4)):
                await change(work, chance.randint(1, EVENTS), chance)
            if chance.random() < 0.8:  # else the process died
                await work.commit()
        found = await in_the_inbox(database)
        assert await counted(store) == found
        seen |= {state for _, state, _ in found}
    assert seen == {"withheld", "parked"}


async def test_r92_one_transaction_writes_one_row_per_hour_and_reason_however_many_events(store: Store, database: Database) -> None:
    await prepared(store, database)
    async with store.work() as work:
        await work.inbox.settle([Settlement(seq, WITHHELD, Reason.NO_CONSENT) for seq in range(1, EVENTS + 1)], T0)
        await work.commit()
    async with database.transaction() as connection:
        rows = (await connection.execute(select(reason_counts))).all()
    assert [row.number for row in rows] == [4, 4, 4]


async def test_r92_erasing_and_cleaning_leave_the_counts_until_their_hours_are_removed(store: Store, database: Database) -> None:
    await prepared(store, database)
    async with store.work() as work:
        await work.inbox.settle([Settlement(1, WITHHELD, Reason.NO_CONSENT, contact_id=7)], T0)
        await work.commit()
    only = [ReasonCount(SHOP, hour_of(T0), WITHHELD, Reason.NO_CONSENT, 1)]
    async with store.work() as work:
        await work.inbox.forget_person(7, ["jan@example.pl"], SHOP, "hash")
        await work.cleaning.commands(T0 + timedelta(days=1))
        await work.commit()
    async with database.transaction() as connection:
        await connection.execute(outbox.delete())
        await connection.commit()
    async with store.work() as work:
        assert await work.cleaning.events(T0 + timedelta(days=1)) == 1
        await work.commit()
    async with store.work() as work:
        assert await work.reason_counts.since(hour_of(T0)) == only
        assert await work.reason_counts.since(hour_of(T0) + timedelta(hours=1)) == []
        assert await work.reason_counts.remove(hour_of(T0)) == 0
        assert await work.reason_counts.remove(hour_of(T0) + timedelta(hours=1)) == 1
        assert await work.reason_counts.since(hour_of(T0)) == []
