"""What is left of a person after an erasure, looked for in every byte and every column that the gateway keeps."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import fields
from pathlib import Path

import pytest

from app.domain.event_parts import Address, Customer
from app.routers.events.common_schemas import CustomerIn
from app.routers.events.examples import EXAMPLES
from tests.erasure.story import ADDRESS, LOCAL, ORDER, WORDS, Erased, erase, places_of, told
from tests.support.builders import a_shop
from tests.support.running.processes import a_world, http


@pytest.fixture(scope="module")
def erased(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Erased]:
    with a_world(tmp_path_factory.mktemp("erasure")) as world:
        yield erase(world)


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
    wait_until_gone(erased, LOCAL)
    assert {path.name for path in files(erased)} >= {"gateway.db", "gateway.db-wal"}


def wait_until_gone(erased: Erased, local: str) -> None:
    until = time.monotonic() + 10  # the log is emptied after the commit that says the erasure was sent
    while found := {path.name: number for path in files(erased) if (number := path.read_bytes().lower().count(local.encode()))}:
        assert time.monotonic() < until, found
        time.sleep(0.1)


READ = "helena.czytana"


def test_a_log_that_somebody_reads_during_an_erasure_is_emptied_soon_after_they_have_read(erased: Erased) -> None:
    """A backup under way, or an administrator's look: the next erasure may be months away."""
    events, address = f"{erased.url}/v1/shops/shop1", f"{READ}@example.com"
    order = EXAMPLES["order"]
    bought = {**order, "event_id": "read-1", "transfer_consent": "given", "customer": {**order["customer"], "email": address}}
    bought["order"] = {**order["order"], "id": "ZAM-READ-1"}
    erasure = {"event_id": "read-2", "occurred_at": EXAMPLES["erasure"]["occurred_at"], "email": address}
    assert http.post(f"{events}/orders", json=bought, headers=erased.headers).status_code == 202
    wait_until_sent(erased, "read-1")
    with closing(sqlite3.connect(f"file:{erased.folder / 'gateway.db'}?mode=ro", uri=True)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM inbox WHERE event_id = 'read-1'").fetchone() == (1,)
        assert http.post(f"{events}/erasures", json=erasure, headers=erased.headers).status_code == 202
        wait_until_sent(erased, "read-2")
        until = time.monotonic() + 10
        while b"write_ahead_log_kept" not in (log := (erased.folder / "gateway.log").read_bytes()):
            assert time.monotonic() < until, log
            time.sleep(0.05)
        assert READ.encode() in b"".join(path.read_bytes() for path in files(erased))
    wait_until_gone(erased, READ)


def wait_until_sent(erased: Erased, event_id: str) -> None:
    until = time.monotonic() + 20
    while http.get(f"{erased.url}/v1/shops/shop1/events/{event_id}", headers=erased.headers).json()["state"] != "sent":
        assert time.monotonic() < until
        time.sleep(0.05)


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


def test_logs_metrics_problems_and_lists_for_staff_name_nobody_and_hold_no_secret(erased: Erased) -> None:
    words = {**WORDS, "address": ADDRESS, "local part": LOCAL}
    assert {what for what, word in words.items() if word.encode() in erased.shown} == set()
    assert b"gateway_events_accepted_total" in erased.shown, "the metrics were read"
    assert erased.secrets == []
