"""WooCommerce, the second platform: what its webhooks tell, and who may send them (R86)."""

import base64
import hashlib
import hmac
import json
from decimal import Decimal
from typing import Any

import pytest

from app.domain.consent import ConsentAnswer
from app.domain.events import AccountChanged, CustomerRegistered, OrderCancelled, OrderPlaced, OrderReturned
from app.domain.intake.pushes import SourceName, StoredPush
from app.sources.findings import WORDS, Left, NotUnderstood, Remembered, SourceEvent, Translation, Unusable, sifted
from app.sources.in_polish import in_polish
from app.sources.woocommerce.signature import is_genuine
from app.sources.woocommerce.source import WooCommerceSource
from app.sources.woocommerce.translator import account, deleted_account, order
from tests.sources.woocommerce.shop import CUSTOMER, ORDER, SHOP, changed
from tests.support.builders import at

NOW = at("2026-04-01T12:00")


def tells(row: dict[str, Any], *before: dict[str, Any], of: Any = order) -> list[SourceEvent]:
    memory: dict[tuple[str, str], Remembered] = {}
    for one in before:
        memory |= sifted(of(one, SHOP, NOW).findings, memory)[1]
    return [told for _, told in sifted(of(row, SHOP, NOW).findings, memory)[0]]


def test_r86_an_order_is_sent_with_its_goods_its_value_and_its_boxes() -> None:
    (found,) = tells(ORDER)
    event = found.event
    assert isinstance(event, OrderPlaced)
    assert (event.order_id, event.value, event.currency, event.box) == ("727", Decimal("229.35"), "PLN", ConsentAnswer.GIVEN)
    assert (event.at, event.as_of) == (at("2026-03-22T19:28:02"), at("2026-03-22T19:28:08"))
    assert (event.customer.email, event.customer.id, event.customer.phone) == ("jan@example.com", "26", "+48600100200")
    assert event.customer.newsletter_email.ticked
    assert event.customer.address.street == "Polna 1 m. 2"
    assert [(one.product_id, one.quantity, one.unit_price, one.menu_paths) for one in event.items] == [
        ("93", 2, Decimal("110.00"), (("Obuwie",),))
    ]


@pytest.mark.parametrize(
    ("meta", "expected"),
    [
        ([], ConsentAnswer.NOT_ASKED),
        ([{"key": "_marketing_consent", "value": "no"}], ConsentAnswer.NOT_GIVEN),
        ([{"key": "other", "value": "1"}], ConsentAnswer.NOT_ASKED),
    ],
)
def test_r86_the_consent_box_is_read_from_the_field_the_shop_names(meta: list[Any], expected: ConsentAnswer) -> None:
    (found,) = tells(changed(ORDER, meta_data=meta))
    assert isinstance(found.event, OrderPlaced)
    assert found.event.box is expected


@pytest.mark.parametrize("status", ["pending", "failed", "checkout-draft"])
def test_r86_what_is_no_order_yet_tells_nothing(status: str) -> None:
    assert tells(changed(ORDER, status=status)) == []
    assert tells(changed(ORDER, status="cancelled"), changed(ORDER, status=status)) == []


def test_r86_a_repetition_tells_nothing_a_change_and_a_cancellation_do() -> None:
    assert tells(ORDER, ORDER) == []
    more = changed(ORDER, total="300.00", date_modified_gmt="2026-03-23T08:00:00")
    assert [type(one.event) for one in tells(more, ORDER)] == [OrderPlaced]
    gone = changed(ORDER, status="cancelled", date_modified_gmt="2026-03-23T09:00:00")
    assert [type(one.event) for one in tells(gone, ORDER)] == [OrderCancelled]


def test_r19_an_order_that_arrives_after_its_cancellation_is_reported_and_then_cancelled_once() -> None:
    gone = changed(ORDER, status="cancelled", date_modified_gmt="2026-03-23T09:00:00")
    late = tells(ORDER, gone)
    assert [type(one.event) for one in late] == [OrderPlaced, OrderCancelled]
    assert late[1].event.at == at("2026-03-23T09:00")
    assert late[1] == tells(gone, ORDER)[0]
    assert tells(changed(ORDER, status="pending"), gone) == []


def test_r10_what_is_empty_in_an_account_is_cleared_and_what_is_not_shown_is_not() -> None:
    nothing = dict.fromkeys(("company", "phone", "address_1", "address_2", "postcode", "city"), "")
    emptied = changed(CUSTOMER, billing={**CUSTOMER["billing"], **nothing}, date_modified_gmt="2026-03-22T08:00:00")
    (told,) = tells(emptied, CUSTOMER, of=account)
    assert isinstance(told.event, AccountChanged)
    known = told.event.customer
    assert (known.company, known.phone, known.address.street, known.address.city) == ("", "", "", "")
    assert known.first_name
    (told,) = tells(changed(CUSTOMER, billing=[], date_modified_gmt="2026-03-22T08:00:00"), CUSTOMER, of=account)
    assert isinstance(told.event, AccountChanged)
    assert (told.event.customer.company, told.event.customer.phone, told.event.customer.address.city) == (None, None, None)


def test_r86_each_refund_is_a_return_under_its_own_number() -> None:
    refunded = changed(ORDER, status="refunded", refunds=[{"id": 9, "total": "-110.00"}], date_modified_gmt="2026-03-25T08:00:00")
    (found,) = tells(refunded, ORDER)
    assert isinstance(found.event, OrderReturned)
    assert (found.event.return_id, found.event.value) == ("9", Decimal("110.00"))
    assert tells(refunded, ORDER, refunded) == []


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (changed(ORDER, billing=[]), Unusable.NO_ADDRESS),
        (changed(ORDER, date_created_gmt=None), Unusable.NO_DATE),
        (changed(ORDER, total=""), Unusable.NO_VALUE),
        (changed(ORDER, line_items=[]), Unusable.NO_GOODS),
        ({"id": 727}, Unusable.NO_ADDRESS),
    ],
)
def test_r86_an_order_that_makes_no_event_says_why(row: dict[str, Any], reason: Unusable) -> None:
    assert [one.reason for one in order(row, SHOP, NOW).left] == [reason]


def test_r86_a_customer_is_registered_and_then_changes() -> None:
    (first,) = tells(CUSTOMER, of=account)
    assert isinstance(first.event, CustomerRegistered)
    moved = changed(CUSTOMER, email="nowy@example.com", date_modified_gmt="2026-03-22T08:00:00")
    (second,) = tells(moved, CUSTOMER, of=account)
    assert isinstance(second.event, AccountChanged)
    assert (second.event.customer.id, second.event.customer.email) == ("26", "nowy@example.com")
    old = changed(CUSTOMER, date_created_gmt="2020-01-01T00:00:00")
    assert [type(one.event) for one in tells(old, of=account)] == [AccountChanged]


@pytest.mark.parametrize(
    "never", ["0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-05:00", "1970-01-01T00:00:00", "2026-04-02T12:00:01"]
)
def test_r08_a_date_that_is_no_time_counts_as_the_moment_the_push_came(never: str) -> None:
    (placed,) = tells(changed(ORDER, date_created_gmt=never, date_modified_gmt=never))
    assert placed.event.at == NOW
    (changed_,) = tells(changed(CUSTOMER, date_created_gmt="2020-01-01T00:00:00", date_modified_gmt=never), of=account)
    assert changed_.event.at == NOW


# -- at the door ---------------------------------------------------------------------------------------------------------

BODY, SECRET = json.dumps(ORDER).encode(), "webhook-secret-of-the-shop"
SIGNATURE = base64.b64encode(hmac.new(SECRET.encode(), BODY, hashlib.sha256).digest()).decode()


def test_r86_the_signature_is_base64_over_the_raw_body() -> None:
    assert is_genuine({"x-wc-webhook-signature": SIGNATURE}, BODY, [SECRET])
    assert is_genuine({"x-wc-webhook-signature": SIGNATURE}, BODY, ["new-secret-of-the-shop", SECRET])
    for headers, body, secrets in (
        ({"x-wc-webhook-signature": SIGNATURE}, BODY + b" ", [SECRET]),
        ({"x-wc-webhook-signature": "AAAA"}, BODY, [SECRET]),
        ({}, BODY, [SECRET]),
        ({"x-wc-webhook-signature": SIGNATURE}, BODY, []),
        ({"x-wc-webhook-signature": "ą"}, BODY, [SECRET]),
    ):
        assert not is_genuine(headers, body, secrets)


def test_r86_the_ping_of_a_new_webhook_is_known() -> None:
    source = WooCommerceSource()
    assert source.is_ping({}, b"webhook_id=12")
    assert not source.is_ping({"x-wc-webhook-topic": "order.created"}, b"webhook_id=12")
    assert not source.is_ping({}, BODY)


@pytest.mark.parametrize(
    ("kind", "body", "expected"),
    [
        ("order.created", BODY, Translation),
        ("customer.updated", json.dumps(CUSTOMER).encode(), Translation),
        ("customer.deleted", b'{"id": 26}', Translation),
        ("customer.deleted", b"{}", NotUnderstood),
        ("product.updated", b"{}", Translation),
        ("order.created", b"[", NotUnderstood),
        ("order.created", b"{}", NotUnderstood),
        ("subscription.created", b"{}", NotUnderstood),
    ],
)
async def test_r86_every_topic_is_read_or_says_what_is_wrong(kind: str, body: bytes, expected: type) -> None:
    name = SourceName("woocommerce", "shop1")
    push = StoredPush(id=1, source=name, kind=kind, content_type="", body=body, received_at=at("2026-03-22T20:00"))
    (read,) = await WooCommerceSource().read([push], [SHOP])
    assert isinstance(read, expected)


@pytest.mark.parametrize(
    ("said", "kept"), [(2, "2"), ("3", "3"), (2.0, "2"), (0.125, "0.125"), ("0.0004", "0.0004"), (1.99999, "2"), ("1.50", "1.5")]
)
def test_r13_goods_that_are_sold_by_weight_or_length_keep_their_quantity(said: object, kept: str) -> None:
    (found,) = tells(changed(ORDER, line_items=[{**ORDER["line_items"][0], "quantity": said}]))
    assert isinstance(found.event, OrderPlaced)
    assert str(found.event.items[0].quantity) == kept


async def test_r86_an_order_that_was_deleted_says_so_and_not_that_its_address_is_missing() -> None:
    name = SourceName("woocommerce", "shop1")
    push = StoredPush(id=1, source=name, kind="order.deleted", content_type="", body=b'{"id": 727}', received_at=NOW)
    (found,) = await WooCommerceSource().read([push], [SHOP])
    assert found == Translation(left=(Left("shop1", "order 727", Unusable.ORDER_DELETED),))


def test_r86_an_account_that_was_deleted_is_shown_to_staff_and_erases_nobody() -> None:
    said = deleted_account({"id": 26}, SHOP)
    assert said.findings == ()
    assert said.left == (Left(SHOP.id, "client 26", Unusable.ACCOUNT_DELETED),)
    english, polish = WORDS[Unusable.ACCOUNT_DELETED]
    assert in_polish(f"client 26: {english}") == f"konto 26: {polish}"
