"""Values that never change: what they are made of, and how to make one that differs.

The `__init__` and the constructor-run copies of a frozen dataclass take three times as long as those of a plain one, and
deciding about one order makes a hundred values. So ours are plain at run time, and it is the type checker that refuses to
change one (mypy runs over all of `app`). `replace` holds for classes without `__slots__` and `__post_init__`: all of ours.

Of some values a digest of their `repr` is stored, and whatever has another digest counts as changed. A field that such a class
gets in a later version is declared by `added`: without it, a value reads and is digested as before.
"""

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, NamedTuple, dataclass_transform

if TYPE_CHECKING:
    from collections.abc import Callable
    from dataclasses import replace
    from typing import TypeVar

    Kind = TypeVar("Kind", bound=type)
    Held = TypeVar("Held")

    def added(*, default: Held) -> Held: ...

    @dataclass_transform(frozen_default=True, field_specifiers=(field, added))
    def value(*, kw_only: bool = False) -> Callable[[Kind], Kind]: ...

else:

    def value(*, kw_only: bool = False) -> Any:
        """A dataclass whose instances are compared and hashed by what they hold, and are never changed."""

        def made(cls: type) -> type:
            found = dataclass(kw_only=kw_only, unsafe_hash=True)(cls)
            if all(one.compare for one in fields(found)):
                found.__eq__ = _holds_the_same
            if any(one.metadata.get(_ADDED) for one in fields(found)):
                found.__repr__ = _repr_without_added_defaults
            return found

        return made

    def _holds_the_same(self: Any, other: Any) -> Any:
        """As the standard library compares, but without a step for each field."""
        if type(other) is not type(self):
            return NotImplemented
        mine, theirs = self.__dict__, other.__dict__
        return mine == theirs or (mine.keys() != theirs.keys() and _in_order(self) == _in_order(other))

    def _in_order(self: Any) -> list[Any]:
        # What a version without some field stored is read without it: its default stands in the class.
        return [getattr(self, one.name) for one in fields(self)]

    def added(*, default: Any) -> Any:
        """A field of a later version; at its default it does not show in the `repr`, so digests made before still hold."""
        return field(default=default, metadata={_ADDED: True})

    _ADDED = "added"

    def _repr_without_added_defaults(self: Any) -> str:
        shown = [one for one in fields(self) if one.repr]
        shown = [one for one in shown if not one.metadata.get(_ADDED) or getattr(self, one.name) != one.default]
        return f"{type(self).__qualname__}({', '.join(f'{one.name}={getattr(self, one.name)!r}' for one in shown)})"

    def replace(value: Any, /, **changes: Any) -> Any:
        """`dataclasses.replace`. Deciding about one order makes ten such copies.

        Raises:
            TypeError: a name that is no field.
        """
        held = value.__dict__
        changed = held | changes
        # What a version without the field stored is read without it: its default stands in the class.
        if len(changed) != len(held) and (unknown := changes.keys() - type(value).__dataclass_fields__.keys()):
            raise TypeError(f"{type(value).__name__} has no field {', '.join(unknown)}")
        copy = object.__new__(type(value))
        copy.__dict__ = changed
        return copy


class Words(NamedTuple):
    """A sentence for staff, in both languages."""

    en: str
    pl: str


__all__ = ["Words", "added", "replace", "value"]
