"""Whom does a body name that nobody could read? Asked when somebody is erased, of what was kept as it came (M1-M3).

The body is read in the usual encodings: as it is, percent-encoded, with JSON's escapes and HTML's entities, also one in another.
"""

import html
import re
from collections.abc import Collection, Iterator
from urllib.parse import unquote

from app.domain.values import value

DEEPEST = 3
"""Encodings in each other."""
FEWEST_DIGITS = 7
"""Of a phone number without its country code; fewer could be anything."""
MOST_CHUNKS = 6
"""Into which a phone number is written: `+48 600 100 200`."""

MOST_LISTED = 2_000
"""Characters of a list of numbers that is read."""

_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_BLANK = re.compile(r"\\[nrt]")
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}")
_DIGITS = re.compile(r"\d+(?:[\s().\-/+]{1,3}\d+)*")


@value(kw_only=True)
class Identifiers:
    """Whatever names one person: addresses, phones (E.164), numbers of the account, ids of their orders."""

    emails: Collection[str] = ()
    phones: Collection[str] = ()
    customer_ids: Collection[str] = ()
    order_ids: Collection[str] = ()


def names_somebody(body: bytes, whom: Identifiers) -> bool:
    """Does it name the person by one of these?

    A number or an id could be anything, so it counts only where its field says what it is: `"clientId": 7`, `order_id=5501`.
    """
    customers, orders = {one.casefold() for one in whom.customer_ids}, {one.casefold() for one in whom.order_ids}
    return any(
        any(_has_address(text, email.casefold()) for email in whom.emails)
        or any(_has_phone(text, phone) for phone in whom.phones)
        or (customers and not customers.isdisjoint(_ids(_OF_CUSTOMER, text)))
        or (orders and not orders.isdisjoint(_ids(_OF_ORDER, text)))
        for text in _readings(body)
    )


def addresses_in(body: bytes) -> set[str]:
    """Every e-mail address it names, in lower case."""
    found: set[str] = set()
    for text in _readings(body):
        for address in _ADDRESS.findall(text):
            # A form writes `email=anna@example.com`: what stands before the last such sign is no part of the address.
            local, _, domain = address.rpartition("@")
            found |= {address, f"{re.split('[=&/?]', local)[-1]}@{domain}"}
    return found


def _field_of(things: str) -> re.Pattern[str]:
    """What finds the field that holds the id of a thing, in JSON, forms and XML, and its value or list of values."""
    quotes = r"[\\\"'\s]"
    name = rf"(?:{things})s?(?:[ _-]?|[\\\"'\s:{{\[]{{2,9}})(?:ids?|serial[ _-]?numbers?|numbers?|no|nr|code|login)"
    value = rf"\[([^\]]{{0,{MOST_LISTED}}})\]|{quotes}{{0,4}}([\w.-]+)"
    return re.compile(rf"(?<![a-z]){name}(?:\[\d*\])?{quotes}{{0,4}}[:=>]\s{{0,3}}(?:{value})")


_OF_CUSTOMER = _field_of("client|customer|user|account|buyer|klient")
_OF_ORDER = _field_of("order|zamowieni[ae]|zamówieni[ae]")


def _ids(field: re.Pattern[str], text: str) -> set[str]:
    return {one for listed, single in field.findall(text) for one in re.findall(r"[\w.-]+", listed or single)}


def _readings(body: bytes) -> Iterator[str]:
    text = (body.decode("utf-16", "replace") if _is_wide(body) else body.decode("utf-8", "replace")).casefold()
    for _ in range(DEEPEST):
        yield text
        plain = html.unescape(unquote(_BLANK.sub(" ", _ESCAPED.sub(lambda code: chr(int(code[1], 16)), text)))).casefold()
        if plain == text:
            return
        text = plain
    yield text


def _is_wide(body: bytes) -> bool:
    return body[:2] in (b"\xff\xfe", b"\xfe\xff") or body[1:2] == b"\0"


def _has_address(text: str, email: str) -> bool:
    """As a whole: `joanna@example.com` does not name `anna@example.com`."""
    if email not in text:
        return False
    return re.search(rf"(?<![\w.+-]){re.escape(email)}(?![\w-]|\.\w)", text) is not None


def _has_phone(text: str, phone: str) -> bool:
    """With or without its country code and trunk zero, in one piece or in chunks."""
    digits = re.sub(r"\D", "", phone)
    if len(digits) < FEWEST_DIGITS:
        return False
    for run in _DIGITS.finditer(text):
        chunks = re.findall(r"\d+", run[0])
        for start in range(len(chunks)):
            for end in range(start + 1, min(start + MOST_CHUNKS, len(chunks)) + 1):
                if _is_phone("".join(chunks[start:end]), digits):
                    return True
    return False


def _is_phone(written: str, digits: str) -> bool:
    bare = written.lstrip("0")
    return bare == digits or (len(bare) >= FEWEST_DIGITS and digits.endswith(bare) and len(digits) - len(bare) <= 3)
