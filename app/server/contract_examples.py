"""An example for every answer, made of the examples of its fields."""

from typing import Any

Json = dict[str, Any]

_JSON = "application/json"


def with_examples(document: Json) -> Json:
    """The document in which every good answer in JSON has an example, and a description that says what it is."""
    schemas = document["components"]["schemas"]
    for operations in document["paths"].values():
        for operation in operations.values():
            for answer in operation["responses"].values():
                content = answer.get("content", {}).get(_JSON)
                if content is None:
                    continue
                schema = content["schema"]
                if answer["description"] == "Successful Response":
                    answer["description"] = _resolved(schema, schemas).get("description", "").partition("\n")[0]
                if "example" not in content and "examples" not in content:
                    content["example"] = example_of(schema, schemas)
    for operations in document.get("webhooks", {}).values():
        for operation in operations.values():
            content = operation["requestBody"]["content"][_JSON]
            content["example"] = example_of(content["schema"], schemas)
    for operation in (one for operations in document["paths"].values() for one in operations.values()):
        content = operation.get("requestBody", {}).get("content", {}).get(_JSON)
        if content is not None and "example" not in content and "examples" not in content:
            content["example"] = example_of(content["schema"], schemas)
    return document


def example_of(schema: Json, schemas: Json) -> Any:
    """What fits the schema: its own example, or one made of those of its parts."""
    for name in ("examples", "enum"):
        if schema.get(name):
            return schema[name][0]
    for name in ("example", "const"):
        if name in schema:
            return schema[name]
    if "$ref" in schema:
        return example_of(_resolved(schema, schemas), schemas)
    for name in ("anyOf", "oneOf"):
        if name in schema:
            return example_of(schema[name][0], schemas)
    if "properties" in schema:
        return {name: example_of(part, schemas) for name, part in schema["properties"].items()}
    if schema.get("type") == "array":
        return [example_of(schema["items"], schemas)]
    if isinstance(schema.get("additionalProperties"), dict):
        inner = schema["additionalProperties"]
        return {"sent" if inner.get("type") == "array" else "no_consent": example_of(inner, schemas)}
    raise ValueError(f"no example can be made for {schema}")


def _resolved(schema: Json, schemas: Json) -> Json:
    return schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
