"""Pages, counted from 0, in the two spellings of the panel."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from app.sandbox.panel import reading
from app.sandbox.panel.gates.call import Call, Reply, empty, ok
from app.sandbox.panel.reading import InvalidError
from app.sandbox.salesmanago.memory.model import JsonObject

MAX_LIMIT = 100
CAMEL = frozenset({"resultsPage", "resultsLimit"})
SNAKE = frozenset({"results_page", "results_limit"})
Row = TypeVar("Row")


def camel(call: Call, name: str, found: Sequence[Row], shown: Callable[[Row], JsonObject]) -> Reply:
    page, limit = _asked(call, "resultsPage", "resultsLimit")
    counts: JsonObject = {
        "resultsNumberAll": len(found),
        "resultsNumberPage": _pages(found, limit),
        "resultsPage": page,
        "resultsLimit": limit,
    }
    return _page(call, counts, name, found[page * limit : (page + 1) * limit], shown)


def snake(call: Call, name: str, found: Sequence[Row], shown: Callable[[Row], JsonObject]) -> Reply:
    """The counts of this spelling come as texts."""
    page, limit = _asked(call, "results_page", "results_limit")
    counts: JsonObject = {
        "results_number_all": str(len(found)),
        "results_number_page": str(_pages(found, limit)),
        "results_page": page,
        "results_limit": limit,
    }
    return _page(call, counts, name, found[page * limit : (page + 1) * limit], shown)


def _page(call: Call, counts: JsonObject, name: str, part: Sequence[Row], shown: Callable[[Row], JsonObject]) -> Reply:
    if not part and call.panel.rules.empty_is_207:
        return empty()
    return ok({**counts, name: [shown(one) for one in part]})


def _pages(found: Sequence[object], limit: int) -> int:
    return -(-len(found) // limit)


def _asked(call: Call, page_key: str, limit_key: str) -> tuple[int, int]:
    page = reading.integer(call.params, page_key) or 0
    limit = reading.integer(call.params, limit_key)
    if page < 0 or (limit is not None and limit < 1):
        raise InvalidError(f"{page_key} starts at 0, {limit_key} at 1")
    return page, min(limit or MAX_LIMIT, MAX_LIMIT)


def only(row: JsonObject, wanted: list[str] | None, never: frozenset[str] = frozenset()) -> JsonObject:
    """The row cut down to the wanted elements, which may also name parts of its objects."""
    if wanted is None:
        return row
    names = set(wanted) - never
    cut: JsonObject = {}
    for key, value in row.items():
        if key in names:
            cut[key] = value
        elif isinstance(value, dict):
            inner = {name: one for name, one in value.items() if name in names}
            if inner:
                cut[key] = inner
    return cut
