"""Where shops' platforms push to (R80, R81, R86). No body is refused for what it says: what cannot be read is kept and shown."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from app.domain.errors import NotPossible
from app.domain.intake.pushes import PushLine, PushState
from app.routers.edge.addresses import address_of
from app.routers.edge.dependencies import ConnectingDep, Operator, PushesDep
from app.routers.edge.problems import documented
from app.sources.idosell.connecting import Connection
from app.sources.in_polish import in_polish

router = APIRouter()

Platform = Annotated[str, Path(description="The platform.", examples=["idosell"], max_length=32)]
Name = Annotated[
    str, Path(description="The number of the panel, or the shop's name in this gateway.", examples=["1234"], max_length=64)
]


class Taken(BaseModel):
    """The push is stored durably."""

    received: bool = Field(default=True, description="It is stored; what it tells is worked out afterwards.", examples=[True])


@router.post(
    "/sources/{platform}/{name}",
    status_code=202,
    responses=documented(401, 404, 413, 429, 503),
    tags=["Panel: webhooks"],
    summary="Take a push of the shop's platform",
)
async def pushed(platform: Platform, name: Name, request: Request, response: Response, pushes: PushesDep) -> Taken:
    """A webhook of the shop's platform. Verified over the raw body, stored, answered at once; a repetition changes nothing.

    IdoSell: structured webhooks carry `Authorization: Bearer …` and `x-iai-signature`; the programmable ones carry their token in
    that header or in the field `token`. `gateway connect` prints the address and the token.
    """
    headers = {name_.lower(): value for name_, value in request.headers.items()}
    if not await pushes.take(platform, name, headers, await request.body(), address_of(request.scope)):
        response.status_code = 200  # what a ping expects
    return Taken()


class Push(BaseModel):
    """A push, without its content."""

    id: int = Field(description="Its number.", examples=[17])
    platform: str = Field(description="Who pushed.", examples=["idosell"])
    source: str = Field(description="Number of the panel, or the shop's name.", examples=["1234"])
    kind: str = Field(examples=["orderCreated"], description="What the platform calls it.")
    state: PushState = Field(
        description="`waiting` to be read, `told` (it was translated: it became events, or repeated "
        "what was known) or `not_understood` (kept as it came).",
        examples=["told"],
    )
    words: str | None = Field(examples=[None], description="Why it was not understood, or what of it made no event.")
    words_pl: str | None = Field(examples=[None], description="The same in Polish.")
    events: int = Field(examples=[1], description="How many things it reported.")
    received_at: datetime = Field(description="When it was stored.", examples=["2026-11-23T09:15:00Z"])
    settled_at: datetime | None = Field(description="When it was read; null until then.", examples=["2026-11-23T09:15:02Z"])

    @classmethod
    def of(cls, line: PushLine) -> "Push":
        return cls(
            id=line.id,
            platform=line.source.platform,
            source=line.source.name,
            kind=line.kind,
            state=line.state,
            words=line.words,
            words_pl=in_polish(line.words) if line.words else line.words,
            events=line.events,
            received_at=line.received_at,
            settled_at=line.settled_at,
        )


class PushList(BaseModel):
    """The newest first."""

    pushes: list[Push] = Field(description="What was pushed.")


class Kept(BaseModel):
    """The body of a push that was not understood."""

    body: str = Field(examples=['{"results": []}'], description="As it came; bytes that are no UTF-8 are replaced.")


class Again(BaseModel):
    """How much is done once more."""

    pushes: int = Field(examples=[1], description="How many are translated once more.")


PushNumber = Annotated[int, Path(ge=1, le=2**62, description="The push's number, as listed.", examples=[17])]
_OPERATIONS = "/v1/operations/pushes"


@router.get(_OPERATIONS, responses=documented(401, 404), tags=["Operator: pushes of a panel"], summary="See what platforms pushed")
async def list_pushes(
    _operator: Operator,
    pushes: PushesDep,
    state: Annotated[PushState | None, Query(description="Only those in this state.", examples=["not_understood"])] = None,
    platform: Annotated[str | None, Query(description="Only those of this platform.", examples=["idosell"], max_length=32)] = None,
    source: Annotated[
        str | None,
        Query(description="Only those of this panel or shop.", examples=["1234"], max_length=64),
    ] = None,
    limit: Annotated[int, Query(ge=1, le=500, description="At most so many.", examples=[100])] = 100,
) -> PushList:
    """What platforms pushed, the newest first."""
    return PushList(pushes=[Push.of(line) for line in await pushes.lines(platform or None, source or None, state, limit)])


@router.get(
    f"{_OPERATIONS}/{{push_id}}/body",
    responses=documented(401, 404),
    tags=["Operator: pushes of a panel"],
    summary="Read a push that was not understood",
)
async def read_push(_operator: Operator, pushes: PushesDep, push_id: PushNumber) -> Kept:
    """The body of a push that was not understood. Those of others are gone."""
    return Kept(body=(await pushes.body(push_id)).decode("utf-8", errors="replace"))


@router.post(
    f"{_OPERATIONS}/{{push_id}}/again",
    responses=documented(401, 404),
    tags=["Operator: pushes of a panel"],
    summary="Read a push once more",
)
async def translate_again(_operator: Operator, pushes: PushesDep, push_id: PushNumber) -> Again:
    """Translate a push that was not understood once more: after the gateway or the configuration changed."""
    return Again(pushes=await pushes.again([push_id]))


class Right(BaseModel):
    """A right of the panel's key."""

    what: str = Field(description="What the right is needed for.", examples=["orders"])
    what_pl: str = Field(description="The same in Polish.", examples=["zamówienia"])
    area: str = Field(description="Its area in the panel's list of rights.", examples=["OMS"])
    level: str = Field(description="`r` to read, `rw` also to write.", examples=["r"])
    good: bool = Field(description="The key has it.", examples=[True])
    words: str = Field(examples=[""], description="What the panel answered, where the right is missing.")


class ConnectionOut(BaseModel):
    """What `gateway connect idosell` shows, without the token."""

    shop: str = Field(description="The shop's id.", examples=["shop1"])
    panel: str = Field(description="Number of the panel.", examples=["1234"])
    address: str = Field(
        description="What to enter in the panel as the address of every webhook.",
        examples=["https://gateway.example/sources/idosell/1234"],
    )
    events: list[str] = Field(description="Which webhooks to add.", examples=[["clientCreated", "orderCreated"]])
    good: bool = Field(description="All rights are there.", examples=[True])
    checks: list[Right] = Field(description="Every right that is needed.")
    notes: list[str] = Field(description="What to know and to do before the shop goes live.", examples=[[]])
    notes_pl: list[str] = Field(description="The same in Polish.", examples=[[]])

    @classmethod
    def of(cls, found: Connection) -> "ConnectionOut":
        return cls(
            shop=found.shop_id,
            panel=found.panel,
            address=found.address,
            events=list(found.events),
            good=found.good,
            checks=[
                Right(what=one.what.en, what_pl=one.what.pl, area=one.area, level=one.level, good=one.good, words=one.words)
                for one in found.checks
            ],
            notes=[one.en for one in found.notes],
            notes_pl=[one.pl for one in found.notes],
        )


@router.get(
    "/v1/operations/connections/idosell/{shop}",
    responses=documented(401, 404, 409, of=NotPossible),
    tags=["Operator: pushes of a panel"],
    summary="Check the connection to a panel",
)
async def look_at_connection(
    _operator: Operator,
    connecting: ConnectingDep,
    shop: Annotated[str, Path(description="The shop's id.", examples=["shop1"], max_length=64)],
) -> ConnectionOut:
    """Try the rights of the panel's key one by one, and say what is to be entered in the panel (R85). Nothing is changed there."""
    return ConnectionOut.of(await connecting.check(shop))
