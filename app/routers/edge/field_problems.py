"""What is wrong with which field of a body, in our words: part of a problem document."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated, Any

from pydantic import Field

from app.routers.edge.asked import Asked
from app.routers.edge.field_examples import WHOLE_BODY
from app.routers.events.wire_model import is_noise

MOST_SHOWN = 20
"""Mistakes of one body: who mends these, mends the others."""


@dataclass
class FieldProblem:
    """One mistake: which field, which rule it broke, and what a right value looks like."""

    field: Annotated[str, Field(description="Path of the field in what was sent.", examples=["order.placed_at"])]
    rule: Annotated[str, Field(description="Stable name of the rule it broke, for programs.", examples=["value_error"])]
    message: Annotated[
        str,
        Field(
            description="The rule in words.", examples=["an RFC 3339 time with offset is needed; times without zone are refused"]
        ),
    ]
    example: Annotated[Any, Field(description="A right value for exactly this field.", examples=["2026-11-23T10:15:00+01:00"])]


def field_problems(errors: Iterable[Any], asked: Asked) -> list[FieldProblem]:
    """Pydantic's findings in our words; inputs stay out. A few are shown: who mends these, mends the others."""
    found = []
    for error in islice(errors, MOST_SHOWN):
        unreadable = error["type"] == "json_invalid"  # then the place is a number of bytes, which helps nobody
        parts = [] if unreadable else [part for part in error["loc"] if part not in ("body", "query", "path", "header")]
        names = [str(part) for part in parts if not is_noise(part)]
        whole = names in ([], [WHOLE_BODY])
        said = _IN_WORDS.get(error["type"]) or error["msg"].removeprefix("Value error, ")
        words = asked.shape if whole and error["type"] in _SHAPELESS else said
        example = _one_of(error) or asked.example_of(names)
        found.append(FieldProblem(field=_path(names) or WHOLE_BODY, rule=error["type"], message=words, example=example))
    return found


_SHAPELESS = ("json_invalid", "model_type", "model_attributes_type", "dict_type", "missing")
"""Rules by which the whole body is something else than what is wanted."""

_IN_WORDS = {"string_pattern_mismatch": "another form is needed, like that of the example"}
"""Rules whose own words are a regular expression."""


def _one_of(error: Any) -> str | None:
    """Where only certain words are right, the first of them."""
    words = re.findall(r"'([^']*)'", str(error.get("ctx", {}).get("expected", "")))
    return words[0] if words and error["type"] in ("enum", "literal_error") else None


def _path(names: Sequence[str]) -> str:
    path = ""
    for name in names:
        path += f"[{name}]" if name.isdigit() else f".{name}" if path else name
    return path
