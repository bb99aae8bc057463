"""Whom a body names that nobody could read (M1): a table of the usual encodings."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest

from app.domain.person.mentions import addresses_in, names_somebody

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
    assert names_somebody(body, [EMAIL], [])
    assert EMAIL in addresses_in(body)


@pytest.mark.parametrize(
    "body", [b"joanna@example.com", b"anna@example.com.pl", b"anna@example.community", b"x.anna@example.com", b""]
)
def test_another_address_that_contains_it_is_somebody_else(body: bytes) -> None:
    assert not names_somebody(body, [PLAIN], [])
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
    ],
)
def test_a_phone_is_found_as_people_and_forms_write_it(written: str) -> None:
    assert names_somebody(f'{{"phone": "{written}", "n": 1}}'.encode(), [], [PHONE])
    assert names_somebody(f"phone={written}&n=1".encode(), [], [PHONE])


@pytest.mark.parametrize("written", ["600100201", "6001002001", "1600100200", "00200", "600 100", "5600100200", ""])
def test_another_number_is_nobodys_phone(written: str) -> None:
    assert not names_somebody(f'{{"phone": "{written}"}}'.encode(), [], [PHONE])


@pytest.mark.parametrize(
    "body", [b"\\ud800 %ff &#xd800; \\u00", b"%" * 1000, b"@" * 1000, b"1 " * 50_000, base64.b64encode(bytes(1000))]
)
def test_no_body_is_too_odd_to_be_looked_through(body: bytes) -> None:
    assert not names_somebody(body, [PLAIN], [PHONE])
    assert addresses_in(body) == set()
