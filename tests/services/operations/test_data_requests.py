"""What people ask of a shop about their data, done by staff: the report, the preview of an erasure, and the erasure (M1, M7)."""

import pytest

from app.domain.commands import DeleteContact
from app.domain.errors import NotFound
from app.domain.operations.audit import Action, Actor, Door
from app.services.intake import Intake
from app.services.operations.audit import AuditLog
from app.services.operations.consent_export import ConsentReader
from app.services.operations.data_requests import DataRequests
from app.services.operations.trace import Trace
from tests.support.world import EWA, JAN, World, done_by, orders, registers, renames, subscribes
from tests.support.worlds.changes import configured, shop

ANNA = Actor(Door.CONSOLE, "Anna (ab12cd34)")
OLD = "jan@old.example.com"


def requests(world: World) -> DataRequests:
    consents = ConsentReader(world.store, world.pseudonym)
    trace = Trace(world.store, consents, world.pseudonym, world.directory, world.clock)
    intake = Intake(world.store, world.clock, lambda: None, world.pseudonym)
    return DataRequests(world.store, world.directory, intake, trace, world.pseudonym, world.clock)


async def erased(world: World, email: str) -> str:
    event_id: str = await done_by(ANNA, requests(world).erase("shop1", email))
    world.accepted += 1
    world.clock.advance(seconds=1)
    await world.run()
    return event_id


@pytest.mark.parametrize("named", [JAN, OLD])
async def test_m1_staff_erase_a_person_by_any_address_and_nothing_names_them_afterwards(world: World, named: str) -> None:
    await world.post(
        registers(OLD, id="17", first_name="Zbysława"), renames(OLD, JAN, 1, "17"), orders("o1", minutes=2), registers(EWA)
    )
    world.clock.advance(minutes=10)
    await world.run()
    preview = await requests(world).preview("shop1", named)
    assert (preview.facts["name"], preview.events, preview.orders) == ("Zbysława", 3, 1)
    assert set(preview.addresses) == {JAN, OLD}
    before = len(world.upstream.sent())
    event_id = await erased(world, named)
    deleted = [one.email for one in world.upstream.sent()[before:] if isinstance(one, DeleteContact)]
    assert sorted(deleted) == sorted(preview.deleted_there)
    assert set(world.upstream.contacts) == {EWA}
    assert [await world.tables_naming(word) for word in (JAN, OLD, "Zbysława")] == [[], [], []]
    assert (await world.at_rest())[event_id] == ("sent", None)


async def test_m1_an_erased_person_is_found_by_the_address_as_erased_with_what_became_of_it(world: World) -> None:
    await world.post(registers())
    await world.run()
    world.clock.advance(minutes=10)
    event_id = await erased(world, JAN)
    preview = await requests(world).preview("shop1", JAN)
    assert (preview.is_known, preview.facts) == (False, {})
    report = await requests(world).access_report("shop1", JAN)
    assert report.contact is not None
    assert report.contact.erased
    assert event_id in [one.event_id for one in report.events]


async def test_a_preview_names_the_shops_that_get_a_notice_and_changes_nothing(world: World) -> None:
    await configured(world, shop(1), shop(2))
    await world.post(registers())
    await world.post(registers(), shop="shop2")
    await world.run()
    before = await world.dump()
    preview = await done_by(ANNA, requests(world).preview("shop1", JAN))
    assert (preview.shops_notified, preview.deleted_there) == (("shop2",), (JAN,))
    assert await world.dump() == before


async def test_r95_the_audit_log_names_the_person_by_number_alone(world: World) -> None:
    await world.post(registers(), subscribes())
    await world.run()
    world.clock.advance(minutes=10)
    await done_by(ANNA, requests(world).access_report("shop1", JAN))
    event_id = await erased(world, JAN)
    await erased(world, "nobody@example.com")
    lines = [entry for _, entry in await AuditLog(world.store, world.clock).newest("shop1")][::-1]
    assert [(one.action, one.actor, one.about) for one in lines] == [
        (Action.ACCESS_REPORTED, ANNA, "contact 1"),
        (Action.ERASURE_REQUESTED, ANNA, "contact 1"),
        (Action.ERASURE_REQUESTED, ANNA, ""),
    ]
    assert lines[1].after == event_id
    assert await world.tables_naming("nobody@example.com") == []


async def test_a_report_by_a_former_address_has_what_is_stored_of_the_person(world: World) -> None:
    await world.post(registers(OLD, id="17", first_name="Jan"), renames(OLD, JAN, 1, "17"))
    await world.run()
    for named in (OLD, JAN):
        report = await requests(world).access_report("shop1", named)
        assert report.facts["email"] == JAN
        assert len(report.events) == 2


async def test_a_shop_nobody_configured_is_refused_by_each_of_them(world: World) -> None:
    for asked in (requests(world).preview, requests(world).access_report, requests(world).erase):
        with pytest.raises(NotFound):
            await asked("shop9", JAN)
    assert await world.states() == {}
