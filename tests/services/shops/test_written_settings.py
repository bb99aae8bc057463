"""What is shown, compared and exported of a configuration is all of it."""

import tomllib
from collections.abc import Iterator
from typing import get_args

import pytest
from cryptography.fernet import Fernet
from pydantic import BaseModel

from app.configuration.entries import AccountEntry, ShopEntry
from app.configuration.shops_file import parse
from app.services.shops.configuration_diff import changes
from app.services.shops.keyring import KeyRing
from app.services.shops.written_settings import exported, written, written_secrets

RING = KeyRing([Fernet.generate_key().decode()])

EVERYTHING = """
[accounts.main]
endpoint = "https://app3.example.com"
client_id = "c"
api_secret = "env:S_API"
owner = "owner@example.com"
calls_per_second = 2.5
request_time_in_seconds = true
fan_out = "by_location"
callback_secret = "env:S_CALLBACK"
callback_secrets = ["env:S_CALLBACK_2", "env:S_CALLBACK_3"]
callback_addresses = ["203.0.113.0/24"]

[shops.shop-1]
account = "main"
host = "sklep.example.com"
hosts = ["sklep.example.org"]
location = "sklep_example"
number = 7
policy = "order_consent"
integration_started_at = 2026-01-01T00:00:00.5+01:00
time_zone = "Europe/Prague"
country = "CZ"
enabled = false
shadow = true
tag_conflicts = "report"
mirror_conflicts = "accept"
propagate_unconfirmed_removals = true
block_masked_addresses = false
blocked_email_domains = ["spam.example", "*.test.example"]
callback_secret = "env:S_CALLBACK"
callback_secrets = ["env:S_CALLBACK_2"]
callback_addresses = ["198.51.100.7"]
signing_secret = "env:S_SIGNING"
signing_secrets = ["env:S_SIGNING_2"]
cart_url = "https://sklep.example.com/basket?a=\\"b\\"&restore={token}"
fields = ["first_name", "language"]

[shops.shop-1.consents]
email = "Zgoda „newsletter”"
sms = "Zgoda SMS"

[shops.shop-1.double_opt_in]
enabled = true
email_id = "mail-7"
language = "PL"

[shops.shop-1.properties]
name_of_ours = "first_name"

[shops.shop-1.event_details]
detail11 = "order_id"

[shops.shop-1.panel]
kind = "idosell"
base_url = "https://sklep.example.com"
api_key = "env:S_API"
version = "v7"
calls_per_second = 1.5
allow_private_targets = true
webhook_url = "https://sklep.example.com/notices/"
webhook_secret = "env:S_SIGNING"

[shops.shop-1.source]
kind = "idosell"
panel = 4711
tokens = ["env:S_TOKEN", "env:S_TOKEN_2"]
secrets = ["env:S_TOKEN"]
addresses = ["192.0.2.0/24"]
scan = false
calls_per_day = 800
consent_box = "webhook"
consent_field = "_consent"
newsletter_field = "_news"

[shops.shop-1.backfill]
start = "automatic"
canary = 3

[shops.shop-1.backfill.day]
from = "08:00"
to = "20:30"
contacts_per_hour = 100

[shops.shop-1.backfill.night]
contacts_per_hour = 900

[shops.woo]
account = "main"
host = "woo.example.com"
location = "woo_example"
number = 8
policy = "all_customers"
integration_started_at = 2026-01-01T00:00:00Z
fields = []

[shops.woo.source]
kind = "woocommerce"
secrets = ["env:S_TOKEN"]
"""
SECRETS = {
    "S_API": "an api's secret $1 \"",
    "S_CALLBACK": "0123456789abcdef",
    "S_CALLBACK_2": "abcdef0123456789",
    "S_CALLBACK_3": "fedcba9876543210",
    "S_SIGNING": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "S_SIGNING_2": "whsec_NfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx",
    "S_TOKEN": "a-token-of-32-characters-0123456",
    "S_TOKEN_2": "another-token-of-characters-0123",
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, secret in SECRETS.items():
        monkeypatch.setenv(name, secret)


def settings_of(entry: type[BaseModel], before: str = "") -> Iterator[str]:
    """The path of every setting that the file may have."""
    for name, field in entry.model_fields.items():
        path = f"{before}{field.alias or name}"
        inner = next((one for one in (field.annotation, *get_args(field.annotation)) if isinstance(one, type)), None)
        if inner is not None and issubclass(inner, BaseModel):
            yield from settings_of(inner, f"{path}.")
        else:
            yield path


def test_every_setting_of_the_file_is_written_so_that_a_change_of_it_is_seen() -> None:
    accounts, shops = parse(tomllib.loads(EVERYTHING), RING)
    for entry, stored in ((AccountEntry, accounts[0]), (ShopEntry, shops[0])):
        said = {*(path for path, value in written(stored).items() if value is not None), *written_secrets(stored)}
        tables = {path.partition(".")[0] for path in said}
        singular = {"callback_secret", "signing_secrets"}  # one setting under two names
        assert {path for path in settings_of(entry) if path not in said and path not in tables} <= singular
    assert written(shops[0])["properties.name_of_ours"] == "first_name"
    assert written(shops[0])["event_details.detail11"] == "order_id"


@pytest.mark.parametrize(
    ("line", "becomes", "shown"),
    [
        ('fields = ["first_name", "language"]', 'fields = ["first_name"]', 'fields: ["first_name", "language"] → ["first_name"]'),
        ("fields = []", "", "fields: [] → not set"),
        ('name_of_ours = "first_name"', "", 'properties.name_of_ours: "first_name" → not set'),
        ('detail11 = "order_id"', 'detail11 = "host"', 'event_details.detail11: "order_id" → "host"'),
        ('callback_addresses = ["198.51.100.7"]', "", 'callback_addresses: ["198.51.100.7/32"] → not set'),
        ('addresses = ["192.0.2.0/24"]', "", 'source.addresses: ["192.0.2.0/24"] → not set'),
        ('callback_addresses = ["203.0.113.0/24"]', "", 'callback_addresses: ["203.0.113.0/24"] → not set'),
    ],
)
def test_a_changed_privacy_or_address_setting_is_a_change(line: str, becomes: str, shown: str) -> None:
    assert EVERYTHING.count(line) == 1 or line.startswith("addresses")
    old, new = (parse(tomllib.loads(text), RING) for text in (EVERYTHING, EVERYTHING.replace(f"\n{line}\n", f"\n{becomes}\n")))
    lines = changes({one.account.id: one for one in old[0]}, {one.account.id: one for one in new[0]}, RING)
    lines += changes({one.shop.id: one for one in old[1]}, {one.shop.id: one for one in new[1]}, RING)
    assert [line.partition(": ")[2] for line in lines] == [shown]


def test_what_is_exported_is_read_again_as_the_same_settings_and_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    stored = [one for many in parse(tomllib.loads(EVERYTHING), RING) for one in many]
    blocks = [exported(one) for one in stored]
    text = "\n".join(line for lines, _ in blocks for line in lines)
    assert not [secret for secret in SECRETS.values() if secret in text]
    for _, variables in blocks:
        for name, closed in variables.items():
            monkeypatch.setenv(name, RING.open(closed))
    other = KeyRing([Fernet.generate_key().decode()])
    again = [one for many in parse(tomllib.loads(text), other) for one in many]
    assert [written(one) for one in again] == [written(one) for one in stored]
    for one, two in zip(stored, again, strict=True):
        assert {name: other.open(closed) for name, closed in two.secrets.items()} == {
            name: RING.open(closed) for name, closed in one.secrets.items()
        }
        assert getattr(one, "shop", None) == getattr(two, "shop", None)
        assert getattr(one, "account", None) == getattr(two, "account", None)
