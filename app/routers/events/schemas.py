"""Events on the wire. Unknown fields and odd optional values are left out and named in the receipt's `warnings` (R10)."""

from typing import Literal, Self

from pydantic import model_validator

from app.domain.event_parts import Evidence
from app.domain.events import (
    AccessRequested,
    AccountChanged,
    CustomerRegistered,
    ErasureRequested,
    Event,
    ProductViewed,
    Subscribed,
    TransferConsentGranted,
    TransferConsentWithdrawn,
    Unsubscribed,
)
from app.domain.shops.shop import Shop
from app.formats.contact_values import is_national
from app.routers.edge.field_examples import field
from app.routers.events.common_schemas import ChangedCustomerIn, ConsentProofIn, CustomerIn, Warnings, evidence_of, phone_number
from app.routers.events.event_in import EventIn, type_field
from app.routers.events.fields.field_types import Channels, Email, Name, Url
from app.routers.events.fields.identifiers import ProductId
from app.routers.events.order_schemas import CartIn, OrderCancellationIn, OrderIn, OrderReturnIn
from app.routers.events.tag_schemas import TagEditIn


class RegistrationIn(EventIn):
    """A customer created an account."""

    wire_type = "registration"

    type: Literal["registration"] = type_field("registration")
    customer: CustomerIn = field("customer", "Who created the account. A ticked newsletter box is the person's act of now.")
    wholesaler: bool | None = field("wholesaler", "The same as `customer.wholesaler`; said here, it counts.", default=None)
    source: Name | None = field(
        "source",
        "Where the customer came from, in one word: `google`, `facebook` … Becomes the tag `idosell_<source>_<host of the shop>`.",
        default=None,
    )
    consent: ConsentProofIn | None = field("consent", "What the person saw when ticking the newsletter boxes.", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        customer = self.customer.to_domain(shop, warnings, self.wholesaler)
        return CustomerRegistered(at=self.occurred_at, customer=customer, source=self.source, evidence=evidence_of(self.consent))


class AccountChangeIn(EventIn):
    """The data of an account changed."""

    wire_type = "account-change"

    type: Literal["account-change"] = type_field("account-change")
    customer: ChangedCustomerIn = field(
        "customer", "The account as it is now. What is left out stays; `null` or an empty value says that there is none any more."
    )
    previous_email: Email | None = field(
        "previous_email",
        "The address before, if it changed: the contact is renamed. Without it, `customer.id` tells who it is.",
        default=None,
    )

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return AccountChanged(
            at=self.occurred_at, customer=self.customer.to_domain(shop, warnings), previous_email=self.previous_email
        )


class SubscriptionIn(EventIn):
    """A person subscribed to a newsletter."""

    wire_type = "subscription"
    never_left_out = EventIn.never_left_out | {"channels"}

    type: Literal["subscription"] = type_field("subscription")
    email: Email = field("email", "Who subscribed; also for SMS, because SALESmanago knows people by their address.")
    channels: Channels = field(
        "channels",
        "The newsletters, one or both; e-mail by default. What cannot be read is refused, never guessed.",
        default=["email"],
    )
    has_account: bool = field(
        "has_account",
        "Whether the person has an account in the shop. `false`, **the default**, adds the tag `newsletter`, by which subscribers "
        "without account are known: send `true` for customers.",
        default=False,
    )
    consent: ConsentProofIn | None = field("consent", "What the person agreed to, and from where.", default=None)
    phone: Name | None = field(
        "phone", "For the SMS newsletter. Without a country code it is read as a number of the shop's country.", default=None
    )

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return Subscribed(
            at=self.occurred_at,
            email=self.email,
            by_email="email" in self.channels,
            by_sms="sms" in self.channels,
            has_account=self.has_account,
            phone=phone_number(self.phone, shop.country, "phone", warnings),
            phone_assumed=bool(self.phone) and is_national(self.phone or ""),
            evidence=evidence_of(self.consent),
        )


class UnsubscriptionIn(EventIn):
    """A person left a newsletter, or staff removed the address."""

    wire_type = "unsubscription"
    never_left_out = EventIn.never_left_out | {"channels"}

    type: Literal["unsubscription"] = type_field("unsubscription")
    email: Email = field("email", "Who left.")
    channels: Channels = field(
        "channels",
        "The newsletters that were left, one or both; e-mail by default. What cannot be read is refused.",
        default=["email"],
    )
    confirmed: bool = field(
        "confirmed",
        "`true`: the person did it, for example by the link in the e-mail, and it travels. `false`: staff removed the address; it "
        "does not travel unless the shop has `propagate_unconfirmed_removals`.",
    )
    reason: Name | None = field("reason", "Why or how, in your words; kept as evidence.", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return Unsubscribed(
            at=self.occurred_at,
            email=self.email,
            by_email="email" in self.channels,
            by_sms="sms" in self.channels,
            confirmed=self.confirmed,
            evidence=Evidence(reason=self.reason or None),
        )


class ProductViewIn(EventIn):
    """A person looked at a product."""

    wire_type = "product-view"

    type: Literal["product-view"] = type_field("product-view")
    email: Email = field("email", "Who looked at it.")
    product_id: ProductId = field(
        "product_id", "Id of the product as in the feed, 1 to 64 characters; spaces and commas become `_`."
    )
    url: Url | None = field("url", "Address of the product's page, at most 2,048 characters.", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return ProductViewed(at=self.occurred_at, email=self.email, product_id=self.product_id, url=self.url)


class ConsentIn(EventIn):
    """A person granted or withdrew the consent to be passed on to SALESmanago."""

    wire_type = "consent"

    type: Literal["consent"] = type_field("consent")
    email: Email = field("email", "Who agreed or withdrew.")
    granted: bool = field("granted", "`true`: may be passed on to SALESmanago from now on. `false`: nothing may leave any more.")
    customer: CustomerIn | None = field(
        "customer", "What you know of the person, for the first transfer. Its `email` must be the same.", default=None
    )
    consent: ConsentProofIn | None = field("consent", "What the person agreed to, and from where.", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        evidence = evidence_of(self.consent)
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
    """A person asked to be forgotten."""

    wire_type = "erasure"

    type: Literal["erasure"] = type_field("erasure")
    email: Email = field("email", "Who is to be forgotten: any address the person ever had in the shop.")

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return ErasureRequested(at=self.occurred_at, email=self.email)


class AccessRequestIn(EventIn):
    """A person asked what is stored about them."""

    wire_type = "access-request"

    type: Literal["access-request"] = type_field("access-request")
    email: Email = field("email", "Who asks.")

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
