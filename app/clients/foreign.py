"""JSON that others wrote, read so that nothing of it can hurt anything but itself (R73).

What comes out can be encoded, stored and compared: no halves of emoji, no control signs, no number that a column or a float
cannot hold, nothing nested without end. Whatever is none of that is replaced or left out at its own place; the rest is read.
"""

import asyncio
import json
import math
import re
from typing import Any

from app.formats.words import mended

JsonObject = dict[str, Any]  # a border: their JSON

MOST_VALUES = 400_000
"""In one answer. The largest honest ones (fifty contacts with all their events) have some 100,000."""
DEEPEST = 40
LONGEST_TEXT = 10_000
_LARGEST = 2**63 - 1
_LONGEST_NUMBER = 64
_IN_A_THREAD_BYTES = 128 * 1024
"""Larger answers take more than a few milliseconds to read, in which nobody else would be served."""

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*+(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)


class TooMuch(Exception):
    """More values than we read: they would take memory out of all proportion to the bytes."""


async def foreign_object(raw: bytes) -> JsonObject | None:
    """The object in an answer; None if it is none. Raises `TooMuch`."""
    if raw.count(b",") + raw.count(b"{") + raw.count(b"[") > MOST_VALUES:
        raise TooMuch
    read = foreign_json(raw) if len(raw) < _IN_A_THREAD_BYTES else await asyncio.to_thread(foreign_json, raw)
    return read if isinstance(read, dict) else None


def foreign_json(raw: bytes) -> Any:
    """The value in an answer, cleaned; None if it is no JSON. Bytes that are no UTF-8 spoil the text they stand in alone."""
    text = raw.decode("utf-8-sig", errors="replace")
    try:
        try:
            read = _decoder.decode(text)
        except RecursionError:
            read = _decoder.decode(_pruned(text))
    except ValueError:
        return None
    return _cleaned(read, 0)


def _cleaned(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return mended(value[:LONGEST_TEXT])
    if isinstance(value, dict | list) and depth >= DEEPEST:
        return None
    if isinstance(value, list):
        return [_cleaned(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return {mended(name[:LONGEST_TEXT]): _cleaned(one, depth + 1) for name, one in value.items()}
    return value


def _whole(digits: str) -> int | str | None:
    """Beyond 64 bits it can only be a name, which text keeps."""
    if len(digits) > _LONGEST_NUMBER:
        return None
    number = int(digits)
    return number if -_LARGEST <= number <= _LARGEST else digits


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _no_number(_name: str) -> None:
    """`NaN` and `Infinity`, which Python would read although JSON has no such thing."""


_decoder = json.JSONDecoder(parse_int=_whole, parse_float=_finite, parse_constant=_no_number, strict=False)


def _pruned(text: str) -> str:
    """The text with null in place of what is nested too deeply for the reader."""
    kept: list[str] = []
    depth = start = 0
    for token in _TOKEN.finditer(text):
        if token[0] in ("[", "{"):
            depth += 1
            if depth == DEEPEST + 1:
                kept += [text[start : token.start()], "null"]
        elif token[0] in ("]", "}"):
            if depth == DEEPEST + 1:
                start = token.end()
            depth -= 1
    if depth <= DEEPEST:  # otherwise it never ends, and is no JSON
        kept.append(text[start:])
    return "".join(kept)
