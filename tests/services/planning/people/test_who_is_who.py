"""Who is meant: by a customer's number, by an address that changed hands, by one that was erased."""

import pytest

from app.domain.commands import UpsertContact
from app.domain.event_parts import NewsletterBox
from app.domain.values import replace
from tests.services.planning.people.stories import A, B, changes
from tests.support.world import (
    EWA,
    JAN,
    World,
    erases,
    orders,
    registers,
    renames,
    subscribes,
    tags,
    unsubscribes,
    views,
)

NEW = "new@example.pl"


async def test_a_tag_edit_of_an_unknown_customer_travels_with_the_first_event_that_names_both(world: World) -> None:
    await world.post(tags(customer_id="17", added=("vip",)))
    await world.run()
    assert world.upstream.calls == []
    await world.post(registers(id="17", minutes=1))
    await world.run()
    (upsert,) = world.upstream.sent(UpsertContact)
    assert (upsert.email, set(upsert.add_tags)) == (JAN, {"rejestracja", "idosell_vip"})
    await world.post(tags(2, customer_id="17", removed=("vip",)))
    await world.run()
    assert world.upstream.sent(UpsertContact)[-1].remove_tags == ("idosell_vip",)
    assert await world.at_rest() == {"e1": ("withheld", "address_unknown"), "e2": ("sent", None), "e3": ("sent", None)}


async def test_a_tag_edit_finds_its_customer_also_when_the_address_was_known_first(world: World) -> None:
    await world.post(subscribes(JAN))
    await world.run()
    await world.post(tags(1, customer_id="17", added=("vip",)))
    await world.run()
    await world.post(registers(id="17", minutes=2))
    await world.run()
    assert "idosell_vip" in world.upstream.contacts[JAN]
    assert list(world.upstream.contacts) == [JAN]
    await world.at_rest()


async def test_a_late_event_with_the_address_from_before_a_rename_finds_the_renamed_person(world: World) -> None:
    await world.post(registers(), renames(JAN, NEW, 10))
    await world.run()
    await world.post(orders("late", JAN, 5), tags(6, email=JAN, added=("vip",)))
    await world.run()
    assert list(world.upstream.contacts) == [NEW]
    assert [(event.external_id, event.email) for event in world.upstream.events] == [("late", NEW)]
    assert "idosell_vip" in world.upstream.contacts[NEW]
    await world.at_rest()


async def test_a_person_who_takes_over_an_abandoned_address_is_somebody_else(world: World) -> None:
    await world.post(registers(), renames(JAN, NEW, 10), registers(JAN, 20), orders("theirs", JAN, 21), orders("ours", NEW, 21))
    await world.run()
    assert set(world.upstream.contacts) == {NEW, JAN}
    assert {event.external_id: event.email for event in world.upstream.events} == {"theirs": JAN, "ours": NEW}
    await world.at_rest()


@pytest.mark.parametrize("rounds", [False, True], ids=["one-round", "rounds"])
async def test_two_people_who_swap_addresses_stay_two_people(world: World, rounds: bool) -> None:
    await world.post(registers(JAN, id="1", first_name="Jan"), registers(EWA, id="2", first_name="Ewa"))
    await world.run()
    for change in (renames(JAN, NEW, 1, "1"), renames(EWA, JAN, 2, "2"), renames(NEW, EWA, 3, "1")):
        await world.post(change)
        if rounds:
            await world.run()
    await world.run()
    await world.post(orders("of_jan", EWA, 5), orders("of_ewa", JAN, 6))
    await world.run()
    async with world.store.work() as work:
        people = await work.contacts.known_as("shop1", [JAN, EWA], [], [])
    assert {one.contact.email: one.contact.profile["first_name"].value for one in people} == {JAN: "Ewa", EWA: "Jan"}
    assert set(world.upstream.contacts) == {JAN, EWA}
    await world.at_rest()


async def test_a_rename_onto_a_known_address_joins_what_is_known_and_shows_the_conflict(world: World) -> None:
    await world.post(registers(JAN), tags(1, email=JAN, added=("vip",)), subscribes(JAN, 1), registers(NEW, 2))
    await world.run()
    await world.post(unsubscribes(JAN, 3), renames(JAN, NEW, 4))
    await world.run()
    assert "idosell_vip" in world.upstream.contacts[NEW]
    assert set(world.upstream.contacts) == {JAN, NEW}  # the old one is left for a person to see
    async with world.store.work() as work:
        assert await work.contacts.conflicts() == {"shop1": (1, 0)}
    await world.at_rest()


async def test_m1_an_address_may_be_erased_of_one_person_and_later_of_another(world: World) -> None:
    await world.post(registers(JAN), erases(JAN, minutes=1))
    await world.run()
    await world.post(registers(EWA, minutes=2), renames(EWA, JAN, minutes=3))
    await world.run()
    await world.post(erases(JAN, minutes=4))
    await world.run()
    assert {state for state, _ in (await world.at_rest()).values()} <= {"sent", "withheld", "superseded"}
    assert await world.tables_naming(JAN) == await world.tables_naming(EWA) == []
    await world.post(views(email=JAN, minutes=3.5))
    await world.run()
    assert (await world.at_rest())["e6"] == ("withheld", "erased")


@pytest.mark.parametrize("neighbour", [JAN, EWA, None])
async def test_who_is_meant_by_a_shared_customer_id_does_not_depend_on_who_else_is_in_the_round(
    world: World, neighbour: str | None
) -> None:
    await world.post(registers(JAN, id="7"), orders("o1", EWA, id="7"))
    await world.run()
    if neighbour is not None:
        await world.post(views(email=neighbour))
    await world.post(tags(customer_id="7", added=("vip",)))
    await world.run()
    assert {email for email, theirs in world.upstream.contacts.items() if "idosell_vip" in theirs} == {JAN}  # whose account it is


@pytest.mark.parametrize("says_previous", [True, False])
@pytest.mark.parametrize("in_one_round", [True, False])
async def test_r11_a_registration_that_arrives_after_the_address_was_corrected_makes_no_twin_at_the_wrong_one(
    world: World, says_previous: bool, in_one_round: bool
) -> None:
    """The shop's first event failed and is repeated an hour later; until then the customer mended the address."""
    ticked = {"newsletter_email": NewsletterBox(ticked=True)}
    late = [registers(A, 0, id="1", first_name="Anna", **ticked), subscribes(A, 1), orders("o1", A, 2)]
    await world.post(replace(changes(B, 5, "1"), previous_email=A if says_previous else None))
    for event in late:
        if not in_one_round:
            await world.run()
        await world.post(event)
    await world.run()
    assert set(world.upstream.contacts) == {B}
    assert [event.email for event in world.upstream.events] == [B]
    await world.post(erases(A, 9))
    await world.run()
    assert world.upstream.contacts == {}
    await world.at_rest()
