"""R73: a row that cannot be read or judged holds up nobody else, and is never lost."""

from typing import Any

import pytest
from sqlalchemy import Table, update

from app.domain.consent import ConsentAnswer, Policy
from app.domain.decisions import recheck
from app.domain.operations.replay import ParkedFilter
from app.domain.reasons import Reason
from app.services.delivery import claims
from app.services.operations.replay import Operations
from app.storage.engine.tables import contacts, outbox
from tests.services.isolation.culprits import PEOPLE, others
from tests.support.world import World, a_shop, erases, orders, registers, subscribes


async def rewrite_stored(world: World, email: str, stored: bytes, table: Table = outbox) -> None:
    """As if another version of ours, or a broken disk, had written what is stored of somebody."""
    async with world.store.work() as work:
        (person,) = await work.contacts.in_shops(["shop1"], [email])
    row, column = (outbox.c.contact_id, outbox.c.command) if table is outbox else (contacts.c.id, contacts.c.doc)
    async with world.database.transaction() as connection:
        await connection.execute(update(table).where(row == person.id).values({column: stored}))
        await connection.commit()


BROKEN = [b"", b"not json", b'["UpsertContact",{}]', b'["OfATimeToCome",{"email":"c2@example.pl"}]', b"[]"]


@pytest.mark.parametrize("stored", BROKEN)
async def test_r73_a_command_that_cannot_be_read_is_parked_alone(world: World, stored: bytes) -> None:
    await world.post(*map(registers, PEOPLE))
    await world.plan()
    await rewrite_stored(world, PEOPLE[2], stored)
    await world.run()
    assert (await world.states())["e3"] == ("parked", "defect")
    assert await others(world) == {("sent", None)}
    await world.at_rest()
    trace = await world.trace("e3")
    assert [(one.state, one.reason) for one in trace.commands] == [("parked", Reason.DEFECT)]
    operations = Operations(world.store, world.directory, world.clock, lambda: None)
    assert (await operations.parked(ParkedFilter()))[0].number == 1
    assert (await operations.replay(ParkedFilter())).again == 0  # it waits for a version that can read it


async def test_r73_what_can_be_read_behind_a_command_that_cannot_is_sent(world: World) -> None:
    await world.post(registers(PEOPLE[2]))
    await world.plan()
    await rewrite_stored(world, PEOPLE[2], b"not json")
    await world.post(subscribes(PEOPLE[2], 1))
    await world.run()
    assert (await world.states()) == {"e1": ("parked", "defect"), "e2": ("sent", None)}
    await world.at_rest()


async def test_r73_who_was_parked_for_unreadable_words_can_still_be_erased(world: World) -> None:
    await world.post(registers(PEOPLE[2]))
    await world.plan()
    await rewrite_stored(world, PEOPLE[2], b"c2@example.pl but not json")
    await world.run()
    await world.post(erases(PEOPLE[2], 1))
    await world.run()
    assert (await world.states())["e2"] == ("sent", None)
    assert await world.tables_naming(PEOPLE[2]) == []


async def test_r73_a_command_over_which_the_rules_of_leaving_fail_is_parked_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = recheck.stopped

    def failing(commands: list[Any], *others: Any) -> Any:
        if any(one.email == PEOPLE[2] for one in commands):
            raise TypeError
        return honest(commands, *others)

    monkeypatch.setattr(recheck, "stopped", failing)
    await world.post(*map(registers, PEOPLE))
    await world.run()
    assert (await world.states())["e3"] == ("parked", "defect")
    assert await others(world) == {("sent", None)}
    assert PEOPLE[2] not in world.upstream.contacts


async def test_r73_a_person_who_cannot_be_read_when_something_leaves_is_parked_alone(world: World) -> None:
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await world.post(*(orders(f"o{at}", email, box=ConsentAnswer.GIVEN) for at, email in enumerate(PEOPLE)))
    await world.plan()
    await rewrite_stored(world, PEOPLE[2], b"not json", contacts)
    await world.run()
    assert (await world.states())["e3"] == ("parked", "defect")
    assert await others(world) == {("sent", None)}
    assert PEOPLE[2] not in world.upstream.contacts


async def test_r73_somebody_of_whom_nothing_can_be_taken_back_keeps_it_and_holds_up_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = claims.revoke

    async def failing(work: Any, shop_id: str, contact_queue: Any, *rest: Any) -> Any:
        if contact_queue.contact_id == 3:
            raise TypeError
        return await honest(work, shop_id, contact_queue, *rest)

    monkeypatch.setattr(claims, "revoke", failing)
    await world.post(*map(registers, PEOPLE))
    await world.plan()
    await world.configure(a_shop(blocked_email_domains=("example.pl",)))
    await world.post(registers("ewa@example.org"))
    await world.run()
    states = await world.states()
    assert states["e3"] == ("parked", "defect")
    assert (states["e1"], states["e7"]) == (("withheld", "blocked_address"), ("sent", None))
    assert list(world.upstream.contacts) == ["ewa@example.org"]
    await world.at_rest()
