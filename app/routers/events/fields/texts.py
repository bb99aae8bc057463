"""How texts are read: numbers as they are written, signs that nobody sees left out, what is too long cut (R73)."""

import re

from pydantic import BeforeValidator

from app.routers.events.fast.parser import plain_text
from app.routers.events.wire_model import note

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


UNSEEN = re.compile(r"[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Signs that turn the reading direction or have no width. Joiners stay: emojis and Persian are written with them."""
NO_SIGN = "\ufffd"


def no_control_signs(text: str) -> str:
    if _CONTROL.search(text) or UNSEEN.search(text) or NO_SIGN in text:
        raise ValueError("control characters and signs that cannot be seen are not allowed")
    return text


def kept_text(most: int) -> BeforeValidator:
    """Text as it is kept: numbers as they are written, unseen signs left out (R73), what is too long cut."""

    def kept(value: object) -> object:
        text = number_as_text(value, whole=False)
        if not isinstance(text, str):
            return value
        text = readable(text).strip()
        if len(text) <= most:
            return text
        note(f"cut to {most} characters")
        return text[:most].rstrip()

    return BeforeValidator(kept)


def readable(text: str) -> str:
    """Without signs that nobody sees and no database or screen should meet."""
    if text.isprintable() and NO_SIGN not in text:
        return text
    seen = UNSEEN.sub("", _CONTROL.sub(" ", text))
    if seen != text:
        note("control characters, or signs that cannot be seen, were left out")
    if NO_SIGN in seen:
        note("what was no whole sign stands as \ufffd")
    return seen


def number_as_text(value: object, *, whole: bool = True) -> object:
    """JSON numbers are text too: shops write them both ways. `whole`: only numbers that can be an id."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, float) and not whole and abs(value) < 2**53:
        return repr(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def stripped(value: object) -> object:
    text = number_as_text(value)
    return text.strip() if isinstance(text, str) else text


plain_128 = plain_text(1, 128)
