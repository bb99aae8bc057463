"""Nothing happened after we heard of it (R08), and of equal times the later word counts (R09)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.consent import Status
from app.domain.decisions.learn import learn
from app.domain.event_parts import NewsletterBox
from app.domain.events import AccountChanged, Event, SubscriberListed
from app.domain.intake.arrival import CLOCKS_AGREE, FURTHEST, OLDEST, arrived, is_time
from app.domain.intake.inbox import NewEvent
from app.domain.person.contact import Contact
from tests.support.builders import (
    EMAIL,
    a_customer,
    a_shop,
    account_changed,
    an_order,
    at,
    cart_changed,
    consent_granted,
    consent_withdrawn,
    erasure_requested,
    life,
    registered,
    somebody,
    status_seen,
    subscribed,
    tags_edited,
    unsubscribed,
)

ARRIVAL = at("2026-11-23T12:00")
SHOP = a_shop()


def stored(event: Event, received_at: datetime = ARRIVAL) -> NewEvent:
    return arrived(NewEvent(shop_id="shop1", event_id="e1", type="event", event=event, digest="d"), received_at)


@pytest.mark.parametrize(
    ("ahead", "counts_as", "warns"),
    [
        (timedelta(days=-3), ARRIVAL - timedelta(days=3), False),
        (timedelta(0), ARRIVAL, False),
        (CLOCKS_AGREE - timedelta(microseconds=1), ARRIVAL, False),
        (CLOCKS_AGREE, ARRIVAL, True),
        (timedelta(minutes=5), ARRIVAL, True),
        (timedelta(minutes=600), ARRIVAL, True),
        (timedelta(hours=24), ARRIVAL, True),
    ],
)
@pytest.mark.parametrize("make", [subscribed, an_order, unsubscribed, cart_changed, tags_edited, erasure_requested])
def test_r08_a_time_ahead_of_its_arrival_counts_as_the_moment_of_arrival(
    make: Callable[[datetime], Event], ahead: timedelta, counts_as: datetime, warns: bool
) -> None:
    event = stored(make(ARRIVAL + ahead))
    assert event.event == make(counts_as)
    assert bool(event.warnings) is warns
    assert event.digest == "d"


@pytest.mark.parametrize(("ahead", "box_ahead"), [(2.0, 2.0), (2.0, 3.0), (2.0, -1.0), (0.0, 2.0), (-1.0, 2.0)])
def test_r08_dates_of_a_changed_accounts_boxes_are_set_right_with_their_event_and_not_without_it(
    ahead: float, box_ahead: float
) -> None:
    since = ARRIVAL + timedelta(hours=box_ahead)
    box = NewsletterBox(ticked=True, since=since)
    changed = account_changed(ARRIVAL + timedelta(hours=ahead), customer=a_customer(newsletter_email=box, newsletter_sms=box))
    happened = stored(changed).event
    assert isinstance(happened, AccountChanged)
    dates = {happened.customer.newsletter_email.since, happened.customer.newsletter_sms.since}
    assert dates == {min(since, ARRIVAL) if ahead > 0 else since}


@pytest.mark.parametrize("ahead", [timedelta(seconds=1), timedelta(minutes=30), timedelta(hours=24)])
def test_r08_a_version_of_an_order_is_said_when_it_arrives_at_the_latest_so_that_a_later_one_is_newer(ahead: timedelta) -> None:
    placed = ARRIVAL - timedelta(days=1)
    event = stored(an_order(placed, as_of=ARRIVAL + ahead))
    assert event.event == an_order(placed, as_of=ARRIVAL)
    assert bool(event.warnings) is (ahead >= CLOCKS_AGREE)


def test_r08_a_warning_says_by_how_much_a_clock_is_ahead_and_keeps_the_others() -> None:
    said = NewEvent(
        shop_id="s", event_id="e", type="t", event=subscribed(ARRIVAL + timedelta(hours=1)), digest="d", warnings=("x",)
    )
    (first, second) = arrived(said, ARRIVAL).warnings
    assert first == "x"
    assert "3600 s ahead" in second


# -- no permission outlives its end because a clock was fast -------------------------------------------------------------


def _box(when: datetime) -> NewsletterBox:
    return NewsletterBox(ticked=True, since=when)


GRANTS: list[Callable[[datetime], Event]] = [
    lambda when: subscribed(when, by_sms=True),
    lambda when: registered(when, customer=a_customer(newsletter_email=_box(when), newsletter_sms=_box(when))),
    lambda when: an_order(when, customer=a_customer(newsletter_email=_box(when), newsletter_sms=_box(when))),
    lambda when: account_changed(when, customer=a_customer(newsletter_email=_box(when), newsletter_sms=_box(when))),
    lambda when: SubscriberListed(at=when, email=EMAIL, email_since=when, sms_since=when),
    lambda when: status_seen(when, email_out=False, acted=True),
    consent_granted,
]
RESIGNATIONS: list[Callable[[datetime], Event]] = [
    lambda when: unsubscribed(when, by_sms=True),
    lambda when: status_seen(when, email_out=True, phone_out=True, acted=True),
]
DAY = timedelta(hours=24)
clocks = st.timedeltas(min_value=timedelta(0), max_value=DAY)
gaps = st.timedeltas(min_value=timedelta(0), max_value=timedelta(hours=2))


@given(
    st.lists(st.tuples(st.sampled_from(GRANTS), clocks, gaps), min_size=1, max_size=5),
    st.sampled_from([*RESIGNATIONS, consent_withdrawn]),
    clocks,
    gaps,
)
def test_r08_no_history_with_wrong_clocks_keeps_a_permission_that_was_taken_away_in_arrival_order(
    granted: list[tuple[Callable[[datetime], Event], timedelta, timedelta]],
    take_away: Callable[[datetime], Event],
    ahead: timedelta,
    gap: timedelta,
) -> None:
    contact, now = somebody(), ARRIVAL
    for grant, clock, later in granted:
        contact = learn(stored(grant(now + clock), now).event, SHOP, contact)
        now += later
    contact = learn(stored(take_away(now + gap + ahead), now + gap).event, SHOP, contact)
    if take_away is consent_withdrawn:
        assert not contact.transfer.is_given
    else:
        assert Status.OPT_IN not in (contact.email_news.status, contact.phone_news.status)


@given(clocks, st.sampled_from(GRANTS), st.sampled_from(GRANTS))
def test_r08_after_an_erasure_no_fast_clock_from_before_it_grants_anything(
    ahead: timedelta, before: Callable[[datetime], Event], again: Callable[[datetime], Event]
) -> None:
    told = stored(before(ARRIVAL + ahead), ARRIVAL).event
    story = life(SHOP, told, stored(erasure_requested(ARRIVAL), ARRIVAL).event, told)
    assert story.contact.erased
    assert story.contact.email_news.status is None
    assert story.goes_on(SHOP, stored(again(ARRIVAL - DAY), ARRIVAL).event).contact.email_news.status is None


# -- equal times ---------------------------------------------------------------------------------------------------------

FACTS: dict[str, tuple[Callable[[str], Event], Callable[[Contact], object]]] = {
    "profile": (
        lambda said: registered(ARRIVAL, customer=a_customer(first_name=said)),
        lambda one: one.profile["first_name"].value,
    ),
    "address": (lambda said: account_changed(ARRIVAL, customer=a_customer(email=f"{said}@example.pl")), lambda one: one.email),
    "full list": (lambda said: tags_edited(ARRIVAL, all_tags=[said]), lambda one: _tags(one)),
    "edit": (lambda said: tags_edited(ARRIVAL, added=[said], removed=["a" if said == "b" else "b"]), lambda one: _tags(one)),
    "wholesaler": (
        lambda said: registered(ARRIVAL, customer=a_customer(wholesaler=said == "a")),
        lambda one: one.wholesaler and one.wholesaler.value,
    ),
}


def _tags(contact: Contact) -> set[str]:
    return {tag for tag, flag in contact.panel_tags.items() if flag.value}


@pytest.mark.parametrize("kind", FACTS)
def test_r09_of_two_words_of_one_time_the_one_accepted_later_counts(kind: str) -> None:
    tell, fact = FACTS[kind]
    only_a, only_b = (fact(learn(tell(said), SHOP, somebody())) for said in "ab")
    a_then_b = learn(tell("b"), SHOP, learn(tell("a"), SHOP, somebody()))
    b_then_a = learn(tell("a"), SHOP, learn(tell("b"), SHOP, somebody()))
    assert (fact(a_then_b), fact(b_then_a)) == (only_b, only_a)
    assert only_a != only_b


def test_r09_an_edit_of_the_second_in_which_the_full_list_was_given_counts() -> None:
    listed = learn(tags_edited(ARRIVAL, all_tags=["vip"]), SHOP, somebody())
    assert _tags(learn(tags_edited(ARRIVAL, added=["hurt"], removed=["vip"]), SHOP, listed)) == {"hurt"}
    assert _tags(learn(tags_edited(ARRIVAL - timedelta(seconds=1), removed=["vip"]), SHOP, listed)) == {"vip"}


@pytest.mark.parametrize("grant", GRANTS[:-1])
@pytest.mark.parametrize("resign", RESIGNATIONS)
def test_r09_a_resignation_wins_an_equal_time_whatever_the_order(
    grant: Callable[[datetime], Event], resign: Callable[[datetime], Event]
) -> None:
    for order in ((grant, resign), (resign, grant)):
        contact = somebody()
        for act in order:
            contact = learn(act(ARRIVAL), SHOP, contact)
        assert (contact.email_news.status, contact.phone_news.status) == (Status.OPT_OUT, Status.OPT_OUT)


def test_r09_a_withdrawal_wins_an_equal_time_whatever_the_order() -> None:
    for order in ((consent_granted, consent_withdrawn), (consent_withdrawn, consent_granted)):
        contact = replace(somebody())
        for act in order:
            contact = learn(act(ARRIVAL), SHOP, contact)
        assert contact.transfer.is_withdrawn


def test_r08_clocks_that_differ_by_less_than_five_seconds_agree() -> None:
    assert timedelta(seconds=5) == CLOCKS_AGREE


@pytest.mark.parametrize(
    ("said", "counts"),
    [
        (OLDEST, True),
        (OLDEST - timedelta(microseconds=1), False),
        (ARRIVAL, True),
        (ARRIVAL + FURTHEST, True),
        (ARRIVAL + FURTHEST + timedelta(microseconds=1), False),
    ],
)
def test_r08_what_lies_before_2000_or_more_than_a_day_ahead_is_no_time(said: datetime, counts: bool) -> None:
    assert is_time(said, ARRIVAL) is counts
