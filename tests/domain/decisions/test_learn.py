"""What counts as an act, and from when (R06, M3)."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.decisions.learn import CLOCKS_DIFFER, learn, remember_revocation
from app.domain.event_parts import Customer, NewsletterBox
from app.domain.events import AccountChanged, AccountListed, Event, SubscriberListed
from app.domain.person.contact import Contact
from app.domain.shops.shop import DoubleOptIn
from tests.support.builders import (
    EMAIL,
    a_customer,
    a_shop,
    an_order,
    at,
    consent_withdrawn,
    registered,
    status_seen,
    subscribed,
    unsubscribed,
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


@pytest.mark.parametrize(("since", "counts"), [(None, None), (EARLIER, EARLIER), (LATER, NOW), (FAR_AHEAD, NOW)])
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
def test_r21_a_list_makes_a_subscriber_of_whoever_has_no_account(contact: Contact, subscriber: bool) -> None:
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
