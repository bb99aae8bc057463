"""Examples of events with a field left out, or another value in it."""

from typing import Any


def without(body: dict[str, Any], *path: str) -> dict[str, Any]:
    if len(path) == 1:
        return {name: value for name, value in body.items() if name != path[0]}
    return {**body, path[0]: without(body[path[0]], *path[1:])}


def with_value(body: dict[str, Any], value: Any, *path: str) -> dict[str, Any]:
    return {**body, path[0]: value if len(path) == 1 else with_value(body[path[0]], value, *path[1:])}
