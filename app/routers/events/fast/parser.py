"""Plain bodies: those in which every value is written as nearly everybody writes it. They are read in one go, by msgspec.

The wire models say what is right and explain what is not; reading by them is a third of what an event costs. So each wire
type also says, as one more mark, what its plain values look like, and from models and marks the same shapes are made as
msgspec structs. Whatever is not plain, for whatever reason, goes to the model: it is never judged here.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from operator import attrgetter
from types import FunctionType, NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec
from annotated_types import MaxLen, MinLen
from pydantic.fields import FieldInfo

from app.routers.events.wire_model import WireModel

Model = TypeVar("Model", bound=WireModel)
Keep = Callable[[Any], Any]


class NotFast(ValueError):
    """It may be right, or wrong: the model says."""


@dataclass(frozen=True)
class FastField:
    """How plain values of a wire type are read. A mark beside the rules of the type."""

    kind: Any
    """What msgspec reads."""
    keep: Keep
    """The value as the rules would give it. Raises `ValueError` for what is not plain, and for all that breaks a rule."""


def plain_text(least: int, most: int) -> FastField:
    """Nothing to strip, and no sign that could be a control sign."""

    def keep(text: str) -> str:
        if not least <= len(text) <= most or not text.isprintable() or text.strip() != text or "\ufffd" in text:
            raise NotFast
        return text

    return FastField(str, keep)


def plain_match(pattern: str, most: int) -> FastField:
    """Only printable ASCII, for which a pattern means the same everywhere."""
    matches = re.compile(pattern, re.ASCII).fullmatch

    def keep(text: str) -> str:
        if len(text) > most or not text.isascii() or not text.isprintable() or not matches(text):
            raise NotFast
        return text

    return FastField(str, keep)


def plain_number(one_spelling: Callable[[Decimal], Decimal], *, zero: bool) -> FastField:
    """Up to eight digits and four decimals, as number or text. Amounts come again and again: each is read once."""

    @lru_cache(8_192)
    def keep(written: bytes) -> Decimal:
        found = _AMOUNT.fullmatch(written)
        if not found:
            raise NotFast
        number = one_spelling(Decimal(found[2].decode()))
        if not number and not zero:
            raise NotFast
        return number

    return FastField(msgspec.Raw, lambda raw: keep(bytes(raw)))


_AMOUNT = re.compile(rb'("?)(\d{1,8}(?:\.\d{1,4})?)\1')


def reader_of(model: type[Model]) -> Callable[[bytes], Model]:
    """What reads bodies as `model` does. It raises `pydantic.ValidationError`.

    A plain body comes as a struct: with the fields of the model, `wire_type`, `to_domain`, and itself as its `content`.
    Raises `TypeError` for a model with a type of which nobody said how its plain values are read.
    """
    try:
        plain = cast("Callable[[bytes], Model]", msgspec.json.Decoder(_struct(model)).decode)
    except _HasMoreRules:
        return model.read

    def read(body: bytes) -> Model:
        try:
            return plain(body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return model.read(body)  # not plain, or not right

    return read


class _HasMoreRules(Exception):
    """The model, or a part of it, has rules beside the types of its fields."""


@cache
def _struct(model: type[WireModel]) -> type[msgspec.Struct]:
    """The fields of a model in the order of their names, and what makes a domain value of them."""
    if _has_rules_of_its_own(model) or any(info.alias for info in model.model_fields.values()):
        raise _HasMoreRules
    kinds = get_type_hints(model, include_extras=True)
    fields: list[tuple[str, Any, Any]] = []
    kept: list[tuple[str, Keep, Any]] = []
    for name, info in sorted(model.model_fields.items()):
        kind, keep = _shape(kinds[name], info)
        silence = _silence_of(info)
        if name in model.empty_says_none:
            kind, keep = _never_empty(kinds[name], info)
        fields.append((name, kind, msgspec.field(default_factory=list) if silence == [] else silence))
        if silence is not None and silence is not msgspec.NODEFAULT and silence != []:
            keep = _or_silence(keep, silence)
        if keep is not None:
            kept.append((name, keep, silence))
    names = [name for name, _, _ in kept]
    values_of = attrgetter(*names) if len(names) > 1 else lambda body: [getattr(body, name) for name in names]

    def keep_all(body: Any) -> None:
        for said, (name, keep, silence) in zip(values_of(body), kept, strict=True):
            if said is not silence:
                value = keep(said)
                if value is not said:
                    setattr(body, name, value)

    def content(body: Any, _warnings: list[str]) -> Any:
        """A struct writes what was said and is not what silence means, as the content of the model does."""
        said = body.__copy__()
        for name in no_content:
            setattr(said, name, None)
        return said

    no_content = getattr(model, "no_content", ())
    same = {name: getattr(model, name) for name in ("wire_type",) if hasattr(model, name)}
    same |= {name: own for kind in reversed(_beneath(model)) for name, own in vars(kind).items() if isinstance(own, FunctionType)}
    same |= {"is_left_out": _never, "says_none": _never, "is_odd": _never}
    return msgspec.defstruct(
        model.__name__,
        fields,
        namespace={**same, "content": content, "__post_init__": keep_all},
        kw_only=True,
        omit_defaults=True,
        forbid_unknown_fields=True,
        gc=False,
    )


def _beneath(model: type[WireModel]) -> list[type]:
    """The model and what it is made from, without what every wire model has."""
    return [kind for kind in model.__mro__ if issubclass(kind, WireModel) and kind is not WireModel]


def _never(_body: Any, _name: str = "") -> bool:
    """In a plain body nothing is odd, and what may say "no more" is not plain."""
    return False


def _has_rules_of_its_own(model: type[WireModel]) -> bool:
    """Those of every wire model say what becomes of odd values: in a plain body there is none."""
    rules, common = model.__pydantic_decorators__, WireModel.__pydantic_decorators__
    return any(getattr(rules, kind).keys() - getattr(common, kind).keys() for kind in ("model_validators", "field_validators"))


def _silence_of(info: FieldInfo) -> Any:
    """What a field is when nothing is said. Lists that are not empty are kept as tuples, which cannot change."""
    if info.is_required():
        return msgspec.NODEFAULT
    silence = info.get_default(call_default_factory=True, validated_data={})
    return tuple(silence) if isinstance(silence, list) and silence else silence


def _shape(kind: Any, info: FieldInfo) -> tuple[Any, Keep | None]:
    """What msgspec reads for a field, and how its value is kept. Raises `TypeError` for a type of which nothing is known."""
    if get_origin(kind) is Annotated:
        for mark in get_args(kind):
            if isinstance(mark, FastField):
                return mark.kind, mark.keep
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType) and len(parts) == 2 and parts[1] is NoneType:
        kind, keep = _shape(parts[0], info)
        return (kind if kind is msgspec.Raw else kind | None), keep
    if kind is bool or origin is Literal:
        return kind, None
    if _is_model(kind):
        return _struct(kind), None
    if origin is list and _is_model(parts[0]):
        bounds = {_BOUNDS[type(rule)]: getattr(rule, _BOUNDS[type(rule)]) for rule in info.metadata if type(rule) in _BOUNDS}
        return Annotated[list[_struct(parts[0])], msgspec.Meta(**bounds)], None  # type: ignore[misc]
    raise TypeError(f"{kind}: how are its plain values read?")


def _never_empty(kind: Any, info: FieldInfo) -> tuple[Any, Keep | None]:
    """As `_shape`, for a field that says something by being empty: then the model reads it."""
    kind, keep = _shape(get_args(kind)[0] if NoneType in get_args(kind) else kind, info)

    def kept(said: Any) -> Any:
        if said == "":
            raise NotFast
        return keep(said) if keep is not None else said

    return kind, kept


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, WireModel)


_BOUNDS: Mapping[type, str] = {MinLen: "min_length", MaxLen: "max_length"}


def _or_silence(keep: Keep | None, silence: Any) -> Keep:
    """A value equal to the default counts as not sent."""

    def kept(said: Any) -> Any:
        value = keep(said) if keep is not None else said
        return silence if value == silence else value

    return kept
