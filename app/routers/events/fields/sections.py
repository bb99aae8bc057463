"""Menu sections on the wire: paths as shops write them, read within bounds. Nothing odd in them refuses an order (R10, R22)."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from app.domain.salesmanago_limits import MAX_TAG_CHARS
from app.domain.tags import MOST_SECTIONS, canonical, clean, may_be_section, within
from app.domain.text import remembered

MAX_PATHS = 100
"""Of one item."""

MAX_SEGMENTS = 50
"""Of one path."""

_MOST_READ = 2_500
"""Segments of one order, repeated ones included."""

_LONGEST_PATH = 10_000
Path = str | list[str]

# The strongest sign that a path contains separates its segments; a slash is the last of them, because names contain it too.
# The panel itself writes backslashes (its `menuItemTextId`).
_SEPARATORS = tuple(re.compile(sign) for sign in (r"\\", r"[»›→]", r"\s>\s|(?<=\S)>(?=\S)", r"\s\|\s|(?<=\S)\|(?=\S)", r"/"))
_LOOKS_LIKE_A_PATH = re.compile(r"\\|[»›→]|\s[>|]\s")


class _Note(StrEnum):
    """What is said of segments, after their number."""

    CUT = f"longer than {MAX_TAG_CHARS} characters, cut"
    NO_NAME = "left out, a section needs letters or digits"
    PREFIX = "left out, `salesmanago_` and `idosell_` are beginnings of tags that are copied"
    A_PATH = "taken as one name; in a list every section is an element of its own"
    TOO_MANY = f"left out, an order may name {MOST_SECTIONS} sections, an item {MAX_PATHS} paths, a path {MAX_SEGMENTS} sections"


class _Read(NamedTuple):
    segments: tuple[str, ...]
    notes: tuple[_Note, ...] = ()


def paths_of(said: object) -> list[Path]:
    """`menu_paths` in the shape they should have had. What is no text becomes an empty one; no list is read beyond its limit."""
    if said is None:
        return []
    if isinstance(said, dict):
        said = list(said.values())
    if not isinstance(said, list):
        return [_text(said)]
    return [_path(one) for one in said[: MAX_PATHS + 1]]


def are_plain(paths: Sequence[Path]) -> bool:
    """Would `paths_of` change nothing?"""
    if len(paths) > MAX_PATHS:
        return False
    return all(isinstance(path, str) or len(path) <= MAX_SEGMENTS for path in paths)


def _path(said: object) -> Path:
    if isinstance(said, dict):
        said = list(said.values())
    return [_text(one) for one in said[: MAX_SEGMENTS + 1]] if isinstance(said, list) else _text(said)


def _text(said: object) -> str:
    """A section may be called 2015."""
    if isinstance(said, str):
        return said
    return str(said) if isinstance(said, int) and not isinstance(said, bool) and abs(said) < 10**15 else ""


class SectionReader:
    """Reads the paths of one order's goods. `said`: what was cut or left out, each kind once, how many, and where first."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._looked_at = 0
        self._notes: dict[_Note, tuple[str, int]] = {}

    def read(self, paths: Sequence[Path], place: str) -> tuple[tuple[str, ...], ...]:
        """`place`: of the item. Raises nothing."""
        found = []
        for number, path in enumerate(paths):
            if number >= MAX_PATHS or self._looked_at >= _MOST_READ:
                self._note(_Note.TOO_MANY, place, len(paths) - number)
                break
            read = _split(path) if isinstance(path, str) else _listed(path)
            self._looked_at += len(read.segments) + 1
            for note in read.notes:
                self._note(note, f"{place}.menu_paths[{number}]")
            segments = read.segments
            if len(self._names) + len(segments) <= MOST_SECTIONS:
                self._names.update(segments)
            else:
                segments = self._within_limit(segments, place)
            if segments:
                found.append(segments)
        return tuple(found)

    def _within_limit(self, segments: tuple[str, ...], place: str) -> tuple[str, ...]:
        kept = []
        for segment in segments:
            if segment in self._names or len(self._names) < MOST_SECTIONS:
                self._names.add(segment)
                kept.append(segment)
            else:
                self._note(_Note.TOO_MANY, place)
        return tuple(kept)

    def _note(self, note: _Note, place: str, count: int = 1) -> None:
        first, before = self._notes.get(note, (place, 0))
        self._notes[note] = (first, before + count)

    def said(self) -> list[str]:
        return [
            f"{place}: {count} {'section' if count == 1 else 'sections'} {note}" for note, (place, count) in self._notes.items()
        ]


@remembered(8_192)
def _split(path: str) -> _Read:
    """A shop has few sections, and its orders name them all day."""
    path = path[:_LONGEST_PATH]
    separator = next((sign for sign in _SEPARATORS if sign.search(path)), None)
    parts = [path] if separator is None else separator.split(path, MAX_SEGMENTS)
    # An empty segment is how a slash at the end of a path looks; only a path of nothing else says nothing.
    named = [part for part in parts if part.strip()]
    return _named(named or [""], is_list=False, has_more=len(parts) > MAX_SEGMENTS)


def _listed(path: Sequence[str]) -> _Read:
    return _named(path[:MAX_SEGMENTS], is_list=True, has_more=len(path) > MAX_SEGMENTS)


def _named(parts: Sequence[str], *, is_list: bool, has_more: bool) -> _Read:
    segments, notes = [], []
    for part in parts[:MAX_SEGMENTS]:
        name = part.strip()
        whole = clean(name)
        tag = within(whole)
        if not may_be_section(tag):
            notes.append(_Note.PREFIX if canonical(tag).strip("_") else _Note.NO_NAME)
            continue
        if tag != whole:
            notes.append(_Note.CUT)
        if is_list and _LOOKS_LIKE_A_PATH.search(whole):
            notes.append(_Note.A_PATH)
        segments.append(name if tag == whole and name.isprintable() else tag)
    return _Read(tuple(segments), (*notes, _Note.TOO_MANY) if has_more else tuple(notes))
