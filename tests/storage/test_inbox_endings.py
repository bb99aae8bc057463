"""The statements by which an event ends equal the rule in `domain/intake/endings`, on either database, in every case there is."""

from collections.abc import Callable, Collection, Mapping
from itertools import product

from sqlalchemy import insert, select

from app.domain.delivery.outbox import CommandState
from app.domain.intake.endings import Dropped, Standing, after_delivery, after_drop, after_parked
from app.domain.intake.inbox import EventState, end_unsent
from app.domain.reasons import Reason
from app.storage.engine.database import Database
from app.storage.engine.tables import inbox, outbox
from app.storage.unit_of_work import Store
from tests.support.stored import SHOP, T0

OWN = (None, Reason.ORDER_NOT_CONSENTED)
"""The event's own reason: none, or one for which it is withheld while facts in it are sent."""
LATER = (Reason.CART_BOUGHT, Reason.CONSENT_WITHDRAWN, Reason.ORDER_NOT_UPDATABLE)
"""Why a command is not sent: needless, not permitted, and the one that facts which travelled along do not outweigh."""


async def stored(database: Database, events: Collection[Standing], commands: Callable[[int], Mapping[CommandState, int]]) -> None:
    """Events numbered from 1, each with commands of those states; beside each state one that no event waits for."""
    event = {"shop_id": SHOP, "type": "order", "subject": "", "digest": "", "occurred_at": T0, "received_at": T0, "urgent": False}
    command = {"destination": "account:main", "shop_id": SHOP, "contact_id": 1, "command": b"", "queued_at": T0}
    async with database.transaction() as connection:
        await connection.execute(
            insert(inbox),
            [
                event
                | {"event_id": f"e{at}", "state": one.state.value, "reason": one.reason.value if one.reason else None}
                | {"open_commands": one.open_commands, "payload": b"{}" if one.has_payload else None}
                for at, one in enumerate(events)
            ],
        )
        numbers = {row.event_id: row.seq for row in await connection.execute(select(inbox.c.event_id, inbox.c.seq))}
        assert [numbers[f"e{at}"] for at in range(len(events))] == list(range(1, len(events) + 1))
        theirs = [(at + 1, state, number) for at in range(len(events)) for state, number in commands(at).items()]
        rows = [
            command | {"event_seq": seq, "state": state.value, "counted": counted}
            for seq, state, number in theirs
            for counted in [True] * number + [False]
        ]
        if rows:
            await connection.execute(insert(outbox), rows)
        await connection.commit()


async def standings(database: Database) -> list[Standing]:
    async with database.transaction() as connection:
        rows = await connection.execute(select(inbox).order_by(inbox.c.seq))
        return [
            Standing(EventState(row.state), Reason(row.reason) if row.reason else None, row.open_commands, row.payload is not None)
            for row in rows
        ]


async def test_an_event_ends_with_the_last_command_that_arrives_as_the_rule_says(store: Store, database: Database) -> None:
    cases = [
        (Standing(state, reason, count), number) for state, reason, count, number in product(EventState, OWN, range(4), range(1, 4))
    ]
    await stored(database, [event for event, _ in cases], lambda _: {})
    async with store.work() as work:
        await work.inbox.commands_settled({at: number for at, (_, number) in enumerate(cases, start=1)}, T0)
        await work.commit()
    assert await standings(database) == [after_delivery(event, number) for event, number in cases]


async def test_an_event_ends_with_a_command_that_need_not_be_sent_as_the_rule_says(store: Store, database: Database) -> None:
    cases = [
        (Standing(state, own, count), reason, sent)
        for state, own, count, reason, sent in product(EventState, OWN, (1, 2), LATER, (None, 0, 1))
    ]  # `sent`: nothing was, or only what no event waits for, or a command of the event
    await stored(
        database, [one[0] for one in cases], lambda at: {} if (sent := cases[at][2]) is None else {CommandState.SENT: sent}
    )
    async with store.work() as work:
        for seq, (_, reason, _) in enumerate(cases, start=1):
            await work.inbox.drop([Dropped(seq, end_unsent(reason), reason)], T0)
        await work.commit()
    assert await standings(database) == [after_drop(event, reason, was_sent=bool(sent)) for event, reason, sent in cases]


async def test_a_parked_event_goes_on_or_ends_as_the_rule_says(store: Store, database: Database) -> None:
    states = (EventState.PARKED, EventState.PLANNED, EventState.WITHHELD)
    cases = [
        (Standing(state, Reason.REFUSED, 3), dict(zip(CommandState, counts, strict=True)), reason)
        for state, counts, reason in product(states, product(range(2), repeat=len(CommandState)), (None, *LATER))
    ]
    await stored(database, [event for event, _, _ in cases], lambda at: cases[at][1])
    async with store.work() as work:
        for seq, (_, _, reason) in enumerate(cases, start=1):
            await work.inbox.settle_parked(seq, T0, reason)
        await work.commit()
    assert await standings(database) == [after_parked(event, commands, reason) for event, commands, reason in cases]
