"""The way back, for people: hand-work, conflicts, and what is written down of consents."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from app.domain.decisions.discrepancies import Conflict, ConflictKind, conflicts_of
from app.domain.delivery.outbox import ManualTask
from app.domain.operations.trace import summarised
from app.domain.person.stored import StoredContact
from app.domain.shops.shop import Shop
from app.routers.edge.dependencies import ActingShop, ConflictsDep, ConsentsDep, ManualTasksDep, ReadableShop
from app.routers.edge.field_examples import field
from app.routers.edge.problems import documented
from app.routers.events.fields.field_types import Email
from app.routers.operations.consent_exports import ConsentChainOut
from app.routers.operations.event_traces import ReasonOut

router = APIRouter(prefix="/v1/shops/{shop}", tags=["Shop: way back"], responses=documented(401, 404, 503))


TaskNumber = Annotated[int, Path(ge=1, le=2**53, description="Its number, as listed.", examples=[17])]


class HandWorkOut(BaseModel):
    """Something only a person can do in the shop."""

    number: int = Field(description="Its number: `…/hand-work/{number}/done` takes it.", examples=[17])
    email: str = Field(description="Whom it concerns.", examples=["ewa.nowak@example.com"])
    what: str = Field(
        description="What is to be done in the shop: `set_subscription`, `mirror_tags` or `report_erasure`.",
        examples=["set_subscription"],
    )
    details: dict[str, Any] = Field(description="How it should be.", examples=[{"email": "opt_out"}])
    reason: ReasonOut | None = Field(description="Why the gateway cannot do it.")
    answer: str = Field(description="What the shop's side said, if anything.", examples=[""])
    since: datetime = Field(description="Since when it waits.", examples=["2026-11-23T09:15:00Z"])

    @classmethod
    def of(cls, item: ManualTask) -> "HandWorkOut":
        what, details = summarised(item.command)
        return cls(
            number=item.id,
            email=getattr(item.command, "email", ""),
            what=what,
            details=details,
            reason=ReasonOut.of(item.reason),
            answer=item.detail,
            since=item.since,
        )


class HandWorkListOut(BaseModel):
    """What only people can do."""

    items: list[HandWorkOut] = Field(description="What waits for a person.")
    has_more: bool = Field(
        default=False, description="Is there more than this list holds? It comes onto it when these are done.", examples=[False]
    )


class ConflictOut(BaseModel):
    """Where SALESmanago and the shop disagree about a person."""

    email: str = Field(description="Whom it concerns.", examples=["ewa.nowak@example.com"])
    kind: ConflictKind = Field(description="What kind of disagreement it is.", examples=["tag_lost"])
    about: list[str] = Field(
        description="The tags or channels it is about; of `left_behind` the contact's address.", examples=[["idosell_vip"]]
    )
    since: datetime | None = Field(description="Since when; null if nobody knows.", examples=["2026-11-23T09:15:00Z"])
    words: str = Field(
        description="What it is, in a sentence for the merchant's staff.",
        examples=["SALESmanago lost a tag that the panel still has."],
    )
    words_pl: str = Field(description="The same in Polish.", examples=["SALESmanago zgubiło tag, który panel nadal ma."])
    what_to_do: str = Field(description="What to do about it.", examples=["Look at the contact's card in SALESmanago."])
    what_to_do_pl: str = Field(description="The same in Polish.", examples=["Sprawdź kartę kontaktu w SALESmanago."])
    seen_at: datetime | None = Field(
        description="When somebody marked it as seen; null if it is still open. What happens anew is open again.",
        examples=["2026-11-23T11:40:00Z"],
    )

    @classmethod
    def of(cls, person: StoredContact, shop: Shop) -> "list[ConflictOut]":
        return [cls.of_one(person.contact.email, one) for one in conflicts_of(person, shop)]

    @classmethod
    def of_one(cls, email: str, one: Conflict) -> "ConflictOut":
        return cls(
            email=email,
            kind=one.kind,
            about=list(one.about),
            since=one.since,
            words=one.words,
            words_pl=one.words_pl,
            what_to_do=one.what_to_do,
            what_to_do_pl=one.what_to_do_pl,
            seen_at=one.seen_at,
        )


class ConflictsOut(BaseModel):
    """What a person should check."""

    conflicts: list[ConflictOut] = Field(description="Where the two sides disagree.")
    has_more: bool = Field(
        default=False,
        description="Are there people whom this list has no room for? They come onto it when these have been seen to.",
        examples=[False],
    )


class ConflictsSeenIn(BaseModel):
    """Which conflicts somebody saw to. An address never stands in a URL."""

    model_config = ConfigDict(extra="forbid")

    email: Email = field("email", "Whom they concern.")
    kind: ConflictKind | None = field("conflict_kind", "Only those of this kind; all of the person if left out.", default=None)


class ConsentExportOut(BaseModel):
    """Everything written down of a person's consents."""

    chains: list[ConsentChainOut] = Field(description="A chain for each address the person had.")


class ConsentExportIn(BaseModel):
    """Whose consents. An address never stands in a URL."""

    model_config = ConfigDict(extra="forbid")

    email: Email = field("email", "Whose consents; any address the person ever had in the shop.")


@router.get("/hand-work", summary="List what only a person can do")
async def hand_work(shop: ReadableShop, items: ManualTasksDep) -> HandWorkListOut:
    """Changes from SALESmanago that the gateway cannot write in this shop: each with the reason and what to do."""
    found = await items.of_shop(shop.id)
    return HandWorkListOut(items=[HandWorkOut.of(item) for item in found.items], has_more=found.has_more)


@router.post(
    "/hand-work/{number}/done",
    status_code=204,
    response_class=Response,
    summary="Say that a person has done it",
    response_description="It is off the list, with this as its receipt.",
)
async def hand_work_done(shop: ActingShop, number: TaskNumber, items: ManualTasksDep) -> Response:
    """A person carried it out: that is its receipt."""
    await items.done(shop.id, number)
    return Response(status_code=204)


@router.get("/conflicts", summary="List where both sides disagree")
async def list_conflicts(shop: ReadableShop, people: ConflictsDep) -> ConflictsOut:
    """Tags SALESmanago lost, its own that staff took off in the panel, tags it cannot tell apart, and statuses it does not take."""
    listed = await people.disputed(shop.id)
    found = [conflict for person in listed.people for conflict in ConflictOut.of(person, shop)]
    return ConflictsOut(conflicts=found, has_more=listed.has_more)


@router.post(
    "/conflicts/seen",
    responses=documented(400, 413, 415, 422),
    summary="Mark conflicts as seen",
)
async def conflicts_seen(shop: ActingShop, body: ConflictsSeenIn, people: ConflictsDep) -> ConflictsOut:
    """Somebody saw to them: they stay on the list as seen, and count as open no more. Nothing is sent; what happens anew is open
    again. The answer holds those that were open until now."""
    return ConflictsOut(
        conflicts=[ConflictOut.of_one(body.email, one) for one in await people.mark_as_seen(shop, body.email, body.kind)]
    )


@router.post("/consent-exports", responses=documented(400, 413, 415, 422), summary="Export a person's consents")
async def export_consents(shop: ReadableShop, body: ConsentExportIn, consents: ConsentsDep) -> ConsentExportOut:
    """Everything written down of a person's consents, as evidence: a chain of sealed lines."""
    return ConsentExportOut(chains=[ConsentChainOut.of(chain) for chain in await consents.export(shop.id, body.email)])
