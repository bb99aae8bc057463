"""What a row of the customers' gate tells (contract 2.9; R10, R11, R20, R83)."""

import pytest

from app.domain.event_parts import NewsletterBox
from app.domain.events import AccountChanged, CustomerRegistered, Subscribed
from app.domain.shops.shop import CLEARABLE_FIELDS
from app.sources.findings import Remembered, SourceEvent, Unusable, sifted
from app.sources.idosell.rows.clients import client
from tests.sources.samples import Json, a_client
from tests.support.builders import a_shop, at

SHOP = a_shop()  # its integration starts with 2026
NEW = {"clientRegistrationDate": "2026-01-01"}


def tells(row: Json, *before: Json) -> list[SourceEvent]:
    memory: dict[tuple[str, str], Remembered] = {}
    for one in before:
        memory |= sifted(client(one, [SHOP]).findings, memory)[1]
    found = [told for _, told in sifted(client(row, [SHOP]).findings, memory)[0]]
    return [told for told in found if not isinstance(told.event, Subscribed)]


def test_r83_an_account_that_was_made_since_the_start_is_a_registration() -> None:
    (found,) = tells(a_client(**NEW))
    assert isinstance(found.event, CustomerRegistered)
    assert found.event_id == "ido:client:1024:registered"
    assert found.event.at == at("2026-01-01T17:49:21"), "changed last on the day it was made: that is when"
    assert found.event.customer.wholesaler is False


def test_r83_a_registration_changed_on_a_later_day_is_dated_by_its_day() -> None:
    (found,) = tells(a_client(**NEW, clientsLastModificationDate="2026-01-05 12:00:00"))
    assert found.event.at == at("2025-12-31T23:00")


def test_r15_an_account_older_than_the_integration_is_sent_as_it_is_and_never_as_a_registration() -> None:
    (found,) = tells(a_client())
    assert isinstance(found.event, AccountChanged)


def test_r83_a_wholesaler_is_one() -> None:
    (found,) = tells(a_client(**NEW, clientPreferences={"clientIsWholesaler": "yes"}))
    assert isinstance(found.event, CustomerRegistered)
    assert found.event.customer.wholesaler is True


def test_r11_another_address_is_sent_as_a_change_of_the_account_that_has_the_id() -> None:
    moved = a_client(**NEW, clientEmail="anna.nowak@example.com", clientsLastModificationDate="2026-01-02 08:00:00")
    (found,) = tells(moved, a_client(**NEW))
    assert isinstance(found.event, AccountChanged)
    assert (found.event.customer.id, found.event.customer.email) == ("1024", "anna.nowak@example.com")


def test_r82_a_login_or_a_balance_that_bumps_the_date_tells_nothing() -> None:
    bumped = a_client(**NEW, clientsLastModificationDate="2026-01-02 08:00:00", clientBalances=[{"clientBalanceAmount": 5}])
    assert tells(bumped, a_client(**NEW)) == []


def test_r10_what_the_panel_shows_as_empty_is_no_more() -> None:
    row = a_client(clientsLastModificationDate="2026-01-02 08:00:00")
    row["clientBillingAddress"] |= {"clientPhone1": "", "clientFirm": "", "clientStreet": "", "clientZipCode": "", "clientCity": ""}
    (found,) = tells(row, a_client())
    assert isinstance(found.event, AccountChanged)
    customer = found.event.customer
    assert (customer.phone, customer.company, customer.address.street) == ("", "", "")
    assert customer.first_name == "Anna"


def test_r10_every_field_that_can_be_cleared_is_cleared_by_an_account_that_shows_it_as_empty() -> None:
    row = a_client(clientsLastModificationDate="2026-01-02 08:00:00")
    row["clientBillingAddress"] = dict.fromkeys(row["clientBillingAddress"], "")
    (found,) = tells(row, a_client())
    assert isinstance(found.event, AccountChanged)
    assert {name: getattr(found.event.customer, name) for name in CLEARABLE_FIELDS} == dict.fromkeys(CLEARABLE_FIELDS, "")


def test_r10_a_number_nobody_can_read_is_left_out_and_not_cleared() -> None:
    row = a_client()
    row["clientBillingAddress"]["clientPhone1"] = "12"
    (found,) = tells(row)
    assert isinstance(found.event, AccountChanged)
    assert found.event.customer.phone is None


def test_a_guest_is_known_by_orders_alone() -> None:
    assert tells(a_client(isUnregistered="y")) == []


def test_r71_an_account_is_reported_to_the_shops_in_which_it_is_active() -> None:
    shops = [SHOP, a_shop(id="shop2", number=2), a_shop(id="shop3", number=3)]
    found = client(a_client(clientActiveInShops=[{"shopId": 1}, {"shopId": "3"}, {"shopId": 9}]), shops)
    assert {one.shop_id for one in found.findings} == {"shop1", "shop3"}
    assert client(a_client(clientActiveInShops=[]), shops).findings == ()


def test_r06_boxes_of_an_account_are_sent_as_newsletter_states_with_their_own_dates_and_never_as_boxes() -> None:
    found = client(a_client(), [SHOP]).findings
    account, agreed = (one.first[0].event for one in found)
    assert isinstance(account, AccountChanged)
    assert (account.customer.newsletter_email, account.customer.newsletter_sms) == (NewsletterBox(), NewsletterBox())
    assert isinstance(agreed, Subscribed)
    assert (agreed.at, agreed.by_email, agreed.by_sms, agreed.has_account) == (at("2025-03-18T17:49:21"), True, False, True)


@pytest.mark.parametrize("email", ["", None, "not an address", "anna@"])
def test_r83_an_account_without_address_says_so(email: str | None) -> None:
    found = client(a_client(clientEmail=email), [SHOP])
    assert [one.reason for one in found.left] == [Unusable.NO_ADDRESS]


def test_a_row_without_number_is_nobody() -> None:
    assert client({"clientEmail": "anna@example.com"}, [SHOP]).findings == ()
