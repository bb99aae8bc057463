"""What must not stand in logs and traces: addresses, phone numbers and secrets that slipped into other people's words."""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

_ADDRESS = re.compile(r"(?<![^\s\"'<>,;:=@])[^\s\"'<>,;:=@]++@[^\s\"'<>,;@]+")
"""A word is read once: it can begin only where the one before it ended, and what was read is never given back."""
_PHONE = re.compile(r"\+\d{7,15}")
_BETWEEN_WORDS = re.compile(r"[\s\"'<>,;]")
_LONGEST_ADDRESS = 320

SECRET_NAMES = ("SECRET", "KEY", "PASSWORD", "TOKEN")
"""A variable with one of these in its name holds a secret, also those that the file of shops names (`env:…`)."""
_SHORTEST_SECRET = 6
"""A shorter one would be found in ordinary words, and masking it would disclose it."""


def redacted(text: str) -> str:
    return _PHONE.sub("<phone>", _ADDRESS.sub("<address>", text))


def redacted_extract(text: str, length: int) -> str:
    """The first signs of a text of any length, redacted. It is cut before it is searched, so that a long one costs no more.

    The word across the cut is left out as far as it may belong to an address: half of one would not be recognised.
    """
    examined = text[: length + _LONGEST_ADDRESS]
    if len(examined) < len(text):
        ends = [found.start() for found in _BETWEEN_WORDS.finditer(examined)]
        examined = examined[: max(length, ends[-1] if ends else 0)]
    return redacted(examined)[:length]


def without_secrets(text: str, environment: Mapping[str, str]) -> str:
    """Masked: the secrets of the process's environment, and the passwords in its addresses."""
    for secret in sorted(set(_secrets(environment)), key=len, reverse=True):
        text = text.replace(secret, "<secret>")
    return text


def _secrets(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        parts: list[str] = []
        if any(one in name.upper() for one in SECRET_NAMES):
            parts = [value, *value.split(",")]
        elif name.upper().endswith("_URL"):
            parts = [_password(value)]
        yield from (part.strip() for part in parts if len(part.strip()) >= _SHORTEST_SECRET)


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""
