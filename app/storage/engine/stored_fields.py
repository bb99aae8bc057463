"""How values are stored: what stands at its default is left out, and a renamed field keeps the name it was stored under first.

Half of what was written of most contacts and events said that something is not known. So such a default never changes: the release
before may still run beside this one, and reads what this one writes.

For the same reason a stored name never changes. msgspec knows a dataclass by the names of its fields, so a class with a renamed
field has a twin with the stored names. A value is decoded into the twin, which then becomes the class itself in place.
"""

from dataclasses import MISSING, field, fields, make_dataclass
from types import UnionType
from typing import Any, NamedTuple, get_args, get_type_hints

from app.domain.commands import UpsertContact
from app.domain.decisions.carts import Cart
from app.domain.delivery.outbox import DeferredRevocation
from app.domain.delivery.revocation import Revocation
from app.domain.event_parts import Customer
from app.domain.events import DriftFound, Event
from app.domain.person.contact import Contact
from app.domain.person.sale import Sale
from app.domain.person.sides import KeptBack, Observed

RENAMED: dict[type, dict[str, str]] = {
    Contact: {"sent_state": "told", "shop_state": "home", "observed": "seen"},
    KeptBack: {"sent": "told"},
    Revocation: {"at_shop": "home"},
    DriftFound: {"sent_digest": "told"},
    Cart: {"confirmed_at": "heard_at"},
}
"""Class -> field -> the name it is stored under."""


class _Form(NamedTuple):
    """How the values of a class are stored."""

    kind: type
    stored: type
    """What is decoded into: the twin, or the class itself."""
    names: tuple[tuple[str, str], ...]
    """Field and stored name, where they differ."""
    nested: "tuple[tuple[str, _Form], ...]"
    """Fields that hold a value with a form of its own, or None."""
    twins: "tuple[tuple[str, _Form], ...]"
    """Those of them that are decoded into a twin."""
    defaults: dict[str, Any]
    """Field -> its default, or `MISSING`."""


def _form_of(kind: type) -> _Form:
    hints, names, nested = get_type_hints(kind), RENAMED.get(kind, {}), []
    made: list[tuple[str, Any, Any]] = []
    for one in fields(kind):
        hint = hints[one.name]
        options = get_args(hint) if isinstance(hint, UnionType) else (hint,)
        for inner in (_FORMS[option] for option in options if option in _FORMS):
            nested.append((one.name, inner))
            hint = inner.stored | None if isinstance(hint, UnionType) else inner.stored
        default: Any = (
            field(default_factory=one.default_factory) if one.default_factory is not MISSING else field(default=one.default)
        )
        made.append((names.get(one.name, one.name), hint, default))
    twins = tuple((name, inner) for name, inner in nested if inner.stored is not inner.kind)
    stored = make_dataclass(kind.__name__, made, kw_only=True, eq=False) if names or twins else kind
    return _Form(kind, stored, tuple(names.items()), tuple(nested), twins, {one.name: one.default for one in fields(kind)})


WITH_FORMS = (
    *(Customer, *get_args(Event), UpsertContact, Sale),
    *(KeptBack, Observed, Contact, Revocation, DeferredRevocation, Cart),
)
"""What is nested comes before what holds it."""
_FORMS: dict[type, _Form] = {}
for _kind in WITH_FORMS:
    _FORMS[_kind] = _form_of(_kind)


def stored_type(kind: Any) -> Any:
    """The class to decode into: the twin's, or the class itself."""
    form = _FORMS.get(kind)
    return kind if form is None else form.stored


def with_own_names(value: Any, kind: Any) -> Any:
    """What was decoded into `stored_type(kind)`, as a value of `kind`."""
    form = _FORMS.get(kind)
    return value if form is None or form.stored is kind else _own(value, form)


def with_stored_names(value: Any) -> Any:
    """What to encode in place of a value."""
    form = _FORMS.get(type(value))
    return value if form is None else _stored(value, form)


def _own(value: Any, form: _Form) -> Any:
    known = value.__dict__
    for name, stored in form.names:
        if stored in known:
            known[name] = known.pop(stored)
    for name, inner in form.twins:
        if (nested := known.get(name)) is not None and type(nested) is inner.stored:
            _own(nested, inner)
    value.__class__ = form.kind
    return value


def _stored(value: Any, form: _Form) -> dict[str, Any]:
    # Compared by identity: a value that was never changed holds the default itself.
    defaults = form.defaults
    kept = {name: held for name, held in value.__dict__.items() if held is not defaults[name]}
    for name, inner in form.nested:
        if type(held := kept.get(name)) is inner.kind:
            kept[name] = _stored(held, inner)
    for name, stored in form.names:
        if name in kept:
            kept[stored] = kept.pop(name)
    return kept
