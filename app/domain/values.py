"""Values that never change: how to make many of them, and one that differs.

The `__init__` of a frozen class with many fields takes several times as long as filling its dictionary does. Both ways round
it hold for classes without `__slots__` and `__post_init__`: all of ours.
"""

from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from dataclasses import replace

    P = ParamSpec("P")
    T = TypeVar("T")

    def make(kind: Callable[P, T], /, *args: P.args, **values: P.kwargs) -> T: ...

else:

    def make(kind: Any, /, **values: Any) -> Any:
        """`kind(**values)` with a value for every field.

        Raises:
            TypeError: a field without value, or a name that is no field.
        """
        if values.keys() != _names(kind):
            raise TypeError(f"{kind.__name__} needs all of its fields and nothing else, not {', '.join(values)}")
        made = object.__new__(kind)
        made.__dict__.update(values)
        return made

    @cache
    def _names(kind: Any) -> frozenset[str]:
        return frozenset(one.name for one in fields(kind))

    def replace(value: Any, /, **changes: Any) -> Any:
        """`dataclasses.replace`. Deciding about one order makes ten such copies.

        Raises:
            TypeError: a name that is no field.
        """
        fields = value.__dict__ | changes
        if len(fields) != len(value.__dict__):
            raise TypeError(f"{type(value).__name__} has no field {', '.join(changes.keys() - value.__dict__.keys())}")
        copy = object.__new__(type(value))
        copy.__dict__.update(fields)
        return copy


__all__ = ["make", "replace"]
