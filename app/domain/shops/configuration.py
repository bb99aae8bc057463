"""Who may talk to us and whom we talk to, as stored. Secrets are ciphertext here; `services.shops.directory` opens them."""

from collections.abc import Mapping
from datetime import datetime

from app.domain.shops.shop import Account, Shop
from app.domain.values import value

SHOP_ROLE = "shop"
OPERATOR_ROLE = "operator"
LIVE_KEYS_PER_SHOP = 2


@value()
class StoredAccount:
    account: Account
    secrets: Mapping[str, str]


@value()
class StoredShop:
    shop: Shop
    secrets: Mapping[str, str]


@value()
class ApiKey:
    """A key as stored: `digest` is the SHA-256 of the whole key, which has 256 random bits and needs no salt."""

    id: str
    role: str
    shop_id: str | None
    digest: str
    created_at: datetime
    revoked_at: datetime | None = None
