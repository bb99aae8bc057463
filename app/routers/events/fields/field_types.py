"""The wire types of single fields: what is accepted, said once, with a right example for every name."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from app.domain.tags import MOST_TAGS
from app.formats.amounts import one_spelling
from app.formats.contact_values import birth_date, email_address, language
from app.routers.events.fast.parser import FastField, NotFast, plain_match, plain_number, plain_text
from app.routers.events.fields.numbers import decimal_of, money, price_of_goods, without_sign
from app.routers.events.fields.sections import are_plain, paths_of
from app.routers.events.fields.texts import kept_text, no_control_signs, number_as_text, stripped

_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?) ?([Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)", re.ASCII
)
"""RFC 3339, and what PHP (`+0100`), databases (`+01`) and Ruby (` UTC`) write: a day, a time, and what it is ahead of UTC."""
_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
FUTURE_TOLERANCE = timedelta(hours=24)


_CURRENCY = r"^[A-Z]{3}$"
_LANGUAGE = r"^[A-Za-z]{2}([-_][A-Za-z]{2})?$"
_URL = r"^https?://[^\s]+$"
_LONGEST_EMAIL = 320
_LONGEST_URL = 2048


def _instant(value: object) -> datetime:
    """A time with its offset: without it nobody knows when it was."""
    found = _INSTANT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        raise ValueError("an RFC 3339 time with offset is needed; times without zone are refused")
    day, time, ahead = found.groups()
    try:
        at = datetime.fromisoformat(f"{day}T{time}{'+00:00' if ahead[0] not in '+-' else ahead}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("this is not a date of the calendar") from None
    if not _OLDEST <= at <= datetime.now(UTC) + FUTURE_TOLERANCE:
        raise ValueError("the time must lie between 2000 and 24 hours from now")
    return at


def _upper(value: object) -> object:
    return value.strip().upper() if isinstance(value, str) else value


def _first_tags(value: object) -> object:
    """One more than are kept, so that it is noticed."""
    return value[: MOST_TAGS + 1] if isinstance(value, list) else value


_GENDERS: dict[str, tuple[str, ...]] = {
    "female": ("female", "f", "k", "w", "woman", "kobieta", "frau", "weiblich", "pani", "mrs", "ms", "miss", "żena", "žena"),
    "male": ("male", "m", "man", "mężczyzna", "mezczyzna", "mann", "herr", "männlich", "pan", "mr", "muž"),
    "other": ("other", "x", "d", "divers", "diverse", "inne", "inna", "non-binary", "nonbinary"),
}
_GENDER_OF = {word: gender for gender, words in _GENDERS.items() for word in words}


def _gender(value: object) -> object:
    return _GENDER_OF.get(value.strip().rstrip(".").lower(), value) if isinstance(value, str) else value


def _language(value: object) -> object:
    """What was right before stays as it was written; other codes and names become two letters."""
    text = value.strip() if isinstance(value, str) else ""
    return value if not text or _IS_LANGUAGE.fullmatch(text) else language(text) or value


_IS_LANGUAGE = re.compile(_LANGUAGE, re.ASCII)

_CHANNELS = {"e-mail": "email", "mail": "email"}


def _channels(value: object) -> object:
    said = [value] if isinstance(value, str) else value
    if not isinstance(said, list):
        return value
    words = [one.strip().lower() if isinstance(one, str) else one for one in said]
    named = [_CHANNELS.get(one, one) if isinstance(one, str) else one for one in words]
    return [one for at, one in enumerate(named) if one not in named[:at]]


def _plain_email(text: str) -> str:
    if len(text) > _LONGEST_EMAIL:
        raise NotFast
    return email_address(text)


def _plain_menu_paths(paths: list[str | list[str]]) -> list[str | list[str]]:
    if not are_plain(paths):
        raise NotFast
    return paths


def _plain_channels(channels: tuple[str, ...]) -> tuple[str, ...]:
    if not 1 <= len(channels) <= 2:
        raise NotFast
    return channels


Text1000 = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), kept_text(1000), plain_text(1, 1000)
]


ExactText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), AfterValidator(no_control_signs)
]
"""What somebody looks for: cut or cleaned it would find something else."""


Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255), kept_text(255), plain_text(0, 255)]
"""May be empty: shops send empty strings for what they do not know, and that says nothing."""


Email = Annotated[
    str,
    StringConstraints(max_length=_LONGEST_EMAIL),
    AfterValidator(email_address),
    Field(json_schema_extra={"format": "email"}),
    FastField(str, _plain_email),
]
Instant = Annotated[
    datetime,
    BeforeValidator(_instant, json_schema_input_type=str),
    Field(json_schema_extra={"format": "date-time"}),
    FastField(str, _instant),
]
_plain_money = plain_number(money, zero=True)
_plain_quantity = plain_number(one_spelling, zero=False)
_IS_MONEY = Field(ge=0, max_digits=15, decimal_places=4)
_IS_QUANTITY = Field(gt=0, max_digits=12, decimal_places=4)
Money = Annotated[Decimal, _IS_MONEY, AfterValidator(money), BeforeValidator(decimal_of), _plain_money]
UnitPrice = Annotated[Decimal, _IS_MONEY, AfterValidator(money), BeforeValidator(price_of_goods), _plain_money]
Quantity = Annotated[Decimal, _IS_QUANTITY, AfterValidator(one_spelling), BeforeValidator(decimal_of), _plain_quantity]
MoneyBack = Annotated[Decimal, _IS_MONEY, AfterValidator(money), BeforeValidator(without_sign), _plain_money]


QuantityBack = Annotated[Decimal, _IS_QUANTITY, AfterValidator(one_spelling), BeforeValidator(without_sign), _plain_quantity]
"""Of goods that came back."""
Currency = Annotated[str, StringConstraints(pattern=_CURRENCY), BeforeValidator(_upper), plain_match(_CURRENCY, 3)]
Country = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), kept_text(64), plain_text(0, 64)]
Language = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=_LANGUAGE), BeforeValidator(_language), plain_match(_LANGUAGE, 5)
]
Url = Annotated[
    str,
    StringConstraints(pattern=_URL, max_length=_LONGEST_URL),
    AfterValidator(no_control_signs),
    BeforeValidator(stripped),
    plain_match(_URL, _LONGEST_URL),
]
BirthDate = Annotated[
    str,
    BeforeValidator(number_as_text),
    AfterValidator(birth_date),
    Field(json_schema_extra={"format": "date"}),
    FastField(str, birth_date),
]
_Gender = Literal["female", "male", "other"]
Gender = Annotated[_Gender, BeforeValidator(_gender), FastField(_Gender, lambda gender: gender)]
Channel = Literal["email", "sms"]
Channels = Annotated[
    list[Channel], BeforeValidator(_channels), Field(min_length=1, max_length=2), FastField(tuple[Channel, ...], _plain_channels)
]


MenuPaths = Annotated[
    list[str | list[str]],
    BeforeValidator(paths_of, json_schema_input_type=list[str | list[str]]),
    FastField(list[str | list[str]], _plain_menu_paths),
]
"""Whatever stands there is read as far as it can be: sections never refuse an order."""

TagText = Annotated[str, BeforeValidator(stripped, json_schema_input_type=str | int)]


TagTexts = Annotated[list[TagText], BeforeValidator(_first_tags, json_schema_input_type=list[str | int])]
"""Of any length and number; what is left out or cut is said."""
