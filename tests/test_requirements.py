"""The rows of the requirements, each with its own example. `pytest -k r22` shows what a row means.

Most rules live in `decide`; the few that live at an edge (phone numbers, the wire, the shops file, freshness) are judged there.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import ValidationError

from app.admin.doctor import shared_account_warning
from app.clients.idosell.client import IdosellPanel
from app.clients.salesmanago import payloads
from app.clients.shop_webhook import NotConnected
from app.clients.transport import Reply
from app.configuration.entries import ShopsFile
from app.domain import tags
from app.domain.commands import (
    AddEvent,
    ConfirmOptIn,
    DeleteContact,
    EventKind,
    Line,
    MirrorTags,
    SetSubscription,
    UpsertContact,
)
from app.domain.consent import BoxCounts, Policy, Said, Status, box_seems_hidden
from app.domain.decisions.carts import cart_of, newer_state, ripen
from app.domain.decisions.learn import learn
from app.domain.decisions.observations import READD_LIMIT
from app.domain.decisions.plan import Await, Send, Supersede, Withhold
from app.domain.decisions.salesmanago_changes import difference, told, untold
from app.domain.delivery.coalesce import Bundle, coalesce
from app.domain.delivery.outcomes import ByHand, Park, verdict
from app.domain.delivery.verify import SeenContact, still_missing
from app.domain.errors import ForgedCallback
from app.domain.events import AccountListed, Address, OptInReported, OptOutReported, SubscriberListed, Ticked
from app.domain.intake.inbox import NewEvent
from app.domain.panel_tags import PanelTag, TagChanges, changes
from app.domain.person.contact import absorb
from app.domain.reasons import EXPLANATIONS, Reason
from app.domain.runs.backfill import BackfillMode, Pause, Phase, after_look, begun, state_of
from app.domain.runs.backfill_schedule import finish_time
from app.domain.runs.backfill_tally import tallied
from app.domain.shops.callbacks import reached, signature, verified
from app.domain.shops.shop import Account, BackfillSettings, FanOut, Panel, PanelKind, TagConflicts
from app.formats.contact_values import e164
from app.routers.events.schemas import RegistrationIn
from app.services.from_salesmanago.callbacks import Callbacks
from app.services.operations.health import Health
from tests.support.builders import (
    EMAIL,
    a_careful_shop,
    a_customer,
    a_shop,
    account_changed,
    an_event,
    an_item,
    an_order,
    an_upsert,
    at,
    cancelled,
    cart_changed,
    commands_of,
    consent_granted,
    consent_withdrawn,
    erasure_requested,
    life,
    lost_tags,
    reason_of,
    registered,
    returned,
    somebody,
    status_seen,
    subscribed,
    tags_edited,
    tags_seen,
    the_event,
    the_upsert,
    unsubscribed,
    viewed,
)

OPEN = a_shop()
CAREFUL = a_careful_shop()
WITH_PANEL = a_shop(panel=Panel(kind=PanelKind.IDOSELL))
TICKED = a_customer(newsletter_email=Ticked(ticked=True))
CONSENTED = an_order("2026-11-23T08:00", order_id="first", consent=True)


# -- R01-R07: who may be sent --------------------------------------------------------------------------------------------


def test_r01_an_order_with_consent_transfers_the_person_with_that_order() -> None:
    plan = life(CAREFUL, an_order(consent=True)).plan
    assert the_upsert(plan).email == EMAIL
    assert the_event(plan).kind is EventKind.PURCHASE


def test_r01_the_same_order_without_consent_transfers_nobody() -> None:
    assert life(CAREFUL, an_order(consent=False)).plan == Withhold(Reason.ORDER_NOT_CONSENTED)


def test_r02_all_customers_sends_every_account_and_every_subscriber_without_account() -> None:
    assert the_upsert(life(OPEN, registered()).plan).email == EMAIL
    assert the_upsert(life(OPEN, subscribed(has_account=False)).plan).email == EMAIL


@pytest.mark.parametrize("consent", [True, False, None])
def test_r02_all_customers_sends_all_purchases_whatever_the_box_says(consent: bool | None) -> None:
    assert the_event(life(OPEN, an_order(consent=consent)).plan).kind is EventKind.PURCHASE


UNCONSENTED = [
    registered("2026-11-23T07:00"),
    subscribed("2026-11-23T07:00"),
    cart_changed("2026-11-23T07:00"),
    viewed("2026-11-23T07:00"),
    tags_edited("2026-11-23T07:00", added=["vip"]),
    account_changed("2026-11-23T07:00"),
    an_order("2026-11-23T07:00", consent=None),
    unsubscribed("2026-11-23T07:00"),
]


@pytest.mark.parametrize("event", UNCONSENTED, ids=lambda event: type(event).__name__)
def test_r03_without_consent_nothing_of_a_person_leaves_the_shop(event: Any) -> None:
    assert life(CAREFUL, event).plan == Withhold(Reason.NO_CONSENT)
    assert not isinstance(life(OPEN, event).plan, Withhold), "the same event may go where all customers may"


def test_r03_newsletter_only_contact_stays_home_until_an_order_consents() -> None:
    stays = life(CAREFUL, subscribed("2026-11-23T07:00"))
    assert stays.plan == Withhold(Reason.NO_CONSENT)
    upsert = the_upsert(stays.goes_on(CAREFUL, an_order("2026-11-23T08:00", consent=True)).plan)
    assert upsert.email_status is Status.OPT_IN
    assert "newsletter" in upsert.add_tags


def test_r03_from_the_first_consent_on_profile_orders_carts_views_and_tags_flow() -> None:
    known = life(CAREFUL, CONSENTED)
    assert the_upsert(known.goes_on(CAREFUL, account_changed(phone="+48600100200")).plan).profile["phone"] == "+48600100200"
    assert the_event(known.goes_on(CAREFUL, an_order(order_id="second", consent=None)).plan).external_id == "second"
    assert known.goes_on(CAREFUL, cart_changed()).plan == Await(Reason.CART_WAITS)
    assert the_event(known.goes_on(CAREFUL, viewed()).plan).kind is EventKind.VISIT
    assert the_upsert(known.goes_on(CAREFUL, tags_edited(added=["vip"])).plan).add_tags == ("idosell_vip",)


def test_r03_an_explicit_grant_opens_the_door_as_well() -> None:
    waiting = life(CAREFUL, registered("2026-11-23T07:00"))
    assert the_upsert(waiting.goes_on(CAREFUL, consent_granted("2026-11-23T08:00")).plan).email == EMAIL


def test_r04_not_given_withholds_that_order_but_revokes_nothing() -> None:
    known = life(CAREFUL, CONSENTED).goes_on(CAREFUL, an_order(order_id="second", consent=False))
    assert known.plan == Withhold(Reason.ORDER_NOT_CONSENTED)
    assert the_event(known.goes_on(CAREFUL, viewed("2026-11-23T13:00")).plan).kind is EventKind.VISIT


def test_r04_not_given_withholds_the_order_but_not_the_newsletter_box_ticked_in_it() -> None:
    order = an_order(order_id="second", consent=False, customer=TICKED)
    plan = life(CAREFUL, CONSENTED).goes_on(CAREFUL, order).plan
    assert [one.email_status for one in commands_of(plan) if isinstance(one, UpsertContact)] == [Status.OPT_IN]
    assert not [one for one in commands_of(plan) if isinstance(one, AddEvent)]


def test_r04_not_asked_follows_the_consent_given_earlier_and_without_one_is_withheld() -> None:
    unasked = an_order(order_id="second", consent=None)
    assert the_event(life(CAREFUL, CONSENTED).goes_on(CAREFUL, unasked).plan).external_id == "second"
    assert life(CAREFUL, unasked).plan == Withhold(Reason.NO_CONSENT)


@pytest.mark.parametrize("consent", [True, False, None])
def test_r04_the_transfer_box_opts_nobody_in_or_out(consent: bool | None) -> None:
    subscriber = life(OPEN, subscribed("2026-11-23T07:00")).goes_on(OPEN, an_order(consent=consent))
    assert the_upsert(subscriber.plan).email_status is None
    stranger = life(OPEN, an_order(consent=consent))
    assert (the_upsert(stranger.plan).email_status, the_upsert(stranger.plan).phone_status) == (None, None)


@pytest.mark.parametrize("shop", [OPEN, CAREFUL], ids=["all_customers", "order_consent"])
def test_r04_a_withdrawal_stops_everything_at_once_and_a_new_consent_reopens(shop: Any) -> None:
    gone = life(shop, CONSENTED, consent_withdrawn("2026-11-23T09:00"))
    for event in (registered(), subscribed(), cart_changed(), viewed(), tags_edited(added=["vip"]), an_order(consent=None)):
        assert gone.goes_on(shop, event).plan == Withhold(Reason.CONSENT_WITHDRAWN)
    again = gone.goes_on(shop, consent_granted("2026-11-23T11:00"), viewed("2026-11-23T12:00"))
    assert the_event(again.plan).kind is EventKind.VISIT


def test_r04_a_grant_older_than_the_withdrawal_reopens_nothing() -> None:
    gone = life(CAREFUL, consent_withdrawn("2026-11-23T09:00"), an_order("2026-11-23T08:00", consent=True))
    assert gone.plan == Withhold(Reason.CONSENT_WITHDRAWN)


def test_r05_a_shop_that_hides_the_box_sends_nobody_under_order_consent() -> None:
    orders = [an_order(f"2026-11-{day}T10:00", order_id=str(day), consent=None) for day in range(10, 23)]
    assert life(CAREFUL, *orders).commands == ()


def test_r05_the_gateway_notices_that_no_order_is_asked() -> None:
    assert box_seems_hidden(Policy.ORDER_CONSENT, BoxCounts(not_asked=20))
    assert not box_seems_hidden(Policy.ORDER_CONSENT, BoxCounts(not_asked=20, not_given=1))
    assert not box_seems_hidden(Policy.ALL_CUSTOMERS, BoxCounts(not_asked=20))


async def test_r05_readiness_warns_of_the_hidden_box() -> None:
    report = await _health(waiting=None, boxes=BoxCounts(not_asked=20)).report()
    assert report.ready, "a hidden box is no reason to refuse events"
    assert report.shops[0].consent_box_seems_hidden
    assert "consent box" in report.problems[0]
    quiet = await _health(waiting=None, boxes=BoxCounts(not_asked=20, given=1)).report()
    assert quiet.problems == ()


def test_r06_a_transferred_profile_is_no_opt_in() -> None:
    for event in (registered(), an_order(), account_changed(), tags_edited(added=["vip"]), viewed()):
        upsert = the_upsert(life(OPEN, event).plan)
        assert (upsert.email_status, upsert.phone_status) == (None, None)


OPTING_IN = [
    subscribed("2026-11-23T10:00"),
    registered("2026-11-23T10:00", customer=TICKED),
    an_order("2026-11-23T10:00", customer=TICKED),
]


@pytest.mark.parametrize("act", OPTING_IN, ids=lambda event: type(event).__name__)
def test_r06_an_act_newer_than_the_last_opt_out_opts_in_and_an_older_one_does_not(act: Any) -> None:
    assert the_upsert(life(OPEN, unsubscribed("2026-11-23T09:00"), act).plan).email_status is Status.OPT_IN
    late = life(OPEN, unsubscribed("2026-11-23T11:00"), act)
    assert all(command.email_status is None for command in commands_of(late.plan) if isinstance(command, UpsertContact))


@pytest.mark.parametrize("act", OPTING_IN, ids=lambda event: type(event).__name__)
def test_r06_an_opt_out_wins_a_tie_in_either_order(act: Any) -> None:
    opt_out = unsubscribed("2026-11-23T10:00")
    assert _last_email_status(life(OPEN, opt_out, act).commands) is Status.OPT_OUT
    assert _last_email_status(life(OPEN, act, opt_out).commands) is Status.OPT_OUT


def test_r06_mere_state_opts_in_only_with_a_date_newer_than_the_opt_out() -> None:
    undated = account_changed("2026-11-23T12:00", newsletter_email=Ticked(ticked=True))
    dated = account_changed("2026-11-23T12:00", newsletter_email=Ticked(ticked=True, since=at("2026-11-23T10:00")))
    assert the_upsert(life(OPEN, undated).plan).email_status is None
    assert the_upsert(life(OPEN, dated).plan).email_status is Status.OPT_IN
    earlier, later = unsubscribed("2026-11-23T09:00"), unsubscribed("2026-11-23T11:00")
    assert the_upsert(life(OPEN, earlier, dated).plan).email_status is Status.OPT_IN
    assert the_upsert(life(OPEN, later, dated).plan).email_status is None


def test_r06_e_mail_and_sms_are_two_separate_facts() -> None:
    by_email = the_upsert(life(OPEN, subscribed(by_email=True, by_sms=False)).plan)
    by_sms = the_upsert(life(OPEN, subscribed(by_email=False, by_sms=True, phone="+48600100200")).plan)
    assert (by_email.email_status, by_email.phone_status) == (Status.OPT_IN, None)
    assert (by_sms.email_status, by_sms.phone_status) == (None, Status.OPT_IN)
    both = life(OPEN, subscribed("2026-11-23T10:00", by_sms=True))
    left = the_upsert(both.goes_on(OPEN, unsubscribed("2026-11-23T11:00", by_email=False, by_sms=True)).plan)
    assert (left.email_status, left.phone_status) == (None, Status.OPT_OUT)


@pytest.mark.parametrize("act", OPTING_IN[1:], ids=lambda event: type(event).__name__)
def test_r06_the_box_of_one_channel_says_nothing_of_the_other(act: Any) -> None:
    upsert = the_upsert(life(OPEN, act).plan)
    assert (upsert.email_status, upsert.phone_status) == (Status.OPT_IN, None)


def test_r06_two_memories_of_one_person_join_with_the_stricter_consent() -> None:
    joined = absorb(life(OPEN, subscribed("2026-11-23T10:00")).contact, life(OPEN, unsubscribed("2026-11-23T11:00")).contact)
    assert joined.email_news.status is Status.OPT_OUT


def test_r06_an_opt_out_heard_while_a_person_is_erased_still_outweighs_an_older_subscription() -> None:
    """Erased at 10, resigned at 11; then the subscription of 10:30 arrives late."""
    story = life(
        OPEN,
        subscribed("2026-11-23T08:00"),
        erasure_requested("2026-11-23T10:00"),
        unsubscribed("2026-11-23T11:00"),
        subscribed("2026-11-23T10:30"),
    )
    assert _last_email_status(commands_of(story.plan)) is not Status.OPT_IN


def test_r06_a_withdrawal_heard_while_a_person_is_erased_still_outweighs_an_older_order() -> None:
    story = life(
        OPEN,
        erasure_requested("2026-11-23T10:00"),
        consent_withdrawn("2026-11-23T11:00"),
        an_order("2026-11-23T10:30", consent=True),
    )
    assert commands_of(story.plan) == ()


def test_r06_data_from_before_an_erasure_never_opts_in_again() -> None:
    """Subscribed, resigned, erased, registered anew without a tick: a repetition of the first message opts nobody in."""
    fresh = life(
        OPEN,
        unsubscribed("2026-11-23T09:00"),
        erasure_requested("2026-11-23T10:00"),
        registered("2026-11-23T11:00"),
        subscribed("2026-11-23T08:00"),
    )
    assert _last_email_status(fresh.commands[1:]) is not Status.OPT_IN


def test_r06_an_opt_in_that_is_newer_than_an_erasure_stands_when_the_erasure_is_heard_later() -> None:
    """Resigned at 8, erased at 9, subscribed again at 10; the erasure arrives last but one."""
    story = life(
        CAREFUL,
        unsubscribed("2026-11-23T08:00"),
        subscribed("2026-11-23T10:00"),
        an_order("2026-11-23T10:30", consent=True),
        erasure_requested("2026-11-23T09:00"),
        subscribed("2026-11-23T10:00"),
    )
    assert _last_email_status(commands_of(story.plan)) is Status.OPT_IN


def test_r06_a_box_ticked_before_an_erasure_does_not_count_after_it() -> None:
    dated = a_customer(newsletter_email=Ticked(ticked=True, since=at("2026-11-23T08:00")))
    fresh = life(
        OPEN,
        unsubscribed("2026-11-23T09:00"),
        erasure_requested("2026-11-23T10:00"),
        registered("2026-11-23T11:00", customer=dated),
    )
    assert _last_email_status(commands_of(fresh.plan)) is not Status.OPT_IN


def test_r07_a_late_consent_carries_what_is_true_by_then_and_no_past_orders_or_carts() -> None:
    before = life(
        CAREFUL,
        registered("2026-11-23T07:00", wholesaler=True),
        subscribed("2026-11-23T07:10", has_account=True),
        tags_edited("2026-11-23T07:20", added=["brak_aktywności"]),
        an_order("2026-11-23T07:30", order_id="old", consent=False, categories=["Zegarki"]),
        cart_changed("2026-11-23T07:40"),
        viewed("2026-11-23T07:45"),
    )
    assert before.commands == ()
    plan = before.goes_on(CAREFUL, an_order("2026-11-23T08:00", order_id="new", categories=["Obuwie"])).plan
    upsert = the_upsert(plan)
    assert set(upsert.add_tags) == {"rejestracja", "wholesaler", "idosell_brak_aktywności", "Obuwie"}
    assert upsert.email_status is Status.OPT_IN
    assert the_event(plan).external_id == "new"
    assert len(commands_of(plan)) == 2


def test_r07_orders_carts_and_views_from_before_the_consent_stay_home_when_they_arrive_late() -> None:
    known = life(CAREFUL, CONSENTED)
    early = "2026-11-23T07:59"
    for event in (an_order(early, order_id="old", consent=None), cart_changed(early), viewed(early)):
        assert known.goes_on(CAREFUL, event).plan in (Withhold(Reason.BEFORE_CONSENT), Supersede(Reason.CART_BOUGHT))


@pytest.mark.parametrize("shop", [OPEN, CAREFUL], ids=["all_customers", "order_consent"])
def test_r07_an_order_placed_while_the_consent_was_withdrawn_stays_home_after_a_new_one(shop: Any) -> None:
    between = an_order("2026-11-23T10:00", order_id="between", consent=None)
    story = life(shop, consent_withdrawn("2026-11-23T09:00"), between, consent_granted("2026-11-23T11:00"))
    assert not [one for one in story.goes_on(shop, between).commands if isinstance(one, AddEvent)]


def test_r07_a_guests_cart_from_before_the_consent_is_no_report_once_the_address_is_known() -> None:
    cart = cart_of(cart_changed("2026-11-23T07:00", email=None))
    contact = life(CAREFUL, consent_granted("2026-11-23T07:30", customer=a_customer())).contact
    assert ripen(cart, CAREFUL, contact, cart.due_at) == Withhold(Reason.BEFORE_CONSENT)


# -- R10-R17: what is sent -----------------------------------------------------------------------------------------------


def test_r10_a_person_travels_with_company_names_gender_phone_and_billing_address() -> None:
    person = a_customer(
        company="Drewno sp. z o.o.",
        gender="male",
        phone="+48600100200",
        address=Address(street="Polna 1", postal_code="00-001", city="Warszawa", country="PL"),
    )
    body = payloads.upsert(the_upsert(life(OPEN, registered(customer=person)).plan))
    contact = body["contact"]
    assert (contact["company"], contact["name"], contact["phone"]) == ("Drewno sp. z o.o.", "Jan Kowalski", "+48600100200")
    assert contact["address"] == {"streetAddress": "Polna 1", "zipCode": "00-001", "city": "Warszawa", "country": "PL"}
    assert body["properties"] == {"gender": "male"}


def test_r10_what_the_shop_does_not_know_is_left_out_and_overwrites_nothing() -> None:
    body = payloads.upsert(the_upsert(life(OPEN, registered(customer=a_customer(first_name="", last_name="Nowak"))).plan))
    assert "company" not in body["contact"]
    assert "address" not in body["contact"]
    assert body["contact"]["name"] == "Nowak"


@pytest.mark.parametrize(
    ("written", "country", "sent"),
    [
        ("600 100 200", "PL", "+48600100200"),
        ("+48 600-100-200", "PL", "+48600100200"),
        ("0048600100200", "PL", "+48600100200"),
        ("030 901820", "DE", "+4930901820"),
        ("+49 30 901820", "PL", "+4930901820"),
        ("12", "PL", None),
        ("zadzwoń", "PL", None),
        ("", "PL", None),
    ],
)
def test_r10_phones_are_sent_as_e164_and_bad_ones_not_at_all(written: str, country: str, sent: str | None) -> None:
    assert e164(written, country) == sent


def test_r10_a_bad_phone_is_left_out_with_a_reason_and_the_rest_still_goes() -> None:
    body = {"occurred_at": "2026-11-23T10:00:00+01:00", "customer": {"email": EMAIL, "first_name": "Jan", "phone": "12"}}
    warnings: list[str] = []
    event = RegistrationIn.model_validate(body).to_domain(OPEN, warnings)
    assert "phone" in warnings[0]
    profile = the_upsert(life(OPEN, event).plan).profile
    assert profile["first_name"] == "Jan"
    assert "phone" not in profile


def test_r11_an_account_change_is_sent_as_the_difference() -> None:
    known = life(OPEN, registered("2026-11-23T10:00", phone="+48600100200"))
    upsert = the_upsert(known.goes_on(OPEN, account_changed("2026-11-23T11:00", phone="+48600100201")).plan)
    assert upsert.profile == {"phone": "+48600100201"}


def test_r11_an_e_mail_change_renames_the_one_contact_and_later_events_follow_it() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"))
    moved = known.goes_on(OPEN, account_changed("2026-11-23T11:00", customer=a_customer("jan@new.example.com")))
    assert (the_upsert(moved.plan).email, the_upsert(moved.plan).new_email) == (EMAIL, "jan@new.example.com")
    assert commands_of(moved.plan) == (the_upsert(moved.plan),)
    after = moved.goes_on(OPEN, viewed("2026-11-23T12:00", email="jan@new.example.com"))
    assert the_event(after.plan).email == "jan@new.example.com"
    assert len(commands_of(after.plan)) == 1


def test_r11_a_late_message_of_the_old_address_renames_nobody_back() -> None:
    moved = life(
        OPEN,
        registered("2026-11-23T10:00"),
        account_changed("2026-11-23T12:00", customer=a_customer("jan@new.example.com")),
        account_changed("2026-11-23T11:00", customer=a_customer("jan@middle.example.com")),
    )
    assert moved.contact.email == "jan@new.example.com"
    assert all(command.email != "jan@middle.example.com" for command in moved.commands)


def test_r11_a_rename_taken_back_before_it_left_is_still_to_be_told_and_makes_no_twin() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"))
    moved = known.goes_on(OPEN, account_changed("2026-11-23T11:00", customer=a_customer("jan@new.example.com")))
    upsert = difference(untold(moved.contact, moved.commands), OPEN)
    assert upsert is not None
    assert (upsert.email, upsert.new_email) == (EMAIL, "jan@new.example.com")


def test_r11_a_first_transfer_taken_back_before_it_left_is_a_first_transfer_again() -> None:
    seen = life(OPEN, viewed())
    assert difference(untold(seen.contact, seen.commands), OPEN) == UpsertContact(email=EMAIL)


@pytest.mark.parametrize(("minutes", "late"), [(9.99, False), (10, True), (45, True)])
async def test_r11_the_oldest_waiting_event_is_measured_shown_and_alarmed_at_ten_minutes(minutes: float, late: bool) -> None:
    report = await _health(waiting=timedelta(minutes=minutes)).report()
    assert report.shops[0].oldest_waiting_seconds == minutes * 60
    assert report.shops[0].late is late
    assert bool(report.problems) is late
    assert report.ready


def test_r12_newsletter_state_of_both_channels_is_sent() -> None:
    flags = {"forceOptIn": True, "forceOptOut": False, "forcePhoneOptIn": True, "forcePhoneOptOut": False}
    joined = payloads.upsert(the_upsert(life(OPEN, subscribed(by_sms=True)).plan))
    assert {name: joined[name] for name in flags} == flags
    left = payloads.upsert(the_upsert(life(OPEN, unsubscribed(by_sms=True)).plan))
    assert {name: left[name] for name in flags} == {name: not value for name, value in flags.items()}


def test_r12_a_channel_that_said_nothing_sends_no_flag() -> None:
    assert not [name for name in payloads.upsert(the_upsert(life(OPEN, registered()).plan)) if name.startswith("force")]
    by_email = payloads.upsert(the_upsert(life(OPEN, subscribed()).plan))
    assert [name for name in by_email if name.startswith("force")] == ["forceOptIn", "forceOptOut"]


def test_r13_an_order_is_a_purchase_with_number_real_time_value_currency_goods_and_pickup_point() -> None:
    order = an_order(
        "2026-11-23T10:15:00+01:00",
        order_id="5501",
        items=(an_item("101", name="Buty", quantity=2), an_item("102", name="Skarpety, komplet", quantity=1)),
        value="249.00",
        pickup_point="Paczkomat WAW01A",
    )
    sent = payloads.event(the_event(life(OPEN, order).plan))
    assert sent == {
        "date": 1795425300000,
        "contactExtEventType": "PURCHASE",
        "products": "101,102",
        "location": "sklep_example",
        "value": 249.0,
        "detail1": "Buty,Skarpety komplet",
        "detail3": "2/1",
        "detail9": "PLN",
        "detail10": "Paczkomat WAW01A",
        "externalId": "5501",
        "shopDomain": "sklep.example.com",
    }
    assert datetime.fromtimestamp(sent["date"] / 1000, UTC) == at("2026-11-23T09:15")


def test_r13_one_order_is_one_purchase() -> None:
    bought = life(OPEN, an_order())
    assert bought.goes_on(OPEN, an_order()).plan == Supersede(Reason.ORDER_ALREADY_SENT)


def test_r14_cart_view_and_purchase_become_cart_visit_and_purchase() -> None:
    assert the_event(life(OPEN, viewed()).plan).kind is EventKind.VISIT
    assert the_event(life(OPEN, an_order()).plan).kind is EventKind.PURCHASE
    waiting = life(OPEN, cart_changed())
    cart = cart_of(cart_changed())
    assert the_event(ripen(cart, OPEN, waiting.contact, cart.due_at)).kind is EventKind.CART


def test_r15_an_order_from_before_the_integration_is_withheld_with_that_reason() -> None:
    shop = a_shop(integration_started_at=at("2026-11-23T12:00"))
    assert life(shop, an_order("2026-11-23T11:59:59")).plan == Withhold(Reason.BEFORE_INTEGRATION)
    assert the_event(life(shop, an_order("2026-11-23T12:00")).plan).kind is EventKind.PURCHASE


def test_r16_the_shops_address_travels_as_host_and_location() -> None:
    shop = a_shop(host="sklep.iai-shop.com", location="sklep_iai", hosts=("www.sklep.example.org",))
    sent = payloads.event(the_event(life(shop, an_order()).plan))
    assert (sent["shopDomain"], sent["location"]) == ("sklep.iai-shop.com", "sklep_iai")


@pytest.mark.parametrize(
    ("page", "host"),
    [
        ("https://www.sklep.example.org/basket/7", "www.sklep.example.org"),
        ("https://WWW.Sklep.Example.org:8443/basket/7?a=b", "www.sklep.example.org"),
        ("https://sklep.iai-shop.com/basket/7", "sklep.iai-shop.com"),
        ("https://elsewhere.example/basket/7", "sklep.iai-shop.com"),
        ("https://sklep.example.org/basket/7", "sklep.iai-shop.com"),
        ("/basket/7", "sklep.iai-shop.com"),
        ("https://[broken", "sklep.iai-shop.com"),
        (None, "sklep.iai-shop.com"),
    ],
)
def test_r16_what_happened_on_a_further_domain_of_the_shop_is_told_with_that_domain(page: str | None, host: str) -> None:
    shop = a_shop(host="sklep.iai-shop.com", location="sklep_iai", hosts=("www.sklep.example.org",))
    seen = payloads.event(the_event(life(shop, replace(viewed(), url=page)).plan))
    assert (seen["shopDomain"], seen["location"]) == (host, "sklep_iai")
    cart = cart_of(cart_changed(recovery_url=page))
    left = payloads.event(the_event(ripen(cart, shop, somebody(), cart.due_at)))
    assert (left["shopDomain"], left["location"]) == (host, "sklep_iai")


@pytest.mark.parametrize("location", ["sklep_1", "abc", "a" * 36])
def test_r16_a_location_is_a_short_stable_form(location: str) -> None:
    assert _shops_file(location).shops["one"].location == location


@pytest.mark.parametrize("location", ["ab", "a" * 37, "1sklep", "Sklep", "sklep.pl", "sklep pl", "żółty"])
def test_r16_other_locations_are_refused(location: str) -> None:
    with pytest.raises(ValidationError, match="3 to 36 characters"):
        _shops_file(location)


def test_r16_two_shops_of_one_location_are_refused_and_two_locations_are_not() -> None:
    assert set(_shops_file("sklep_a", "sklep_b").shops) == {"one", "two"}
    with pytest.raises(ValidationError, match="is taken by shop one"):
        _shops_file("sklep_a", "sklep_a")


def test_r17_cancellation_and_return_carry_the_number_and_goods_of_a_purchase_that_was_sent() -> None:
    bought = life(OPEN, an_order("2026-11-23T10:00", order_id="5501"))
    gone = the_event(bought.goes_on(OPEN, cancelled("2026-11-23T11:00")).plan)
    assert (gone.kind, gone.external_id, gone.value) == (EventKind.CANCELLATION, "5501", Decimal("199.99"))
    assert [line.product_id for line in gone.lines] == ["101"]
    partly = returned("2026-11-23T11:00", items=(an_item("101"),), value="99.50")
    back = the_event(bought.goes_on(OPEN, partly).plan)
    assert (back.kind, back.external_id, back.value) == (EventKind.RETURN, "5501", Decimal("99.50"))


@pytest.mark.parametrize("undone", [cancelled(), returned()], ids=["cancellation", "return"])
def test_r17_an_order_that_was_never_sent_is_not_taken_back(undone: Any) -> None:
    withheld = life(CAREFUL, CONSENTED, an_order("2026-11-23T09:00", consent=False))
    assert withheld.goes_on(CAREFUL, undone).plan == Withhold(Reason.PURCHASE_NOT_SENT)


def test_r19_an_order_that_arrives_after_its_cancellation_is_sent_and_its_cancellation_follows() -> None:
    story = life(OPEN, cancelled("2026-11-23T11:00"), an_order("2026-11-23T10:00"))
    assert story.plans[0] == Await(Reason.WAITS_FOR_ORDER)
    assert [the_event(plan).kind for plan in story.plans[1:]] == [EventKind.PURCHASE, EventKind.CANCELLATION]


@pytest.mark.parametrize("undone", [cancelled("2026-11-23T13:00"), returned("2026-11-23T13:00")], ids=["cancellation", "return"])
def test_r17_the_same_cancellation_or_return_twice_is_sent_once(undone: Any) -> None:
    once = life(OPEN, an_order(), undone)
    assert len(commands_of(once.plan)) == 1
    assert commands_of(once.goes_on(OPEN, undone).plan) == ()


# -- R20-R29: tags towards SALESmanago -----------------------------------------------------------------------------------


def test_r20_an_account_created_is_tagged_rejestracja_and_a_wholesaler_as_such_too() -> None:
    assert the_upsert(life(OPEN, registered()).plan).add_tags == ("rejestracja",)
    assert set(the_upsert(life(OPEN, registered(wholesaler=True)).plan).add_tags) == {"rejestracja", "wholesaler"}


def test_r20_a_guest_who_orders_has_no_account_and_no_such_tag() -> None:
    assert "rejestracja" not in the_upsert(life(OPEN, an_order()).plan).add_tags


def test_r20_who_is_no_wholesaler_any_more_loses_the_tag() -> None:
    known = life(OPEN, registered("2026-11-23T10:00", wholesaler=True))
    assert the_upsert(known.goes_on(OPEN, account_changed(wholesaler=False)).plan).remove_tags == ("wholesaler",)


def test_r21_a_subscriber_without_account_is_tagged_newsletter_and_one_with_account_is_not() -> None:
    assert the_upsert(life(OPEN, subscribed(has_account=False)).plan).add_tags == ("newsletter",)
    assert the_upsert(life(OPEN, subscribed(has_account=True)).plan).add_tags == ()


def test_r22_shoes_of_two_sections_earn_exactly_their_five_tags() -> None:
    order = an_order(categories=["Obuwie/Męskie/Sportowe", "Wyprzedaże/Wiosna 2015"])
    assert the_upsert(life(OPEN, order).plan).add_tags == ("Obuwie", "Męskie", "Sportowe", "Wyprzedaże", "Wiosna 2015")


def test_r22_a_section_that_occurs_twice_is_one_tag() -> None:
    goods = (an_item("101", categories=["Obuwie/Męskie"]), an_item("102", categories=["Obuwie/Damskie", "OBUWIE"]))
    assert the_upsert(life(OPEN, an_order(items=goods)).plan).add_tags == ("Obuwie", "Męskie", "Damskie")


@pytest.mark.parametrize("source", ["allegro", "younity", "facebook", "ceneo", "google"])
def test_r23_an_order_tells_where_the_customer_came_from(source: str) -> None:
    shop = a_shop(host="sklep.iai-shop.com")
    assert the_upsert(life(shop, an_order(source=source)).plan).add_tags == (f"idosell_{source}_sklep.iai-shop.com",)
    assert the_upsert(life(shop, an_order(source=None)).plan).add_tags == ()


def test_r23_a_registration_tells_where_the_customer_came_from() -> None:
    shop = a_shop(host="sklep.iai-shop.com")
    upsert = the_upsert(life(shop, registered(source="facebook")).plan)
    assert set(upsert.add_tags) == {"rejestracja", "idosell_facebook_sklep.iai-shop.com"}


def test_r23_older_tags_without_the_prefix_are_never_touched() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"))
    edited = known.goes_on(OPEN, tags_edited("2026-11-23T11:00", removed=["allegro_sklep"]))
    assert all(tag.startswith("idosell_") for tag in the_upsert(edited.plan).remove_tags)


def test_r24_a_tag_of_the_staff_travels_with_the_prefix() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"))
    assert the_upsert(known.goes_on(OPEN, tags_edited(added=["brak_aktywności"])).plan).add_tags == ("idosell_brak_aktywności",)


def test_r24_the_full_list_of_tags_says_what_is_gone() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=["vip", "hurt"]))
    upsert = the_upsert(known.goes_on(OPEN, tags_edited("2026-11-23T12:00", all_tags=["hurt", "nowy"])).plan)
    assert (upsert.add_tags, upsert.remove_tags) == (("idosell_nowy",), ("idosell_vip",))


def test_r25_renaming_a_tag_removes_the_old_and_adds_the_new_in_one_operation() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=["brak_aktywności"]))
    renamed = known.goes_on(OPEN, tags_edited("2026-11-23T12:00", removed=["brak_aktywności"], added=["brak_aktywności2"]))
    assert commands_of(renamed.plan) == (
        an_upsert(add_tags=("idosell_brak_aktywności2",), remove_tags=("idosell_brak_aktywności",)),
    )


def test_r26_a_tag_lost_in_salesmanago_is_added_again_with_the_next_update() -> None:
    contact = life(OPEN, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=["Brak aktywności"])).contact
    contact = learn(tags_seen("2026-11-23T12:00", {"REJESTRACJA": 1}), OPEN, contact)
    assert lost_tags(contact, OPEN) == ["idosell_brak_aktywnosci"]
    assert difference(contact, OPEN) == an_upsert(add_tags=("idosell_Brak aktywności",))


def test_r26_a_tag_that_is_still_there_or_went_in_the_panel_too_is_no_loss() -> None:
    tagged = life(OPEN, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=["brak_aktywności"]))
    seen = learn(tags_seen("2026-11-23T12:00", {"IDOSELL_BRAK_AKTYWNOSCI": 1}), OPEN, tagged.contact)
    assert (lost_tags(seen, OPEN), seen.told) == ([], tagged.contact.told)
    gone = tagged.goes_on(OPEN, tags_edited("2026-11-23T12:00", removed=["brak_aktywności"]))
    assert lost_tags(learn(tags_seen("2026-11-23T13:00"), OPEN, gone.contact), OPEN) == []


@pytest.mark.parametrize("setting", [TagConflicts.ACCEPT, TagConflicts.REPORT])
def test_r26_where_the_shop_says_so_the_loss_stands_but_is_shown(setting: TagConflicts) -> None:
    shop = a_shop(tag_conflicts=setting)
    contact = life(shop, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=["vip"])).contact
    contact = learn(tags_seen("2026-11-23T12:00"), shop, contact)
    assert lost_tags(contact, shop) == ["idosell_vip"]
    assert difference(contact, shop) is None


def test_r26_a_tag_that_gets_lost_again_and_again_is_added_three_times_a_day_and_then_only_shown() -> None:
    story = life(OPEN, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=["vip"]))
    story = story.goes_on(OPEN, *(tags_seen(f"2026-11-23T12:{number:02}") for number in range(10)))
    assert [one.add_tags for one in story.commands if isinstance(one, UpsertContact)] == [("idosell_vip",)] * READD_LIMIT
    assert lost_tags(story.contact, OPEN) == ["idosell_vip"]


def test_r27_text_goes_out_as_written_and_is_compared_folded() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"))
    first = known.goes_on(OPEN, tags_edited("2026-11-23T11:00", added=["  Brak   Aktywności, stała "]))
    assert the_upsert(first.plan).add_tags == ("idosell_Brak Aktywności_stała",)
    again = first.goes_on(OPEN, tags_edited("2026-11-23T12:00", added=["brak_aktywnosci_stala"]))
    assert again.plan == Supersede(Reason.NOTHING_NEW)


def test_r27_two_panel_tags_of_one_canonical_form_are_a_collision() -> None:
    assert tags.collisions(["Żółty", "zolty", "czerwony"]) == (("Żółty", "zolty"),)
    both = life(OPEN, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=["Żółty", "zolty"]))
    one_left = both.goes_on(OPEN, tags_edited("2026-11-23T12:00", removed=["zolty"]))
    assert one_left.plan == Supersede(Reason.NOTHING_NEW), "the tag stays as long as either is there"


@pytest.mark.parametrize(
    "sections",
    [
        ("Взуття", "Куртки", "Bluzy дитячі", "Bluzy жіночі"),
        ("Παπούτσια", "Τσάντες"),
        ("นาฬิกา", "رجالي", "靴", "जूते"),
        ("x" * 70, "x" * 69 + "y"),
        ("ż" * 255, "ż" * 254 + "x"),
    ],
)
def test_r27_different_words_of_any_alphabet_and_length_travel_as_different_tags(sections: tuple[str, ...]) -> None:
    added = the_upsert(life(OPEN, an_order(categories=sections)).plan).add_tags
    assert len({tags.canonical(tag) for tag in added}) == len(sections)
    assert all(len(tag) <= tags.MAX_TAG_CHARS for tag in added)
    staff = life(OPEN, registered("2026-11-23T10:00")).goes_on(OPEN, tags_edited("2026-11-23T11:00", added=sections))
    assert len(the_upsert(staff.plan).add_tags) == len(sections)


@pytest.mark.parametrize(
    ("added", "removed"), [("VIP", "vip"), ("cze\u015b\u0107", "czes\u0301c\u0301"), ("ЙОГА", "и\u0306ога"), ("a  b", "A b")]
)
def test_r27_a_tag_is_removed_by_any_spelling_of_its_word(added: str, removed: str) -> None:
    tagged = life(OPEN, registered("2026-11-23T10:00"), tags_edited("2026-11-23T11:00", added=[added]))
    for edit in ({"removed": [removed]}, {"all_tags": []}):
        gone = tagged.goes_on(OPEN, tags_edited("2026-11-23T12:00", **edit))
        assert {tags.canonical(tag) for tag in the_upsert(gone.plan).remove_tags} == {tags.canonical(f"idosell_{added}")}
    assert tagged.goes_on(OPEN, tags_edited("2026-11-23T12:00", all_tags=[removed])).plan == Supersede(Reason.NOTHING_NEW)


def test_r28_only_differences_are_sent_and_a_repetition_sends_none() -> None:
    events = [registered(wholesaler=True), subscribed(), tags_edited(added=["vip"]), an_order(categories=["Obuwie"])]
    story = life(OPEN, *events)
    assert story.goes_on(OPEN, *events).commands == ()


def test_r28_tags_never_raise_a_score() -> None:
    single = payloads.single_upsert(an_upsert(add_tags=("vip",)))
    (batched,) = payloads.batch_upsert([an_upsert(add_tags=("vip",))])["upsertDetails"]
    assert single["tagScoring"] is False
    assert batched["tagScoring"] is False


def test_r28_after_an_unknown_outcome_only_what_is_missing_is_sent() -> None:
    bundle = Bundle(an_upsert(new_email="jan@new.example.com", add_tags=("vip", "Hurt"), remove_tags=("stary", "dawny")))
    arrived = SeenContact("jan@new.example.com", tags={"VIP": 1, "STARY": 1})
    left = still_missing(bundle, {"jan@new.example.com": arrived}).upsert
    assert left == an_upsert("jan@new.example.com", add_tags=("Hurt",), remove_tags=("stary",))


def test_r29_a_panel_tag_that_came_from_salesmanago_never_goes_back() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"))
    mirrored = known.goes_on(OPEN, tags_edited(added=["salesmanago_shop1_koszyk", "SALESmanago_obuwie"]))
    assert mirrored.plan == Withhold(Reason.TAGS_MAY_NOT_TRAVEL)
    assert the_upsert(known.goes_on(OPEN, tags_edited(added=["shop1_koszyk"])).plan).add_tags == ("idosell_shop1_koszyk",)


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        ({"added": ["***"]}, Reason.TAGS_MAY_NOT_TRAVEL),
        ({"removed": ["salesmanago_obuwie"]}, Reason.TAGS_MAY_NOT_TRAVEL),
        ({"added": ["vip", "salesmanago_obuwie"]}, Reason.TAGS_MAY_NOT_TRAVEL),
        ({"all_tags": ["salesmanago_obuwie"], "removed": []}, Reason.TAGS_MAY_NOT_TRAVEL),
        ({"all_tags": ["vip", "salesmanago_obuwie"]}, Reason.NOTHING_NEW),
        ({"added": ["vip"]}, Reason.NOTHING_NEW),
    ],
)
def test_r29_nothing_new_is_never_said_of_tags_that_may_not_travel(edit: dict[str, list[str]], reason: Reason) -> None:
    known = life(OPEN, registered("2026-11-23T10:00"))
    if "vip" in str(edit):
        known = known.goes_on(OPEN, tags_edited("2026-11-23T11:00", added=["vip"]))
    assert reason_of(known.goes_on(OPEN, tags_edited("2026-11-23T12:00", **edit)).plan) is reason


def test_r29_a_tag_that_came_from_the_panel_never_goes_back_and_no_prefix_doubles() -> None:
    assert tags.to_panel("IDOSELL_VIP", 1) is None
    assert tags.to_panel("KOSZYK", 1) == "salesmanago_shop1_koszyk"
    assert tags.to_upstream("idosell_vip") == "idosell_vip"
    assert tags.source_tag("idosell_allegro", "sklep.iai-shop.com") == "idosell_allegro_sklep.iai-shop.com"


# -- R30-R33: tags and points towards the shop -----------------------------------------------------------------------------


def test_r30_tags_over_there_appear_in_the_panel_with_prefix_and_shop_number_in_lower_case() -> None:
    mirrored = _mirrored(WITH_PANEL, registered("2026-11-23T10:00"), tags_seen("2026-11-23T11:00", {"MENU1": 1, "KOSZYK": 1}))
    assert changes((), mirrored.tags, 1).add == {"salesmanago_shop1_menu1": 1, "salesmanago_shop1_koszyk": 1}
    assert changes((), mirrored.tags, 2).add == {"salesmanago_shop2_menu1": 1, "salesmanago_shop2_koszyk": 1}


def test_r30_what_is_removed_over_there_is_removed_here_and_nothing_else() -> None:
    looks = [tags_seen("2026-11-23T11:00", {"MENU1": 1, "KOSZYK": 1}), tags_seen("2026-11-23T12:00", {"MENU1": 1})]
    mirrored = _mirrored(WITH_PANEL, registered("2026-11-23T10:00"), *looks)
    names = ["salesmanago_shop1_menu1", "salesmanago_shop1_koszyk", "salesmanago_shop2_koszyk", "koszyk", "vip"]
    present = [PanelTag(number, name, 1) for number, name in enumerate(names, start=1)]
    assert changes(present, mirrored.tags, 1) == TagChanges(remove=(2,))


def test_r30_a_shop_without_a_panel_is_not_told_and_its_people_are_not_held_up() -> None:
    assert life(OPEN, registered("2026-11-23T10:00"), tags_seen("2026-11-23T11:00", {"KOSZYK": 1})).plan == Supersede(
        Reason.NOTHING_NEW
    )


def test_r31_the_sections_of_an_order_are_in_the_panel_at_once_under_the_short_name_in_lower_case() -> None:
    mirrored = _mirrored(WITH_PANEL, an_order(categories=["Obuwie"]))
    assert changes((), mirrored.tags, 1).add == {"salesmanago_obuwie": 1}


def test_r31_a_pulled_tag_that_stands_under_the_short_name_gets_its_points_there_and_no_second_tag() -> None:
    order = an_order("2026-11-23T10:00", categories=["Obuwie"])
    mirrored = _mirrored(WITH_PANEL, order, tags_seen("2026-11-23T11:00", {"OBUWIE": 5}))
    assert changes([PanelTag(31, "salesmanago_obuwie", 1)], mirrored.tags, 1) == TagChanges(set={31: 5})


def test_r31_a_section_earned_where_the_long_name_stands_leaves_one_tag_under_the_short_name() -> None:
    first = life(WITH_PANEL, registered("2026-11-23T10:00"), tags_seen("2026-11-23T11:00", {"OBUWIE": 5}))
    mirrored = _mirrored(WITH_PANEL, an_order("2026-11-23T12:00", categories=["Obuwie"]), story=first)
    change = changes([PanelTag(31, "salesmanago_shop1_obuwie", 5)], mirrored.tags, 1)
    assert change == TagChanges(add={"salesmanago_obuwie": 5}, remove=(31,))


@pytest.mark.parametrize(("points", "in_panel"), [(1, 1), (12, 12), (0, 1), (-4, 1), (2_000_000, 1_000_000)])
def test_r32_points_in_the_panel_follow_salesmanago_as_far_as_the_panel_can_hold_them(points: int, in_panel: int) -> None:
    mirrored = _mirrored(WITH_PANEL, registered("2026-11-23T10:00"), tags_seen("2026-11-23T11:00", {"KOSZYK": points}))
    assert changes([PanelTag(31, "salesmanago_shop1_koszyk", 7)], mirrored.tags, 1) == TagChanges(set={31: in_panel})
    assert changes([PanelTag(31, "salesmanago_shop1_koszyk", in_panel)], mirrored.tags, 1).is_empty


def test_r33_no_command_has_a_field_for_points() -> None:
    named = {field.name for command in (UpsertContact, AddEvent, DeleteContact, Line) for field in fields(command)}
    assert not [name for name in named if "score" in name or "point" in name.replace("pickup_point", "")]


# -- R40, R41: carts -----------------------------------------------------------------------------------------------------

FILLED = cart_changed("2026-11-23T10:00")
SHOPPER = life(OPEN, registered("2026-11-23T09:00"), FILLED).contact


def test_r40_a_cart_is_due_after_sixty_quiet_minutes_and_not_a_second_earlier() -> None:
    due = cart_of(FILLED).due_at
    assert due > at("2026-11-23T10:59:59")
    assert due == at("2026-11-23T11:00:00")
    assert the_event(ripen(cart_of(FILLED), OPEN, SHOPPER, due)).kind is EventKind.CART


def test_r40_the_report_carries_goods_value_recovery_link_and_the_time_of_the_change() -> None:
    report = the_event(ripen(cart_of(FILLED), OPEN, SHOPPER, at("2026-11-23T11:00")))
    assert report.at == at("2026-11-23T10:00")
    sent = payloads.event(report)
    assert (sent["products"], sent["detail3"], sent["value"]) == ("101", "1", 99.5)
    assert sent["description"] == "https://sklep.example.com/basket/77"


def test_r40_every_real_change_starts_the_hour_anew() -> None:
    changed = cart_changed("2026-11-23T10:30", items=(an_item("101"), an_item("102")))
    state = newer_state(cart_of(FILLED), changed)
    assert not isinstance(state, Reason)
    assert state.due_at == at("2026-11-23T11:30")


@pytest.mark.parametrize("now", ["2026-11-23T11:59:59", "2026-11-23T12:00:00", "2026-11-23T12:09:59"])
def test_r40_up_to_the_end_of_the_window_and_its_grace_a_cart_is_reported(now: str) -> None:
    assert isinstance(ripen(cart_of(FILLED), OPEN, SHOPPER, at(now)), Send)


def test_r41_after_the_window_and_its_grace_a_cart_is_dropped_as_stale() -> None:
    assert ripen(cart_of(FILLED), OPEN, SHOPPER, at("2026-11-23T12:10:00")) == Supersede(Reason.CART_STALE)


def test_r41_a_purchase_one_second_before_the_report_closes_the_cart() -> None:
    bought = life(OPEN, registered("2026-11-23T09:00"), FILLED, an_order("2026-11-23T10:59:59"))
    assert ripen(cart_of(FILLED), OPEN, bought.contact, at("2026-11-23T11:00")) == Supersede(Reason.CART_BOUGHT)
    before = life(OPEN, registered("2026-11-23T09:00"), an_order("2026-11-23T09:59:59"), FILLED)
    assert isinstance(ripen(cart_of(FILLED), OPEN, before.contact, at("2026-11-23T11:00")), Send)


def test_r41_a_cart_that_arrives_after_a_newer_purchase_is_closed_already() -> None:
    assert life(OPEN, an_order("2026-11-23T10:30"), FILLED).plan == Supersede(Reason.CART_BOUGHT)


def test_r41_the_same_content_again_is_no_change() -> None:
    assert newer_state(cart_of(FILLED), cart_changed("2026-11-23T10:30")) is Reason.CART_UNCHANGED


def test_r41_a_late_older_state_changes_nothing() -> None:
    older = cart_changed("2026-11-23T09:30", items=(an_item("9"),))
    assert newer_state(cart_of(FILLED), older) is Reason.CART_REPLACED


def test_r41_consent_is_judged_again_when_the_cart_is_due() -> None:
    gone = life(OPEN, registered("2026-11-23T09:00"), FILLED, consent_withdrawn("2026-11-23T10:30"))
    assert ripen(cart_of(FILLED), OPEN, gone.contact, at("2026-11-23T11:00")) == Withhold(Reason.CONSENT_WITHDRAWN)
    guest = cart_of(cart_changed("2026-11-23T10:00", email=None))
    assert ripen(guest, CAREFUL, somebody(), at("2026-11-23T11:00")) == Withhold(Reason.NO_CONSENT)


# -- R50-R57: newsletter state, both ways ----------------------------------------------------------------------------------

CALLBACK_SECRETS = {"shop1": ["AbCdEfGh12345678"], "shop2": ["ZyXwVuTs87654321"], "main": ["Account123456789", "OldSecret1234567"]}


def test_r50_subscribing_is_an_opt_in_where_the_policy_allows_it() -> None:
    assert the_upsert(life(OPEN, subscribed()).plan).email_status is Status.OPT_IN
    assert life(CAREFUL, subscribed()).plan == Withhold(Reason.NO_CONSENT)


@pytest.mark.parametrize("has_account", [True, False])
def test_r51_a_confirmed_resignation_is_an_opt_out_also_without_an_account(has_account: bool) -> None:
    assert the_upsert(life(OPEN, unsubscribed(confirmed=True)).plan).email_status is Status.OPT_OUT
    known = life(OPEN, subscribed("2026-11-23T10:00", has_account=has_account))
    assert the_upsert(known.goes_on(OPEN, unsubscribed(confirmed=True)).plan).email_status is Status.OPT_OUT


def test_r52_a_removal_by_staff_is_not_sent_unless_the_shop_says_so() -> None:
    known = life(OPEN, subscribed("2026-11-23T10:00"))
    assert known.goes_on(OPEN, unsubscribed(confirmed=False)).plan == Withhold(Reason.UNCONFIRMED_REMOVAL)
    eager = a_shop(propagate_unconfirmed_removals=True)
    assert the_upsert(known.goes_on(eager, unsubscribed(confirmed=False)).plan).email_status is Status.OPT_OUT


def test_r52_the_reason_tells_the_merchant_to_mark_the_opt_out_in_salesmanago() -> None:
    explained = EXPLANATIONS[Reason.UNCONFIRMED_REMOVAL]
    assert "mark the opt-out on the contact in SALESmanago" in explained.what_to_do
    assert "oznacz opt-out" in explained.what_to_do_pl


@pytest.mark.parametrize("opt_in", [True, False])
async def test_r53_a_call_at_a_shops_address_concerns_that_shop_alone(opt_in: bool) -> None:
    callbacks, taken = _callbacks(knowing={"shop1": True, "shop2": True})
    (own,) = CALLBACK_SECRETS["shop1"]
    email = callbacks.verified_for_shop("shop1", EMAIL, signature(EMAIL, own))
    await callbacks.take_for_shop("shop1", email, opt_in=opt_in)
    assert [(one.shop_id, one.event.email) for one in taken] == [("shop1", EMAIL)]
    for shop, secrets in CALLBACK_SECRETS.items():
        if shop != "shop1":
            with pytest.raises(ForgedCallback):
                callbacks.verified_for_shop("shop1", EMAIL, signature(EMAIL, secrets[0]))


def test_r53_it_changes_the_e_mail_newsletter_and_not_the_sms() -> None:
    both = life(OPEN, subscribed("2026-11-23T10:00", by_sms=True))
    (change,) = both.goes_on(OPEN, status_seen("2026-11-23T11:00", email_out=True, acted=True)).commands
    assert change == SetSubscription(email=EMAIL, email_news=Said(Status.OPT_OUT, at("2026-11-23T11:00")))


REACHED = [
    (FanOut.ALL, {"shop1": True, "shop3": False}, ["shop1", "shop3"]),
    (FanOut.BY_LOCATION, {"shop1": True, "shop3": False}, ["shop1"]),
    (FanOut.BY_LOCATION, {"shop1": False, "shop3": False}, ["shop1", "shop3"]),
    (FanOut.ALL, {}, ["shop1", "shop2", "shop3"]),
]


@pytest.mark.parametrize(("fan_out", "knowing", "shops"), REACHED)
async def test_r54_a_call_at_the_accounts_address_reaches_every_shop_that_knows_the_person_with_a_receipt_each(
    fan_out: FanOut, knowing: dict[str, bool], shops: list[str]
) -> None:
    callbacks, taken = _callbacks(fan_out, knowing)
    email = callbacks.verified_for_account("main", EMAIL, signature(EMAIL, CALLBACK_SECRETS["main"][0]))
    await callbacks.take_for_account("main", email, opt_in=False)
    assert [one.shop_id for one in taken] == shops
    assert all(one.event == OptOutReported(at=at(NOW), email=EMAIL) for one in taken)
    assert list(reached(fan_out, ["shop1", "shop2", "shop3"], knowing)) == shops


def test_r55_a_callback_is_believed_by_its_signature_under_either_reading_and_either_secret() -> None:
    secrets, plus = CALLBACK_SECRETS["main"], "jan+test@example.com"
    for secret in secrets:
        key = signature(plus, secret)
        assert verified("jan+test@example.com", key, secrets) == plus
        assert verified("jan%2Btest%40example.com", key.upper(), secrets) == plus
    assert verified(EMAIL, signature(plus, secrets[0]), secrets) is None
    assert verified(EMAIL, signature(EMAIL, ""), []) is None


def test_r55_an_opt_out_counts_at_once_and_an_opt_in_only_once_salesmanago_shows_it() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"))
    out = known.goes_on(OPEN, status_seen("2026-11-23T11:00", email_out=True, acted=True))
    assert [type(one) for one in out.commands] == [SetSubscription]
    claimed = out.goes_on(OPEN, OptInReported(at=at("2026-11-23T12:00"), email=EMAIL))
    assert claimed.commands == (ConfirmOptIn(email=EMAIL, at=at("2026-11-23T12:00")),)
    assert claimed.contact.email_news.status is Status.OPT_OUT
    confirmed = claimed.goes_on(OPEN, status_seen("2026-11-23T12:00", email_out=False, acted=True))
    assert confirmed.contact.email_news.status is Status.OPT_IN
    assert [type(one) for one in confirmed.commands] == [SetSubscription]


@pytest.mark.parametrize("out", [True, False])
def test_r55_a_callback_is_harmless_when_repeated_and_never_echoed(out: bool) -> None:
    known = life(OPEN, registered("2026-11-23T10:00"), status_seen("2026-11-23T10:30", email_out=not out))
    called = status_seen("2026-11-23T11:00", email_out=out, acted=True)
    once = known.goes_on(OPEN, called)
    assert [type(one) for one in once.commands] == [SetSubscription]
    later = once.goes_on(OPEN, called, called, status_seen("2026-11-23T12:00", email_out=out), registered("2026-11-23T13:00"))
    assert later.commands == ()


async def test_r55_what_a_callback_says_is_stored_and_an_opt_in_stays_a_claim() -> None:
    callbacks, taken = _callbacks()
    await callbacks.take_for_shop("shop1", EMAIL, opt_in=True)
    await callbacks.take_for_shop("shop1", EMAIL, opt_in=False)
    assert [one.event for one in taken] == [
        OptInReported(at=at(NOW), email=EMAIL),
        OptOutReported(at=at(NOW), email=EMAIL),
    ]
    assert len({one.event_id for one in taken}) == 2


def test_r55_an_opt_out_of_the_phone_is_found_by_looking() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"), status_seen("2026-11-23T11:00", phone_out=False))
    (change,) = known.goes_on(OPEN, status_seen("2026-11-23T12:00", phone_out=True)).commands
    assert isinstance(change, SetSubscription)
    assert (change.email_news, change.phone_news) == (None, Said(Status.OPT_OUT, at("2026-11-23T12:00")))


RESIGNED = SetSubscription(email=EMAIL, email_news=Said(Status.OPT_OUT, at("2026-11-23T11:00")))


async def test_r56_a_subscriber_without_account_goes_to_the_shops_own_address_or_waits_for_a_person() -> None:
    shop = a_shop(panel=Panel(kind=PanelKind.IDOSELL, base_url="https://sklep.example.com"))
    noticed: list[SetSubscription] = []
    nobody_there: Any = SimpleNamespace(send=_always(Reply(200, b'{"clientsResults": [], "resultsNumberAll": 0}')))
    notices: Any = SimpleNamespace(set_subscription=_noting(noticed))
    await IdosellPanel(shop, "key", nobody_there, lambda: at(NOW), notices=notices).set_subscription(RESIGNED, 7)
    assert noticed == [RESIGNED]
    by_hand = await IdosellPanel(shop, "key", nobody_there, lambda: at(NOW)).set_subscription(RESIGNED, 7)
    assert by_hand.outcome == ByHand(Reason.NO_ACCOUNT_IN_PANEL)


async def test_r56_what_no_machine_can_write_is_parked_for_a_person_and_never_dropped() -> None:
    answer = await NotConnected(lambda: at(NOW)).set_subscription(RESIGNED, 7)
    assert answer.outcome == ByHand(Reason.NOT_CONNECTED)
    for reason in (Reason.NOT_CONNECTED, Reason.NO_ACCOUNT_IN_PANEL):
        assert verdict(ByHand(reason), 1, at(NOW), at(NOW), 0.5) == Park(reason)
        assert EXPLANATIONS[reason].what_to_do


@pytest.mark.parametrize(("out", "status"), [(True, Status.OPT_OUT), (False, Status.OPT_IN)])
def test_r57_opt_in_means_agreed_and_opt_out_means_resigned_in_both_directions(out: bool, status: Status) -> None:
    act = unsubscribed("2026-11-23T11:00") if out else subscribed("2026-11-23T11:00")
    flags = payloads.upsert(the_upsert(life(OPEN, registered("2026-11-23T10:00"), act).plan))
    assert (flags["forceOptOut"], flags["forceOptIn"]) == (out, not out)
    heard = life(OPEN, registered("2026-11-23T10:00"), status_seen("2026-11-23T11:00", email_out=out, acted=True))
    (change,) = commands_of(heard.plan)
    assert isinstance(change, SetSubscription)
    assert change.email_news == Said(status, at("2026-11-23T11:00"))


# -- R60-R64: the first transfer of the existing base ---------------------------------------------------------------------


def test_r60_by_day_fewer_are_transferred_than_by_night_on_the_shops_own_clock() -> None:
    shop = a_shop()  # 600 an hour from 7 to 22, 6,000 by night, in Warsaw
    noon, midnight = at("2026-11-23T11:00"), at("2026-11-23T23:00")
    assert finish_time(noon, 600, shop.backfill, shop.time_zone) == noon + timedelta(hours=1)
    assert finish_time(midnight, 6000, shop.backfill, shop.time_zone) == midnight + timedelta(hours=1)


@pytest.mark.parametrize(("automatic", "phase"), [(True, Phase.CANARY), (False, Phase.COUNTING)])
def test_r60_an_activation_begins_with_the_canary_or_with_a_dry_run_that_waits_for_a_person(automatic: bool, phase: Phase) -> None:
    shop = a_shop(backfill=BackfillSettings(automatic=automatic))
    assert begun(shop, BackfillMode.RUN, "token", at("2026-11-23T12:00"), by_a_person=False).phase is phase


def test_r60_an_account_is_sent_with_its_tag_and_sets_off_nothing_over_there() -> None:
    (told_now,) = commands_of(life(OPEN, account_listed()).plan)
    assert (told_now.add_tags, told_now.quiet) == (("rejestracja",), True)
    assert payloads.batch_upsert([told_now])["fireEvents"] is False
    assert payloads.batch_upsert([told_now])["useApiDoubleOptIn"] is False


def test_r61_a_subscriber_on_a_list_is_opted_in_with_the_date_of_the_list_and_never_over_a_later_opt_out() -> None:
    listed = SubscriberListed(at=at("2026-11-23T12:00"), email=EMAIL, email_since=at("2025-03-18T17:49"))
    story = life(OPEN, listed)
    assert the_upsert(story.plan).email_status is Status.OPT_IN
    assert the_upsert(story.plan).add_tags == ("newsletter",)
    assert story.contact.email_news.opted_in == at("2025-03-18T17:49")
    resigned = life(OPEN, subscribed("2024-01-01T08:00"), unsubscribed("2025-06-01T08:00"), listed)
    assert Status.OPT_IN not in [one.email_status for one in commands_of(resigned.plan) if isinstance(one, UpsertContact)]


def test_r62_an_account_brings_no_purchases_of_the_past() -> None:
    assert not any(isinstance(command, AddEvent) for command in commands_of(life(OPEN, account_listed()).plan))


def test_r63_the_report_adds_up_and_nobody_says_complete_otherwise() -> None:
    ends = [("queued", ("sent", ""), None, 7), ("queued", ("withheld", "erased"), None, 2), ("no_account", None, None, 4)]
    whole = tallied([*ends, ("queued", ("parked", "refused"), None, 1)])
    assert (whole.found, whole.sent, dict(whole.withheld), whole.failed) == (14, 7, {"erased": 2, "no_account": 4}, 1)
    over = replace(begun(OPEN, BackfillMode.RUN, "token", at("2026-11-23T12:00"), by_a_person=True), phase=Phase.FINISHED)
    assert state_of(over, whole) == "complete_with_failures"
    assert state_of(over, tallied(ends)) == "complete"
    assert state_of(over, tallied([*ends, ("queued", ("planned", ""), None, 1)])) == "incomplete"


def test_r63_a_refused_canary_stops_the_transfer_until_a_person_looked() -> None:
    watching = replace(begun(OPEN, BackfillMode.RUN, "token", at("2026-11-23T12:00"), by_a_person=True), phase=Phase.WATCHING)
    refused = tallied([("queued", ("parked", "refused"), None, 1)])
    assert after_look(watching, refused, at("2026-11-23T12:01")).paused is Pause.CANARY_REFUSED


def test_r64_under_order_consent_an_account_of_the_list_stays_in_the_shop() -> None:
    """Asking for such a transfer is refused with the reason: tests/routers/test_backfills.py."""
    assert life(CAREFUL, account_listed()).plan == Withhold(Reason.NO_CONSENT)


# -- R70: many shops ------------------------------------------------------------------------------------------------------


def test_r70_several_shops_may_share_an_account() -> None:
    file = _shops_file("sklep_a", "sklep_b")
    assert [shop.account for shop in file.shops.values()] == ["main", "main"]


def test_r70_whoever_lets_shops_share_an_account_is_warned_unless_its_own_callback_addresses_are_used() -> None:
    def warning(shops: int, secrets: list[str]) -> str | None:
        shared = [a_shop(id=f"shop{number}", number=number) for number in range(1, shops + 1)]
        directory: Any = SimpleNamespace(shops_of=lambda _: shared, account_callback_secrets=lambda _: secrets)
        return shared_account_warning(directory, "main")

    assert "shop1, shop2" in (warning(2, []) or "")
    assert warning(2, ["Account123456789"]) is None
    assert warning(1, []) is None


# -- replay and erasure ------------------------------------------------------------------------------------------------------


def test_erasure_deletes_the_contact_under_the_address_salesmanago_knows() -> None:
    """Renamed after the withdrawal, so SALESmanago never heard of the new address."""
    story = life(
        OPEN,
        registered("2026-11-23T08:00"),
        consent_withdrawn("2026-11-23T09:00"),
        account_changed("2026-11-23T10:00", customer=a_customer("jan@new.example.com")),
        erasure_requested("2026-11-23T11:00", email="jan@new.example.com"),
    )
    assert EMAIL in {command.email for command in commands_of(story.plan)}


def test_a_repeated_erasure_does_not_delete_the_persons_new_life() -> None:
    erasure = erasure_requested("2026-11-23T09:00")
    story = life(OPEN, registered("2026-11-23T08:00"), erasure, registered("2026-11-23T10:00"))
    assert commands_of(story.goes_on(OPEN, erasure).plan) == ()


def test_after_an_erasure_only_a_newer_act_of_the_person_starts_afresh() -> None:
    erased = life(OPEN, registered("2026-11-23T08:00"), erasure_requested("2026-11-23T09:00"))
    assert reason_of(erased.goes_on(OPEN, registered("2026-11-23T08:30")).plan) is Reason.ERASED
    assert reason_of(erased.goes_on(OPEN, account_changed("2026-11-23T10:00")).plan) is Reason.ERASED
    assert the_upsert(erased.goes_on(OPEN, registered("2026-11-23T10:00")).plan).email == EMAIL


def test_a_bundle_says_the_same_as_its_commands_one_by_one() -> None:
    commands = [an_upsert(add_tags=("a",)), an_event(), an_upsert(new_email="n@example.com", remove_tags=("A",))]
    assert coalesce(commands) == Bundle(
        an_upsert(new_email="n@example.com", remove_tags=("A",)), (an_event(email="n@example.com"),)
    )
    known = life(OPEN, registered("2026-11-23T10:00")).contact
    assert told(known, commands).told.email == "n@example.com"


# -- small stand-ins -----------------------------------------------------------------------------------------------------


NOW = "2026-11-23T12:00"


def _mirrored(shop: Any, *events: Any, story: Any = None) -> MirrorTags:
    """The last word to the panel about a person's tags."""
    lived = life(shop, *events) if story is None else story.goes_on(shop, *events)
    return [one for one in lived.commands if isinstance(one, MirrorTags)][-1]


def _always(value: Any) -> Any:
    async def answer(*_: object) -> Any:
        return value

    return answer


def _noting(noted: list[Any]) -> Any:
    async def answer(command: Any, _: int) -> Any:
        noted.append(command)

    return answer


def _callbacks(fan_out: FanOut = FanOut.ALL, knowing: dict[str, bool] | None = None) -> tuple[Callbacks, list[NewEvent]]:
    """The real use case of three shops on one account; what it hands to the inbox is in the list."""
    account = Account(id="main", endpoint="https://app3.salesmanago.com", client_id="c", owner=EMAIL, fan_out=fan_out)
    shops = {name: a_shop(id=name, number=number) for number, name in enumerate(("shop1", "shop2", "shop3"), start=1)}
    taken: list[NewEvent] = []

    async def accept(events: list[NewEvent]) -> None:
        taken.extend(events)

    @asynccontextmanager
    async def unit() -> AsyncIterator[Any]:
        yield SimpleNamespace(contacts=SimpleNamespace(shops_knowing=_always(knowing or {})))

    store: Any = SimpleNamespace(work=unit)
    intake: Any = SimpleNamespace(accept=accept)
    directory: Any = SimpleNamespace(
        account={"main": account}.get,
        shop=shops.get,
        shops_of=lambda _: list(shops.values()),
        shop_callback_secrets=lambda name: CALLBACK_SECRETS.get(name, []),
        account_callback_secrets=lambda name: CALLBACK_SECRETS.get(name, []),
    )
    return Callbacks(store, directory, intake, lambda: at(NOW)), taken


def account_listed() -> AccountListed:
    return AccountListed(at=at("2026-11-23T12:00"), customer=a_customer())


def _last_email_status(commands: Any) -> Status | None:
    said = [command.email_status for command in commands if isinstance(command, UpsertContact) and command.email_status]
    return said[-1] if said else None


def _shops_file(*locations: str) -> ShopsFile:
    names = ("one", "two")
    return ShopsFile.model_validate(
        {
            "accounts": {
                "main": {
                    "endpoint": "https://app3.salesmanago.com",
                    "client_id": "wxyz12345abcde67",
                    "api_secret": "env:PATH",  # any variable that is certainly set
                    "owner": "owner@example.com",
                }
            },
            "shops": {
                name: {
                    "account": "main",
                    "host": f"{name}.example.com",
                    "location": location,
                    "number": number,
                    "policy": "order_consent",
                    "integration_started_at": at("2026-11-23T00:00"),
                }
                for number, (name, location) in enumerate(zip(names, locations, strict=False), start=1)
            },
        }
    )


def _health(waiting: timedelta | None, boxes: BoxCounts | None = None) -> Health:
    """The real use case over a store of a few lines: one careful shop whose oldest event waits that long."""
    now = at("2026-11-23T12:00")

    work = SimpleNamespace(
        inbox=SimpleNamespace(
            oldest_waiting=_always({} if waiting is None else {"shop1": now - waiting}), counts_after=_always(({}, None))
        ),
        sales=SimpleNamespace(boxes=_always({} if boxes is None else {"shop1": boxes})),
        contacts=SimpleNamespace(conflicts=_always({})),
        outbox=SimpleNamespace(oldest_queued=_always({})),
        by_hand=SimpleNamespace(counts=_always({})),
    )

    @asynccontextmanager
    async def unit() -> AsyncIterator[Any]:
        yield work

    store: Any = SimpleNamespace(work=unit)
    directory: Any = SimpleNamespace(shops=lambda: [CAREFUL])
    return Health(store, directory, lambda: now, _always(True), alarm_after_seconds=600)
