"""The parts of events on the wire: the customer, the goods, the proof of a consent; and what holds for every body."""

from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from app.domain.events import Address, Customer, Evidence, Item, Ticked
from app.domain.shop import Shop
from app.routers.fields import (
    BirthDate,
    Country,
    Email,
    Gender,
    Id,
    Instant,
    Language,
    MenuPaths,
    Money,
    Name,
    ProductId,
    Quantity,
    Text1000,
    field,
)
from app.routers.sections import SectionReader
from app.wire import e164

Warnings = list[str]

MAX_ITEMS = 500


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
            phone=phone_number(self.phone, shop, "customer.phone", warnings),
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
    unit_price: Money = field("unit_price", default=Decimal("0.00"))
    menu_paths: MenuPaths = field("menu_paths", default_factory=list)

    def to_domain(self, sections: SectionReader, place: str) -> Item:
        return Item(
            product_id=self.product_id,
            name=self.name,
            quantity=self.quantity,
            unit_price=self.unit_price,
            menu_paths=sections.read(self.menu_paths, place) if self.menu_paths else (),
        )


def items_of(items: Sequence[ItemIn], place: str, warnings: Warnings) -> tuple[Item, ...]:
    """The goods; of their menu sections it is said what was cut or left out."""
    sections = SectionReader()
    found = tuple(item.to_domain(sections, f"{place}[{number}]") for number, item in enumerate(items))
    warnings += sections.said()
    return found


class ConsentProofIn(WireModel):
    """What the person agreed to, and from where."""

    text_version: Name | None = field("text_version", default=None)
    page: Name | None = field("page", default=None)
    ip: Name | None = field("ip", default=None)

    def to_domain(self) -> Evidence:
        return Evidence(text_version=self.text_version or None, page=self.page or None, ip=self.ip or None)


def phone_number(text: str | None, shop: Shop, path: str, warnings: Warnings) -> str | None:
    if not text:
        return None
    number = e164(text, shop.country)
    if number is None:
        warnings.append(f"{path}: left out, it is no valid phone number; a right one looks like +48 600 100 200")
    return number
