"""From which addresses of the network a caller is believed, where a shop or an account names them."""

from collections.abc import Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Address = IPv4Address | IPv6Address


def is_expected(address: Address | None, networks: Sequence[str]) -> bool:
    """Is it in one of the networks? Everybody is where none is named; a caller without an address only there."""
    return not networks or (address is not None and any(address in _network(one) for one in networks))


@lru_cache(maxsize=256)
def _network(text: str) -> IPv4Network | IPv6Network:
    return ip_network(text)
