"""What a row of the orders' gate tells (contract 2.14; R13, R22, R23, R83)."""

from decimal import Decimal
from typing import Any

import pytest

from app.domain.consent import ConsentAnswer
from app.domain.event_parts import Item
from app.domain.events import OrderCancelled, OrderPlaced
from app.domain.values import replace
from app.sources.findings import Remembered, SourceEvent, Unusable, news, sifted
from app.sources.idosell.rows.menus import sections
from app.sources.idosell.rows.orders import Known, client_of, order, product_ids
from tests.sources.samples import PRODUCT, Json, an_order, changed
from tests.support.builders import a_shop, at

SHOP = a_shop()
PATH = ("Kobiety", "Buty", "Sneakersy")


def placed(row: Json, known: Known = Known()) -> OrderPlaced:  # noqa: B008 - a tuple
    (found,) = tells(row, known=known)
    assert isinstance(found.event, OrderPlaced)
    return found.event


def tells(row: Json, before: list[Json] | None = None, known: Known = Known()) -> list[SourceEvent]:  # noqa: B008
    """What the row tells after these rows were seen."""
    memory: dict[tuple[str, str], Remembered] = {}
    for one in before or []:
        memory |= sifted(order(one, [SHOP], known).findings, memory)[1]
    return [told for _, told in sifted(order(row, [SHOP], known).findings, memory)[0]]


def test_r83_the_documented_order_is_sent_with_its_four_costs_its_goods_and_its_pick_up_point() -> None:
    known = Known({(1, 334): (PATH,)})
    found = placed(an_order(), known)
    assert found.customer.email == "anna@example.com"
    assert found.customer.id == "1024"
    assert found.customer.first_name == "Anna"
    expected = OrderPlaced(
        at=at("2025-12-31T23:10"),  # local time of the panel
        as_of=at("2025-12-31T23:10"),
        customer=found.customer,
        order_id="12",
        box=ConsentAnswer.NOT_ASKED,
        currency="PLN",
        value=Decimal("211.00"),
        items=(Item(product_id="334", name="Buty", unit_price=Decimal("199.00"), menu_paths=(PATH,)),),
        pickup_point="Punkt Centrum, Prosta 1, Warszawa",
    )
    assert found == expected


def test_r83_the_value_is_the_sum_of_all_four_costs() -> None:
    costs = {
        "currencyId": "eur",
        "orderProductsCost": "100.10",
        "orderDeliveryCost": 9,
        "orderPayformCost": 0.5,
        "orderInsuranceCost": "1",
    }
    found = placed(an_order(orderDetails__payments={"orderCurrency": costs, "orderBaseCurrency": {"billingCurrency": "PLN"}}))
    assert (found.value, found.currency) == (Decimal("110.60"), "EUR")


@pytest.mark.parametrize(
    ("said", "source"),
    [
        ({"orderSourceType": "shop"}, None),
        ({"orderSourceType": "self_added"}, None),
        ({"orderSourceType": "api"}, None),
        ({"orderSourceType": "pos"}, None),
        ({"orderSourceType": "advertisement_campaign", "orderSourceDetails": {"orderSourceName": "Wiosna"}}, None),
        ({"orderSourceType": "auction", "auctionsServiceName": "allegro"}, "allegro"),
        ({"orderSourceType": "price_comparer", "orderSourceDetails": {"orderSourceName": "Ceneo.pl"}}, "ceneo"),
        ({"orderSourceType": "search_engine", "orderSourceDetails": {"orderSourceName": "Google"}}, "google"),
        ({"orderSourceType": "cpa", "orderSourceDetails": {"orderSourceName": "Younity"}}, "younity"),
        ({"orderSourceType": "affiliate_program", "orderSourceDetails": {"orderSourceName": "Partner A"}}, "partner a"),
        ({"orderSourceType": "marketplace", "orderSourceDetails": {"orderSourceName": "Erli"}}, "erli"),
        ({"orderSourceType": "refferer_site", "orderSourceDetails": {"orderSourceName": "www.facebook.com"}}, "facebook"),
        (
            {"orderSourceType": "shop", "orderSourceDetails": {"orderSourceType": "price_comparer", "orderSourceName": "Skąpiec"}},
            "skąpiec",
        ),
        ({"orderSourceType": "marketplace"}, None),
        ({}, None),
    ],
)
def test_r23_only_a_source_outside_the_shop_is_one(said: dict[str, Any], source: str | None) -> None:
    assert placed(an_order(orderDetails__orderSourceResults={"shopId": 1, **said})).source == source


def test_r83_a_warehouse_and_a_delivery_home_differ_in_the_pick_up_point() -> None:
    home = {
        "clientAccount": an_order()["clientResult"]["clientAccount"],
        "clientDeliveryAddress": {"clientDeliveryAddressType": "client"},
    }
    assert placed(an_order(clientResult=home)).pickup_point is None
    shop = {
        **home,
        "clientDeliveryAddress": {"clientDeliveryAddressType": "warehouse"},
        "clientPickupPointAddress": {"name": "Salon"},
    }
    assert placed(an_order(clientResult=shop)).pickup_point == "Salon"


def test_r83_of_a_dropshipping_order_the_partner_who_placed_it_is_sent_and_never_the_partners_customer() -> None:
    row = changed(an_order(), clientResult__endClientAccount={"clientId": 9, "clientEmail": "stranger@example.com"})
    assert placed(row).customer.email == "anna@example.com"
    assert "stranger" not in repr(order(row, [SHOP]))


@pytest.mark.parametrize("kind", ["n", "r", "t", "p"])
def test_r83_retail_and_wholesale_orders_are_sent_alike(kind: str) -> None:
    assert placed(an_order(orderType=kind)).order_id == "12"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (an_order(clientResult__clientAccount={"clientId": 1024, "clientEmail": ""}), Unusable.NO_ADDRESS),
        (an_order(clientResult__clientAccount={"clientId": 1024}), Unusable.NO_ADDRESS),
        (an_order(clientResult=[]), Unusable.NO_ADDRESS),
        (an_order(orderDetails__orderAddDate="0000-00-00 00:00:00"), Unusable.NO_DATE),
        (an_order(orderDetails__payments=[]), Unusable.NO_VALUE),
        (an_order(orderDetails__productsResults=[]), Unusable.NO_GOODS),
        (an_order(orderDetails__orderSourceResults={"shopId": 4}), Unusable.OTHER_SHOP),
    ],
)
def test_r83_an_order_that_makes_no_event_says_why(row: Json, reason: Unusable) -> None:
    found = order(row, [SHOP])
    assert (found.findings, [one.reason for one in found.left]) == ((), [reason])


def test_r82_the_same_row_by_push_and_by_scan_is_one_event_with_one_id() -> None:
    (first,) = tells(an_order())
    assert tells(an_order(), before=[an_order()]) == []
    assert tells(an_order()) == [first]
    assert first.event_id.startswith("ido:order:12:")


def test_a_status_that_changes_nothing_of_the_order_tells_nothing() -> None:
    packed = an_order(orderDetails__orderStatus="packed", orderDetails__orderChangeDate="2026-01-01 09:00:00")
    assert tells(packed, before=[an_order()]) == []


def test_r18_other_goods_are_a_newer_version_of_the_order() -> None:
    row = an_order(orderDetails__orderChangeDate="2026-01-01 09:00:00")
    row["orderDetails"]["productsResults"][0]["productQuantity"] = 2
    (found,) = tells(row, before=[an_order()])
    assert isinstance(found.event, OrderPlaced)
    assert (found.event.at, found.event.as_of) == (at("2025-12-31T23:10"), at("2026-01-01T08:00"))
    assert found.event.items[0].quantity == 2


def test_an_older_version_that_arrives_after_the_newer_one_tells_nothing() -> None:
    newer = an_order(
        orderDetails__orderChangeDate="2026-01-01 09:00:00", orderDetails__payments__orderCurrency__orderDeliveryCost=0
    )
    assert tells(an_order(), before=[newer]) == []


@pytest.mark.parametrize("status", ["canceled", "false", "joined"])
def test_r17_a_cancelled_false_or_joined_order_is_cancelled_once(status: str) -> None:
    row = an_order(orderDetails__orderStatus=status, orderDetails__orderChangeDate="2026-01-02 10:00:00")
    (found,) = tells(row, before=[an_order()])
    assert found.event == OrderCancelled(at=at("2026-01-02T09:00"), email="anna@example.com", order_id="12")
    later = changed(
        row, orderDetails__orderChangeDate="2026-01-03 10:00:00", orderDetails__payments__orderCurrency__orderDeliveryCost=0
    )
    assert tells(later, before=[an_order(), row]) == []


def test_r17_an_order_first_seen_when_it_was_cancelled_is_sent_as_placed_and_cancelled() -> None:
    row = an_order(orderDetails__orderStatus="canceled", orderDetails__orderChangeDate="2026-01-02 10:00:00")
    first, second = tells(row)
    assert isinstance(first.event, OrderPlaced)
    assert first.event.as_of == first.event.at, "not newer than its cancellation: that would reinstate it"
    assert isinstance(second.event, OrderCancelled)


def test_r18_an_order_that_stands_again_is_reported_as_placed_by_a_newer_message() -> None:
    cancelled = an_order(orderDetails__orderStatus="canceled", orderDetails__orderChangeDate="2026-01-02 10:00:00")
    back = an_order(orderDetails__orderChangeDate="2026-01-03 10:00:00")
    (found,) = tells(back, before=[an_order(), cancelled])
    assert isinstance(found.event, OrderPlaced)
    assert found.event.as_of == at("2026-01-03T09:00")


def test_r81_the_box_a_webhook_reported_makes_a_newer_version_of_the_order() -> None:
    assert placed(an_order(), Known(boxes={"12": ConsentAnswer.GIVEN})).box is ConsentAnswer.GIVEN
    memory = sifted(order(an_order(), [SHOP]).findings, {})[1]
    asked = order(an_order(), [SHOP], Known(boxes={"12": ConsentAnswer.GIVEN})).findings
    assert [told.event_id for told in news(asked[0], memory["shop1", "order:12"])] != []


def test_r83_numbers_as_text_and_maps_instead_of_lists_are_read() -> None:
    row = an_order(orderSerialNumber="12", orderDetails__orderSourceResults={"orderSourceType": "shop", "shopId": "1"})
    line = {"productId": "334", "productName": "Buty", "productQuantity": "1", "productOrderPrice": "199.0"}
    row["orderDetails"]["productsResults"] = {"0": line}
    assert replace(placed(row)) == placed(an_order())


def test_r83_an_order_of_another_shop_of_the_panel_goes_to_that_shop() -> None:
    other = a_shop(id="shop2", number=2)
    found = order(an_order(orderDetails__orderSourceResults={"shopId": 2}), [SHOP, other])
    assert {one.shop_id for one in found.findings} == {"shop2"}


def test_what_is_looked_up_for_an_order_is_named_by_its_row() -> None:
    assert list(product_ids(an_order())) == [334]
    assert client_of(an_order()) == 1024


# -- menu sections -------------------------------------------------------------------------------------------------------


def test_r22_a_product_hangs_in_the_sections_of_the_shop_whose_order_it_is() -> None:
    assert sections(PRODUCT, 1) == (PATH,)
    assert sections(PRODUCT, 2) == ()


@pytest.mark.parametrize(("language", "expected"), [("eng", "Women"), ("pol", "Kobiety"), ("ger", "Kobiety")])
def test_r22_sections_are_named_in_the_shops_language_else_in_polish(language: str, expected: str) -> None:
    names = [{"langId": "eng", "menuItemTextId": "Women"}, {"langId": "pol", "menuItemTextId": "Kobiety"}]
    product = {"productMenu": [{"shopId": 1, "menuItemDescriptionsLangData": names}]}
    assert sections(product, 1, language) == ((expected,),)


@pytest.mark.parametrize("menu", [[], {}, None, [{"shopId": 1}], [{"shopId": 1, "menuItemDescriptionsLangData": []}]])
def test_r22_a_product_without_menu_has_no_sections(menu: object) -> None:
    assert sections({"productMenu": menu}, 1) == ()
