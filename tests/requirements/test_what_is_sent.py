"""R10 to R19: what is sent of a contact and of an order."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from app.clients.salesmanago import payloads
from app.domain.commands import (
    EventKind,
    UpsertContact,
)
from app.domain.decisions.carts import cart_of, decide_cart
from app.domain.decisions.changes.salesmanago_changes import difference
from app.domain.decisions.changes.sent_state import mark_sent, mark_unsent
from app.domain.decisions.plan import Defer, Supersede, Withhold
from app.domain.delivery.coalesce import CoalescedCommands, coalesce
from app.domain.event_parts import Address
from app.domain.reasons import Reason
from app.formats.contact_values import e164
from app.routers.events.schemas import RegistrationIn
from tests.support.builders import (
    EMAIL,
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
    life,
    registered,
    returned,
    somebody,
    subscribed,
    the_event,
    the_upsert,
    unsubscribed,
    viewed,
)
from tests.support.rows import CAREFUL, CONSENTED, OPEN, health_of, shops_file

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


def test_r11_a_rename_revoked_before_it_left_is_still_to_be_sent_and_makes_no_twin() -> None:
    known = life(OPEN, registered("2026-11-23T10:00"))
    moved = known.goes_on(OPEN, account_changed("2026-11-23T11:00", customer=a_customer("jan@new.example.com")))
    upsert = difference(mark_unsent(moved.contact, moved.commands), OPEN)
    assert upsert is not None
    assert (upsert.email, upsert.new_email) == (EMAIL, "jan@new.example.com")


def test_r11_a_first_transfer_taken_back_before_it_left_is_a_first_transfer_again() -> None:
    seen = life(OPEN, viewed())
    assert difference(mark_unsent(seen.contact, seen.commands), OPEN) == UpsertContact(email=EMAIL)


@pytest.mark.parametrize(("minutes", "late"), [(9.99, False), (10, True), (45, True)])
async def test_r11_the_oldest_waiting_event_is_measured_shown_and_alarmed_at_ten_minutes(minutes: float, late: bool) -> None:
    report = await health_of(waiting=timedelta(minutes=minutes)).report()
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
    assert the_event(decide_cart(cart, OPEN, waiting.contact, cart.due_at)).kind is EventKind.CART


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
def test_r16_what_happened_on_a_further_domain_of_the_shop_is_sent_with_that_domain(page: str | None, host: str) -> None:
    shop = a_shop(host="sklep.iai-shop.com", location="sklep_iai", hosts=("www.sklep.example.org",))
    seen = payloads.event(the_event(life(shop, replace(viewed(), url=page)).plan))
    assert (seen["shopDomain"], seen["location"]) == (host, "sklep_iai")
    cart = cart_of(cart_changed(recovery_url=page))
    left = payloads.event(the_event(decide_cart(cart, shop, somebody(), cart.due_at)))
    assert (left["shopDomain"], left["location"]) == (host, "sklep_iai")


@pytest.mark.parametrize("location", ["sklep_1", "abc", "a" * 36])
def test_r16_a_location_is_a_short_stable_form(location: str) -> None:
    assert shops_file(location).shops["one"].location == location


@pytest.mark.parametrize("location", ["ab", "a" * 37, "1sklep", "Sklep", "sklep.pl", "sklep pl", "żółty"])
def test_r16_other_locations_are_refused(location: str) -> None:
    with pytest.raises(ValidationError, match="3 to 36 characters"):
        shops_file(location)


def test_r16_two_shops_of_one_location_are_refused_and_two_locations_are_not() -> None:
    assert set(shops_file("sklep_a", "sklep_b").shops) == {"one", "two"}
    with pytest.raises(ValidationError, match="is taken by shop one"):
        shops_file("sklep_a", "sklep_a")


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
    assert story.plans[0] == Defer(Reason.WAITS_FOR_ORDER)
    assert [the_event(plan).kind for plan in story.plans[1:]] == [EventKind.PURCHASE, EventKind.CANCELLATION]


@pytest.mark.parametrize("undone", [cancelled("2026-11-23T13:00"), returned("2026-11-23T13:00")], ids=["cancellation", "return"])
def test_r17_the_same_cancellation_or_return_twice_is_sent_once(undone: Any) -> None:
    once = life(OPEN, an_order(), undone)
    assert len(commands_of(once.plan)) == 1
    assert commands_of(once.goes_on(OPEN, undone).plan) == ()


# -- replay and erasure --------------------------------------------------------------------------------------------------


def test_a_bundle_says_the_same_as_its_commands_one_by_one() -> None:
    commands = [an_upsert(add_tags=("a",)), an_event(), an_upsert(new_email="n@example.com", remove_tags=("A",))]
    assert coalesce(commands) == CoalescedCommands(
        an_upsert(new_email="n@example.com", remove_tags=("A",)), (an_event(email="n@example.com"),)
    )
    known = life(OPEN, registered("2026-11-23T10:00")).contact
    assert mark_sent(known, commands).sent_state.email == "n@example.com"
