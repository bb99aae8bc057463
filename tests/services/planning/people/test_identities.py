"""Who an event is about (R11)."""

from typing import Any

import pytest

from app.domain.event_parts import NewsletterBox
from app.domain.person.contact import Contact
from tests.services.planning.people.stories import A, B, C, changes, conflicts, known, ledger
from tests.support.world import World, at, orders, registers, tags


@pytest.mark.parametrize("rounds", [False, True], ids=["one-round", "rounds"])
async def test_r72_two_accounts_are_never_made_one_contact_and_a_person_sees_why(world: World, rounds: bool) -> None:
    events = [
        registers(A, id="71", first_name="Anna"),
        registers(B, id="72", first_name="Bea"),
        changes(B, 5, "71", first_name="Anna", phone="+48600100200"),
    ]
    for event in events:
        await world.post(event)
        if rounds:
            await world.run()
    await world.run()
    people = await known(world)
    assert {email: (one.customer_id, one.profile["first_name"].value) for email, one in people.items()} == {
        A: ("71", "Anna"),
        B: ("72", "Bea"),
    }
    assert (await world.at_rest())["e3"] == ("withheld", "address_of_another_account")
    assert await conflicts(world) == [A]
    assert set(world.upstream.contacts) == {A, B}
    assert people[A].profile["phone"].value == "+48600100200"  # what else was said of the account is known
    await world.post(changes(C, 6, "72"), changes(B, 7, "71"))
    await world.run()
    assert {email: one.customer_id for email, one in (await known(world)).items()} == {C: "72", B: "71"}
    assert await conflicts(world) == []
    await world.at_rest()


@pytest.mark.parametrize(
    "event",
    [
        registers(A, 5, id="72", first_name="Bea", phone="+48600100300"),
        orders("o9", A, 5, id="72", first_name="Bea"),
        changes(A, 5, "72", first_name="Bea"),
        tags(5, email=A, customer_id="72", added=("vip",)),
    ],
    ids=["registration", "order", "account", "tags"],
)
async def test_r72_what_another_account_says_under_the_address_of_one_teaches_nothing_of_it(world: World, event: Any) -> None:
    await world.post(registers(A, id="71", first_name="Anna"))
    await world.run()
    before = (await known(world))[A]
    await world.post(event)
    await world.run()
    people = await known(world)
    assert people.keys() == {A}
    assert (people[A].customer_id, people[A].profile, people[A].panel_tags) == ("71", before.profile, {})
    assert (await world.at_rest())["e2"] == ("withheld", "address_of_another_account")
    assert await conflicts(world) == [A]


async def test_r72_a_box_ticked_by_another_account_is_no_act_of_the_one_that_has_the_address(world: World) -> None:
    await world.post(registers(A, id="71"), registers(A, 5, id="72", newsletter_email=NewsletterBox(ticked=True)))
    await world.run()
    contact = (await known(world))[A]
    assert contact.email_news.status is None
    assert await ledger(world, A) == []


@pytest.mark.parametrize("number", ["0", "", "null"])
async def test_r72_guests_without_a_number_are_not_one_person(world: World, number: str) -> None:
    await world.post(orders("o1", A, 1, id=number), orders("o2", B, 2, id=number))
    await world.run()
    await world.post(changes(C, 5, number))
    await world.run()
    assert {email: one.customer_id for email, one in (await known(world)).items()} == {A: None, B: None, C: None}
    await world.at_rest()


async def test_r72_a_stored_placeholder_renames_nobody(world: World) -> None:
    async with world.store.work() as work:
        await work.contacts.add([("shop1", Contact(email=A, customer_id="0", registered=True), None)], at())
        await work.commit()
    await world.post(changes(B, 5, "0"), orders("o1", A, 6, id="7"))
    await world.run()
    assert {email: one.customer_id for email, one in (await known(world)).items()} == {A: "7", B: None}
