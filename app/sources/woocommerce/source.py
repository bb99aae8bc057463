"""WooCommerce behind the port of platforms. Its pushes say everything that is needed, so nothing is asked."""

import re
from collections.abc import Mapping, Sequence

from app.clients.foreign import foreign_json
from app.domain.shops.shop import Shop
from app.domain.sources import StoredPush
from app.services.shops.directory import SourceSecrets
from app.sources.platforms import Envelope, Read
from app.sources.port import NotUnderstood, Translation
from app.sources.woocommerce.signature import is_genuine
from app.sources.woocommerce.translator import account, order

TOPIC = "x-wc-webhook-topic"
DELIVERY = "x-wc-webhook-delivery-id"
_PING = re.compile(rb"webhook_id=\d{1,19}")


class WooCommerceSource:
    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        """What WooCommerce sends, unsigned, when a webhook is saved: it wants to hear that somebody is there."""
        return TOPIC not in headers and _PING.fullmatch(body) is not None

    def is_genuine(self, headers: Mapping[str, str], body: bytes, known: SourceSecrets) -> bool:
        return is_genuine(headers, body, known.secrets)

    def envelope(self, headers: Mapping[str, str], body: bytes) -> Envelope:  # noqa: ARG002 - the port's
        return Envelope(headers.get(TOPIC, "?").strip(), headers.get(DELIVERY, "").strip() or None)

    async def read(self, pushes: Sequence[StoredPush], shops: Sequence[Shop]) -> list[Read]:
        return [_read(push, shops[0]) for push in pushes]


def _read(push: StoredPush, shop: Shop) -> Read:
    about, _, what = push.kind.partition(".")
    row = foreign_json(push.body)
    try:
        if not isinstance(row, dict):
            raise NotUnderstood("the body is no JSON object")
        if about == "order":
            return order(row, shop)
        if about == "customer":
            return Translation() if what == "deleted" else account(row, shop)
        if about in ("product", "coupon", "action"):
            return Translation()  # nothing of them travels
        raise NotUnderstood(f"nothing is known of the topic {push.kind!r}")
    except NotUnderstood as words:
        return words
