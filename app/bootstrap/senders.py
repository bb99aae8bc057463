"""Which sender serves a destination."""

from collections.abc import Callable

from app.bootstrap.salesmanago import Upstreams
from app.bootstrap.shop_sides import ShopSides
from app.services.delivery.senders.opt_in_verifier import OptInVerifier
from app.services.delivery.senders.salesmanago_sender import SalesmanagoSender
from app.services.delivery.senders.sender import Sender
from app.services.delivery.senders.shop_sender import ShopSender
from app.services.ports.clock import Clock
from app.services.ports.storage import Store
from app.services.shops.directory import ShopDirectory


class Senders:
    """The sender of each destination."""

    def __init__(
        self,
        store: Store,
        directory: ShopDirectory,
        upstreams: Upstreams,
        sides: ShopSides,
        clock: Clock,
        is_behind: Callable[[], bool],
    ) -> None:
        self._store = store
        self._directory = directory
        self._upstreams = upstreams
        self._sides = sides
        self._clock = clock
        self._is_behind = is_behind

    def __call__(self, destination: str) -> Sender:
        kind, _, name = destination.partition(":")
        if kind in ("newsletter", "tags"):
            shop = self._directory.shop(name)
            itself = [] if shop is not None and shop.enabled else [name]
            return ShopSender(
                self._sides(name),
                itself,
                [name] if kind == "newsletter" else [],
                self._store,
                self._clock,
                self._sides.lock_of(name),
            )
        closed = self._directory.closed_shops()
        if kind == "reading":
            shops = [shop.id for shop in self._directory.shops_of(name)]
            return OptInVerifier(self._upstreams(name), name, shops, closed, self._store, self._clock)
        open_ = self._directory.open_shops(name)
        return SalesmanagoSender(self._upstreams(name), name, open_, closed, self._store, self._clock, self._is_behind)
