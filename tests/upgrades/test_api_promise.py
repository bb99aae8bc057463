"""What docs/api-promise.md promises of `/v1`, against the contract of the release before."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BEFORE = Path(__file__).parent / "files" / "0.4.0-openapi.yaml.gz"
Document = dict[str, Any]
ALWAYS_SO = {"became required: post /v1/shops/{}/events .type"}
"""What the document did not say before, though the code refused an item of a batch without it."""


def fields_of(document: Document, schema: Any, path: str = "", seen: tuple[str, ...] = ()) -> Iterator[tuple[str, bool]]:
    """(path, is it required?) of every field below a schema, through references, lists and alternatives."""
    if not isinstance(schema, dict):
        return
    if (reference := schema.get("$ref")) is not None:
        name = reference.rpartition("/")[2]
        if name not in seen:
            yield from fields_of(document, document["components"]["schemas"][name], path, (*seen, name))
        return
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}", name in schema.get("required", ())
        yield from fields_of(document, inner, f"{path}.{name}", seen)
    for inner in (schema.get("items"), *(one for kind in ("anyOf", "oneOf", "allOf") for one in schema.get(kind, ()))):
        yield from fields_of(document, inner, path, seen)


def resolved(document: Document, said: Any) -> Any:
    """What a reference to a shared answer, parameter or body stands for."""
    while isinstance(said, dict) and "$ref" in said:
        _, kind, name = said["$ref"].removeprefix("#/").split("/")
        said = document["components"][kind][name]
    return said


def contract(document: Document) -> dict[str, set[str]]:
    """Everything a caller may rely on, by kind."""
    found: dict[str, set[str]] = {
        "operation": set(),
        "request field": set(),
        "required": set(),
        "answer": set(),
        "answer field": set(),
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method not in ("get", "post", "put", "patch", "delete"):
                continue
            name = f"{method} {re.sub(r'{[^}]+}', '{}', path)}"
            found["operation"].add(name)
            for parameter in (resolved(document, one) for one in operation.get("parameters", ())):
                if parameter["in"] != "path":
                    found["request field"].add(f"{name} ?{parameter['name']}")
                    found["required"] |= {f"{name} ?{parameter['name']}"} if parameter.get("required") else set()
            for content in resolved(document, operation.get("requestBody", {})).get("content", {}).values():
                for field, required in fields_of(document, content.get("schema")):
                    found["request field"].add(f"{name} {field}")
                    found["required"] |= {f"{name} {field}"} if required else set()
            for status, said in operation["responses"].items():
                answer = resolved(document, said)
                if status.startswith("2"):
                    found["answer"].add(f"{name} {status}")
                for content in answer.get("content", {}).values():
                    found["answer field"] |= {f"{name} {status} {field}" for field, _ in fields_of(document, content.get("schema"))}
    return found


def broken(before: Document, now: Document) -> list[str]:
    """What the promise forbids, in words."""
    old, new = contract(before), contract(now)
    gone = [f"{kind} is gone: {one}" for kind in old if kind != "required" for one in sorted(old[kind] - new[kind])]
    stricter = sorted(one for one in new["required"] - old["required"] if one in old["request field"])
    return gone + [f"became required: {one}" for one in stricter]


@pytest.fixture(scope="module")
def before() -> Document:
    document: Document = yaml.load(gzip.decompress(BEFORE.read_bytes()), Loader=yaml.CSafeLoader)  # ours, and safe
    return document


def test_nothing_of_the_api_of_the_release_before_is_gone_or_became_stricter(before: Document) -> None:
    now = yaml.load((ROOT / "openapi.yaml").read_text(), Loader=yaml.CSafeLoader)
    assert set(broken(before, now)) <= ALWAYS_SO


def test_a_deprecated_operation_says_when_it_goes() -> None:
    now = yaml.load((ROOT / "openapi.yaml").read_text(), Loader=yaml.CSafeLoader)
    silent = [
        f"{method} {path}"
        for path, operations in now["paths"].items()
        for method, operation in operations.items()
        if isinstance(operation, dict) and operation.get("deprecated")
        if not all(
            {"Deprecation", "Sunset"} <= resolved(now, answer).get("headers", {}).keys()
            for answer in operation["responses"].values()
        )
    ]
    assert silent == []


SMALL: Document = {
    "paths": {
        "/v1/a/{b}": {
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/A"}}}},
                "responses": {"202": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/B"}}}}},
            }
        }
    },
    "components": {
        "schemas": {
            "A": {"properties": {"x": {}, "y": {"items": {"$ref": "#/components/schemas/B"}}}, "required": ["x"]},
            "B": {"properties": {"z": {}}},
        }
    },
}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("post", "patch"), "operation is gone: post /v1/a/{}"),
        (("/v1/a/{b}", "/v1/a/{c}/d"), "operation is gone: post /v1/a/{}"),
        (("'202'", "'207'"), "answer is gone: post /v1/a/{} 202"),
        (("'x': {}, ", ""), "request field is gone: post /v1/a/{} .x"),
        (("'z'", "'w'"), "answer field is gone: post /v1/a/{} 202 .z"),
        (("['x']", "['x', 'y']"), "became required: post /v1/a/{} .y"),
        (("/v1/a/{b}", "/v1/a/{c}"), None),
        (("['x']", "[]"), None),
        (("'x': {}, ", "'x': {}, 'new': {}, "), None),
    ],
)
def test_what_the_promise_forbids_is_seen(change: tuple[str, str], words: str | None) -> None:
    now = yaml.safe_load(repr(SMALL).replace(*change))
    found = broken(SMALL, now)
    assert found == [] if words is None else words in found
