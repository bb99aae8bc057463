from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.commands import DeleteContact, UpsertContact
from app.domain.consent import Channel, Status, TransferConsent
from app.domain.decisions.changes.salesmanago_changes import difference
from app.domain.decisions.changes.sent_state import mark_sent, mark_unsent
from app.domain.decisions.changes.wanted_tags import wanted_tags
from app.domain.decisions.learn import learn
from app.domain.decisions.plan import Withhold
from app.domain.event_parts import Address, Customer
from app.domain.person.contact import ADDRESS, NOBODY, Contact, without_placeholder, words_of
from app.domain.person.contact_parts import Acts, TimedFlag, TimedText
from app.domain.person.merge import absorb
from app.domain.person.sides import Observed, ObservedStatus, SentState
from app.domain.reasons import Reason
from app.domain.shops.shop import Panel, PanelKind
from app.domain.tags import MOST_TAGS, canonical
from app.domain.values import replace
from app.storage.engine.codec import decode, encode
from tests.support.builders import (
    EMAIL,
    NOON,
    a_careful_shop,
    a_customer,
    a_shop,
    account_changed,
    an_event,
    an_order,
    an_upsert,
    at,
    consent_granted,
    consent_withdrawn,
    life,
    lost_tags,
    reason_of,
    registered,
    somebody,
    subscribed,
    tags_edited,
    tags_seen,
    the_upsert,
    unsubscribed,
)

OPEN = a_shop()
WITH_PANEL = a_shop(panel=Panel(kind=PanelKind.IDOSELL))
EARLY, LATE = at("2026-11-23T10:00"), at("2026-11-23T11:00")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_the_newer_word_about_a_person_stands_in_either_order(order: tuple[int, int]) -> None:
    said = [(a_customer(phone="+48600100200", wholesaler=True), EARLY), (a_customer(phone="+48600100201", wholesaler=False), LATE)]
    contact = somebody()
    for which in order:
        contact = contact.describe(*said[which])
    assert contact.profile["phone"].value == "+48600100201"
    assert contact.wholesaler is not None
    assert contact.wholesaler.value is False


def test_silence_about_a_field_changes_nothing() -> None:
    contact = somebody().describe(a_customer(company="Drewno"), EARLY).describe(a_customer(company=None), LATE)
    assert contact.profile["company"].value == "Drewno"
    assert somebody().describe(a_customer(company=""), LATE).profile.get("company") is None


def test_the_address_is_the_newest_one() -> None:
    moved = somebody().moved_to("new@example.com", LATE)
    assert moved.moved_to("old@example.com", EARLY).email == "new@example.com"
    assert moved.moved_to("newer@example.com", at("2026-11-23T12:00")).email == "newer@example.com"


@pytest.mark.parametrize(
    ("edits", "present"),
    [
        ([(("a",), (), EARLY)], {"a"}),
        ([(("a",), (), EARLY), ((), ("a",), LATE)], set()),
        ([((), ("a",), LATE), (("a",), (), EARLY)], set()),
        ([(("a",), ("b",), EARLY), (("b",), ("a",), LATE)], {"b"}),
        ([(("a",), ("a",), EARLY)], {"a"}),
    ],
)
def test_the_newer_edit_of_a_tag_stands(edits: list, present: set[str]) -> None:
    contact = NOBODY
    for edit in edits:
        contact = contact.with_tags(*edit)
    assert {tag for tag, flag in contact.panel_tags.items() if flag.value} == present


def test_a_full_list_ends_what_it_does_not_name_but_not_what_came_after_it() -> None:
    listed = NOBODY.with_tags(("old",), (), EARLY).with_tags(("new",), (), at("2026-11-23T12:00")).with_all_tags(("x",), LATE)
    assert {tag for tag, flag in listed.panel_tags.items() if flag.value} == {"new", "x"}
    assert listed.with_tags(("late",), (), EARLY) == listed
    assert listed.with_all_tags((), EARLY) == listed


def test_before_the_consent_no_profile_is_kept_but_flags_tags_and_acts_are() -> None:
    contact = somebody().describe(a_customer(wholesaler=True), EARLY).with_tags(("vip",), (), EARLY)
    kept = contact.without_profile()
    assert not any(fact.value for fact in kept.profile.values())
    assert (kept.wholesaler, kept.panel_tags, kept.email) == (contact.wholesaler, contact.panel_tags, EMAIL)


def test_a_person_known_twice_keeps_the_newer_facts_of_both() -> None:
    target = somebody().describe(a_customer(phone="1", company=None), EARLY).with_tags(("a",), ("b",), LATE)
    other = NOBODY.describe(a_customer(phone="2", company="Drewno"), LATE).with_tags(("b",), ("a",), EARLY)
    joined = absorb(target, other)
    assert (joined.email, joined.profile["phone"].value, joined.profile["company"].value) == (EMAIL, "2", "Drewno")
    assert {tag for tag, flag in joined.panel_tags.items() if flag.value} == {"a"}


def test_joining_two_memories_brings_no_tag_back_that_a_newer_full_list_does_not_name() -> None:
    target = somebody().with_all_tags(("hurt",), LATE)
    joined = absorb(target, NOBODY.with_tags(("vip",), (), EARLY))
    assert {tag for tag, flag in joined.panel_tags.items() if flag.value} == {"hurt"}


# -- what is still to be told --------------------------------------------------------------------------------------------


def test_a_new_person_is_sent_even_when_nothing_but_the_address_is_known() -> None:
    assert difference(somebody(), OPEN) == UpsertContact(email=EMAIL)


def test_what_was_sent_is_no_difference_any_more() -> None:
    contact = life(a_shop(), registered(phone="+48600100200"), subscribed(by_sms=True)).contact
    assert difference(contact, OPEN) is None


@pytest.mark.parametrize(
    ("said", "changed"),
    [
        ({"first_name": "Janina"}, {"first_name": "Janina", "last_name": "Kowalski"}),
        ({"phone": "+48600100200"}, {"phone": "+48600100200"}),
        ({"first_name": "Jan"}, {}),
    ],
)
def test_a_name_travels_whole_and_other_fields_alone(said: dict[str, str], changed: dict[str, str]) -> None:
    known = life(a_shop(), registered("2026-11-23T10:00")).contact
    upsert = difference(known.with_profile(said, LATE), OPEN)
    assert (upsert.profile if upsert else {}) == changed


def test_a_tag_removed_before_the_first_transfer_is_not_spoken_of() -> None:
    contact = somebody().with_tags(("vip",), (), EARLY).with_tags((), ("vip",), LATE)
    assert difference(contact, OPEN) == UpsertContact(email=EMAIL)


def test_under_our_prefix_a_removed_tag_is_removed_even_if_we_never_added_it() -> None:
    story = life(a_shop(), registered("2026-11-23T09:00"), tags_edited("2026-11-23T10:00", removed=["dawny"]))
    assert story.commands[-1] == an_upsert(remove_tags=("idosell_dawny",))
    assert story.goes_on(a_shop(), tags_edited("2026-11-23T11:00", removed=["dawny"])).commands == ()


def test_a_tag_of_ours_wanted_for_two_reasons_stays_until_both_are_gone() -> None:
    contact = somebody().with_tags(("zolty", "żółty"), (), EARLY).with_tags((), ("zolty",), LATE)
    assert wanted_tags(contact) == {"idosell_zolty": "idosell_żółty"}
    assert wanted_tags(contact.with_tags((), ("Żółty",), LATE)) == {"idosell_zolty": None}


def test_spellings_that_were_stored_apart_are_one_tag_of_which_the_newest_word_counts() -> None:
    stored = replace(somebody(), panel_tags={"VIP": TimedFlag(value=True, at=EARLY), "vip": TimedFlag(value=False, at=LATE)})
    assert wanted_tags(stored) == {"idosell_vip": None}
    other = replace(somebody(), panel_tags={"Vip": TimedFlag(value=True, at=at("2026-11-23T12:00"))})
    assert wanted_tags(absorb(stored, other)) == {"idosell_vip": "idosell_Vip"}


@pytest.mark.parametrize(
    ("stored", "spelling", "is_there"),
    [
        ({"vip": TimedFlag(True, EARLY), "VIP": TimedFlag(False, LATE)}, "VIP", False),
        ({"vip": TimedFlag(False, LATE), "VIP": TimedFlag(True, EARLY)}, "vip", False),
        ({"vip": TimedFlag(True, LATE), "VIP": TimedFlag(False, LATE)}, "vip", True),
        ({"vip": TimedFlag(True, LATE), "VIP": TimedFlag(True, LATE)}, "VIP", True),
    ],
    ids=["newer last", "newer first", "one moment: it is there", "one moment: spelled last"],
)
def test_of_spellings_stored_apart_the_newest_word_counts_in_whatever_order_they_stand(
    stored: dict[str, TimedFlag], spelling: str, is_there: bool
) -> None:
    (found,) = words_of(stored).values()
    assert (found[0], found[1].value) == (spelling, is_there)


def test_r03_of_somebody_not_transferred_no_text_is_kept_whichever_fields_had_one() -> None:
    said = {"first_name": TimedText("", EARLY, cleared=True), "phone": TimedText("+48600100200", LATE, assumed=True)}
    dropped = Contact(email=EMAIL, profile=said).without_profile().profile
    assert dropped == {"first_name": TimedText("", EARLY, cleared=True), "phone": TimedText("", LATE)}


def test_of_many_tags_the_first_thousand_stay_and_the_event_says_so() -> None:
    story = life(OPEN, registered("2026-11-23T09:00"))
    for number in range(12):
        names = [f"t{number}-{tag}" for tag in range(100)]
        story = story.goes_on(OPEN, tags_edited(f"2026-11-23T10:{number:02}", added=names))
    assert {flag.value for flag in story.contact.panel_tags.values()} == {True}
    assert len(story.contact.panel_tags) == MOST_TAGS
    assert story.plans[-1] == Withhold(Reason.TOO_MANY_TAGS)
    room = story.goes_on(OPEN, tags_edited("2026-11-23T11:00", removed=["t0-0"]), tags_edited("2026-11-23T11:01", added=["late"]))
    assert [(one.add_tags, one.remove_tags) for one in room.commands if isinstance(one, UpsertContact)] == [
        ((), ("idosell_t0-0",)),
        (("idosell_late",), ()),
    ]


def test_memory_of_tags_that_come_and_go_is_bounded_and_every_removal_is_sent() -> None:
    story = life(OPEN, registered("2026-11-23T09:00"))
    told_of: set[str] = set()
    for number in range(40):
        names = [f"t{number}-{tag}" for tag in range(200)]
        story = story.goes_on(OPEN, tags_edited(f"2026-11-23T10:{number:02}", all_tags=names))
        for one in story.commands:
            assert isinstance(one, UpsertContact)
            told_of = (told_of | set(one.add_tags)) - set(one.remove_tags)
    assert told_of == {"rejestracja", *(f"idosell_t39-{tag}" for tag in range(200))} - {"rejestracja"}
    assert len(story.contact.panel_tags) <= 2 * MOST_TAGS
    assert len(story.contact.sent_state.tags) <= 4 * MOST_TAGS


def test_of_many_earned_sections_the_newest_thousand_are_remembered() -> None:
    contact = somebody()
    for number in range(5):
        contact = contact.earning(tuple(f"{number}-{section}" for section in range(500)))
    assert (len(contact.earned_tags), contact.earned_tags[-1]) == (MOST_TAGS, "4-499")


@pytest.mark.parametrize("times", [1, 4])
def test_the_work_of_one_event_grows_with_the_tags_and_not_with_their_square(times: int, monkeypatch: pytest.MonkeyPatch) -> None:
    counted = 0

    def counting(form: str) -> str:
        nonlocal counted
        counted += 1
        return canonical(form)

    monkeypatch.setattr("app.domain.tags.canonical", counting)
    names = [f"tag {number}" for number in range(100 * times)]
    order = an_order("2026-11-23T10:02", categories=names)
    edits = [tags_edited("2026-11-23T10:00", all_tags=names), tags_edited("2026-11-23T10:03", removed=names)]
    life(WITH_PANEL, registered("2026-11-23T09:00"), *edits, order, tags_seen("2026-11-23T10:04", dict.fromkeys(names, 1)))
    assert counted <= 60 * len(names)


def test_a_deletion_is_remembered_as_knowing_nobody() -> None:
    contact = life(a_shop(), registered()).contact
    gone = mark_sent(contact, [DeleteContact(email=EMAIL)])
    assert not gone.is_transferred
    assert mark_sent(contact, [an_event()]) == contact


def test_what_is_taken_back_is_a_difference_again() -> None:
    first = life(a_shop(), registered("2026-11-23T09:00"))
    second = first.goes_on(a_shop(), subscribed("2026-11-23T10:00", by_sms=True), tags_edited("2026-11-23T11:00", added=["vip"]))
    forgotten = mark_unsent(second.contact, second.commands)
    upsert = difference(forgotten, OPEN)
    assert upsert is not None
    assert set(upsert.add_tags) == {"newsletter", "idosell_vip"}
    assert upsert.email_status is not None
    assert upsert.phone_status is not None


def test_losses_are_seen_only_for_tags_we_put_there_under_our_prefix() -> None:
    contact = life(a_shop(), registered(), tags_edited(added=["vip", "hurt"])).contact
    assert lost_tags(learn(tags_seen(tags={"idosell_HURT": 1}), OPEN, contact), OPEN) == ["idosell_vip"]


def test_once_the_difference_is_sent_none_is_left() -> None:
    """Also for a tag that staff took off before the first transfer."""
    contact = somebody().with_tags((), ("vip",), EARLY)
    first = difference(contact, OPEN)
    assert first is not None
    assert difference(mark_sent(contact, [first]), OPEN) is None


# -- an address is one fact, and a change of the account may clear (R10) ---------------------------------------------------

WARSAW = Address(street="Polna 1", postal_code="00-001", city="Warszawa", country="PL")
BERLIN = Address(city="Berlin", country="DE")
NOON_LATER = at("2026-11-23T12:00")


def address_of(contact: Contact) -> dict[str, str]:
    return {name: fact.value for name, fact in contact.profile.items() if name in ADDRESS and fact.value}


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_r10_an_address_replaces_the_whole_in_any_order_of_arrival(order: tuple[int, ...]) -> None:
    said = [(WARSAW, EARLY), (BERLIN, LATE), (Address(), NOON_LATER)]
    contact = somebody()
    for which in order:
        contact = contact.describe(a_customer(address=said[which][0]), said[which][1])
    assert address_of(contact) == {"city": "Berlin", "country": "DE"}


def test_r10_of_an_address_and_parts_known_from_before_addresses_were_one_nothing_is_mixed() -> None:
    old = replace(NOBODY, profile={"street": TimedText("Polna 1", EARLY), "city": TimedText("Warszawa", NOON_LATER)})
    assert address_of(old.describe(a_customer(address=BERLIN), LATE)) == {"street": "Polna 1", "city": "Warszawa"}
    assert address_of(old.describe(a_customer(address=BERLIN), NOON_LATER)) == {"city": "Berlin", "country": "DE"}


@pytest.mark.parametrize(("ours", "theirs", "kept"), [(EARLY, LATE, "Berlin"), (LATE, EARLY, "Warszawa"), (LATE, LATE, "Warszawa")])
def test_r10_two_memories_of_one_person_keep_one_address(ours: datetime, theirs: datetime, kept: str) -> None:
    target = somebody().describe(a_customer(address=WARSAW), ours)
    joined = absorb(target, NOBODY.describe(a_customer(address=BERLIN), theirs))
    assert joined.profile["city"].value == kept
    assert bool(joined.profile["street"].value) is (kept == "Warszawa")
    assert address_of(absorb(somebody(), target)) == address_of(target)


def test_r10_a_new_address_travels_as_a_whole_with_its_missing_parts_empty() -> None:
    known = life(a_shop(), registered("2026-11-23T10:00", address=WARSAW)).contact
    upsert = difference(known.describe(a_customer(address=BERLIN), LATE), OPEN)
    assert upsert is not None
    assert upsert.profile == {"street": "", "postal_code": "", "city": "Berlin", "country": "DE"}


def test_r10_who_is_introduced_has_nothing_to_be_cleared_neither_then_nor_later() -> None:
    story = life(a_shop(), registered("2026-11-23T10:00", address=BERLIN))
    assert the_upsert(story.plan).profile.keys() & set(ADDRESS) == {"city", "country"}
    assert difference(story.contact, OPEN) is None
    again = story.goes_on(a_shop(), registered("2026-11-23T11:00", address=BERLIN))
    assert reason_of(again.plan) is Reason.NOTHING_NEW


def test_r10_an_explicit_nothing_in_an_account_change_is_sent_once() -> None:
    story = life(a_shop(), registered("2026-11-23T10:00", phone="+48600100200", company="Drewno", address=WARSAW))
    nothing = Address(street="", postal_code="", city="", country="")
    gone = story.goes_on(a_shop(), account_changed("2026-11-23T11:00", phone="", company="", last_name="", address=nothing))
    assert the_upsert(gone.plan).profile == {
        **dict.fromkeys(("phone", "company", "last_name", *ADDRESS), ""),
        "first_name": "Jan",
    }
    again = gone.goes_on(a_shop(), account_changed("2026-11-23T12:00", phone="", company="", last_name="", address=nothing))
    assert reason_of(again.plan) is Reason.NOTHING_NEW
    back = again.goes_on(a_shop(), account_changed("2026-11-23T13:00", phone="+48600100200"))
    assert the_upsert(back.plan).profile["phone"] == "+48600100200"


@pytest.mark.parametrize("event", [registered, an_order])
def test_r10_elsewhere_an_empty_value_says_nothing(event: Any) -> None:
    story = life(a_shop(), registered("2026-11-23T10:00", phone="+48600100200"))
    again = story.goes_on(a_shop(), event("2026-11-23T11:00", customer=a_customer(phone="", company="")))
    assert again.contact.profile["phone"].value == "+48600100200"


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_r10_an_older_nothing_never_clears_a_newer_value_and_a_newer_one_stands(order: tuple[int, int]) -> None:
    for cleared_at, kept in ((EARLY, "+48600100200"), (LATE, "")):
        said = [("", cleared_at), ("+48600100200", EARLY if cleared_at == LATE else LATE)]
        contact = somebody()
        for which in order:
            phone, when = said[which]
            contact = contact.describe_as_now(a_customer(phone=phone), when)
        assert contact.profile["phone"].value == kept


def test_r10_of_what_salesmanago_cannot_forget_no_empty_value_is_sent() -> None:
    story = life(a_shop(), registered("2026-11-23T10:00", gender="female", language="pl", birth_date="19870605"))
    gone = story.goes_on(a_shop(), account_changed("2026-11-23T11:00", gender="", language="", birth_date=""))
    assert difference(gone.contact, OPEN) is None
    assert not any(isinstance(command, UpsertContact) and "" in command.profile.values() for command in gone.commands)


def test_r03_what_was_dropped_before_a_consent_is_never_sent_as_cleared() -> None:
    shop = a_careful_shop()
    story = life(shop, an_order("2026-11-23T10:00", customer=a_customer(phone="+48600100200", address=WARSAW)))
    withdrawn = story.goes_on(shop, consent_withdrawn("2026-11-23T11:00"))
    assert not any(fact.value for fact in withdrawn.contact.profile.values())
    back = withdrawn.goes_on(shop, an_order("2026-11-23T12:00", order_id="2", customer=Customer(email=EMAIL)))
    assert not any(isinstance(command, UpsertContact) and "" in command.profile.values() for command in back.commands)


def test_r10_what_was_cleared_before_the_consent_stays_so_and_is_no_personal_data() -> None:
    contact = somebody().describe(a_customer(phone="+48600100200"), EARLY).describe_as_now(a_customer(phone=""), LATE)
    kept = contact.without_profile()
    assert (kept.profile["phone"].value, kept.profile["phone"].cleared) == ("", True)
    assert kept.describe(a_customer(phone="+48600100201"), EARLY).profile["phone"].value == ""


def test_a_fact_stored_before_anything_could_be_cleared_is_read() -> None:
    stored = b'{"value":"Jan","at":"2026-11-23T10:00:00Z"}'
    assert decode(stored, TimedText) == TimedText("Jan", EARLY)
    assert decode(encode(TimedText("", EARLY, cleared=True)), TimedText).cleared


@given(
    st.lists(st.tuples(st.sampled_from(["", "+48600100200", "+48600100201", None]), st.integers(0, 3)), max_size=5), st.randoms()
)
def test_r10_clearing_does_not_depend_on_the_order_of_arrival(said: list[tuple[str | None, int]], random: Any) -> None:
    changes = {minute: account_changed(at("2026-11-23T10:00") + timedelta(minutes=minute), phone=phone) for phone, minute in said}
    shuffled = list(changes.values())
    random.shuffle(shuffled)
    phones = [life(a_shop(), *order).contact.profile.get("phone") for order in (sorted(shuffled, key=lambda one: one.at), shuffled)]
    assert phones[0] == phones[1]


# -- a number that names no country (R10) ----------------------------------------------------------------------------------

ASSUMED = "+48601123456"


@pytest.mark.parametrize(
    ("country", "told"),
    [("CZ", None), ("Czechy", None), ("Atlantis", None), ("PL", ASSUMED), ("Polska", ASSUMED), (None, ASSUMED)],
)
@pytest.mark.parametrize("phone_comes_first", [True, False])
def test_r10_a_number_read_as_of_the_shop_is_not_sent_of_somebody_who_lives_elsewhere(
    country: str | None, told: str | None, phone_comes_first: bool
) -> None:
    lives = (a_customer(address=Address(city="Brno", country=country)), LATE)
    called = (a_customer(phone=ASSUMED, phone_assumed=True), EARLY)
    contact = somebody()
    for customer, when in (called, lives) if phone_comes_first else (lives, called):
        contact = contact.describe(customer, when)
    upsert = difference(contact, OPEN)
    assert upsert is not None
    assert upsert.profile.get("phone") == told


def test_r10_a_number_that_names_its_country_or_came_with_the_address_is_sent() -> None:
    contact = somebody().describe(a_customer(phone=ASSUMED, address=Address(country="CZ")), LATE)
    upsert = difference(contact, OPEN)
    assert upsert is not None
    assert upsert.profile["phone"] == ASSUMED


def test_r10_a_subscriber_with_a_known_address_abroad_is_no_owner_of_a_number_of_the_shops_country() -> None:
    story = life(OPEN, registered("2026-11-23T10:00", address=Address(country="CZ")))
    sms = replace(subscribed("2026-11-23T11:00", by_sms=True, phone=ASSUMED), phone_assumed=True)
    assert "phone" not in the_upsert(story.goes_on(OPEN, sms).plan).profile


# -- one address and another (R72) -------------------------------------------------------------------------------------------

IN, OUT = Status.OPT_IN, Status.OPT_OUT
T = {hour: at(f"2026-11-23T{hour:02}:00") for hour in range(24)}


def channel(**acts: int) -> Channel:
    return Channel(**{name: T[hour] for name, hour in acts.items()})


@pytest.mark.parametrize(
    ("there", "taken_along", "status"),
    [
        pytest.param({"opted_out": 5}, {"opted_in": 9}, OUT, id="resigned there before the opt-in elsewhere"),
        pytest.param({"opted_out": 5, "opted_in": 3}, {"opted_in": 9}, OUT, id="resigned there after an opt-in there"),
        pytest.param({"opted_out": 5, "opted_in": 7}, {"opted_in": 9}, IN, id="opted in there again"),
        pytest.param({}, {"opted_in": 9}, IN, id="nobody acted there"),
        pytest.param({}, {"opted_out": 5}, OUT, id="resigned elsewhere, nobody acted there"),
        pytest.param({"opted_in": 9}, {"opted_out": 5}, IN, id="opted in there after the resignation elsewhere"),
        pytest.param({"opted_in": 5}, {"opted_out": 9}, OUT, id="resigned elsewhere after the opt-in there"),
        pytest.param({"opted_in": 5}, {"opted_out": 5}, OUT, id="a tie"),
        pytest.param({"opted_out": 5}, {"opted_out": 9, "opted_in": 10}, OUT, id="resigned there, elsewhere back"),
        pytest.param({"brought_out": 5}, {"opted_in": 9}, OUT, id="resigned at an address before"),
        pytest.param({"brought_in": 9}, {"opted_out": 5}, OUT, id="an opt-in of an earlier address outweighs no resignation"),
        pytest.param({"opted_in": 9, "brought_in": 4}, {"opted_out": 5, "opted_in": 3}, IN, id="opted in there last of all"),
    ],
)
@pytest.mark.parametrize("name", ["email_news", "phone_news"])
def test_r72_an_opt_in_is_never_carried_onto_an_address_that_resigned(
    name: str, there: dict[str, int], taken_along: dict[str, int], status: Status
) -> None:
    target = replace(somebody("there@example.com"), **{name: channel(**there)})
    joined = absorb(target, replace(somebody("elsewhere@example.com"), **{name: channel(**taken_along)}), T[12])
    assert getattr(joined, name).status is status
    if there != {} and status is OUT and getattr(target, name).status is not OUT:
        assert getattr(joined, name).said.supersedes(getattr(target, name).said)


@pytest.mark.parametrize(
    "late", [("rename", "opt-in", "resigned"), ("opt-in", "rename", "resigned"), ("resigned", "rename", "opt-in")]
)
def test_r72_in_whatever_order_it_is_received_the_resignation_of_the_address_stands(late: tuple[str, ...]) -> None:
    """Anna opts in as `a` at 9 and takes at 10 the address `b`, for which somebody resigned at 5."""
    a, b = "a@example.com", "b@example.com"
    events = {
        "opt-in": subscribed(T[9], email=a, by_sms=True),
        "rename": account_changed(T[10], customer=a_customer(b)),
        "resigned": unsubscribed(T[5], email=b, by_sms=True),
    }
    anna = somebody(a)
    if late[0] == "resigned":
        resigned = learn(events["resigned"], OPEN, somebody(b))
        anna = learn(events["rename"], OPEN, absorb(resigned, anna, T[10]))
        anna = learn(events["opt-in"], OPEN, anna)
    else:
        for name in late:
            anna = learn(events[name], OPEN, anna)
    assert (anna.email, anna.email_news.status, anna.phone_news.status) == (b, OUT, OUT)
    anna = learn(subscribed(T[11], email=b, by_sms=True), OPEN, anna)
    assert (anna.email_news.status, anna.phone_news.status) == (IN, IN)


def test_r72_a_rename_keeps_what_the_person_decided_and_tells_nothing_anew() -> None:
    for acts in ({"opted_in": 5}, {"opted_out": 5}, {"opted_in": 5, "opted_out": 4}, {"opted_in": 4, "opted_out": 5}, {}):
        before = channel(**acts)
        after = replace(somebody(), email_news=before).moved_to("new@example.com", T[9]).email_news
        assert (after.status, after.said) == (before.status, before.said)
        again = replace(somebody(), email_news=after).moved_to("newer@example.com", T[10]).email_news
        assert (again.status, again.said) == (before.status, before.said)


def test_r72_a_late_act_for_the_address_before_counts_among_its_like() -> None:
    a, b = "a@example.com", "b@example.com"
    anna = learn(account_changed(T[10], customer=a_customer(b)), OPEN, learn(subscribed(T[5], email=a), OPEN, somebody(a)))
    assert learn(unsubscribed(T[4], email=a), OPEN, anna).email_news.status is IN
    out = learn(unsubscribed(T[6], email=a), OPEN, anna)
    assert out.email_news.status is OUT
    assert learn(subscribed(T[7], email=a), OPEN, out).email_news.status is IN


@pytest.mark.parametrize(
    ("there", "taken_along", "withdrawn"),
    [
        ({"withdrawn": 5}, {"granted_last": 9}, True),
        ({"withdrawn": 5, "granted_last": 7}, {"granted_last": 9}, False),
        ({}, {"withdrawn": 5}, True),
        ({"granted_last": 9}, {"withdrawn": 5}, False),
        ({"granted_last": 5}, {"withdrawn": 9}, True),
        ({}, {"withdrawn": 5, "granted_last": 9}, False),
    ],
)
def test_r72_a_withdrawal_of_either_address_stands(there: dict[str, int], taken_along: dict[str, int], withdrawn: bool) -> None:
    def consent(acts: dict[str, int]) -> TransferConsent:
        times = {name: T[hour] for name, hour in acts.items()}
        return TransferConsent(granted_first=times.get("granted_last"), **times)

    target = replace(somebody("there@example.com"), transfer=consent(there))
    joined = absorb(target, replace(somebody("elsewhere@example.com"), transfer=consent(taken_along)), T[12])
    assert joined.transfer.is_withdrawn is withdrawn
    late = learn(consent_granted(T[10], email="elsewhere@example.com"), OPEN, joined)
    assert late.transfer.is_withdrawn is withdrawn


def test_r72_a_withdrawal_for_the_new_address_from_before_the_move_stands_against_a_grant_that_was_brought_along() -> None:
    a, b = "a@example.com", "b@example.com"
    anna = learn(account_changed(T[10], customer=a_customer(b)), OPEN, learn(consent_granted(T[9], email=a), OPEN, somebody(a)))
    assert learn(consent_withdrawn(T[5], email=b), OPEN, anna).transfer.is_withdrawn
    assert not learn(consent_withdrawn(T[5], email=a), OPEN, anna).transfer.is_withdrawn
    assert not learn(
        consent_granted(T[11], email=b), OPEN, learn(consent_withdrawn(T[5], email=b), OPEN, anna)
    ).transfer.is_withdrawn


def test_r09_a_value_that_was_cleared_and_given_again_within_a_second_stands() -> None:
    was = a_customer(phone="+48600100200", address=Address(street="Polna 1", city="Warszawa", country="PL"))
    none = a_customer(phone="", address=Address(street="", postal_code="", city="", country="DE"))
    now = a_customer(phone="+48601100200", address=Address(street="", city="Berlin", country="DE"))
    known = somebody().describe_as_now(was, at(NOON)).describe_as_now(none, at(NOON)).describe_as_now(now, at(NOON))
    said = {name: fact.value for name, fact in known.profile.items()}
    assert (said["phone"], said["city"], said["street"]) == ("+48601100200", "Berlin", "")


def test_r09_what_was_dropped_before_the_consent_does_not_come_back_with_its_own_second() -> None:
    known = somebody().describe(a_customer(phone="+48600100200"), at(NOON)).without_profile()
    assert known.describe(a_customer(phone="+48600100200"), at(NOON)).profile["phone"].value == ""


# -- of equal times the later word counts (R09), and what is there says so -------------------------------------------------


def test_r09_of_one_moment_the_later_word_on_tags_wholesalers_and_addresses_counts() -> None:
    listed = NOBODY.with_all_tags(("vip",), LATE)
    assert listed.with_tags(("gold",), ("vip",), LATE).panel_tags == {
        "vip": TimedFlag(value=False, at=LATE),
        "gold": TimedFlag(value=True, at=LATE),
    }
    assert listed.with_all_tags(("gold",), LATE).panel_tags["vip"] == TimedFlag(value=False, at=LATE)
    edited = NOBODY.with_tags(("vip",), (), LATE)
    assert edited.with_all_tags((), LATE).panel_tags == {"vip": TimedFlag(value=False, at=LATE)}
    sells = somebody().describe(a_customer(wholesaler=True), LATE).describe(a_customer(wholesaler=False), LATE)
    assert sells.wholesaler == TimedFlag(value=False, at=LATE)
    assert somebody().moved_to("new@example.com", LATE).moved_to("newer@example.com", LATE).email == "newer@example.com"


@pytest.mark.parametrize(
    ("asked_at", "news", "since"),
    [
        (LATE, Channel(), LATE),
        (None, Channel(), None),
        (LATE, Channel(opted_out=EARLY), LATE),
        (LATE, Channel(opted_out=LATE), None),
        (EARLY, Channel(opted_out=LATE), None),
        (LATE, Channel(opted_in=EARLY), None),
    ],
)
def test_b6_a_subscription_waits_for_the_click_until_the_person_opts_in_or_out(
    asked_at: datetime | None, news: Channel, since: datetime | None
) -> None:
    assert replace(somebody(), email_asked_at=asked_at, email_news=news).unconfirmed_since == since


SENT_AS_OLD = SentState(email="old@example.com")
SHOWN = ObservedStatus(Status.OPT_OUT, EARLY, EARLY)


@pytest.mark.parametrize(
    ("contact", "there_as", "perhaps_as", "never_there"),
    [
        (somebody(), EMAIL, set(), True),
        (replace(somebody(), sent_state=SENT_AS_OLD), EMAIL, {"old@example.com"}, False),
        (
            replace(somebody(), sent_state=SENT_AS_OLD, rename_refused_at=LATE),
            "old@example.com",
            {"old@example.com"},
            False,
        ),
        (replace(somebody(), rename_refused_at=LATE), EMAIL, set(), True),
        (replace(somebody(), observed=Observed(email_news=SHOWN)), EMAIL, {EMAIL}, False),
        (replace(somebody(), observed=Observed(phone_news=SHOWN)), EMAIL, {EMAIL}, False),
        (replace(somebody(), observed=Observed(tags_at=EARLY)), EMAIL, {EMAIL}, False),
        (
            replace(somebody(), sent_state=SENT_AS_OLD, observed=Observed(tags_at=EARLY)),
            EMAIL,
            {EMAIL, "old@example.com"},
            False,
        ),
    ],
)
def test_r72_a_person_is_there_under_what_was_sent_or_shown(
    contact: Contact, there_as: str, perhaps_as: set[str], never_there: bool
) -> None:
    assert contact.known_there_as == there_as
    possible = {EMAIL, "old@example.com", "other@example.com"}
    assert {email for email in possible if contact.may_be_known_there_as(email)} == perhaps_as
    assert contact.was_never_there is never_there


@pytest.mark.parametrize(
    ("registered_as", "number", "another"),
    [("71", "72", True), ("71", "71", False), ("71", None, False), (None, "72", False)],
)
def test_r72_an_account_is_another_if_both_have_a_number(registered_as: str | None, number: str | None, another: bool) -> None:
    assert replace(somebody(), registered=True, customer_id=registered_as).is_of_another_account(number) is another
    assert not replace(somebody(), customer_id=registered_as).is_of_another_account(number)


def test_there_is_a_place_for_a_thousandth_tag_and_for_one_that_is_there_in_another_spelling() -> None:
    names = tuple(f"t{number}" for number in range(MOST_TAGS))
    assert not NOBODY.with_tags(names[:-1], (), EARLY).has_no_place_for(("late",))
    full = NOBODY.with_tags(names, (), EARLY)
    assert full.has_no_place_for(("t0", "late"))
    assert not full.has_no_place_for(("T0",))
    assert not full.with_tags((), ("t0",), LATE).has_no_place_for(("late",))


def test_a_removed_tag_of_which_nothing_was_sent_is_forgotten_before_one_that_stands_there() -> None:
    """Of a thousand and more removed tags, those whose removal is still to be sent are kept."""
    gone = {f"t{number:04}": TimedFlag(value=False, at=EARLY + timedelta(seconds=number)) for number in range(MOST_TAGS + 2)}
    known = replace(somebody(), panel_tags=gone, sent_state=SentState(email=EMAIL, tags={"idosell_t0001": True}))
    kept = known.with_tags(("new",), (), NOON_LATER).panel_tags
    assert "t0000" not in kept
    assert {"t0001", "t0002", "new"} <= kept.keys()
    assert len(kept) == MOST_TAGS + 2


def test_what_was_earned_before_changes_nothing_and_a_later_purchase_is_the_last() -> None:
    contact = somebody().earning(("Buty", "Torby"))
    assert contact.earning(("Torby",)) is contact
    assert contact.earning(("Torby", "Paski")).earned_tags == ("Buty", "Torby", "Paski")
    assert contact.bought(LATE).bought(EARLY).last_purchase_at == LATE


def test_an_account_that_comes_back_to_an_address_finds_what_was_said_for_it() -> None:
    here = replace(somebody("a@example.com"), email_news=Channel(opted_out=EARLY), rename_refused_at=EARLY)
    away = here.moved_to("b@example.com", LATE)
    assert (away.moved_at, away.rename_refused_at, set(away.left)) == (LATE, None, {"a@example.com"})
    back = away.moved_to("a@example.com", NOON_LATER)
    assert (back.email_news.status, back.left) == (Status.OPT_OUT, {})
    assert here.moved_to("a@example.com", LATE) == replace(here, email_since=LATE), "the same address is no move"


def test_an_id_that_was_not_said_is_not_learned_anew() -> None:
    known = replace(somebody(), customer_id="71")
    assert "customer_id" not in known.describe(a_customer(id=None), LATE).profile
    assert known.describe(a_customer(id="72"), LATE).profile["customer_id"].value == "71"


ID_7, ID_0, NO_ID = TimedText("7", EARLY), TimedText("0", EARLY), TimedText("", EARLY)


@pytest.mark.parametrize(
    ("number", "said", "kept_number", "kept"),
    [
        ("7", ID_7, "7", ID_7),
        ("7", None, "7", None),
        ("7", NO_ID, "7", NO_ID),
        ("7", ID_0, "7", None),
        (None, None, None, None),
        (None, NO_ID, None, NO_ID),
        ("0", ID_0, None, None),
        ("0", None, None, None),
        ("0", ID_7, None, ID_7),
    ],
)
def test_r72_of_a_stored_contact_the_placeholder_of_an_id_goes_and_everything_else_stays(
    number: str | None, said: TimedText | None, kept_number: str | None, kept: TimedText | None
) -> None:
    def stored(customer_id: str | None, fact: TimedText | None) -> Contact:
        known = {"first_name": TimedText("", LATE), "city": TimedText("Łódź", LATE)}
        return Contact(email=EMAIL, customer_id=customer_id, profile=known if fact is None else {**known, "customer_id": fact})

    assert without_placeholder(stored(number, said)) == stored(kept_number, kept)


@pytest.mark.parametrize(
    ("registered_before", "had", "said", "number"),
    [
        (False, "500", "71", "71"),
        (False, None, "71", "71"),
        (False, "500", None, "500"),
        (True, "71", "72", "71"),
        (True, "71", None, "71"),
        (True, None, "72", None),
    ],
)
def test_r72_an_accounts_own_word_replaces_the_number_of_a_guest_alone(
    registered_before: bool, had: str | None, said: str | None, number: str | None
) -> None:
    account = replace(somebody(), registered=registered_before, customer_id=had).of_account(said)
    assert (account.registered, account.customer_id) == (True, number)


def test_r72_acts_are_those_of_an_address_and_who_did_nothing_leaves_none() -> None:
    said, elsewhere = Channel(opted_out=EARLY), {"old@example.com": Acts(Channel(opted_in=EARLY))}
    spoke = replace(somebody(), email_news=said, left=elsewhere)
    assert spoke.acts_by_address == {**elsewhere, EMAIL: Acts(said)}
    assert replace(spoke, email="").acts_by_address == elsewhere
    assert replace(somebody(), left=elsewhere).acts_by_address == elsewhere
    assert somebody().said_for("new@example.com", Acts()).left == {}
    assert somebody().said_for("new@example.com", Acts(said)).left == {"new@example.com": Acts(said)}
