"""The one upsert that makes SALESmanago agree with the facts (R06, R10, R20-R28)."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.commands import Agreement, ConfirmationMail, UpsertContact
from app.domain.consent import Channel, Status, TimedStatus
from app.domain.decisions.changes.salesmanago_changes import (
    BELIEVED_BEFORE_OBSERVED,
    difference,
    opt_outs_due,
    repeat_opt_out,
)
from app.domain.person.contact import Contact
from app.domain.person.contact_parts import TimedText
from app.domain.person.sides import Observed, ObservedStatus, SentState
from app.domain.shops.shop import ConsentNames, DoubleOptIn
from app.domain.values import replace
from tests.domain import channels
from tests.domain.channels import Turned, whole
from tests.support.builders import EMAIL, a_shop, an_upsert, at

THEN, NOW = at("2026-11-23T11:00"), at("2026-11-23T12:00")
A_MOMENT = timedelta(microseconds=1)
IN, OUT = TimedStatus(Status.OPT_IN, THEN), TimedStatus(Status.OPT_OUT, THEN)
SHOP = a_shop()
KNOWN = Contact(email=EMAIL, sent_state=SentState(email=EMAIL))
SUBSCRIBER = replace(KNOWN, email_news=Channel(opted_in=NOW))
for_both_channels = pytest.mark.parametrize("turned", channels.BOTH)


def told(contact: Contact, when: datetime | None = None, **settings: Any) -> UpsertContact | None:
    return difference(contact, a_shop(**settings), when)


def test_somebody_known_of_whom_nothing_is_new_costs_nothing_and_somebody_unknown_is_introduced() -> None:
    assert told(KNOWN) is None
    assert whole(told(Contact(email=EMAIL))) == whole(an_upsert(introduces=True))


@pytest.mark.parametrize(
    ("sent_as", "refused_at", "new_email"), [(EMAIL, None, None), ("old@example.com", None, EMAIL), ("old@example.com", THEN, None)]
)
def test_r72_another_address_is_a_rename_until_salesmanago_refuses_it(
    sent_as: str, refused_at: datetime | None, new_email: str | None
) -> None:
    upsert = told(replace(SUBSCRIBER, sent_state=SentState(email=sent_as), rename_refused_at=refused_at))
    assert upsert is not None
    assert (upsert.email, upsert.new_email) == (sent_as, new_email)


@for_both_channels
def test_r06_a_status_travels_with_the_time_of_the_act_and_with_what_stood_before(turned: Turned) -> None:
    observed = Observed(email_news=ObservedStatus(Status.OPT_IN, THEN, THEN))
    resigned = turned(replace(KNOWN, email_news=Channel(opted_out=NOW), observed=observed))
    assert whole(told(resigned)) == whole(turned(an_upsert(email_status=Status.OPT_OUT, email_stood=IN, email_acted_at=NOW)))
    told_already = replace(resigned, sent_state=turned(replace(KNOWN.sent_state, email_news=TimedStatus(Status.OPT_OUT, NOW))))
    assert told(told_already) is None


@pytest.mark.parametrize(
    ("acted_before", "is_old"),
    [
        (timedelta(0), False),
        (BELIEVED_BEFORE_OBSERVED - A_MOMENT, False),
        (BELIEVED_BEFORE_OBSERVED, True),
        (BELIEVED_BEFORE_OBSERVED + A_MOMENT, True),
    ],
)
@for_both_channels
def test_r06_an_opt_in_of_the_day_before_is_old(acted_before: timedelta, is_old: bool, turned: Turned) -> None:
    assert timedelta(days=1) == BELIEVED_BEFORE_OBSERVED
    upsert = turned(told(turned(replace(KNOWN, email_news=Channel(opted_in=NOW - acted_before))), NOW))
    assert (upsert.old_email_opt_in, upsert.old_phone_opt_in) == (is_old, False)
    out = turned(told(turned(replace(KNOWN, email_news=Channel(opted_out=NOW - acted_before))), NOW))
    assert (out.old_email_opt_in, out.old_phone_opt_in) == (False, False)
    of_unknown_time = turned(told(turned(replace(KNOWN, email_news=Channel(opted_in=NOW - acted_before)))))
    assert not of_unknown_time.old_email_opt_in


def test_r06_an_act_that_is_not_sent_is_no_old_opt_in() -> None:
    subscribed_long_ago = Channel(opted_in=NOW - 2 * BELIEVED_BEFORE_OBSERVED)
    sent = SentState(email=EMAIL, email_news=TimedStatus(Status.OPT_IN, NOW), phone_news=TimedStatus(Status.OPT_IN, NOW))
    seen = Observed(email_news=ObservedStatus(Status.OPT_IN, THEN, THEN), phone_news=ObservedStatus(Status.OPT_IN, THEN, THEN))
    acts = {"email_news": subscribed_long_ago, "phone_news": subscribed_long_ago}
    moved = replace(KNOWN, email="new@example.com", sent_state=sent, observed=seen, **acts)
    upsert = told(moved, NOW)
    assert whole(upsert) == whole(an_upsert(new_email="new@example.com"))


@pytest.mark.parametrize(
    ("acted", "shown", "since", "status"),
    [
        (Channel(opted_in=NOW), Status.OPT_OUT, NOW, Status.OPT_IN),
        (Channel(opted_in=NOW), Status.OPT_OUT, NOW + BELIEVED_BEFORE_OBSERVED - A_MOMENT, Status.OPT_IN),
        (Channel(opted_in=NOW), Status.OPT_OUT, NOW + BELIEVED_BEFORE_OBSERVED, None),
        (Channel(opted_in=NOW), Status.OPT_OUT, NOW + 2 * BELIEVED_BEFORE_OBSERVED, None),
        (Channel(opted_in=NOW), Status.OPT_IN, NOW + 2 * BELIEVED_BEFORE_OBSERVED, Status.OPT_IN),
        (Channel(opted_out=NOW), Status.OPT_OUT, NOW + 2 * BELIEVED_BEFORE_OBSERVED, Status.OPT_OUT),
    ],
)
@for_both_channels
def test_r06_an_old_opt_in_never_overturns_a_shown_opt_out(
    acted: Channel, shown: Status, since: datetime, status: Status | None, turned: Turned
) -> None:
    contact = turned(replace(KNOWN, email_news=acted, observed=Observed(email_news=ObservedStatus(shown, since, since))))
    upsert = turned(told(contact))
    assert (upsert.email_status if upsert else None) == status


@for_both_channels
def test_consents_travel_by_the_names_the_shop_gave_them(turned: Turned) -> None:
    names = ConsentNames(email="news", sms="texts")
    for acts, accepted in ((Channel(opted_in=NOW), True), (Channel(opted_out=NOW), False)):
        contact = turned(replace(KNOWN, email_news=acts))
        named, by_sms = ("news", False) if turned is channels.as_said else ("texts", True)
        upsert = told(contact, consent_names=names)
        assert upsert is not None
        assert upsert.agreements == (Agreement(name=named, accepted=accepted, at=NOW, by_sms=by_sms),)
        without_names = told(contact)
        assert without_names is not None
        assert without_names.agreements == ()


@pytest.mark.parametrize(
    ("asked", "sent_at", "enabled", "is_asked"),
    [
        (NOW, None, True, True),
        (NOW, THEN, True, True),
        (NOW, NOW, True, False),
        (THEN, NOW, True, False),
        (None, None, True, False),
        (NOW, None, False, False),
    ],
)
def test_b6_a_subscription_is_asked_about_once(asked: Any, sent_at: Any, enabled: bool, is_asked: bool) -> None:
    contact = replace(KNOWN, email_asked_at=asked, sent_state=SentState(email=EMAIL, email_asked_at=sent_at))
    upsert = told(contact, double_opt_in=DoubleOptIn(enabled=enabled, email_id="7", language="PL"))
    assert upsert == (an_upsert(asks_opt_in=ConfirmationMail(email_id="7", language="PL")) if is_asked else None)


def test_b6_who_is_still_to_be_opted_out_is_asked_after_that() -> None:
    contact = replace(KNOWN, email_news=Channel(opted_out=THEN), email_asked_at=NOW)
    assert told(contact, double_opt_in=DoubleOptIn(enabled=True)) == an_upsert(email_status=Status.OPT_OUT)


# -- the profile ---------------------------------------------------------------------------------------------------------

HERE = {"first_name": "Jan", "last_name": "Kowalski"}


@pytest.mark.parametrize(
    ("facts", "sent", "travels"),
    [
        (HERE, HERE, {}),
        (HERE | {"first_name": "Janina"}, HERE, HERE | {"first_name": "Janina"}),
        ({"company": "A", "gender": "M"}, {"company": "B", "gender": "M"}, {"company": "A"}),
        ({"street": "Polna 1", "city": "Gdynia"}, {"street": "Polna 1", "city": "Sopot"}, {"street": "Polna 1", "city": "Gdynia"}),
    ],
)
def test_r10_what_differs_travels_and_a_name_or_an_address_whole(
    facts: dict[str, str], sent: dict[str, str], travels: dict[str, str]
) -> None:
    profile = {name: TimedText(text, THEN) for name, text in facts.items()}
    upsert = told(replace(KNOWN, profile=profile, sent_state=SentState(email=EMAIL, profile=sent)))
    assert (upsert.profile if upsert else {}) == travels


@pytest.mark.parametrize(
    ("name", "cleared", "is_known", "clears"),
    [
        ("phone", True, True, True),
        ("city", True, True, True),
        ("phone", False, True, False),
        ("gender", True, True, False),
        ("phone", True, False, False),
    ],
)
def test_r10_an_empty_value_clears_only_what_was_said_to_be_no_more_of_somebody_known_there(
    name: str, cleared: bool, is_known: bool, clears: bool
) -> None:
    contact = Contact(email=EMAIL, profile={name: TimedText("", THEN, cleared=cleared)})
    if is_known:
        contact = replace(contact, sent_state=SentState(email=EMAIL, profile={name: "x"}))
    upsert = told(contact)
    assert (dict(upsert.profile) if upsert else {}) == ({name: ""} if clears else {})


@pytest.mark.parametrize(
    ("phone", "country", "travels"),
    [
        (TimedText("+48600", THEN, assumed=True), "DE", False),
        (TimedText("+48600", THEN, assumed=True), "PL", True),
        (TimedText("+48600", THEN, assumed=True), "Polska", True),
        (TimedText("+48600", THEN, assumed=True), "", True),
        (TimedText("+48600", THEN, assumed=True), None, True),
        (TimedText("+49600", THEN), "DE", True),
        (TimedText("", THEN, assumed=True, cleared=True), "DE", True),
        (None, "DE", None),
    ],
)
def test_r10_a_number_read_as_of_the_shops_country_does_not_travel_for_somebody_abroad(
    phone: TimedText | None, country: str | None, travels: bool | None
) -> None:
    said = {"phone": phone, "country": None if country is None else TimedText(country, THEN)}
    facts = {name: fact for name, fact in said.items() if fact is not None}
    upsert = told(replace(KNOWN, profile=facts, sent_state=SentState(email=EMAIL, profile={"phone": "x"})))
    assert ("phone" in (upsert.profile if upsert else {})) == bool(travels)


# -- opt-outs alone --------------------------------------------------------------------------------------------------------

RESIGNED = replace(KNOWN, email_news=Channel(opted_out=NOW), profile={"company": TimedText("A", THEN)})


@pytest.mark.parametrize(
    ("contact", "known_there", "is_due"),
    [
        (RESIGNED, False, True),
        (replace(RESIGNED, sent_state=SentState()), False, False),
        (replace(RESIGNED, sent_state=SentState()), True, True),
        (replace(RESIGNED, email=""), True, False),
        (replace(RESIGNED, erased=True), True, False),
        (KNOWN, True, False),
        (SUBSCRIBER, True, False),
    ],
)
def test_r06a_opt_outs_are_due_of_whom_salesmanago_knows(contact: Contact, known_there: bool, is_due: bool) -> None:
    due = opt_outs_due(contact, SHOP, known_there=known_there)
    assert due == (an_upsert(email_status=Status.OPT_OUT) if is_due else None)


def test_r06a_opt_outs_are_due_of_nobody_by_default() -> None:
    assert opt_outs_due(replace(RESIGNED, sent_state=SentState()), SHOP) is None


OPT_IN, OPT_OUT = an_upsert(email_status=Status.OPT_IN), an_upsert(email_status=Status.OPT_OUT)
BY_PHONE = an_upsert(phone_status=Status.OPT_IN)


@pytest.mark.parametrize(
    ("sent", "behind", "arrived", "is_repeated"),
    [
        (OUT, [], None, True),
        (IN, [], None, False),
        (None, [], None, False),
        (OUT, [OPT_OUT], None, False),
        (OUT, [OPT_IN], None, False),
        (OUT, [BY_PHONE], None, True),
        (OUT, [], [], False),
        (OUT, [], [OPT_IN], True),
        (OUT, [], [OPT_OUT], False),
        (OUT, [], [BY_PHONE], False),
        (OUT, [], [BY_PHONE, OPT_IN], True),
        (OUT, [BY_PHONE, OPT_IN], [OPT_IN], False),
    ],
)
@for_both_channels
def test_an_opt_out_is_repeated_unless_a_status_follows_it(
    sent: TimedStatus | None, behind: Any, arrived: Any, is_repeated: bool, turned: Turned
) -> None:
    contact = turned(replace(KNOWN, sent_state=SentState(email=EMAIL, email_news=sent)))
    again = repeat_opt_out(contact, turned(behind), turned(arrived))
    assert whole(again) == (whole(turned(replace(OPT_OUT, repeats=True))) if is_repeated else None)


def test_an_opt_out_of_somebody_erased_or_never_sent_is_not_repeated() -> None:
    contact = replace(KNOWN, sent_state=SentState(email=EMAIL, email_news=OUT))
    assert repeat_opt_out(replace(contact, erased=True), []) is None
    assert repeat_opt_out(replace(contact, sent_state=SentState(email_news=OUT)), []) is None
