"""Many mixed events in one request, as a JSON array or as NDJSON. One bad item never spoils the rest."""

import json
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError

from app.domain.pipeline import Accepted, Conflict, NewEvent
from app.domain.shop import Shop
from app.routers.dependencies import CallingShop, IntakeDep
from app.routers.examples import in_batch
from app.routers.fields import WHOLE_BODY
from app.routers.problems import FieldProblem, documented, field_problems
from app.routers.receive import Receipt, invalid, new_event, receipt
from app.routers.schemas import BATCHABLE

MAX_EVENTS = 1_000
NDJSON = "application/x-ndjson"
NOT_JSON = object()
"""A line that could not be read."""

router = APIRouter(prefix="/v1/shops/{shop}", tags=["events"])


class ItemAnswer(BaseModel):
    """What became of one item. `rejected` items were not stored; mend them and send them again."""

    index: int = Field(description="Position in the request, from 0.", examples=[0])
    event_id: str | None = Field(examples=["order-5501-placed"])
    result: Literal["accepted", "duplicate", "conflict", "rejected"]
    receipt: Receipt | None = Field(description="For accepted and duplicate items.")
    errors: list[FieldProblem] = Field(description="For rejected items.", examples=[[]])


class BatchAnswer(BaseModel):
    """Counts, and an answer per item in the order of the request."""

    accepted: int = Field(examples=[2])
    duplicate: int = Field(examples=[0])
    conflict: int = Field(examples=[0])
    rejected: int = Field(examples=[0])
    items: list[ItemAnswer]


_ITEM = {"oneOf": [{"$ref": f"#/components/schemas/{model.__name__}"} for model in BATCHABLE.values()]}
_EXAMPLE = in_batch("registration", "order", "tag-edit")
_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"type": "array", "minItems": 1, "maxItems": MAX_EVENTS, "items": _ITEM},
            "examples": {"mixed": {"summary": "Three events of a day", "value": _EXAMPLE}},
        },
        NDJSON: {
            "schema": {"type": "string", "description": "One event per line."},
            "example": "\n".join(json.dumps(event, ensure_ascii=False) for event in _EXAMPLE),
        },
    },
}


@router.post(
    "/events",
    status_code=202,
    responses=documented(400, 401, 404, 413, 422, 503),
    openapi_extra={"requestBody": _BODY},
)
async def events_batch(shop: CallingShop, request: Request, intake: IntakeDep) -> BatchAnswer:
    """Up to 1,000 mixed events, each with its `type`. Every item gets its own answer; the good ones are stored durably."""
    answers: list[ItemAnswer | None] = []
    events: list[NewEvent] = []
    for index, item in enumerate(await _items(request)):
        read = _read(index, item, shop)
        answers.append(read if isinstance(read, ItemAnswer) else None)
        if isinstance(read, NewEvent):
            events.append(read)
    stored = iter(await intake.accept(events) if events else [])
    items = [answer if answer is not None else _stored(index, shop, next(stored)) for index, answer in enumerate(answers)]
    counts = {kind: sum(item.result == kind for item in items) for kind in ("accepted", "duplicate", "conflict", "rejected")}
    return BatchAnswer(items=items, **counts)


async def _items(request: Request) -> list[Any]:
    """The items as parsed JSON; a line of NDJSON that is none is `NOT_JSON`. Raises for a body that is no batch."""
    body = await request.body()
    items: Any
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() == NDJSON:
        items = [_line(line) for line in body.split(b"\n") if line.strip()]
    else:
        try:
            items = json.loads(body)
        except (ValueError, RecursionError):
            raise invalid(WHOLE_BODY, "a JSON array of events, or NDJSON, is needed", kind="json_invalid") from None
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_EVENTS:
        raise invalid(WHOLE_BODY, f"an array of 1 to {MAX_EVENTS} events is needed", kind="batch_size")
    return items


def _line(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return NOT_JSON


def _read(index: int, item: Any, shop: Shop) -> NewEvent | ItemAnswer:
    event_id = item.get("event_id") if isinstance(item, dict) else None
    shown = event_id if isinstance(event_id, str) and event_id.isascii() and len(event_id) <= 128 else None
    kind = item.get("type") if isinstance(item, dict) else None
    model = BATCHABLE.get(kind) if isinstance(kind, str) else None
    try:
        if item is NOT_JSON:
            raise invalid(WHOLE_BODY, "this line is not JSON", kind="json_invalid")
        if model is None:
            raise invalid("type", f"one of {', '.join(sorted(BATCHABLE))}", kind="unknown_type")
        return new_event(model.model_validate(item), shop)
    except (RequestValidationError, ValidationError) as error:
        found = error.errors() if isinstance(error, RequestValidationError) else error.errors(include_url=False)
        return ItemAnswer(index=index, event_id=shown, result="rejected", receipt=None, errors=field_problems(found))


def _stored(index: int, shop: Shop, answer: Accepted | Conflict) -> ItemAnswer:
    if isinstance(answer, Conflict):
        return ItemAnswer(index=index, event_id=answer.event_id, result="conflict", receipt=None, errors=[])
    made = receipt(shop.id, answer)
    return ItemAnswer(index=index, event_id=answer.event_id, result=made.result, receipt=made, errors=[])
