"""The wire types of single fields: what is accepted, said once, with a right example for every name."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from app.domain.tags import MOST_TAGS
from app.routers.plain import NotPlain, Plain, plain_match, plain_number, plain_text
from app.routers.sections import are_plain, paths_of
from app.wire import birth_date, email_address

WHOLE_BODY = "(the whole body)"

EXAMPLES: dict[str, Any] = {
    WHOLE_BODY: {"event_id": "news-1", "occurred_at": "2026-11-23T10:15:00+01:00", "email": "jan.kowalski@example.com"},
    "address": {"street": "Polna 1", "postal_code": "00-001", "city": "Warszawa", "country": "PL"},
    "added": ["vip"],
    "birth_date": "1987-06-05",
    "cart": {"id": "basket-77", "currency": "PLN", "value": "119.00", "items": [{"product_id": "101", "name": "T-shirt"}]},
    "channels": ["email"],
    "city": "Warszawa",
    "company": "Drewno sp. z o.o.",
    "confirmed": True,
    "consent": {"text_version": "newsletter-2026-03", "ip": "192.0.2.10"},
    "country": "PL",
    "currency": "PLN",
    "customer": {"email": "jan.kowalski@example.com", "first_name": "Jan", "last_name": "Kowalski"},
    "customer_id": "1234",
    "email": "jan.kowalski@example.com",
    "email_since": "2026-01-10T09:00:00+01:00",
    "event_id": "order-5501-placed",
    "first_name": "Jan",
    "Idempotency-Key": "order-5501-placed",
    "from": "brak_aktywności",
    "gender": "male",
    "granted": True,
    "has_account": False,
    "id": "5501",
    "ip": "192.0.2.10",
    "key": "8e627799dec6a634ddaac0b83134b8e69988b9d3",
    "items": [{"product_id": "101", "name": "T-shirt", "quantity": 1, "unit_price": "119.00"}],
    "language": "pl",
    "last_name": "Kowalski",
    "menu_paths": ["Obuwie/Męskie/Sportowe", ["Wyprzedaże", "Wiosna 2015"]],
    "mode": "dry_run",
    "name": "T-shirt",
    "newsletter": {"email": True, "sms": False},
    "occurred_at": "2026-11-23T10:15:00+01:00",
    "order": {"id": "5501", "placed_at": "2026-11-23T10:15:00+01:00", "currency": "PLN", "value": "199.99", "items": []},
    "order_id": "5501",
    "parked_reason": "refused",
    "replay_mode": "preview",
    "shop": "shop1",
    "words": "Invalid phone number",
    "page": "https://sklep.example.com/newsletter",
    "phone": "+48 600 100 200",
    "pickup_point": "Paczkomat WAW01A",
    "placed_at": "2026-11-23T10:15:00+01:00",
    "postal_code": "00-001",
    "previous_email": "jan@old.example.com",
    "product_id": "101",
    "quantity": 1,
    "reason": "clicked the link in the e-mail",
    "recovery_url": "https://sklep.example.com/basket/restore/77",
    "reconciliation_mode": "preview",
    "return_id": "RMA-117",
    "removed": ["brak_aktywności"],
    "renamed": [{"from": "brak_aktywności", "to": "brak_aktywności2"}],
    "sms": False,
    "sms_since": "2026-01-10T09:00:00+01:00",
    "source": "allegro",
    "street": "Polna 1",
    "tags": ["vip", "hurt"],
    "text_version": "newsletter-2026-03",
    "to": "brak_aktywności2",
    "token": "gAAAAABp...",
    "transfer_consent": "given",
    "type": "order",
    "unit_price": "119.00",
    "url": "https://sklep.example.com/product-101.html",
    "value": "199.99",
    "wholesaler": False,
}
"""A right value for every field, by name: shown in the OpenAPI document and in every problem that names the field."""

_RFC3339 = re.compile(r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$")
_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
FUTURE_TOLERANCE = timedelta(hours=24)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
EVENT_ID = re.compile(r"^[\x21-\x7e]{1,128}$")
_PRODUCT_ID = re.compile(r"^[^\s,\x00-\x1f\x7f]{1,64}$")
_CURRENCY = r"^[A-Z]{3}$"
_LANGUAGE = r"^[A-Za-z]{2}([-_][A-Za-z]{2})?$"
_URL = r"^https?://[^\s]+$"
_LONGEST_EMAIL = 320
_LONGEST_URL = 2048


def field(name: str, **rules: Any) -> Any:
    """A pydantic field with the example of its name."""
    return Field(examples=[EXAMPLES[name]], **rules)


def _no_control_signs(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("control characters are not allowed")
    return text


def _instant(value: object) -> datetime:
    """RFC 3339 with an offset: without it nobody knows when it was."""
    if not isinstance(value, str) or not _RFC3339.match(value):
        raise ValueError("an RFC 3339 time with offset is needed; times without zone are refused")
    try:
        at = datetime.fromisoformat(value.replace("z", "Z")).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("this is not a date of the calendar") from None
    if not _OLDEST <= at <= datetime.now(UTC) + FUTURE_TOLERANCE:
        raise ValueError("the time must lie between 2000 and 24 hours from now")
    return at


def _event_id(text: str) -> str:
    if not EVENT_ID.match(text):
        raise ValueError("1 to 128 visible ASCII characters")
    return text


def _product_id(text: str) -> str:
    if not _PRODUCT_ID.match(text):
        raise ValueError("1 to 64 characters without spaces and commas")
    return text


def _text_number(value: object) -> object:
    """JSON numbers that are whole are ids too: shops write them both ways."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _first_tags(value: object) -> object:
    """One more than are kept, so that it is noticed."""
    return value[: MOST_TAGS + 1] if isinstance(value, list) else value


def _quantity(number: Decimal) -> Decimal:
    """One spelling of a number: 2, not 2.0 or 2E+0."""
    whole = number.to_integral_value()
    return whole.quantize(Decimal(1)) if whole == number else number.normalize()


def _money(amount: Decimal) -> Decimal:
    """One spelling of an amount: two decimals unless it really has more."""
    cents = amount.quantize(Decimal("0.01"))
    return cents if cents == amount else amount.normalize()


_plain_128 = plain_text(1, 128)


def _plain_email(text: str) -> str:
    if len(text) > _LONGEST_EMAIL:
        raise NotPlain
    return email_address(text)


def _plain_menu_paths(paths: list[str | list[str]]) -> list[str | list[str]]:
    if not are_plain(paths):
        raise NotPlain
    return paths


def _plain_channels(channels: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= len(channels) <= 2:
        raise NotPlain
    return channels


Text1000 = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=1000),
    AfterValidator(_no_control_signs),
    plain_text(1, 1000),
]
Name = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=255), AfterValidator(_no_control_signs), plain_text(0, 255)
]
"""May be empty: shops send empty strings for what they do not know, and that says nothing."""

Id = Annotated[
    str,
    BeforeValidator(_text_number, json_schema_input_type=str | int),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=128),
    AfterValidator(_no_control_signs),
    Plain(str | int, lambda value: _plain_128.keep(str(value))),
]
ReturnId = Annotated[
    str,
    BeforeValidator(_text_number, json_schema_input_type=str | int),
    StringConstraints(strip_whitespace=True, max_length=128),
    AfterValidator(_no_control_signs),
    Plain(str | int, lambda value: plain_text(0, 128).keep(str(value))),
]
"""May be empty, as `Name` may."""

ProductId = Annotated[
    str,
    BeforeValidator(_text_number, json_schema_input_type=str | int),
    AfterValidator(_product_id),
    Plain(str | int, lambda value: _product_id(str(value))),
]
EventId = Annotated[
    str,
    AfterValidator(_event_id),
    Field(json_schema_extra={"maxLength": 128, "minLength": 1, "pattern": r"^[\x21-\x7e]+$"}),
    Plain(str, _event_id),
]
Email = Annotated[
    str,
    StringConstraints(max_length=_LONGEST_EMAIL),
    AfterValidator(email_address),
    Field(json_schema_extra={"format": "email"}),
    Plain(str, _plain_email),
]
Instant = Annotated[
    datetime,
    BeforeValidator(_instant, json_schema_input_type=str),
    Field(json_schema_extra={"format": "date-time"}),
    Plain(str, _instant),
]
Money = Annotated[Decimal, Field(ge=0, max_digits=15, decimal_places=4), AfterValidator(_money), plain_number(_money, zero=True)]
Quantity = Annotated[
    Decimal, Field(gt=0, max_digits=12, decimal_places=4), AfterValidator(_quantity), plain_number(_quantity, zero=False)
]
Currency = Annotated[str, StringConstraints(pattern=_CURRENCY), plain_match(_CURRENCY, 3)]
Country = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=64), AfterValidator(_no_control_signs), plain_text(0, 64)
]
Language = Annotated[str, Field(pattern=_LANGUAGE), plain_match(_LANGUAGE, 5)]
Url = Annotated[
    str,
    StringConstraints(pattern=_URL, max_length=_LONGEST_URL),
    AfterValidator(_no_control_signs),
    plain_match(_URL, _LONGEST_URL),
]
BirthDate = Annotated[str, AfterValidator(birth_date), Field(json_schema_extra={"format": "date"}), Plain(str, birth_date)]
Gender = Literal["female", "male", "other"]
Channel = Literal["email", "sms"]
Channels = Annotated[list[Channel], Field(min_length=1, max_length=2), Plain(tuple[Channel, ...], _plain_channels)]
MenuPaths = Annotated[
    list[str | list[str]],
    BeforeValidator(paths_of, json_schema_input_type=list[str | list[str]]),
    Plain(list[str | list[str]], _plain_menu_paths),
]
"""Whatever stands there is read as far as it can be: sections never refuse an order."""

TagText = Annotated[str, BeforeValidator(_text_number, json_schema_input_type=str | int)]
TagTexts = Annotated[list[TagText], BeforeValidator(_first_tags, json_schema_input_type=list[str | int])]
"""Of any length and number; what is left out or cut is said."""
