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
    prefix="/v1/shops/{shop}/reconciliations", tags=["Shop: comparisons"], responses=documented(401, 404, 409, 503, of=NotPossible)
)


class ReconciliationIn(BaseModel):
    """`preview` counts differences and changes nothing; `repair` puts right what it finds, by the usual rules."""

    model_config = ConfigDict(extra="forbid")

    mode: ReconciliationMode = field("reconciliation_mode", "`preview` only counts; `repair` also puts right what it finds.")
    causes: list[Cause] = field(
        "reconciliation_causes",
        "Of a repair: what it puts right; all causes if left out or empty. A preview takes none.",
        default_factory=list,
        max_length=len(Cause),
    )


class DifferenceOut(BaseModel):
    """One cause: how often, a few whom it concerns, what it means, and what a repair does."""

    cause: Cause = Field(description="Stable name of the cause.", examples=["our_tag_missing"])
    number: int = Field(description="How many there are.", examples=[3])
    samples: list[str] = Field(
        description="Addresses of people, numbers of the panel's accounts.", examples=[["ewa.nowak@example.com"]]
    )
    why: str = Field(description="What it means.", examples=["A tag of ours that was sent is gone in SALESmanago."])
    repair: str = Field(
        description="What a repair does about it.",
        examples=["It is added again; of `idosell_` tags the shop's `tag_conflicts` decides."],
    )
    why_pl: str = Field(description="`why` in Polish.", examples=["W SALESmanago brakuje naszego tagu, który został przekazany."])
    repair_pl: str = Field(
        description="`repair` in Polish.",
        examples=["Tag zostanie dodany ponownie; o tagach `idosell_` decyduje `tag_conflicts` sklepu."],
    )


class ReconciliationOut(BaseModel):
    """A comparison of both sides, and what it found."""

    id: int = Field(description="Its number in this shop.", examples=[12])
    shop: str = Field(description="The shop's id.", examples=["shop2"])
    mode: ReconciliationMode = Field(description="`preview` or `repair`.", examples=["preview"])
    causes: list[Cause] = Field(
        description="What a repair was narrowed to; empty for all causes, and for a preview.", examples=[["our_tag_missing"]]
    )
    phase: Phase = Field(
        description="What is compared: `contacts` of SALESmanago, then `accounts` of the panel; at last `finished`.",
        examples=["finished"],
    )
    checked: int = Field(description="People and accounts compared so far.", examples=[1240])
    busy: int = Field(description="People of whom something was just on its way: they are compared the next time.", examples=[2])
    differences: list[DifferenceOut] = Field(description="What was found, by cause.")
    trouble: str = Field(description="Why it does not go on at the moment; empty when all is well.", examples=[""])
    started_at: datetime = Field(description="When it was started.", examples=["2026-11-23T01:00:00Z"])
    finished_at: datetime | None = Field(description="When it was over; null until then.", examples=["2026-11-23T01:12:00Z"])

    @classmethod
    def of(cls, run: Reconciliation, samples: dict[str, list[str]]) -> "ReconciliationOut":
        return cls(
            id=run.id,
            shop=run.shop_id,
            mode=run.mode,
            causes=list(run.only),
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

    reconciliations: list[ReconciliationOut] = Field(description="Comparisons of the shop.")


@router.post("", status_code=201, responses=documented(400, 413, 415, 422), summary="Compare both sides")
async def start_reconciliation(shop: ActingShop, body: ReconciliationIn, found: ReconciliationsDep) -> ReconciliationOut:
    """Compare everybody who was transferred, and every account of the panel."""
    return ReconciliationOut.of(await found.start(shop.id, body.mode, body.causes), {})


@router.get("", summary="List comparisons")
async def list_reconciliations(shop: ReadableShop, found: ReconciliationsDep) -> ReconciliationsOut:
    """The newest comparisons, of the nights and on request."""
    runs = await found.of_shop(shop.id)
    return ReconciliationsOut(reconciliations=[ReconciliationOut.of(run, await found.people(run)) for run in runs])


@router.get("/{number}", summary="See what a comparison found")
async def reconciliation(
    shop: ReadableShop,
    number: Annotated[int, Path(ge=1, le=2**53, description="The comparison's number.", examples=[12])],
    found: ReconciliationsDep,
) -> ReconciliationOut:
    """What a comparison found, by cause."""
    run = await found.one(shop.id, number)
    return ReconciliationOut.of(run, await found.people(run))
