"""Why was this (not) sent? One look-up per event, person or order."""

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, get_args

from fastapi import APIRouter, Path, Query
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.domain.commands import (
    AddEvent,
    Command,
    ConfirmOptIn,
    ConfirmOptOut,
    DeleteContact,
    ErasedCommand,
    HomeCommand,
    MirrorTags,
    SetSubscription,
    UpsertContact,
)
from app.domain.delivery.outbox import CommandState
from app.domain.errors import NotFound
from app.domain.operations.trace import CommandTrace, EventTrace
from app.domain.operations.waiting import Waiting
from app.domain.reasons import EXPLANATIONS, Reason
from app.routers.access_pages import access_page
from app.routers.consent_exports import ConsentChainOut
from app.routers.edge.dependencies import DirectoryDep, ReadableShop, TraceDep
from app.routers.edge.field_examples import EXAMPLES, field
from app.routers.edge.problems import documented
from app.routers.events.field_types import EVENT_ID, Email, Id

router = APIRouter(prefix="/v1/shops/{shop}", tags=["look-ups"], responses=documented(401, 404, 503))


class ReasonOut(BaseModel):
    """Why, and what to do about it, for the merchant's staff."""

    code: str = Field(examples=["no_consent"])
    rule: str = Field(description="Row of the requirements.", examples=["R03"])
    why: str
    what_to_do: str
    why_pl: str
    what_to_do_pl: str

    @classmethod
    def of(cls, reason: Reason | None) -> "ReasonOut | None":
        return None if reason is None else cls(code=reason.value, **vars(EXPLANATIONS[reason]))


class WaitingOut(BaseModel):
    """Why it still waits, and when it is tried next."""

    code: str = Field(examples=["neighbour_down"])
    why: str
    what_to_do: str
    why_pl: str
    what_to_do_pl: str
    next_try_at: datetime | None = Field(description="Null if that does not depend on the time.")
    cause: str = Field(description="What the other side last answered, without addresses.", examples=["unreachable"])

    @classmethod
    def of(cls, waiting: Waiting | None) -> "WaitingOut | None":
        if waiting is None:
            return None
        words = {name: text for name, text in vars(waiting.explanation).items() if name != "rule"}
        return cls(code=waiting.code, next_try_at=waiting.next_try_at, cause=waiting.cause, **words)


class AttemptOut(BaseModel):
    number: int
    at: datetime
    outcome: str = Field(description="delivered, throttled, unreachable, unknown, refused, by_hand or moot", examples=["delivered"])
    detail: str = Field(description="The neighbour's own words, without addresses.")
    call: str | None = Field(description="None if a look-up showed that it had arrived.", examples=["/api/contact/upsert"])
    milliseconds: int | None


class CommandOut(BaseModel):
    """One thing asked of SALESmanago, or of the shop's side."""

    to: str = Field(description="salesmanago or shop", examples=["salesmanago"])
    receipt: str | None = Field(
        description="For a change on the way home: when it was applied to the shop.",
        examples=["applied to shop1 at 2026-11-23T10:15:02+00:00"],
    )

    command: str = Field(examples=["upsert_contact"])
    summary: dict[str, Any] = Field(
        description="What it says: tags and statuses by name, personal fields by name only; `erased` once the person was."
    )
    state: str = Field(examples=["sent"])
    reason: ReasonOut | None
    queued_at: datetime
    settled_at: datetime | None
    upstream_id: str | None = Field(description="SALESmanago's own id, if it gave one.")
    attempts: list[AttemptOut]


Waits = Mapping[tuple[str, str], Waiting]
NOBODY_WAITS: Waits = MappingProxyType({})


class EventOut(BaseModel):
    """The life of an event: received, decided, queued, tried, answered."""

    event_id: str
    type: str
    state: str = Field(description="received, planned, sent, withheld, superseded, parked or held", examples=["sent"])
    reason: ReasonOut | None
    detail: str | None
    waits: WaitingOut | None = Field(description="While it is not at its end.")
    occurred_at: datetime
    received_at: datetime
    decided_at: datetime | None
    settled_at: datetime | None
    warnings: list[str]
    commands: list[CommandOut]

    @classmethod
    def of(cls, trace: EventTrace, waiting: Waits = NOBODY_WAITS) -> Self:
        return cls(
            waits=WaitingOut.of(waiting.get((trace.shop_id, trace.event_id))),
            event_id=trace.event_id,
            type=trace.type,
            state=trace.state.value,
            reason=ReasonOut.of(trace.reason),
            detail=trace.detail,
            occurred_at=trace.occurred_at,
            received_at=trace.received_at,
            decided_at=trace.decided_at,
            settled_at=trace.settled_at,
            warnings=list(trace.warnings),
            commands=[_command(command, trace.shop_id) for command in trace.commands],
        )


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

    events: list[EventOut]


@router.get("/events/{event_id:path}")
async def event_trace(
    shop: ReadableShop,
    event_id: Annotated[str, Path(description="As posted; percent-encode signs that mean something in a URL.")],
    trace: TraceDep,
) -> EventOut:
    """What became of one event: its state, the decision with its reason, the commands and every attempt."""
    if not EVENT_ID.fullmatch(event_id):
        raise NotFound("event")
    found = await trace.of_event(shop.id, event_id)
    return EventOut.of(found, await trace.waiting([found]))


@router.post("/lookups", responses=documented(400, 413, 415, 422))
async def lookup(shop: ReadableShop, body: LookupIn, trace: TraceDep) -> TimelineOut:
    """The time line of a person or an order: everything received, what was decided, and why."""
    if body.email is not None:
        found = await trace.of_person(shop.id, body.email)
    else:
        found = await trace.of_order(shop.id, body.order_id or "")
    waiting = await trace.waiting(found)
    return TimelineOut(events=[EventOut.of(one, waiting) for one in found])


@router.get("/access-requests/{event_id:path}")
async def access_report(shop: ReadableShop, event_id: str, trace: TraceDep) -> dict[str, Any]:
    """Everything stored about the person who asked: facts, tags, the ledger of consents, and the time line."""
    if not EVENT_ID.fullmatch(event_id):
        raise NotFound("access request")
    report = await trace.access_report(shop.id, event_id)
    return {
        "facts": report.facts,
        "consents": [ConsentChainOut.of(chain).model_dump(mode="json") for chain in report.consents],
        "events": [EventOut.of(one).model_dump(mode="json") for one in report.events],
    }


@router.get("/access-pages/{event_id:path}", response_class=HTMLResponse)
async def access_page_of(
    shop: ReadableShop,
    event_id: str,
    trace: TraceDep,
    directory: DirectoryDep,
    language: Annotated[Literal["pl", "en"], Query(description="Of the page.")] = "pl",
) -> HTMLResponse:
    """The same as a page that can be handed to the person who asked: data, consents with their proof, tags, what was passed on."""
    if not EVENT_ID.fullmatch(event_id):
        raise NotFound("access request")
    report = await trace.access_report(shop.id, event_id)
    return HTMLResponse(access_page(report, shop, directory.account(shop.account), language))


def _command(trace: CommandTrace, shop_id: str) -> CommandOut:
    kind, summary = summarised(trace.command)
    command = trace.command
    home = command.was in _HOME if isinstance(command, ErasedCommand) else isinstance(command, HomeCommand)
    receipt = None
    if home and trace.state == CommandState.SENT.value and trace.settled_at is not None:
        receipt = f"applied to {shop_id} at {trace.settled_at.isoformat(timespec='seconds')}"
    return CommandOut(
        to="shop" if home else "salesmanago",
        receipt=receipt,
        command=kind,
        summary=summary,
        state=trace.state,
        reason=ReasonOut.of(trace.reason),
        queued_at=trace.queued_at,
        settled_at=trace.settled_at,
        upstream_id=trace.upstream_id,
        attempts=[
            AttemptOut(
                number=one.number,
                at=one.at,
                outcome=one.outcome,
                detail=one.detail,
                call=one.path,
                milliseconds=one.milliseconds,
            )
            for one in trace.attempts
        ],
    )


_WORD_STARTS = re.compile(r"(?<!^)(?=[A-Z])")
_HOME = frozenset(kind.__name__ for kind in get_args(HomeCommand))


def summarised(command: Command | ErasedCommand) -> tuple[str, dict[str, Any]]:
    """A command for people: tags and statuses in full, personal fields by name only."""
    match command:
        case UpsertContact():
            summary = {
                "renamed": command.new_email is not None,
                "fields": sorted(command.profile),
                "add_tags": list(command.add_tags),
                "remove_tags": list(command.remove_tags),
                "email_status": command.email_status,
                "phone_status": command.phone_status,
            }
            return "upsert_contact", {name: value for name, value in summary.items() if value}
        case AddEvent():
            summary = {
                "kind": command.kind.value,
                "external_id": command.external_id,
                "products": [line.product_id for line in command.lines],
                "value": str(command.value) if command.value is not None else None,
                "currency": command.currency,
            }
            return "add_event", {name: value for name, value in summary.items() if value}
        case ErasedCommand():
            return _WORD_STARTS.sub("_", command.was).lower(), {"erased": True}
        case DeleteContact():
            return "delete_contact", {}
        case ConfirmOptIn():
            return "confirm_opt_in", {}
        case ConfirmOptOut():
            return "confirm_opt_out", {}
        case SetSubscription():
            said = {"email": command.email_news, "sms": command.phone_news}
            return "set_subscription", {channel: one.status.value for channel, one in said.items() if one is not None}
        case MirrorTags():
            mirrored = {
                "points": dict(command.tags.points),
                "sections": list(command.tags.sections),
                "gone": list(command.tags.gone),
            }
            return "mirror_tags", {name: value for name, value in mirrored.items() if value}
