"""What the newsletter gates, the returns' gate and a look at tags tell (contract 2.1, 2.7, 2.8, 3.1; R12, R19, R24, R52, R84)."""

from decimal import Decimal
from typing import Any

import pytest

from app.domain.events import OrderReturned, Subscribed, TagsEdited, Unsubscribed
from app.sources.findings import Translation, Unusable
from app.sources.idosell.rows.newsletter import Channel, subscriber
from app.sources.idosell.rows.returns import returned
from app.sources.idosell.rows.tags import tags_seen
from tests.sources.samples import Json, a_return, a_subscriber, an_order
from tests.support.builders import a_shop, at

SHOP = a_shop()
D = "2026-01-12 10:02:11"


def event_of(found: Translation) -> Any:
    ((finding,), ()) = found.findings, found.left
    return finding.first[0].event


def test_r21_a_subscriber_without_account_is_sent_with_the_date_of_the_list() -> None:
    found = event_of(subscriber(a_subscriber(), Channel.EMAIL, [SHOP]))
    assert isinstance(found, Subscribed)
    assert (found.at, found.email, found.has_account, found.language) == (at("2026-01-12T09:02:11"), "ola@example.com", False, "pl")


def test_r84_a_resignation_in_the_list_is_not_confirmed() -> None:
    row = a_subscriber(shops=[{"shop_id": 1, "approval": "n", "date_modification": D}])
    found = event_of(subscriber(row, Channel.EMAIL, [SHOP]))
    assert isinstance(found, Unsubscribed)
    assert (found.confirmed, found.by_email, found.by_sms) == (False, True, False)


@pytest.mark.parametrize(
    "shops",
    [{"0": {"shop_id": "1", "approval": "y", "date_modification": D}}, [{"shop_id": 1, "approval": "y", "date_modification": D}]],
)
def test_r12_shops_come_as_a_list_or_as_a_map(shops: object) -> None:
    assert isinstance(event_of(subscriber(a_subscriber(shops=shops), Channel.EMAIL, [SHOP])), Subscribed)


@pytest.mark.parametrize(
    ("approval", "agrees"),
    [("y", True), ("2026-01-12 10:02:11", True), ("n", False), ("no", False), ("", False), ("0000-00-00 00:00:00", False)],
)
def test_r12_an_sms_approval_is_a_letter_or_a_date(approval: str, agrees: bool) -> None:
    row: Json = {"client_number": 1024, "registered": "y", "phone_cellular": "600100200"}
    row["shops"] = [{"shop_id": 1, "approval": approval, "date_modification": D}]
    found = event_of(subscriber(row, Channel.SMS, [SHOP], {1024: "anna@example.com"}))
    assert isinstance(found, Subscribed if agrees else Unsubscribed)
    assert (found.email, found.by_sms) == ("anna@example.com", True)
    if isinstance(found, Subscribed):
        assert (found.phone, found.has_account) == ("+48600100200", True)


def test_r12_a_number_without_an_address_is_left_out_with_the_reason() -> None:
    row: Json = {
        "client_number": 0,
        "phone_cellular": "600100200",
        "shops": [{"shop_id": 1, "approval": "y", "date_modification": D}],
    }
    assert [one.reason for one in subscriber(row, Channel.SMS, [SHOP]).left] == [Unusable.NO_ADDRESS]


def test_r06_a_state_without_a_real_date_says_nothing() -> None:
    row = a_subscriber(shops=[{"shop_id": 1, "approval": "y", "date_modification": "0000-00-00 00:00:00"}])
    assert subscriber(row, Channel.EMAIL, [SHOP]) == Translation()


@pytest.mark.parametrize(("approval", "meant"), [("y", "2026-10-25T00:30"), ("n", "2026-10-25T01:30")])
def test_r06_of_the_hour_that_comes_twice_a_doubt_favours_the_resignation(approval: str, meant: str) -> None:
    row = a_subscriber(shops=[{"shop_id": 1, "approval": approval, "date_modification": "2026-10-25 02:30:00"}])
    assert event_of(subscriber(row, Channel.EMAIL, [SHOP])).at == at(meant)


def test_no_id_of_a_subscriber_carries_the_address() -> None:
    (finding,) = subscriber(a_subscriber(), Channel.EMAIL, [SHOP]).findings
    assert "ola" not in finding.key + finding.first[0].event_id


# -- returns -------------------------------------------------------------------------------------------------------------


def test_r19_an_accepted_return_is_sent_under_its_own_number_with_its_goods_and_value() -> None:
    found = event_of(returned(a_return(), [SHOP], {"12": an_order()}))
    assert isinstance(found, OrderReturned)
    assert (found.return_id, found.order_id, found.email) == ("7", "12", "anna@example.com")
    assert (found.value, found.currency, found.at) == (Decimal("199.00"), "PLN", at("2026-01-07T11:00"))
    assert [(one.product_id, one.name) for one in found.items] == [("334", "Buty")]


@pytest.mark.parametrize("status", [1, 3, 13, 14, 15, None])
def test_r19_a_return_that_was_not_accepted_tells_nothing(status: int | None) -> None:
    assert returned(a_return(status_numeric=status, parentStatusNumeric=status), [SHOP], {"12": an_order()}) == Translation()


def test_r19_a_state_of_the_shops_own_counts_as_the_panels_state_above_it() -> None:
    assert returned(a_return(status_numeric=107, parentStatusNumeric=2), [SHOP], {"12": an_order()}).findings


def test_r19_a_return_of_which_the_order_is_not_shown_says_so() -> None:
    assert [one.reason for one in returned(a_return(), [SHOP], {}).left] == [Unusable.NO_ORDER]


# -- tags ----------------------------------------------------------------------------------------------------------------


def look(*names: str) -> Translation:
    answer = {"results": [{"tagId": at_, "tagName": name, "tagValue": 1} for at_, name in enumerate(names)]}
    return tags_seen(answer, 1024, {1}, [SHOP, a_shop(id="shop2", number=2)], at("2026-01-12T09:00"))


def test_r24_the_tags_of_a_customer_are_sent_as_the_full_set() -> None:
    found = event_of(look("vip", "brak_aktywności"))
    assert found == TagsEdited(at=at("2026-01-12T09:00"), customer_id="1024", all_tags=("brak_aktywności", "vip"), mirrored=())


def test_r29_tags_that_came_from_salesmanago_are_no_news() -> None:
    assert look("vip").findings[0].state == look("vip", "salesmanago_shop1_menu1").findings[0].state


def test_a_customer_without_tags_is_no_news_until_there_were_some() -> None:
    (finding,) = look("salesmanago_shop1_menu1").findings
    assert finding.first == ()
    assert finding.again != ()
