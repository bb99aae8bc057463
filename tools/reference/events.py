"""Every event with every field, from the contract."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from app.server.application import openapi
from tools.reference.markdown import page, table

Schema = Mapping[str, Any]


def events() -> str:
    document = openapi()
    schemas = document["components"]["schemas"]
    intro = """
One POST for each event, with the shop's key; what to post when is in [Connect a shop](../start/rest.md). A dot stands between a
field and what it holds, `[]` for each item of a list. Unknown fields are left out and named in `warnings`; an optional value that
cannot be read is left out, too, and never refuses the event.
"""
    found = ((path, one.get("post", {})) for path, one in document["paths"].items())
    bodies = ((path, operation, _body_of(operation, schemas)) for path, operation in found)
    return page(
        "Events, field by field", intro, *(_event(path, one, body, schemas) for path, one, body in bodies if body is not None)
    )


def _body_of(operation: Schema, schemas: Schema) -> Schema | None:
    """The model of an event; None for all other requests."""
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    model = _followed(schema, schemas)
    return model if "occurred_at" in model.get("properties", {}) else None


def _event(path: str, operation: Schema, model: Schema, schemas: Schema) -> str:
    about = operation.get("description", "").strip()
    rows = list(_fields(model, schemas, ""))
    heads = ["field", "type", "default", "meaning", "example"]
    return f"## {path.rpartition('/')[2]}\n\n`POST {path}`\n\n{about}\n\n" + table(heads, rows)


def _fields(model: Schema, schemas: Schema, before: str) -> Iterator[list[str]]:
    """A row for each field, what it holds behind it."""
    for name, schema in model["properties"].items():
        field = _followed(schema, schemas)
        item = _followed(field.get("items", {}), schemas)
        holds = next((one for one in (field, item) if "properties" in one), None)
        example = "" if holds is not None else _json(next(iter(field.get("examples", ())), None))
        default = "**required**" if name in model.get("required", ()) else _json(field.get("default"))
        yield [f"`{before}{name}`", _type_of(field, schemas), default, field.get("description", ""), example]
        if holds is not None:
            yield from _fields(holds, schemas, f"{before}{name}{'[]' if holds is item else ''}.")


def _json(value: object) -> str:
    return "" if value in (None, []) else f"`{json.dumps(value, ensure_ascii=False)}`"


def _followed(schema: Schema, schemas: Schema) -> Schema:
    """Through references and "or null"; what is said beside a reference counts."""
    beside = {name: value for name, value in schema.items() if name not in ("$ref", "anyOf")}
    if "$ref" in schema:
        return {**_followed(schemas[schema["$ref"].rpartition("/")[2]], schemas), **beside}
    choices = [one for one in schema.get("anyOf", ()) if one.get("type") != "null"]
    return {**_followed(choices[0], schemas), **beside} if len(choices) == 1 else schema


_KINDS = {"string": "text", "integer": "whole number", "boolean": "true or false", "object": "object"}
_FORMATS = {"date-time": "time with offset", "date": "date", "email": "e-mail address", "uri": "address"}


def _type_of(field: Schema, schemas: Schema) -> str:
    if "enum" in field:
        return " or ".join(f"`{one}`" for one in field["enum"])
    if "const" in field:
        return f"`{field['const']}`"
    if "anyOf" in field:
        choices = (_followed(one, schemas) for one in field["anyOf"] if one.get("type") != "null")
        return " or ".join(dict.fromkeys(_type_of(one, schemas) for one in choices)) + _limits(field)
    kind = field.get("type", "value")
    if kind == "array":
        return f"list of {_type_of(_followed(field.get('items', {}), schemas), schemas)}{_limits(field)}"
    return _FORMATS.get(field.get("format", ""), _KINDS.get(kind, kind)) + _limits(field)


_LIMITS = {
    "minLength": "at least {} characters",
    "maxLength": "at most {} characters",
    "minItems": "at least {}",
    "maxItems": "at most {}",
    "minimum": "≥ {}",
    "maximum": "≤ {}",
    "exclusiveMinimum": "> {}",
}


def _limits(field: Schema) -> str:
    said = [
        words.format(f"{field[name]:,}")
        for name, words in _LIMITS.items()
        if name in field and (name, field[name]) != ("minLength", 1)
    ]
    return "".join(f", {one}" for one in said)
