"""A person does everything a shop can tell, and is erased."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from app.routers.events.examples import EXAMPLES
from tests.support.running.processes import World, http

ADDRESS = "zofia.zapomniana@example.com"
LOCAL = "zofia.zapomniana"


class Erased(NamedTuple):
    folder: Path
    url: str
    sandbox: str
    headers: dict[str, str]
    before: bytes
    """Everything there was to find before the erasure."""
    shown: bytes
    """What was shown to staff, to Prometheus and to a sender of odd bodies meanwhile, and what was logged."""
    secrets: list[str]
    """Those of the gateway's that stood in anything of its own by then."""


def erase(world: World) -> Erased:
    """A person does everything a shop can tell, with her address wherever it may stand, and is erased."""
    headers = {"Authorization": f"Bearer {world.key('shop1')}"}
    until = time.monotonic() + 10
    while http.get(f"{world.url}/v1/shops/shop1/events/none", headers=headers).status_code == 401:  # a key made by another process
        assert time.monotonic() < until
        time.sleep(0.1)
    for path, body in told():
        answer = http.post(f"{world.url}/v1/shops/shop1/{path}", json=body, headers=headers)
        assert answer.status_code == 202, answer.text
    world.wait_until_sent("shop1", f"order-{ADDRESS}", headers)
    shown = what_is_shown(world, headers)
    places = places_of(world.folder, world.sandbox_url)
    before = b"".join(places.values())
    ours = shown + b"".join(content for place, content in places.items() if place not in ("stand-in", "sandbox.log"))
    erasure = {"event_id": f"erase-{ADDRESS}", "occurred_at": EXAMPLES["erasure"]["occurred_at"], "email": ADDRESS}
    assert http.post(f"{world.url}/v1/shops/shop1/erasures", json=erasure, headers=headers).status_code == 202
    world.wait_until_sent("shop1", f"erase-{ADDRESS}", headers)
    key = headers["Authorization"].removeprefix("Bearer ")
    kept = {"its shop's key": key, **{name: world.environment[name] for name in ("TEST_SECRET", "GATEWAY_ENCRYPTION_KEYS")}}
    secrets = [name for name, secret in kept.items() if secret.encode() in ours]
    return Erased(world.folder, world.url, world.sandbox_url, headers, before, shown, secrets)


def what_is_shown(world: World, headers: dict[str, str]) -> bytes:
    """Problems of bodies with her words in the wrong places, metrics, readiness, requests, the audit log, and the log."""
    order = next(body for path, body in told() if path == "orders")
    odd = [
        {**order, "occurred_at": ADDRESS},
        {**order, "transfer_consent": WORDS["first name"], "event_id": "odd-1"},
        {**order, "customer": {**order["customer"], "email": WORDS["street"]}, "event_id": "odd-2"},
        {**order, "order": {**order["order"], "value": WORDS["phone"] + "x", "currency": WORDS["company"]}, "event_id": "odd-3"},
        [WORDS["last name"]],
    ]
    answers = [http.post(f"{world.url}/v1/shops/shop1/orders", json=one, headers=headers) for one in odd]
    assert [one.status_code for one in answers] == [422] * len(odd)
    issued = world.command("keys", "issue", "--role", "reader")
    until, reader = time.monotonic() + 10, {"Authorization": f"Bearer {issued.stdout.strip()}"}
    while (metrics := http.get(f"{world.url}/metrics", headers=reader)).status_code == 401:
        assert time.monotonic() < until
        time.sleep(0.1)
    paths = ("/readyz", "/v1/operations/requests", "/v1/operations/audit", "/v1/operations/neighbours", "/v1/operations/parked")
    answers += [metrics, *(http.get(f"{world.url}{path}", headers=reader) for path in paths)]
    assert all(one.status_code in (200, 422, 503) for one in answers)
    return b"".join(one.content for one in answers) + world.gateway.log.read_bytes()


def places_of(folder: Path, sandbox: str) -> dict[str, bytes]:
    """Every table, file and log of the gateway, and the contacts and events of the stand-in."""
    places = {path.name: path.read_bytes() for path in [*folder.glob("gateway.db*"), *folder.glob("*.log")] if path.is_file()}
    places["stand-in"] = http.get(f"{sandbox}/sandbox/state").content
    if (file := folder / "gateway.db").exists():
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                rows = [cell for row in database.execute(f"SELECT * FROM {table}") for cell in row]
                places[f"table {table}"] = b"\n".join(one if isinstance(one, bytes) else str(one).encode() for one in rows)
    return places


WORDS = {
    "first name": "Zofiaznak",
    "last name": "Zapomnianaznak",
    "company": "Znakfirma",
    "phone": "600123987",
    "street": "Znakowa 17",
    "postal code": "ZNK 99871",
    "city": "Znakowice",
    "birth date": "19710203",
    "customer": "klient-znak-77",
    "goods": "towar-znak-9",
    "name of goods": "Płaszcz znakowy",
    "section": "Znakowe",
    "cart": "koszyk-znak-5",
    "page": "strona-znak",
    "network address": "203.0.113.77",
    "wording": "tresc-znak-3",
    "tag": "znak_vip",
    "pick-up point": "Paczkomat ZNK99",
    "value of an order": "4321.98",
}
"""What of the person stands in no table, file or log after the erasure."""

ORDER = "ZAM-ZNAK-1"
"""What stays, as the page on erasures says: an order's number, which makes one order one purchase for ever."""


def told() -> Iterator[tuple[str, Any]]:
    """Events whose ids hold the address: it is the shop that makes them up. Then everything else a shop can tell of a person."""
    customer = {
        **EXAMPLES["order"]["customer"],
        "email": ADDRESS,
        "id": WORDS["customer"],
        "first_name": WORDS["first name"],
        "last_name": WORDS["last name"],
        "company": WORDS["company"],
        "phone": WORDS["phone"],
        "birth_date": "1971-02-03",
        "address": {"street": WORDS["street"], "postal_code": WORDS["postal code"], "city": WORDS["city"], "country": "PL"},
    }
    item = {"product_id": WORDS["goods"], "name": WORDS["name of goods"], "quantity": 1, "unit_price": "4321.98"}
    item["menu_paths"] = [f"{WORDS['section']}/Inne"]
    said = {"id": ORDER, "placed_at": EXAMPLES["order"]["occurred_at"], "currency": "PLN", "value": "4321.98", "items": [item]}
    said |= {"pickup_point": WORDS["pick-up point"]}
    order = {**EXAMPLES["order"], "order": said, "transfer_consent": "given", "customer": customer}
    consent = {
        "text_version": WORDS["wording"],
        "ip": WORDS["network address"],
        "page": f"https://sklep.example.com/{WORDS['page']}",
    }
    cart = {**EXAMPLES["cart"]["cart"], "id": WORDS["cart"], "items": [item], "value": "4321.98"}
    about = {"email": ADDRESS}
    yield "orders", {**order, "event_id": f"order-{ADDRESS}"}
    yield "orders", {**order, "event_id": f"again-{ADDRESS.upper()}", ADDRESS: "an unknown field"}
    yield "orders", {**order, "event_id": f"encoded-{ADDRESS.replace('@', '%40')}"}
    yield "registrations", {**EXAMPLES["registration"], "event_id": f"registered-{ADDRESS}", "customer": customer}
    yield "subscriptions", {**EXAMPLES["subscription"], **about, "event_id": f"subscribed-{ADDRESS}", "consent": consent}
    yield "carts", {**EXAMPLES["cart"], **about, "event_id": f"cart-{ADDRESS}", "cart": cart}
    yield "account-changes", {**EXAMPLES["account-change"], "event_id": "changed-1", "customer": customer, "previous_email": None}
    yield "product-views", {**EXAMPLES["product-view"], **about, "event_id": "viewed-1", "product_id": WORDS["goods"]}
    yield "tag-edits", {"event_id": "tags-1", "occurred_at": EXAMPLES["tag-edit"]["occurred_at"], **about, "added": [WORDS["tag"]]}
    returned = {
        **EXAMPLES["order-return"],
        **about,
        "event_id": "returned-1",
        "order_id": ORDER,
        "items": [item],
        "value": "4321.98",
    }
    yield "order-returns", returned
    yield "access-requests", {**EXAMPLES["access-request"], **about, "event_id": "access-1"}
