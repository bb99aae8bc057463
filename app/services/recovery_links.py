"""Recovery links of carts: signed, expiring, of items alone. Nobody is named in one, and nobody can make one up (E5-E9)."""

import json
from dataclasses import dataclass
from datetime import timedelta

from app.domain.decisions.carts import Cart
from app.domain.errors import NotFound
from app.domain.shops.shop import Shop
from app.services.ports.clock import Clock
from app.services.shops.keyring import KeyRing

LASTS = timedelta(days=14)
LONGEST = 2000
"""Characters: SALESmanago keeps 2,048 (contract 3.3). A cart too large for it gets a link to its first goods."""

_PURPOSE = "cart"


@dataclass(frozen=True)
class RecoveredItem:
    product_id: str
    quantity: str


class RecoveryLinks:
    def __init__(self, ring: KeyRing, clock: Clock) -> None:
        self._ring = ring
        self._clock = clock

    def link(self, shop: Shop, cart: Cart) -> str | None:
        """A link that rebuilds the cart on any device; None where the shop has no address for it."""
        if shop.cart_url is None:
            return None
        goods = [[item.product_id, f"{item.quantity.normalize():f}"] for item in cart.items]
        while True:
            content = json.dumps([_PURPOSE, shop.id, goods], separators=(",", ":"))
            link = shop.cart_url.replace("{token}", self._ring.sealed(content.encode(), self._clock()))
            if len(link) <= LONGEST or len(goods) <= 1:
                return link if len(link) <= LONGEST else None
            goods = goods[: len(goods) * 3 // 4]

    def items(self, shop_id: str, token: str) -> list[RecoveredItem]:
        """What the cart held. Raises `NotFound` for a token that is forged, too old, or another shop's; it says no more."""
        content = self._ring.unsealed(token, LASTS, self._clock())
        if content is None:
            raise NotFound("recovery link")
        try:
            purpose, owner, goods = json.loads(content)
        except (ValueError, TypeError):
            raise NotFound("recovery link") from None  # something else of ours that was sealed
        if (purpose, owner) != (_PURPOSE, shop_id):
            raise NotFound("recovery link")
        return [RecoveredItem(product_id, quantity) for product_id, quantity in goods]
