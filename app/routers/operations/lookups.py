"""Why was this (not) sent? A search by event, person or order."""

from typing import Annotated, Any, Literal, Self

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.domain.errors import NotFound
from app.routers.edge.dependencies import DirectoryDep, ReadableShop, TraceDep
from app.routers.edge.field_examples import EXAMPLES, field
from app.routers.edge.problems import documented
from app.routers.events.fields.field_types import Email
from app.routers.events.fields.identifiers import EVENT_ID, Id
from app.routers.operations.access_pages import PAGE_ANSWER, access_page
from app.routers.operations.consent_exports import ConsentChainOut
from app.routers.operations.event_traces import EventOut
from app.services.operations.trace import AccessReport

router = APIRouter(prefix="/v1/shops/{shop}", tags=["Shop: look-ups"], responses=documented(401, 404, 503))


class LookupIn(BaseModel):
    """A person or an order. An address never stands in a URL."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"email": EXAMPLES["email"]}})

    email: Email | None = field("email", "The person, by any address they ever had in the shop. This or `order_id`.", default=None)
    order_id: Id | None = field("order_id", "The number of an order.", default=None)

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.email is None) == (self.order_id is None):
            raise ValueError("give email or order_id, one of them")
        return self


class TimelineOut(BaseModel):
    """Oldest first; at most the 500 newest events."""

    events: list[EventOut] = Field(description="What was received about the person or the order.")


class AccessReportOut(BaseModel):
    """Everything that is stored about a person."""

    facts: dict[str, Any] = Field(
        description="What is known of the person: profile, tags, newsletters, addresses, with the time of each fact.",
        examples=[{"email": "jan.kowalski@example.com", "registered": True}],
    )
    consents: list[ConsentChainOut] = Field(description="What the person agreed to and resigned from, as sealed lines.")
    events: list[EventOut] = Field(description="The time line, the oldest first.")

    @classmethod
    def of(cls, report: AccessReport) -> "AccessReportOut":
        return cls(
            facts=report.facts,
            consents=[ConsentChainOut.of(chain) for chain in report.consents],
            events=[EventOut.of(one) for one in report.events],
        )


EventIdInPath = Annotated[
    str,
    Path(description="`event_id` as posted; percent-encode signs that mean something in a URL.", examples=[EXAMPLES["event_id"]]),
]


@router.get("/events/{event_id:path}", summary="See what became of an event")
async def event_trace(
    shop: ReadableShop,
    event_id: EventIdInPath,
    trace: TraceDep,
) -> EventOut:
    """What became of one event: its state, the decision with its reason, the commands and every attempt."""
    if not EVENT_ID.fullmatch(event_id):
        raise NotFound("event")
    found = await trace.of_event(shop.id, event_id)
    return EventOut.of(found, await trace.waiting([found]))


@router.post("/lookups", responses=documented(400, 413, 415, 422), summary="See what became of a person or an order")
async def lookup(shop: ReadableShop, body: LookupIn, trace: TraceDep) -> TimelineOut:
    """The time line of a person or an order: everything received, what was decided, and why."""
    if body.email is not None:
        found = await trace.of_person(shop.id, body.email)
    else:
        found = await trace.of_order(shop.id, body.order_id or "")
    waiting = await trace.waiting(found)
    return TimelineOut(events=[EventOut.of(one, waiting) for one in found])


@router.get("/access-requests/{event_id:path}", summary="Fetch what is stored about a person")
async def access_report(shop: ReadableShop, event_id: EventIdInPath, trace: TraceDep) -> AccessReportOut:
    """Everything stored about the person who asked: facts, tags, the ledger of consents, and the time line."""
    if not EVENT_ID.fullmatch(event_id):
        raise NotFound("access request")
    return AccessReportOut.of(await trace.access_report(shop.id, event_id))


@router.get(
    "/access-pages/{event_id:path}",
    response_class=HTMLResponse,
    summary="Fetch the same as a page for that person",
    **PAGE_ANSWER,
)
async def access_page_of(
    shop: ReadableShop,
    event_id: EventIdInPath,
    trace: TraceDep,
    directory: DirectoryDep,
    language: Annotated[Literal["pl", "en"], Query(description="Language of the page.", examples=["pl"])] = "pl",
) -> HTMLResponse:
    """The same as a page that can be handed to the person who asked: data, consents with their proof, tags, what was passed on."""
    if not EVENT_ID.fullmatch(event_id):
        raise NotFound("access request")
    report = await trace.access_report(shop.id, event_id)
    return HTMLResponse(access_page(report, shop, directory.account(shop.account), language))
