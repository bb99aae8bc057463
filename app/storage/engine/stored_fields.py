"""How values are stored whose fields have another name in the code by now, and of which most fields stand at their default.

A stored name never changes: the release before may still run beside this one and reads what this one writes. msgspec knows a
dataclass by the names of its fields, so each class here has a twin with the stored names. A value is decoded into the twin, which
then becomes the class itself in place. Values without a twin pass as they are.

What stands at its default is left out, so such a default never changes either: of most contacts little is known, and half of what
was written of them said so.
"""

from dataclasses import MISSING, field, fields, make_dataclass
from types import UnionType
from typing import Any, NamedTuple, get_args, get_type_hints

from app.domain.decisions.carts import Cart
from app.domain.delivery.outbox import DeferredRevocation
from app.domain.delivery.revocation import Revocation
from app.domain.events import DriftFound
from app.domain.person.contact import Contact
from app.domain.person.sides import KeptBack, Observed

RENAMED: dict[type, dict[str, str]] = {
    Contact: {"sent_state": "told", "shop_state": "home", "observed": "seen"},
    KeptBack: {"sent": "told"},
    Revocation: {"at_shop": "home"},
    DriftFound: {"sent_digest": "told"},
    Cart: {"confirmed_at": "heard_at"},
}
"""Class -> field -> the name it is stored under."""


class _Twin(NamedTuple):
    kind: type
    stored: type
    names: tuple[tuple[str, str], ...]
    """Field and stored name, where they differ."""
    nested: "tuple[tuple[str, _Twin], ...]"
    """Fields that hold a value with a twin of its own, or None."""
    defaults: dict[str, Any]
    """Field -> its default, or `MISSING`."""


def _twin_of(kind: type) -> _Twin:
    hints, names, nested = get_type_hints(kind), RENAMED.get(kind, {}), []
    made: list[tuple[str, Any, Any]] = []
    for one in fields(kind):
        hint = hints[one.name]
        options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        for inner in (_TWINS[option] for option in options if option in _TWINS):
            nested.append((one.name, inner))
            hint = inner.stored | None if isinstance(hint, UnionType) else inner.stored
        default: Any = (
            field(default_factory=one.default_factory) if one.default_factory is not MISSING else field(default=one.default)
        )
        made.append((names.get(one.name, one.name), hint, default))
    stored = make_dataclass(kind.__name__, made, kw_only=True, eq=False)
    return _Twin(kind, stored, tuple(names.items()), tuple(nested), {one.name: one.default for one in fields(kind)})


WITH_TWINS = (KeptBack, Observed, Contact, Revocation, DeferredRevocation, DriftFound, Cart)
"""What is nested comes before what holds it."""
_TWINS: dict[type, _Twin] = {}
for _kind in WITH_TWINS:
    _TWINS[_kind] = _twin_of(_kind)


def stored_type(kind: Any) -> Any:
    """The class to decode into: the twin's, or the class itself."""
    twin = _TWINS.get(kind)
    return kind if twin is None else twin.stored


def with_own_names(value: Any, kind: Any) -> Any:
    """What was decoded into `stored_type(kind)`, as a value of `kind`."""
    twin = _TWINS.get(kind)
    return value if twin is None else _own(value, twin)


def with_stored_names(value: Any) -> Any:
    """What to encode in place of a value."""
    twin = _TWINS.get(type(value))
    return value if twin is None else _stored(value, twin)


def _own(value: Any, twin: _Twin) -> Any:
    known = value.__dict__
    for name, stored in twin.names:
        if stored in known:
            known[name] = known.pop(stored)
    for name, inner in twin.nested:
        if (nested := known.get(name)) is not None and type(nested) is inner.stored:
            _own(nested, inner)
    value.__class__ = twin.kind
    return value


def _stored(value: Any, twin: _Twin) -> dict[str, Any]:
    # Compared by identity: a value that was never changed holds the default itself.
    defaults = twin.defaults
    kept = {name: held for name, held in value.__dict__.items() if held is not defaults[name]}
    for name, inner in twin.nested:
        if type(held := kept.get(name)) is inner.kind:
            kept[name] = _stored(held, inner)
    for name, stored in twin.names:
        if name in kept:
            kept[stored] = kept.pop(name)
    return kept
