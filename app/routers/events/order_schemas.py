"""Orders and carts on the wire, and the goods in them."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

from app.domain.consent import ConsentAnswer
from app.domain.event_parts import Item
from app.domain.events import CartChanged, Event, OrderCancelled, OrderPlaced, OrderReturned
from app.domain.shops.shop import Shop
from app.routers.edge.field_examples import field
from app.routers.events.common_schemas import ConsentProofIn, CustomerIn, Warnings, evidence_of
from app.routers.events.event_in import EventIn, type_field
from app.routers.events.fields.field_types import (
    Currency,
    Email,
    Instant,
    MenuPaths,
    Money,
    MoneyBack,
    Name,
    Quantity,
    QuantityBack,
    Text1000,
    UnitPrice,
    Url,
)
from app.routers.events.fields.identifiers import Id, ProductId, ReturnId
from app.routers.events.fields.sections import SectionReader
from app.routers.events.wire_model import WireModel

MAX_ITEMS = 500


class ItemIn(WireModel):
    """One line of an order or a cart."""

    never_left_out = frozenset({"quantity"})

    product_id: ProductId = field(
        "product_id",
        "Id of the product, the same as in the product feed that SALESmanago reads. 1 to 64 characters; spaces and commas become "
        "`_`. An item without it is left out.",
    )
    name: Text1000 | None = field(
        "name",
        "Name of the product; without one, its id stands there. Cut to 1,000 characters; SALESmanago takes 255 bytes for the "
        "names of one event together.",
        default=None,
    )
    quantity: Quantity = field(
        "quantity",
        "How many, above 0, up to four decimals (`0.75` of a metre). An item whose quantity is 0, below 0 or unreadable is left "
        "out.",
        default=Decimal(1),
    )
    unit_price: UnitPrice = field(
        "unit_price",
        "Price of one: gross (with VAT), after discounts, without shipping, in the currency of the order or cart. It does not "
        "travel; the value of a cart that says none is counted from it. A line with a price below 0 is a discount and left out.",
        default=Decimal("0.00"),
    )
    menu_paths: MenuPaths = field(
        "menu_paths",
        "Where the product stands in the shop's menu: lists of section names, or texts with `/` (or `\\`, `>`, `|` …) between "
        "them. In an order every section becomes a tag of the buyer, at most 64 characters. At most 100 paths, 50 sections in "
        "each; nothing here refuses an order.",
        default_factory=list,
    )

    def to_domain(self, sections: SectionReader, place: str, warnings: Warnings) -> Item:
        if self.name is None:
            warnings.append(f"{place}.name: missing, the product's id stands in its place")
        return Item(
            product_id=self.product_id,
            name=self.product_id if self.name is None else self.name,
            quantity=self.quantity,
            unit_price=self.unit_price,
            menu_paths=sections.read(self.menu_paths, place) if self.menu_paths else (),
        )


class ItemBackIn(ItemIn):
    """Goods that came back: many shops count them with a minus."""

    quantity: QuantityBack = field(
        "quantity",
        "How many came back, up to four decimals; a minus is taken off. 0 or unreadable: the item is left out.",
        default=Decimal(1),
    )
    unit_price: MoneyBack = field(
        "unit_price",
        "Price of one: gross (with VAT), without shipping; a minus is taken off. It does not travel.",
        default=Decimal("0.00"),
    )


def items_of(items: Sequence[ItemIn], place: str, warnings: Warnings) -> tuple[Item, ...]:
    """The goods; of their menu sections it is said what was cut or left out."""
    sections = SectionReader()
    found = [item.to_domain(sections, f"{place}[{number}]", warnings) for number, item in enumerate(items)]
    warnings += sections.said()
    return tuple(found)


class OrderBodyIn(WireModel):
    """An order: what was bought, for how much, and where from."""

    id: Id = field(
        "id",
        "Number of the order, 1 to 128 characters: `externalId` of the purchase in SALESmanago. The same number again, with a "
        "later `occurred_at`, changes that purchase.",
    )
    placed_at: Instant | None = field(
        "placed_at",
        "When the order was placed; by default `occurred_at`, and for an order that is reported again, as it was reported "
        "before. If it cannot be read, the newsletter boxes are left out.",
        default=None,
    )
    currency: Currency = field("currency", "Currency of `value` and of all prices, three letters (ISO 4217).")
    value: Money = field(
        "order.value",
        "What the customer pays for the order: gross (with VAT), with shipping and payment costs, after discounts. Up to four "
        "decimals; two travel. SALESmanago counts it as revenue exactly as it stands here, so send it the same way every time: "
        "this is what the gateway reads from an IdoSell panel too.",
    )
    items: list[ItemIn] = field(
        "items",
        "The goods, at most 500 lines; shipping is no line. A line that cannot be read is left out, the others stay. As many "
        "travel as fit into 512 bytes of product ids.",
        default_factory=list,
        max_length=MAX_ITEMS,
    )
    pickup_point: Name | None = field(
        "pickup_point", "Where the parcel is picked up; `detail10` of the purchase. Cut to 255 characters.", default=None
    )
    source: Name | None = field(
        "source",
        "Where the customer came from, in one word: `allegro`, `google`, `ceneo` … Becomes the tag `idosell_<source>_<host of the "
        "shop>`. Leave it out for your own shop window.",
        default=None,
    )


class OrderIn(EventIn):
    """A customer placed an order, or an order was edited."""

    wire_type = "order"

    type: Literal["order"] = type_field("order")
    customer: CustomerIn = field("customer", "Who ordered. For a guest without `id`.")
    order: OrderBodyIn = field("order", "The order as it stands now.")
    transfer_consent: Literal["given", "not_given", "not_asked"] = field(
        "transfer_consent",
        "How the person answered the order form's box about being passed on to SALESmanago; `not_asked` if the form has none. "
        "Under `order_consent`: `given` transfers the person and the order, `not_given` withholds this order, `not_asked` follows "
        "an earlier consent. Under `all_customers` it changes nothing. None of them takes an earlier consent back.",
    )
    consent: ConsentProofIn | None = field("consent", "What the person saw when ticking the boxes of this order.", default=None)

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
    """What a cancellation and a return have in common."""

    never_emptied = frozenset({"items"})

    order_id: Id = field(
        "order_id", "`order.id` of the order it concerns. It waits up to seven days for an order that is not here yet."
    )
    email: Email = field(
        "email", "Address of the buyer. It concerns the person who placed the order, who may have another address by now."
    )
    items: list[ItemBackIn] = field(
        "items",
        "The goods it concerns, at most 500 lines; without any, all goods of the order. If none of the lines can be read, the "
        "event is refused: a part would become the whole.",
        default_factory=list,
        max_length=MAX_ITEMS,
    )
    value: MoneyBack | None = field(
        "value",
        "What the customer gets back: gross (with VAT), with shipping if that is refunded. By default the value of the order. A "
        "minus is taken off.",
        default=None,
    )
    currency: Currency | None = field(
        "currency", "Currency of `value`, three letters (ISO 4217). By default that of the order.", default=None
    )


class OrderCancellationIn(OrderUndoneIn):
    """An order was cancelled."""

    wire_type = "order-cancellation"

    type: Literal["order-cancellation"] = type_field("order-cancellation")

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return OrderCancelled(**_undone(self, warnings))


class OrderReturnIn(OrderUndoneIn):
    """Goods of an order came back."""

    wire_type = "order-return"

    type: Literal["order-return"] = type_field("order-return")
    return_id: ReturnId | None = field(
        "return_id",
        "Number of the return, at most 128 characters. It tells two returns of one order apart; without it, goods and value do.",
        default=None,
    )

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return OrderReturned(return_id=self.return_id or None, **_undone(self, warnings))


class CartBodyIn(WireModel):
    """A cart with its whole content."""

    never_emptied = frozenset({"items"})

    id: Id = field("cart.id", "Id of the cart, 1 to 128 characters: the same as long as it is the same cart.")
    currency: Currency | None = field("currency", "Currency of `value` and of the prices, three letters (ISO 4217).", default=None)
    value: Money | None = field(
        "value",
        "What the goods cost: gross (with VAT), after discounts, without shipping, which nobody knows yet. By default quantities "
        "times `unit_price`.",
        default=None,
    )
    items: list[ItemIn] = field(
        "items",
        "The **whole** content, at most 500 lines; an empty list says that the cart was emptied. If none of the lines can be "
        "read, the event is refused: the cart would seem empty.",
        default_factory=list,
        max_length=MAX_ITEMS,
    )
    recovery_url: Url | None = field(
        "recovery_url",
        "Where the person finds the cart again, http or https, at most 2,048 characters. Without it the gateway makes a link if "
        "the shop has `cart_url` in its configuration.",
        default=None,
    )


class CartIn(EventIn):
    """A cart changed: its whole content."""

    wire_type = "cart"

    type: Literal["cart"] = type_field("cart")
    cart: CartBodyIn = field("cart", "The cart as it is now.")
    email: Email | None = field(
        "email",
        "Whose cart it is. A guest's cart without address waits: it counts once an event of the same cart names it.",
        default=None,
    )

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
