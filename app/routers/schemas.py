"""Events on the wire. Unknown fields are ignored and named in the receipt's `warnings`; everything else is checked."""

from abc import ABC, abstractmethod
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from app.domain.consent import Box
from app.domain.events import (
    AccessRequested,
    AccountChanged,
    Address,
    CartChanged,
    Customer,
    CustomerRegistered,
    ErasureRequested,
    Event,
    Evidence,
    Item,
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    ProductViewed,
    Subscribed,
    TagsEdited,
    Ticked,
    TransferConsentGranted,
    TransferConsentWithdrawn,
    Unsubscribed,
)
from app.domain.shop import Shop
from app.domain.tags import outgoing_text
from app.routers.fields import (
    BirthDate,
    Country,
    Currency,
    Email,
    EventId,
    Gender,
    Id,
    Instant,
    Language,
    MenuPaths,
    Money,
    Name,
    ProductId,
    Quantity,
    Text255,
    Text1000,
    Url,
    field,
)
from app.wire import e164

Warnings = list[str]

MAX_ITEMS = 500
MAX_TAGS = 200


class WireModel(BaseModel):
    """Fields we do not know are kept aside, so that we can name them."""

    model_config = ConfigDict(extra="allow", frozen=True)

    no_content: ClassVar[tuple[str, ...]] = ()
    """Fields that name the message and say nothing in it."""

    def content(self, unknown: list[str], path: str = "") -> dict[str, Any]:
        """What was said in the fields we know, by name, if it is not what silence means; `unknown`: the paths of all others."""
        if self.model_extra:
            unknown += (f"{path}{name}" for name in self.model_extra)
        said: dict[str, Any] = {}
        known, values = _fields_of(type(self)), self.__dict__
        for name in self.__pydantic_fields_set__:
            if name not in known or name in self.no_content:
                continue
            shown, silence = known[name]
            value = values[name]
            if isinstance(value, WireModel):
                value = value.content(unknown, f"{path}{shown}.")
            elif value == silence:
                continue
            elif isinstance(value, list):
                value = [
                    one.content(unknown, f"{path}{shown}[{at}].") if isinstance(one, WireModel) else one
                    for at, one in enumerate(value)
                ]
            said[name] = value
        return said


@cache
def _fields_of(model: type[WireModel]) -> dict[str, tuple[str, Any]]:
    """The fields of a model by name: name on the wire, and what it is when nothing is said."""
    fields = model.model_fields.items()
    return {name: (info.alias or name, info.get_default(call_default_factory=True, validated_data={})) for name, info in fields}


class AddressIn(WireModel):
    street: Name | None = field("street", default=None)
    postal_code: Name | None = field("postal_code", default=None)
    city: Name | None = field("city", default=None)
    country: Country | None = field("country", default=None)

    def to_domain(self) -> Address:
        return Address(street=self.street, postal_code=self.postal_code, city=self.city, country=self.country)


class NewsletterIn(WireModel):
    """Newsletter boxes. In a registration or an order, `true` is the person's act; elsewhere it counts only with its date."""

    email: bool | None = None
    sms: bool | None = field("sms", default=None)
    email_since: Instant | None = field("email_since", default=None)
    sms_since: Instant | None = field("sms_since", default=None)


class CustomerIn(WireModel):
    email: Email = field("email")
    id: Id | None = field("customer_id", default=None)
    first_name: Name | None = field("first_name", default=None)
    last_name: Name | None = field("last_name", default=None)
    company: Name | None = field("company", default=None)
    gender: Gender | None = field("gender", default=None)
    phone: Name | None = field("phone", default=None)
    address: AddressIn | None = field("address", default=None)
    wholesaler: bool | None = field("wholesaler", default=None)
    newsletter: NewsletterIn | None = field("newsletter", default=None)
    language: Language | None = field("language", default=None)
    birth_date: BirthDate | None = field("birth_date", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings, wholesaler: bool | None = None) -> Customer:
        """`wholesaler`: what the event says beside the customer, and then counts."""
        news = self.newsletter
        return Customer(
            email=self.email,
            id=self.id,
            first_name=self.first_name,
            last_name=self.last_name,
            company=self.company,
            gender=self.gender,
            phone=_phone(self.phone, shop, "customer.phone", warnings),
            address=self.address.to_domain() if self.address is not None else _NO_ADDRESS,
            wholesaler=self.wholesaler if wholesaler is None else wholesaler,
            newsletter_email=Ticked(ticked=bool(news.email), since=news.email_since) if news is not None else _SILENT,
            newsletter_sms=Ticked(ticked=bool(news.sms), since=news.sms_since) if news is not None else _SILENT,
            language=self.language[:2].lower() if self.language else None,
            birth_date=self.birth_date,
        )


_NO_ADDRESS = Address()
_SILENT = Ticked()


class ItemIn(WireModel):
    product_id: ProductId = field("product_id")
    name: Text1000 = field("name")
    quantity: Quantity = field("quantity", default=Decimal(1))
    unit_price: Money = field("unit_price", default=Decimal(0))
    menu_paths: MenuPaths = field("menu_paths", default_factory=list)

    def to_domain(self) -> Item:
        return Item(
            product_id=self.product_id,
            name=self.name,
            quantity=self.quantity,
            unit_price=self.unit_price,
            menu_paths=tuple(_segments(path) for path in self.menu_paths),
        )


class EventIn(WireModel, ABC):
    """The envelope. `event_id` may come as the header `Idempotency-Key` instead."""

    wire_type: ClassVar[str]
    no_content = ("event_id",)

    event_id: EventId | None = field("event_id", default=None)
    occurred_at: Instant = field("occurred_at")

    @abstractmethod
    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        """The event in our own words; what was left out of it is added to `warnings`."""


class RegistrationIn(EventIn):
    wire_type = "registration"

    type: Literal["registration"] = "registration"
    customer: CustomerIn = field("customer")
    wholesaler: bool | None = field("wholesaler", default=None)
    source: Name | None = field("source", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        customer = self.customer.to_domain(shop, warnings, self.wholesaler)
        return CustomerRegistered(at=self.occurred_at, customer=customer, source=self.source)


class AccountChangeIn(EventIn):
    wire_type = "account-change"

    type: Literal["account-change"] = "account-change"
    customer: CustomerIn = field("customer")
    previous_email: Email | None = field("previous_email", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return AccountChanged(
            at=self.occurred_at, customer=self.customer.to_domain(shop, warnings), previous_email=self.previous_email
        )


Channel = Literal["email", "sms"]
Channels = Annotated[tuple[Channel, ...], Field(min_length=1, max_length=2)]


class ConsentProofIn(WireModel):
    """What the person agreed to, and from where."""

    text_version: Name | None = field("text_version", default=None)
    page: Name | None = field("page", default=None)
    ip: Name | None = field("ip", default=None)

    def to_domain(self) -> Evidence:
        return Evidence(text_version=self.text_version or None, page=self.page or None, ip=self.ip or None)


class SubscriptionIn(EventIn):
    wire_type = "subscription"

    type: Literal["subscription"] = "subscription"
    email: Email = field("email")
    channels: Channels = field("channels", default=("email",))
    has_account: bool = field("has_account", default=False)
    consent: ConsentProofIn | None = field("consent", default=None)
    phone: Name | None = field("phone", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return Subscribed(
            at=self.occurred_at,
            email=self.email,
            by_email="email" in self.channels,
            by_sms="sms" in self.channels,
            has_account=self.has_account,
            phone=_phone(self.phone, shop, "phone", warnings),
            evidence=self.consent.to_domain() if self.consent is not None else Evidence(),
        )


class UnsubscriptionIn(EventIn):
    wire_type = "unsubscription"

    type: Literal["unsubscription"] = "unsubscription"
    email: Email = field("email")
    channels: Channels = field("channels", default=("email",))
    confirmed: bool = field("confirmed")
    reason: Name | None = field("reason", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return Unsubscribed(
            at=self.occurred_at,
            email=self.email,
            by_email="email" in self.channels,
            by_sms="sms" in self.channels,
            confirmed=self.confirmed,
            evidence=Evidence(reason=self.reason or None),
        )


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

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        order = self.order
        return OrderPlaced(
            at=order.placed_at or self.occurred_at,
            customer=self.customer.to_domain(shop, warnings),
            order_id=order.id,
            box=Box(self.transfer_consent),
            currency=order.currency,
            value=order.value,
            items=tuple(item.to_domain() for item in order.items),
            pickup_point=order.pickup_point or None,
            source=order.source or None,
        )


class OrderUndoneIn(EventIn):
    order_id: Id = field("order_id")
    email: Email = field("email")
    items: list[ItemIn] = field("items", default_factory=list, max_length=MAX_ITEMS)
    value: Money | None = field("value", default=None)
    currency: Currency | None = field("currency", default=None)


class OrderCancellationIn(OrderUndoneIn):
    wire_type = "order-cancellation"

    type: Literal["order-cancellation"] = "order-cancellation"

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return OrderCancelled(**_undone(self))


class OrderReturnIn(OrderUndoneIn):
    wire_type = "order-return"

    type: Literal["order-return"] = "order-return"

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return OrderReturned(**_undone(self))


class CartBodyIn(WireModel):
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
            items=tuple(item.to_domain() for item in self.cart.items),
            recovery_url=self.cart.recovery_url,
        )


class ProductViewIn(EventIn):
    wire_type = "product-view"

    type: Literal["product-view"] = "product-view"
    email: Email = field("email")
    product_id: ProductId = field("product_id")
    url: Url | None = field("url", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return ProductViewed(at=self.occurred_at, email=self.email, product_id=self.product_id, url=self.url)


class TagRenameIn(WireModel):
    old: Text255 = field("from", alias="from")
    new: Text255 = field("to", alias="to")


TagList = Annotated[list[Text255], Field(max_length=MAX_TAGS)]


class TagEditIn(EventIn):
    wire_type = "tag-edit"

    type: Literal["tag-edit"] = "tag-edit"
    email: Email | None = field("email", default=None)
    customer_id: Id | None = field("customer_id", default=None)
    added: TagList = field("added", default_factory=list)
    removed: TagList = field("removed", default_factory=list)
    renamed: list[TagRenameIn] = field("renamed", default_factory=list, max_length=MAX_TAGS)
    tags: TagList | None = field("tags", default=None)

    @model_validator(mode="after")
    def _says_whom_and_what(self) -> Self:
        if self.email is None and self.customer_id is None:
            raise ValueError("email or customer_id must say whose tags these are")
        edits = bool(self.added or self.removed or self.renamed)
        if edits == (self.tags is not None):
            raise ValueError("say either what changed (added, removed, renamed) or the full set (tags)")
        return self

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return TagsEdited(
            at=self.occurred_at,
            email=self.email,
            customer_id=self.customer_id,
            added=_tags([*self.added, *(rename.new for rename in self.renamed)]),
            removed=_tags([*self.removed, *(rename.old for rename in self.renamed)]),
            all_tags=None if self.tags is None else _tags(self.tags),
        )


class ConsentIn(EventIn):
    wire_type = "consent"

    type: Literal["consent"] = "consent"
    email: Email = field("email")
    granted: bool = field("granted")
    customer: CustomerIn | None = field("customer", default=None)
    consent: ConsentProofIn | None = field("consent", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        evidence = self.consent.to_domain() if self.consent is not None else Evidence()
        if not self.granted:
            return TransferConsentWithdrawn(at=self.occurred_at, email=self.email, evidence=evidence)
        customer = self.customer.to_domain(shop, warnings) if self.customer is not None else None
        return TransferConsentGranted(at=self.occurred_at, email=self.email, customer=customer, evidence=evidence)

    @model_validator(mode="after")
    def _one_person(self) -> Self:
        if self.customer is not None and self.customer.email != self.email:
            raise ValueError("email and customer.email must name the same person")
        return self


class ErasureIn(EventIn):
    wire_type = "erasure"

    type: Literal["erasure"] = "erasure"
    email: Email = field("email")

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return ErasureRequested(at=self.occurred_at, email=self.email)


class AccessRequestIn(EventIn):
    wire_type = "access-request"

    type: Literal["access-request"] = "access-request"
    email: Email = field("email")

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return AccessRequested(at=self.occurred_at, email=self.email)


BATCHABLE: dict[str, type[EventIn]] = {
    model.wire_type: model
    for model in (
        RegistrationIn,
        AccountChangeIn,
        SubscriptionIn,
        UnsubscriptionIn,
        OrderIn,
        OrderCancellationIn,
        OrderReturnIn,
        CartIn,
        ProductViewIn,
        TagEditIn,
        ConsentIn,
    )
}


def _phone(text: str | None, shop: Shop, path: str, warnings: Warnings) -> str | None:
    if not text:
        return None
    number = e164(text, shop.country)
    if number is None:
        warnings.append(f"{path}: left out, it is no valid phone number; a right one looks like +48 600 100 200")
    return number


def _undone(body: OrderUndoneIn) -> dict[str, Any]:
    return {
        "at": body.occurred_at,
        "email": body.email,
        "order_id": body.order_id,
        "items": tuple(item.to_domain() for item in body.items),
        "value": body.value,
        "currency": body.currency,
    }


def _segments(path: str | list[str]) -> tuple[str, ...]:
    parts = path.split("/") if isinstance(path, str) else path
    return tuple(part.strip() for part in parts if part.strip())


def _tags(texts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(outgoing_text(text) for text in texts))
