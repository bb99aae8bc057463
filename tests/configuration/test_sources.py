"""How a source is configured: checked as a whole, every mistake with the words that mend it (R80, R84, R86)."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from app.configuration.shops_file import parse
from app.domain.errors import BadConfiguration
from app.domain.shops.configuration import StoredShop
from app.domain.shops.shop import ConsentBoxSource, ShopSource, SourceKind
from app.services.shops.keyring import KeyRing
from tests.support.gateways import ACCOUNT, shop_entry

RING = KeyRing([Fernet.generate_key().decode()])
TOKEN = "a-token-of-the-panel-1"


@pytest.fixture
def token(tmp_path: Path) -> str:
    (tmp_path / "token").write_text(TOKEN)
    return f"file:{tmp_path}/token"


def configured(token: str, source: dict[str, Any], policy: str = "all_customers", *, panel: bool = True) -> StoredShop:
    sides = {"panel": {"kind": "idosell", "base_url": "https://panel.example", "api_key": token}} if panel else {}
    shop = shop_entry("sklep.example.com", 1, policy, source=source, **sides)
    _, shops = parse({"accounts": {"main": {**ACCOUNT, "api_secret": token}}, "shops": {"shop1": shop}}, RING)
    return shops[0]


def mistakes(token: str, source: dict[str, Any], policy: str = "all_customers", *, panel: bool = True) -> str:
    with pytest.raises(BadConfiguration) as caught:
        configured(token, source, policy, panel=panel)
    return str(caught.value)


def test_r80_a_source_names_its_panel_and_its_tokens_are_stored_encrypted(token: str) -> None:
    stored = configured(token, {"kind": "idosell", "panel": 1234, "tokens": [token], "secrets": [token]})
    assert stored.shop.source == ShopSource(kind=SourceKind.IDOSELL, name="1234")
    assert {name for name in stored.secrets if name.startswith("source_")} == {"source_token_0", "source_secret_0"}
    assert RING.open(stored.secrets["source_token_0"]) == TOKEN
    assert TOKEN not in repr(stored)


def test_r82_a_panel_without_webhooks_is_scanned(token: str) -> None:
    assert configured(token, {"kind": "idosell", "panel": 1234}).shop.source.scan


def test_r84_order_consent_is_refused_while_nobody_tells_the_box_and_the_words_say_what_to_do(token: str) -> None:
    words = mistakes(token, {"kind": "idosell", "panel": 1234}, "order_consent")
    assert "shops.shop1" in words
    assert 'consent_box = "webhook"' in words
    assert '"rest"' in words
    assert "all_customers" in words


def test_r84_the_way_of_another_platform_to_know_the_box_is_none(token: str) -> None:
    idosell = mistakes(token, {"kind": "idosell", "panel": 1234, "consent_field": "_consent"}, "order_consent")
    assert 'consent_box = "webhook"' in idosell
    woocommerce = mistakes(token, {"kind": "woocommerce", "secrets": [token], "consent_box": "webhook"}, "order_consent")
    assert "consent_field" in woocommerce


@pytest.mark.parametrize("told_by", ["webhook", "rest"])
def test_r84_order_consent_is_fine_once_somebody_tells_the_box(token: str, told_by: str) -> None:
    stored = configured(token, {"kind": "idosell", "panel": 1234, "consent_box": told_by}, "order_consent")
    assert stored.shop.source.consent_box is ConsentBoxSource(told_by)


def test_r84_a_shop_without_source_keeps_its_policy(token: str) -> None:
    assert configured(token, {"kind": "none"}, "order_consent").shop.source == ShopSource()


@pytest.mark.parametrize(
    ("source", "panel", "words"),
    [
        ({"kind": "idosell"}, True, "panel"),
        ({"kind": "idosell", "panel": 1234}, False, "[panel]"),
        ({"kind": "idosell", "panel": 1234, "scan": False}, True, "tell nothing"),
        ({"kind": "idosell", "panel": 0}, True, "panel"),
        ({"kind": "idosell", "panel": 1234, "calls_per_day": 10}, True, "calls_per_day"),
        ({"kind": "woocommerce"}, True, "secrets"),
        ({"kind": "shopify"}, True, "kind"),
        ({"kind": "idosell", "panel": 1234, "tokens": ["env:NOT_THERE"]}, True, "NOT_THERE"),
    ],
)
def test_a_source_that_cannot_work_says_what_is_missing(token: str, source: dict[str, Any], panel: bool, words: str) -> None:
    assert words in mistakes(token, source, panel=panel)


def test_a_short_token_is_refused(token: str, tmp_path: Path) -> None:
    (tmp_path / "short").write_text("secret")
    assert "16 random" in mistakes(token, {"kind": "idosell", "panel": 1, "tokens": [f"file:{tmp_path}/short"]})
