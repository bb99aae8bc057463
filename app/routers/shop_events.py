"""What a shop tells us. Every answer 202 means: stored durably; the shop may forget it."""

from typing import Annotated

from fastapi import APIRouter

from app.routers import schemas
from app.routers.dependencies import CallingShop, IdempotencyKey, IntakeDep
from app.routers.examples import example_of
from app.routers.problems import documented
from app.routers.receive import Receipt, new_event, receive
from app.services.intake import Intake

router = APIRouter(prefix="/v1/shops/{shop}", tags=["events"], responses=documented(400, 401, 404, 409, 413, 415, 422, 503))


async def _take(intake: Intake, shop: CallingShop, body: schemas.EventIn, key: str | None) -> Receipt:
    return await receive(intake, new_event(body, shop, key))


@router.post("/registrations", status_code=202)
async def customer_registered(
    shop: CallingShop,
    body: Annotated[schemas.RegistrationIn, example_of("registration")],
    intake: IntakeDep,
    key: IdempotencyKey = None,
) -> Receipt:
    """A customer created an account.

    Under `all_customers` the person is transferred with the tag `rejestracja` (a wholesaler gets `wholesaler` too).
    Under `order_consent` the account is remembered and travels with the first order in which the person consents.
    """
    return await _take(intake, shop, body, key)


@router.post("/account-changes", status_code=202)
async def account_changed(
    shop: CallingShop,
    body: Annotated[schemas.AccountChangeIn, example_of("account-change")],
    intake: IntakeDep,
    key: IdempotencyKey = None,
) -> Receipt:
    """A customer's data changed; with `previous_email`, also the address. The contact is renamed, never doubled."""
    return await _take(intake, shop, body, key)


@router.post("/subscriptions", status_code=202)
async def subscribed(
    shop: CallingShop,
    body: Annotated[schemas.SubscriptionIn, example_of("subscription")],
    intake: IntakeDep,
    key: IdempotencyKey = None,
) -> Receipt:
    """A person subscribed to the newsletter by e-mail, SMS, or both. This is the person's own act at `occurred_at`."""
    return await _take(intake, shop, body, key)


@router.post("/unsubscriptions", status_code=202)
async def unsubscribed(
    shop: CallingShop,
    body: Annotated[schemas.UnsubscriptionIn, example_of("unsubscription")],
    intake: IntakeDep,
    key: IdempotencyKey = None,
) -> Receipt:
    """A person left the newsletter. `confirmed: true` = by the link in the e-mail; `false` = staff removed the address."""
    return await _take(intake, shop, body, key)


@router.post("/orders", status_code=202)
async def order_placed(
    shop: CallingShop,
    body: Annotated[schemas.OrderIn, example_of("order")],
    intake: IntakeDep,
    key: IdempotencyKey = None,
) -> Receipt:
    """A customer placed an order. `transfer_consent` is the consent box of the order form: given, not_given or not_asked."""
    return await _take(intake, shop, body, key)


@router.post("/order-cancellations", status_code=202)
async def order_cancelled(
    shop: CallingShop,
    body: Annotated[schemas.OrderCancellationIn, example_of("order-cancellation")],
    intake: IntakeDep,
    key: IdempotencyKey = None,
) -> Receipt:
    """An order was cancelled. It travels only if its purchase did."""
    return await _take(intake, shop, body, key)


@router.post("/order-returns", status_code=202)
async def order_returned(
    shop: CallingShop,
    body: Annotated[schemas.OrderReturnIn, example_of("order-return")],
    intake: IntakeDep,
    key: IdempotencyKey = None,
) -> Receipt:
    """Goods came back: `items` and `value` say which, for a partial return."""
    return await _take(intake, shop, body, key)


@router.post("/carts", status_code=202)
async def cart_changed(
    shop: CallingShop,
    body: Annotated[schemas.CartIn, example_of("cart")],
    intake: IntakeDep,
    key: IdempotencyKey = None,
) -> Receipt:
    """The whole content of a cart, each time it changes; no items = emptied. Reported after an hour without change."""
    return await _take(intake, shop, body, key)


@router.post("/product-views", status_code=202)
async def product_viewed(
    shop: CallingShop,
    body: Annotated[schemas.ProductViewIn, example_of("product-view")],
    intake: IntakeDep,
    key: IdempotencyKey = None,
) -> Receipt:
    """A known person looked at a product. Only for shops without SALESmanago's own monitoring script."""
    return await _take(intake, shop, body, key)


@router.post("/tag-edits", status_code=202)
async def tags_edited(
    shop: CallingShop,
    body: Annotated[schemas.TagEditIn, example_of("tag-edit")],
    intake: IntakeDep,
    key: IdempotencyKey = None,
) -> Receipt:
    """Staff edited a customer's tags: what was `added`, `removed`, `renamed`, or the full set `tags` as it is now."""
    return await _take(intake, shop, body, key)


@router.post("/consents", status_code=202)
async def transfer_consent_changed(
    shop: CallingShop,
    body: Annotated[schemas.ConsentIn, example_of("consent")],
    intake: IntakeDep,
    key: IdempotencyKey = None,
) -> Receipt:
    """A person granted or withdrew the consent to be transferred. A withdrawal stops everything at once, also what is queued."""
    return await _take(intake, shop, body, key)


@router.post("/erasures", status_code=202)
async def erasure_requested(
    shop: CallingShop,
    body: Annotated[schemas.ErasureIn, example_of("erasure")],
    intake: IntakeDep,
    key: IdempotencyKey = None,
) -> Receipt:
    """A person asked to be forgotten: deleted in SALESmanago and here; only a hashed entry stays. Follow the receipt."""
    return await _take(intake, shop, body, key)


@router.post("/access-requests", status_code=202)
async def access_requested(
    shop: CallingShop,
    body: Annotated[schemas.AccessRequestIn, example_of("access-request")],
    intake: IntakeDep,
    key: IdempotencyKey = None,
) -> Receipt:
    """A person asked what is stored about them. The report is ready once the event is `superseded` with `report_ready`."""
    return await _take(intake, shop, body, key)
