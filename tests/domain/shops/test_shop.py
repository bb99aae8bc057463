"""What a shop and an account are without any setting, and what their settings decide."""

import pytest

from app.domain.shops.shop import (
    FREE_DETAILS,
    Account,
    BackfillSettings,
    DoubleOptIn,
    Hours,
    Panel,
    PanelKind,
    ShopSource,
    SourceKind,
    TagConflicts,
)
from tests.support.builders import a_shop

ALLEGRO = "a+b@allegromail.pl"


def test_without_a_setting_a_shop_sends_what_it_may_and_asks_before_it_risks_anything() -> None:
    shop = a_shop()
    assert (shop.enabled, shop.shadow, shop.block_masked_addresses, shop.signed_requests) == (True, False, True, False)
    assert (shop.propagate_unconfirmed_removals, shop.tag_conflicts) == (False, TagConflicts.READD)
    assert not DoubleOptIn().enabled


def test_without_a_setting_calls_are_as_slow_as_the_contracts_say() -> None:
    account = Account(id="main", endpoint="https://api.example.com", client_id="c", owner="owner@example.com")
    assert (account.calls_per_second, account.request_time_in_seconds) == (5.0, False)
    assert (Panel().kind, Panel().calls_per_second, Panel().allow_private_targets) == (PanelKind.NONE, 2.0, False)
    assert (ShopSource().kind, ShopSource().scan, ShopSource().calls_per_day) == (SourceKind.NONE, True, 5_000)


def test_r60_without_a_setting_a_first_transfer_waits_for_a_person_and_risks_few() -> None:
    transfer = BackfillSettings()
    assert (transfer.automatic, transfer.canary) == (False, 25)
    assert transfer.day == Hours(contacts_per_hour=600, start="07:00", end="22:00")
    assert transfer.night == Hours(contacts_per_hour=6000)


def test_c8_details_are_free_that_no_plugin_of_salesmanago_uses() -> None:
    numbers = (2, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)
    assert tuple(f"detail{number}" for number in numbers) == FREE_DETAILS


@pytest.mark.parametrize(
    ("hosts", "page", "host"),
    [
        ((), "https://sklep.example.de/p/1", "sklep.example.com"),
        (("sklep.example.de",), None, "sklep.example.com"),
        (("sklep.example.de",), "", "sklep.example.com"),
        (("sklep.example.de",), "https://sklep.example.de/p/1", "sklep.example.de"),
        (("sklep.example.de",), "https://SKLEP.example.de.:8443/p/1", "sklep.example.de"),
        (("sklep.example.de",), "https://other.example.de/p/1", "sklep.example.com"),
        (("sklep.example.de",), "/p/1", "sklep.example.com"),
        (("sklep.example.de",), "https://[::1/p/1", "sklep.example.com"),
    ],
)
def test_r16_a_page_names_the_domain_of_the_shop_on_which_it_is(hosts: tuple[str, ...], page: str | None, host: str) -> None:
    assert a_shop(hosts=hosts).host_of(page) == host


def test_m5_all_fields_travel_unless_some_are_named() -> None:
    assert a_shop().lets_travel("phone")
    named = a_shop(fields=("phone",))
    assert (named.lets_travel("phone"), named.lets_travel("company")) == (True, False)


@pytest.mark.parametrize(
    ("settings", "email", "blocked"),
    [
        ({}, ALLEGRO, True),
        ({"block_masked_addresses": False}, ALLEGRO, False),
        ({}, "jan@example.com", False),
        ({"blocked_email_domains": ("example.com",)}, "jan@example.com", True),
        ({"blocked_email_domains": ("example.com",)}, ALLEGRO, True),
    ],
)
def test_an_address_is_blocked_that_hides_a_person_or_is_of_a_domain_the_shop_names(
    settings: dict[str, object], email: str, blocked: bool
) -> None:
    assert a_shop(**settings).blocks(email) is blocked
