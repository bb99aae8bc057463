"""Text that others wrote, made fit to be stored, sent and printed (R73)."""

import re

UNREADABLE = "\ufffd"
"""Stands where a sign was that cannot be kept. It is not left out: what is left must not equal an address or a tag it was not."""

_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control signs, NUL among them, which PostgreSQL refuses; and halves of emoji, which no encoder takes."""


def mended(text: str) -> str:
    """Every sign that some store, encoder or terminal refuses is replaced."""
    return _UNFIT.sub(UNREADABLE, text)
