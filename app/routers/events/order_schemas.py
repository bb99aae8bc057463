"""Orders and carts on the wire."""

from typing import Any, Literal

from app.domain.consent import ConsentAnswer
from app.domain.events import (
    CartChanged,
    Event,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
)
from app.domain.shops.shop import Shop
from app.routers.edge.field_examples import field
from app.routers.events.common_schemas import (
    MAX_ITEMS,
    ConsentProofIn,
    CustomerIn,
    ItemBackIn,
    ItemIn,
    Warnings,
    evidence_of,
    items_of,
)
from app.routers.events.event_in import EventIn
from app.routers.events.field_types import (
    Currency,
    Email,
    Id,
    Instant,
    Money,
    MoneyBack,
    Name,
    ReturnId,
    Url,
)
from app.routers.events.wire_model import WireModel


class OrderBodyIn(WireModel):
    id: Id = field("id")
    placed_at: Instant | None = field("placed_at", default=None)
    currency: Currency = field("currency")
    value: Money = field("value")
    items: list[ItemIn] = field("items", default_factory=list, max_length=MAX_ITEMS)
    pickup_point: Name | None = field("pickup_point", default=None)
    source: Name | None = field("source", default=None)


class OrderIn(EventIn):
    wire_type = "order"

    type: Literal["order"] = "order"
    customer: CustomerIn = field("customer")
    order: OrderBodyIn = field("order")
    transfer_consent: Literal["given", "not_given", "not_asked"] = field("transfer_consent")
    consent: ConsentProofIn | None = field("consent", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        order = self.order
        return OrderPlaced(
            at=order.placed_at or self.occurred_at,
            as_of=self.occurred_at if order.placed_at is not None else None,
            customer=self.customer.to_domain(shop, warnings, is_dated=not order.is_left_out("placed_at")),
            order_id=order.id,
            box=ConsentAnswer(self.transfer_consent),
            currency=order.currency,
            value=order.value,
            items=items_of(order.items, "order.items", warnings),
            pickup_point=order.pickup_point or None,
            source=order.source or None,
            evidence=evidence_of(self.consent),
        )


class OrderUndoneIn(EventIn):
    never_emptied = frozenset({"items"})

    order_id: Id = field("order_id")
    email: Email = field("email")
    items: list[ItemBackIn] = field("items", default_factory=list, max_length=MAX_ITEMS)
    value: MoneyBack | None = field("value", default=None)
    currency: Currency | None = field("currency", default=None)


class OrderCancellationIn(OrderUndoneIn):
    wire_type = "order-cancellation"

    type: Literal["order-cancellation"] = "order-cancellation"

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return OrderCancelled(**_undone(self, warnings))


class OrderReturnIn(OrderUndoneIn):
    wire_type = "order-return"

    type: Literal["order-return"] = "order-return"
    return_id: ReturnId | None = field("return_id", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return OrderReturned(return_id=self.return_id or None, **_undone(self, warnings))


class CartBodyIn(WireModel):
    never_emptied = frozenset({"items"})

    id: Id = field("id")
    currency: Currency | None = field("currency", default=None)
    value: Money | None = field("value", default=None)
    items: list[ItemIn] = field("items", default_factory=list, max_length=MAX_ITEMS)
    recovery_url: Url | None = field("recovery_url", default=None)


class CartIn(EventIn):
    wire_type = "cart"

    type: Literal["cart"] = "cart"
    cart: CartBodyIn = field("cart")
    email: Email | None = field("email", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return CartChanged(
            at=self.occurred_at,
            email=self.email,
            cart_id=self.cart.id,
            currency=self.cart.currency,
            value=self.cart.value,
            items=items_of(self.cart.items, "cart.items", warnings),
            recovery_url=self.cart.recovery_url,
        )


def _undone(body: OrderUndoneIn, warnings: Warnings) -> dict[str, Any]:
    return {
        "at": body.occurred_at,
        "email": body.email,
        "order_id": body.order_id,
        "items": items_of(body.items, "items", warnings),
        "value": body.value,
        "currency": body.currency,
    }
