"""The first transfer of a shop's existing accounts: start it, watch it, hold it (R60-R64)."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field

from app.domain.errors import NotPossible
from app.domain.reasons import EXPLANATIONS, Reason
from app.domain.runs.backfill import BackfillMode, state_of
from app.domain.runs.backfill_tally import Tally
from app.routers.edge.dependencies import ActingShop, BackfillsDep, ReadableShop
from app.routers.edge.field_examples import field
from app.routers.edge.problems import documented
from app.routers.operations.event_traces import ReasonOut
from app.services.runs.backfills import Progress

router = APIRouter(
    prefix="/v1/shops/{shop}/backfills", tags=["Shop: first transfer"], responses=documented(401, 404, 409, 503, of=NotPossible)
)

Number = Annotated[int, Path(ge=1, le=2**53, description="The backfill's number.", examples=[1])]


class BackfillIn(BaseModel):
    """`dry_run` counts what would happen and sends nothing; `run` begins with a canary of a few contacts."""

    model_config = ConfigDict(extra="forbid")

    mode: BackfillMode = field("mode", "`dry_run` counts and sends nothing; `run` sends, beginning with a canary.")


class TallyOut(BaseModel):
    """found = sent + withheld (by reason) + failed + waiting. In a dry run `sent` is what would be sent."""

    found: int = Field(description="Accounts that were looked at so far.", examples=[1240])
    sent: int = Field(description="Of them, those that were sent, or in a dry run would be.", examples=[1138])
    withheld: dict[str, int] = Field(
        description="Of them, those that stay in the shop, by reason.", examples=[{"no_account": 12, "account_elsewhere": 90}]
    )
    failed: int = Field(description="Of them, those that SALESmanago refused.", examples=[0])
    waiting: int = Field(description="Of them, those that are still on their way.", examples=[0])

    @classmethod
    def of(cls, tally: Tally) -> "TallyOut":
        return cls(found=tally.found, sent=tally.sent, withheld=dict(tally.withheld), failed=tally.failed, waiting=tally.waiting)


class SampleOut(BaseModel):
    """What would be sent of one account, by names alone; its number is the panel's."""

    account_id: int = Field(description="Number of the account in the panel.", examples=[1234])
    fields: list[str] = Field(
        description="Names of the personal fields that would travel.", examples=[["first_name", "last_name", "phone"]]
    )
    tags: list[str] = Field(description="Tags that would be added.", examples=[["rejestracja"]])
    opt_ins: list[str] = Field(description="Newsletters the person would be opted into: `email`, `sms`.", examples=[["email"]])


class BackfillOut(TallyOut):
    """A backfill, how far it is, and when it will have landed."""

    id: int = Field(description="Its number in this shop.", examples=[1])
    shop: str = Field(description="The shop's id.", examples=["shop2"])
    mode: BackfillMode = Field(description="`dry_run` or `run`.", examples=["run"])
    state: str = Field(
        description="counting, counted, awaiting_approval, canary, watching_the_canary, transfer, closing, settling, paused, "
        "cancelling, cancelled, complete, complete_with_failures or incomplete",
        examples=["transfer"],
    )
    paused_because: str | None = Field(
        description="`by_a_person`, `canary_refused` or `policy_changed`; null if it is not paused.", examples=[None]
    )
    trouble: str = Field(description="Why it does not go on at the moment; empty when all is well.", examples=[""])
    total: int = Field(description="Accounts the panel says it has.", examples=[1240])
    explained: dict[str, ReasonOut] = Field(description="The reasons of `withheld`, in words.")
    eta: datetime | None = Field(
        description="When the last account will have gone out, at the planned rates.", examples=["2026-11-24T05:40:00Z"]
    )
    started_at: datetime = Field(description="When it was started.", examples=["2026-11-23T21:00:00Z"])
    finished_at: datetime | None = Field(description="When it was over; null until then.", examples=[None])
    preview: TallyOut | None = Field(description="What the dry run before it counted.")
    samples: dict[str, list[SampleOut]] = Field(description="Of a dry run: a few accounts for each thing that would happen.")

    @classmethod
    def of_progress(cls, progress: Progress) -> "BackfillOut":
        run, tally = progress.run, progress.tally
        known = {code: Reason(code) for code in tally.withheld if code in list(Reason)}
        return cls(
            **TallyOut.of(tally).model_dump(),
            id=run.id,
            shop=run.shop_id,
            mode=run.mode,
            state=state_of(run, tally),
            paused_because=run.paused.value if run.paused else None,
            trouble=run.trouble,
            total=run.total,
            explained={code: ReasonOut(code=code, **vars(EXPLANATIONS[reason])) for code, reason in known.items()},
            eta=progress.eta,
            started_at=run.started_at,
            finished_at=run.finished_at,
            preview=TallyOut.of(run.preview) if run.preview else None,
            samples={end: [SampleOut(**_listed(one)) for one in some] for end, some in run.samples.items()},
        )


def _listed(sample: Any) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in vars(sample).items()}


class BackfillsOut(BaseModel):
    """The newest first."""

    backfills: list[BackfillOut] = Field(description="Every backfill of the shop.")


@router.post("", status_code=201, responses=documented(400, 413, 415, 422), summary="Start the first transfer, or count first")
async def start_backfill(shop: ActingShop, body: BackfillIn, backfills: BackfillsDep) -> BackfillOut:
    """Transfer the existing accounts, or count first what would happen. Under `order_consent` there is none: 409 says why."""
    return BackfillOut.of_progress(await backfills.start(shop.id, body.mode))


@router.get("", summary="List first transfers")
async def list_backfills(shop: ReadableShop, backfills: BackfillsDep) -> BackfillsOut:
    """Every backfill of the shop, with its progress or its report."""
    return BackfillsOut(backfills=[BackfillOut.of_progress(one) for one in await backfills.of_shop(shop.id)])


@router.get("/{number}", summary="See how far a first transfer is")
async def backfill(shop: ReadableShop, number: Number, backfills: BackfillsDep) -> BackfillOut:
    """How far it is; when it is over, its report: found = sent + withheld (by reason) + failed."""
    return BackfillOut.of_progress(await backfills.progress(shop.id, number))


@router.post("/{number}/pause", summary="Pause a first transfer")
async def pause_backfill(shop: ActingShop, number: Number, backfills: BackfillsDep) -> BackfillOut:
    """Stop listing accounts. What is queued still goes."""
    return BackfillOut.of_progress(await backfills.pause(shop.id, number))


@router.post("/{number}/resume", summary="Go on with a first transfer")
async def resume_backfill(shop: ActingShop, number: Number, backfills: BackfillsDep) -> BackfillOut:
    """Go on at the same place."""
    return BackfillOut.of_progress(await backfills.resume(shop.id, number))


@router.post("/{number}/approve", summary="Approve a first transfer")
async def approve_backfill(shop: ActingShop, number: Number, backfills: BackfillsDep) -> BackfillOut:
    """After the dry run of a shop with `start = "approved"`: begin."""
    return BackfillOut.of_progress(await backfills.approve(shop.id, number))


@router.post("/{number}/cancel", summary="Cancel a first transfer")
async def cancel_backfill(shop: ActingShop, number: Number, backfills: BackfillsDep) -> BackfillOut:
    """End it here. What is queued still goes, and the report says what became of it."""
    return BackfillOut.of_progress(await backfills.cancel(shop.id, number))
