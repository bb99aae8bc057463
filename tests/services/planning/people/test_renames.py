"""Renames in SALESmanago: who waits for whom, and what is believed (R72)."""

import pytest

from app.domain.commands import UpsertContact
from app.domain.consent import ConsentAnswer, Policy
from app.domain.delivery.outcomes import Unknown, Unreachable
from app.domain.event_parts import Customer
from app.domain.events import AccountListed
from tests.services.planning.people.stories import A, B, C, changes, conflicts, known
from tests.support.world import (
    World,
    a_shop,
    at,
    erases,
    orders,
    registers,
    renames,
    scripted,
    subscribes,
    tags,
    unsubscribes,
)


@pytest.mark.parametrize("planned", ["together", "one by one"])
async def test_r72_a_person_who_takes_an_address_waits_until_it_was_left_in_salesmanago(world: World, planned: str) -> None:
    """Anna goes from a to c, Bea from b to a, Anna on to b: three renames, none of which may be skipped or overtaken."""
    await world.post(registers(A, id="1", first_name="Anna"), registers(B, id="2", first_name="Bea"))
    await world.post(tags(0.1, email=A, added=("anna",)), tags(0.1, email=B, added=("bea",)))
    await world.run()
    for event in (changes(C, 1, "1"), changes(A, 2, "2"), changes(B, 3, "1")):
        await world.post(event)
        if planned == "one by one":
            await world.plan()
    await world.run()
    assert {
        email: sorted(one for one in tags if one.startswith("idosell_")) for email, tags in world.upstream.contacts.items()
    } == {
        A: ["idosell_bea"],
        B: ["idosell_anna"],
    }
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}


async def test_r72_a_newcomer_at_an_address_waits_until_it_was_left_in_salesmanago(world: World) -> None:
    await world.post(registers(A, first_name="Anna"), tags(0.1, email=A, added=("anna",)))
    await world.run()
    await world.post(renames(A, B, 1))
    world.upstream.respond = scripted(Unreachable("down"), method="upsert")
    await world.run()
    await world.post(registers(A, 2, first_name="Ola"), tags(2.1, email=A, added=("ola",)))
    await world.run_for(hours=0.2)
    theirs = {email: sorted(one for one in tags if one.startswith("idosell_")) for email, tags in world.upstream.contacts.items()}
    assert theirs == {A: ["idosell_ola"], B: ["idosell_anna"]}
    await world.at_rest()


async def test_r72_a_stop_right_after_a_move_makes_no_second_contact(world: World) -> None:
    await world.post(registers(A, id="1"), changes(B, 1, "1"), unsubscribes(B, 2))
    await world.run()
    assert set(world.upstream.contacts) == {B}
    assert B in world.upstream.opted_out
    assert await conflicts(world) == []


@pytest.mark.parametrize("sent", [False, True], ids=["never sent", "sent"])
async def test_r72_a_move_onto_an_address_that_was_never_sent_renames_the_contact(world: World, sent: bool) -> None:
    """Somebody resigned there, without a consent to be sent: a stop that overtook the move."""
    await world.configure(a_shop(policy=Policy.ORDER_CONSENT))
    await world.post(registers(A, id="1"), orders("o1", A, 1, ConsentAnswer.GIVEN, id="1"), subscribes(A, 2))
    await (world.run() if sent else world.plan())
    await world.post(changes(B, 5, "1"), unsubscribes(B, 6))
    await world.planner.plan_due(1)
    assert (await world.states())["e4"] == ("received", None)
    await world.run()
    assert set(world.upstream.contacts) == {B}
    assert B in world.upstream.opted_out
    assert [event.email for event in world.upstream.events] == [B]
    assert (await known(world)).keys() == {B}
    assert await conflicts(world) == []
    await world.post(erases(A, 20))
    await world.run()
    assert world.upstream.contacts == {}
    assert [await world.tables_naming(one) for one in (A, B)] == [[], []]
    await world.at_rest()


@pytest.mark.parametrize("others", [0, 5])
async def test_r72_a_rename_onto_an_address_that_is_taken_in_salesmanago_is_not_believed(world: World, others: int) -> None:
    await world.post(registers(A), *(registers(f"p{number}@example.pl") for number in range(others)))
    await world.run()
    world.upstream.contacts[B] = set()  # of whom we know nothing
    await world.post(renames(A, B, 1), *(tags(1, email=f"p{number}@example.pl", added=("x",)) for number in range(others)))
    await world.run()
    states = await world.states()
    assert states[f"e{others + 2}"] == ("parked", "refused")
    assert {A, B} <= set(world.upstream.contacts)


async def test_r72_a_rename_that_must_set_nothing_off_travels_in_a_job_and_is_read_back(world: World) -> None:
    await world.post(registers(A, id="1"))
    await world.run()
    world.upstream.contacts[B] = set()
    listed = AccountListed(at=at(1), customer=Customer(email=B, id="1"))
    await world.post(listed)
    await world.run()
    assert (await world.states())["e2"] == ("parked", "refused")
    await world.post(AccountListed(at=at(2), customer=Customer(email=C, id="1")))
    await world.run_for(hours=0.5)
    assert "upsert_many" in world.upstream.methods


@pytest.mark.parametrize("perhaps_there", [False, True])
async def test_r72_a_contact_that_never_was_there_is_created_under_its_newest_address(world: World, perhaps_there: bool) -> None:
    await world.post(registers(A, id="1"))
    if perhaps_there:
        world.upstream.respond = scripted(Unknown("time-out"), method="upsert")
        await world.run()
    await world.post(changes(C, 1, "1"), changes(B, 2, "1"))
    await world.run_for(hours=0.2)
    assert set(world.upstream.contacts) == {B}
    renamed = [one for one in world.upstream.sent(UpsertContact) if one.new_email is not None]
    assert bool(renamed) is perhaps_there
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}


@pytest.mark.parametrize("planned", ["together", "decided apart", "one by one"])
async def test_r72_who_moves_at_one_shop_alone_is_two_contacts_and_each_is_whole(world: World, planned: str) -> None:
    await world.configure(a_shop(), a_shop("shop2"))
    for name in ("shop1", "shop2"):
        await world.post(registers(A, id="1", first_name="Anna"), tags(0.1, email=A, added=(name,)), shop=name)
    await world.post(unsubscribes(A, 1), shop="shop2")
    await world.run()
    for event in (changes(B, 2, "1"), orders("o1", A, 3)):
        await world.post(event, shop="shop2" if event.at == at(3) else "shop1")
        if planned != "together":
            await (world.plan() if planned == "decided apart" else world.run())
    await world.run_for(hours=0.2)
    assert world.upstream.contacts.keys() == {A, B}
    assert {"rejestracja", "idosell_shop2", "Obuwie"} <= world.upstream.contacts[A]
    assert [(event.email, event.external_id) for event in world.upstream.events] == [(A, "o1")]
    assert world.upstream.opted_out == {A, B}
    await world.at_rest()


@pytest.mark.parametrize("planned", ["together", "decided apart", "one by one"])
async def test_r11_who_moves_at_both_shops_of_an_account_stays_one_contact(world: World, planned: str) -> None:
    await world.configure(a_shop(), a_shop("shop2"))
    for name in ("shop1", "shop2"):
        await world.post(registers(A, id="1"), subscribes(A, 1), shop=name)
    await world.run()
    for name in ("shop1", "shop2"):
        await world.post(changes(B, 2, "1", first_name="Anna"), shop=name)
        if planned != "together":
            await (world.plan() if planned == "decided apart" else world.run())
    await world.run_for(hours=0.2)
    assert world.upstream.contacts.keys() == {B}
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}


@pytest.mark.parametrize("shops", [("shop1", "shop1"), ("shop1", "shop2")], ids=["of one shop", "of two shops"])
async def test_r72_who_exchange_addresses_before_either_was_ever_sent_do_not_wait_for_each_other(
    world: World, shops: tuple[str, str]
) -> None:
    await world.configure(a_shop(), a_shop("shop2"))
    anna, bea = shops
    for name, event in (
        (anna, registers(A, id="1", first_name="Anna")),
        (bea, registers(B, id="2", first_name="Bea")),
        (anna, changes(C, 1, "1")),
        (bea, changes(A, 2, "2")),
        (anna, changes(B, 3, "1")),
    ):
        await world.post(event, shop=name)
        await world.plan()
    await world.run_for(hours=0.2)
    assert {one.address_after: one.profile["first_name"] for one in world.upstream.sent(UpsertContact)} == {A: "Bea", B: "Anna"}
    assert {state for state, _ in (await world.at_rest()).values()} == {"sent"}
