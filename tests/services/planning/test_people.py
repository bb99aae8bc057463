"""Who is who (R72), through planning and delivery, on both stores."""

from datetime import timedelta
from typing import Any

import pytest

from app.domain.commands import UpsertContact
from app.domain.consent import ConsentAnswer, Policy, Status
from app.domain.delivery.outcomes import Delivered, Outcome, Refused, Unknown, Unreachable
from app.domain.event_parts import Customer, NewsletterBox
from app.domain.events import AccountListed
from app.domain.person.contact import Contact
from app.routers.operations.event_traces import summarised
from app.services.from_salesmanago.polling import Poller
from tests.support.world import (
    World,
    a_shop,
    at,
    cancels,
    erases,
    orders,
    registers,
    renames,
    scripted,
    subscribes,
    tags,
    unsubscribes,
    views,
    withdraws,
)

A, B, C, D = "a@example.pl", "b@example.pl", "c@example.pl", "d@example.pl"


async def known(world: World, *emails: str) -> dict[str, Contact]:
    async with world.store.work() as work:
        found = await work.contacts.known_as("shop1", emails or (A, B, C, D), [], [])
    return {one.contact.email: one.contact for one in found}


async def ledger(world: World, email: str) -> list[tuple[str, str, Any]]:
    """What was written down of whoever had the address when they acted."""
    async with world.store.work() as work:
        chains = await work.consents.of_subject("shop1", world.pseudonym("shop1", email))
    return [(one.matter.value, one.kind.value, one.acted_at) for chain in chains.values() for one in chain]


async def conflicts(world: World) -> list[str]:
    async with world.store.work() as work:
        return [one.contact.email for one in await work.contacts.disputed("shop1", 10)]


async def looked_at(world: World, *emails: str) -> None:
    world.clock.advance(minutes=1)
    pull = Poller(world.store, world.directory, lambda _account: world.upstream, world.clock, lambda: None, timedelta(0))
    await pull.look_at("main", emails)
    await world.run()


def changes(email: str, minutes: float, number: str | None = None, **said: Any) -> Any:
    return type(renames(A, B))(at=at(minutes), customer=Customer(email=email, id=number, **said))


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


# -- addresses that were left ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rounds", [False, True], ids=["one-round", "rounds"])
async def test_r72_a_stop_under_the_address_before_a_rename_reaches_the_renamed_person(world: World, rounds: bool) -> None:
    await world.post(registers(A), subscribes(A, 1), renames(A, B, 5))
    await world.run() if rounds else None
    await world.post(unsubscribes(A, 10))
    await world.run()
    assert (await known(world))[B].email_news.status is Status.OPT_OUT
    assert (await known(world)).keys() == {B}
    assert B in world.upstream.opted_out
    await world.post(withdraws(A, 11))
    await world.run()
    assert (await known(world))[B].transfer.is_withdrawn
    assert (await known(world)).keys() == {B}


async def test_r72_a_stop_under_an_address_somebody_took_since_is_theirs(world: World) -> None:
    await world.post(registers(A), subscribes(A, 1), renames(A, B, 5), registers(A, 6), subscribes(A, 6))
    await world.run()
    await world.post(unsubscribes(A, 10))
    await world.run()
    people = await known(world)
    assert (people[A].email_news.status, people[B].email_news.status) == (Status.OPT_OUT, Status.OPT_IN)


async def test_r72_a_stop_that_arrives_before_who_took_the_address_is_theirs_as_well(world: World) -> None:
    await world.post(registers(A), subscribes(A, 1), renames(A, B, 5))
    await world.run()
    await world.post(unsubscribes(A, 10))
    await world.run()
    await world.post(subscribes(A, 6))
    await world.run()
    people = await known(world)
    assert (people[A].email_news.status, people[B].email_news.status) == (Status.OPT_OUT, Status.OPT_OUT)
    assert A not in world.upstream.contacts or A in world.upstream.opted_out


async def test_r72_what_goes_on_under_the_address_before_a_rename_makes_no_twin(world: World) -> None:
    await world.post(registers(A), orders("o1", A, 1), renames(A, B, 5))
    await world.run()
    await world.post(views("7", A, 10), cancels("o1", A, 11))
    await world.run()
    assert set(world.upstream.contacts) == {B}
    assert [event.email for event in world.upstream.events] == [B, B, B]


@pytest.mark.parametrize("order", ["in order", "later one first"])
async def test_r72_a_chain_of_changes_ends_as_one_person_in_any_order(world: World, order: str) -> None:
    chain = [renames(A, B, 5), renames(B, C, 6)]
    await world.post(registers(A, first_name="Anna"))
    await world.run()
    for event in chain if order == "in order" else reversed(chain):
        await world.post(event)
        await world.run()
    await world.post(unsubscribes(B, 20), unsubscribes(A, 20))
    await world.run()
    people = await known(world)
    assert people.keys() == {C}
    assert people[C].email_news.status is Status.OPT_OUT


async def test_r72_who_was_merged_is_found_by_every_address_of_both(world: World) -> None:
    await world.post(registers(A), renames(A, B, 2), registers(C), renames(B, C, 5))
    await world.run()
    await world.post(orders("late", A, 1), unsubscribes(A, 10))
    await world.run()
    people = await known(world)
    assert people.keys() == {C}
    assert people[C].email_news.status is Status.OPT_OUT
    assert [event.email for event in world.upstream.events] == [C]


# -- erasure ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [A, B, C])
@pytest.mark.parametrize("merged", [False, True], ids=["renamed", "merged"])
async def test_r72_erasing_by_any_address_a_person_had_erases_the_person(world: World, address: str, merged: bool) -> None:
    await world.post(registers(A, first_name="Anna"), *([registers(C)] if merged else []))
    await world.run()
    await world.post(renames(A, B, 1))
    await world.run()
    await world.post(renames(B, C, 2), tags(3, email=C, added=("vip",)))
    await world.run()
    await world.post(erases(address, 10))
    await world.run()
    assert world.upstream.contacts == {}
    assert [await world.tables_naming(one) for one in (A, B, C)] == [[], [], []]
    await world.at_rest()


async def test_r72_erasing_by_an_address_somebody_took_since_erases_whoever_has_it(world: World) -> None:
    await world.post(registers(A, first_name="Anna"), renames(A, B, 1), registers(A, 2, first_name="Ola"))
    await world.run()
    await world.post(erases(A, 10))
    await world.run()
    assert set(world.upstream.contacts) == {B}
    assert {email: one.profile["first_name"].value for email, one in (await known(world)).items()} == {B: "Anna"}
    await world.post(erases(B, 11))
    await world.run()
    assert world.upstream.contacts == {}
    assert [await world.tables_naming(one) for one in (A, B)] == [[], []]


@pytest.mark.parametrize("merged", [False, True], ids=["renamed", "merged"])
async def test_r72_an_erasure_leaves_alone_who_took_an_address_the_person_had(world: World, merged: bool) -> None:
    """She took it in an earlier round, and nothing in this one names her."""
    await world.post(registers(A, first_name="Anna"), *([registers(B)] if merged else []))
    await world.run()
    await world.post(renames(A, B, 1))
    await world.run()
    await world.post(registers(A, 2, first_name="Ola"), orders("o1", A, 3))
    await world.run()
    await world.post(erases(B, 10))
    await world.run()
    assert set(world.upstream.contacts) == {A}
    assert [event.email for event in world.upstream.events] == [A]
    assert {email: one.profile["first_name"].value for email, one in (await known(world)).items()} == {A: "Ola"}
    assert await world.tables_naming(B) == []


@pytest.mark.parametrize("overtakes", [False, True], ids=["in order", "erasure first"])
@pytest.mark.parametrize("sent", [False, True], ids=["never sent", "sent"])
async def test_r72_an_erasure_by_the_address_just_taken_erases_the_person_in_whatever_order(
    world: World, overtakes: bool, sent: bool
) -> None:
    await world.post(registers(A, id="1", first_name="Anna"))
    await (world.run() if sent else world.plan())
    await world.post(changes(B, 1, "1"), erases(B, 2))
    if overtakes:
        await world.planner.plan_due(1)
        assert (await world.states())["e2"] == ("received", None)
    await world.run()
    assert world.upstream.contacts == {}
    assert [await world.tables_naming(one) for one in (A, B)] == [[], []]
    await world.at_rest()


async def test_r72_after_an_erasure_the_trace_says_what_each_command_was_and_nothing_of_what_it_said(world: World) -> None:
    """It said `delete_contact` of an upsert that had been tried, and a deletion seemed to be older than its request."""
    await world.post(registers(A, first_name="Anna"), orders("o1", A, 1), renames(A, B, 2))
    await world.run()
    await world.post(erases(A, 10))
    await world.run()
    kinds = [[summarised(one.command) for one in (await world.trace(f"e{number}")).commands] for number in (1, 2, 3, 4)]
    upsert, event = ("upsert_contact", {"erased": True}), ("add_event", {"erased": True})
    assert kinds[:3] == [[upsert], [upsert, event], [upsert]]
    assert {kind for kind, _ in kinds[3]} == {"delete_contact"}
    attempts = [len(one.attempts) for one in (await world.trace("e2")).commands]
    assert attempts == [1, 1]


# -- an address that resigned ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["known", "erased", "queued"])
async def test_r72_a_rename_onto_an_address_that_resigned_opts_nobody_in_and_stands_in_the_ledger(world: World, way: str) -> None:
    await world.post(registers(B), unsubscribes(B, 5))
    await world.run()
    if way == "erased":
        await world.post(erases(B, 6))
        await world.run()
    await world.post(registers(A), subscribes(A, 9))
    await (world.plan() if way == "queued" else world.run())
    await world.post(renames(A, B, 10))
    await world.run()
    people = await known(world)
    assert people.keys() == {B}
    assert people[B].email_news.status is Status.OPT_OUT
    assert B in world.upstream.opted_out
    if way == "queued":
        assert A not in world.upstream.contacts or world.upstream.sent(UpsertContact)[-1].email_status is not Status.OPT_IN
        assert [one.email_status for one in world.upstream.sent(UpsertContact) if one.email_status is Status.OPT_IN] == []
    await world.post(subscribes(B, 12))
    await world.run()
    assert (await known(world))[B].email_news.status is Status.OPT_IN
    assert B not in world.upstream.opted_out


@pytest.mark.parametrize("resigns", ["before she leaves", "after she left"])
async def test_r72_whoever_comes_back_to_an_address_brings_no_opt_in_onto_her_own_resignation(world: World, resigns: str) -> None:
    await world.post(registers(A, id="1"))
    await world.run()
    said = [unsubscribes(A, 1), changes(B, 5, "1")] if resigns == "before she leaves" else [changes(B, 5, "1"), unsubscribes(A, 6)]
    for event in (*said, subscribes(B, 9)):
        await world.post(event)
        await world.run()
    assert (await known(world))[B].email_news.status is Status.OPT_IN
    await world.post(changes(A, 10, "1"))
    await world.run()
    assert (await known(world))[A].email_news.status is Status.OPT_OUT
    assert A in world.upstream.opted_out
    await world.post(subscribes(A, 12))
    await world.run()
    assert A not in world.upstream.opted_out


async def test_r72_whoever_is_merged_into_an_address_she_resigned_at_brings_no_opt_in_there(world: World) -> None:
    await world.post(registers(A), unsubscribes(A, 1), renames(A, B, 2), subscribes(B, 3), registers(A, 4))
    await world.run()
    await world.post(renames(B, A, 5))
    await world.run()
    assert (await known(world))[A].email_news.status is Status.OPT_OUT
    assert A in world.upstream.opted_out


async def test_r72_an_opt_out_that_a_merge_brings_has_its_line_in_the_ledger(world: World) -> None:
    await world.post(registers(B), subscribes(B, 1), registers(A), unsubscribes(A, 9), withdraws(A, 9))
    await world.run()
    await world.post(renames(A, B, 10))
    await world.run()
    contact = (await known(world))[B]
    assert (contact.email_news.status, contact.transfer.is_withdrawn) == (Status.OPT_OUT, True)
    assert [(matter, kind) for matter, kind, _ in await ledger(world, B)] == [
        ("email", "opt_in"),
        ("email", "opt_out"),
        ("transfer", "withdrawn"),
    ]


# -- renames over there ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("planned", ["together", "one by one"])
async def test_r72_whoever_takes_an_address_waits_until_it_was_left_over_there(world: World, planned: str) -> None:
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


async def test_r72_a_newcomer_at_an_address_waits_until_it_was_left_over_there(world: World) -> None:
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
async def test_r72_a_move_onto_an_address_of_which_salesmanago_never_heard_renames_the_contact(world: World, sent: bool) -> None:
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
async def test_r72_a_rename_onto_an_address_that_is_taken_over_there_is_not_believed(world: World, others: int) -> None:
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


# -- gone over there ---------------------------------------------------------------------------------------------------------


def refuses_unknown(world: World) -> None:
    """SALESmanago takes no event of a contact it does not have (contract U17)."""

    def respond(method: str, items: list) -> Outcome:
        unknown = method in ("add_event", "add_events") and any(item.email not in world.upstream.contacts for item in items)
        return Refused("Contact does not exist") if unknown else Delivered()

    world.upstream.respond = respond


def gone(world: World, *emails: str) -> None:
    for email in emails:
        del world.upstream.contacts[email]
        world.upstream.opted_out.add(email)  # as a new contact is shown
        world.upstream.opted_out_phone.add(email)


@pytest.mark.parametrize("people", [(A,), (A, B, C)], ids=["one", "several"])
async def test_r72_an_event_of_a_contact_that_is_gone_brings_the_whole_contact_back_and_no_act(
    world: World, people: tuple[str, ...]
) -> None:
    refuses_unknown(world)
    await world.post(*(one for email in people for one in (registers(email, first_name="Anna"), subscribes(email, 1))))
    await world.post(*(tags(2, email=email, added=("vip",)) for email in people))
    await world.run()
    await looked_at(world, *people)
    gone(world, *people)
    world.upstream.calls.clear()
    await world.post(*(views("7", email, 10) for email in people))
    await world.run_for(hours=0.2)
    for email in people:
        assert "idosell_vip" in world.upstream.contacts[email]
        (upsert,) = [one for one in world.upstream.sent(UpsertContact) if one.email == email]
        assert (upsert.profile["first_name"], upsert.email_status) == ("Anna", None)
        assert [event.email for event in world.upstream.events if event.email == email] == [email]
    assert {state for state, _ in (await world.states()).values()} == {"sent"}
    await looked_at(world, *people)
    for email in people:
        assert (await known(world))[email].email_news.status is Status.OPT_IN
        assert [kind for _, kind, _ in await ledger(world, email)] == ["opt_in"]


async def test_r72_an_opt_out_is_told_again_to_a_contact_that_comes_back(world: World) -> None:
    refuses_unknown(world)
    await world.post(registers(A), subscribes(A, 1), unsubscribes(A, 2))
    await world.run()
    await looked_at(world, A)
    gone(world, A)
    world.upstream.opted_out.clear()
    await world.post(views("7", A, 10))
    await world.run_for(hours=0.2)
    assert A in world.upstream.opted_out


async def test_r72_a_look_that_misses_a_contact_is_no_act_and_the_next_event_introduces_it_whole(world: World) -> None:
    await world.post(registers(A, first_name="Anna"), subscribes(A, 1))
    await world.run()
    gone(world, A)
    world.clock.advance(minutes=10)
    await looked_at(world, A)
    assert not (await known(world))[A].is_transferred
    world.upstream.calls.clear()
    await world.post(orders("o1", A, 20))
    await world.run()
    assert world.upstream.sent(UpsertContact)[0].profile["first_name"] == "Anna"
    await looked_at(world, A)
    assert (await known(world))[A].email_news.status is Status.OPT_IN


async def test_r72_an_erasure_in_one_shop_lets_the_other_introduce_the_person_anew(world: World) -> None:
    await world.configure(a_shop(), a_shop("shop2"))
    for shop in ("shop1", "shop2"):
        await world.post(registers(A, first_name="Anna"), subscribes(A, 1), shop=shop)
    await world.run()
    await world.post(erases(A, 5), shop="shop2")
    await world.run()
    assert world.upstream.contacts == {}
    world.upstream.opted_out.add(A)
    await world.post(orders("o1", A, 20))
    world.upstream.calls.clear()
    await world.run()
    (upsert,) = world.upstream.sent(UpsertContact)
    assert (upsert.profile["first_name"], upsert.email_status) == ("Anna", None)
    world.clock.advance(minutes=30)
    await looked_at(world, A)
    assert (await known(world))[A].email_news.status is Status.OPT_IN


async def test_r72_a_contact_that_was_made_anew_over_there_shows_a_status_that_is_no_act(world: World) -> None:
    """Deleted and made again, without a name, by an upsert that told of a change alone."""
    await world.post(registers(A, first_name="Anna"), subscribes(A, 1))
    await world.run()
    world.upstream.created[A] = at(2)
    world.clock.advance(minutes=10)
    await looked_at(world, A)
    gone(world, A)
    world.upstream.created[A] = at(11)
    await world.post(tags(11, email=A, added=("vip",)))
    await world.run()
    world.clock.advance(minutes=10)
    await looked_at(world, A)
    contact = (await known(world))[A]
    assert contact.email_news.status is Status.OPT_IN
    assert [kind for _, kind, _ in await ledger(world, A)] == ["opt_in"]
    world.upstream.calls.clear()
    await world.post(views("7", A, 30))
    await world.run()
    assert world.upstream.sent(UpsertContact)[0].profile["first_name"] == "Anna"
    world.upstream.opted_out.discard(A)
    world.clock.advance(minutes=10)
    await looked_at(world, A)
    world.upstream.opted_out.add(A)
    world.clock.advance(minutes=10)
    await looked_at(world, A)
    assert (await known(world))[A].email_news.status is Status.OPT_OUT  # what changes on the same contact is an act again


# -- a rename that was refused (M4) ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("along", [True, False], ids=["in one call with the rename", "later"])
async def test_r72_after_a_refused_rename_an_opt_out_reaches_the_contact_that_is_there(world: World, along: bool) -> None:
    await world.post(registers(A), subscribes(A, 1))
    await world.run()
    world.upstream.contacts[B] = set()  # of whom we know nothing
    await world.post(renames(A, B, 2))
    await (world.plan() if along else world.run_for(hours=0.5))
    await world.post(unsubscribes(B, 3), orders("o1", B, 4))
    await world.run_for(hours=1)
    assert A in world.upstream.opted_out
    assert world.upstream.contacts[B] == set()
    assert [event.email for event in world.upstream.events] == [A]
    assert await conflicts(world) == [B]
    del world.upstream.contacts[B]
    await world.post(renames(B, C, 90))
    await world.run_for(hours=1)
    assert set(world.upstream.contacts) == {C}
    assert await conflicts(world) == []


# -- stops around a rename (R06a, R72) ---------------------------------------------------------------------------------------


@pytest.fixture
async def jan_opted_in(world: World) -> World:
    await world.post(registers(A, id="7"), subscribes(A, 1))
    await world.run()
    return world


async def test_r72_a_stop_in_one_round_with_the_rename_onto_its_address_reaches_the_renamed_contact(jan_opted_in: World) -> None:
    await jan_opted_in.post(renames(A, B, 5, "7"), unsubscribes(B, 6))
    await jan_opted_in.run()
    assert list(jan_opted_in.upstream.contacts) == [B]
    assert jan_opted_in.upstream.opted_out == {B}


async def test_r72_a_withdrawal_in_one_round_with_the_rename_leaves_nothing_under_way(jan_opted_in: World) -> None:
    before = len(jan_opted_in.upstream.calls)
    await jan_opted_in.post(renames(A, B, 5, "7"), withdraws(B, 6), views("1", B, 7))
    await jan_opted_in.run()
    assert jan_opted_in.upstream.calls[before:] == []


async def test_r72_an_erasure_in_one_round_with_the_rename_onto_its_address_erases_the_person(jan_opted_in: World) -> None:
    await jan_opted_in.post(renames(A, B, 5, "7"), erases(B, 6))
    await jan_opted_in.run()
    assert jan_opted_in.upstream.contacts == {}
    assert await jan_opted_in.tables_naming(A) == []
    assert await jan_opted_in.tables_naming(B) == []


async def test_r72_a_stop_from_before_the_rename_in_one_round_is_of_whoever_had_the_address_then(jan_opted_in: World) -> None:
    await jan_opted_in.post(subscribes(B, 2))
    await jan_opted_in.run()
    await jan_opted_in.post(unsubscribes(B, 4), renames(B, C, 5), renames(A, B, 6, "7"))
    await jan_opted_in.run()
    assert jan_opted_in.upstream.opted_out == {C}


async def test_r06a_an_address_that_was_left_behind_hears_of_a_resignation_decided_before_the_rename(jan_opted_in: World) -> None:
    await jan_opted_in.post(unsubscribes(B, 6))
    await jan_opted_in.run()
    await jan_opted_in.post(renames(A, B, 5, "7"))
    await jan_opted_in.run()
    assert jan_opted_in.upstream.opted_out == {A, B}


@pytest.mark.parametrize("stopped_first", [False, True])
async def test_r06a_an_address_that_was_left_behind_hears_of_a_later_resignation(jan_opted_in: World, stopped_first: bool) -> None:
    await jan_opted_in.post(withdraws(B, 2) if stopped_first else subscribes(B, 2))
    await jan_opted_in.run()
    await jan_opted_in.post(renames(A, B, 5, "7"))
    await jan_opted_in.run()
    assert A not in jan_opted_in.upstream.opted_out
    await jan_opted_in.post(unsubscribes(B, 6))
    await jan_opted_in.run()
    assert A in jan_opted_in.upstream.opted_out
    told = len(jan_opted_in.upstream.sent(UpsertContact))
    await jan_opted_in.post(unsubscribes(B, 7))
    await jan_opted_in.run()
    # Where SALESmanago never heard of B, its contact is still called A. A contact that was left behind is told once.
    theirs = A if stopped_first else B
    assert [one.email for one in jan_opted_in.upstream.sent(UpsertContact)[told:]] == [theirs]


async def test_r72_an_address_that_somebody_else_took_hears_nothing_of_whoever_left_it(jan_opted_in: World) -> None:
    await jan_opted_in.post(subscribes(B, 2))
    await jan_opted_in.run()
    await jan_opted_in.post(renames(A, B, 5, "7"))
    await jan_opted_in.run()
    await jan_opted_in.post(registers(A, 6, id="8"), subscribes(A, 7))
    await jan_opted_in.run()
    await jan_opted_in.post(unsubscribes(B, 8))
    await jan_opted_in.run()
    assert jan_opted_in.upstream.opted_out == {B}


async def test_r06a_an_address_that_never_reached_salesmanago_hears_of_no_resignation(world: World) -> None:
    await world.post(withdraws(B))
    await world.run()
    await world.post(registers(A, 1, id="7"), subscribes(A, 2))
    await world.plan()
    await world.post(renames(A, B, 5, "7"))
    await world.plan()
    await world.post(unsubscribes(B, 6))
    await world.run()
    assert world.upstream.calls == []


@pytest.mark.parametrize("named", [A, B])
@pytest.mark.parametrize("again", [None, A, B])
async def test_r72_whichever_address_an_erasure_names_older_words_under_all_of_them_stay_out(
    world: World, named: str, again: str | None
) -> None:
    await world.post(registers(A, id="7"), renames(A, B, 2, "7"))
    await world.run()
    await world.post(erases(named, 6))
    await world.run()
    if again is not None:
        await world.post(erases(again, 7))
        await world.run()
    calls = len(world.upstream.calls)
    late = await world.post(orders("o9", B, 3), subscribes(B, 4), orders("o8", A, 1), subscribes(A, 5))
    await world.run()
    assert world.upstream.calls[calls:] == []
    states = await world.states()
    assert {states[one] for one in late} == {("withheld", "erased")}
    assert await world.tables_naming(A) == await world.tables_naming(B) == []
    await world.post(subscribes(B, 8))
    await world.run()
    assert list(world.upstream.contacts) == [B], "a newer act begins a new life"


async def test_r06a_an_older_opt_in_of_another_shop_does_not_follow_the_resignation_at_an_address_left_behind(world: World) -> None:
    await world.configure(a_shop(), a_shop("shop2", host="b.example", location="b", number=2))
    await world.post(registers(A, id="7"), subscribes(A, 1), subscribes(B, 1))
    await world.post(registers(A, id="9"), shop="shop2")
    await world.run()
    await world.post(renames(A, B, 5, "7"))
    await world.run()
    await world.post(subscribes(A, 6), shop="shop2")
    await world.plan()
    await world.post(unsubscribes(B, 7))
    await world.run()
    assert world.upstream.opted_out == {A, B}
