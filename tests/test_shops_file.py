"""The TOML file of accounts and shops: what it takes and what it refuses."""

from typing import Any

import pytest
from cryptography.fernet import Fernet

from app.domain.errors import BadConfiguration
from app.domain.shop import Shop
from app.services.secrets_at_rest import KeyRing
from app.shops_file import parse


def _shop(**settings: Any) -> Shop:
    account = {
        "endpoint": "https://app3.salesmanago.com",
        "client_id": "wxyz12345abcde67",
        "api_secret": "env:PATH",  # any variable that is certainly set
        "owner": "owner@example.com",
    }
    shop = {
        "account": "main",
        "host": "sklep.example",
        "location": "sklep_example",
        "number": 1,
        "policy": "all_customers",
        "integration_started_at": "2026-01-01T00:00:00+01:00",
        **settings,
    }
    _, (stored,) = parse({"accounts": {"main": account}, "shops": {"one": shop}}, KeyRing([Fernet.generate_key().decode()]))
    return stored.shop


def test_a_shop_that_says_nothing_of_masks_withholds_those_of_known_marketplaces() -> None:
    assert _shop().blocks("x1@allegromail.com")
    assert not _shop().blocks("jan@example.pl")


def test_blocked_domains_of_a_shop_are_in_addition_to_the_known_masks_and_taken_in_any_letter_case() -> None:
    shop = _shop(blocked_email_domains=["@Relay.Example", "marketplace.example.*"])
    assert shop.blocked_email_domains == ("relay.example", "marketplace.example.*")
    assert [shop.blocks(f"a@{domain}") for domain in ("RELAY.example", "marketplace.example.co.uk", "allegromail.pl", "e.pl")] == [
        True,
        True,
        True,
        False,
    ]


def test_a_shop_may_send_masked_addresses_and_still_block_domains_of_its_own() -> None:
    shop = _shop(block_masked_addresses=False, blocked_email_domains=["relay.example"])
    assert [shop.blocks(one) for one in ("a@allegromail.pl", "a@relay.example")] == [False, True]


def test_a_domain_that_is_none_is_named_with_its_place() -> None:
    with pytest.raises(BadConfiguration) as refused:
        _shop(blocked_email_domains=["relay.example", "two words.example"])
    (mistake,) = refused.value.mistakes
    assert mistake.startswith("shops.one.blocked_email_domains.1: 'two words.example' is no domain")


def test_r16_further_hosts_are_domains_in_lower_case() -> None:
    assert _shop(hosts=["WWW.Sklep.Example"]).hosts == ("www.sklep.example",)


@pytest.mark.parametrize("host", ["https://sklep.example", "sklep.example/pl", "", "sklep", "a b.pl"])
def test_r16_a_further_host_that_is_no_domain_is_refused(host: str) -> None:
    with pytest.raises(BadConfiguration, match=r"shops\.one\.hosts\.0: name a domain like"):
        _shop(hosts=[host])
