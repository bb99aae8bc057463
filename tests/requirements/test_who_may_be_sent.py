"""R01 to R05 and R07: who may be sent, and since when."""

from typing import Any

import pytest

from app.domain.commands import (
    AddEvent,
    EventKind,
    UpsertContact,
)
from app.domain.consent import ConsentAnswerCounts, Policy, Status, box_seems_hidden
from app.domain.decisions.carts import cart_of, decide_cart
from app.domain.decisions.plan import Defer, Supersede, Withhold
from app.domain.reasons import Reason
from tests.support.builders import (
    EMAIL,
    a_customer,
    account_changed,
    an_order,
    cart_changed,
    commands_of,
    consent_granted,
    consent_withdrawn,
    life,
    registered,
    subscribed,
    tags_edited,
    the_event,
    the_upsert,
    unsubscribed,
    viewed,
)
from tests.support.rows import CAREFUL, CONSENTED, OPEN, TICKED, health_of


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
    assert known.goes_on(CAREFUL, cart_changed()).plan == Defer(Reason.CART_WAITS)
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
    without_call = an_order(order_id="second", consent=None)
    assert the_event(life(CAREFUL, CONSENTED).goes_on(CAREFUL, without_call).plan).external_id == "second"
    assert life(CAREFUL, without_call).plan == Withhold(Reason.NO_CONSENT)


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
    assert box_seems_hidden(Policy.ORDER_CONSENT, ConsentAnswerCounts(not_asked=20))
    assert not box_seems_hidden(Policy.ORDER_CONSENT, ConsentAnswerCounts(not_asked=20, not_given=1))
    assert not box_seems_hidden(Policy.ALL_CUSTOMERS, ConsentAnswerCounts(not_asked=20))


async def test_r05_readiness_warns_of_the_hidden_box() -> None:
    report = await health_of(waiting=None, boxes=ConsentAnswerCounts(not_asked=20)).report()
    assert report.ready, "a hidden box is no reason to refuse events"
    assert report.shops[0].consent_box_seems_hidden
    assert "consent box" in report.problems[0].en
    quiet = await health_of(waiting=None, boxes=ConsentAnswerCounts(not_asked=20, given=1)).report()
    assert quiet.problems == ()


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
    assert decide_cart(cart, CAREFUL, contact, cart.due_at) == Withhold(Reason.BEFORE_CONSENT)
