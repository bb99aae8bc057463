"""In which categories of the shop a product stands: orders do not say it, WooCommerce's public Store API does. No key is needed."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import httpx

from app.clients.foreign import foreign_json
from app.clients.rate_limiter import RateLimiter
from app.clients.transport import Outgoing, Reply, Transport
from app.domain.delivery.outcomes import Throttled
from app.domain.shops.shop import Shop
from app.services.ports.clock import Clock
from app.sources.platforms import Later
from app.sources.woocommerce.reading import Row, listed, text

Paths = tuple[tuple[str, ...], ...]
"""The categories of a product, each from the outermost to its own."""

PER_CALL = 100
"""The Store API's largest page."""
MOST_PAGES = 20
DEEPEST = 12
KEPT = timedelta(hours=12)
MOST_PRODUCTS = 50_000
CALLS_PER_SECOND = 2.0


class Categories:
    """Kept in memory for a while."""

    def __init__(self, http: httpx.AsyncClient, clock: Clock) -> None:
        self._http = http
        self._clock = clock
        self._sites: dict[str, Transport] = {}
        self._trees: dict[str, tuple[float, Mapping[str, Row]]] = {}
        self._products: dict[tuple[str, str], tuple[float, Paths]] = {}

    async def of(self, shop: Shop, products: Collection[str]) -> dict[str, Paths]:
        """Of a shop that does not show its products there, nothing is known. Raises `Later` if it does not answer."""
        fresh = self._clock().timestamp() - KEPT.total_seconds()
        missing = sorted(one for one in products if self._products.get((shop.host, one), (0.0, ()))[0] < fresh)
        for start in range(0, len(missing), PER_CALL):
            await self._look_up(shop, missing[start : start + PER_CALL], fresh)
        return {one: self._products[shop.host, one][1] for one in products if (shop.host, one) in self._products}

    async def _look_up(self, shop: Shop, products: list[str], fresh: float) -> None:
        shown = await self._asked(shop, "products", {"include": ",".join(products), "per_page": str(PER_CALL)})
        tree = await self._tree(shop, fresh) if shown else {}
        found = {text(row, "id"): paths_of(row, tree) for row in shown}
        if len(self._products) > MOST_PRODUCTS:
            self._products.clear()
        now = self._clock().timestamp()
        self._products |= {(shop.host, one): (now, found.get(one, ())) for one in products}

    async def _tree(self, shop: Shop, fresh: float) -> Mapping[str, Row]:
        """Every category by its number."""
        at, known = self._trees.get(shop.host, (0.0, {}))
        if at >= fresh:
            return known
        tree: dict[str, Row] = {}
        for page in range(1, MOST_PAGES + 1):
            rows = await self._asked(shop, "products/categories", {"per_page": str(PER_CALL), "page": str(page)})
            tree |= {number: row for row in rows if (number := text(row, "id")) is not None}
            if len(rows) < PER_CALL:
                break
        self._trees[shop.host] = self._clock().timestamp(), tree
        return tree

    async def _asked(self, shop: Shop, what: str, parameters: Mapping[str, str]) -> list[Row]:
        site = self._sites.setdefault(shop.host, Transport(self._http, RateLimiter(CALLS_PER_SECOND, in_flight=1)))
        url = f"https://{shop.host}/wp-json/wc/store/v1/{what}"
        answer = await site.send(Outgoing("GET", url, {"Accept": "application/json"}, parameters=parameters))
        if not isinstance(answer, Reply):
            raise Later(f"{what} of the shop: {'HTTP 429' if isinstance(answer, Throttled) else answer.cause}")
        read: Any = foreign_json(answer.body) if answer.status == HTTPStatus.OK else None
        return [row for row in read if isinstance(row, dict)] if isinstance(read, list) else []


def paths_of(product: Row, tree: Mapping[str, Row]) -> Paths:
    """From the outermost category to each in which the product stands; without the tree, its categories alone."""
    return tuple(path for one in listed(product, "categories") if (path := _path(one, tree)))


def _path(category: Row, tree: Mapping[str, Row]) -> tuple[str, ...]:
    names: list[str] = []
    at: Row | None = tree.get(text(category, "id") or "", category)
    while at is not None and len(names) < DEEPEST:
        if (name := text(at, "name")) is not None:
            names.insert(0, name)
        at = tree.get(text(at, "parent") or "")
    return tuple(names)
