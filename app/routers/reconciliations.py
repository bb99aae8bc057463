"""Comparisons of both sides: where SALESmanago or the panel holds something else than it should (R26, A8)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors import NotPossible
from app.domain.runs.reconciliation import WORDS, Cause, Phase, Reconciliation, ReconciliationMode
from app.routers.edge.dependencies import ActingShop, ReadableShop, ReconciliationsDep
from app.routers.edge.field_examples import field
from app.routers.edge.problems import documented

router = APIRouter(
    prefix="/v1/shops/{shop}/reconciliations", tags=["reconciliation"], responses=documented(401, 404, 409, 503, of=NotPossible)
)


class ReconciliationIn(BaseModel):
    """`preview` counts differences and changes nothing; `repair` puts right what it finds, by the usual rules."""

    model_config = ConfigDict(extra="forbid")

    mode: ReconciliationMode = field("reconciliation_mode", "`preview` only counts; `repair` also puts right what it finds.")


class DifferenceOut(BaseModel):
    """One cause: how often, a few whom it concerns, what it means, and what a repair does."""

    cause: Cause
    number: int
    samples: list[str] = Field(description="Addresses of people, numbers of the panel's accounts.")
    why: str
    repair: str
    why_pl: str
    repair_pl: str


class ReconciliationOut(BaseModel):
    id: int
    shop: str
    mode: ReconciliationMode
    phase: Phase
    checked: int = Field(description="People and accounts compared so far.")
    busy: int = Field(description="People of whom something was just on its way: they are compared the next time.")
    differences: list[DifferenceOut]
    trouble: str = Field(description="Why it does not go on at the moment; empty when all is well.", examples=[""])
    started_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, run: Reconciliation, samples: dict[str, list[str]]) -> "ReconciliationOut":
        return cls(
            id=run.id,
            shop=run.shop_id,
            mode=run.mode,
            phase=run.phase,
            checked=run.checked,
            busy=run.busy,
            differences=[
                DifferenceOut(cause=Cause(cause), number=number, samples=samples.get(cause, []), **vars(WORDS[Cause(cause)]))
                for cause, number in run.causes.items()
            ],
            trouble=run.trouble,
            started_at=run.started_at,
            finished_at=run.finished_at,
        )


class ReconciliationsOut(BaseModel):
    """The newest first."""

    reconciliations: list[ReconciliationOut]


@router.post("", status_code=201, responses=documented(400, 413, 415, 422))
async def start_reconciliation(shop: ActingShop, body: ReconciliationIn, found: ReconciliationsDep) -> ReconciliationOut:
    """Compare everybody who was transferred, and every account of the panel."""
    return ReconciliationOut.of(await found.start(shop.id, body.mode), {})


@router.get("")
async def list_reconciliations(shop: ReadableShop, found: ReconciliationsDep) -> ReconciliationsOut:
    """The newest comparisons, of the nights and on request."""
    runs = await found.of_shop(shop.id)
    return ReconciliationsOut(reconciliations=[ReconciliationOut.of(run, await found.people(run)) for run in runs])


@router.get("/{number}")
async def reconciliation(
    shop: ReadableShop, number: Annotated[int, Path(ge=1, le=2**53, description="Its number.")], found: ReconciliationsDep
) -> ReconciliationOut:
    """What a comparison found, by cause."""
    run = await found.one(shop.id, number)
    return ReconciliationOut.of(run, await found.people(run))
