"""Reading rows of the panel: envelopes, numbers and times as they come (contract 1.8, 3.1)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.clients.idosell.answers import instant, is_real_date, part, rows, whole
from app.domain.intake.arrival import OLDEST
from app.domain.shops.shop import Shop

Row = Mapping[str, Any]  # a border: their JSON


def rows_in(body: Row, envelopes: Sequence[str], key: str) -> list[Row]:
    """The rows of a push or an answer: a list under one of the names, or the object itself if it has the key (point 29)."""
    for name in envelopes:
        if name in body:
            return list(rows(body[name]))
    return [body] if key in body else []


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


__all__ = ["Row", "moment", "part", "rows", "rows_in", "shops_by_number", "stamp", "whole"]
