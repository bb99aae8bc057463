"""What holds for every body: an optional value that is odd is left out with a warning, a required one is refused (R10).

It is said here once, for every field of every model: a new optional field gets it for free. The exceptions stand with the
model, in `never_left_out`: fields of which a guess would be worse than a refusal.
"""

import re
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from functools import cache
from heapq import nsmallest
from typing import Any, ClassVar, NamedTuple, Self

from annotated_types import MaxLen
from pydantic import (
    BaseModel,
    ConfigDict,
    PrivateAttr,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

_Notes = list[tuple[str, str]]
"""Places in a model, and what became of the value there."""

_noted: ContextVar[_Notes] = ContextVar("_noted")
_place: ContextVar[str] = ContextVar("_place", default="")


def note(words: str) -> None:
    """Said by the rule of a field that keeps a value which differs from what came: the receipt's warnings name the field."""
    notes = _noted.get(None)
    if notes is not None:
        notes.append((_place.get(), words))


class WireModel(BaseModel):
    """Fields we do not know are kept aside, so that we can name them."""

    model_config = ConfigDict(extra="allow", frozen=True)

    no_content: ClassVar[tuple[str, ...]] = ()
    """Fields that name the message and say nothing in it."""
    never_left_out: ClassVar[frozenset[str]] = frozenset()
    """Optional fields of which an odd value spoils the whole: without them the rest would say something else."""
    never_emptied: ClassVar[frozenset[str]] = frozenset()
    """Lists that may lose odd elements but not all of them: an empty one would say something else."""
    never_cut: ClassVar[frozenset[str]] = frozenset()
    """Lists of which those behind the limit are not left out."""
    empty_says_none: ClassVar[frozenset[str]] = frozenset()
    """Fields of which an explicit `null` or empty value says "no more", and is no silence."""

    _notes: _Notes = PrivateAttr(default_factory=list)
    _left_out: frozenset[str] = PrivateAttr(default=frozenset())
    _index: int | None = PrivateAttr(default=None)

    @classmethod
    def read(cls, body: bytes) -> Self:
        """A JSON body; one with signs that are no text is mended first (R73). Raises `pydantic.ValidationError`."""
        try:
            return cls.model_validate_json(body)
        except ValidationError as error:
            whole = mended(body)
            if error.errors(include_url=False, include_input=False)[0]["type"] != "json_invalid" or whole == body:
                raise
        return cls.model_validate_json(whole)

    def remember(self, notes: _Notes) -> None:
        """What became of odd values in it."""
        self._notes = notes
        self._left_out = frozenset(place for place, words in notes if words.startswith(_LEFT_OUT) and words != _EMPTY)

    def came_as(self, index: int) -> None:
        """Its place in the list that came, of which others were left out."""
        self._index = index

    def index(self, at: int) -> int:
        """Its place in the list that came, if it stands at `at` in the list that was kept."""
        return at if self._index is None else self._index

    def is_left_out(self, name: str) -> bool:
        """The field was said, and nobody could read it."""
        return name in self._left_out

    def is_odd(self) -> bool:
        """Something in it was said that nobody could read."""
        return bool(self._left_out)

    def says_none(self, name: str) -> bool:
        """The field was said, and said that there is no value any more."""
        said = name in self.empty_says_none and name in self.model_fields_set
        return said and not getattr(self, name) and name not in self._left_out

    @model_validator(mode="wrap")
    @classmethod
    def _with_notes(cls, said: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        before = _noted.set([])
        try:
            model = handler({} if said == [] else said)  # PHP writes an empty object as an empty list
            notes = _noted.get()
        finally:
            _noted.reset(before)
        if notes:
            model.remember(notes)
        return model

    @field_validator("*", mode="wrap")
    @classmethod
    def _left_out_if_it_may_be(cls, said: Any, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        name = info.field_name or ""
        shown, is_required, silence, most = _fields_of(cls)[name]
        if is_required:
            return _at(shown, handler, said)
        if isinstance(silence, list):
            silence = list(silence)
        if said is None:
            return silence
        if silence == [] and isinstance(said, dict) and all(key.isdigit() for key in said):
            said = list(said.values())  # PHP writes a list with gaps as an object
        notes = _noted.get()
        strict = name in cls.never_left_out
        if isinstance(said, list) and most is not None and len(said) > most and not strict and name not in cls.never_cut:
            notes.append((shown, f"more than {most}: those behind the first {most} are left out"))
            said = said[:most]
        noted_before = len(notes)
        try:
            return _at(shown, handler, said)
        except ValidationError as error:
            del notes[noted_before:]
            is_empty = _is_empty(said) or (said is False and name not in cls.empty_says_none)  # PHP says false for nothing
            mistakes = error.errors(include_url=False, include_input=False, include_context=False)
            if (strict and not (silence is None and is_empty)) or any(one["type"] == SPOILS and not one["loc"] for one in mistakes):
                raise
            if isinstance(said, list) and said:
                kept = _without_odd(said, mistakes, handler, shown, notes)
                if kept or (kept is not None and name not in cls.never_emptied):
                    return kept
            if not is_empty:
                if name in cls.never_emptied:
                    raise
                notes.append((shown, f"{_LEFT_OUT}{_of_element(mistakes[0], skip=0)}"))
            elif name not in cls.empty_says_none:
                notes.append((shown, _EMPTY))
            return silence

    def content(self, warnings: list[str], path: str = "") -> dict[str, Any]:
        """What was said in the fields we know, by name, if it is not what silence means.

        `warnings`: what was left out, cut or ignored, each with the path of its field.
        """
        warnings += (f"{path}{place}: {words}" for place, words in self._notes)
        if self.model_extra:
            warnings += (f"{path}{safe_name(name)}: unknown field, ignored" for name in nsmallest(50, self.model_extra))
        said: dict[str, Any] = {}
        said_here, values = self.__pydantic_fields_set__, self.__dict__
        for name, (shown, _, silence, _) in _fields_of(type(self)).items():
            if name not in said_here or name in self.no_content:
                continue
            value = values[name]
            if isinstance(value, WireModel):
                value = value.content(warnings, f"{path}{shown}.")
            elif self.empty_says_none and self.says_none(name):
                value = ""
            elif value == silence:
                continue
            elif isinstance(value, list):
                value = [
                    one.content(warnings, f"{path}{shown}[{one.index(at)}].") if isinstance(one, WireModel) else one
                    for at, one in enumerate(value)
                ]
            said[name] = value
        return said


_LEFT_OUT = "left out, "
_EMPTY = f"{_LEFT_OUT}it is empty"
"""Which is as good as not said."""
SPOILS = "spoils"
"""Type of an error that is no matter of one field: what stands around it is left out, or refused."""


def _at(place: str, handler: ValidatorFunctionWrapHandler, said: Any) -> Any:
    """What the rules of a field make of a value, with their notes kept under its name."""
    before = _place.set(place)
    try:
        return handler(said)
    finally:
        _place.reset(before)


def _is_empty(said: object) -> bool:
    return said in ([], {}) or (isinstance(said, str) and not said.strip())


def _without_odd(
    said: list[Any], mistakes: Sequence[Mapping[str, Any]], handler: ValidatorFunctionWrapHandler, shown: str, notes: _Notes
) -> list[Any] | None:
    """The list without the elements that cannot be read. None if it is the list as a whole that is odd."""
    odd: dict[int, str] = {}
    for one in mistakes:
        if not one["loc"] or not isinstance(one["loc"][0], int):
            return None
        odd.setdefault(one["loc"][0], _of_element(one, skip=1))
    kept = [at for at in range(len(said)) if at not in odd]
    value = list(_at(shown, handler, [said[at] for at in kept]))
    for at, one in zip(kept, value, strict=False):
        if isinstance(one, WireModel):
            one.came_as(at)
    notes += ((f"{shown}[{at}]", f"{_LEFT_OUT}{words}") for at, words in odd.items())
    return value


def _of_element(mistake: Mapping[str, Any], skip: int) -> str:
    inside = ".".join(str(part) for part in mistake["loc"][skip:] if not is_noise(part))
    words = _spoken(mistake)
    return f"{inside}: {words}" if inside else words


def _spoken(error: Mapping[str, Any]) -> str:
    words = str(error["msg"]).removeprefix("Value error, ")
    return words[:1].lower() + words[1:]


def is_noise(part: object) -> bool:
    """Names of branches that pydantic adds for unions; they are no part of the document."""
    return isinstance(part, str) and ("[" in part or part in ("str", "int", "float", "decimal", "list"))


def safe_name(name: str, limit: int = 64) -> str:
    """A name somebody else chose, fit to be repeated: short, without control signs, and no address."""
    shown = "".join(sign if sign.isprintable() else "?" for sign in name[: limit + 1])
    return "(an address)" if "@" in shown else shown if len(shown) <= limit else shown[:limit] + "…"


class _Field(NamedTuple):
    shown: str
    """Its name on the wire."""
    is_required: bool
    silence: Any
    """What it is when nothing is said."""
    most: int | None
    """Of a list: how many elements."""


@cache
def _fields_of(model: type[WireModel]) -> dict[str, _Field]:
    """The fields of a model by name."""
    return {name: _field_of(name, info) for name, info in model.model_fields.items()}


def _field_of(name: str, info: FieldInfo) -> _Field:
    silence = info.get_default(call_default_factory=True, validated_data={})
    most = next((rule.max_length for rule in info.metadata if isinstance(rule, MaxLen)), None)
    return _Field(info.alias or name, info.is_required(), silence, most)


# -- bodies --------------------------------------------------------------------------------------------------------------

BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_ESCAPE = re.compile(rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}|\\.", re.DOTALL)


def mended(body: bytes) -> bytes:
    """UTF-8 in which every sign is one: what is half a sign, or none, becomes U+FFFD, which the rules of texts know (R73)."""
    body = body.removeprefix(BOM)
    try:
        body.decode()
    except UnicodeDecodeError:
        body = body.decode(errors="replace").encode()
    return _ESCAPE.sub(_whole_sign, body) if _SURROGATE.search(body) else body


def _whole_sign(found: re.Match[bytes]) -> bytes:
    escape = found[0]
    is_half = len(escape) == len(rb"\ud83d")
    return rb"\ufffd" if is_half else escape
