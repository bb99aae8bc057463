"""The parts of events on the wire: the customer, and the proof of a consent."""

from typing import Any

from app.domain.event_parts import NO_ADDRESS, NO_EVIDENCE, Address, Customer, Evidence, NewsletterBox
from app.domain.person.contact import ADDRESS
from app.domain.shops.countries import country_as_kept
from app.domain.shops.shop import CLEARABLE_FIELDS, PERSON_FIELDS, Shop
from app.domain.values import replace
from app.formats.contact_values import NO_REGION, e164, is_national, phone_region
from app.routers.edge.field_examples import field
from app.routers.events.fields.field_types import BirthDate, Country, Email, Gender, Instant, Language, Name
from app.routers.events.fields.identifiers import CustomerId
from app.routers.events.wire_model import WireModel

Warnings = list[str]


class AddressIn(WireModel):
    """The billing address. It is one fact: a new one replaces the whole, also where it names one part only."""

    street: Name | None = field("street", "Street with the number of the house and the flat.", default=None)
    postal_code: Name | None = field("postal_code", "Postal code, as it is written in that country.", default=None)
    city: Name | None = field("city", "City, town or village.", default=None)
    country: Country | None = field(
        "country",
        "Two-letter code (ISO 3166-1), or a common name of the country. A national `phone` is read as one of this country; if "
        "nobody can tell which country is meant, such a number is left out.",
        default=None,
    )

    def to_domain(self) -> Address:
        country = country_as_kept(self.country)
        return Address(street=self.street, postal_code=self.postal_code, city=self.city, country=country)

    def is_empty(self) -> bool:
        """Said, and without any part."""
        return not (self.street or self.postal_code or self.city or self.country or self.is_odd())


class NewsletterIn(WireModel):
    """Newsletter boxes. In a registration or an order, `true` is the person's act; elsewhere it counts only with its date."""

    email: bool | None = field(
        "newsletter.email",
        "The box of the e-mail newsletter. `true`: ticked. `false` or nothing opts nobody out: for that there are unsubscriptions.",
        default=None,
    )
    sms: bool | None = field("newsletter.sms", "The box of the SMS newsletter, likewise. Send the `phone` along.", default=None)
    email_since: Instant | None = field(
        "email_since",
        "When the person ticked the e-mail box, if not at the time of this event. In an account change a box counts only with it. "
        "If it cannot be read, the box is left out: a consent is not guessed.",
        default=None,
    )
    sms_since: Instant | None = field("sms_since", "When the person ticked the SMS box, likewise.", default=None)

    def to_domain(self, path: str, warnings: Warnings) -> tuple[NewsletterBox, NewsletterBox]:
        """The boxes of both channels. One whose date cannot be read is no act: it might be older than a resignation (R06)."""
        return (
            self._box(self.email, self.email_since, f"{path}.email", "email_since", warnings),
            self._box(self.sms, self.sms_since, f"{path}.sms", "sms_since", warnings),
        )

    def _box(self, ticked: bool | None, since: Any, path: str, dated: str, warnings: Warnings) -> NewsletterBox:
        if ticked and self.is_left_out(dated):
            warnings.append(f"{path}: left out, its date cannot be read, and a consent is not guessed")
            return _SILENT
        return NewsletterBox(ticked=bool(ticked), since=since)


class CustomerIn(WireModel):
    """A person as the shop knows them. What is not said, or empty, stays in SALESmanago as it is."""

    email: Email = field(
        "email",
        "The person's address: SALESmanago knows people by it. At most 254 characters, 64 of them before the @. Kept in lower "
        "case.",
    )
    id: CustomerId | None = field(
        "customer_id",
        "Number of the customer's account in the shop, 1 to 128 characters. Leave it out for guests: `0`, `null` and the like are "
        "nobody's number and are left out.",
        default=None,
    )
    first_name: Name | None = field("first_name", "First name; cut to 255 characters.", default=None)
    last_name: Name | None = field("last_name", "Last name; cut to 255 characters.", default=None)
    company: Name | None = field("company", "Name of the company, if the person buys for one; cut to 255 characters.", default=None)
    gender: Gender | None = field(
        "gender", "Usual spellings are read: `K`, `M`, `Pani`, `Herr`, `f` … Anything else is left out.", default=None
    )
    phone: Name | None = field(
        "phone",
        "Phone number in any usual spelling. Without a country code it is read as one of `address.country`, and only without an "
        "address as one of the shop's country. Travels as +48600100200; a number that is none is left out.",
        default=None,
    )
    address: AddressIn | None = field("address", "Billing address.", default=None)
    wholesaler: bool | None = field(
        "wholesaler", "`true` adds the tag `wholesaler`, `false` removes it; nothing leaves it as it is.", default=None
    )
    newsletter: NewsletterIn | None = field("newsletter", "The newsletter boxes as the person left them.", default=None)
    language: Language | None = field(
        "language", "Language of the person, two letters (ISO 639-1). `pl-PL`, `pol` and common names are read too.", default=None
    )
    birth_date: BirthDate | None = field(
        "birth_date",
        "Day of birth. `05.06.1987` and `19870605` are read too; a day in the future or more than 120 years ago is left out.",
        default=None,
    )

    def to_domain(self, shop: Shop, warnings: Warnings, wholesaler: bool | None = None, *, is_dated: bool = True) -> Customer:
        """`wholesaler`: what the event says beside the customer, and then counts. `is_dated`: somebody knows when it happened."""
        return Customer(
            email=self.email,
            id=self.id,
            first_name=self.first_name or None,
            last_name=self.last_name or None,
            company=self.company or None,
            gender=self.gender,
            phone=phone_number(self.phone, self._phone_region(shop), "customer.phone", warnings),
            phone_assumed=self._is_assumed(),
            address=self.address.to_domain() if self.address is not None else NO_ADDRESS,
            wholesaler=self.wholesaler if wholesaler is None else wholesaler,
            **self._boxes(warnings, is_dated=is_dated),
            language=self.language[:2].lower() if self.language else None,
            birth_date=self.birth_date,
        )

    def _phone_region(self, shop: Shop) -> str:
        """An address of which the country cannot be read is not one of the shop's country (R10)."""
        if self.is_left_out("address") or (self.address is not None and self.address.is_left_out("country")):
            return NO_REGION
        return phone_region(self.address.country if self.address is not None else None, shop.country)

    def _is_assumed(self) -> bool:
        """Only the shop's country says whose number it is: a known address of the person may say otherwise."""
        country = self.address.country if self.address is not None else None
        return bool(self.phone) and not country and is_national(self.phone or "")

    def _boxes(self, warnings: Warnings, *, is_dated: bool) -> dict[str, NewsletterBox]:
        if self.newsletter is None:
            return {}
        email, sms = self.newsletter.to_domain("customer.newsletter", warnings)
        if not is_dated and (email.ticked or sms.ticked):
            warnings.append("customer.newsletter: left out, nobody knows when the boxes were ticked, and a consent is not guessed")
            return {}
        return {"newsletter_email": email, "newsletter_sms": sms}


NOT_CLEARABLE = tuple(name for name in PERSON_FIELDS if name not in {*CLEARABLE_FIELDS, *ADDRESS, "customer_id"})
"""Where SALESmanago has no documented way to forget one value."""


class ChangedCustomerIn(CustomerIn):
    """The customer of an account change: `null` or an empty value says that there is none any more (R10)."""

    empty_says_none = frozenset({*CLEARABLE_FIELDS, *NOT_CLEARABLE, "address"})

    def to_domain(self, shop: Shop, warnings: Warnings, wholesaler: bool | None = None, *, is_dated: bool = True) -> Customer:
        customer = CustomerIn.to_domain(self, shop, warnings, wholesaler, is_dated=is_dated)
        for name in NOT_CLEARABLE:
            if self.says_none(name):
                warnings.append(f"customer.{name}: SALESmanago has no way to clear it; what it holds stays")
        none: dict[str, Any] = {name: "" for name in (*CLEARABLE_FIELDS, *NOT_CLEARABLE) if self.says_none(name)}
        if self.says_none("address") or (self.address is not None and self.address.is_empty()):
            none["address"] = _EMPTY_ADDRESS
        return replace(customer, **none) if none else customer


_EMPTY_ADDRESS = Address(street="", postal_code="", city="", country="")
"""Said to be no more."""
_SILENT = NewsletterBox()


class ConsentProofIn(WireModel):
    """What the person agreed to, and from where."""

    text_version: Name | None = field(
        "text_version", "Which wording the person saw: a name or a version of yours. Kept as evidence.", default=None
    )
    page: Name | None = field("page", "The page on which the person agreed. Kept as evidence.", default=None)
    ip: Name | None = field("ip", "The network address the person agreed from. Kept as evidence.", default=None)

    confirmed: bool | None = field(
        "confirmed",
        "True if the person clicked a link in a mail of yours. Where `double_opt_in` is on, SALESmanago asks everybody else.",
        default=None,
    )

    def to_domain(self) -> Evidence:
        return Evidence(
            text_version=self.text_version or None, page=self.page or None, ip=self.ip or None, confirmed=self.confirmed is True
        )


def evidence_of(proof: ConsentProofIn | None) -> Evidence:
    return proof.to_domain() if proof is not None else NO_EVIDENCE


def phone_number(text: str | None, region: str, path: str, warnings: Warnings) -> str | None:
    """The number in E.164, or a warning. `region`: as of which country a national one is read."""
    if not text:
        return None
    number = e164(text, region)
    if number is None:
        no_country = "it names no country, and that of the address is not understood"
        whose = no_country if region == NO_REGION else f"it is no valid phone number of {region}"
        warnings.append(f"{path}: left out, {whose}; a right one looks like +48 600 100 200")
    return number
