"""Events on the wire. Unknown fields and odd optional values are left out and named in the receipt's `warnings` (R10)."""

from typing import Literal, Self

from pydantic import model_validator

from app.domain.events import (
    AccessRequested,
    AccountChanged,
    CustomerRegistered,
    ErasureRequested,
    Event,
    Evidence,
    ProductViewed,
    Subscribed,
    TagsEdited,
    TransferConsentGranted,
    TransferConsentWithdrawn,
    Unsubscribed,
)
from app.domain.shops.shop import Shop
from app.domain.tags import MAX_PANEL_TAG_CHARS, MOST_TAGS, TO_PANEL, canonical, clean, within
from app.formats.contact_values import is_national
from app.routers.edge.field_examples import field
from app.routers.events.common_schemas import (
    ChangedCustomerIn,
    ConsentProofIn,
    CustomerIn,
    Warnings,
    evidence_of,
    phone_number,
)
from app.routers.events.event_in import EventIn
from app.routers.events.field_types import (
    Channels,
    CustomerId,
    Email,
    Name,
    ProductId,
    TagText,
    TagTexts,
    Url,
)
from app.routers.events.order_schemas import CartIn, OrderCancellationIn, OrderIn, OrderReturnIn
from app.routers.events.wire_model import WireModel

MAX_RENAMES = 500


class RegistrationIn(EventIn):
    wire_type = "registration"

    type: Literal["registration"] = "registration"
    customer: CustomerIn = field("customer")
    wholesaler: bool | None = field("wholesaler", default=None)
    source: Name | None = field("source", default=None)
    consent: ConsentProofIn | None = field("consent", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        customer = self.customer.to_domain(shop, warnings, self.wholesaler)
        return CustomerRegistered(at=self.occurred_at, customer=customer, source=self.source, evidence=evidence_of(self.consent))


class AccountChangeIn(EventIn):
    wire_type = "account-change"

    type: Literal["account-change"] = "account-change"
    customer: ChangedCustomerIn = field("customer")
    previous_email: Email | None = field("previous_email", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return AccountChanged(
            at=self.occurred_at, customer=self.customer.to_domain(shop, warnings), previous_email=self.previous_email
        )


class SubscriptionIn(EventIn):
    wire_type = "subscription"
    never_left_out = EventIn.never_left_out | {"channels"}

    type: Literal["subscription"] = "subscription"
    email: Email = field("email")
    channels: Channels = field("channels", default=["email"])
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
            phone=phone_number(self.phone, shop.country, "phone", warnings),
            phone_assumed=bool(self.phone) and is_national(self.phone or ""),
            evidence=evidence_of(self.consent),
        )


class UnsubscriptionIn(EventIn):
    wire_type = "unsubscription"
    never_left_out = EventIn.never_left_out | {"channels"}

    type: Literal["unsubscription"] = "unsubscription"
    email: Email = field("email")
    channels: Channels = field("channels", default=["email"])
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


class ProductViewIn(EventIn):
    wire_type = "product-view"

    type: Literal["product-view"] = "product-view"
    email: Email = field("email")
    product_id: ProductId = field("product_id")
    url: Url | None = field("url", default=None)

    def to_domain(self, shop: Shop, warnings: Warnings) -> Event:
        return ProductViewed(at=self.occurred_at, email=self.email, product_id=self.product_id, url=self.url)


class TagRenameIn(WireModel):
    old: TagText = field("from", alias="from")
    new: TagText = field("to", alias="to")


class TagEditIn(EventIn):
    wire_type = "tag-edit"
    never_emptied = frozenset({"tags"})
    never_cut = frozenset({"added", "removed", "renamed", "tags"})

    type: Literal["tag-edit"] = "tag-edit"
    email: Email | None = field("email", default=None)
    customer_id: CustomerId | None = field("customer_id", default=None)
    added: TagTexts = field("added", default_factory=list)
    removed: TagTexts = field("removed", default_factory=list)
    renamed: list[TagRenameIn] = field("renamed", default_factory=list, max_length=MAX_RENAMES)
    tags: TagTexts | None = field("tags", default=None)

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
            added=_tags([*self.added, *(rename.new for rename in self.renamed)], "added", warnings),
            removed=_tags([*self.removed, *(rename.old for rename in self.renamed)], "removed", warnings),
            all_tags=None if self.tags is None else _tags(self.tags, "tags", warnings),
        )


class ConsentIn(EventIn):
    wire_type = "consent"

    type: Literal["consent"] = "consent"
    email: Email = field("email")
    granted: bool = field("granted")
    customer: CustomerIn | None = field("customer", default=None)
    consent: ConsentProofIn | None = field("consent", default=None)

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


def _tags(texts: list[str], place: str, warnings: Warnings) -> tuple[str, ...]:
    """As they will be sent; of those that will not, or not whole, it is said how many and why."""
    said = texts if len(texts) <= MOST_TAGS else texts[:MOST_TAGS]
    if len(said) < len(texts):
        warnings.append(f"{place}: only the first {MOST_TAGS} tags were read")
    whole = [clean(text) for text in said]
    cut = [within(text, MAX_PANEL_TAG_CHARS) for text in whole]
    tags = dict.fromkeys(cut)
    nameless = [tag for tag in tags if not canonical(tag).strip("_")]
    copied = [tag for tag in tags if canonical(tag).startswith(TO_PANEL)]
    if cut != whole:
        warnings.append(f"{place}: tags longer than {MAX_PANEL_TAG_CHARS} characters were cut")
    if nameless:
        warnings.append(f"{place}: a tag without letters and digits is not sent")
    if copied and place != "tags":  # a full set shows them every time
        warnings.append(f"{place}: tags that begin with {TO_PANEL} came from SALESmanago and are not sent back")
    return tuple(tag for tag in tags if tag)
