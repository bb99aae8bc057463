"""Who may talk to us and whom we talk to, as stored. Secrets are ciphertext here; `services.shops.directory` opens them."""

from collections.abc import Mapping
from datetime import datetime

from app.domain.shops.shop import Account, Shop
from app.domain.values import value

SHOP_ROLE = "shop"
READER_ROLE = "reader"
"""Sees everything, changes nothing."""
OPERATOR_ROLE = "operator"
"""Sees everything, and does what is to be done every day."""
ADMIN_ROLE = "admin"
"""An operator who also issues and revokes keys."""
STAFF_ROLES = (READER_ROLE, OPERATOR_ROLE, ADMIN_ROLE)
"""In the order of their rights: each may what those before it may."""


def may(role: str, needed: str) -> bool:
    """Whether a role of staff has the rights of another one. A shop's role has none of them."""
    return role in STAFF_ROLES and STAFF_ROLES.index(role) >= STAFF_ROLES.index(needed)


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
    name: str = ""
    """Who uses it."""
    expires_at: datetime | None = None

    def is_live(self, now: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


@value()
class Session:
    """Somebody signed in at the console. `digest`: SHA-256 of the cookie's token."""

    digest: str
    key_id: str
    began_at: datetime
    ends_at: datetime
