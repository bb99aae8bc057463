"""Reading rows of the panel: envelopes, numbers and times as they come (contract 1.8, 3.1)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from app.clients.idosell.answers import instant, is_real_date, part, rows, whole
from app.domain.intake.arrival import OLDEST
from app.domain.shops.shop import Shop

Row = Mapping[str, Any]  # a border: their JSON

_CENT = Decimal("0.01")
_SMALLEST = Decimal("0.0001")
_LARGEST = Decimal(10) ** 10
_MOST = Decimal(10) ** 8


def rows_in(body: Row, envelopes: Sequence[str], key: str) -> list[Row]:
    """The rows of a push or an answer: a list under one of the names, or the object itself if it has the key (point 29)."""
    for name in envelopes:
        if name in body:
            return list(rows(body[name]))
    return [body] if key in body else []


def amount(shown: object) -> Decimal | None:
    """Money or a quantity; None for what is no number."""
    if isinstance(shown, bool) or not isinstance(shown, str | int | float):
        return None
    try:
        number = Decimal(str(shown).strip().replace(",", "."))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < _LARGEST else None


def money(number: Decimal) -> Decimal:
    """One spelling of an amount, so that equal ones have equal digests."""
    return number.quantize(_CENT, ROUND_HALF_UP)


def quantity(number: Decimal | None) -> Decimal | None:
    """How many, in one spelling; None for what is no number above 0, or more than anybody buys."""
    if number is None or not 0 < number < _MOST:
        return None
    whole_ = number.to_integral_value()
    if whole_ == number:
        return whole_.quantize(Decimal(1))
    return number.quantize(_SMALLEST, ROUND_HALF_UP).normalize() or None


def moment(row: Row, *names: str, shop: Shop, later: bool = False) -> datetime | None:
    """The first of these fields that is a real time; panel time is local and says no zone. A day without a time is its midnight.

    `later`: see `instant`.
    """
    for name in names:
        shown = row.get(name)
        if not isinstance(shown, str) or not is_real_date(shown):
            continue
        written = shown.strip().replace("T", " ")
        found = instant(written if len(written) > len("2026-01-01") else f"{written} 00:00:00", shop, later=later)
        if found is not None and found >= OLDEST:
            return found
    return None


def stamp(at: datetime) -> str:
    """A time within an id."""
    return at.strftime("%Y%m%dT%H%M%S")


def shops_by_number(shops: Sequence[Shop]) -> dict[int, Shop]:
    return {shop.number: shop for shop in shops}


__all__ = ["Row", "amount", "moment", "money", "part", "quantity", "rows", "rows_in", "shops_by_number", "stamp", "whole"]
