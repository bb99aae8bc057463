"""Recent requests of a shop, for the developers of its side (R93)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from app.domain.operations.request_log import DoorRequest, RequestOutcome
from app.routers.edge.dependencies import Operator, ReadableShop, RequestsDep
from app.routers.edge.problems import documented
from app.services.operations.request_log import MOST_SHOWN

router = APIRouter(responses=documented(401, 404, 503))


class MistakeOut(BaseModel):
    """What was wrong with one field."""

    field: str = Field(description="Path of the field.", examples=["order.placed_at"])
    rule: str = Field(description="The rule it broke.", examples=["value_error"])
    message: str = Field(
        description="What is right there.", examples=["an RFC 3339 time with offset is needed; times without zone are refused"]
    )


class RequestOut(BaseModel):
    """A request as it was answered: no body, no address, no key."""

    request_id: str = Field(description="As in the header X-Request-Id of the answer.", examples=["9f2c51d0a7e84b36"])
    at: datetime = Field(description="When it was answered.", examples=["2026-11-23T09:15:00Z"])
    milliseconds: int = Field(description="How long that took.", examples=[3])
    shop: str | None = Field(
        description="Whose key it was; of an unknown key, the shop that the path names; of a push, the panel's only shop.",
        examples=["shop1"],
    )
    key: str | None = Field(
        description="Id of the key; of an unknown one, and of a push's unknown token, what it began with.", examples=["ab12cd34"]
    )
    method: str = Field(description="HTTP method.", examples=["POST"])
    path: str = Field(description="Cut before what the sender made up.", examples=["/v1/shops/shop1/orders"])
    status: int = Field(description="HTTP status of the answer.", examples=[422])
    outcome: RequestOutcome = Field(
        description="`taken`, `read`, `refused` (the sender has to change something), `unknown_key` or `failed` (5xx).",
        examples=["refused"],
    )
    event_id: str | None = Field(description="Of a single event, unless it names somebody.", examples=["order-5501-placed"])
    problem: str | None = Field(description="Its `type`.", examples=["/problems/invalid"])
    detail: str = Field(
        description="What the problem document said.", examples=["1 field needs another value. Nothing was stored."]
    )
    errors: list[MistakeOut] = Field(description="What was wrong with which field.")
    not_kept: int = Field(description="Requests of this outcome just before it that were counted and not kept.", examples=[0])

    @classmethod
    def of(cls, request: DoorRequest) -> "RequestOut":
        return cls(
            request_id=request.id,
            at=request.at,
            milliseconds=request.milliseconds,
            shop=request.shop_id,
            key=request.key_id,
            method=request.method,
            path=request.path,
            status=request.status,
            outcome=request.outcome,
            event_id=request.event_id,
            problem=f"/problems/{request.problem}" if request.problem else None,
            detail=request.detail,
            errors=[MistakeOut(field=one.field, rule=one.rule, message=one.message) for one in request.mistakes],
            not_kept=request.not_kept,
        )


class RequestsOut(BaseModel):
    """Oldest first. Ask again with `after` = `next` for what came since."""

    requests: list[RequestOut] = Field(description="The newest ones.")
    next: int = Field(description="The number to go on from.", examples=[417])

    @classmethod
    def of(cls, found: list[tuple[int, DoorRequest]], after: int | None) -> "RequestsOut":
        return cls(requests=[RequestOut.of(one) for _, one in found], next=found[-1][0] if found else after or 0)


After = Annotated[
    int | None, Query(ge=0, le=2**53, examples=[0], description="Only what came after this number: `next` of an earlier answer.")
]
Limit = Annotated[int, Query(ge=1, le=MOST_SHOWN, examples=[100], description="At most so many, the newest ones.")]
Outcomes = Annotated[
    list[RequestOutcome] | None, Query(alias="outcome", description="Only these; may be repeated.", examples=[["refused"]])
]


@router.get("/v1/shops/{shop}/requests", tags=["Shop: look-ups"], summary="See your last requests")
async def recent_requests(
    shop: ReadableShop,
    log: RequestsDep,
    outcome: Outcomes = None,
    after: After = None,
    limit: Limit = 100,
) -> RequestsOut:
    """Requests that carried a key of the shop, or named the shop with an unknown key, and webhooks of a panel that has no other
    shop: of each outcome the newest ones, for days."""
    return RequestsOut.of(await log.recent(shop.id, outcome or (), after, limit), after)


@router.get("/v1/shops/{shop}/requests/{request_id}", tags=["Shop: look-ups"], summary="See one request")
async def one_request(
    shop: ReadableShop,
    log: RequestsDep,
    request_id: Annotated[
        str, Path(max_length=64, examples=["9f2c51d0a7e84b36"], description="As in the header X-Request-Id of its answer.")
    ],
) -> RequestOut:
    """One request, by the id that stood in its answer."""
    return RequestOut.of(await log.one(request_id, shop.id))


@router.get("/v1/operations/requests", tags=["Operator: operations"], summary="See the last requests of all shops")
async def all_requests(
    _: Operator,
    log: RequestsDep,
    outcome: Outcomes = None,
    after: After = None,
    limit: Limit = 100,
) -> RequestsOut:
    """Requests of every shop, and those of no known one."""
    return RequestsOut.of(await log.recent(None, outcome or (), after, limit), after)
