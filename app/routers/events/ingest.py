"""From a wire model to a receipt: the same steps for a single event and for an item of a batch."""

import hashlib
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import quote

import msgspec
from fastapi.exceptions import RequestValidationError
from pydantic import Field

from app.domain.errors import ContentConflict
from app.domain.intake.inbox import Accepted, Conflict, NewEvent
from app.domain.shops.shop import Shop
from app.observability.metrics import events_accepted
from app.routers.edge.body_limits import MAX_BODY_BYTES
from app.routers.edge.field_examples import EXAMPLES, WHOLE_BODY
from app.routers.edge.field_problems import FieldProblem
from app.routers.events.event_in import EventIn
from app.routers.events.fields.identifiers import EVENT_ID
from app.services.intake import Intake


class Taken(NamedTuple):
    """The answer to what a shop said, once whatever can be stored is stored."""

    body: bytes
    status: int = 202
    items: int = 1
    """Events in the request."""
    event_id: str | None = None
    """Of a single event."""
    detail: str = ""
    """Of a batch that was not taken as a whole: how much of it was."""
    errors: Sequence[FieldProblem] = ()

    @property
    def media_type(self) -> bytes:
        return JSON if self.status < 400 else b"application/problem+json"


Handler = Callable[[Intake, Shop, Mapping[bytes, bytes], bytes], Awaitable[Taken]]
"""What a shop says, with its headers and its body: stored and answered. Raises what `problems` knows."""

MOST_WARNINGS = 50
MOST_VALUES = 60_000
"""An order of 500 items with 100 menu paths each has 53,000."""

_FOLLOW = "/v1/shops/shop1/events/order-5501-placed"
JSON = b"application/json"
as_json = msgspec.json.Encoder().encode
"""Answers of the hot path: dataclasses that FastAPI documents and msgspec writes."""

_canonical = msgspec.json.Encoder(order="sorted", decimal_format="string")


@dataclass
class Receipt:
    """The event is stored durably: the sender may forget it. A repetition answers like the first time."""

    event_id: Annotated[str, Field(description="As posted.", examples=[EXAMPLES["event_id"]])]
    result: Annotated[
        Literal["accepted", "duplicate"],
        Field(description="`accepted` now, or a `duplicate` of what was accepted before.", examples=["accepted"]),
    ]
    received_at: Annotated[
        datetime, Field(description="When it was accepted the first time.", examples=["2026-11-23T09:15:00.412Z"])
    ]
    warnings: Annotated[list[str], Field(description="What was left out or ignored, and why.", examples=[[]])]
    follow: Annotated[str, Field(description="Where to see what became of it.", examples=[_FOLLOW])]


def new_event(body: EventIn, shop: Shop, idempotency_key: str | None = None) -> NewEvent:
    """Raises `RequestValidationError` when no id, or two different ids, name the event."""
    warnings: list[str] = []
    event = body.to_domain(shop, warnings)
    content = body.content(warnings)
    return NewEvent(
        shop_id=shop.id,
        event_id=_event_id(body.event_id, idempotency_key),
        type=body.wire_type,
        event=event,
        digest=_digest(content),
        warnings=tuple(warnings[:MOST_WARNINGS]),
        held=not shop.enabled,
    )


def bounded(body: bytes) -> bytes:
    """The body of one event. Raises `RequestValidationError` for one of too many bytes or values."""
    if len(body) > MAX_BODY_BYTES:
        raise invalid(WHOLE_BODY, "at most 1 MiB for an event", kind="too_large")
    if len(body) > MOST_VALUES and values_in(body) > MOST_VALUES:
        raise invalid(WHOLE_BODY, f"at most {MOST_VALUES} values in one event", kind="too_many_values")
    return body


def values_in(body: bytes) -> int:
    """At least as many as JSON has there, but for the first one at each depth; what is nested too deeply cannot be read."""
    return body.count(b",")


async def receive_event(intake: Intake, event: NewEvent) -> Receipt:
    """Raises `ContentConflict` if the id was used for other content, `NotReady` if nothing can be stored."""
    (answer,) = await intake.accept([event])
    if isinstance(answer, Conflict):
        raise ContentConflict(answer.event_id, answer.stored_digest)
    count(event.shop_id, accepted=not answer.duplicate, duplicate=answer.duplicate)
    return receipt(event.shop_id, answer)


def receipt(shop_id: str, answer: Accepted) -> Receipt:
    return Receipt(
        event_id=answer.event_id,
        result="duplicate" if answer.duplicate else "accepted",
        received_at=answer.received_at,
        warnings=list(answer.warnings),
        follow=f"/v1/shops/{shop_id}/events/{_in_address(answer.event_id)}",
    )


def _in_address(event_id: str) -> str:
    return event_id if _NEEDS_NO_QUOTING(event_id) else quote(event_id, safe="")


_NEEDS_NO_QUOTING = re.compile("[A-Za-z0-9_.~-]+").fullmatch
"""The unreserved signs of RFC 3986."""


def count(shop_id: str, accepted: int, duplicate: int) -> None:
    """For the metrics."""
    if accepted:
        events_accepted.count(shop_id, "accepted", number=accepted)
    if duplicate:
        events_accepted.count(shop_id, "duplicate", number=duplicate)


def _event_id(in_body: str | None, in_header: str | None) -> str:
    if in_header and len(in_header) > 2 and in_header[0] == in_header[-1] == '"':
        in_header = in_header[1:-1]  # the header's draft writes the key as a quoted string
    if in_header and not EVENT_ID.fullmatch(in_header):
        raise invalid("Idempotency-Key", "1 to 128 visible ASCII characters")
    if in_body is None and not in_header:
        raise invalid("event_id", "every event needs an id, here or as header Idempotency-Key", kind="missing")
    if in_body is not None and in_header and in_body != in_header:
        raise invalid("event_id", "event_id and Idempotency-Key name different ids")
    return in_body or in_header or ""


def invalid(name: str, message: str, kind: str = "value_error") -> RequestValidationError:
    return RequestValidationError([{"loc": ("body", name), "type": kind, "msg": message}])


def _digest(content: Any) -> str:
    """SHA-256 of the content as we understand it: without fields we do not know, values in one spelling."""
    return hashlib.sha256(_canonical.encode(content)).hexdigest()
