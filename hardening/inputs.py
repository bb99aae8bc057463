"""What is sent: generated cases of the whole document, every parser, bombs, and addresses that lead inside."""

import contextlib
import gzip
import json
import random
import time
import tomllib
from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis.generation import GenerationMode
from starlette.datastructures import Headers

from app.clients.foreign import foreign_json
from app.clients.webhook_targets import Target, checked
from app.configuration.shops_file import parse
from app.domain.errors import BadConfiguration, GatewayError
from app.domain.shops.callbacks import verified
from app.formats import subscriber_csv
from app.routers.edge.dependencies import check_signature
from app.server.application import openapi
from app.sources.findings import NotUnderstood
from app.sources.idosell.pushed import webhooki
from app.sources.idosell.pushed import webhooks as pushes
from app.sources.idosell.pushed.signature import is_genuine
from app.sources.woocommerce import signature as woocommerce
from hardening.stage import Effort, Row, Stage

_SUPPRESSED = list(HealthCheck)


AT_ONCE = 200


def _settings(number: int) -> Any:
    return settings(max_examples=number, deadline=None, database=None, suppress_health_check=_SUPPRESSED, phases=[Phase.generate])


def generated(strategy: st.SearchStrategy[Any], effort: Effort, use: Callable[[Any], object]) -> None:
    """Inputs until there are enough, or the time is over."""
    ends, left = time.monotonic() + effort.seconds, effort.inputs

    while left > 0 and time.monotonic() < ends:

        def one(given_: Any) -> None:
            if time.monotonic() < ends:
                use(given_)

        given(given_=strategy)(_settings(min(AT_ONCE, left))(one))()
        left -= AT_ONCE


MOST_OF_AN_OPERATION = 20


async def document(stage: Stage, effort: Effort) -> Row:
    """Schemathesis over every operation, right and wrong inputs: no 5xx, and every error is a problem document.

    Sent in turns, so that every operation is reached within twenty times the seconds of a parser.
    """
    row = Row("generated requests of every operation", "API3 API8 API9")
    contract = schemathesis.openapi.from_dict(deepcopy(openapi()))  # it resolves references in place
    operations: list[Any] = [result.ok() for result in contract.get_all_operations()]  # type: ignore[union-attr]  # our own document
    cases: list[Any] = []
    number = max(1, min(MOST_OF_AN_OPERATION, effort.inputs // 20))

    for operation in operations:
        before = len(cases)
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            with contextlib.suppress(Unsatisfiable):  # what takes no input has no wrong one
                strategy = operation.as_strategy(generation_mode=mode)
                given(case=strategy)(_settings(number)(lambda case: cases.append(case)))()
        if len(cases) == before:
            row.fail(f"{operation.label}: no request was generated")
    async with stage.caller(stage.keys["admin"]) as staff, stage.caller(stage.keys["shop1"]) as shop:
        ends = time.monotonic() + 20 * effort.seconds
        for place, case in enumerate(sorted(cases, key=lambda _: random.random())):
            if time.monotonic() > ends:
                row.name += f" ({place:,} of {len(cases):,})"
                break
            sent = case.as_transport_kwargs(base_url="http://gateway.test")
            arguments = {name: sent[name] for name in ("method", "url", "params", "json", "data") if name in sent}
            if isinstance(arguments.get("data"), str | bytes):
                arguments["content"] = arguments.pop("data")
            headers = {name: value for name, value in (sent.get("headers") or {}).items() if name.lower() != "authorization"}
            try:
                answers = [await http.request(headers=headers, **arguments) for http in (shop, staff)]
            except (ValueError, TypeError, UnicodeError):
                continue  # what no client can put on the wire
            for answer in answers:
                row.inputs += 1
                row.refused += answer.status_code >= 400
                row.server_errors += answer.status_code >= 500
                if answer.status_code >= 500:
                    row.fail(f"{case.operation.label}: {answer.status_code}")
                elif answer.status_code >= 400 and "problem+json" not in answer.headers.get("content-type", ""):
                    row.fail(f"{case.operation.label}: {answer.status_code} is no problem document")
    return row


_TEXT = st.text(max_size=200) | st.text(alphabet='{}[]",:;=&%+\\\n\r\t\0\ufeff', max_size=200)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_TEXT, inner, max_size=5),
    max_leaves=20,
)
_BYTES = (
    st.binary(max_size=500)
    | _TEXT.map(lambda text: text.encode("utf-8", "surrogatepass"))
    | _JSON.map(lambda one: json.dumps(one).encode())
)
_NAMES = st.sampled_from(["event", "email", "basket_id", "items", "clientId", "orders", "results", "token", "items[0][id]"])
_FORM = st.dictionaries(_NAMES, _TEXT, max_size=6).map(
    lambda pairs: "&".join(f"{name}={text}" for name, text in pairs.items()).encode("utf-8", "replace")
)


async def parsers(stage: Stage, effort: Effort) -> Row:
    """Hypothesis over every parser: whatever comes, an answer or the parser's own refusal, never anything else."""
    row = Row("parsers", "API3 API10")
    shop, directory = stage.gateway.directory.shop("shop1"), stage.gateway.directory
    assert shop is not None
    shops, now = [shop], datetime.now(UTC)

    def tried(name: str, strategy: st.SearchStrategy[Any], read: Callable[[Any], object], *expected: type[Exception]) -> None:
        def one(given_: Any) -> None:
            row.inputs += 1
            try:
                read(given_)
            except expected:
                row.refused += 1
            except Exception as error:
                row.fail(f"{name}: {type(error).__name__} at {given_!r:.60}")

        generated(strategy, effort, one)

    def csv(raw: bytes) -> None:
        for line in subscriber_csv.parsed(subscriber_csv.decoded(raw), 100).rows:
            subscriber_csv.event_of(line, shop, now)

    names = st.sampled_from(["webhook-id", "webhook-timestamp", "webhook-signature", "authorization", "x-iai-signature"])
    headers = st.dictionaries(names, _TEXT.map(_latin), max_size=4)
    tried("signature of a shop", headers, lambda some: check_signature(directory, shop, Headers(some), b"{}"), GatewayError)
    tried("signature of a panel", st.tuples(headers, _BYTES), lambda one: is_genuine(one[0], one[1], ["t" * 16], ["s" * 16]))
    woo = st.tuples(_TEXT.map(lambda text: {woocommerce.SIGNATURE: text}), _BYTES)
    tried("signature of WooCommerce", woo, lambda one: woocommerce.is_genuine(one[0], one[1], ["s" * 16]))
    tried("callback", st.tuples(_TEXT, _TEXT), lambda one: verified(one[0], one[1], ["hardeningSecret1"]))
    tried("CSV", _BYTES, csv, ValueError)
    file, ring = _JSON.map(lambda one: {"accounts": one, "shops": one}), stage.gateway.ring
    tried("TOML of shops", file, lambda raw: parse(raw, ring), BadConfiguration)
    tried("TOML", _TEXT, lambda text: parse(tomllib.loads(text), stage.gateway.ring), BadConfiguration, tomllib.TOMLDecodeError)
    tried("foreign JSON", _BYTES, foreign_json)
    kinds = st.sampled_from(["clientCreated", "orderCreated", "returnCreated", "productChanged", "odd"])
    tried("webhook of a panel", st.tuples(kinds, _BYTES), lambda one: pushes.parsed(*one), NotUnderstood)
    types = st.sampled_from(["application/json", "application/x-www-form-urlencoded", ""])
    form = st.tuples(_FORM | _BYTES, types)
    tried("Webhooki", form, lambda one: webhooki.parsed(webhooki.fields_of(*one), shops, now), NotUnderstood)
    async with stage.caller(stage.keys["shop1"]) as http:
        for path in ("orders", "events", "registrations", "subscriber-lists"):
            await _bodies(row, http, path, effort)
    return row


def _latin(text: str) -> str:
    return text.encode("latin-1", "replace").decode("latin-1").replace("\r", "").replace("\n", "")


async def _bodies(row: Row, http: Any, path: str, effort: Effort) -> None:
    bodies: list[bytes] = []
    generated(_BYTES, effort, bodies.append)
    ends = time.monotonic() + effort.seconds
    kind = "text/csv" if path == "subscriber-lists" else "application/json"
    for body in bodies:
        if time.monotonic() > ends:
            break
        answer = await http.post(f"/v1/shops/shop1/{path}", content=body, headers={"Content-Type": kind})
        row.inputs += 1
        row.refused += answer.status_code >= 400
        row.server_errors += answer.status_code >= 500
        if answer.status_code >= 500:
            row.fail(f"{path}: {answer.status_code} at {body!r:.60}")


_AS_JSON = {"Content-Type": "application/json"}


async def bombs(stage: Stage, _: Effort) -> Row:
    """Bodies and headers that cost more than they weigh: refused, each in well under a second."""
    row = Row("bombs", "API4")
    deep = b"[" * 100_000
    wide = b"[" + b"1," * 400_000 + b"1]"
    path = b'{"order":{"items":[{"menu_paths":[' + b"[1],".join([b""] * 100_000) + b"[1]]}]}}"
    bodies: Mapping[str, tuple[str, bytes, dict[str, str]]] = {
        "deep JSON": ("orders", deep, {}),
        "many values": ("orders", wide, {}),
        "many sections": ("orders", path, {}),
        "compressed": ("orders", gzip.compress(b" " * 20_000_000), {"Content-Encoding": "gzip"}),
        "compressed twice": ("orders", gzip.compress(gzip.compress(b" " * 20_000_000)), {"Content-Encoding": "gzip, gzip"}),
        "more than a megabyte": ("orders", b" " * 1_100_000, {}),
        "a batch of 100,000": ("events", b"[" + b"{}," * 100_000 + b"{}]", {}),
        "a list of many lines": ("subscriber-lists", b"email\n" * 800_000, {"Content-Type": "text/csv"}),
        "a million commas": ("subscriber-lists", b"," * 1_000_000, {"Content-Type": "text/csv"}),
    }
    async with stage.caller(stage.keys["shop1"]) as http:
        for name, (where, body, headers) in bodies.items():
            began = time.perf_counter()
            answer = await http.post(f"/v1/shops/shop1/{where}", content=body, headers=_AS_JSON | headers)
            row.inputs += 1
            row.refused += 400 <= answer.status_code < 500
            row.server_errors += answer.status_code >= 500
            if not 400 <= answer.status_code < 500:
                row.fail(f"{name}: {answer.status_code}")
            if time.perf_counter() - began > 2:
                row.fail(f"{name}: {time.perf_counter() - began:.1f} s")
    return row


INSIDE = (
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255",
    "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::", "2002:a00:1::", "2001:0:0:0:0:0:f5ff:fffe", "3fff::1", "fec0::1",
)  # fmt: skip
ODD = (
    "http://example.com/", "https://example.com:22/", "https://example.com:25/", "ftp://example.com/", "https:///x", "https://[::1/",
    "https://example.com:99999/", "file:///etc/passwd", "gopher://example.com/", "https://exa\u2025mple.com:0/",
)  # fmt: skip


async def inside(_: Stage, __: Effort) -> Row:
    """Notices never go to private addresses: however written, also by a name that changes between check and call."""
    row = Row("addresses that lead inside", "API7")

    async def refused(url: str, *addresses: str) -> bool:
        async def resolve(_host: str, _port: int) -> list[str]:
            return list(addresses)

        row.inputs += 1
        kept_out = not isinstance(await checked(url, allow_private=False, resolve=resolve), Target)
        row.refused += kept_out
        return kept_out

    for address in INSIDE:
        if not await refused("https://example.com/hook", address):
            row.fail(f"{address} is let through")
        if not await refused("https://example.com/hook", "93.184.216.34", address):
            row.fail(f"{address} is let through beside a public one")
    for url in ODD:
        if not await refused(url, "93.184.216.34"):
            row.fail(f"{url} is let through")
    answers = iter((["93.184.216.34"], ["127.0.0.1"]))

    async def rebinding(_host: str, _port: int) -> list[str]:
        return next(answers)

    target = await checked("https://example.com/hook", allow_private=False, resolve=rebinding)
    row.inputs += 1
    if not isinstance(target, Target) or "93.184.216.34" not in target.url:
        row.fail("the call does not go to the address that was checked")
    return row
