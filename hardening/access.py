"""Who may ask what: every route of the OpenAPI document by every kind of caller, and keys that are guessed."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from app.routers.events.examples import EXAMPLES
from app.server.application import application_of, openapi
from hardening.stage import FORGED, Effort, Row, Stage

_OPEN = ("/healthz", "/readyz", "/callbacks", "/sources", "/problems")
"""Open to strangers, or protected by a signature instead of a key."""
_VALUES = {"shop": "shop2", "event_id": "none", "request_id": "none"}


def routes() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path, operation of every route there is."""
    for path, operations in openapi()["paths"].items():
        for method, operation in operations.items():
            yield method.upper(), path, operation


def filled(path: str, shop: str = "shop2") -> str:
    """The path with a value for each of its parameters."""
    for name, value in (_VALUES | {"shop": shop}).items():
        path = path.replace(f"{{{name}}}", value)
    parts = path.split("/")
    return "/".join("1" if part.startswith("{") else part for part in parts)


def body_of(path: str) -> Any:
    kind = path.rpartition("/")[2].removesuffix("s")
    return EXAMPLES.get(kind, {"email": "somebody@example.com"})


async def strangers(stage: Stage, _: Effort) -> Row:
    """Without a key, and with a forged one: 401 wherever a key is needed, always in the same words."""
    row, words = Row("strangers and forged keys", "API2"), set()
    for method, path, _operation in routes():
        if path.startswith(_OPEN):
            continue
        for key in (None, FORGED, "x", stage.keys["shop1"][:-1] + "?"):
            async with stage.caller(key) as http:
                answer = await http.request(method, filled(path, "shop1"), json=body_of(path) if method == "POST" else None)
            row.inputs += 1
            row.refused += answer.status_code == 401
            if answer.status_code != 401:
                row.fail(f"{method} {path} answers {answer.status_code} to a stranger")
            else:
                words.add(answer.json()["detail"])
    if len(words) != 1:
        row.fail(f"strangers are told {len(words)} different things: {sorted(words)}")
    return row


async def other_shops(stage: Stage, _: Effort) -> Row:
    """A shop's key on another shop's routes, and on those of staff: 404, as if there were none."""
    row = Row("one shop's key at another's routes", "API1 API5")
    async with stage.caller(stage.keys["shop1"]) as http, stage.caller(stage.keys["shop2"]) as owner:
        await owner.post("/v1/shops/shop2/orders", json=EXAMPLES["order"])
        for method, path, _operation in routes():
            if path.startswith(_OPEN) or path == "/metrics":
                continue
            answer = await http.request(method, filled(path), json=body_of(path) if method == "POST" else None)
            row.inputs += 1
            row.refused += answer.status_code == 404
            row.server_errors += answer.status_code >= 500
            if answer.status_code not in (404, 415, 422):  # a body that is no event is refused before anything is looked up
                row.fail(f"{method} {path} answers {answer.status_code} to another shop")
    return row


async def roles(stage: Stage, _: Effort) -> Row:
    """A reader changes nothing; no key of staff posts a shop's events."""
    row = Row("roles of staff", "API5 API6")
    for role in ("reader", "operator", "admin"):
        async with stage.caller(stage.keys[role]) as http:
            for method, path, operation in routes():
                if path.startswith(_OPEN) or method == "GET":
                    continue
                before = await stage.gateway.audit.newest()
                answer = await http.request(method, filled(path, "shop1"), json=body_of(path))
                row.inputs += 1
                row.refused += answer.status_code in (403, 404, 409)
                row.server_errors += answer.status_code >= 500
                if "events" in operation.get("tags", ()) and answer.status_code < 300:
                    row.fail(f"{role} posts {path} as if it were a shop")
                if role == "reader" and await stage.gateway.audit.newest() != before:
                    row.fail(f"a reader's {method} {path} changed something")
    return row


async def guessing(stage: Stage, effort: Effort) -> Row:
    """600 wrong keys and callbacks of one address meet the limit, raise an alarm, and cost others nothing."""
    row, gateway = Row("guessing keys and callbacks", "API2 API4"), stage.gateway
    settings = gateway.settings.model_copy(update={"refusals_per_minute": 30})
    limited = Stage(_with(gateway, settings), application_of(_with(gateway, settings)), stage.keys)
    began, minute, answers = time.perf_counter(), time.time() // 60, []
    async with limited.caller(FORGED, "203.0.113.7") as http:
        for at in range(max(600, min(2_000, effort.inputs))):
            forged = f"/callbacks/shops/shop1/opt-out?email=a@example.com&key={at:040d}"
            answers.append(await (http.get(forged) if at % 2 else http.get("/v1/shops/shop1/events/e1")))
    row.inputs, seconds = len(answers), time.perf_counter() - began
    row.refused = sum(one.status_code == 429 for one in answers)
    heard, minutes = sum(one.status_code in (401, 403) for one in answers), time.time() // 60 - minute + 1
    if not 30 <= heard <= 30 * minutes:
        row.fail(f"{heard} refusals were heard in {minutes:.0f} minutes, of 30 a minute")
    if any("retry-after" not in one.headers or "ratelimit" not in one.headers for one in answers if one.status_code == 429):
        row.fail("a 429 without Retry-After or RateLimit")
    if ("203.0.113.7", "keys_are_tried") not in await gateway.door_counts.alarms():
        row.fail("no alarm")
    async with limited.caller(stage.keys["shop1"], "203.0.113.7") as shop, limited.caller(FORGED, "203.0.113.8") as other:
        if (await shop.get("/v1/shops/shop1/events/none")).status_code != 404:
            row.fail("a valid key does not pass from that address")
        if (await other.get("/v1/shops/shop1/events/none")).status_code != 401:
            row.fail("another address pays for it")
    row.name += f" ({len(answers) / seconds:.0f}/s)"
    return row


def _with(gateway: Any, settings: Any) -> Any:
    return replace(gateway, settings=settings)
