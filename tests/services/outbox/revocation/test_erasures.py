"""What waits and may not leave of whoever is erased (M1-M3)."""

import pytest

from app.domain.commands import DeleteContact, UpsertContact
from app.domain.delivery.outcomes import Delivered, Refused, Throttled, Unreachable
from tests.services.outbox.revocation.waiting import leased
from tests.support.world import EWA, JAN, World, erases, fills_cart, orders, registers, renames, scripted, subscribes, tags, views

# -- erasure -------------------------------------------------------------------------------------------------------------


async def test_an_erased_person_is_deleted_there_and_forgotten_here(world: World) -> None:
    await world.post(registers(id="17", first_name="Zbysława"), orders("o1"), fills_cart(), orders("o2", EWA), kind="order")
    await world.run()
    await world.post(erases(JAN, 5))
    await world.run()
    assert set(world.upstream.contacts) == {EWA}
    assert [event.email for event in world.upstream.events] == [EWA]
    assert await world.tables_naming(JAN) == []
    assert await world.tables_naming("Zbysława") == []
    assert await world.tables_naming(EWA) != []


async def test_a_cart_that_waits_when_its_owner_is_erased_comes_to_an_end(world: World) -> None:
    """I2: its idle hour will never come, so the event must not stay planned for ever."""
    await world.post(fills_cart())
    await world.run()
    await world.post(erases(JAN, 5))
    await world.run()
    world.clock.advance(hours=2)
    await world.carts.report_quiet()
    assert (await world.at_rest())["e1"] == ("withheld", "erased")


async def test_an_erasure_cancels_all_that_waits(world: World) -> None:
    await world.post(registers(), orders("o1"))
    await world.plan()
    await world.post(erases(JAN, 1))
    await world.run()
    assert world.upstream.sent() == [DeleteContact(email=JAN)]
    states = await world.at_rest()
    assert states == {"e1": ("withheld", "erased"), "e2": ("withheld", "erased"), "e3": ("sent", None)}
    assert await world.tables_naming(JAN) == []


async def test_older_events_of_an_erased_person_stay_out_whenever_they_arrive(world: World) -> None:
    await world.post(registers())
    await world.run()
    await world.post(erases(JAN, 10))
    await world.run()
    before = len(world.upstream.calls)
    await world.post(
        registers(minutes=1), orders("o1", minutes=2), tags(3, email=JAN, added=("x",)), views(minutes=20), subscribes(JAN, 4)
    )
    await world.run()
    assert len(world.upstream.calls) == before
    assert set(list((await world.at_rest()).values())[2:]) == {("withheld", "erased")}
    assert await world.tables_naming(JAN) == []


async def test_older_events_stay_out_also_if_the_erasure_was_the_first_event_of_the_person(world: World) -> None:
    await world.post(erases(JAN, 10))
    await world.run()
    await world.post(registers(minutes=1))
    await world.run()
    assert JAN not in world.upstream.contacts
    assert (await world.at_rest())["e2"] == ("withheld", "erased")


async def test_older_events_stay_out_also_if_registration_and_erasure_were_decided_in_one_round(world: World) -> None:
    await world.post(registers(), erases(JAN, 10))
    await world.run()
    await world.post(orders("o1", minutes=1))
    await world.run()
    assert JAN not in world.upstream.contacts
    assert {state for state, _ in (await world.at_rest()).values()} == {"withheld", "sent"}
    assert await world.tables_naming(JAN) == []


async def test_a_fresh_registration_after_an_erasure_works_and_comes_after_the_deletion(world: World) -> None:
    await world.post(registers(first_name="Jan"))
    await world.run()
    await world.post(erases(JAN, 10), registers(minutes=11, last_name="Nowak"))
    await world.run()
    assert world.upstream.methods == ["upsert", "delete", "upsert"]
    assert world.upstream.sent(UpsertContact)[-1].profile == {"last_name": "Nowak"}
    assert set(world.upstream.contacts) == {JAN}
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}


async def test_a_fresh_registration_works_though_the_erasure_met_commands_on_their_way(world: World) -> None:
    await world.post(registers(first_name="Jan"))
    await world.plan()
    await leased(world)
    await world.post(erases(JAN, 10))
    await world.plan()
    await world.post(registers(minutes=11, last_name="Nowak"))
    await world.plan()
    world.clock.advance(seconds=61)
    await world.run()
    assert [type(item) for item in world.upstream.sent()] == [DeleteContact, UpsertContact]
    assert set(world.upstream.contacts) == {JAN}
    assert list((await world.at_rest()).values()) == [("withheld", "erased"), ("sent", None), ("sent", None)]


async def test_after_a_rename_an_erasure_forgets_both_addresses(world: World) -> None:
    await world.post(registers(), renames(JAN, "new@example.pl", 1))
    await world.run()
    await world.post(erases("new@example.pl", 5))
    await world.run()
    assert world.upstream.contacts == {}
    assert await world.tables_naming(JAN) == []
    assert await world.tables_naming("new@example.pl") == []
    await world.at_rest()


async def test_older_events_under_a_former_address_stay_out_after_an_erasure(world: World) -> None:
    await world.post(registers(), renames(JAN, "new@example.pl", 3))
    await world.run()
    await world.post(erases("new@example.pl", 5))
    await world.run()
    await world.post(orders("o1", JAN, 1))
    await world.run()
    assert world.upstream.contacts == {}
    assert (await world.at_rest())["e4"] == ("withheld", "erased")


async def test_an_erasure_overtakes_a_rename_that_still_waits_and_deletes_the_contact_that_exists(world: World) -> None:
    """SALESmanago knows the person under the old address: the cancelled rename never arrived."""
    await world.post(registers())
    await world.run()
    await world.post(renames(JAN, "new@example.pl", 1))
    await world.plan()
    await world.post(erases("new@example.pl", 5))
    await world.run()
    assert world.upstream.contacts == {}
    await world.at_rest()


async def test_an_erasure_that_names_the_former_address_deletes_the_renamed_contact(world: World) -> None:
    """It was written before the rename and posted late: it finds the renamed person, and so must the deletion."""
    await world.post(registers(), renames(JAN, "new@example.pl", 5))
    await world.run()
    await world.post(erases(JAN, 3))
    await world.run()
    assert world.upstream.contacts == {}
    assert await world.tables_naming("new@example.pl") == []
    await world.at_rest()


async def test_an_account_change_after_an_erasure_brings_no_address_back(world: World) -> None:
    await world.post(registers())
    await world.run()
    await world.post(erases(JAN, 10))
    await world.run()
    await world.post(renames(JAN, "new@example.pl", 5))
    await world.run()
    assert world.upstream.contacts == {}
    assert await world.tables_naming("new@example.pl") == []
    assert (await world.at_rest())["e3"] == ("withheld", "erased")


async def test_an_erasure_after_a_merge_leaves_neither_address_here(world: World) -> None:
    await world.post(registers(JAN), registers("new@example.pl"), renames(JAN, "new@example.pl", 2))
    await world.run()
    await world.post(erases("new@example.pl", 5))
    await world.run()
    assert "new@example.pl" not in world.upstream.contacts
    assert await world.tables_naming("new@example.pl") == []
    assert await world.tables_naming(JAN) == []
    await world.at_rest()


async def test_a_refused_deletion_is_parked_and_can_still_be_replayed(world: World) -> None:
    """Nothing is ever dropped: a parked deletion that no longer says whom to delete is dropped."""
    await world.post(registers())
    await world.run()
    world.upstream.respond = lambda method, items: Refused("no") if method == "delete" else Delivered()
    await world.post(erases(JAN, 5))
    await world.run()
    assert (await world.at_rest())["e2"] == ("parked", "refused")
    assert [one.command for one in (await world.trace("e2")).commands] == [DeleteContact(email=JAN)]


@pytest.mark.parametrize("again", [False, True], ids=["once", "twice"])
async def test_a_deletion_is_repeated_until_it_arrives(world: World, again: bool) -> None:
    await world.post(registers())
    await world.run()
    world.upstream.respond = scripted(Unreachable("down"), Throttled(5.0), method="delete")
    await world.post(erases(JAN, 5), *([erases(JAN, 6)] if again else []))
    await world.run_for(hours=0.2)
    assert world.upstream.contacts == {}
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}
    assert await world.tables_naming(JAN) == []
