"""Whom does a body name that nobody could read? Asked when somebody is erased, of what was kept as it came (M1-M3).

The body is read in the usual encodings: as it is, percent-encoded, with JSON's escapes and HTML's entities, also one in another.
"""

import html
import re
from collections.abc import Collection, Iterator
from urllib.parse import unquote

DEEPEST = 3
"""Encodings in each other."""
FEWEST_DIGITS = 7
"""Of a phone number without its country code; fewer could be anything."""
MOST_CHUNKS = 6
"""Into which a phone number is written: `+48 600 100 200`."""

_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_BLANK = re.compile(r"\\[nrt]")
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]{1,64}@(?:[\w-]{1,63}\.){1,8}[\w-]{2,63}")
_DIGITS = re.compile(r"\d+(?:[\s().\-/+]{1,3}\d+)*")


def names_somebody(body: bytes, emails: Collection[str], phones: Collection[str]) -> bool:
    """Does it name one of these addresses, or one of these phones (E.164)?"""
    readings = list(_readings(body))
    return any(_has_address(text, email.casefold()) for email in emails for text in readings) or any(
        _has_phone(text, phone) for phone in phones for text in readings
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
