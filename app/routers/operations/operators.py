"""For operators: what is parked and why, putting it back to work, and how each destination is (R71)."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from app.domain.delivery.circuit_breaker import Circuit
from app.domain.errors import NotFound
from app.domain.operations.audit import AuditEntry
from app.domain.operations.replay import ParkedFilter, ParkedGroup
from app.domain.operations.trace import summarised
from app.domain.reasons import Reason
from app.domain.shops.configuration import OPERATOR_ROLE
from app.routers.edge.dependencies import AuditDep, DirectoryDep, HealthDep, OperationsDep, Operator, WaitsDep, needs
from app.routers.edge.field_examples import field
from app.routers.edge.problems import documented
from app.routers.events.fields.field_types import ExactText
from app.routers.events.fields.identifiers import EventId, Id
from app.routers.operations.event_traces import ReasonOut
from app.routers.operations.open_items import OpenItemOut
from app.routers.operations.shop_states import ShopStateOut, shop_states_of
from app.services.health.health import Health
from app.services.health.waiting import WhatWaits
from app.services.operations.replay import Line, Operations, Replay

router = APIRouter(prefix="/v1/operations", tags=["Operator: operations"], responses=documented(401, 404, 503))


async def _known_shop(
    _: Operator,
    directory: DirectoryDep,
    shop: Annotated[str | None, Query(max_length=128, description="Only this shop.", examples=["shop1"])] = None,
) -> str | None:
    """Raises `NotFound` for a shop that is not configured: an empty answer would read as if all were well there."""
    if shop is not None and directory.shop(shop) is None:
        raise NotFound("shop")
    return shop


OnlyShop = Annotated[str | None, Depends(_known_shop)]


class ParkedGroupOut(BaseModel):
    """Parked items of one cause. Mend the cause, then replay the group: `shop`, `reason` and `words` name it."""

    shop: str = Field(description="The shop's id.", examples=["shop1"])
    destination: str | None = Field(description="Where it was going; null if the rules failed over it.", examples=["account:main"])
    number: int = Field(description="How many there are.", examples=[412])
    reason: ReasonOut | None = Field(description="Why they are parked.")
    words: str = Field(description="The text of the answer, without addresses.", examples=["Invalid phone number"])
    oldest: datetime = Field(description="When the first of them was parked.", examples=["2026-11-23T09:15:00Z"])
    newest: datetime = Field(description="When the last of them was parked.", examples=["2026-11-23T11:40:00Z"])
    samples: list[str] = Field(description="Ids of some of the events.", examples=[["order-5501-placed"]])

    @classmethod
    def of(cls, group: ParkedGroup) -> "ParkedGroupOut":
        return cls(
            shop=group.shop_id,
            destination=group.destination,
            number=group.number,
            reason=ReasonOut.of(group.reason),
            words=group.words,
            oldest=group.oldest,
            newest=group.newest,
            samples=list(group.samples),
        )


class ReplayMode(StrEnum):
    """Only count, or do it."""

    PREVIEW = "preview"
    RUN = "run"


class ReplayIn(BaseModel):
    """Which parked items; what is left out does not matter, so `{"mode": "preview"}` means all of them."""

    model_config = ConfigDict(extra="forbid")

    mode: ReplayMode = field("replay_mode", "`preview` only counts and shows; `run` takes a key of the role operator.")
    shop: Id | None = field("shop", "Only parked items of this shop.", default=None)
    reason: Reason | None = field("parked_reason", "Only those with this reason.", default=None)
    words: ExactText | None = field("words", "Only those of which SALESmanago or the panel said exactly this.", default=None)
    event_id: EventId | None = field("event_id", "Only those of this event.", default=None)

    @property
    def filter(self) -> ParkedFilter:
        return ParkedFilter(self.shop, self.reason, self.words, self.event_id)


class ReplayItemOut(BaseModel):
    """One item of a replay."""

    shop: str = Field(description="The shop's id.", examples=["shop1"])
    event_id: str = Field(description="The event it came from.", examples=["order-5501-placed"])
    command: str | None = Field(
        description="What is sent, as things stand today; null if nothing is left of it.", examples=["add_event"]
    )
    summary: dict[str, Any] = Field(
        description="What it says, without personal details.",
        examples=[{"kind": "PURCHASE", "external_id": "5501", "products": ["101"], "value": "214.98", "currency": "PLN"}],
    )


class ReplayOut(BaseModel):
    """What the replay does, or with `preview` would do."""

    mode: ReplayMode = Field(description="`preview` or `run`.", examples=["preview"])
    again: int = Field(description="Commands that are sent again.", examples=[412])
    decided_again: int = Field(description="Events over which the rules had failed.", examples=[0])
    closed: dict[str, int] = Field(description="Commands nothing is left of, by reason.", examples=[{"replaced": 3}])
    held: int = Field(description="Of disabled shops: they stay parked.", examples=[0])
    samples: list[ReplayItemOut] = Field(description="A few of them.")

    @classmethod
    def of(cls, mode: ReplayMode, replay: Replay) -> "ReplayOut":
        samples = []
        for shop, event_id, command in replay.samples:
            what, summary = summarised(command) if command is not None else (None, {})
            samples.append(ReplayItemOut(shop=shop, event_id=event_id, command=what, summary=summary))
        closed = {reason.value: number for reason, number in replay.closed.items()}
        return cls(
            mode=mode, again=replay.again, decided_again=replay.decided_again, closed=closed, held=replay.held, samples=samples
        )


class LineOut(BaseModel):
    """How it stands with one destination: its circuit breaker, its pace, and what waits for it."""

    destination: str = Field(
        description="Where it goes: `account:`, `reading:`, `newsletter:` or `tags:` and a name.", examples=["account:main"]
    )
    circuit: Circuit = Field(
        description="`closed`: calls are made. `open`: it rests after failures. `half_open`: one contact is tried first.",
        examples=["closed"],
    )
    cause: str = Field(description="What it last answered, while it answers nothing good.", examples=[""])
    failures: int = Field(description="Rounds in a row that brought nothing.", examples=[0])
    since: datetime | None = Field(description="When the trouble began.", examples=[None])
    rest_until: datetime | None = Field(description="When the next probe is made.", examples=[None])
    calls_per_second: float | None = Field(description="Allowed now: less than configured after a complaint.", examples=[5.0])
    claims: int = Field(description="Batches on their way at this moment, in all processes.", examples=[2])
    waiting: int = Field(description="Contacts for whom something waits.", examples=[140])
    next_try_at: datetime | None = Field(
        default=None, description="When the first of them is tried; null if nothing waits, or if it is due by now.", examples=[None]
    )
    disabled: bool = Field(
        default=False,
        description="The shop is disabled, or all of the account: what waits stays, and is not sent.",
        examples=[False],
    )

    @classmethod
    def of(cls, line: Line) -> "LineOut":
        breaker = line.state.breaker
        return cls(
            destination=line.destination,
            circuit=line.circuit,
            cause=breaker.cause,
            failures=breaker.failures,
            since=breaker.since,
            rest_until=breaker.rest_until,
            calls_per_second=line.calls_per_second,
            claims=line.claims,
            waiting=line.waiting,
            next_try_at=line.next_try_at,
            disabled=line.is_disabled,
        )


class ParkedOut(BaseModel):
    """The largest group first; and what is not parked but waits, so that nobody takes an outage for rest."""

    groups: list[ParkedGroupOut] = Field(description="Parked items, grouped by cause.")
    waiting: list[LineOut] = Field(description="Destinations for which something waits.")
    sends: bool = Field(
        default=True,
        description="False while the database may be a copy: nothing is sent until a person confirms it.",
        examples=[True],
    )
    open: list[OpenItemOut] = Field(description="All else that waits, by what it waits for.")
    calm: bool = Field(description="Nothing is parked and nothing waits for anything or anybody.", examples=[False])


class LinesOut(BaseModel):
    """How it stands with every destination."""

    neighbours: list[LineOut] = Field(description="Every destination.")


class ShopStatesOut(BaseModel):
    """How it stands with every shop."""

    shops: list[ShopStateOut] = Field(description="Every shop.")


@router.get("/parked", summary="See what could not be delivered")
async def parked(_: Operator, operations: OperationsDep, waits: WaitsDep, health: HealthDep, shop: OnlyShop = None) -> ParkedOut:
    """What could not be delivered or decided, grouped by cause, and all that waits."""
    return await shown_parked(operations, waits, health, shop)


async def shown_parked(operations: Operations, waits: WhatWaits, health: Health, shop: str | None) -> ParkedOut:
    """What could not be delivered or decided, and what still waits."""
    groups = [ParkedGroupOut.of(group) for group in await operations.parked(ParkedFilter(shop_id=shop))]
    waiting = [LineOut.of(line) for line in await operations.waiting(shop)]
    items = [OpenItemOut.of(item) for item in await waits.items(shop)]
    calm = not (groups or waiting or items)
    return ParkedOut(groups=groups, waiting=waiting, open=items, calm=calm, sends=(await health.readiness()).sends)


@router.post("/replays", responses=documented(400, 413, 415, 422), summary="Try it again")
async def replay(caller: Operator, operations: OperationsDep, directory: DirectoryDep, body: ReplayIn) -> ReplayOut:
    """Try parked items again, one, some or all: with `preview` only count. Sent is what is true today, never an old state."""
    if body.mode is ReplayMode.RUN:
        needs(caller, OPERATOR_ROLE)
    await _known_shop(caller, directory, body.filter.shop_id)
    work = operations.preview if body.mode is ReplayMode.PREVIEW else operations.replay
    return ReplayOut.of(body.mode, await work(body.filter))


@router.get("/neighbours", summary="See every destination")
async def neighbours(_: Operator, operations: OperationsDep) -> LinesOut:
    """Circuit breakers, pace and backlog of every destination."""
    return LinesOut(neighbours=[LineOut.of(line) for line in await operations.lines()])


@router.get("/shops", summary="See every shop")
async def shop_states(_: Operator, health: HealthDep) -> ShopStatesOut:
    """Every shop with its events by state, and why events of the last 14 days were not sent."""
    return ShopStatesOut(shops=shop_states_of(await health.report()))


class AuditEntryOut(BaseModel):
    """Who did what through which door."""

    number: int = Field(description="Its number; `before` takes it.", examples=[87])
    at: datetime = Field(description="When it was done.", examples=["2026-11-23T09:15:00Z"])
    door: str = Field(description="Through which door: `api`, `console` or `cli`.", examples=["console"])
    who: str = Field(description="Name and id of the key.", examples=["Anna (ab12cd34)"])
    action: str = Field(description="What was done.", examples=["replayed"])
    shop: str | None = Field(description="The shop it was about; null if none alone.", examples=["shop1"])
    about: str = Field(description="The thing it was about.", examples=["parked"])
    before: str = Field(description="How it was before.", examples=["412 parked"])
    after: str = Field(description="How it was afterwards.", examples=["0 parked"])

    @classmethod
    def of(cls, number: int, entry: AuditEntry) -> "AuditEntryOut":
        return cls(
            number=number,
            at=entry.at,
            door=entry.actor.door,
            who=entry.actor.name,
            action=entry.action,
            shop=entry.shop_id,
            about=entry.about,
            before=entry.before,
            after=entry.after,
        )


class AuditOut(BaseModel):
    """Newest first."""

    entries: list[AuditEntryOut] = Field(description="What people did.")


@router.get("/audit", summary="See who did what")
async def audit_log(
    _: Operator,
    audit: AuditDep,
    shop: OnlyShop = None,
    before: Annotated[int | None, Query(ge=1, le=2**53, examples=[1000], description="Only entries below this number.")] = None,
) -> AuditOut:
    """What people did, through API, console and command line: nothing changes or removes a line."""
    return AuditOut(entries=[AuditEntryOut.of(number, entry) for number, entry in await audit.newest(shop, before)])
