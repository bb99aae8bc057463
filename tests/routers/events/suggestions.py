"""What problem documents suggest, put in its place."""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from app.routers.events.wire_model import WireModel
from tests.routers import direct
from tests.support.gateways import Door

Path = tuple[str | int, ...]
MISSING = object()
ROUNDS = 4


def paths_of(model: type[WireModel], before: Path = ()) -> Iterator[Path]:
    """Every field of a body, however deep, as what stands in its first list entry."""
    for name, info in model.model_fields.items():
        here = (*before, info.alias or name)
        yield here
        for kind in _kinds(info.annotation):
            if isinstance(kind, type) and issubclass(kind, WireModel):
                yield from paths_of(kind, here)
            elif get_origin(kind) is list:
                for inner in _kinds(get_args(kind)[0]):
                    if isinstance(inner, type) and issubclass(inner, WireModel):
                        yield from paths_of(inner, (*here, 0))


def _kinds(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is list:
        return (annotation,)
    return tuple(kind for one in get_args(annotation) for kind in _kinds(one)) or (annotation,)


def placed(body: Any, path: Path, value: Any) -> Any:
    """The body with a value at a place, in lists and objects made on the way; `MISSING` takes it out."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        entries = list(body) if isinstance(body, list) and body else [{}]
        entries += [{}] * (step + 1 - len(entries))
        entries[step] = placed(entries[step], rest, value)
        return entries
    fields = dict(body) if isinstance(body, dict) else {}
    if not rest and value is MISSING:
        fields.pop(step, None)
    else:
        fields[step] = placed(fields.get(step), rest, value)
    return fields


def path_of(field: str) -> Path:
    return tuple(int(part[1:-1]) if part.startswith("[") else part for part in re.findall(r"\[\d+\]|[^.\[\]]+", field))


async def mended(door: Door, path: str, body: Any) -> direct.Answered:
    """Do what the problem documents say until the body is taken; the last answer."""
    for _ in range(ROUNDS):
        answer = await posted(door, path, body)
        if answer.status_code != 422:
            return answer
        for error in answer.json()["errors"]:
            assert "^" not in error["message"], "a regular expression is no sentence"
            whole = error["field"] == "(the whole body)"
            body = error["example"] if whole else placed(body, path_of(error["field"]), error["example"])
    return await posted(door, path, body)


async def posted(door: Door, path: str, body: Any) -> direct.Answered:
    headers = door.auth("shop1") | {"Content-Type": "application/json"}
    return await direct.ask(door.app, "post", f"/v1/shops/shop1/{path}", headers, json.dumps(body).encode())
