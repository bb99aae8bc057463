"""Where a request comes from, and what that alone opens or limits."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import Scope

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_FORWARDED = (b"x-forwarded-for", b"forwarded")
_IPV6_SITE = 64
"""A site has so many bits of an IPv6 address: all the others are one caller's to choose."""

UNKNOWN = "unknown"


def network_of(scope: Scope) -> str:
    """The caller as limits know it: an IPv4 address, or the /64 of an IPv6 address."""
    address = address_of(scope)
    if address is None:
        return UNKNOWN
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _IPV6_SITE), strict=False))
    return str(address)


@dataclass(frozen=True)
class OpenDoors:
    """What needs no key from certain networks."""

    metrics: Sequence[Network]
    behind_proxy: bool
    """Proxies are named, so `X-Forwarded-For` was followed where it may be believed."""

    def metrics_open_to(self, scope: Scope) -> bool:
        if not self.metrics or (not self.behind_proxy and _is_forwarded(scope)):
            return False  # a caller behind a proxy that we do not know is not at the proxy's address
        address = address_of(scope)
        return address is not None and any(address in network for network in self.metrics)


def _is_forwarded(scope: Scope) -> bool:
    return any(name in _FORWARDED for name, _ in scope["headers"])


def address_of(scope: Scope) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The caller's address; None where there is none, as over a local socket."""
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(client[0].partition("%")[0]) if client else None
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, ipaddress.IPv6Address) else address
