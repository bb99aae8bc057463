"""Every route of the contract, with odd strings wherever a request carries one. The files beside this one divide the places."""

import json
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from starlette.types import ASGIApp

from app.bootstrap.gateway import open_gateway
from app.configuration.settings import Settings
from app.configuration.shops_file import parse
from app.domain.shops.configuration import OPERATOR_ROLE
from app.routers.events.examples import EXAMPLES
from app.server.application import application_of, openapi
from app.services.shops.keyring import KeyRing
from tests.routers import direct
from tests.support.gateways import ACCOUNT, SECRET, SHOPS

ODD = [
    "%00",
    "a%00b",
    "%2500",
    "%ff%fe",
    "%ed%a0%bd",  # half an emoji
    "%f0%9f%98%80",
    "%0a",
    "%0d%0aX-Injected:%201",
    "%1b%5b31m",
    "%7f",
    "%e2%80%ae",
    "%cc%81",
    "..%2f..%2fetc",
    "%25s%25n",
    "'%20OR%20'1'='1",
    "%5c",
    "*",
    "0",
    "-1",
    "1.5",
    "1e9",
    "NaN",
    "2147483648",
    "9223372036854775808",
    "1" + "0" * 40,
    "9" * 5000,
    "true",
    "null",
    "%5b%5d",
    "%20",
    "",
]
ODD_BYTES = [b"\xff\xfe", b"a\tb", b"\x01\x1b", "zażółć".encode(), b"9" * 300, b"", b'"', b"%00", b"\xed\xa0\xbd", b"a" * 20_000]
ORDER = json.dumps(EXAMPLES["order"]).encode()
JSON = {"Content-Type": "application/json"}

Asked = tuple[str, str, dict[str, Any]]
"""Method, address, headers."""


@asynccontextmanager
async def on(database_url: str, folder: Path) -> AsyncIterator[tuple[ASGIApp, list[str]]]:
    """The application, and keys of a shop and of an operator."""
    key = Fernet.generate_key().decode()
    (folder / "secret").write_text(SECRET)
    shops = {name: {**shop, "callback_secret": f"file:{folder / 'callback'}"} for name, shop in SHOPS.items()}
    (folder / "callback").write_text("shop1Secret00016")
    async with open_gateway(Settings(database_url=database_url, encryption_keys=(key,))) as gateway:
        accounts = {"main": {**ACCOUNT, "api_secret": f"file:{folder / 'secret'}"}}
        await gateway.directory.apply(*parse({"accounts": accounts, "shops": shops}, KeyRing([key])))
        keys = [await gateway.directory.issue_key("shop1"), await gateway.directory.issue_key(None, OPERATOR_ROLE)]
        yield application_of(gateway), keys


def filled(path: str, name: str = "", odd: str = "") -> str:
    """The path of a route, one of its parameters odd."""
    right = {"shop": "shop1", "account": "main", "direction": "opt-out", "number": "1", "event_id": "e1"}
    for one, value in {**right, **({name: odd} if name else {})}.items():
        path = path.replace(f"{{{one}}}", value)
    return path


def routes() -> Iterator[tuple[str, str, list[dict[str, Any]]]]:
    """Path, method and parameters of each."""
    for path, operations in openapi()["paths"].items():
        for method, operation in operations.items():
            yield path, method, operation.get("parameters", [])


def with_odd_paths() -> Iterator[Asked]:
    for path, method, parameters in routes():
        for odd in ODD:
            for one in parameters:
                if one["in"] == "path":
                    yield method, filled(path, one["name"], odd), {}


def with_odd_queries() -> Iterator[Asked]:
    for path, method, parameters in routes():
        for name in [one["name"] for one in parameters if one["in"] == "query"] or ["unknown"]:
            for odd in ODD:
                yield method, f"{filled(path)}?{name}={odd}", {}


def with_odd_headers(names: Sequence[str]) -> Iterator[Asked]:
    for path, method, _ in routes():
        for header in names:
            for value in ODD_BYTES:
                yield method, filled(path), {header: value}


async def ask(requests: Iterable[Asked], database_url: str, folder: Path) -> tuple[int, list[Any]]:
    """How many were asked, and those that were answered 5xx."""
    asked, failed = 0, []
    async with on(database_url, folder) as (app, keys):
        for method, address, headers in requests:
            posts = method == "post"
            sent = {"Authorization": f"Bearer {keys['/operations/' in address]}", **(JSON if posts else {}), **headers}
            answer = await direct.ask(app, method, address, sent, ORDER if posts else b"")
            asked += 1
            if answer.status_code >= 500:
                failed.append((method, address[:80], headers, answer.status_code))
    return asked, failed
