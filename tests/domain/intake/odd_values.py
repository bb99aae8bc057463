"""Odd values of every field of every event."""

import copy
from collections.abc import Iterator
from typing import Any

from app.routers.events.examples import EXAMPLES
from app.routers.events.schemas import BATCHABLE

ODD: tuple[Any, ...] = (
    "", "x" * 5000, -5, True, None, [], {}, [5], {"a": 1}, "\x00a", "not a date", "1900-01-01", "1,234", "1e999", "a@",
    "+48 12", "ab,c d", [{"x": 1}], ["a"] * 2000, [{}] * 600, 10**30, "salesmanago_x", ["salesmanago_x", "!!!"], ["y" * 300],
)  # fmt: skip
CUSTOMER = ("id", "email", "first_name", "gender", "phone", "address", "wholesaler", "newsletter", "language", "birth_date", "new")


def bodies(kind: str) -> Iterator[Any]:
    """An example of the event with an odd value at each place, one at a time."""
    example, model = EXAMPLES[kind], BATCHABLE[kind]
    where = {*places(example), *((name,) for name in model.model_fields)}
    where |= {("customer", name) for name in CUSTOMER} if "customer" in example else set()
    for at in where:
        for odd in ODD:
            yield with_odd(example, at, odd)


def places(value: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Of every value in an example; of a list its first element."""
    pairs = value.items() if isinstance(value, dict) else [(0, value[0])] if isinstance(value, list) and value else []
    for name, inside in pairs:
        yield (*at, name)
        yield from places(inside, (*at, name))


def with_odd(example: Any, at: tuple[Any, ...], odd: Any) -> Any:
    made = inside = copy.deepcopy(example)
    for name in at[:-1]:
        inside = inside[name]
    inside[at[-1]] = odd
    return made
