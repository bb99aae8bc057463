"""Text that is cut only between signs, a cache that keeps no long text, and numbers with their noun in Polish."""

import unicodedata
from collections.abc import Callable
from functools import lru_cache, wraps
from inspect import Parameter, signature
from typing import ParamSpec, TypeVar, cast

_Texts = ParamSpec("_Texts")
_Made = TypeVar("_Made")

_JOINER = "\u200d"
LONGEST_REMEMBERED = 256
LONGEST_CHARACTER = 4
"""In bytes of UTF-8."""


class _Answers(dict[str, _Made]):
    """Of a function of one text, by text."""

    def __init__(self, function: Callable[[str], _Made], most: int, longest: int) -> None:
        super().__init__()
        self._function = function
        self._most = most
        self._longest = longest

    def __missing__(self, text: str) -> _Made:
        made = self._function(text)
        if len(text) <= self._longest:
            if len(self) >= self._most:
                self.clear()  # what is asked for all day is back at once
            self[text] = made
        return made


def remembered(most: int, longest: int = LONGEST_REMEMBERED) -> Callable[[Callable[_Texts, _Made]], Callable[_Texts, _Made]]:
    """`lru_cache` for functions of texts, which passes long ones by: what a cache holds is bounded in bytes, not only in number."""

    def decorate(function: Callable[_Texts, _Made]) -> Callable[_Texts, _Made]:
        kinds = [one.kind for one in signature(function).parameters.values()]
        if kinds == [Parameter.POSITIONAL_OR_KEYWORD]:
            # It is asked some twenty times for one order. To look into a dictionary is no call of ours.
            return cast("Callable[_Texts, _Made]", _Answers(cast("Callable[[str], _Made]", function), most, longest).__getitem__)
        cached = lru_cache(most)(function)

        @wraps(function)
        def call(*texts: _Texts.args, **named: _Texts.kwargs) -> _Made:
            length = 0
            for text in texts:
                length += len(text)  # type: ignore[arg-type]  # texts, or bytes
            return cached(*texts) if length <= longest and not named else function(*texts, **named)

        call.cache_info = cached.cache_info  # type: ignore[attr-defined]
        return call

    return decorate


def counted_in_english(number: int, one: str, many: str) -> str:
    """A number with the form of the noun that belongs to it: 1 shop, 2 shops."""
    return f"{number} {one if number == 1 else many}"


def counted_in_polish(number: int, one: str, few: str, many: str) -> str:
    """A number with the form of the noun that belongs to it: 1 sklep, 2 sklepy, 5 sklepów, 22 sklepy."""
    if number == 1:
        return f"{number} {one}"
    is_few = number % 10 in (2, 3, 4) and number % 100 not in (12, 13, 14)
    return f"{number} {few if is_few else many}"


def whole_signs(text: str, most: int) -> str:
    """At most so many characters of a text, without a half sign at the end: an accent, an emoji of several parts."""
    if len(text) <= most:
        return text
    end = most
    while end > 0 and _is_inside_a_sign(text, end):
        end -= 1
    return text[: end or most]


def within_bytes(text: str, most: int) -> str:
    """The same, measured in bytes of UTF-8."""
    if len(text) * LONGEST_CHARACTER <= most:
        return text
    return whole_signs(text, len(text.encode()[:most].decode(errors="ignore")))


def _is_inside_a_sign(text: str, at: int) -> bool:
    """Do the characters on both sides of this place make one sign?"""
    before, after = text[at - 1], text[at]
    if before == _JOINER or after == _JOINER or unicodedata.category(after)[0] == "M" or _is_modifier(after):
        return True
    if not _is_half_a_flag(after):
        return False
    halves = 0
    while halves < at and _is_half_a_flag(text[at - 1 - halves]):
        halves += 1
    return halves % 2 == 1


def _is_modifier(sign: str) -> bool:
    """A colour of skin, or a letter of a flag that is written in tags."""
    return "\U0001f3fb" <= sign <= "\U0001f3ff" or "\U000e0020" <= sign <= "\U000e007f"


def _is_half_a_flag(sign: str) -> bool:
    return "\U0001f1e6" <= sign <= "\U0001f1ff"
