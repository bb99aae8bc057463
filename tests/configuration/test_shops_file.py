"""The TOML file of accounts and shops: mistakes are named in words, never as a crash, and never with the secret itself."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from app.configuration.shops_file import load, parse
from app.domain.errors import BadConfiguration
from app.domain.shops.shop import Shop
from app.services.shops.keyring import KeyRing


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


def test_an_account_that_is_not_in_the_file_is_named_together_with_a_value_that_is_wrong() -> None:
    with pytest.raises(BadConfiguration) as refused:
        _shop(account="mian", policy="everybody")
    assert {one.partition(": ")[0] for one in refused.value.mistakes} == {"shops.one.account", "shops.one.policy"}
    with pytest.raises(BadConfiguration) as refused:
        _shop(account="mian")
    assert refused.value.mistakes == ("shops.one.account: there is no account 'mian' in this file",)


def test_r16_further_hosts_are_domains_in_lower_case() -> None:
    assert _shop(hosts=["WWW.Sklep.Example"]).hosts == ("www.sklep.example",)


@pytest.mark.parametrize("host", ["https://sklep.example", "sklep.example/pl", "", "sklep", "a b.pl"])
def test_r16_a_further_host_that_is_no_domain_is_refused(host: str) -> None:
    with pytest.raises(BadConfiguration, match=r"shops\.one\.hosts\.0: name a domain like"):
        _shop(hosts=[host])


RING = KeyRing([Fernet.generate_key().decode()])
SECRET = "abcdefghijklmnop"


def a_file(monkeypatch: pytest.MonkeyPatch, **shop: Any) -> dict[str, Any]:
    monkeypatch.setenv("TEST_SECRET", "api-secret")
    account = {"endpoint": "app3.salesmanago.com", "client_id": "x", "api_secret": "env:TEST_SECRET", "owner": "o@example.com"}
    entry: dict[str, Any] = {
        "account": "main",
        "host": "sklep.example.com",
        "location": "sklep_example",
        "number": 1,
        "policy": "all_customers",
        "integration_started_at": "2026-01-01T00:00:00Z",
    }
    return {"accounts": {"main": account}, "shops": {"shop1": entry | shop}}


def mistakes(raw: dict[str, Any]) -> str:
    with pytest.raises(BadConfiguration) as refused:
        parse(raw, RING)
    return "\n".join(refused.value.mistakes)


def test_a_right_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts, shops = parse(a_file(monkeypatch), RING)
    assert (accounts[0].account.id, shops[0].shop.id) == ("main", "shop1")


@pytest.mark.parametrize(
    "zone", ["Europe", "Europe/", "America/Argentina", "", "..", "../etc", "/etc/passwd", "x" * 5000, "Europe/Warsaw\n"]
)
def test_a_time_zone_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch, zone: str) -> None:
    assert "shops.shop1.time_zone: " in mistakes(a_file(monkeypatch, time_zone=zone))


@pytest.mark.parametrize("secret", [f"{SECRET}\n", f"\n{SECRET}", f"{SECRET}\u0000", SECRET[:-1] + "ż", "x" * 17])
def test_a_callback_secret_with_a_sign_too_many_is_named_and_not_shown(monkeypatch: pytest.MonkeyPatch, secret: str) -> None:
    monkeypatch.setattr("os.environ", {"TEST_SECRET": "api-secret", "TEST_CALLBACK": secret})
    monkeypatch.setattr(monkeypatch, "setenv", lambda *_: None)
    words = mistakes(a_file(monkeypatch, callback_secret="env:TEST_CALLBACK"))
    assert words == "shops.shop1.callback_secret: a callback secret has exactly 16 characters of A-Z a-z 0-9"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("location", "sklep_example\n"),
        ("host", "sklep.example.com\n"),
        ("country", "PL\n"),
        ("cart_url", "https://sklep.example.com/\u0000?restore={token}"),
        ("hosts", ["a.pl\u0000"]),
        ("blocked_email_domains", ["a.pl\u0000"]),
        ("consents", {"email": "a\u0000b"}),
        ("backfill", {"day": {"from": "07:00\n", "contacts_per_hour": 600}}),
    ],
)
def test_a_line_end_or_a_control_sign_is_part_of_no_setting(monkeypatch: pytest.MonkeyPatch, field: str, value: Any) -> None:
    assert mistakes(a_file(monkeypatch, **{field: value})).startswith(f"shops.shop1.{field}")


@pytest.mark.parametrize("name", ["shop1\n", "\u0000", "Shop", "x" * 64])
def test_a_name_of_a_shop_is_whole(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    raw = a_file(monkeypatch)
    raw["shops"] = {name: raw["shops"]["shop1"]}
    assert "a name has lower-case letters, digits and -" in mistakes(raw)


def test_a_signing_secret_may_leave_out_the_padding_of_base64(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_SIGNING", "whsec_MDEyMzQ1Njc4OWFiY2RlZg")
    _, (stored,) = parse(a_file(monkeypatch, signing_secret="env:TEST_SIGNING"), RING)
    assert stored.shop.signed_requests
    monkeypatch.setenv("TEST_SIGNING", "whsec_MDEyMzQ1Njc4OWFiY2Rl")
    assert "at least 16 random bytes" in mistakes(a_file(monkeypatch, signing_secret="env:TEST_SIGNING"))


def test_a_secret_that_is_no_text_is_not_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    binary = tmp_path / "secret"
    binary.write_bytes(b"\xff\xfeabc")
    raw = a_file(monkeypatch, callback_secret=f"file:{binary}")
    assert mistakes(raw) == f"shops.shop1.callback_secret: cannot read {binary}"


@pytest.mark.parametrize("written", ["203.0.113.7/24", "everywhere", "203.0.113", ""])
def test_an_odd_network_is_refused_with_an_example(written: str) -> None:
    with pytest.raises(BadConfiguration, match=r"203\.0\.113\.0/24"):
        _shop(callback_addresses=[written])


def test_m5_c8_fields_properties_and_details_are_read() -> None:
    shop = _shop(fields=["first_name", "customer_id"], properties={"nr": "customer_id"}, event_details={"detail5": "order_source"})
    assert shop.fields == ("first_name", "customer_id")
    assert (shop.properties, shop.event_details) == ((("nr", "customer_id"),), (("detail5", "order_source"),))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"fields": ["shoe_size"]}, "'first_name'"),
        ({"properties": {"nr": "shoe_size"}}, "there are first_name"),
        ({"properties": {"z przerwa": "city"}}, "properties"),
        ({"properties": {"gender": "city"}}, "choose another name"),
        ({"properties": {"nr": "city"}, "fields": ["first_name"]}, "not among `fields`"),
        ({"event_details": {"detail1": "host"}}, "free are detail2"),
        ({"event_details": {"detail2": "colour"}}, "there are order_id"),
        ({"event_details": {"detail2": "language"}, "fields": []}, "not among `fields`"),
    ],
)
def test_m5_c8_a_mapping_that_cannot_be_is_refused_with_what_can(wrong: Any, words: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        _shop(**wrong)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("setting", "secret", "words"),
    [
        ("callback_secret", "a" * 16, "can be guessed"),
        ("callback_secret", "0101010101010101", "can be guessed"),
        ("signing_secret", "whsec_c2hvcnQ=", "at least 16 random bytes"),
    ],
)
def test_a_weak_secret_is_refused_with_how_to_make_one(
    monkeypatch: pytest.MonkeyPatch, setting: str, secret: str, words: str
) -> None:
    monkeypatch.setenv("WEAK", secret)
    with pytest.raises(BadConfiguration) as caught:
        _shop(**{setting: "env:WEAK"})
    assert words in str(caught.value)
    assert secret not in str(caught.value)
    assert "openssl" in str(caught.value)


def test_a_file_that_is_missing_cannot_be_read_or_is_no_text_is_told_apart(tmp_path: Path) -> None:
    odd = tmp_path / "odd.toml"
    odd.write_bytes(b"\xff\xfe")
    for path, words in ((tmp_path / "none.toml", "there is no such file"), (tmp_path, "Is a directory"), (odd, "is no UTF-8 text")):
        with pytest.raises(BadConfiguration, match=words):
            load(path, RING)
