"""The gate /returns/returns: what was sent back."""

from collections.abc import Callable

from app.sandbox.panel import reading
from app.sandbox.panel.gates import paging
from app.sandbox.panel.gates.call import Call, Gate, Reply
from app.sandbox.panel.memory.model import RETURN_STATUSES, Return
from app.sandbox.panel.memory.world import Panel
from app.sandbox.salesmanago.memory.model import JsonObject

DATES: dict[str, Callable[[Return], str]] = {"date_add": lambda one: one.added_at, "date_end": lambda one: one.ended_at}


def listed(call: Call) -> Reply:
    tests: list[Callable[[Return], bool]] = []
    serial, number = reading.integer(call.params, "order_sn"), reading.integer(call.params, "return_id")
    if serial is not None:
        tests.append(lambda one: one.serial == serial)
    if number is not None:
        tests.append(lambda one: one.id == number)
    limits = reading.mapping(call.params, "range")
    dates = reading.span(limits, "date", "date_begin", "date_end")
    if dates is not None:
        kind = reading.choice(reading.mapping(limits, "date"), "dates_type", tuple(DATES)) or "date_add"
        tests.append(lambda one: DATES[kind](one) in dates)
    found = [one for one in call.panel.returns.values() if all(test(one) for test in tests)]
    return paging.snake(call, "returns", found, lambda one: row(call.panel, one))


def row(panel: Panel, one: Return) -> JsonObject:
    order = panel.orders[one.serial]
    return {
        "id": one.id,
        "order_sn": one.serial,
        "status": RETURN_STATUSES.get(one.status, ""),
        "status_numeric": one.status,
        "parentStatusNumeric": one.status,
        "stock_id": 1,
        "products": [
            {"id": line.product_id, "size": line.size, "quantity": line.quantity, "price": line.price} for line in one.lines
        ],
        "date_add": one.added_at,
        "date_end": one.ended_at,
        "date_last_edit": one.changed_at,
        "currency": order.currency or panel.shops[order.shop_id].currency,
    }


GATES: dict[tuple[str, str], Gate] = {
    ("GET", "returns/returns"): Gate(
        listed, "oms", known=frozenset({"order_sn", "return_id", "return_ids", "status", "range", "stock_id"}) | paging.SNAKE
    ),
}
