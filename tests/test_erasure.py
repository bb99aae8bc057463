"""What is left of a person after an erasure, looked for in every byte and every column that the gateway keeps."""

import asyncio
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import text

from app.domain.event_parts import Address, Customer
from app.routers.events.common_schemas import CustomerIn
from app.routers.events.examples import EXAMPLES
from app.storage.engine.database import Database
from app.storage.engine.tables import metadata
from tests.support.builders import a_shop
from tests.support.running.processes import World, a_world, http

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


@pytest.fixture(scope="module")
def erased(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erased]:
    with a_world(tmp_path_factory.mktemp("erasure")) as world:
        yield erase(world)


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


TOO_COMMON = {"gender", "language", "country", "wholesaler", "newsletter_email", "newsletter_sms", "phone_assumed"}
"""Fields of a customer that say the same of thousands: finding one of their words in a table would say nothing."""


def test_every_field_of_a_customer_is_searched_for_after_an_erasure() -> None:
    order = next(body for path, body in told() if path == "orders")
    customer = CustomerIn.model_validate(order["customer"]).to_domain(a_shop(), [])
    said = {one.name: getattr(customer, one.name) for one in fields(Customer) if one.name != "address"}
    said |= {one.name: getattr(customer.address, one.name) for one in fields(Address)}
    searched = {*WORDS.values(), ADDRESS}
    missing = {name for name, text in said.items() if not any(word in str(text) for word in searched)}
    assert missing == TOO_COMMON


def test_nothing_a_shop_said_of_the_person_stands_in_any_table_file_or_log(erased: Erased) -> None:
    """Words, goods, values, tags, wording and network address, not the e-mail alone; here and at SALESmanago's stand-in."""
    missing = {what for what, word in WORDS.items() if word.encode() not in erased.before}
    assert missing == set(), "nothing shows that these were there to be forgotten"
    places = places_of(erased.folder, erased.sandbox)
    found = {(what, place) for what, word in WORDS.items() for place, content in places.items() if word.encode() in content}
    assert found == set()
    assert {place for place, content in places.items() if ORDER.encode() in content} >= {"table sales"}


def test_no_file_beside_a_running_gateway_holds_the_address_of_somebody_who_was_erased(erased: Erased) -> None:
    until = time.monotonic() + 10  # the log is emptied after the commit that says the erasure was sent
    while found := {path.name: number for path in files(erased) if (number := path.read_bytes().lower().count(LOCAL.encode()))}:
        assert time.monotonic() < until, found
        time.sleep(0.1)
    assert {path.name for path in files(erased)} >= {"gateway.db", "gateway.db-wal"}


def files(erased: Erased) -> list[Path]:
    return [path for path in erased.folder.glob("gateway.db*") if path.is_file()]


def test_no_column_of_any_table_holds_the_address_of_somebody_who_was_erased(erased: Erased) -> None:
    with closing(sqlite3.connect(f"file:{erased.folder / 'gateway.db'}?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert {"inbox", "outbox", "attempts", "calls", "consents", "contacts"} <= set(tables)
        rows = [(table, row) for table in tables for row in database.execute(f"SELECT * FROM {table}")]
    assert len(rows) > 20
    assert [(table, row) for table, row in rows if LOCAL in repr(row).lower()] == []


def test_a_repetition_under_an_id_with_the_address_is_still_one_and_brings_nothing_back(erased: Erased) -> None:
    headers = erased.headers
    path, body = next(told())
    again = http.post(f"{erased.url}/v1/shops/shop1/{path}", json=body, headers=headers).json()
    assert (again["event_id"], again["result"]) == (body["event_id"], "duplicate")
    other = {**body, "order": {**body["order"], "value": "1.00"}}
    assert http.post(f"{erased.url}/v1/shops/shop1/{path}", json=other, headers=headers).status_code == 409
    test_no_column_of_any_table_holds_the_address_of_somebody_who_was_erased(erased)


def test_the_shop_follows_an_erasure_by_its_own_id_although_nothing_keeps_it(erased: Erased) -> None:
    headers = erased.headers
    answer = http.get(f"{erased.url}/v1/shops/shop1/events/erase-{ADDRESS}", headers=headers)
    assert answer.json()["state"] == "sent"


def test_an_old_event_of_somebody_erased_that_comes_late_leaves_no_address_either(erased: Erased) -> None:
    headers = erased.headers
    _, body = next(told())
    late = {**body, "event_id": f"late-{ADDRESS}", "order": {**body["order"], "id": "9911"}}
    assert http.post(f"{erased.url}/v1/shops/shop1/orders", json=late, headers=headers).status_code == 202
    until = time.monotonic() + 20
    while http.get(f"{erased.url}/v1/shops/shop1/events/late-{ADDRESS}", headers=headers).json()["state"] == "received":
        assert time.monotonic() < until
        time.sleep(0.05)
    test_no_column_of_any_table_holds_the_address_of_somebody_who_was_erased(erased)


def _shown(cell: object) -> str:
    return cell.decode(errors="replace") if isinstance(cell, bytes) else str(cell)


def test_on_postgresql_nothing_of_the_person_stands_in_any_table_or_log(tmp_path: Path, postgresql_url: str) -> None:
    """Of every table that is there, those of the engine of schedules among them."""

    async def tables() -> dict[str, str]:
        database = Database(postgresql_url)
        named = text("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
        async with database.engine.connect() as connection:
            names = (await connection.execute(named)).scalars().all()
            rows = {name: (await connection.execute(text(f'SELECT * FROM "{name}"'))).all() for name in names}
        await database.close()
        return {name: "\n".join(_shown(cell) for row in held for cell in row) for name, held in rows.items()}

    with a_world(tmp_path, postgresql_url) as world:
        before = asyncio.run(tables())
        erase(world)
        held = asyncio.run(tables())
        held |= {path.name: path.read_text(errors="replace") for path in tmp_path.glob("gateway*.log")}
    assert held.keys() >= before.keys() >= set(metadata.tables)
    assert any(name.startswith("pgqueuer") for name in held)
    assert ORDER in held["sales"], "what stays is there, so the tables were read"
    words = {**WORDS, "local part": LOCAL}
    assert {
        (what, place) for what, word in words.items() for place, content in held.items() if word.lower() in content.lower()
    } == set()


def test_logs_metrics_problems_and_lists_for_staff_name_nobody_and_hold_no_secret(erased: Erased) -> None:
    words = {**WORDS, "address": ADDRESS, "local part": LOCAL}
    assert {what for what, word in words.items() if word.encode() in erased.shown} == set()
    assert b"gateway_events_accepted_total" in erased.shown, "the metrics were read"
    assert erased.secrets == []
