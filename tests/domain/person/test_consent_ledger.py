"""What is written down of consents: every act with its true time, in a chain that shows whether somebody changed it."""

import hashlib
import json
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.consent import Channel, TransferConsent
from app.domain.decisions.decide import decide
from app.domain.event_parts import Evidence, NewsletterBox
from app.domain.events import AccountListed, Event, Subscribed, SubscriberListed, Unsubscribed
from app.domain.person.consent_ledger import (
    GENESIS,
    Act,
    ActKind,
    Entry,
    Matter,
    acts,
    details_of,
    digest_of_details,
    is_intact,
    joined,
)
from app.domain.person.contact import Contact
from tests.support.builders import (
    EMAIL,
    a_customer,
    a_shop,
    access_requested,
    account_changed,
    an_order,
    at,
    cancelled,
    cart_changed,
    consent_granted,
    consent_withdrawn,
    erasure_requested,
    life,
    registered,
    returned,
    somebody,
    status_seen,
    subscribed,
    tags_edited,
    tags_seen,
    unsubscribed,
    viewed,
)

OPEN = a_shop()
NOW, BEFORE, LATER = at("2026-11-23T10:00"), at("2026-11-20T08:00"), at("2026-11-24T08:00")
BOX, DATED, PREDATED = NewsletterBox(ticked=True), NewsletterBox(ticked=True, since=BEFORE), NewsletterBox(ticked=True, since=LATER)
SEEN_IN = life(OPEN, registered("2026-11-23T08:00"), status_seen("2026-11-23T09:00", email_out=False, phone_out=False)).contact
SEEN_OUT = life(OPEN, registered("2026-11-23T08:00"), status_seen("2026-11-23T09:00", email_out=True, phone_out=True)).contact


def noted(event: Event, before: Contact | None = None) -> list[tuple[Matter, ActKind, datetime]]:
    """What the ledger notes when the event is decided."""
    before = before or somebody()
    return [(act.matter, act.kind, act.at) for act in acts(event, before, decide(event, OPEN, before).contact)]


EMAIL_IN, SMS_IN = (Matter.EMAIL, ActKind.OPT_IN), (Matter.SMS, ActKind.OPT_IN)
EMAIL_OUT, SMS_OUT = (Matter.EMAIL, ActKind.OPT_OUT), (Matter.SMS, ActKind.OPT_OUT)
GRANTED, WITHDRAWN = (Matter.TRANSFER, ActKind.GRANTED), (Matter.TRANSFER, ActKind.WITHDRAWN)

TOLD: dict[str, tuple[Event, list[Any]]] = {
    "a registration with a ticked box": (registered(NOW, newsletter_email=BOX), [(*EMAIL_IN, NOW)]),
    "a box ticked earlier keeps its day": (registered(NOW, newsletter_sms=DATED), [(*SMS_IN, BEFORE)]),
    "no act is younger than the message that tells of it": (registered(NOW, newsletter_email=PREDATED), [(*EMAIL_IN, NOW)]),
    "both boxes are two acts": (
        registered(NOW, newsletter_email=BOX, newsletter_sms=DATED),
        [(*EMAIL_IN, NOW), (*SMS_IN, BEFORE)],
    ),
    "an unticked box is no act": (registered(NOW, newsletter_email=NewsletterBox(ticked=False)), []),
    "nor with a date": (registered(NOW, newsletter_email=NewsletterBox(ticked=False, since=BEFORE)), []),
    "an order with consent": (an_order(NOW, consent=True), [(*GRANTED, NOW)]),
    "an order without": (an_order(NOW, consent=False), []),
    "an order that did not ask": (an_order(NOW, consent=None), []),
    "an order with a newsletter box": (
        an_order(NOW, consent=True, customer=a_customer(newsletter_email=BOX)),
        [(*EMAIL_IN, NOW), (*GRANTED, NOW)],
    ),
    "an account change is mere state": (account_changed(NOW, newsletter_email=BOX), []),
    "unless the state has its own date": (account_changed(NOW, newsletter_email=DATED), [(*EMAIL_IN, BEFORE)]),
    "a subscription": (subscribed(NOW), [(*EMAIL_IN, NOW)]),
    "a subscription to both": (subscribed(NOW, by_sms=True), [(*EMAIL_IN, NOW), (*SMS_IN, NOW)]),
    "a subscription by SMS": (subscribed(NOW, by_email=False, by_sms=True), [(*SMS_IN, NOW)]),
    "a resignation": (unsubscribed(NOW), [(*EMAIL_OUT, NOW)]),
    "a resignation from SMS": (unsubscribed(NOW, by_email=False, by_sms=True), [(*SMS_OUT, NOW)]),
    "a removal by staff is noted as no act of the person": (
        unsubscribed(NOW, by_sms=True, confirmed=False),
        [(Matter.EMAIL, ActKind.REMOVED, NOW), (Matter.SMS, ActKind.REMOVED, NOW)],
    ),
    "a consent": (consent_granted(NOW), [(*GRANTED, NOW)]),
    "a consent with a description of the person": (consent_granted(NOW, customer=a_customer()), [(*GRANTED, NOW)]),
    "a withdrawal": (consent_withdrawn(NOW), [(*WITHDRAWN, NOW)]),
    "a click on the opt-out link": (status_seen(NOW, email_out=True, acted=True), [(*EMAIL_OUT, NOW)]),
    "a confirmed opt-in": (status_seen(NOW, email_out=False, acted=True), [(*EMAIL_IN, NOW)]),
    "a first look is none": (status_seen(NOW, email_out=True, phone_out=True), []),
    "tags": (tags_edited(NOW, added=["vip"]), []),
    "tags over there": (tags_seen(NOW, {"VIP": 1}), []),
    "a cart": (cart_changed(NOW), []),
    "a view": (viewed(NOW), []),
    "a cancellation": (cancelled(NOW), []),
    "a return": (returned(NOW), []),
    "a request for access": (access_requested(NOW), []),
    "an erasure": (erasure_requested(NOW), []),
    "a list of subscribers": (
        SubscriberListed(at=NOW, email=EMAIL, email_since=BEFORE, sms_since=NOW),
        [(*EMAIL_IN, BEFORE), (*SMS_IN, NOW)],
    ),
    "an account on a list": (
        AccountListed(at=NOW, customer=a_customer(newsletter_email=DATED, newsletter_sms=BOX)),
        [(*EMAIL_IN, BEFORE)],
    ),
}


@pytest.mark.parametrize(("event", "expected"), TOLD.values(), ids=TOLD)
def test_an_event_tells_of_acts_with_their_true_time(event: Event, expected: list[Any]) -> None:
    assert noted(event) == expected


def test_a_poll_that_finds_a_change_is_noted_per_channel_an_opt_out_late_and_an_opt_in_early() -> None:
    assert noted(status_seen(NOW, email_out=True, phone_out=True), SEEN_IN) == [(*EMAIL_OUT, NOW), (*SMS_OUT, NOW)]
    assert noted(status_seen(NOW, email_out=False), SEEN_OUT) == [(*EMAIL_IN, at("2026-11-23T09:00:00.000001"))]
    assert noted(status_seen(NOW, phone_out=False), SEEN_OUT) == [(*SMS_IN, at("2026-11-23T09:00:00.000001"))]
    assert noted(status_seen(NOW, email_out=True, phone_out=True), SEEN_OUT) == []


def test_evidence_travels_with_the_act() -> None:
    shown = Evidence(text_version="2026-05", page="/newsletter", ip="192.0.2.7", reason="footer form")
    for event in (
        Subscribed(at=NOW, email=EMAIL, evidence=shown),
        Unsubscribed(at=NOW, email=EMAIL, confirmed=True, evidence=shown),
        replace(consent_granted(NOW), evidence=shown),
        replace(consent_withdrawn(NOW), evidence=shown),
    ):
        assert [act.evidence for act in acts(event, somebody(), somebody())] == [shown]


OLD_ACTS = [
    subscribed(BEFORE),
    an_order(BEFORE, consent=True),
    registered(BEFORE, newsletter_email=BOX),
    consent_granted(BEFORE),
    registered("2026-11-23T12:00", newsletter_email=DATED),
]


@pytest.mark.parametrize("event", OLD_ACTS, ids=["subscription", "order", "registration", "consent", "a box ticked before it"])
def test_an_act_from_before_an_erasure_is_not_written_down_after_it(event: Event) -> None:
    """Erased at ten, registered anew at eleven; then an old message comes, or a new one brings an old box."""
    alive = life(OPEN, erasure_requested(NOW), registered("2026-11-23T11:00")).contact
    assert not alive.erased
    assert noted(event, alive) == []


@pytest.mark.parametrize(("acted_at", "is_noted"), [(BEFORE, False), (NOW, False), (LATER, True)])
def test_an_act_of_the_moment_of_an_erasure_is_none(acted_at: datetime, is_noted: bool) -> None:
    assert bool(list(acts(subscribed(acted_at), somebody(), replace(somebody(), erased_at=NOW)))) is is_noted


@pytest.mark.parametrize(
    ("asked_at", "opted_in", "kind"),
    [
        (None, None, ActKind.OPT_IN),
        (BEFORE, None, ActKind.OPT_IN),
        (NOW, None, ActKind.REQUESTED),
        (LATER, None, ActKind.REQUESTED),
        (NOW, BEFORE, ActKind.REQUESTED),
        (NOW, NOW, ActKind.OPT_IN),
    ],
)
def test_b6_a_subscription_that_is_asked_about_is_a_request_unless_it_was_learned(
    asked_at: datetime | None, opted_in: datetime | None, kind: ActKind
) -> None:
    after = Contact(email=EMAIL, email_asked_at=asked_at, email_news=Channel(opted_in=opted_in))
    found = [(act.matter, act.kind) for act in acts(subscribed(NOW, by_sms=True), somebody(), after)]
    assert found == [(Matter.EMAIL, kind), SMS_IN], "only the e-mail newsletter is asked about"


MOVED_IN, MOVED_OUT = Channel(brought_in=NOW), Channel(brought_out=NOW)


@pytest.mark.parametrize(
    ("before", "after", "noted_as"),
    [
        (Channel(), Channel(opted_in=NOW, brought_in=NOW), [EMAIL_IN]),
        (Channel(), MOVED_IN, [EMAIL_IN]),
        (MOVED_IN, Channel(opted_in=NOW), []),
        (Channel(opted_in=NOW), Channel(opted_in=NOW, opted_out=NOW), [EMAIL_OUT]),
        (Channel(), MOVED_OUT, [EMAIL_OUT]),
        (MOVED_OUT, Channel(opted_out=NOW), []),
    ],
)
def test_what_was_known_of_an_act_is_not_written_down_again_when_it_is_shown(
    before: Channel, after: Channel, noted_as: list[tuple[Matter, ActKind]]
) -> None:
    one, other = (Contact(email=EMAIL, email_news=news) for news in (before, after))
    found = list(acts(status_seen(LATER, email_out=False), one, other))
    assert [(act.matter, act.kind) for act in found] == noted_as
    assert {act.at for act in found} <= {NOW}


@pytest.mark.parametrize(
    ("evidence", "details"),
    [
        (Evidence(), {}),
        (Evidence(page="/p", confirmed=True), {"page": "/p", "confirmed": "True"}),
        (Evidence(text_version="4", ip="192.0.2.7", reason="x"), {"text_version": "4", "ip": "192.0.2.7", "reason": "x"}),
    ],
)
def test_b7_details_hold_what_was_shown_and_nothing_that_was_not(evidence: Evidence, details: dict[str, str]) -> None:
    assert details_of(EMAIL, evidence, "s") == {"email": EMAIL, **details, "salt": "s"}


# -- the chain -------------------------------------------------------------------------------------------------------------


def chain(length: int = 4) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(1, length + 1):
        act = Act(Matter.EMAIL, ActKind.OPT_IN if number % 2 else ActKind.OPT_OUT, NOW + timedelta(hours=number))
        details = details_of(EMAIL, Evidence(page=f"/page/{number}"), salt=f"salt-{number}")
        entries.append(
            Entry(
                number=number,
                subject="a1b2c3",
                matter=act.matter,
                kind=act.kind,
                acted_at=act.at,
                recorded_at=act.at + timedelta(seconds=2),
                source="Subscribed",
                event_id=f"event-{number}",
                details=details,
                details_digest=digest_of_details(details),
                previous=entries[-1].digest if entries else GENESIS,
            ).sealed()
        )
    return entries


@pytest.mark.parametrize("length", [0, 1, 2, 7])
def test_a_chain_nobody_touched_is_intact(length: int) -> None:
    assert is_intact(chain(length))


FORGERIES: dict[str, Any] = {
    "number": 9,
    "subject": "somebody-else",
    "matter": Matter.SMS,
    "kind": ActKind.GRANTED,
    "acted_at": NOW - timedelta(days=1),
    "recorded_at": NOW - timedelta(days=1),
    "source": "OrderPlaced",
    "event_id": "another",
    "details": {"email": "other@example.com", "salt": "salt-1"},
    "details_digest": "f" * 64,
    "previous": "f" * 64,
    "digest": "f" * 64,
}


def test_every_field_of_an_entry_has_a_forgery_below() -> None:
    assert set(FORGERIES) == {field.name for field in fields(Entry)}


@pytest.mark.parametrize("at_entry", [0, 1, 3])
@pytest.mark.parametrize("field", FORGERIES)
def test_a_forged_field_shows(field: str, at_entry: int) -> None:
    entries = chain()
    entries[at_entry] = replace(entries[at_entry], **{field: FORGERIES[field]})
    assert not is_intact(entries)


@pytest.mark.parametrize("field", [name for name in FORGERIES if name not in ("digest", "details")])
def test_a_forged_field_shows_in_the_entry_after_it_even_if_it_was_sealed_anew(field: str) -> None:
    entries = chain()
    entries[1] = replace(entries[1], **{field: FORGERIES[field]}).sealed()
    assert not is_intact(entries)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda entries: entries[:1] + entries[2:], id="one missing in the middle"),
        pytest.param(lambda entries: entries[1:], id="the first missing"),
        pytest.param(lambda entries: [entries[0], entries[2], entries[1], entries[3]], id="two in another order"),
        pytest.param(lambda entries: entries[::-1], id="backwards"),
        pytest.param(lambda entries: [*entries[:2], entries[1], *entries[2:]], id="one twice"),
        pytest.param(lambda entries: [*entries[:2], *chain(2)[:1], *entries[2:]], id="one put in between"),
        pytest.param(lambda entries: [replace(entries[1], number=1, previous=GENESIS).sealed(), *entries[2:]], id="a new first"),
    ],
)
def test_entries_missing_moved_or_put_in_between_show(change: Any) -> None:
    entries = chain()
    assert is_intact(entries)
    assert not is_intact(change(entries))


def test_erased_details_leave_the_chain_intact_and_changed_ones_do_not() -> None:
    erased = [replace(entry, details=None) for entry in chain()]
    assert is_intact(erased)
    assert is_intact([erased[0], *chain()[1:]])
    swapped = chain()
    swapped[0] = replace(swapped[0], details=swapped[1].details)
    assert not is_intact(swapped)
    emptied = chain()
    emptied[0] = replace(emptied[0], details={})
    assert not is_intact(emptied)


def test_the_digest_of_details_cannot_be_guessed_without_the_salt_and_keeps_no_word_of_them() -> None:
    one, other = (digest_of_details(details_of(EMAIL, Evidence(), salt=salt)) for salt in ("a", "b"))
    assert one != other
    assert EMAIL not in repr(replace(chain(1)[0], details=None))


def test_the_same_moment_in_another_zone_is_the_same_entry() -> None:
    """A database may give times back in its own zone."""
    warsaw = [replace(entry, acted_at=datetime.fromisoformat("2026-11-23T12:00+01:00")) for entry in chain(1)]
    assert chain(1)[0].acted_at == warsaw[0].acted_at
    assert is_intact(warsaw)


PROOF = Evidence(text_version="order-form-4", page="https://sklep.example.com/basket", ip="203.0.113.7")


@pytest.mark.parametrize(
    "event",
    [
        replace(an_order(customer=a_customer(newsletter_email=NewsletterBox(ticked=True))), evidence=PROOF),
        replace(registered(newsletter_email=NewsletterBox(ticked=True)), evidence=PROOF),
    ],
    ids=["order", "registration"],
)
def test_boxes_ticked_while_ordering_or_registering_are_written_down_with_what_proves_them(event: Event) -> None:
    found = list(acts(event, somebody(), somebody()))
    assert Matter.EMAIL in {one.matter for one in found}
    assert {one.evidence for one in found} == {PROOF}


def test_a_box_that_was_left_empty_writes_nothing_down_whatever_came_with_it() -> None:
    assert list(acts(replace(an_order(consent=False), evidence=PROOF), somebody(), somebody())) == []


# -- two contacts become one -----------------------------------------------------------------------------------------------

SUBSCRIBED, RESIGNED = Channel(opted_in=NOW), Channel(opted_out=NOW)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (Channel(), SUBSCRIBED, ActKind.OPT_IN),
        (Channel(), RESIGNED, ActKind.OPT_OUT),
        (SUBSCRIBED, RESIGNED, ActKind.OPT_OUT),
        (RESIGNED, SUBSCRIBED, ActKind.OPT_IN),
        (SUBSCRIBED, Channel(opted_in=LATER), None),
        (SUBSCRIBED, Channel(), None),
        (Channel(), Channel(), None),
    ],
)
@pytest.mark.parametrize(("matter", "channel"), [(Matter.EMAIL, "email_news"), (Matter.SMS, "phone_news")])
def test_r72_who_takes_over_another_contact_stands_from_then_on_for_what_that_one_said(
    before: Channel, after: Channel, kind: ActKind | None, matter: Matter, channel: str
) -> None:
    one, other = (Contact(email=EMAIL, **{channel: said}) for said in (before, after))
    assert list(joined(one, other)) == ([] if kind is None else [Act(matter, kind, NOW)])


GIVEN, TAKEN_BACK = TransferConsent(BEFORE, NOW), TransferConsent(BEFORE, BEFORE, NOW)


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (TransferConsent(), GIVEN, ActKind.GRANTED),
        (TransferConsent(), TAKEN_BACK, ActKind.WITHDRAWN),
        (GIVEN, TAKEN_BACK, ActKind.WITHDRAWN),
        (TAKEN_BACK, TransferConsent(BEFORE, NOW, BEFORE), ActKind.GRANTED),
        (GIVEN, TransferConsent(BEFORE, LATER), None),
        (TAKEN_BACK, TransferConsent(BEFORE, BEFORE, LATER), None),
        (TransferConsent(), TransferConsent(), None),
    ],
)
def test_r72_who_takes_over_another_contact_stands_for_its_consent_as_well(
    before: TransferConsent, after: TransferConsent, kind: ActKind | None
) -> None:
    one, other = (Contact(email=EMAIL, transfer=said) for said in (before, after))
    assert list(joined(one, other)) == ([] if kind is None else [Act(Matter.TRANSFER, kind, NOW)])


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=20)))
def test_what_is_sealed_is_the_json_that_the_standard_library_writes(details: dict[str, str]) -> None:
    """Whoever examines a ledger does so with tools of their own."""
    assert digest_of_details(details) == hashlib.sha256(json.dumps(details, sort_keys=True).encode()).hexdigest()
