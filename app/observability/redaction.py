"""What must not stand in logs and traces: addresses and phone numbers that slipped into other people's words."""

import re

_ADDRESS = re.compile(r"(?<![^\s\"'<>,;:=@])[^\s\"'<>,;:=@]++@[^\s\"'<>,;@]+")
"""A word is read once: it can begin only where the one before it ended, and what was read is never given back."""
_PHONE = re.compile(r"\+\d{7,15}")
_BETWEEN_WORDS = re.compile(r"[\s\"'<>,;]")
_LONGEST_ADDRESS = 320


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
