"""WooCommerce behind the port of platforms. Its pushes say everything but the categories of goods, which are looked up."""

import re
from collections.abc import Collection, Mapping, Sequence

from app.clients.foreign import foreign_json
from app.domain.intake.pushes import StoredPush
from app.domain.shops.shop import Shop
from app.services.shops.directory import SourceSecrets
from app.sources.findings import NotUnderstood, Translation
from app.sources.platforms import Envelope, Later, Read
from app.sources.woocommerce.categories import Categories, Paths
from app.sources.woocommerce.reading import Row
from app.sources.woocommerce.signature import is_genuine
from app.sources.woocommerce.translator import NO_CATEGORIES, account, deleted_account, deleted_order, order, products_of

TOPIC = "x-wc-webhook-topic"
DELIVERY = "x-wc-webhook-delivery-id"
_PING = re.compile(rb"webhook_id=\d{1,19}")


TRIES = 5
"""So often categories are looked up for an order; then it goes without."""


class WooCommerceSource:
    def __init__(self, categories: Categories | None = None) -> None:
        self._categories = categories

    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        """What WooCommerce sends, unsigned, when a webhook is saved: it expects an answer."""
        return TOPIC not in headers and _PING.fullmatch(body) is not None

    def is_genuine(self, headers: Mapping[str, str], body: bytes, known: SourceSecrets) -> bool:
        return is_genuine(headers, body, known.secrets)

    def envelope(self, headers: Mapping[str, str], body: bytes) -> Envelope:  # noqa: ARG002 - the port's
        return Envelope(headers.get(TOPIC, "?").strip(), headers.get(DELIVERY, "").strip() or None)

    async def read(self, pushes: Sequence[StoredPush], shops: Sequence[Shop]) -> list[Read]:
        categories = None if self._categories is None else _OneTry(self._categories)
        return [await self._read(push, shops[0], categories) for push in pushes]

    async def _read(self, push: StoredPush, shop: Shop, categories: "_OneTry | None") -> Read:
        row = foreign_json(push.body)
        try:
            if not isinstance(row, dict):
                raise NotUnderstood("the body is no JSON object")
            return _translated(push, row, shop, await _looked_up(push, row, shop, categories))
        except (NotUnderstood, Later) as words:
            return words


class _OneTry:
    """Categories for pushes that are read together: a shop that does not answer is asked once, for others wait meanwhile (R71)."""

    def __init__(self, categories: Categories) -> None:
        self._categories = categories
        self._down: Later | None = None

    async def of(self, shop: Shop, products: Collection[str]) -> Mapping[str, Paths]:
        if self._down is not None:
            raise self._down
        try:
            return await self._categories.of(shop, products)
        except Later as down:
            self._down = down
            raise


async def _looked_up(push: StoredPush, row: Row, shop: Shop, categories: _OneTry | None) -> Mapping[str, Paths]:
    """A shop that never answers its own gateway must not hold up its orders for ever."""
    products = products_of(row) if push.kind.startswith("order.") else set()
    if not products or categories is None:
        return NO_CATEGORIES
    try:
        return await categories.of(shop, products)
    except Later:
        if push.tries < TRIES:
            raise
        return NO_CATEGORIES


def _translated(push: StoredPush, row: Row, shop: Shop, categories: Mapping[str, Paths]) -> Translation:
    about, _, what = push.kind.partition(".")
    if about == "order":
        return deleted_order(row, shop) if what == "deleted" else order(row, shop, push.received_at, categories)
    if about == "customer":
        return deleted_account(row, shop) if what == "deleted" else account(row, shop, push.received_at)
    if about in ("product", "coupon", "action"):
        return Translation()  # nothing of them travels
    raise NotUnderstood(f"nothing is known of the topic {push.kind!r}")
