"""Who is meant: what is known of the addresses and the account an event names, and the person it is about."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest

from app.domain.consent import Channel, Status, TimedStatus, TransferConsent
from app.domain.decisions.learn import learn
from app.domain.event_kinds.subjects import customer_id_of, real_id
from app.domain.events import ErasureRequested, Event
from app.domain.person.contact import Contact, without_placeholder
from app.domain.person.identity import (
    Address,
    Clues,
    How,
    Meant,
    NewPerson,
    erasure_before_move,
    onto_address_of,
    who,
    with_stops_of,
)
from app.domain.person.sides import Observed, ObservedStatus, SentState
from app.domain.values import replace
from tests.support.builders import (
    a_customer,
    a_shop,
    account_changed,
    an_order,
    at,
    cancelled,
    cart_changed,
    consent_granted,
    consent_withdrawn,
    erasure_requested,
    registered,
    returned,
    status_seen,
    subscribed,
    tags_edited,
    tags_seen,
    unsubscribed,
    viewed,
)

A, B, C = "a@example.com", "b@example.com", "c@example.com"
EARLY, THEN, LATE = at("2026-11-23T09:00"), at("2026-11-23T10:00"), at("2026-11-23T11:00")

PLACEHOLDERS = ["", " ", "0", " 0 ", "00", "0.0", "-", "-1", "null", "NULL", "None", "undefined", "NaN", "guest",
                "00000000-0000-0000-0000-000000000000", "n/a", "N. A.", "#N/A", "brak", "Brak konta", "Gość", "GOSC", "gość ",
                "nie dotyczy", "-7", "\u22121", "---", "?", "...", "Unbekannt", "undefined!", "neznámý"]  # fmt: skip


@dataclass(eq=False)
class Somebody:
    contact: Contact
    erased_hash: str | None = None


def person(email: str = A, number: str | None = None, **more: Any) -> Somebody:
    return Somebody(Contact(email=email, customer_id=number, **more))


def account(email: str, number: str | None) -> Somebody:
    return person(email, number, registered=True)


def had(address_until: datetime, who_had: Somebody, present: Somebody | None = None) -> Address:
    return Address(present, ((address_until, who_had),))


def changed(email: str, number: str | None, moment: datetime = THEN, previous: str | None = None) -> Event:
    return account_changed(moment, customer=a_customer(email, id=number), previous_email=previous)


def same(who_is: Somebody) -> Meant:
    return Meant(How.SAME, who_is)


def named(who_is: Somebody) -> Meant:
    return Meant(How.NAMED, who_is)


def joined(who_is: Somebody, other: Somebody) -> Meant:
    return Meant(How.JOINED, who_is, other)


def renamed(who_is: Somebody, had: str | None = None, erased: Somebody | None = None) -> Meant:
    return Meant(How.RENAMED, who_is, erased, had)


def merged(who_is: Somebody, other: Somebody) -> Meant:
    return Meant(How.MERGED, who_is, other)


def absorbed(who_is: Somebody, other: Somebody) -> Meant:
    return Meant(How.ABSORBED, who_is, other)


def contested(who_is: Somebody) -> Meant:
    return Meant(How.CONTESTED, who_is)


# -- placeholders --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", PLACEHOLDERS)
def test_r72_what_shops_write_where_there_is_no_account_is_nobodys_id(said: str) -> None:
    assert real_id(said) is None
    assert customer_id_of(changed(A, said)) is None
    assert customer_id_of(tags_edited(email=A, customer_id=said, added=["x"])) is None
    learned = learn(an_order(customer=a_customer(A, id=said)), a_shop(), Contact())
    assert (learned.customer_id, learned.profile.get("customer_id")) == (None, None)


@pytest.mark.parametrize("said", ["1", "10", "007", "0a", "none1", "A-0", "nullo", "natalia", "12-7", "-a1", "日本", "gosc1"])
def test_r72_a_real_id_stays_as_it_is(said: str) -> None:
    assert real_id(said) == said
    assert learn(an_order(customer=a_customer(A, id=said)), a_shop(), Contact()).customer_id == said


@pytest.mark.parametrize("said", PLACEHOLDERS)
def test_r72_a_stored_placeholder_is_forgotten_when_the_contact_is_read(said: str) -> None:
    stored = Contact(email=A, customer_id=said).with_profile({"customer_id": said, "first_name": "Anna"} if said else {}, EARLY)
    read = without_placeholder(stored)
    assert read.customer_id is None
    assert "customer_id" not in read.profile
    kept = Contact(email=A, customer_id="7").with_profile({"customer_id": "7"}, EARLY)
    assert without_placeholder(kept) == kept


# -- two accounts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "event",
    [
        registered(THEN, customer=a_customer(A, id="72")),
        an_order(THEN, customer=a_customer(A, id="72")),
        changed(A, "72"),
        consent_granted(THEN, email=A, customer=a_customer(A, id="72")),
        tags_edited(THEN, email=A, customer_id="72", added=["x"]),
    ],
    ids=lambda event: type(event).__name__,
)
def test_r72_an_event_of_another_account_at_the_address_of_one_is_contested(event: Event) -> None:
    owner = account(A, "71")
    assert who(event, Clues(address=Address(owner))) == contested(owner)
    for ours in (account(A, "72"), account(A, None), person(A, "71")):
        # The account's own, one whose number was not known yet, and a guest, whose orders have numbers of their own.
        assert who(event, Clues(address=Address(ours))) == same(ours)


def test_r72_an_account_never_takes_the_address_of_another_and_guests_with_a_number_count_as_one() -> None:
    mover = account(A, "71")
    for owner in (account(B, "72"), person(B, "72")):
        clues = Clues(address=Address(owner), account=mover)
        assert who(changed(B, "71"), clues) == contested(mover)
        clues = Clues(address=Address(owner), previous=Address(mover))
        assert who(changed(B, None, previous=A), clues) == contested(mover)


@pytest.mark.parametrize("owner", [person(B), person(B, "71"), account(B, None)], ids=["no-id", "same-id", "account-without-id"])
def test_a_rename_onto_somebody_of_no_other_account_joins_them(owner: Somebody) -> None:
    mover = account(A, "71")
    clues = Clues(address=Address(owner), account=mover)
    assert who(changed(B, "71"), clues) == absorbed(mover, owner)  # SALESmanago has one contact at most: it is renamed
    owner.contact = replace(owner.contact, sent_state=SentState(email=B))
    assert who(changed(B, "71"), clues) == merged(owner, mover)


@pytest.mark.parametrize(
    "there",
    [
        SentState(email=B),
        SentState(email_news=TimedStatus(Status.OPT_OUT, EARLY)),
        Observed(email_news=ObservedStatus(Status.OPT_OUT, EARLY, EARLY)),
    ],
    ids=["told", "told by another shop", "seen"],
)
def test_r72_a_person_whom_salesmanago_may_know_at_an_address_keeps_the_contact_there(there: SentState | Observed) -> None:
    known = {"sent_state": there} if isinstance(there, SentState) else {"observed": there}
    mover, owner = account(A, "71"), person(B, **known)
    assert who(changed(B, "71"), Clues(address=Address(owner), account=mover)) == merged(owner, mover)


@pytest.mark.parametrize(("moment", "how"), [(EARLY, How.ERASED_SINCE), (THEN, How.ERASED_SINCE), (LATE, How.RENAMED)])
def test_r72_an_erasure_under_the_address_a_person_had_moved_to_is_the_persons(moment: datetime, how: How) -> None:
    mover, erased = account(A, "71"), Somebody(Contact(erased=True, erased_at=THEN), "hash")
    assert who(changed(B, "71", moment), Clues(address=Address(erased), account=mover)) == Meant(how, mover, erased)


def test_r72_an_address_that_was_called_the_previous_one_of_another_account_is_not_who_moves() -> None:
    other = account(A, "72")
    assert who(changed(B, "71", previous=A), Clues(previous=Address(other))) == NewPerson()


def test_r72_an_edit_of_tags_goes_by_the_account_where_the_address_is_of_another() -> None:
    ours, owner = account(B, "71"), account(A, "72")
    event = tags_edited(THEN, email=A, customer_id="71", added=["x"])
    assert who(event, Clues(address=Address(owner), account=ours)) == same(ours)


def test_r72_the_first_id_of_an_account_is_not_replaced_and_a_guests_gives_way_to_the_accounts() -> None:
    known = learn(registered(EARLY, customer=a_customer(A, id="71")), a_shop(), Contact())
    known = learn(an_order(THEN, customer=a_customer(A, id="72")), a_shop(), known)
    assert (known.customer_id, known.profile["customer_id"].value) == ("71", "71")
    guest = learn(an_order(EARLY, customer=a_customer(A, id="500")), a_shop(), Contact())
    guest = learn(an_order(EARLY, customer=a_customer(A, id="501")), a_shop(), guest)
    assert guest.customer_id == "500"
    known = learn(registered(THEN, customer=a_customer(A, id="71")), a_shop(), guest)
    assert (known.customer_id, known.profile["customer_id"].value) == ("71", "71")


# -- addresses that were left --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "meant"), [(EARLY, "anna"), (THEN, "anna"), (LATE, "bea")], ids=["before", "that-moment", "after"]
)
def test_who_had_an_address_at_a_time_is_meant_by_what_happened_then(moment: datetime, meant: str) -> None:
    people = {"anna": account(B, None), "bea": account(A, None)}
    clues = Clues(address=had(THEN, people["anna"], people["bea"]))
    assert who(an_order(moment, customer=a_customer(A, id=None)), clues) == same(people[meant])


def test_r72_an_address_freed_and_taken_again_in_one_breath_ends_as_two_people() -> None:
    anna, bea = account(B, "1"), account(C, "2")
    freed = had(THEN, anna)
    assert who(registered(THEN, customer=a_customer(A, id=None)), Clues(address=freed)) == NewPerson()
    assert who(registered(EARLY, customer=a_customer(A, id="3")), Clues(address=freed)) == NewPerson()
    for moment in (EARLY, THEN, LATE):
        assert who(changed(A, "2", moment), Clues(address=freed, account=bea)) == renamed(bea)
    assert who(an_order(EARLY, customer=a_customer(A, id="3")), Clues(address=freed)) == NewPerson()
    taken = had(THEN, anna, bea)
    assert who(an_order(EARLY, customer=a_customer(A, id="2")), Clues(address=taken)) == same(bea)


STOPS = [unsubscribed(LATE, email=A), consent_withdrawn(LATE, email=A), erasure_requested(LATE, email=A)]
OLD_NAMES = [cancelled(LATE, email=A), returned(LATE, email=A), cart_changed(LATE, email=A), viewed(LATE, email=A)]


@pytest.mark.parametrize("event", [*STOPS, *OLD_NAMES], ids=lambda event: type(event).__name__)
def test_r72_a_stop_under_an_address_left_since_is_of_who_had_it_last_unless_somebody_took_it(event: Event) -> None:
    anna, older, bea = account(B, "1"), account(C, "3"), account(A, "2")
    left = Address(None, ((THEN, anna), (EARLY, older)))
    assert who(event, Clues(address=left)) == same(anna)
    assert who(event, Clues(address=Address(bea, left.former))) == same(bea)
    assert who(event, Clues()) == NewPerson()


@pytest.mark.parametrize(
    "event",
    [
        registered(LATE, customer=a_customer(A, id=None)),
        an_order(LATE, customer=a_customer(A, id=None)),
        subscribed(LATE, email=A),
        consent_granted(LATE, email=A),
    ],
    ids=lambda event: type(event).__name__,
)
def test_who_acts_under_an_address_left_since_is_somebody_else(event: Event) -> None:
    assert who(event, Clues(address=had(THEN, account(B, "1")))) == NewPerson()


def test_an_order_of_the_account_under_the_address_it_left_is_of_the_account() -> None:
    anna = account(B, "1")
    event = an_order(LATE, customer=a_customer(A, id="1"))
    assert who(event, Clues(address=had(THEN, anna), account=anna)) == same(anna)
    assert who(event, Clues(account=anna)) == NewPerson()  # she never had it: a guest's order perhaps


# -- moving --------------------------------------------------------------------------------------------------------------


def test_a_change_of_address_renames_the_person_who_is_meant() -> None:
    anna = account(A, "1")
    assert who(changed(B, "1"), Clues(account=anna)) == renamed(anna)
    assert who(changed(B, None, previous=A), Clues(previous=Address(anna))) == renamed(anna)
    assert who(changed(A, "1"), Clues(address=Address(anna), account=anna)) == same(anna)
    assert who(changed(B, "1"), Clues()) == NewPerson()


def test_a_change_that_says_an_unknown_previous_address_leaves_a_trace_of_it() -> None:
    anna = account(A, "1")
    assert who(changed(C, "1", previous=B), Clues(account=anna)) == renamed(anna, had=B)
    assert who(changed(C, None, previous=B), Clues()) == NewPerson(had=B)


def test_a_late_change_renames_nobody_back() -> None:
    anna = account(B, "1")
    anna.contact = anna.contact.moved_to(B, LATE)
    assert who(changed(C, "1", THEN), Clues(account=anna)) == same(anna)


def test_r11_a_registration_that_comes_after_a_newer_change_of_its_account_is_about_the_same_person() -> None:
    anna = account(B, "1")
    anna.contact = anna.contact.moved_to(B, LATE)
    assert who(registered(THEN, customer=a_customer(A, id="1")), Clues(account=anna)) == Meant(How.SAME, anna, had=A, until=LATE)
    assert who(registered(LATE, customer=a_customer(A, id="1")), Clues(account=anna)) == NewPerson()
    assert who(an_order(THEN, customer=a_customer(A, id="1")), Clues(account=anna)) == NewPerson()
    assert who(registered(THEN, customer=a_customer(A, id="1")), Clues(account=account(B, "1"))) == NewPerson()


def test_an_account_known_by_its_number_alone_gets_the_address_or_joins_who_has_it() -> None:
    nameless, guest = person("", "1"), person(A)
    order = an_order(THEN, customer=a_customer(A, id="1"))
    assert who(order, Clues(account=nameless)) == named(nameless)
    assert who(order, Clues(account=nameless, address=Address(guest))) == joined(guest, nameless)
    assert who(changed(A, "1"), Clues(account=nameless)) == named(nameless)
    assert who(changed(A, "1"), Clues(account=nameless, address=Address(guest))) == joined(guest, nameless)
    other = account(A, "2")
    assert who(changed(A, "1"), Clues(account=nameless, address=Address(other))) == contested(nameless)


def test_an_erased_person_is_renamed_by_nobody_and_stands_in_nobodys_way() -> None:
    erased, anna = Somebody(Contact(), "hash"), account(A, "1")
    assert who(changed(B, None, previous=A), Clues(previous=Address(erased))) == same(erased)
    assert who(changed(B, "1"), Clues(account=anna, address=Address(erased))) == renamed(anna, erased=erased)


def test_channels_are_untouched_by_the_question_who_is_meant() -> None:
    anna = person(A, "1", email_news=Channel(EARLY, None), registered=True)
    who(changed(B, "1"), Clues(account=anna))
    assert anna.contact.email_news == Channel(EARLY, None)


@pytest.mark.parametrize(
    ("erased_at", "mover", "erasure"),
    [
        (EARLY, "jan@example.com", ErasureRequested(at=EARLY, email="jan@example.com")),
        (EARLY, "", ErasureRequested(at=EARLY, email="new@example.com")),
        (None, "jan@example.com", ErasureRequested(at=THEN, email="jan@example.com")),
    ],
)
def test_r72_an_erasure_that_was_decided_before_the_move_is_the_persons_and_keeps_its_time(
    erased_at: datetime | None, mover: str, erasure: ErasureRequested
) -> None:
    event = account_changed(THEN, customer=a_customer("new@example.com"))
    erased = Contact(erased_at=erased_at, erased=True) if erased_at is not None else None
    assert erasure_before_move(event, Contact(email=mover), erased) == erasure


def test_r11_of_several_who_left_an_address_later_the_first_to_leave_had_it_then() -> None:
    anna, beata = account(B, None), account(C, None)
    order = an_order(EARLY, customer=a_customer(A, id=None))
    for former in (((THEN, anna), (LATE, beata)), ((LATE, beata), (THEN, anna))):
        assert who(order, Clues(address=Address(None, former))) == same(anna)


def test_what_salesmanago_shows_is_of_who_has_the_address_or_had_it_last() -> None:
    anna, beata = account(B, "1"), account(A, "2")
    for event in (status_seen(LATE, email=A), tags_seen(LATE, email=A)):
        assert who(event, Clues(address=had(THEN, anna))) == same(anna)
        assert who(event, Clues(address=had(THEN, anna, beata))) == same(beata)
        assert who(event, Clues()) == NewPerson()


def test_who_takes_an_address_in_the_moment_in_which_another_left_it_is_not_that_other() -> None:
    left_it, mover = account(C, None), account(B, None)
    clues = Clues(address=had(THEN, left_it), previous=Address(mover))
    assert who(changed(A, None, THEN, previous=B), clues) == renamed(mover)
    assert who(changed(A, None, EARLY, previous=B), clues) == absorbed(mover, left_it)


def test_a_late_change_to_an_address_that_the_person_has_left_since_is_about_the_person() -> None:
    anna = account(B, "1")
    assert who(changed(A, "1", THEN), Clues(address=had(LATE, anna), account=anna)) == same(anna)


def test_r09_of_two_changes_of_address_in_one_moment_the_later_message_counts() -> None:
    anna = account(A, "1")
    anna.contact = anna.contact.moved_to(B, THEN)
    assert who(changed(C, "1", THEN), Clues(account=anna)) == renamed(anna)


def test_r11_an_account_of_its_own_moves_and_not_who_holds_the_address_that_it_calls_its_previous_one() -> None:
    anna, holder = account(B, "1"), person(A)
    assert who(changed(C, "1", previous=A), Clues(previous=Address(holder), account=anna)) == renamed(anna)
    guest = person("", "1")
    assert who(changed(C, "1", previous=A), Clues(previous=Address(holder), account=guest)) == renamed(holder)


# -- stops of an address -------------------------------------------------------------------------------------------------

STOPS = {
    "email": {"email_news": Channel(opted_out=LATE)},
    "phone": {"phone_news": Channel(opted_out=LATE)},
    "transfer": {"transfer": TransferConsent(withdrawn=LATE)},
}


@pytest.mark.parametrize("stops", STOPS.values(), ids=STOPS)
def test_r72_the_stops_of_somebody_erased_stand_for_the_address_that_somebody_takes(stops: Any) -> None:
    mover = Contact(email=B, registered=True)
    there = onto_address_of(Somebody(Contact(erased=True, **stops), "hash"), mover, A, THEN)
    assert there == replace(mover.moved_to(A, THEN), **stops)


@pytest.mark.parametrize(
    ("granted", "withdrawn"), [(None, THEN), (EARLY, THEN), (THEN, THEN), (LATE, LATE)], ids=["never", "before", "then", "after"]
)
def test_r72_a_withdrawal_of_somebody_erased_outweighs_a_grant_that_was_brought_along(
    granted: datetime | None, withdrawn: datetime
) -> None:
    erased = Somebody(Contact(transfer=TransferConsent(withdrawn=THEN)), "hash")
    mover = Contact(email=B, transfer=TransferConsent(granted, granted))
    assert onto_address_of(erased, mover, A, LATE).transfer.withdrawn == withdrawn


@pytest.mark.parametrize(("left_at", "counts"), [(EARLY, True), (THEN, True), (LATE, False)])
@pytest.mark.parametrize("stops", STOPS.values(), ids=STOPS)
def test_r72_a_stop_for_an_address_that_nobody_had_counts_also_for_the_one_that_took_it(
    stops: Any, left_at: datetime, counts: bool
) -> None:
    last_holder = Somebody(Contact(email=B, **stops))
    newcomer = Contact(email=A)
    assert with_stops_of(had(left_at, last_holder), newcomer) == (replace(newcomer, **stops) if counts else newcomer)
    assert with_stops_of(Address(last_holder), newcomer) == newcomer, "who has it now is meant themselves"


def test_r72_the_last_holder_of_an_address_is_who_has_it_or_left_it_latest() -> None:
    anna, beata, celina = person(A), person(B), person(C)
    assert Address(anna, ((EARLY, beata),)).last is anna
    assert Address(None, ((LATE, beata), (EARLY, celina))).last is beata
    assert Address().last is None
    assert Address(anna, ((EARLY, beata),)).was_of(beata)
    assert not Address(anna, ((EARLY, beata),)).was_of(anna)
