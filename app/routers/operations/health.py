"""Is it alive, is it ready, what does it count."""

from typing import Any, Literal

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from app.observability.metrics import (
    backfill_accounts,
    circuit_open,
    events_by_state,
    events_not_sent,
    manual_tasks,
    oldest_receipt_seconds,
    oldest_waiting_seconds,
    queue_contacts,
    registry,
    sends,
)
from app.routers.edge.dependencies import HealthDep, MetricsReader, PerhapsOperator
from app.routers.edge.problems import documented
from app.services.health.health import Health, Report
from app.services.health.health import Readiness as Ready
from app.services.health.problems import ShopHealth

router = APIRouter(tags=["Operator: health"])


class Alive(BaseModel):
    """The process answers."""

    status: Literal["alive"] = Field(default="alive", description="Always `alive`: who is not does not answer.", examples=["alive"])


class ShopReadiness(BaseModel):
    """How it stands with one shop."""

    shop: str = Field(description="The shop's id.", examples=["shop1"])
    oldest_waiting_seconds: float = Field(
        description="Age of the oldest event that is not settled; 0 when nothing waits.", examples=[1.8]
    )
    late: bool = Field(description="The oldest waiting event is older than promised (10 minutes).", examples=[False])
    consent_box_seems_hidden: bool = Field(
        description="Orders arrive, and none of the last ones carried an answer to the consent box.", examples=[False]
    )
    enabled: bool = Field(description="The shop is let through; events of a disabled one are held.", examples=[True])
    shadow: bool = Field(description="Everything is decided and nothing sent.", examples=[False])
    oldest_receipt_seconds: float = Field(
        description="Age of the oldest newsletter change the shop's side has not confirmed.", examples=[0.0]
    )
    receipt_missing: bool = Field(description="A newsletter change waits too long for the shop's side.", examples=[False])
    hand_work: int = Field(description="Changes only a person can make in the shop.", examples=[0])
    differences: int = Field(description="People about whom SALESmanago and the shop disagree.", examples=[0])

    @classmethod
    def of(cls, shop: ShopHealth) -> "ShopReadiness":
        return cls(
            shop=shop.shop_id,
            oldest_waiting_seconds=shop.oldest_waiting_seconds,
            late=shop.late,
            consent_box_seems_hidden=shop.consent_box_seems_hidden,
            enabled=shop.enabled,
            shadow=shop.shadow,
            oldest_receipt_seconds=shop.oldest_receipt_seconds,
            receipt_missing=shop.receipt_missing,
            hand_work=shop.manual_tasks,
            differences=shop.differences,
        )


class Readiness(BaseModel):
    """Whether events can be stored, and for an operator what is wrong."""

    ready: bool = Field(description="Events can be stored durably.", examples=[True])
    failing: list[str] = Field(description="Checks that fail: `store`, `migrations`. What everybody may know.", examples=[[]])
    sends: bool = Field(
        description="False: the database may be a copy of one in use, so events are accepted and nothing is sent "
        "until `gateway installation confirm`.",
        examples=[True],
    )
    problems: list[str] | None = Field(default=None, description="In words; for an operator's key alone.", examples=[[]])
    problems_pl: list[str] | None = Field(default=None, description="`problems` in Polish.", examples=[[]])
    shops: list[ShopReadiness] | None = Field(default=None, description="For an operator's key alone.")

    @classmethod
    def of(cls, readiness: Ready, report: Report | None) -> "Readiness":
        """`report`: for an operator."""
        answer = cls(ready=readiness.ready, failing=list(readiness.failing), sends=readiness.sends)
        if report is not None:
            answer.problems = [words.en for words in report.problems]
            answer.problems_pl = [words.pl for words in report.problems]
            answer.shops = [ShopReadiness.of(shop) for shop in report.shops]
        return answer


@router.get("/healthz", responses=documented(414), summary="Is it alive?")
async def alive() -> Alive:
    """The process answers."""
    return Alive()


_NOT_READY: dict[int | str, dict[str, Any]] = {503: {"model": Readiness, "description": "Events cannot be stored at the moment."}}


@router.get(
    "/readyz",
    responses=_NOT_READY | documented(401),
    summary="Is it ready?",
)
async def ready(health: HealthDep, response: Response, caller: PerhapsOperator) -> Readiness:
    """Can events be stored durably? An operator's key shows more: late shops and a hidden consent box refuse no events."""
    readiness = await health.readiness()
    response.status_code = 200 if readiness.ready else 503
    return Readiness.of(readiness, None if caller is None else await health.quick_report())


_TEXT: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The text format of Prometheus.",
        "content": {
            "text/plain": {"schema": {"type": "string"}, "example": 'gateway_events{shop="shop1",state="sent"} 10412.0'},
        },
    }
}


@router.get("/metrics", response_class=Response, responses=_TEXT | documented(401, 404), summary="Read metrics")
async def metrics(_: MetricsReader, health: HealthDep) -> Response:
    """Prometheus metrics, without personal data: for an operator's key, and for the networks of `GATEWAY_METRICS_OPEN_TO`."""
    return await metrics_of(health)


async def metrics_of(health: Health) -> Response:
    """What Prometheus reads, whichever door it came through."""
    report = await health.recent()
    sends.set(report.sends)
    events_by_state.clear()  # a state nobody is in any more must not keep its last number
    for shop in report.shops:
        oldest_waiting_seconds.labels(shop.shop_id).set(shop.oldest_waiting_seconds)
        oldest_receipt_seconds.labels(shop.shop_id).set(shop.oldest_receipt_seconds)
        manual_tasks.labels(shop.shop_id).set(shop.manual_tasks)
        for state, number in shop.events.items():
            events_by_state.labels(shop.shop_id, state).set(number)
    events_not_sent.clear()
    for shop_id, reasons in report.not_sent.items():
        for one in reasons:
            events_not_sent.labels(shop_id, one.state.value, one.reason.value).set(one.total)
    for destination, number in report.queues.items():
        queue_contacts.labels(destination).set(number)
    for destination, is_open in report.open_circuits.items():
        circuit_open.labels(destination).set(is_open)
    for shop_id, tally in report.transfers.items():
        ends = {"found": tally.found, "sent": tally.sent, "failed": tally.failed, "waiting": tally.waiting}
        ends |= {"total": report.totals[shop_id], "withheld": sum(tally.withheld.values())}
        for end, number in ends.items():
            backfill_accounts.labels(shop_id, end).set(number)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)
