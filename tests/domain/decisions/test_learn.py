"""What counts as an act, and from when (R06, M3)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.consent import Channel, TransferConsent
from app.domain.decisions.learn import CLOCKS_DIFFER, learn, reactivated, remember_revocation
from app.domain.event_parts import Customer, Evidence, NewsletterBox
from app.domain.events import AccountChanged, AccountListed, Event, SubscriberListed
from app.domain.person.contact import Contact
from app.domain.person.contact_parts import Acts, TimedFlag
from app.domain.shops.shop import DoubleOptIn
from tests.support.builders import (
    EMAIL,
    a_customer,
    a_shop,
    access_requested,
    an_order,
    at,
    cart_changed,
    consent_granted,
    consent_withdrawn,
    registered,
    status_seen,
    subscribed,
    tags_edited,
    unsubscribed,
    viewed,
)

NOW = at("2026-11-23T12:00")
EARLIER, LATER = NOW - timedelta(days=1), NOW + timedelta(minutes=1)
FAR_AHEAD = NOW + CLOCKS_DIFFER + timedelta(seconds=1)


def boxes(since: datetime | None, *, ticked: bool = True) -> Customer:
    box = NewsletterBox(ticked=ticked, since=since)
    return a_customer(newsletter_email=box, newsletter_sms=box)


def opt_ins(contact: Contact) -> tuple[datetime | None, datetime | None]:
    return contact.email_news.opted_in, contact.phone_news.opted_in


@pytest.mark.parametrize(("since", "counts"), [(None, NOW), (EARLIER, EARLIER), (LATER, NOW)])
def test_r06_a_box_ticked_in_a_form_counts_at_its_own_date_and_never_later_than_now(
    since: datetime | None, counts: datetime
) -> None:
    for event in (replace(registered(NOW), customer=boxes(since)), replace(an_order(NOW), customer=boxes(since))):
        assert opt_ins(learn(event, a_shop(), Contact())) == (counts, counts)
        unticked = replace(event, customer=boxes(since, ticked=False))
        assert opt_ins(learn(unticked, a_shop(), Contact())) == (None, None)


@pytest.mark.parametrize(
    ("since", "counts"), [(None, None), (EARLIER, EARLIER), (LATER, NOW), (NOW + CLOCKS_DIFFER, NOW), (FAR_AHEAD, None)]
)
def test_r06_a_changed_account_opts_in_only_with_a_date(since: datetime | None, counts: datetime | None) -> None:
    changed = AccountChanged(at=NOW, customer=boxes(since))
    assert opt_ins(learn(changed, a_shop(), Contact())) == (counts, counts)
    assert opt_ins(learn(replace(changed, customer=boxes(since, ticked=False)), a_shop(), Contact())) == (None, None)


@pytest.mark.parametrize(
    ("since", "counts"), [(None, None), (EARLIER, EARLIER), (LATER, NOW), (NOW + CLOCKS_DIFFER, NOW), (FAR_AHEAD, None)]
)
def test_r06_on_a_list_a_date_that_clocks_do_not_explain_is_none(since: datetime | None, counts: datetime | None) -> None:
    assert timedelta(minutes=5) == CLOCKS_DIFFER
    listed = AccountListed(at=NOW, customer=boxes(since))
    assert opt_ins(learn(listed, a_shop(), Contact())) == (counts, counts)
    assert opt_ins(learn(replace(listed, customer=boxes(since, ticked=False)), a_shop(), Contact())) == (None, None)
    known = learn(SubscriberListed(at=NOW, email=EMAIL, email_since=since, sms_since=since), a_shop(), Contact())
    assert opt_ins(known) == (counts, counts)
    assert known.subscriber


@pytest.mark.parametrize(
    ("contact", "subscriber"),
    [(Contact(), True), (Contact(registered=True), False), (Contact(registered=True, subscriber=True), True)],
)
def test_r21_a_list_makes_a_subscriber_of_the_person_who_has_no_account(contact: Contact, subscriber: bool) -> None:
    assert learn(SubscriberListed(at=NOW, email=EMAIL, email_since=EARLIER), a_shop(), contact).subscriber is subscriber


@pytest.mark.parametrize(("acted", "counts"), [(EARLIER, None), (NOW, None), (LATER, LATER)])
def test_m3_an_opt_in_up_to_the_erasure_is_not_learned(acted: datetime, counts: datetime | None) -> None:
    erased = Contact(erased_at=NOW)
    assert opt_ins(learn(subscribed(acted, by_email=True, by_sms=True), a_shop(), erased)) == (counts, counts)


@pytest.mark.parametrize(
    ("acted", "by_email", "asked"), [(EARLIER, True, None), (NOW, True, None), (LATER, True, LATER), (LATER, False, None)]
)
def test_b6_nobody_is_asked_about_what_was_before_the_erasure_nor_about_sms(
    acted: datetime, by_email: bool, asked: datetime | None
) -> None:
    shop = a_shop(double_opt_in=DoubleOptIn(enabled=True))
    known = learn(subscribed(acted, by_email=by_email, by_sms=True), shop, Contact(erased_at=NOW))
    assert (known.email_asked_at, known.email_news.opted_in) == (asked, None)
    plain = learn(subscribed(LATER, by_email=by_email, by_sms=True), a_shop(), Contact())
    assert (plain.email_asked_at, plain.email_news.opted_in) == (None, LATER if by_email else None)


@pytest.mark.parametrize(("by_email", "by_sms"), [(True, False), (False, True), (True, True)])
def test_r51_a_resignation_is_of_the_channels_it_names(by_email: bool, by_sms: bool) -> None:
    event = replace(unsubscribed(NOW, confirmed=True), by_email=by_email, by_sms=by_sms)
    for known in (learn(event, a_shop(), Contact()), remember_revocation(event, a_shop(), Contact(erased=True))):
        assert (known.email_news.opted_out, known.phone_news.opted_out) == (NOW if by_email else None, NOW if by_sms else None)


@pytest.mark.parametrize(("email_out", "phone_out"), [(True, None), (None, True), (True, True), (False, False)])
def test_m3_what_took_permission_away_is_remembered_of_somebody_erased(email_out: bool | None, phone_out: bool | None) -> None:
    erased = Contact(erased=True, erased_at=EARLIER)
    seen = status_seen(NOW, email_out=email_out, phone_out=phone_out, acted=True)
    known = remember_revocation(seen, a_shop(), erased)
    assert (known.email_news.opted_out, known.phone_news.opted_out) == (NOW if email_out else None, NOW if phone_out else None)
    assert remember_revocation(replace(seen, acted=False), a_shop(), erased) == erased
    assert remember_revocation(consent_withdrawn(NOW), a_shop(), erased).transfer.withdrawn == NOW
    assert remember_revocation(an_order(NOW), a_shop(), erased) == erased


# -- under which address ---------------------------------------------------------------------------------------------------

OLD = "old@example.com"
MOVED = Contact(email=EMAIL, moved_at=NOW)


@pytest.mark.parametrize("event", [subscribed(LATER, email=OLD), subscribed(EARLIER, email=OLD)], ids=["later", "earlier"])
def test_r72_what_was_agreed_to_for_a_left_address_is_an_act_for_that_address_alone(event: Event) -> None:
    known = learn(event, a_shop(), MOVED)
    said = Channel(opted_in=event.at)
    assert known == replace(MOVED, subscriber=True, left={OLD: Acts(email_news=said)}, email_news=Channel(brought_in=event.at))


@pytest.mark.parametrize(
    ("moved_at", "is_withdrawn", "counts"),
    [(None, True, True), (EARLIER, True, True), (NOW, True, True), (LATER, True, False), (LATER, False, True)],
)
def test_r72_a_consent_for_a_left_address_from_before_the_move_does_not_end_a_withdrawal(
    moved_at: datetime | None, is_withdrawn: bool, counts: bool
) -> None:
    transfer = TransferConsent(withdrawn=EARLIER - timedelta(days=1)) if is_withdrawn else TransferConsent()
    known = learn(consent_granted(NOW, email=OLD), a_shop(), Contact(email=EMAIL, moved_at=moved_at, transfer=transfer))
    assert (known.transfer.granted_last == NOW) == counts


BEFORE_ALL = EARLIER - timedelta(hours=1)


@pytest.mark.parametrize(
    ("granted", "moved_at", "withdrawn"),
    [
        (None, NOW, EARLIER),
        (NOW, None, EARLIER),
        (EARLIER, NOW, EARLIER),  # not granted after it
        (BEFORE_ALL, NOW, EARLIER),
        (NOW, NOW, NOW),
        (NOW, LATER, NOW),
        (LATER, NOW, EARLIER),  # granted for the present address
    ],
)
def test_r72_a_withdrawal_outweighs_a_grant_that_was_brought_along_to_the_address(
    granted: datetime | None, moved_at: datetime | None, withdrawn: datetime
) -> None:
    contact = Contact(email=EMAIL, moved_at=moved_at, transfer=TransferConsent(granted, granted))
    assert learn(consent_withdrawn(EARLIER), a_shop(), contact).transfer.withdrawn == withdrawn
    assert learn(consent_withdrawn(EARLIER, email=OLD), a_shop(), contact).transfer.withdrawn == EARLIER


@pytest.mark.parametrize("event", [cart_changed(NOW), viewed(NOW), access_requested(NOW)], ids=["cart", "view", "access"])
def test_whatever_names_an_address_gives_one_to_somebody_without(event: Event) -> None:
    assert learn(event, a_shop(), Contact()) == Contact(email=EMAIL)
    assert learn(event, a_shop(), Contact(email=OLD)).email == OLD


def test_a_cart_of_a_guest_gives_nobody_an_address() -> None:
    assert learn(cart_changed(NOW, email=None), a_shop(), Contact()) == Contact()


# -- who it is -------------------------------------------------------------------------------------------------------------


def test_r23_a_registration_earns_the_tag_of_where_it_came_from() -> None:
    assert learn(registered(NOW, source="allegro"), a_shop(), Contact()).earned_tags == ("idosell_allegro_sklep.example.com",)
    assert learn(registered(NOW), a_shop(), Contact()).earned_tags == ()


def test_a_consent_describes_the_person_where_it_names_them() -> None:
    known = learn(consent_granted(NOW, customer=a_customer(first_name="Ewa")), a_shop(), Contact())
    assert (known.email, known.profile["first_name"].value, known.transfer.granted_last) == (EMAIL, "Ewa", NOW)
    assert learn(consent_granted(NOW), a_shop(), Contact()).profile == {}


@pytest.mark.parametrize(("had", "has"), [(None, "7"), ("9", "9")])
def test_an_edit_of_tags_names_the_account_of_somebody_without(had: str | None, has: str) -> None:
    edited = tags_edited(NOW, customer_id="7", added=["vip"])
    known = learn(edited, a_shop(), Contact(customer_id=had))
    assert (known.customer_id, known.panel_tags) == (has, {"vip": TimedFlag(value=True, at=NOW)})
    full = learn(tags_edited(NOW, all_tags=["vip"]), a_shop(), Contact(customer_id=had))
    assert (full.customer_id, full.panel_tags, full.panel_tags_complete_at) == (had, known.panel_tags, NOW)


@pytest.mark.parametrize(
    ("event", "is_registered", "subscriber"),
    [
        (subscribed(NOW), False, True),
        (replace(subscribed(NOW), has_account=True), False, False),
        (replace(subscribed(NOW), has_account=True), True, False),
    ],
)
def test_r21_who_subscribes_without_an_account_is_a_subscriber(event: Event, is_registered: bool, subscriber: bool) -> None:
    assert learn(event, a_shop(), Contact(registered=is_registered)).subscriber == subscriber
    assert learn(event, a_shop(), Contact(subscriber=True)).subscriber


def test_a_subscription_tells_a_number_and_a_language_and_silence_changes_neither() -> None:
    event = replace(subscribed(NOW, phone="+48600100200"), language="pl", phone_assumed=True)
    known = learn(event, a_shop(), Contact())
    assert {name: (fact.value, fact.at, fact.assumed) for name, fact in known.profile.items()} == {
        "phone": ("+48600100200", NOW, True),
        "language": ("pl", NOW, False),
    }
    assert learn(subscribed(LATER), a_shop(), known).profile == known.profile
    listed = SubscriberListed(at=NOW, email=EMAIL, phone="+48600100200", language="pl", phone_assumed=True)
    assert learn(listed, a_shop(), Contact()).profile == known.profile


@pytest.mark.parametrize(("acted", "asked_at", "counts"), [(NOW, None, NOW), (NOW, LATER, LATER), (LATER, NOW, LATER)])
def test_b6_the_last_subscription_is_the_one_that_waits(acted: datetime, asked_at: datetime | None, counts: datetime) -> None:
    shop = a_shop(double_opt_in=DoubleOptIn(enabled=True))
    assert learn(subscribed(acted), shop, Contact(email_asked_at=asked_at)).email_asked_at == counts
    proved = replace(subscribed(acted), evidence=Evidence(confirmed=True))
    known = learn(proved, shop, Contact(email_asked_at=asked_at))
    assert (known.email_asked_at, known.email_news.opted_in) == (asked_at, acted)


@pytest.mark.parametrize(
    ("event", "erased_at", "begins"),
    [
        (registered(NOW), EARLIER, True),
        (registered(NOW), NOW, False),
        (viewed(NOW), EARLIER, False),
    ],
)
def test_m3_only_a_newer_act_of_the_person_begins_a_new_memory(event: Event, erased_at: datetime, begins: bool) -> None:
    erased = Contact(email=EMAIL, erased=True, erased_at=erased_at)
    assert reactivated(event, erased) == replace(erased, erased=not begins)
    assert reactivated(event, replace(erased, erased=False)) == replace(erased, erased=False)


# -- what an order says of its buyer (R10) -------------------------------------------------------------------------------

MONDAY, TUESDAY, WEDNESDAY = at("2026-11-23T10:00"), at("2026-11-24T10:00"), at("2026-11-25T10:00")


def an_order_of(name: str, placed: datetime, as_of: datetime | None = None) -> Event:
    return replace(an_order(placed), customer=a_customer(first_name=name), as_of=as_of)


def account(name: str, when: datetime) -> Event:
    return AccountChanged(at=when, customer=a_customer(first_name=name))


SAYS = st.builds(account, st.sampled_from(["Ewa", "Zofia"]), st.sampled_from([MONDAY, TUESDAY, WEDNESDAY])) | st.builds(
    an_order_of,
    st.sampled_from(["Anna", "Maria"]),
    st.sampled_from([MONDAY, TUESDAY]),
    st.sampled_from([None, TUESDAY, WEDNESDAY]),
)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        pytest.param([account("Ewa", TUESDAY), an_order_of("Anna", MONDAY, WEDNESDAY)], "Ewa", id="sent-out-after-a-change"),
        pytest.param([account("Ewa", TUESDAY), an_order_of("Anna", MONDAY, TUESDAY)], "Ewa", id="edited-in-the-same-second"),
        pytest.param([account("Ewa", TUESDAY), an_order_of("Anna", TUESDAY)], "Ewa", id="placed-in-the-same-second"),
        pytest.param([account("Ewa", MONDAY), an_order_of("Anna", TUESDAY)], "Anna", id="placed-after-it"),
        pytest.param([an_order_of("Ana", MONDAY), an_order_of("Anna", MONDAY, TUESDAY)], "Anna", id="corrected-in-the-order"),
        pytest.param([an_order_of("Anna", TUESDAY), an_order_of("Ana", MONDAY, WEDNESDAY)], "Anna", id="an-older-order-sent-out"),
    ],
)
def test_r10_an_order_names_its_buyer_of_the_day_it_was_placed_whatever_comes_first(words: list[Event], name: str) -> None:
    for order in (words, words[::-1]):
        contact = reduce(lambda known, event: learn(event, a_shop(), known), order, Contact())
        assert contact.profile["first_name"].value == name


@given(
    st.lists(
        SAYS, min_size=1, max_size=5, unique_by=lambda event: (type(event), event.at, getattr(event, "as_of", None) or event.at)
    )
)
def test_r10_what_is_known_of_a_person_does_not_depend_on_the_order_in_which_it_comes(words: list[Event]) -> None:
    def learned(said: Iterable[Event]) -> str:
        return reduce(lambda known, event: learn(event, a_shop(), known), said, Contact()).profile["first_name"].value

    assert len({learned(order) for order in permutations(words)}) == 1
