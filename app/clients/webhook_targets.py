"""Where a notice may go: the address is resolved, every answer is checked, and the call goes to a checked one.

Checking a name and then letting the HTTP library resolve it again would leave a gap for the owner of the name.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit, urlunsplit

from app.domain.delivery.outcomes import Refused, Unreachable

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""(host, port) -> addresses."""

_NAT64 = IPv6Network("64:ff9b::/96")
_GLOBAL = IPv6Network("2000::/3")
_DOCUMENTATION = IPv6Network("3fff::/20")
"""RFC 9637: for examples alone; the standard library of Python 3.11 does not know it."""
RESOLVE_SECONDS = 10.0
_HTTPS_PORT = 443
_LOWEST_OTHER_PORT = 1024
"""Below it other services live; a webhook does not."""


@dataclass(frozen=True)
class Target:
    url: str
    """With the checked address in place of the host."""
    host_header: str
    server_name: str


async def resolve(host: str, port: int) -> list[str]:
    async with asyncio.timeout(RESOLVE_SECONDS):
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in found))


async def checked(url: str, *, allow_private: bool, resolve: Resolve = resolve) -> Target | Refused | Unreachable:
    """The target of a call, now. A refusal is for the person who configured the address, not for the item."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port if parts.port is not None else (_HTTPS_PORT if parts.scheme == "https" else 80)
    except ValueError:  # an impossible port, host or bracket
        return Refused("the address for notices is none", account_wide=True)
    if not host or not 0 < port <= 65535:
        return Refused("the address for notices is none", account_wide=True)
    if not allow_private and (parts.scheme != "https" or _HTTPS_PORT != port < _LOWEST_OTHER_PORT):
        return Refused("notices go to https addresses, port 443 or above 1023", account_wide=True)
    try:
        addresses = await resolve(host, port)
    except (OSError, TimeoutError) as error:
        return Unreachable(f"the host is not found: {type(error).__name__}")
    if not addresses:
        return Unreachable("the host has no address")
    if not allow_private and not all(is_public(ip_address(one.partition("%")[0])) for one in addresses):
        return Refused("the host leads to a private or reserved address", account_wide=True)
    explicit = "" if parts.port is None else f":{parts.port}"
    netloc = (f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]) + explicit
    shown = (f"[{host}]" if ":" in host else host) + explicit
    return Target(urlunsplit((parts.scheme, netloc, parts.path, parts.query, "")), shown, host)


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Reachable from anywhere, also where an IPv6 address wraps an IPv4 one. Of IPv6 only what is given out as global."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast
    inner = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
    if address in _NAT64:
        inner = IPv4Address(int(address) & 0xFFFFFFFF)
    if inner is not None:
        return is_public(inner)
    return address in _GLOBAL and address not in _DOCUMENTATION and address.is_global
