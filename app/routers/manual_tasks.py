"""The way back, for people: hand-work, conflicts, and what is written down of consents."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field

from app.domain.decisions.discrepancies import conflicts
from app.domain.delivery.outbox import ManualTask
from app.domain.person.stored import StoredContact
from app.domain.shops.shop import Shop
from app.routers.consent_exports import ConsentChainOut
from app.routers.edge.dependencies import ActingShop, ConflictsDep, ConsentsDep, HandWorkDep, ReadableShop
from app.routers.edge.field_examples import field
from app.routers.edge.problems import documented
from app.routers.events.field_types import Email
from app.routers.lookups import ReasonOut, summarised

router = APIRouter(prefix="/v1/shops/{shop}", tags=["the way back"], responses=documented(401, 404, 503))


class HandWorkOut(BaseModel):
    """Something only a person can do in the shop."""

    number: int = Field(examples=[17])
    email: str = Field(description="Whom it concerns.")
    what: str = Field(examples=["set_subscription"])
    details: dict[str, Any] = Field(examples=[{"email": "opt_out"}])
    reason: ReasonOut | None
    answer: str = Field(description="What the shop's side said, if anything.")
    since: datetime

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
    items: list[HandWorkOut]


class ConflictOut(BaseModel):
    """Where SALESmanago and the shop disagree about a person."""

    email: str
    kind: str = Field(description="tag_lost, tags_collide, status_kept, address_contested or rename_refused", examples=["tag_lost"])
    about: list[str] = Field(examples=[["idosell_vip"]])
    since: datetime | None
    words: str
    words_pl: str

    @classmethod
    def of(cls, person: StoredContact, shop: Shop) -> "list[ConflictOut]":
        return [
            cls(
                email=person.contact.email,
                kind=one.kind.value,
                about=list(one.about),
                since=one.since,
                words=one.words,
                words_pl=one.words_pl,
            )
            for one in conflicts(person.contact, shop)
        ]


class ConflictsOut(BaseModel):
    conflicts: list[ConflictOut]


class ConsentExportOut(BaseModel):
    chains: list[ConsentChainOut]


class ConsentExportIn(BaseModel):
    """Whose consents. An address never stands in a URL."""

    model_config = ConfigDict(extra="forbid")

    email: Email = field("email", "Whose consents; any address the person ever had in the shop.")


@router.get("/hand-work")
async def hand_work(shop: ReadableShop, items: HandWorkDep) -> HandWorkListOut:
    """Changes from SALESmanago that the gateway cannot write in this shop: each with the reason and what to do."""
    return HandWorkListOut(items=[HandWorkOut.of(item) for item in await items.of_shop(shop.id)])


@router.post("/hand-work/{number}/done", status_code=204, response_class=Response)
async def hand_work_done(shop: ActingShop, number: Annotated[int, Path(ge=1, le=2**53)], items: HandWorkDep) -> Response:
    """A person carried it out: that is its receipt."""
    await items.done(shop.id, number)
    return Response(status_code=204)


@router.get("/conflicts")
async def list_conflicts(shop: ReadableShop, people: ConflictsDep) -> ConflictsOut:
    """Tags SALESmanago lost, tags it cannot tell apart, and statuses it does not take."""
    found = [conflict for person in await people.disputed(shop.id) for conflict in ConflictOut.of(person, shop)]
    return ConflictsOut(conflicts=found)


@router.post("/consent-exports", responses=documented(400, 413, 415, 422))
async def export_consents(shop: ReadableShop, body: ConsentExportIn, consents: ConsentsDep) -> ConsentExportOut:
    """Everything written down of a person's consents, as evidence: a chain of sealed lines."""
    return ConsentExportOut(chains=[ConsentChainOut.of(chain) for chain in await consents.export(shop.id, body.email)])
