"""What people may ask of a shop about their data, done by staff: to see what is stored, and to be erased (M1, M7)."""

from typing import Literal

from fastapi import APIRouter
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from app.domain.shops.configuration import OPERATOR_ROLE
from app.routers.edge.dependencies import DataRequestsDep, DirectoryDep, Operator, needs
from app.routers.edge.field_examples import field
from app.routers.edge.problems import documented
from app.routers.events.fields.field_types import Email
from app.routers.events.fields.identifiers import Id
from app.routers.operations.access_pages import PAGE_ANSWER, access_page
from app.routers.operations.lookups import AccessReportOut
from app.routers.operations.operators import ReplayMode
from app.services.operations.data_requests import DataRequests, ErasurePreview

router = APIRouter(prefix="/v1/operations", tags=["Operator: operations"], responses=documented(400, 401, 404, 413, 415, 422, 503))


class PersonIn(BaseModel):
    """A person in a shop. An address never stands in a URL."""

    model_config = ConfigDict(extra="forbid")

    shop: Id = field("shop", "The shop of which the person asked.")
    email: Email = field("email", "The person, by any address they ever had in the shop.")


class AccessPageIn(PersonIn):
    """A person in a shop, and in which language the page is for them."""

    language: Literal["pl", "en"] = field("language", "Language of the page: `pl` or `en`.", default="pl")


class StaffErasureIn(PersonIn):
    """Whom to erase; with `preview` nothing is done."""

    mode: ReplayMode = field(
        "replay_mode", "`preview` only shows what would be deleted; `run` takes a key of the role operator and does it."
    )


class KnownPersonOut(BaseModel):
    """Enough of a person to see whether it is the right one."""

    name: str = Field(description="First and last name; empty if none is known.", examples=["Jan Kowalski"])
    customer_id: str = Field(description="Number of the account in the shop; empty if none is known.", examples=["1234"])
    account: bool = Field(description="The person has an account in the shop.", examples=[True])
    email_news: bool = Field(description="Subscribed to the newsletter by e-mail.", examples=[True])
    phone_news: bool = Field(description="Subscribed to the newsletter by SMS.", examples=[False])
    in_salesmanago: bool = Field(description="This shop sent the person to SALESmanago.", examples=[True])


class ErasureReportOut(BaseModel):
    """What is known of a person in a shop, and what their erasure deletes where."""

    mode: ReplayMode = Field(description="`preview` or `run`.", examples=["preview"])
    shop: str = Field(description="The shop's id.", examples=["shop1"])
    known: KnownPersonOut | None = Field(description="Who it is; null if nothing is held of anybody with that address.")
    erased: bool = Field(description="The person was erased before, and nothing came since.", examples=[False])
    addresses: list[str] = Field(
        description="Every address the person has or had in the shop.", examples=[["jan.kowalski@example.com"]]
    )
    deleted_in_salesmanago: list[str] = Field(
        description="Addresses under which the contact in SALESmanago is deleted.", examples=[["jan.kowalski@example.com"]]
    )
    events: int = Field(description="Events of the person, counted up to 500: their contents are deleted here.", examples=[12])
    orders: int = Field(description="Orders among them: of each only the number stays.", examples=[3])
    waiting: int = Field(description="Commands that are still to be sent, and will not be.", examples=[0])
    acts: int = Field(
        description="Lines of the consent ledger. They stay as evidence, without wording, page and addresses.", examples=[2]
    )
    shops_notified: list[str] = Field(
        description="Other shops of the account that sent the person: its contact is theirs too, and they are notified. "
        "What they hold themselves stays.",
        examples=[["shop2"]],
    )
    held: bool = Field(description="The shop is disabled: the erasure waits until it is enabled.", examples=[False])
    event_id: str | None = Field(
        description="The event that was queued: look it up to see how it ends. Null for a preview.",
        examples=["erasure-by-staff-9f2c51d0a7e84b36"],
    )

    @classmethod
    def of(cls, mode: ReplayMode, preview: ErasurePreview, event_id: str | None) -> "ErasureReportOut":
        facts = preview.facts
        return cls(
            mode=mode,
            shop=preview.shop.id,
            known=KnownPersonOut.model_validate(facts) if facts else None,
            erased=preview.contact is not None and preview.contact.erased,
            addresses=list(preview.addresses),
            deleted_in_salesmanago=list(preview.deleted_there),
            events=preview.events,
            orders=preview.orders,
            waiting=preview.waiting,
            acts=preview.acts,
            shops_notified=list(preview.shops_notified),
            held=not preview.shop.enabled,
            event_id=event_id,
        )


@router.post("/erasures", summary="Erase a person of a shop")
async def erase_person(caller: Operator, requests: DataRequestsDep, body: StaffErasureIn) -> ErasureReportOut:
    """What is known of a person and what an erasure deletes where; with `run` it is queued as if the shop had posted it."""
    if body.mode is ReplayMode.RUN:
        needs(caller, OPERATOR_ROLE)
    return await erased(requests, body)


async def erased(requests: DataRequests, body: StaffErasureIn) -> ErasureReportOut:
    """Preview or do it. Raises `NotFound` for the shop."""
    preview = await requests.preview(body.shop, body.email)
    event_id = await requests.erase(body.shop, body.email) if body.mode is ReplayMode.RUN else None
    return ErasureReportOut.of(body.mode, preview, event_id)


@router.post("/access-reports", summary="See what is stored about a person")
async def staff_access_report(_: Operator, requests: DataRequestsDep, body: PersonIn) -> AccessReportOut:
    """Everything a shop's gateway stores about a person: facts, tags, the ledger of consents, and the time line."""
    return AccessReportOut.of(await requests.access_report(body.shop, body.email))


@router.post("/access-pages", response_class=HTMLResponse, summary="Fetch the same as a page for that person", **PAGE_ANSWER)
async def staff_access_page(_: Operator, requests: DataRequestsDep, directory: DirectoryDep, body: AccessPageIn) -> HTMLResponse:
    """The same as a page that can be handed to the person who asked."""
    report = await requests.access_report(body.shop, body.email)
    shop = directory.shop(body.shop)
    assert shop is not None  # the report would not be there
    return HTMLResponse(access_page(report, shop, directory.account(shop.account), body.language))
