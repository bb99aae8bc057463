"""Many mixed events in one request, as a JSON array or as NDJSON. One bad item never spoils the rest."""

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from pydantic import Field, ValidationError

from app.domain.intake.inbox import Accepted, Conflict, NewEvent
from app.domain.shops.shop import Shop
from app.routers.edge.asked import Asked
from app.routers.edge.dependencies import CallingShop
from app.routers.edge.field_examples import WHOLE_BODY
from app.routers.edge.field_problems import MOST_SHOWN, FieldProblem, field_problems
from app.routers.edge.problems import MEDIA_TYPE, Problem, documented
from app.routers.edge.request_record import current
from app.routers.events.event_in import EventIn
from app.routers.events.examples import in_batch
from app.routers.events.fast.parser import reader_of
from app.routers.events.ingest import Receipt, Taken, as_json, bounded, count, invalid, new_event, receipt, values_in
from app.routers.events.schemas import BATCHABLE
from app.routers.events.wire_model import BOM, mended
from app.services.intake import Intake

MAX_EVENTS = 1_000
MOST_LINES = 10 * MAX_EVENTS
"""Of NDJSON, empty ones included. What follows counts as one more line, which is too many, or no JSON."""
MOST_VALUES_OF_ALL = 300_000
SLICE_BYTES = 32 * 1024
"""Read in one tick of the event loop, if no event of the batch is longer."""

NDJSON = "application/x-ndjson"
AT_ONCE = 50
"""Items read before other requests are served. Each step is done for all of them before the next: code that runs again at once is
still in the processor's caches, and takes half as long."""


class _Head(msgspec.Struct):
    """What must be known of an item before it is read."""

    type: Any = None
    event_id: Any = None


_head = msgspec.json.Decoder(_Head)
_READERS = {name: reader_of(model) for name, model in BATCHABLE.items()}
_array = msgspec.json.Decoder(list[msgspec.Raw])

REFUSED = "batch-refused"
PATH = "events"
"""The last part of the address."""


@dataclass
class ItemAnswer:
    """What became of one item. `rejected` items were not stored; mend them and send them again."""

    index: Annotated[int, Field(description="Position in the request, from 0.", examples=[0])]
    event_id: Annotated[str | None, Field(description="As posted; null if nobody can tell.", examples=["order-5501-placed"])]
    result: Annotated[
        Literal["accepted", "duplicate", "conflict", "rejected"],
        Field(
            description="`accepted`, `duplicate` (stored before), `conflict` (another content under its id) or `rejected`.",
            examples=["accepted"],
        ),
    ]
    receipt: Annotated[Receipt | None, Field(description="For accepted and duplicate items.")]
    errors: Annotated[list[FieldProblem], Field(description="For rejected items.", examples=[[]])]


@dataclass
class BatchAnswer:
    """Counts, and an answer per item in the order of the request."""

    accepted: Annotated[int, Field(description="Items that were stored now.", examples=[2])]
    duplicate: Annotated[int, Field(description="Items that were stored before.", examples=[0])]
    conflict: Annotated[int, Field(description="Items whose `event_id` was used for other content.", examples=[0])]
    rejected: Annotated[int, Field(description="Items that are not well formed.", examples=[0])]
    items: Annotated[list[ItemAnswer], Field(description="An answer per item, in the order of the request.")]


@dataclass(kw_only=True)
class RefusedBatch(BatchAnswer):
    """The problem document of a batch of which nothing was taken, with the answer to every item."""

    type: Annotated[str, Field(description="Path of the page about it.", examples=[f"/problems/{REFUSED}"])]
    title: Annotated[str, Field(description="What happened.", examples=["No event of the batch was taken."])]
    status: Annotated[int, Field(description="The HTTP status.", examples=[422])]
    detail: Annotated[
        str, Field(description="How many, and what to do.", examples=["All 1 need another content or another event_id."])
    ]
    errors: Annotated[
        list[FieldProblem], Field(description="The first 20 mistakes, with `[index].` before the field.", examples=[[]])
    ]
    request_id: Annotated[str | None, Field(description="As in the header X-Request-Id.", examples=["9f2c51d0a7e84b36"])]


_REFS = {name: f"#/components/schemas/Batched{model.__name__}" for name, model in BATCHABLE.items()}
_ITEM = {"oneOf": [{"$ref": ref} for ref in _REFS.values()], "discriminator": {"propertyName": "type", "mapping": _REFS}}
_REFUSAL = {"anyOf": [{"$ref": f"#/components/schemas/{name}"} for name in (RefusedBatch.__name__, Problem.__name__)]}
_EXAMPLE = in_batch("registration", "order", "tag-edit")
_BODY = {
    "required": True,
    "content": {
        "application/json": {
            "schema": {"type": "array", "minItems": 1, "maxItems": MAX_EVENTS, "items": _ITEM},
            "examples": {"mixed": {"summary": "Three events of a day", "value": _EXAMPLE}},
        },
    },
}


ASKED = Asked(
    "batch",
    "send a JSON array of 1 to 1,000 events, each with its `type`, or one event per line with Content-Type: application/x-ndjson",
    "Nothing was stored.",
    example=_EXAMPLE,
)
_ITEM_SHAPE = "every item is one JSON object with its `type`"
_ANY_ITEM = Asked("event", _ITEM_SHAPE, "Nothing was stored.", example=in_batch("order")[0])
_ASKED_ITEM = {
    name: Asked("event", _ITEM_SHAPE, "Nothing was stored.", example=in_batch(name)[0], model=model)
    for name, model in BATCHABLE.items()
}


async def take(intake: Intake, shop: Shop, headers: Mapping[bytes, bytes], body: bytes) -> Taken:
    """The answer to a batch. Raises for a body that is no batch, and `NotReady` if nothing can be stored."""
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    read: list[NewEvent | ItemAnswer] = []
    for part in _parts(_items(body, is_ndjson=kind == NDJSON.encode())):
        if read:
            await asyncio.sleep(0)  # other requests are served meanwhile
        numbers = range(len(read), len(read) + len(part))
        bodies = [_read(index, item) for index, item in zip(numbers, part, strict=True)]
        read += [_event(index, body, shop) for index, body in zip(numbers, bodies, strict=True)]
    events = [one for one in read if isinstance(one, NewEvent)]
    stored = iter(await intake.accept(events) if events else [])
    items = [one if isinstance(one, ItemAnswer) else _stored(index, shop, next(stored)) for index, one in enumerate(read)]
    counts = Counter(item.result for item in items)
    count(shop.id, accepted=counts["accepted"], duplicate=counts["duplicate"])
    return _answer(BatchAnswer(counts["accepted"], counts["duplicate"], counts["conflict"], counts["rejected"], items))


def _answer(answer: BatchAnswer) -> Taken:
    """202: every item was taken. 207: some were. 422: none, as a problem document that carries the answer to every item."""
    taken, refused = answer.accepted + answer.duplicate, answer.conflict + answer.rejected
    if not refused:
        return Taken(as_json(answer), 202, taken)
    errors = [replace(error, field=f"[{item.index}].{error.field}") for item in answer.items for error in item.errors][:MOST_SHOWN]
    if taken:
        detail = f"{taken} of {taken + refused} events were taken, {answer.rejected} rejected, {answer.conflict} in conflict."
        return Taken(as_json(answer), 207, taken + refused, detail=detail, errors=errors)
    record = current()
    document = RefusedBatch(
        **vars(answer),
        type=f"/problems/{REFUSED}",
        title="No event of the batch was taken.",
        status=422,
        detail=f"All {refused} need another content or another event_id. Nothing was stored; `items` says what is wrong.",
        errors=errors,
        request_id=record.id if record is not None else None,
    )
    return Taken(as_json(document), 422, refused, detail=document.detail, errors=errors)


documentation = APIRouter(prefix="/v1/shops/{shop}", tags=["Shop: events"])
"""What /docs shows of it; never mounted."""


@documentation.post(
    f"/{PATH}",
    status_code=202,
    operation_id="events_batch",
    summary="Many events at once",
    response_description="Every item was taken: the receipts.",
    responses=documented(400, 401, 404, 413, 503)
    | {422: {"description": "No event of the batch was taken.", "content": {MEDIA_TYPE: {"schema": _REFUSAL}}}}
    | {207: {"model": BatchAnswer, "description": "Some items were taken, some rejected or in conflict: `items` says which."}},
    openapi_extra={"requestBody": _BODY},
)
async def events_batch(shop: CallingShop) -> BatchAnswer:  # noqa: ARG001 - the signature is what is wanted
    """Up to 1,000 mixed events, each with its `type`. Every item gets its own answer; the good ones are stored durably.

    202 if every item was taken, 207 if some were, 422 if none was. NDJSON, one event per line, is taken too, with the header
    `Content-Type: application/x-ndjson`.
    """
    raise AssertionError("never called: `FastEventEndpoint` serves this address")


def _items(body: bytes, *, is_ndjson: bool) -> Sequence[bytes]:
    """The items as they came, each to be read by itself. Raises for a body that is no batch."""
    if len(body) > MOST_VALUES_OF_ALL and values_in(body) > MOST_VALUES_OF_ALL:
        raise invalid(WHOLE_BODY, f"at most {MOST_VALUES_OF_ALL} values in one batch", kind="too_many_values")
    lines = (line.removeprefix(BOM) for line in body.split(b"\n", MOST_LINES)) if is_ndjson else ()
    items = [line for line in lines if line.strip()] if is_ndjson else _elements(body.removeprefix(BOM))
    if not 1 <= len(items) <= MAX_EVENTS:
        raise invalid(WHOLE_BODY, f"an array of 1 to {MAX_EVENTS} events is needed", kind="batch_size")
    return items


def _elements(body: bytes) -> Sequence[bytes]:
    """The elements of a JSON array, unread."""
    with contextlib.suppress(msgspec.DecodeError, RecursionError):
        return [bytes(element) for element in _array.decode(body)]
    try:  # a reader that forgives more, so that one odd element does not spoil the rest
        read = json.loads(mended(body))
    except (ValueError, RecursionError):
        raise invalid(WHOLE_BODY, "a JSON array of events, or NDJSON, is needed", kind="json_invalid") from None
    return [json.dumps(element).encode() for element in read] if isinstance(read, list) else []


def _parts(items: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """What is read in one tick of the event loop: at most `AT_ONCE` items and `SLICE_BYTES`, or one that is longer."""
    start = 0
    while start < len(items):
        end, size = start + 1, len(items[start])
        while end < len(items) and end - start < AT_ONCE and (size := size + len(items[end])) <= SLICE_BYTES:
            end += 1
        yield items[start:end]
        start = end


def _read(index: int, item: bytes) -> EventIn | ItemAnswer:
    head = _Head()
    try:
        try:
            head = _head_of(bounded(item))
        except (ValueError, RecursionError):
            raise invalid(WHOLE_BODY, "this is not JSON", kind="json_invalid") from None
        read = _READERS.get(head.type) if isinstance(head.type, str) else None
        if read is None:
            raise invalid("type", f"one of {', '.join(sorted(BATCHABLE))}", kind="unknown_type")
        return read(item)
    except (RequestValidationError, ValidationError) as error:
        return _rejected(index, head, error)


def _event(index: int, body: EventIn | ItemAnswer, shop: Shop) -> NewEvent | ItemAnswer:
    if isinstance(body, ItemAnswer):
        return body
    try:
        return new_event(body, shop)
    except (RequestValidationError, ValidationError) as error:
        return _rejected(index, _Head(body.wire_type, body.event_id), error)


def _rejected(index: int, head: _Head, error: RequestValidationError | ValidationError) -> ItemAnswer:
    found = error.errors() if isinstance(error, RequestValidationError) else error.errors(include_url=False)
    named = head.event_id
    shown = named if isinstance(named, str) and named.isascii() and len(named) <= 128 else None
    return ItemAnswer(index=index, event_id=shown, result="rejected", receipt=None, errors=field_problems(found, _asked_of(head)))


def _asked_of(head: _Head) -> Asked:
    """What is right for an item of the kind that was meant."""
    return _ASKED_ITEM.get(head.type, _ANY_ITEM) if isinstance(head.type, str) else _ANY_ITEM


def _head_of(item: bytes) -> _Head:
    """Raises `ValueError` for what is not JSON, also after it was mended."""
    try:
        return _head.decode(item)
    except msgspec.ValidationError:
        return _Head()  # no object
    except ValueError:
        whole = mended(item)
        if whole == item:
            raise
        return _head_of(whole)


def _stored(index: int, shop: Shop, answer: Accepted | Conflict) -> ItemAnswer:
    if isinstance(answer, Conflict):
        return ItemAnswer(index=index, event_id=answer.event_id, result="conflict", receipt=None, errors=[])
    made = receipt(shop.id, answer)
    return ItemAnswer(index=index, event_id=answer.event_id, result=made.result, receipt=made, errors=[])
