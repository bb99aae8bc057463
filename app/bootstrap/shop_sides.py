"""What stands behind each shop's side: its panel, a webhook, or nothing. One queue per panel."""

import asyncio
import hashlib
from typing import NamedTuple, assert_never

import httpx

from app.clients.idosell.client import IdosellPanel
from app.clients.rate_limiter import RateLimiter
from app.clients.shop_webhook import NotConnected, ShopWebhook
from app.clients.transport import Transport
from app.domain.shops.shop import PanelKind
from app.services.delivery.taking_over import LOCK_OF_A_PANEL
from app.services.ports.clock import Clock
from app.services.ports.shop_side import ShopSide
from app.services.shops.directory import PanelAccess, ShopDirectory


class _PanelQueue:
    """One queue per panel, whichever of its shops a call is for (contract 1.7)."""

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self._limiters: dict[float, RateLimiter] = {}

    def limiter(self, calls_per_second: float) -> RateLimiter:
        return self._limiters.setdefault(calls_per_second, RateLimiter(calls_per_second, in_flight=1))


def _panel_of(access: PanelAccess) -> str:
    """Shops of one panel have hosts of their own but one key (contract 4), so the key says which panel it is."""
    return hashlib.sha256(access.api_key.encode()).hexdigest()[:16]


class _Standing(NamedTuple):
    """What stands behind a shop, and the same once more if it is a panel that can be read."""

    side: ShopSide
    panel: IdosellPanel | None = None


class ShopSides:
    """What stands behind the port of each shop's side; a changed shop gets a new one."""

    def __init__(self, directory: ShopDirectory, http: httpx.AsyncClient, to_anywhere: httpx.AsyncClient, clock: Clock) -> None:
        self._directory = directory
        self._http = http
        self._to_anywhere = to_anywhere
        self._clock = clock
        self._known: dict[str, tuple[PanelAccess, _Standing]] = {}
        self._queues: dict[str, _PanelQueue] = {}

    def __call__(self, shop_id: str) -> ShopSide:
        return self._standing(shop_id).side

    def panel_of(self, shop_id: str) -> IdosellPanel | None:
        """The shop's panel, if it is one that can be read."""
        return self._standing(shop_id).panel

    def lock_of(self, shop_id: str) -> str | None:
        """A panel is served by one process at a time; a receiver of notices takes several at a time."""
        access = self._directory.panel_access(shop_id)
        return f"{LOCK_OF_A_PANEL}{_panel_of(access)}" if access.shop.panel.kind.needs_lock else None

    def of(self, access: PanelAccess) -> ShopSide:
        """Of a shop that may not be stored yet."""
        return self._behind(access).side

    def _standing(self, shop_id: str) -> _Standing:
        access = self._directory.panel_access(shop_id)
        known = self._known.get(shop_id)
        if known is None or known[0] != access:
            known = self._known[shop_id] = (access, self._behind(access))
        return known[1]

    def _behind(self, access: PanelAccess) -> _Standing:
        shop, panel = access.shop, access.shop.panel
        match panel.kind:
            case PanelKind.IDOSELL:
                queue = self._queues.setdefault(_panel_of(access), _PanelQueue())
                transport = Transport(self._http, queue.limiter(panel.calls_per_second))
                read = IdosellPanel(shop, access.api_key, transport, self._clock, queue.lock, self._notices(access))
                return _Standing(read, read)
            case PanelKind.WEBHOOK:
                transport = Transport(self._to_anywhere, RateLimiter(panel.calls_per_second))
                return _Standing(ShopWebhook(shop, panel.base_url or "", access.api_key, transport, self._clock))
            case PanelKind.NONE:
                return _Standing(NotConnected(self._clock))
            case _:
                assert_never(panel.kind)

    def _notices(self, access: PanelAccess) -> ShopWebhook | None:
        panel = access.shop.panel
        if panel.webhook_url is None:
            return None
        transport = Transport(self._to_anywhere, RateLimiter(panel.calls_per_second))
        return ShopWebhook(access.shop, panel.webhook_url, access.webhook_secret, transport, self._clock)
