"""A client for each SALESmanago account."""

import httpx

from app.clients.rate_limiter import RateLimiter
from app.clients.salesmanago.client import SalesmanagoClient
from app.clients.transport import Transport
from app.domain.delivery.outbox import to_account
from app.domain.salesmanago_limits import CALLS_IN_FLIGHT
from app.services.delivery.rate_limit import OwnRateLimit, SharedRateLimit
from app.services.ports.clock import Clock
from app.services.ports.salesmanago import Upstream
from app.services.ports.storage import Store
from app.services.shops.directory import AccountAccess, ShopDirectory


class Upstreams:
    """The SALESmanago client of each account; a changed account gets a new one."""

    def __init__(
        self, store: Store, directory: ShopDirectory, http: httpx.AsyncClient, clock: Clock, *, alone: bool = False
    ) -> None:
        """`alone`: no other process uses the store."""
        self._store = store
        self._directory = directory
        self._http = http
        self._clock = clock
        self._alone = alone
        self._clients: dict[str, tuple[AccountAccess, SalesmanagoClient]] = {}

    def __call__(self, account_id: str) -> Upstream:
        return self.client(account_id)

    def client(self, account_id: str) -> SalesmanagoClient:
        access = self._directory.access(account_id)
        known = self._clients.get(account_id)
        if known is None or known[0] != access:
            allowed = access.account.calls_per_second
            bucket = self._bucket(to_account(account_id), allowed)
            transport = Transport(self._http, RateLimiter(allowed, CALLS_IN_FLIGHT, bucket))
            known = (access, SalesmanagoClient(access.account, access.api_secret, transport, self._clock))
            self._clients[account_id] = known
        return known[1]

    def _bucket(self, destination: str, allowed: float) -> SharedRateLimit:
        if self._alone:
            return OwnRateLimit(self._store, destination, allowed, self._clock)
        return SharedRateLimit(self._store, destination, allowed)
