"""What a shop posts, one event at a time. Every answer 202 means: stored durably; the shop may forget it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Body
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from app.domain.shops.shop import Shop
from app.routers.edge.asked import Asked
from app.routers.edge.dependencies import CallingShop, IdempotencyKey
from app.routers.edge.problems import documented, says_json
from app.routers.events import order_schemas, schemas, tag_schemas
from app.routers.events.event_in import EventIn
from app.routers.events.examples import EXAMPLES
from app.routers.events.fast.parser import reader_of
from app.routers.events.ingest import JSON, Handler, Receipt, Taken, as_json, bounded, new_event, receive_event
from app.routers.events.wire_model import BOM
from app.services.intake import Intake

PREFIX = "/v1/shops/{shop}"


@dataclass(frozen=True)
class ShopEvent:
    """One address: its last part, the name and title of the operation, the shape of the body, and what /docs says of it."""

    path: str
    name: str
    title: str
    body: type[EventIn]
    words: str


EVENTS = (
    ShopEvent(
        "registrations",
        "customer_registered",
        "An account was created",
        schemas.RegistrationIn,
        """A customer created an account.

Under `all_customers` the person is transferred with the tag `rejestracja` (a wholesaler gets `wholesaler` too).
Under `order_consent` the account is remembered and travels with the first order in which the person consents.""",
    ),
    ShopEvent(
        "account-changes",
        "account_changed",
        "An account changed",
        schemas.AccountChangeIn,
        "A customer's data changed; with `previous_email`, also the address. The contact is renamed, never doubled.",
    ),
    ShopEvent(
        "subscriptions",
        "subscribed",
        "Somebody subscribed to the newsletter",
        schemas.SubscriptionIn,
        "A person subscribed to the newsletter by e-mail, SMS, or both. This is the person's own act at `occurred_at`.",
    ),
    ShopEvent(
        "unsubscriptions",
        "unsubscribed",
        "Somebody left the newsletter",
        schemas.UnsubscriptionIn,
        "A person left the newsletter. `confirmed: true` = by the link in the e-mail; `false` = staff removed the address.",
    ),
    ShopEvent(
        "orders",
        "order_placed",
        "An order was placed or edited",
        order_schemas.OrderIn,
        "A customer placed an order. `transfer_consent` is the consent box of the order form: given, not_given or not_asked.",
    ),
    ShopEvent(
        "order-cancellations",
        "order_cancelled",
        "An order was cancelled",
        order_schemas.OrderCancellationIn,
        "An order was cancelled. It travels only if its purchase did.",
    ),
    ShopEvent(
        "order-returns",
        "order_returned",
        "Goods came back",
        order_schemas.OrderReturnIn,
        "Goods came back: `items` and `value` say which, for a partial return.",
    ),
    ShopEvent(
        "carts",
        "cart_changed",
        "A cart changed",
        order_schemas.CartIn,
        "The whole content of a cart, each time it changes; no items = emptied. Reported after an hour without change.",
    ),
    ShopEvent(
        "product-views",
        "product_viewed",
        "A product was viewed",
        schemas.ProductViewIn,
        "A known person looked at a product. Only for shops without SALESmanago's own monitoring script.",
    ),
    ShopEvent(
        "tag-edits",
        "tags_edited",
        "Staff edited tags",
        tag_schemas.TagEditIn,
        "Staff edited a customer's tags: what was `added`, `removed`, `renamed`, or the full set `tags` as it is now.",
    ),
    ShopEvent(
        "consents",
        "transfer_consent_changed",
        "A transfer consent was given or withdrawn",
        schemas.ConsentIn,
        "A person granted or withdrew the consent to be transferred. A withdrawal stops everything at once, also what is queued.",
    ),
    ShopEvent(
        "erasures",
        "erasure_requested",
        "A person wants to be forgotten",
        schemas.ErasureIn,
        "A person asked to be forgotten: deleted in SALESmanago and here; only a hashed entry stays. Follow the receipt.",
    ),
    ShopEvent(
        "access-requests",
        "access_requested",
        "A person asks what is stored",
        schemas.AccessRequestIn,
        "A person asked what is stored about them. The report is ready once the event is `superseded` with `report_ready`.",
    ),
)


def _taking(model: type[EventIn]) -> Handler:
    read = reader_of(model)

    async def take(intake: Intake, shop: Shop, headers: Mapping[bytes, bytes], body: bytes) -> Taken:
        content_type = headers.get(b"content-type", b"")
        if content_type != JSON and not says_json(content_type.decode("latin-1")):
            raise HTTPException(415)
        try:
            event = read(bounded(body.removeprefix(BOM)))
        except ValidationError as error:
            raise RequestValidationError(error.errors(include_url=False, include_input=False)) from None
        key = headers.get(b"idempotency-key", b"").decode("latin-1")
        accepted = await receive_event(intake, new_event(event, shop, key))
        return Taken(as_json(accepted), event_id=accepted.event_id)

    return take


def asked_of(model: type[EventIn]) -> Asked:
    """What is right for an event of a kind."""
    return Asked("event", nothing="Nothing was stored.", example=EXAMPLES[model.wire_type], model=model)


ASKED = {event.path: asked_of(event.body) for event in EVENTS}
"""What each address wants, by its last part."""

HANDLERS = {event.path: _taking(event.body) for event in EVENTS}
"""What takes a body, by the last part of the address."""


def example_of(kind: str) -> Any:
    """The body parameter of an endpoint, with its example."""
    return Body(openapi_examples={kind: {"summary": f"A believable {kind}", "value": EXAMPLES[kind]}})


def _documented_as(event: ShopEvent) -> Callable[..., Any]:
    async def endpoint(
        shop: CallingShop,  # noqa: ARG001 - the signature is what is wanted
        body: Annotated[event.body, example_of(event.body.wire_type)],  # type: ignore[name-defined]  # noqa: ARG001
        key: IdempotencyKey = None,  # noqa: ARG001
    ) -> Receipt:
        raise AssertionError("never called: `FastEventEndpoint` serves these addresses")

    return endpoint


documentation = APIRouter(prefix=PREFIX, tags=["Shop: events"], responses=documented(401, 404, 408, 409, 413, 415, 422, 503))
"""What /docs shows of it; never mounted."""

for _event in EVENTS:
    documentation.add_api_route(
        f"/{_event.path}",
        _documented_as(_event),
        methods=["POST"],
        status_code=202,
        name=_event.name,
        operation_id=_event.name,
        summary=_event.title,
        response_description="Stored durably: the receipt.",
        description=_event.words,
    )
