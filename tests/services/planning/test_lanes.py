"""Several workers decide at once: whatever comes between them, it ends as if one had decided (decision 22)."""

import os
import random
from collections import defaultdict

import pytest
from sqlalchemy import select

from app.domain.events import Event
from app.domain.intake.lanes import Spread
from app.domain.person.contact import Contact
from app.storage.engine import codec
from app.storage.engine.database import Database
from app.storage.engine.tables import consent_anchors, consents, contacts, inbox, outbox, sales
from tests.conftest import Clock, PostgreSQL
from tests.support.world import (
    World,
    a_shop,
    cancels,
    edits,
    fills_cart,
    grants,
    orders,
    registers,
    renames,
    returns,
    subscribes,
    tags,
    views,
)

HISTORIES = int(os.environ.get("LANE_HISTORIES", "6"))
PEOPLE = [f"c{number}@example.pl" for number in range(7)]


def a_day(chance: random.Random, number: int) -> list[tuple[str, Event]]:
    """Shops and events. Nothing in it takes permission away: that is decided alone, and overtakes."""
    told: list[tuple[str, Event]] = []
    for minute in range(number):
        email, other = chance.sample(PEOPLE, 2)
        account = chance.choice([None, None, *(str(one) for one in range(71, 76))])
        order = f"o{chance.randrange(8)}"
        happened = chance.choice(
            [
                registers(email, minute, first_name=f"Ż{minute}", id=account),
                orders(order, email, minute, id=account),
                edits(orders(order, email, minute - 9), minute),
                cancels(order, email, minute),
                returns(order, email, minute, goods=str(minute)),
                subscribes(email, minute),
                grants(email, minute),
                views(str(minute), email, minute),
                tags(minute, email=email, added=(f"t{minute % 3}",), removed=(f"t{(minute + 1) % 3}",)),
                tags(minute, customer_id=account or "79", added=(f"k{minute % 3}",)),
                fills_cart(email, minute, cart_id=f"cart{chance.randrange(4)}"),
                fills_cart(None, minute, cart_id=f"cart{chance.randrange(4)}"),
                renames(email, other, minute, customer_id=account),
                registers(email, minute, id=account, last_name=f"Ł{minute}"),
            ]
        )
        told.append((chance.choice(["shop1", "shop1", "shop2"]), happened))
    return told


async def end_of(world: World) -> dict[str, object]:
    """What is stored, without the numbers that rows were given."""
    async with world.database.transaction() as connection:
        people = {row.id: row for row in (await connection.execute(select(contacts))).all()}
        names = {one.id: (one.shop_id, one.email or f"was {one.sent_as}") for one in people.values()}
        events = (await connection.execute(select(inbox).order_by(inbox.c.event_id))).all()
        seqs = {row.seq: row.event_id for row in events}
        commands = defaultdict(list)
        for row in await connection.execute(select(outbox).order_by(outbox.c.event_seq, outbox.c.id)):
            commands[names[row.contact_id], row.destination].append((seqs[row.event_seq], row.state, row.command))
        lines = (await connection.execute(select(consents).order_by(consents.c.contact_id, consents.c.number))).all()
        anchors = {row.shop_id: (row.chains, row.entries) for row in (await connection.execute(select(consent_anchors))).all()}
        sold = {(row.shop_id, row.order_id) for row in await connection.execute(select(sales))}
    return {
        "people": sorted((names[one.id], one.customer_id or "", repr(codec.decode(one.doc, Contact))) for one in people.values()),
        "events": [(row.event_id, row.state, row.reason, row.contact_id and names[row.contact_id]) for row in events],
        "commands": dict(commands),
        "ledger": sorted((names[row.contact_id], row.number, row.channel, row.act, row.event_id) for row in lines),
        "anchors": anchors,
        "orders": sold,
    }


async def played(postgresql: PostgreSQL, clock: Clock, seed: int, workers: int) -> dict[str, object]:
    """The end of a history. One worker alone finds too little to divide, so it decides in the order of acceptance."""
    database = Database(postgresql.url(await postgresql.emptied()))
    world = World(database, Clock(clock()))
    await world.configure(a_shop("shop1"), a_shop("shop2", location="drugi"))
    if workers > 1:
        world.decide_apart(workers, Spread(from_events=1, window=30, lanes_at_once=3, whole_if_alone=False))
    chance = random.Random(seed)
    try:
        for _ in range(3):
            for shop, happened in a_day(chance, 25):
                await world.post(happened, shop=shop)
            await world.plan()
        return await end_of(world)
    finally:
        await database.close()


@pytest.mark.parametrize("seed", range(HISTORIES))
async def test_whatever_comes_between_several_deciders_it_ends_as_with_one(postgresql: PostgreSQL, clock: Clock, seed: int) -> None:
    alone, together = [await played(postgresql, clock, seed, workers) for workers in (1, 3)]
    for topic, expected in alone.items():
        assert together[topic] == expected, topic
