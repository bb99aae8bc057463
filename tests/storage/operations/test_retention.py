"""What is kept no longer: every class exactly at its boundary, a bounded number of rows at a time, on both stores (M4)."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select, text

from app.domain.consent import Channel, TransferConsent
from app.domain.intake.inbox import EventState
from app.domain.person.contact import Contact
from app.domain.person.sides import SentState
from app.storage.engine import codec, migrations
from app.storage.engine.database import Database
from app.storage.engine.tables import (
    attempts,
    backfill_accounts,
    backfills,
    calls,
    carts,
    contact_aliases,
    contact_queues,
    contacts,
    inbox,
    outbox,
    reconciliations,
)
from app.storage.operations.retention import ROWS, Cleaning
from app.storage.unit_of_work import Store
from tests.support.stored import T0, new_event, stored, subscribed

TICK = timedelta(microseconds=1)
ENDED = (EventState.SENT, EventState.WITHHELD, EventState.SUPERSEDED)


def an_event(seq: int, state: str = "sent", settled_at: Any = T0, **more: Any) -> dict[str, Any]:
    plain = {
        "seq": seq,
        "shop_id": "shop1",
        "event_id": f"e{seq}",
        "type": "order",
        "subject": "jan@example.pl",
        "order_id": None,
        "digest": "d",
        "occurred_at": T0,
        "received_at": T0,
        "payload": b"p",
        "warnings": b"w",
        "urgent": False,
        "background": False,
        "state": state,
        "reason": "r",
        "open_commands": 0,
        "settled_at": settled_at,
    }
    return {**plain, **more}


def a_command(number: int, state: str = "sent", settled_at: Any = T0, event_seq: int = 1) -> dict[str, Any]:
    return {
        "id": number,
        "destination": "account:main",
        "shop_id": "shop1",
        "contact_id": 1,
        "event_seq": event_seq,
        "command": b"c",
        "state": state,
        "queued_at": T0,
        "settled_at": settled_at,
    }


def a_contact(number: int, contact: Contact | None = None, updated_at: Any = T0, **more: Any) -> dict[str, Any]:
    email = f"p{number}@example.pl"
    plain = {
        "id": number,
        "shop_id": "shop1",
        "email": email,
        "doc": codec.encode(contact or Contact(email=email)),
        "updated_at": updated_at,
    }
    return {"erased_hash": None, "merged_into": None, **plain, **more}


def a_cart(cart_id: str, seq: int, due_at: Any = None, contact_id: int | None = None) -> dict[str, Any]:
    return {"shop_id": "shop1", "cart_id": cart_id, "contact_id": contact_id, "event_seq": seq, "doc": b"{}", "due_at": due_at}


async def fill(database: Database, table: Table, *rows: dict[str, Any]) -> None:
    async with database.transaction() as connection:
        await connection.execute(insert(table), list(rows))
        await connection.commit()


async def clean(database: Database, name: str, *arguments: Any) -> Any:
    async with database.transaction() as connection:
        removed = await getattr(Cleaning(connection), name)(*arguments)
        await connection.commit()
    return removed


async def left(database: Database, column: Any) -> list[Any]:
    async with database.transaction() as connection:
        return list((await connection.execute(select(column).order_by(column))).scalars())


# -- boundaries ----------------------------------------------------------------------------------------------------------


async def test_content_goes_exactly_when_its_time_is_over_and_the_line_stays(database: Database) -> None:
    states = ["sent", "withheld", "superseded", "parked"]
    young = [an_event(number, state, T0 + TICK * (number % 2)) for number, state in enumerate(states * 2)]
    await fill(
        database,
        inbox,
        *[{**row, "seq": row["seq"] + 1, "settled_at": T0 + TICK * (number >= 4)} for number, row in enumerate(young)],
    )
    await fill(
        database, inbox, *(an_event(20 + number, state, None) for number, state in enumerate(["received", "planned", "held"]))
    )
    assert await clean(database, "payloads", T0, ENDED) == 0
    assert await clean(database, "payloads", T0 + TICK, ENDED) == 3
    assert await clean(database, "payloads", T0 + TICK, (EventState.PARKED,)) == 1
    assert await clean(database, "payloads", T0 + TICK, ENDED) == 0
    async with database.transaction() as connection:
        rows = (await connection.execute(select(inbox).order_by(inbox.c.seq))).all()
    assert [row.seq for row in rows if row.payload is None and row.warnings is None] == [1, 2, 3, 4]
    assert len(rows) == 11
    assert all(row.reason == "r" and row.event_id and row.digest == "d" for row in rows)


async def test_commands_go_with_their_attempts_exactly_when_their_time_is_over(database: Database) -> None:
    kinds = [("sent", T0), ("cancelled", T0), ("parked", T0), ("sent", T0 + TICK), ("waiting", None), ("parked", T0 + TICK)]
    await fill(database, outbox, *(a_command(number, *kind) for number, kind in enumerate(kinds, 1)))
    await fill(
        database,
        attempts,
        *({"command_id": number, "number": 1, "call_id": 1, "at": T0, "outcome": "x", "detail": ""} for number in range(1, 7)),
    )
    assert await clean(database, "commands", T0) == 0
    assert await clean(database, "commands", T0 + TICK) == 2
    assert await left(database, outbox.c.id) == [3, 4, 5, 6]
    assert await clean(database, "parked_commands", T0) == 0
    assert await clean(database, "parked_commands", T0 + TICK) == 1
    assert await left(database, outbox.c.id) == await left(database, attempts.c.command_id) == [4, 5, 6]


async def test_calls_go_exactly_when_their_time_is_over(database: Database) -> None:
    plain = {"destination": "account:main", "path": "/", "milliseconds": 1, "outcome": "x", "detail": "", "items": 1}
    await fill(database, calls, *({**plain, "id": number, "started_at": T0 + TICK * (number - 1)} for number in (1, 2, 3)))
    assert await clean(database, "calls", T0) == 0
    assert await clean(database, "calls", T0 + TICK) == 1
    assert await left(database, calls.c.id) == [2, 3]


async def test_lines_of_events_go_last_and_only_when_nothing_refers_to_them(database: Database) -> None:
    await fill(
        database,
        inbox,
        an_event(1),
        an_event(2, "withheld"),
        an_event(3, "superseded"),
        an_event(4, "sent", T0 + TICK),
        an_event(5, "received", None),
        an_event(6, "planned", None),
        an_event(7, "held", None),
        an_event(8),
        an_event(9),
    )
    await fill(database, outbox, a_command(1, "parked", T0, 8))
    await fill(database, carts, a_cart("c1", 9, T0))
    assert await clean(database, "events", T0) == 0
    assert await clean(database, "events", T0 + TICK) == 3
    assert await left(database, inbox.c.seq) == [4, 5, 6, 7, 8, 9]


async def test_the_line_of_an_event_nobody_could_deliver_does_not_stay_for_ever(database: Database) -> None:
    """Its commands and its content went after their own time; of the line there must be an end as well."""
    await fill(database, inbox, an_event(1, "parked", payload=None))
    await clean(database, "events", T0 + timedelta(days=4000))
    assert await left(database, inbox.c.seq) == []


async def test_carts_go_when_they_are_closed_and_their_last_change_is_long_ago(database: Database) -> None:
    await fill(database, inbox, an_event(1), an_event(2), an_event(3, "sent", T0 + TICK), an_event(4, "planned", None))
    await fill(database, carts, a_cart("closed", 1), a_cart("open", 2, T0), a_cart("young", 3), a_cart("on its way", 4))
    assert await clean(database, "carts", T0) == 0
    assert await clean(database, "carts", T0 + TICK) == 1
    assert await left(database, carts.c.cart_id) == ["on its way", "open", "young"]


KEPT = {
    "transferred": Contact(email="p1@example.pl", sent_state=SentState(email="p1@example.pl")),
    "erased": Contact(erased=True, erased_at=T0),
    "erased and back": Contact(email="p1@example.pl", erased_at=T0),
    "withdrew": Contact(email="p1@example.pl", transfer=TransferConsent(withdrawn=T0)),
    "withdrew and granted": Contact(
        email="p1@example.pl", transfer=TransferConsent(granted_first=T0, granted_last=T0 + TICK, withdrawn=T0)
    ),
    "resigned": Contact(email="p1@example.pl", email_news=Channel(opted_out=T0)),
    "resigned and back": Contact(email="p1@example.pl", email_news=Channel(opted_in=T0 + TICK, opted_out=T0)),
    "resigned by phone": Contact(email="p1@example.pl", phone_news=Channel(opted_out=T0)),
}


@pytest.mark.parametrize("who", list(KEPT))
async def test_who_was_sent_or_resigned_from_anything_is_never_forgotten(database: Database, who: str) -> None:
    await fill(database, contacts, a_contact(1, KEPT[who], erased_hash="h" if who == "erased" else None), a_contact(2))
    assert await clean(database, "never_sent", T0 + timedelta(days=9999), 0) == (1, 0)
    assert await left(database, contacts.c.id) == [1]


async def test_people_who_were_never_sent_go_exactly_when_their_time_is_over_with_their_former_addresses(
    database: Database,
) -> None:
    await fill(
        database,
        contacts,
        a_contact(1),
        a_contact(2, updated_at=T0 + TICK),
        a_contact(3),
        a_contact(4),
        a_contact(5, merged_into=2),
    )
    await fill(database, contact_aliases, *({"shop_id": "shop1", "email": "x", "contact_id": one, "until": T0} for one in (1, 2)))
    await fill(database, carts, a_cart("c1", 1, T0, 3))
    box = {
        "contact_id": 4,
        "destination": "account:main",
        "shop_id": "shop1",
        "priority": 1,
        "pending": 1,
        "due_at": T0,
        "attempts": 0,
    }
    await fill(database, contact_queues, box)
    assert await clean(database, "never_sent", T0, 0) == (0, 0)
    assert await clean(database, "never_sent", T0 + TICK, 0) == (1, 0)
    assert await left(database, contacts.c.id) == [2, 3, 4, 5]
    assert await left(database, contact_aliases.c.contact_id) == [2]


async def test_lines_of_a_transfer_go_when_it_is_long_over_and_its_report_stays(database: Database) -> None:
    run = {"shop_id": "shop1", "mode": "run", "moving": False, "due_at": T0, "doc": b"{}"}
    await fill(
        database,
        backfills,
        {**run, "id": 1, "version": 0, "over": True},
        {**run, "id": 2, "version": 0, "over": False},
        {**run, "id": 3, "version": 0, "over": True, "due_at": T0 + TICK},
    )
    await fill(
        database, backfill_accounts, *({"backfill_id": one, "account_id": 7, "note": "queued", "content": ""} for one in (1, 2, 3))
    )
    seen = {"shop_id": "shop1", "doc": b"{}"}
    await fill(
        database,
        reconciliations,
        {**seen, "id": 1, "version": 0, "over": True, "due_at": T0},
        {**seen, "id": 2, "version": 0, "over": False, "due_at": T0},
        {**seen, "id": 3, "version": 0, "over": True, "due_at": T0 + TICK},
    )
    assert await clean(database, "reports", T0) == 0
    assert await clean(database, "reports", T0 + TICK) == 2
    assert await left(database, backfill_accounts.c.backfill_id) == [2, 3]
    assert await left(database, backfills.c.id) == [1, 2, 3]
    assert await left(database, reconciliations.c.id) == [2, 3]


# -- bounds --------------------------------------------------------------------------------------------------------------


async def test_no_class_takes_more_than_its_bound_in_one_transaction_and_every_class_ends(database: Database) -> None:
    many = ROWS + 3
    await fill(database, inbox, *(an_event(number, order_id=None) for number in range(1, many + 1)))
    await fill(database, outbox, *(a_command(number) for number in range(1, many + 1)))
    await fill(database, contacts, *(a_contact(number) for number in range(1, many + 1)))
    late = T0 + TICK
    for name, arguments in (("payloads", (late, ENDED)), ("commands", (late,)), ("events", (late,))):
        assert [await clean(database, name, *arguments) for _ in range(3)] == [ROWS, 3, 0], name
    assert await clean(database, "never_sent", late, 0) == (ROWS, ROWS)
    assert await clean(database, "never_sent", late, ROWS) == (3, 0)


async def test_people_who_stay_do_not_hide_those_behind_them(database: Database) -> None:
    stays = Contact(email="x@example.pl", email_news=Channel(opted_out=T0))
    await fill(database, contacts, *(a_contact(number, stays) for number in range(1, ROWS + 1)), a_contact(ROWS + 1))
    removed, after = await clean(database, "never_sent", T0 + TICK, 0)
    assert (removed, after) == (0, ROWS)
    assert await clean(database, "never_sent", T0 + TICK, after) == (1, 0)


# -- numbers are not given twice -----------------------------------------------------------------------------------------


async def test_the_number_of_somebody_forgotten_is_never_given_to_somebody_else(database: Database) -> None:
    """Consents, traces and calls refer to people by number: with the number a newcomer would get another person's past."""
    store = Store(database)
    async with store.work() as work:
        (first,) = await work.contacts.add([("shop1", Contact(email="old@example.pl"), None)], T0)
        await work.commit()
    assert (await clean(database, "never_sent", T0 + TICK, 0))[0] == 1
    async with store.work() as work:
        (second,) = await work.contacts.add([("shop1", Contact(email="new@example.pl"), None)], T0)
    assert second != first


async def test_the_number_of_a_call_that_is_gone_is_never_given_to_another_call(database: Database) -> None:
    """The attempt of a parked command outlives its call, and must not point at somebody else's."""
    plain = {
        "destination": "account:main",
        "path": "/",
        "milliseconds": 1,
        "outcome": "x",
        "detail": "",
        "items": 1,
        "started_at": T0,
    }
    async with database.transaction() as connection:
        first = (await connection.execute(insert(calls).returning(calls.c.id), [plain])).scalar_one()
        await connection.commit()
    assert await clean(database, "calls", T0 + TICK) == 1
    async with database.transaction() as connection:
        assert (await connection.execute(insert(calls).returning(calls.c.id), [plain])).scalar_one() != first


# -- the file ------------------------------------------------------------------------------------------------------------


async def test_a_new_sqlite_file_gives_free_pages_back_and_shrinks_after_a_cleaning(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    database = Database(f"sqlite+aiosqlite:///{path}")
    try:
        await migrations.upgrade(database)
        async with database.transaction() as connection:
            assert (await connection.execute(text("PRAGMA auto_vacuum"))).scalar_one() == 2
        rows = [an_event(number, payload=bytes(2000), warnings=None) for number in range(1, 801)]
        await fill(database, inbox, *rows)
        full = await _pages(database)
        assert await clean(database, "events", T0 + TICK) == 800
        assert await _pages(database) == full
        await clean(database, "shrink")
        assert await _pages(database) < full / 3
        async with database.transaction() as connection:
            assert (await connection.execute(text("PRAGMA freelist_count"))).scalar_one() == 0
    finally:
        await database.close()
    with closing(sqlite3.connect(path)) as plain:
        size = plain.execute("PRAGMA page_size").fetchone()[0]
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert path.stat().st_size < full * size / 3


async def _pages(database: Database) -> int:
    async with database.transaction() as connection:
        number: int = (await connection.execute(text("PRAGMA page_count"))).scalar_one()
    return number


async def test_shrinking_is_harmless_on_either_store(database: Database, store: Store) -> None:
    await stored(store, new_event("e1", subscribed()))
    await clean(database, "shrink")
    async with database.transaction() as connection:
        assert (await connection.execute(select(func.count()).select_from(inbox))).scalar_one() == 1
