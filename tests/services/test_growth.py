"""What the gateway does all day must not become slower with all it has ever stored: its questions go along indexes.

Not here: probes that count everything (`services/health/health.py`), and the nightly work, which reads everything by
its nature.
"""

import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from app.domain.consent import Policy
from app.domain.delivery.outbox import to_account, to_reading
from app.domain.events import OptOutClaimed
from app.domain.shops.configuration import StoredAccount, StoredShop
from app.domain.shops.shop import Account, ConsentBoxSource, ShopSource, SourceKind
from app.services.from_salesmanago.polling import Poller
from app.services.health.alarm_raising import TroubleWatch
from app.services.health.alarm_telling import Alarms
from app.services.health.health import Health
from app.services.operations.replay import Operations
from app.services.operations.request_log import RequestLog
from app.services.runs.backfills import Backfills
from app.sources.watching import SourceWatch
from app.storage.engine.database import Database
from tests.conftest import Clock
from tests.support.world import (
    EWA,
    UNDECIDED,
    WAITED_FOR,
    World,
    a_shop,
    erases,
    fills_cart,
    orders,
    registers,
    renames,
    subscribes,
    tags,
    unsubscribes,
    views,
    withdraws,
)

ACCOUNT = to_account("main")
GROWING = "inbox|outbox|contact_queues|contacts|contact_aliases|consents|sales|carts|attempts|calls"

READ_IN_ORDER = (
    r"SCAN inbox USING INDEX ix_inbox_received",  # the undecided alone, up to a limit
    r"SEARCH inbox USING INDEX ix_inbox_(held|received) ",  # the held of a shop; the urgent of all
    r"SEARCH inbox USING INDEX ix_inbox_waiting \(shop_id=\?\)",  # the open ones of a shop, the oldest first up to a limit
    r"SEARCH contact_queues USING INDEX ix_contact_queues_due ",  # until one is due, or a limit of them
    r"SEARCH contact_queues USING INDEX ix_contact_queues_leased ",  # what is on its way at this moment
    r"SEARCH contact_queues USING COVERING INDEX ix_contact_queues_due ",  # the least of them: one step
)


@pytest.fixture
async def world(migrated_file: Path, clock: Clock, tmp_path: Path) -> AsyncIterator[World]:
    shutil.copy(migrated_file, tmp_path / "gateway.db")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'gateway.db'}")
    made = World(database, clock)
    await made.configure()
    yield made
    await database.close()


@asynccontextmanager
async def traced(world: World) -> AsyncIterator[list[str]]:
    """Every statement that SQLite runs meanwhile, with its values: one for each row of many."""
    statements: list[str] = []
    async with world.database.engine.connect() as connection:
        raw = (await connection.get_raw_connection()).driver_connection
        raw._connection.set_trace_callback(statements.append)  # type: ignore[union-attr]
    yield statements
    raw._connection.set_trace_callback(None)  # type: ignore[union-attr]


async def test_no_step_of_a_day_reads_a_growing_table_from_end_to_end(world: World) -> None:
    asked: dict[str, str] = {}
    async with traced(world) as statements:
        await a_day(world)
    for sql in statements:
        asked.setdefault(re.sub(r"'(?:[^']|'')*'|\b\d+\b", "?", sql), sql)

    slow = {}
    of_the_tests = {str(question) for question in (UNDECIDED, WAITED_FOR)}
    questions = [sql for sql in asked.values() if re.match(r"SELECT|UPDATE|DELETE|WITH", sql) and sql not in of_the_tests]
    for sql in questions:
        async with world.database.transaction() as connection:
            steps = [row[3] for row in await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}")]
        if bad := [step for step in steps if reads_too_much(step)]:
            slow[sql] = bad
    assert slow == {}
    assert len(questions) > 30


def reads_too_much(step: str) -> bool:
    if not re.match(rf"(SCAN|SEARCH) ({GROWING})(_\d+)?\b", step) or any(re.match(one, step) for one in READ_IN_ORDER):
        return False
    return step.startswith("SCAN") or step.endswith(("(shop_id=?)", "(destination=?)", "(destination=? AND shop_id=?)"))


async def a_day(world: World) -> None:
    people = [f"c{number}@example.pl" for number in range(30)]
    await world.post(*(registers(one, id=str(number)) for number, one in enumerate(people)))
    await world.run()
    await world.post(*(orders(f"o{number}", one, id=str(number)) for number, one in enumerate(people)))
    await world.post(*(views(email=one) for one in people[:5]), *(tags(email=one, added=("vip",)) for one in people[:5]))
    await world.post(subscribes(people[0]), fills_cart(people[1]), unsubscribes(people[2]), withdraws(people[3]))
    await world.post(renames(people[4], EWA), erases(people[5]), orders("late", people[4], minutes=-5))
    await world.run_for(hours=3, steps=4)
    await world.carts.report_quiet()
    await world.delivery.due_destinations()
    async with world.store.work() as work:
        await work.traces.of_person("shop1", EWA)
        await work.traces.of_order("shop1", "o1")
        await work.traces.of_event("shop1", "e1")
        await work.inbox.open_events("shop1", 5)
        await work.contacts.disputed("shop1", 5)
        await work.contacts.disputed_as("shop1", EWA)
        await work.contacts.unconfirmed("shop1", 5)


async def test_a_claim_of_many_questions_asks_the_store_no_more_often_than_one_of_few(world: World) -> None:
    """Beside what is written per command; old callbacks may come again by the hundred (R72)."""
    people = [f"c{number}@example.pl" for number in range(24)]
    await world.post(*(subscribes(one) for one in people))
    await world.run()
    await world.post(*(unsubscribes(one, 1) for one in people), *(subscribes(one, 2) for one in people))
    await world.run()
    world.clock.advance(minutes=4)
    reading = to_reading("main")
    asked: dict[int, int] = {}
    for some in (people[:4], people[4:]):
        await world.post(*(OptOutClaimed(at=world.clock(), email=one) for one in some))
        await world.plan()
        with world.statements() as statements:
            assert await world.delivery.deliver_due(reading) == len(some)
        asked[len(some)] = sum(sql.startswith(("SELECT", "BEGIN")) for sql in statements)
    assert asked[20] <= asked[4]


async def test_calls_that_end_alike_are_written_down_with_as_many_changes_however_many(world: World) -> None:
    people = [f"c{number}@example.pl" for number in range(24)]
    changes: dict[int, int] = {}
    for some in (people[:4], people[4:]):
        await world.post(*(orders(f"o-{one}", one) for one in some))
        await world.plan()
        async with traced(world) as statements:
            assert await world.delivery.deliver_due(ACCOUNT) == len(some)
        changed = [sql for sql in statements if re.match("UPDATE|DELETE", sql)]
        changes[len(some)] = sum("upstream_id=" not in sql for sql in changed)  # each has its own
    assert changes[20] == changes[4]
    assert not await world.delivery.deliver_due(ACCOUNT)


async def test_erasing_writes_what_is_scrubbed_in_one_go(world: World) -> None:
    await world.post(registers(EWA), *(orders(f"o{number}", EWA, number) for number in range(20)))
    world.clock.advance(hours=1)
    await world.run()
    with world.statements() as statements:
        async with world.store.work() as work:
            await work.outbox.scrub(1, "erased")
            await work.commit()
    assert [sql.split()[0] for sql in statements if "outbox" in sql] == ["SELECT", "UPDATE"]


async def test_an_idle_hour_asks_the_store_as_often_for_five_hundred_shops_as_for_five(world: World) -> None:
    """Each on a panel and an account of its own; nothing was ever heard of any of them."""
    asked: dict[int, int] = {}
    for number in (5, 500):
        await agency(world, number)
        everything = idle(world)
        await everything()
        with world.statements() as statements:
            for _ in range(3):
                world.clock.advance(minutes=20)
                await everything()
        asked[number] = len(statements)
    assert asked[500] == asked[5]


async def test_an_event_asks_the_store_as_often_among_five_hundred_idle_accounts_as_alone(world: World) -> None:
    asked: dict[int, int] = {}
    await world.post(orders("o0", "c0@example.pl"))  # what is done once for a destination is over
    await world.run()
    for number in (1, 500):
        await agency(world, number)
        with world.statements() as statements:
            await world.post(orders(f"o{number}", f"c{number}@example.pl"))
            await world.delivery.due_destinations()
            await world.run()
        asked[number] = len(statements)
    assert asked[500] == asked[1]


async def agency(world: World, number: int) -> None:
    """So many shops, each with its own panel that pushes, on its own account."""
    accounts = [
        StoredAccount(Account(id=f"a{one}", endpoint="https://a.example", client_id="c", owner="o@a.example"), {})
        for one in range(number)
    ]
    shops = [
        a_shop(
            f"s{one}",
            account=f"a{one}",
            policy=Policy.ORDER_CONSENT,
            source=ShopSource(kind=SourceKind.IDOSELL, name=str(one), consent_box=ConsentBoxSource.WEBHOOK, scan=False),
        )
        for one in range(number)
    ]
    await world.directory.apply(accounts, [StoredShop(shop, {}) for shop in shops])


def idle(world: World) -> Callable[[], Awaitable[None]]:
    """What a worker does while nothing happens, once."""

    async def migrated() -> bool:
        return True

    sources = SourceWatch(world.store, world.directory, world.clock, timedelta(minutes=15))
    health = Health(world.store, world.directory, world.clock, migrated, 600.0, sources=sources)
    operations = Operations(world.store, world.directory, world.clock, lambda: None)
    trouble = TroubleWatch(world.store, operations, RequestLog(world.store), world.directory, world.clock)
    alarms = Alarms(health, sources, trouble, store=world.store)
    poller = Poller(world.store, world.directory, lambda _: world.upstream, world.clock, lambda: None, timedelta(0))
    transfers = Backfills(world.store, world.directory, world.sides.__getitem__, world.dry_run, world.clock, lambda: None)

    async def once() -> None:
        await world.directory.refresh()
        await world.planner.plan_due()
        await world.delivery.due_destinations()
        await world.carts.report_quiet()
        await poller.accounts()
        await transfers.start_automatic()
        await transfers.step_due()
        await alarms.watch()
        await health.report()

    return once
