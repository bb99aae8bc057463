"""Whatever a platform writes into a field, what becomes of it is what the API would take of a shop (R10, R73)."""

import copy
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter

from app.domain.events import OrderCancelled, OrderPlaced, OrderReturned
from app.routers.events.fields.field_types import Currency, Money, Quantity
from app.routers.events.fields.identifiers import ProductId
from app.sources.findings import NotUnderstood, Translation
from app.sources.idosell.rows import orders, returns
from app.sources.woocommerce import translator
from tests.sources import samples
from tests.sources.stage import source_shop
from tests.sources.woocommerce.shop import ORDER, SHOP

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PANEL_SHOP = source_shop()

ROWS: dict[str, tuple[dict[str, Any], Callable[[dict[str, Any]], Translation]]] = {
    "order of the panel": (samples.an_order(), lambda row: orders.order(row, [PANEL_SHOP])),
    "return of the panel": (samples.a_return(), lambda row: returns.returned(row, [PANEL_SHOP], {"12": samples.an_order()})),
    "order of WooCommerce": (ORDER, lambda row: translator.order(row, SHOP, NOW)),
}
ODD: list[Any] = [
    None, True, 0, -1, 0.00001, 0.00005, 0.12345, 1e9, 1e15, 10**40, "", " ", "0", "12€", "z ł", "١٢٣", "a,b c", "9" * 40,
    "-0,5", "NaN", [], {},
]  # fmt: skip


def places(row: Any, *above: str | int) -> Iterator[tuple[str | int, ...]]:
    """Every place of a row in which a single value stands."""
    inside = row.items() if isinstance(row, dict) else enumerate(row) if isinstance(row, list) else ()
    for name, value in inside:
        yield from places(value, *above, name) if isinstance(value, dict | list) else [(*above, name)]


def with_odd(row: Any, place: tuple[str | int, ...], value: Any) -> Any:
    changed = copy.deepcopy(row)
    inner = changed
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    return changed


def check(event: OrderPlaced | OrderCancelled | OrderReturned) -> None:
    said: list[tuple[Any, Any]] = [(ProductId, one.product_id) for one in event.items]
    said += [(Quantity, one.quantity) for one in event.items] + [(Money, one.unit_price) for one in event.items]
    said += [] if event.value is None else [(Money, event.value)]
    said += [] if event.currency is None else [(Currency, event.currency)]
    for kind, value in said:
        assert TypeAdapter(kind).validate_python(value if isinstance(value, str) else str(value)) == value


@pytest.mark.parametrize(("row", "read"), ROWS.values(), ids=ROWS)
def test_r10_an_odd_value_of_a_platform_is_read_as_one_that_the_api_would_take_or_left_out(
    row: dict[str, Any], read: Callable[[dict[str, Any]], Translation]
) -> None:
    checked = 0
    for place in places(row):
        for odd in ODD:
            with suppress(NotUnderstood):
                for finding in read(with_odd(row, place, odd)).findings:
                    for one in (*finding.first, *finding.again):
                        assert isinstance(one.event, OrderPlaced | OrderCancelled | OrderReturned)
                        check(one.event)
                        checked += 1
    assert checked > len(ODD)
