"""A consent ledger of which something was cut off, changed or put back: noticed, and by whom (B7)."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from app.domain.operations.alarms import Alarm
from app.services.health.alarm_raising import TroubleWatch
from app.services.operations.consent_export import ConsentReader
from app.services.operations.ledger_check import LedgerCheck
from app.services.operations.replay import Operations
from app.services.operations.request_log import RequestLog
from app.storage.engine.tables import consent_anchors, consent_heads, consents, meta
from tests.support.world import EWA, JAN, World, subscribes, unsubscribes
from tests.support.worlds.changes import DAY


@pytest.fixture
async def acted(world: World) -> World:
    """Jan agreed and resigned, Ewa agreed."""
    await world.post(subscribes(JAN), subscribes(EWA, 1), unsubscribes(JAN, 2))
    await world.run()
    return world


def check(world: World) -> LedgerCheck:
    return LedgerCheck(world.store, world.pseudonym)


async def intact(world: World, email: str) -> list[bool]:
    return [one.intact for one in await ConsentReader(world.store, world.pseudonym).export("shop1", email)]


async def changed(world: World, *statements: Any) -> None:
    async with world.database.transaction() as connection:
        for statement in statements:
            await connection.execute(statement)
        await connection.commit()


async def contact_of(world: World, email: str) -> int:
    async with world.store.work() as work:
        return next(iter(await work.consents.of_subject("shop1", world.pseudonym("shop1", email))))


async def test_a_ledger_that_nobody_touched_is_whole_and_grows_in_rounds(acted: World) -> None:
    (report,) = await check(acted).examine()
    assert (report.chains, report.entries, report.whole, report.words) == (2, 3, True, [])
    await acted.post(subscribes(JAN, DAY), subscribes(EWA, DAY), subscribes("ala@example.pl", DAY))
    await acted.run()
    (report,) = await check(acted).examine("shop1")
    assert (report.chains, report.entries, report.whole) == (3, 6, True)
    assert await intact(acted, JAN) == [True]


CUTS: dict[str, Callable[[int], list[Any]]] = {
    "the newest line": lambda one: [delete(consents).where(consents.c.contact_id == one, consents.c.number == 2)],
    "a whole chain": lambda one: [delete(consents).where(consents.c.contact_id == one)],
    "a whole chain with its head": lambda one: [
        delete(consents).where(consents.c.contact_id == one),
        delete(consent_heads).where(consent_heads.c.contact_id == one),
    ],
    "the head alone": lambda one: [delete(consent_heads).where(consent_heads.c.contact_id == one)],
    "the newest line, with a head that fits": lambda one: [
        delete(consents).where(consents.c.contact_id == one, consents.c.number == 2),
        update(consent_heads)
        .where(consent_heads.c.contact_id == one)
        .values(count=1, digest=select(consents.c.digest).where(consents.c.contact_id == one).scalar_subquery()),
    ],
    "an act in a line": lambda one: [
        update(consents).where(consents.c.contact_id == one, consents.c.number == 2).values(act="opt_in")
    ],
    "the anchor": lambda _: [delete(consent_anchors)],
    "the number in the anchor": lambda _: [update(consent_anchors).values(entries=2)],
}


@pytest.mark.parametrize("cut", CUTS)
async def test_a_ledger_is_not_whole_once_somebody_cut_or_changed(acted: World, cut: str) -> None:
    one = await contact_of(acted, JAN)
    await changed(acted, *CUTS[cut](one))
    (report,) = await check(acted).examine()
    assert not report.whole
    assert report.words
    if cut in ("the newest line", "the newest line, with a head that fits", "an act in a line", "the head alone"):
        assert report.broken == [one]
        assert await intact(acted, JAN) == [False]
        assert await intact(acted, EWA) == [True]


async def test_a_chain_that_was_cut_does_not_heal_when_it_grows(acted: World) -> None:
    one = await contact_of(acted, JAN)
    await changed(acted, *CUTS["the newest line"](one))
    await acted.post(subscribes(JAN, DAY))
    await acted.run()
    assert await intact(acted, JAN) == [False]
    (report,) = await check(acted).examine()
    assert report.broken == [one]


async def test_a_ledger_from_before_anchors_is_anchored_once_as_it_stands(acted: World) -> None:
    await changed(acted, delete(consent_heads), delete(consent_anchors), delete(meta).where(meta.c.name == "ledger_anchored"))
    await check(acted).anchor()
    (report,) = await check(acted).examine()
    assert (report.chains, report.entries, report.whole) == (2, 3, True)
    await changed(acted, *CUTS["the newest line"](await contact_of(acted, JAN)))
    await check(acted).anchor()
    (report,) = await check(acted).examine()
    assert not report.whole


async def test_a_ledger_that_was_cut_raises_an_alarm_every_night_until_it_is_whole_again(acted: World) -> None:
    nightly, contact = check(acted), await contact_of(acted, JAN)
    assert (await nightly.examine_all(), await alarms(acted)) == (0, set())
    async with acted.database.transaction() as connection:
        kept = (await connection.execute(select(consents).where(consents.c.contact_id == contact, consents.c.number == 2))).one()
    await changed(acted, *CUTS["the newest line"](contact))
    assert (await nightly.examine_all(), await alarms(acted)) == (1, {("shop1", "ledger_broken")})
    await changed(acted, insert(consents).values(**kept._mapping))
    assert (await nightly.examine_all(), await alarms(acted)) == (0, set())


async def alarms(world: World) -> set[Alarm]:
    operations = Operations(world.store, world.directory, world.clock, lambda: None)
    return await TroubleWatch(world.store, operations, RequestLog(world.store), world.directory, world.clock).alarms()
