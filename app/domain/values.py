"""Values that never change: how to make one that differs."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import replace
else:

    def replace(value: Any, /, **changes: Any) -> Any:
        """`dataclasses.replace` without the way through `__init__`, which takes a frozen class with many fields
        (a contact) seven times as long.

        Deciding about one order makes ten such copies. Holds for classes without `__slots__` and `__post_init__`: all of ours.

        Raises:
            TypeError: a name that is no field.
        """
        fields = value.__dict__ | changes
        if len(fields) != len(value.__dict__):
            raise TypeError(f"{type(value).__name__} has no field {', '.join(changes.keys() - value.__dict__.keys())}")
        copy = object.__new__(type(value))
        copy.__dict__.update(fields)
        return copy


__all__ = ["replace"]
