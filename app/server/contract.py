"""The contract: what FastAPI collects from the routes, in an order and in words for those who read it.

Added here: readers and their order, keys, examples, problem documents said once, names without a trace of the code.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter

from app.domain.errors import NotAllowed
from app.routers.edge import problems
from app.routers.edge.dependencies import KEYS_TAKEN
from app.routers.edge.problem_examples import named
from app.routers.events import batch, endpoints
from app.routers.events.schemas import BATCHABLE
from app.routers.notices import webhooks
from app.server.contract_examples import with_examples

Json = dict[str, Any]

TAGS: Mapping[str, str] = {
    "Shop: events": "What happens in the shop, one by one or many at once. **Begin here**: a shop needs nothing else.",
    "Shop: look-ups": "What became of it: an event, a person, an order, your last requests; and what is stored about a person.",
    "Shop: way back": "What changed in SALESmanago and concerns the shop: hand-work, conflicts, consents, recovery links of carts. "
    "Notices to your own address stand under *Webhooks*.",
    "Shop: first transfer": "Bring the existing accounts and subscribers over.",
    "Shop: comparisons": "Compare SALESmanago, the panel and the gateway, and put right what differs.",
    "SALESmanago: callbacks": "The addresses to paste into SALESmanago. It calls them when somebody opts in or out.",
    "Panel: webhooks": "The address to enter in the shop's platform, which pushes there what happens.",
    "Operator: operations": "What is stuck and why, trying again, destinations, who did what. With an operator's key.",
    "Operator: pushes of a panel": "What platforms pushed, what was not understood, and whether a panel is connected right.",
    "Operator: health": "For load balancers and monitoring.",
}
"""Tag -> what stands under it; readers in the order in which they need it."""

_READERS = ("Shop", "SALESmanago", "Panel", "Operator")

DESCRIPTION = """
Post what happens in your shop; the gateway decides by the shop's rules what travels to SALESmanago, and tells you why.

**Where to begin.** Get a key (`gateway keys issue SHOP`), press *Authorize*, and try *An order was placed or edited*. The first
group has everything a shop needs; the others are for the gateway's operators, for SALESmanago, and for the shop's platform.

* **202** means stored durably. Send the same `event_id` again whenever you are unsure: it has one effect.
* A batch is answered 202 if every event was taken, 207 if some were, 422 if none was; `items` says which.
* Times carry their offset. Amounts are gross. Unknown fields are ignored and named in the receipt's `warnings`.
* An optional value that is empty or odd is left out, never guessed, and named in `warnings`; a required one is refused.
* Every failing answer is a problem document (RFC 9457) that names the field, the rule and a right value. Repeat after 429, 503 and
  no answer at all, not after other 4xx.
* Every answer carries `X-Request-Id`.
"""

_SHOP_KEY = """
A key made by `gateway keys issue SHOP`: it says which shop calls.

A shop with a `signing_secret` also signs each POST after Standard Webhooks, in the headers `webhook-id` (a name of yours for the
request), `webhook-timestamp` (seconds since 1970, at most five minutes off) and `webhook-signature` (`v1,` and the base64 of
HMAC-SHA-256 over `{webhook-id}.{webhook-timestamp}.{body}`, with the secret without its `whsec_`, decoded from base64).
"""

SCHEMES: Json = {
    "shop-key": {"type": "http", "scheme": "bearer", "description": _SHOP_KEY.strip()},
    "operator-key": {
        "type": "http",
        "scheme": "bearer",
        "description": "A key made by `gateway keys issue --role operator --name NAME`. A key of the role reader changes nothing.",
    },
    "callback-key": {
        "type": "apiKey",
        "in": "query",
        "name": "key",
        "description": "SHA-1 over the contact's address and the callback secret; SALESmanago fills it in.",
    },
    "panel-token": {
        "type": "http",
        "scheme": "bearer",
        "description": "What `gateway connect` prints for an IdoSell panel. WooCommerce signs in `x-wc-webhook-signature` instead.",
    },
}

_BY_TAG: Mapping[str, tuple[str, ...]] = {"SALESmanago: callbacks": ("callback-key",), "Panel: webhooks": ("panel-token",)}
NOBODY = ""
"""Stands for: without a key."""

_NAMES = {
    "Again": "PushesAgain",
    "ItemBackIn": "ReturnedItem",
    "Kept": "PushBody",
    "LineOut": "Destination",
    "LinesOut": "Destinations",
    "ReasonOut": "Explanation",
    "RequestOut": "DoorRequest",
    "RequestsOut": "DoorRequests",
    "Right": "PanelRight",
    "Taken": "PushReceipt",
}
"""Schemas that have another name in the contract than in the code; the others only lose `In` and `Out`."""


def contract_of(app: FastAPI, routers: Sequence[APIRouter]) -> Json:
    """The whole document. `routers`: those of the application; the addresses of events are documented only."""
    routes = [*endpoints.documentation.routes, *batch.documentation.routes, *app.routes]
    document: Json = get_openapi(
        title=app.title,
        version=app.version,
        description=DESCRIPTION.strip(),
        routes=routes,
        webhooks=webhooks.routes,
        tags=[{"name": name, "description": words} for name, words in TAGS.items()],
        servers=[{"url": "/", "description": "The gateway that serves this document."}],
        contact={"name": "The operators of this gateway"},
        license_info={"name": "Proprietary", "identifier": "LicenseRef-Proprietary"},
    )
    _add_schemas(document, [problems.Problem, problems.ConflictProblem, batch.RefusedBatch, *BATCHABLE.values()])
    known = (route for router in (endpoints.documentation, batch.documentation, *routers) for route in router.routes)
    routes_by_id = {route.operation_id or route.name: route for route in known if isinstance(route, APIRoute)}
    for method, operation in _operations(document["paths"]):
        _document_refusals(method, operation)
        operation["security"] = _keys(operation, routes_by_id[operation["operationId"]])
        for parameter in operation.get("parameters", ()):
            parameter["schema"].pop("description", None)  # it stands beside the schema already
    for _, operation in _operations(document["webhooks"]):
        operation["security"] = []
        operation["operationId"] = operation["operationId"].removesuffix("_post")
        operation["responses"].pop("422", None)
        operation.pop("tags", None)
    document["components"]["securitySchemes"] = SCHEMES
    document["x-tagGroups"] = [
        {"name": reader, "tags": [name for name in TAGS if name.startswith(f"{reader}:")]} for reader in _READERS
    ]
    _drop_titles(document)
    _share_problems(document)
    return with_examples(_renamed(document))


def _add_schemas(document: Json, models: list[type]) -> None:
    """Those that only problem answers and the batch refer to; and away with FastAPI's own for refusals.

    An event in a batch must say its `type`, by which readers of the document tell one kind from another.
    """
    schemas = document["components"]["schemas"]
    for model in models:
        made = _schema_of(model)
        for name, schema in {**made.pop("$defs", {}), model.__name__: made}.items():
            schemas.setdefault(name, schema)
    for model in BATCHABLE.values():
        alone = schemas[model.__name__]
        schemas[f"Batched{model.__name__}"] = {**alone, "required": ["type", *alone["required"]]}
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)


def _schema_of(model: type) -> Json:
    template = "#/components/schemas/{model}"
    if issubclass(model, BaseModel):
        return model.model_json_schema(ref_template=template)
    return TypeAdapter(model).json_schema(ref_template=template)


def _operations(paths: Json) -> Iterator[tuple[str, Json]]:
    """(method, operation)"""
    for operations in paths.values():
        yield from operations.items()


def _document_refusals(method: str, operation: Json) -> None:
    """What the border may answer before any route does, and what a key that only reads is answered."""
    answers = operation["responses"]
    if "HTTPValidationError" in str(answers.get("422")):
        answers["422"] = problems.documented(422)[422]
    border = [400, 414] if operation.get("parameters") else []
    border += [429] if answers.keys() & {"401", "403"} else []
    for status, answer in problems.documented(*border).items():
        answers.setdefault(str(status), answer)
    if method != "get" and "401" in answers and "Shop: events" not in operation["tags"]:
        answers.setdefault("403", problems.documented(403, of=NotAllowed)[403])


def _keys(operation: Json, route: APIRoute) -> list[Json]:
    """Which keys open an address. An empty list: none is needed."""
    by_tag = next((_BY_TAG[tag] for tag in operation.get("tags", ()) if tag in _BY_TAG), None)
    taken = by_tag or next((KEYS_TAKEN[call] for call in _calls(route.dependant) if call in KEYS_TAKEN), ())
    return [{name: []} if name != NOBODY else {} for name in taken]


def _calls(dependant: Any) -> Iterator[Any]:
    for one in dependant.dependencies:
        yield one.call
        yield from _calls(one)


def _drop_titles(part: Any) -> None:
    """Titles that are field names once more tell nothing."""
    if isinstance(part, dict):
        if isinstance(part.get("title"), str):
            del part["title"]
        for name, inner in part.items():
            if name not in ("examples", "example", "default", "info"):
                _drop_titles(inner)
    elif isinstance(part, list):
        for inner in part:
            _drop_titles(inner)


def _share_problems(document: Json) -> None:
    """Problem answers stand once, among the components, each with its examples and headers."""
    shared: Json = {}
    for _, operation in _operations(document["paths"]):
        for status, answer in operation["responses"].items():
            if problems.MEDIA_TYPE not in answer.get("content", {}):
                continue
            examples = named(int(status), answer["description"])
            name = _camel(next(iter(examples)))
            if int(status) == 415:
                name = "WrongContentType"  # of the same kind as a body that cannot be read
            shared[name] = {
                "description": answer["description"],
                "headers": _headers(int(status)),
                "content": {problems.MEDIA_TYPE: {**answer["content"][problems.MEDIA_TYPE], "examples": examples}},
            }
            operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    document["components"]["responses"] = shared


def _camel(kind: str) -> str:
    return "".join(part.capitalize() for part in kind.split("-"))


def _headers(status: int) -> Json:
    headers: Json = {"X-Request-Id": _header("Name of this request; it stands in the document too.", "string", "9f2c51d0a7e84b36")}
    if status == 401:
        headers["WWW-Authenticate"] = _header("What is needed.", "string", "Bearer")
    if status in (429, 503):
        headers["Retry-After"] = _header("Seconds to wait.", "integer", 5)
    return headers


def _header(words: str, kind: str, example: Any) -> Json:
    return {"description": words, "schema": {"type": kind, "examples": [example]}}


def _renamed(document: Json) -> Json:
    """The document with schemas under the names that readers see, and with these as titles."""
    schemas = document["components"]["schemas"]
    names = {name: _name(name, schemas) for name in schemas}
    assert len(set(names.values())) == len(names), "two schemas would have one name"
    renamed: Json = _with_refs(document, names)
    renamed["components"]["schemas"] = {
        names[name]: {"title": _words(names[name]), **schema} for name, schema in renamed["components"]["schemas"].items()
    }
    return renamed


def _name(name: str, schemas: Mapping[str, Any]) -> str:
    if name in _NAMES:
        return _NAMES[name]
    base = name.removesuffix("Out") if name.endswith("Out") else name.removesuffix("In")
    if base == name or (name.endswith("Out") and base in schemas):
        return name
    return f"{base}Request" if name.endswith("In") and f"{base}Out" in schemas else base


def _words(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", name).capitalize()


def _with_refs(part: Any, names: Mapping[str, str]) -> Any:
    if isinstance(part, dict):
        return {key: _ref(inner, names) if key == "$ref" else _with_refs(inner, names) for key, inner in part.items()}
    if isinstance(part, list):
        return [_with_refs(inner, names) for inner in part]
    return _ref(part, names) if isinstance(part, str) and part.startswith("#/components/schemas/") else part


def _ref(pointer: str, names: Mapping[str, str]) -> str:
    before, _, name = pointer.rpartition("/")
    return f"{before}/{names[name]}" if before == "#/components/schemas" else pointer
