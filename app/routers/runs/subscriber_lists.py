"""Import newsletter subscribers who have no account, as a CSV list (R61)."""

import asyncio
from datetime import UTC, datetime
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from app.domain.intake.inbox import Accepted, Conflict, NewEvent
from app.domain.shops.shop import Shop
from app.formats.subscriber_csv import Mistake, NotAList, Row, SubscriberList, TooManyLines, decoded, event_of, parsed
from app.routers.edge.asked import ASKED, Asked
from app.routers.edge.dependencies import ActingShop, IntakeDep
from app.routers.edge.field_examples import WHOLE_BODY
from app.routers.edge.field_problems import FieldProblem
from app.routers.edge.problems import documented
from app.routers.events.ingest import invalid
from app.services.intake import Intake

MAX_LINES = 5_000
LINES_PER_SLICE = 25
_EXAMPLE = "email;email_consent_at;language\newa.nowak@example.com;2025-03-18 18:49:21;pl\n"

router = APIRouter(prefix="/v1/shops/{shop}", tags=["Shop: first transfer"], responses=documented(401, 404, 503))


class LineAnswer(BaseModel):
    """What became of one line. A `rejected` line was not stored: mend it and send the list again."""

    line: int = Field(description="As in the file; the heading is line 1.", examples=[2])
    result: Literal["accepted", "duplicate", "conflict", "rejected"] = Field(
        description="`accepted`, `duplicate` (stored before), `conflict` (another content under its id) or `rejected`.",
        examples=["accepted"],
    )
    event_id: str | None = Field(description="Where to look it up.", examples=["list-9f2c51d0a7e84b36"])
    errors: list[FieldProblem] = Field(description="For rejected lines: what is wrong with which column.", examples=[[]])


class ListAnswer(BaseModel):
    """Counts, and an answer per line. The same list again is harmless: what is stored already is a duplicate."""

    accepted: int = Field(description="Lines that were stored now.", examples=[1])
    duplicate: int = Field(description="Lines that were stored before.", examples=[0])
    conflict: int = Field(description="Lines in conflict.", examples=[0])
    rejected: int = Field(description="Lines that were not stored.", examples=[0])
    ignored_columns: list[str] = Field(description="Columns nobody asked for.", examples=[[]])
    lines: list[LineAnswer] = Field(description="An answer per line.")


_SCHEMA = {"type": "string", "format": "binary", "description": "A heading line, then a line per subscriber."}
"""`binary`: generated clients take a file, and send its bytes as they are."""
_BODY = {"required": True, "content": {"text/csv": {"schema": _SCHEMA, "example": _EXAMPLE}}}


_ASKED = Asked("list", "send CSV: a heading line, then a line per subscriber", "Nothing was stored.", example=_EXAMPLE)


@router.post(
    "/subscriber-lists",
    status_code=202,
    responses=documented(400, 413, 422),
    openapi_extra={"requestBody": _BODY},
    summary="Import newsletter subscribers from a list",
)
async def import_subscribers(shop: ActingShop, request: Request, intake: IntakeDep) -> ListAnswer:
    """Up to 5,000 lines of CSV: `email`, `email_consent_at` and, if there are any, `sms_consent_at`, `phone`, `language`,

    `text_version`, `page`, `ip`. Commas, semicolons or tabs; UTF-8, UTF-16 or Windows-1250. Dates are those on which the person
    agreed; without a zone they are the shop's local time. The shop's rules decide about each of them as about any other.
    """
    request.scope[ASKED] = _ASKED
    try:
        found = parsed(decoded(await request.body()), MAX_LINES)
    except TooManyLines as mistake:
        raise invalid(WHOLE_BODY, str(mistake), kind="too_many_lines") from None
    except NotAList as mistake:
        raise invalid(WHOLE_BODY, str(mistake), kind="not_a_list") from None
    return await imported(found, shop, intake)


async def imported(found: SubscriberList, shop: Shop, intake: Intake) -> ListAnswer:
    """Store what can be stored; a bad line never spoils the rest. Raises `NotReady` if nothing can be."""
    now = datetime.now(UTC)
    read = []
    for number, row in enumerate(found.rows, start=1):
        read.append((row, event_of(row, shop, now)))
        if number % LINES_PER_SLICE == 0:
            await asyncio.sleep(0)  # other requests are served meanwhile
    events = [event for _, event in read if isinstance(event, NewEvent)]
    stored = iter(await intake.accept(events) if events else [])
    lines = [_rejected(row, one) if isinstance(one, list) else _stored(row, next(stored)) for row, one in read]
    counts = {kind: sum(line.result == kind for line in lines) for kind in ("accepted", "duplicate", "conflict", "rejected")}
    return ListAnswer(lines=lines, ignored_columns=list(found.ignored), **counts)


def _rejected(row: Row, mistakes: list[Mistake]) -> LineAnswer:
    errors = [FieldProblem(field=one.column, rule="value_error", message=one.rule, example=one.example) for one in mistakes]
    return LineAnswer(line=row.number, result="rejected", event_id=None, errors=errors)


def _stored(row: Row, answer: Accepted | Conflict) -> LineAnswer:
    if isinstance(answer, Conflict):
        return LineAnswer(line=row.number, result="conflict", event_id=answer.event_id, errors=[])
    return LineAnswer(line=row.number, result="duplicate" if answer.duplicate else "accepted", event_id=answer.event_id, errors=[])
