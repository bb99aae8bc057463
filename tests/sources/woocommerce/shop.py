"""A shop on WooCommerce, and samples of what its webhooks and its Store API say."""

import copy
import json
from pathlib import Path
from typing import Any

from app.domain.shops.shop import Shop, ShopSource, SourceKind
from tests.support.builders import a_shop

SOURCE = ShopSource(kind=SourceKind.WOOCOMMERCE, name="shop1", consent_field="_marketing_consent", newsletter_field="_newsletter")
SHOP: Shop = a_shop(source=SOURCE)


def sample(name: str) -> Any:
    return json.loads((Path(__file__).parent / "samples" / f"{name}.json").read_text())


ORDER: dict[str, Any] = sample("order")
CUSTOMER: dict[str, Any] = sample("customer")


def changed(row: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {**copy.deepcopy(row), **said}
