"""Where a notice may go: which addresses are public, and that the checked address is the one that gets the call."""

import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address

import httpx
import pytest

from app.clients.rate_limiter import RateLimiter
from app.clients.transport import Outgoing, Transport
from app.clients.webhook_targets import Target, checked, is_public, resolve
from app.domain.delivery.outcomes import Refused, Unreachable

NAME = "shop.example.com"
URL = f"https://{NAME}/hooks/gateway"
PUBLIC, ALSO_PUBLIC, PUBLIC_6 = "93.184.216.34", "1.1.1.1", "2606:4700:4700::1111"
Resolver = Callable[[str, int], Awaitable[list[str]]]


def leads_to(*addresses: str) -> Resolver:
    async def resolver(_host: str, _port: int) -> list[str]:
        return list(addresses)

    return resolver


def fails_with(error: OSError) -> Resolver:
    async def resolver(_host: str, _port: int) -> list[str]:
        raise error

    return resolver


# -- addresses -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        PUBLIC,
        ALSO_PUBLIC,
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.1",
        "172.15.255.255",
        "172.32.0.1",
        "169.253.255.255",
        "192.167.255.255",
        PUBLIC_6,
        "2a00:1450:4001:800::200e",
        "::ffff:8.8.8.8",
        "64:ff9b::8.8.8.8",
        "2002:0808:0808::1",
    ],
)
def test_an_address_that_anybody_can_reach_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "0.1.2.3",
        "127.0.0.1",
        "127.255.255.254",
        "10.0.0.1",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "100.127.255.255",
        "169.254.169.254",
        "192.0.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.250",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fc00::1",
        "fd12:3456:789a::1",
        "fd00:ec2::254",
        "fe80::1",
        "ff02::1",
        "ff0e::1",
        "100::1",
        "2001:db8::1",
        "3fff::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:224.0.0.1",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "2002:7f00:0001::1",
        "2002:0a00:0001::1",
        "2002:a9fe:a9fe::1",
        "2001:0:4136:e378:8000:63bf:80ff:fffe",  # Teredo of 127.0.0.1: the client is written inverted
        "2001:0:4136:e378:8000:63bf:f5ff:fffe",  # Teredo of 10.0.0.1
        pytest.param("::127.0.0.1"),
        pytest.param("::169.254.169.254"),
        pytest.param("::ffff:0:127.0.0.1"),
        pytest.param("64:ff9b:1::10.0.0.1"),
        pytest.param("fec0::1"),
    ],
)
async def test_a_private_or_reserved_address_is_not_public_in_whatever_wrapping(address: str) -> None:
    assert not is_public(ip_address(address))
    told = await checked(URL, allow_private=False, resolve=leads_to(address))
    assert isinstance(told, Refused)
    assert told.account_wide


# -- targets -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "addresses", "called", "host_header"),
    [
        (URL, [PUBLIC], f"https://{PUBLIC}/hooks/gateway", NAME),
        (URL, [PUBLIC, ALSO_PUBLIC], f"https://{PUBLIC}/hooks/gateway", NAME),
        (URL, [PUBLIC_6], f"https://[{PUBLIC_6}]/hooks/gateway", NAME),
        (f"https://{NAME}:8443/h", [PUBLIC], f"https://{PUBLIC}:8443/h", f"{NAME}:8443"),
        (f"https://{NAME}:8443/h", [PUBLIC_6], f"https://[{PUBLIC_6}]:8443/h", f"{NAME}:8443"),
        (f"https://{NAME}", [PUBLIC], f"https://{PUBLIC}", NAME),
        (f"https://{NAME}/h?token=1&x=%2F#part", [PUBLIC], f"https://{PUBLIC}/h?token=1&x=%2F", NAME),
        (f"https://{NAME}//127.0.0.1/h", [PUBLIC], f"https://{PUBLIC}//127.0.0.1/h", NAME),
    ],
)
async def test_the_call_goes_to_the_checked_address_under_the_name_of_the_host(
    url: str, addresses: list[str], called: str, host_header: str
) -> None:
    target = await checked(url, allow_private=False, resolve=leads_to(*addresses))
    assert target == Target(called, host_header, NAME)


async def test_a_name_in_front_of_the_host_neither_moves_the_call_nor_travels() -> None:
    told = await checked("https://shop.example.com:pass@127.0.0.1/h", allow_private=False, resolve=leads_to("127.0.0.1"))
    assert isinstance(told, Refused)
    told = await checked("https://127.0.0.1:pass@shop.example.com/h", allow_private=False, resolve=leads_to(PUBLIC))
    assert told == Target(f"https://{PUBLIC}/h", "shop.example.com", "shop.example.com")


async def test_the_resolver_is_asked_once_and_for_the_host_and_port_of_the_address() -> None:
    asked: list[tuple[str, int]] = []

    async def resolver(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return [PUBLIC]

    await checked(URL, allow_private=False, resolve=resolver)
    await checked("https://shop.example.com:8443/", allow_private=False, resolve=resolver)
    assert asked == [("shop.example.com", 443), ("shop.example.com", 8443)]


@pytest.mark.parametrize(
    ("url", "is_open"),
    [
        ("https://shop.example.com/", True),
        ("https://shop.example.com:443/", True),
        ("https://shop.example.com:1024/", True),
        ("https://shop.example.com:8443/", True),
        ("https://shop.example.com:65535/", True),
        ("https://shop.example.com:1023/", False),
        ("https://shop.example.com:80/", False),
        ("https://shop.example.com:25/", False),
        ("https://shop.example.com:22/", False),
        pytest.param("https://shop.example.com:0/", False),
        ("http://shop.example.com/", False),
        ("http://shop.example.com:443/", False),
        ("http://shop.example.com:8080/", False),
        ("ftp://shop.example.com/", False),
        ("file:///etc/passwd", False),
        ("gopher://shop.example.com:8443/", False),
        ("//shop.example.com/", False),
        ("shop.example.com", False),
    ],
)
async def test_notices_go_by_https_to_port_443_or_a_high_one(url: str, is_open: bool) -> None:
    told = await checked(url, allow_private=False, resolve=leads_to(PUBLIC))
    if is_open:
        assert isinstance(told, Target)
    else:
        assert isinstance(told, Refused)
        assert told.account_wide


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        [PUBLIC, "10.0.0.1"],
        ["10.0.0.1", PUBLIC],
        [PUBLIC, PUBLIC_6, "::1"],
        [PUBLIC_6, "::ffff:192.168.0.1"],
        ["fe80::1%eth0"],
        [PUBLIC, "fe80::1%2"],
    ],
)
async def test_one_private_address_among_public_ones_closes_the_name(addresses: list[str]) -> None:
    told = await checked(URL, allow_private=False, resolve=leads_to(*addresses))
    assert told == Refused("the host leads to a private or reserved address", account_wide=True)


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://localhost:9000/h", "127.0.0.1"),
        ("http://127.0.0.1:9000/h", "127.0.0.1"),
        ("http://hooks.internal/h", "10.0.0.7"),
        ("https://localhost/h", "::1"),
        ("http://localhost:81/h", "::1"),
    ],
)
async def test_where_private_targets_are_allowed_loopback_and_plain_http_are_fine(url: str, address: str) -> None:
    told = await checked(url, allow_private=True, resolve=leads_to(address))
    assert isinstance(told, Target)
    assert httpx.URL(told.url).host == address
    assert told.host_header in url
    assert isinstance(await checked(url, allow_private=False, resolve=leads_to(address)), Refused)


@pytest.mark.parametrize("error", [socket.gaierror(-2, "Name or service not known"), TimeoutError(), OSError("no network")])
@pytest.mark.parametrize("allow_private", [True, False])
async def test_a_name_that_is_not_found_can_be_tried_again_later(error: OSError, allow_private: bool) -> None:
    assert isinstance(await checked(URL, allow_private=allow_private, resolve=fails_with(error)), Unreachable)
    assert isinstance(await checked(URL, allow_private=allow_private, resolve=leads_to()), Unreachable)


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://0177.0.0.1/",
        "https://0.0.0.0/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:a9fe:a9fe]:8443/",
        "https://169.254.169.254/latest/meta-data/",
    ],
)
async def test_numbers_in_any_spelling_are_what_the_system_takes_them_for(url: str) -> None:
    assert await checked(url, allow_private=False) == Refused("the host leads to a private or reserved address", account_wide=True)


async def test_the_systems_resolver_answers_each_address_once() -> None:
    assert await resolve("127.0.0.1", 443) == ["127.0.0.1"]
    assert await resolve("::1", 443) == ["::1"]


@pytest.mark.parametrize("url", ["https://shop..example.com/", f"https://{'a' * 64}.example.com/"])
async def test_a_name_that_cannot_exist_is_a_value_too(url: str) -> None:
    assert isinstance(await checked(url, allow_private=False), Refused | Unreachable)


@pytest.mark.parametrize("url", ["https://shop.example.com:99999/", "https://shop.example.com:https/", "https://[::1/"])
async def test_an_address_that_cannot_be_read_is_a_value_too(url: str) -> None:
    assert isinstance(await checked(url, allow_private=False, resolve=leads_to(PUBLIC)), Refused)


# -- rebinding -----------------------------------------------------------------------------------------------------------


class Rebinding:
    """A name whose owner answers a public address first and a private one from then on."""

    def __init__(self) -> None:
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> list[str]:
        self.asked += 1
        return [PUBLIC] if self.asked == 1 else ["169.254.169.254"]


async def test_a_name_that_changes_its_mind_never_gets_a_private_address_connected() -> None:
    connected: list[str] = []

    def network(request: httpx.Request) -> httpx.Response:
        connected.append(request.url.host)
        if len(connected) == 1:
            raise httpx.ConnectError("a blip, so that the call is tried again", request=request)
        return httpx.Response(200)

    transport = Transport(httpx.AsyncClient(transport=httpx.MockTransport(network)), RateLimiter(1000))
    resolver = Rebinding()
    target = await checked(URL, allow_private=False, resolve=resolver)
    assert isinstance(target, Target)
    await transport.send(Outgoing("POST", target.url, {"Host": target.host_header}, b"{}", server_name=target.server_name))
    assert (connected, resolver.asked) == ([PUBLIC, PUBLIC], 1)
    assert isinstance(await checked(URL, allow_private=False, resolve=resolver), Refused)
    assert connected == [PUBLIC, PUBLIC]


async def test_the_certificate_is_checked_against_the_name_and_the_host_header_names_it() -> None:
    seen: list[httpx.Request] = []

    def network(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200)

    transport = Transport(httpx.AsyncClient(transport=httpx.MockTransport(network)), RateLimiter(1000))
    target = await checked("https://shop.example.com:8443/h", allow_private=False, resolve=leads_to(PUBLIC))
    assert isinstance(target, Target)
    await transport.send(Outgoing("POST", target.url, {"Host": target.host_header}, b"{}", server_name=target.server_name))
    assert str(seen[0].url) == f"https://{PUBLIC}:8443/h"
    assert seen[0].headers["Host"] == "shop.example.com:8443"
    assert seen[0].extensions["sni_hostname"] == "shop.example.com"
