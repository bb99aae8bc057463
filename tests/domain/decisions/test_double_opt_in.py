"""A shop with double opt-in: SALESmanago asks before a subscription by e-mail counts (B6)."""

from dataclasses import replace

import pytest

from app.domain.commands import ConfirmationMail, UpsertContact
from app.domain.consent import Status
from app.domain.decisions.discrepancies import ConflictKind, conflicts, is_disputed
from app.domain.delivery.coalesce import CoalescedCommands, merge, one_bundle
from app.domain.delivery.revocation import Revocation, without_revoked
from app.domain.delivery.verify import RemoteContact, still_missing
from app.domain.event_parts import NO_EVIDENCE, Evidence, NewsletterBox
from app.domain.events import Event
from app.domain.person.consent_ledger import ActKind, acts
from app.domain.person.contact import Contact
from app.domain.shops.shop import DoubleOptIn
from tests.support.builders import (
    a_customer,
    a_shop,
    account_changed,
    an_order,
    an_upsert,
    at,
    commands_of,
    erasure_requested,
    life,
    registered,
    status_seen,
    subscribed,
    unsubscribed,
)

ASKING = a_shop(double_opt_in=DoubleOptIn(enabled=True, email_id="mail-7", language="PL"))
MAIL = ConfirmationMail(email_id="mail-7", language="PL")
PROVED = Evidence(confirmed=True)
TICKED = a_customer(newsletter_email=NewsletterBox(ticked=True), newsletter_sms=NewsletterBox(ticked=True), phone="+48600100200")


def upserts(*events: Event) -> list[UpsertContact]:
    return [one for plan in life(ASKING, *events).plans for one in commands_of(plan) if isinstance(one, UpsertContact)]


@pytest.mark.parametrize(
    "event",
    [subscribed(), replace(registered(), customer=TICKED), replace(an_order(), customer=TICKED)],
    ids=["form", "account", "order"],
)
def test_b6_a_person_who_subscribes_is_asked_once_and_not_opted_in(event: Event) -> None:
    (asking,) = upserts(event)
    assert (asking.asks_opt_in, asking.email_status) == (MAIL, None)
    assert upserts(event, event) == [asking]
    story = life(ASKING, event)
    assert (story.contact.email_news.status, story.contact.unconfirmed_since) == (None, event.at)


@pytest.mark.parametrize(
    "event",
    [
        replace(subscribed(), evidence=PROVED),
        replace(registered(), customer=TICKED, evidence=PROVED),
        replace(an_order(), customer=TICKED, evidence=PROVED),
    ],
    ids=["form", "account", "order"],
)
def test_b6_a_subscription_that_the_shop_proves_counts_at_once(event: Event) -> None:
    (upsert,) = upserts(event)
    assert (upsert.asks_opt_in, upsert.email_status) == (None, Status.OPT_IN)


def test_b6_without_the_setting_a_subscription_counts_as_ever() -> None:
    (upsert,) = commands_of(life(a_shop(), subscribed()).plans[0])
    assert isinstance(upsert, UpsertContact)
    assert (upsert.asks_opt_in, upsert.email_status) == (None, Status.OPT_IN)


def test_b6_sms_is_asked_about_by_nobody_and_counts_as_ever() -> None:
    (upsert,) = upserts(replace(registered(), customer=TICKED))
    assert (upsert.phone_status, upsert.email_status) == (Status.OPT_IN, None)


def test_b6_a_state_with_its_own_date_was_confirmed_where_it_comes_from() -> None:
    box = NewsletterBox(ticked=True, since=at("2026-11-01T10:00"))
    (upsert,) = upserts(account_changed(customer=a_customer(newsletter_email=box)))
    assert (upsert.asks_opt_in, upsert.email_status) == (None, Status.OPT_IN)


@pytest.mark.parametrize("acted", [True, False], ids=["callback", "poll"])
def test_b6_the_click_opts_in_and_ends_the_wait(acted: bool) -> None:
    pending = (subscribed("2026-11-23T12:00"), status_seen("2026-11-23T12:01", email_out=True, acted=False))
    clicked = status_seen("2026-11-23T12:10", email_out=False, acted=acted)
    contact = life(ASKING, *pending, clicked).contact
    assert (contact.email_news.status, contact.unconfirmed_since) == (Status.OPT_IN, None)
    told = upserts(*pending, clicked)
    assert [(one.asks_opt_in, one.email_status, one.add_tags) for one in told] == [(MAIL, None, ()), (None, None, ("newsletter",))]
    assert life(ASKING, *pending).contact.email_news.status is None


def test_b6_a_resignation_ends_the_wait_and_a_later_subscription_begins_a_new_one() -> None:
    events = (subscribed("2026-11-23T12:00"), unsubscribed("2026-11-23T12:05", confirmed=True))
    assert life(ASKING, *events).contact.unconfirmed_since is None
    assert life(ASKING, *reversed(events)).contact.unconfirmed_since is None
    again = upserts(*events, subscribed("2026-11-23T13:00"))
    assert [(one.asks_opt_in, one.email_status) for one in again] == [(MAIL, None), (None, Status.OPT_OUT), (MAIL, None)]


def test_b6_who_is_opted_in_already_is_not_asked_again() -> None:
    proved = replace(subscribed("2026-11-23T12:00"), evidence=PROVED)
    assert [one.asks_opt_in for one in upserts(proved, subscribed("2026-11-23T13:00"))] == [None]


def test_b6_a_stranger_who_subscribes_an_address_outweighs_no_resignation() -> None:
    proved = replace(subscribed("2026-11-23T12:00"), evidence=PROVED)
    late = unsubscribed("2026-11-23T12:30", confirmed=True)
    assert life(ASKING, proved, subscribed("2026-11-23T13:00"), late).contact.email_news.status is Status.OPT_OUT


def test_b6_nobody_is_asked_for_an_act_from_before_an_erasure() -> None:
    events = (registered("2026-11-23T11:00"), erasure_requested("2026-11-23T12:00"), subscribed("2026-11-23T11:30"))
    assert life(ASKING, *events).contact.unconfirmed_since is None


def _act(event: Event) -> list[ActKind]:
    return [one.kind for one in acts(event, Contact(), life(ASKING, event).contact)]


def test_b6_the_ledger_holds_a_request_until_it_is_confirmed() -> None:
    assert _act(subscribed()) == [ActKind.REQUESTED]
    assert _act(replace(subscribed(), evidence=PROVED)) == [ActKind.OPT_IN]
    assert _act(replace(registered(), customer=TICKED)) == [ActKind.REQUESTED, ActKind.OPT_IN]
    asked, seen = life(ASKING, subscribed("2026-11-23T12:00")).contact, status_seen("2026-11-23T12:10", email_out=False, acted=True)
    confirmed = life(ASKING, subscribed("2026-11-23T12:00"), seen).contact
    assert [one.kind for one in acts(seen, asked, confirmed)] == [ActKind.OPT_IN]


def test_b6_the_wait_is_shown_and_is_no_conflict() -> None:
    contact = life(ASKING, subscribed()).contact
    (shown,) = conflicts(contact, ASKING)
    assert (shown.kind, shown.since) == (ConflictKind.UNCONFIRMED, subscribed().at)
    assert "waits" in shown.words
    assert not is_disputed(contact)
    assert "not asked" in conflicts(replace(contact, sent_state=replace(contact.sent_state, email_asked_at=None)), ASKING)[0].words


def test_b6_what_asks_travels_apart_from_what_tells_a_status() -> None:
    asking, out = an_upsert(asks_opt_in=MAIL), an_upsert(email_status=Status.OPT_OUT)
    assert [one_bundle(some) for some in ([asking, out], [out, asking], [asking, asking], [out, out])] == [1, 1, 2, 2]
    assert merge(asking, an_upsert(asks_opt_in=ConfirmationMail())).asks_opt_in == ConfirmationMail()
    assert merge(asking, an_upsert()).asks_opt_in == MAIL


def test_b6_who_resigned_is_not_asked_any_more() -> None:
    asking = an_upsert(asks_opt_in=MAIL, add_tags=("a",))
    assert without_revoked(asking, Revocation(email_opt_in=True)) == an_upsert(add_tags=("a",))
    assert without_revoked(asking, Revocation(phone_opt_in=True)) == asking
    assert without_revoked(asking, Revocation(everything=True)) is None
    assert NO_EVIDENCE.confirmed is False


@pytest.mark.parametrize(("introduces", "there", "again"), [(True, True, False), (True, False, True), (False, True, True)])
def test_b6_after_an_unclear_answer_the_person_who_was_made_in_salesmanago_was_mailed(
    introduces: bool, there: bool, again: bool
) -> None:
    asking = an_upsert(asks_opt_in=MAIL, introduces=introduces)
    seen = {asking.email: RemoteContact(email=asking.email)} if there else {}
    left = still_missing(CoalescedCommands(asking, ()), seen).upsert
    assert left is not None
    assert (left.asks_opt_in is not None) is again
