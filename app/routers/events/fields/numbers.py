"""Amounts and quantities as shops write them."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from pydantic_core import PydanticCustomError

from app.routers.events.wire_model import SPOILS, note

_SPACED = re.compile(r"[+-]?\d{1,3}(?:[ '\u00a0\u202f]\d{3})+(?:[.,]\d+)?", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?|[+-]?\d{1,3}(?:\.\d{3})+,\d+|[+-]?\d{1,3}(?:\.\d{3}){2,}", re.ASCII)
_COMMA = re.compile(r"[+-]?\d+,\d+", re.ASCII)
_KEPT_DECIMALS = Decimal("0.0001")
_NOISE = Decimal("1e-9")
"""Of numbers that a computer could not write exactly, like 242.79999999999998."""


def decimal_of(value: object) -> object:
    """A number as it is written by machines and by people, to four decimals."""
    if isinstance(value, str):
        written = _decimal_text(value.strip())
    elif isinstance(value, int | float) and not isinstance(value, bool):
        written = repr(value)
    else:
        raise ValueError("a number like 119.00 is needed")
    try:
        number = Decimal(written)
        if not number.is_finite():
            raise ValueError("a number like 119.00 is needed")
        if -number.as_tuple().exponent <= 4:  # type: ignore[operator]  # it is finite
            return number
        rounded = number.quantize(_KEPT_DECIMALS, ROUND_HALF_UP)
    except InvalidOperation:
        raise ValueError("a number like 119.00 is needed") from None
    if abs(rounded - number) > _NOISE * max(Decimal(1), abs(number)):
        note("rounded to four decimals")
    return rounded


def _decimal_text(text: str) -> str:
    if _SPACED.fullmatch(text):
        text = re.sub(r"[ '\u00a0\u202f]", "", text)
        text = text.replace(",", ".")
    elif "," in text or text.count(".") > 1:
        if _GROUPED.fullmatch(text) and (text.count(",") > 1 or "." in text):
            text = text.replace("," if text.rfind(",") < text.rfind(".") or text.count(",") > 1 else ".", "").replace(",", ".")
        elif _COMMA.fullmatch(text) and (len(text.partition(",")[2]) != 3 or text.lstrip("+-").startswith("0,")):
            text = text.replace(",", ".")
        else:
            raise ValueError("nobody can tell whether that comma divides thousands or decimals; write 1234.50")
    if not _DECIMAL.fullmatch(text):
        raise ValueError("a number like 119.00 is needed")
    return text


def without_sign(value: object) -> object:
    """What comes back, many shops write with a minus."""
    number = decimal_of(value)
    if isinstance(number, Decimal) and number < 0:
        note("written without its minus: what came back is counted")
        return -number
    return number


def price_of_goods(value: object) -> object:
    number = decimal_of(value)
    if isinstance(number, Decimal) and number < 0:
        raise PydanticCustomError(SPOILS, "a line with a price below zero is a discount and no goods")
    return number


def money(amount: Decimal) -> Decimal:
    """One spelling of an amount: two decimals unless it really has more."""
    cents = amount.quantize(Decimal("0.01"))
    return cents if cents == amount else amount.normalize()
