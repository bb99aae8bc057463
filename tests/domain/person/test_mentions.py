"""Whom a body names that nobody could read (M1): a table of the usual encodings."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from app.domain.person.mentions import (
    DEEPEST,
    FEWEST_DIGITS,
    MOST_CHUNKS,
    MOST_LISTED,
    Identifiers,
    addresses_in,
    names_somebody,
)

EMAIL, PHONE = "anna.zażółć+sklep@example.com", "+48600100200"
PLAIN = "anna@example.com"


@pytest.mark.parametrize(
    "body",
    [
        f"text {EMAIL} text".encode(),
        EMAIL.upper().encode(),
        json.dumps({"email": EMAIL}).encode(),
        json.dumps({"email": EMAIL}, ensure_ascii=False).encode(),
        b'{"email": ' + json.dumps(EMAIL).encode().replace(b"@", b"\\u0040"),
        f"event=basket&email={quote_plus(EMAIL)}&x=1".encode(),
        f"email={quote(quote(EMAIL))}".encode(),
        f"<a href='mailto:{EMAIL.replace('@', '&#64;')}'>".encode(),
        json.dumps({"note": f"kontakt:\n{EMAIL}\nkoniec"}).encode(),
        f"Pisz na {EMAIL}.".encode(),
        f'{{"email": "{EMAIL}"}}'.encode("utf-16"),
        f'{{"email": "{EMAIL}"}}'.encode("utf-16-le"),
        b"\xff\xfa broken " + EMAIL.encode(),
    ],
)
def test_an_address_is_found_in_every_usual_encoding(body: bytes) -> None:
    assert names_somebody(body, Identifiers(emails=[EMAIL]))
    assert EMAIL in addresses_in(body)


@pytest.mark.parametrize(
    "body", [b"joanna@example.com", b"anna@example.com.pl", b"anna@example.community", b"x.anna@example.com", b""]
)
def test_another_address_that_contains_it_is_somebody_else(body: bytes) -> None:
    assert not names_somebody(body, Identifiers(emails=[PLAIN]))
    assert PLAIN not in addresses_in(body)


@pytest.mark.parametrize(
    "written",
    [
        "+48600100200",
        "48600100200",
        "0048600100200",
        "600100200",
        "600 100 200",
        "600-100-200",
        "(+48) 600 100 200",
        "+48 600 100 200",
        "%2B48600100200",
        "%2B48%20600%20100%20200",
        "+48\u00a0600\u00a0100\u00a0200",
        "2026-01-02 600100200",
        "6 0 01 00 20 0",
    ],
)
def test_a_phone_is_found_as_people_and_forms_write_it(written: str) -> None:
    assert names_somebody(f'{{"phone": "{written}", "n": 1}}'.encode(), Identifiers(phones=[PHONE]))
    assert names_somebody(f"phone={written}&n=1".encode(), Identifiers(phones=[PHONE]))


@pytest.mark.parametrize(
    "written",
    [
        "600100201",
        "6001002001",
        "1600100200",
        "00200",
        "600 100",
        "5600100200",
        "",
        "6 0 01 00 2 0 0",  # in more chunks than anybody writes
        "6 0 01 00 2 0 0 1",
    ],
)
def test_another_number_is_nobodys_phone(written: str) -> None:
    assert not names_somebody(f'{{"phone": "{written}"}}'.encode(), Identifiers(phones=[PHONE]))


@pytest.mark.parametrize(
    ("phone", "written", "is_named"),
    [
        ("+3541234567", "1234567", True),  # a country code of three digits, and seven of a number
        ("+48611100200", "1100200", False),  # more than a country code is missing
        ("1234567", "1234567", True),
        ("123456", "123456", False),  # could be anything
        ("", "1234567", False),
    ],
)
def test_m1_a_phone_without_its_country_code_is_found_by_seven_digits_at_least(phone: str, written: str, is_named: bool) -> None:
    assert names_somebody(f"phone={written}".encode(), Identifiers(phones=[phone])) is is_named


HER = Identifiers(customer_ids=["1234"], order_ids=["5501", "ABC-77"])


@pytest.mark.parametrize(
    "text",
    [
        '{"clientId": 1234}',
        '{"client_id":"1234"}',
        '{"results": [{"clientsIds": [7, 1234]}]}',
        '{"customer": {"id": 1234, "note": "x"}}',
        "event=basket&client_id=1234",
        "client=7&customer_id=1234&x=1",
        "<clientId>1234</clientId>",
        '{"orderSerialNumber": 5501}',
        '{"ordersSerialNumbers": ["5500", "5501"]}',
        '{"orderDetails": {"order_number": "5501"}}',
        "orderSerialNumber[]=5501",
        "order_id=abc-77",
        "{'numer': 1, 'order': {'id': 'ABC-77'}}",
    ],
)
def test_m1_a_person_is_found_by_the_number_of_the_account_and_of_an_order(text: str) -> None:
    assert names_somebody(text.encode(), HER)
    assert names_somebody(quote(text).encode(), HER)
    assert names_somebody(json.dumps({"payload": text}).encode(), HER)


@pytest.mark.parametrize(
    "text",
    [
        '{"clientId": 12345}',
        '{"clientId": "01234"}',
        '{"productId": 1234, "orderDetails": {"value": 5501}}',
        '{"price": 1234, "id": 5501}',
        '{"orderSerialNumber": 1234, "clientId": 5501}',
        '{"order": {"lines": [{"id": 5501}]}}',
        "recorder_id=5501&superuser_id=1234",
        "client_id=&amount=1234",
        '{"clientId": null, "points": 1234}',
    ],
)
def test_a_number_that_is_of_something_else_names_nobody(text: str) -> None:
    assert not names_somebody(text.encode(), HER)


@pytest.mark.parametrize(
    "body",
    [b"\\ud800 %ff &#xd800; \\u00", b"%" * 1000, b"@" * 1000, b"1 " * 50_000, base64.b64encode(bytes(1000)), b"order_id[" * 20_000],
)
def test_no_body_is_too_odd_to_be_looked_through(body: bytes) -> None:
    assert not names_somebody(body, Identifiers(emails=[PLAIN], phones=[PHONE], customer_ids=["7"], order_ids=["8"]))
    assert addresses_in(body) == set()


def test_the_bounds_of_what_is_read_are_those_of_the_design() -> None:
    assert (DEEPEST, FEWEST_DIGITS, MOST_CHUNKS, MOST_LISTED) == (3, 7, 6, 2_000)
