"""The wire types of single fields: what is accepted, said once, with a right example for every name."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from app.domain.tags import MOST_TAGS
from app.formats.contact_values import birth_date, email_address, language
from app.routers.events.fast.parser import FastField, NotFast, plain_match, plain_number, plain_text
from app.routers.events.numbers import decimal_of, money, price_of_goods, quantity, without_sign
from app.routers.events.sections import are_plain, paths_of
from app.routers.events.wire_model import note

_INSTANT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?) ?([Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?)", re.ASCII
)
"""RFC 3339, and what PHP (`+0100`), databases (`+01`) and Ruby (` UTC`) write: a day, a time, and what it is ahead of UTC."""
_OLDEST = datetime(2000, 1, 1, tzinfo=UTC)
FUTURE_TOLERANCE = timedelta(hours=24)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_UNSEEN = re.compile(r"[\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
"""Signs that turn the reading direction or have no width. Joiners stay: emojis and Persian are written with them."""
_NO_SIGN = "\ufffd"
EVENT_ID = re.compile(r"[\x21-\x7e]{1,128}")
_PRODUCT_ID = re.compile(r"[^\s,\x00-\x1f\x7f-\x9f]{1,64}")
_NOT_IN_PRODUCT_ID = re.compile(r"[\s,]+")
_CURRENCY = r"^[A-Z]{3}$"
_LANGUAGE = r"^[A-Za-z]{2}([-_][A-Za-z]{2})?$"
_URL = r"^https?://[^\s]+$"
_LONGEST_EMAIL = 320
_LONGEST_URL = 2048


def _no_control_signs(text: str) -> str:
    if _CONTROL.search(text) or _UNSEEN.search(text) or _NO_SIGN in text:
        raise ValueError("control characters and signs that cannot be seen are not allowed")
    return text


def _text(most: int) -> BeforeValidator:
    """Text as it is kept: numbers as they are written, unseen signs left out (R73), what is too long cut."""

    def kept(value: object) -> object:
        text = _text_number(value, whole=False)
        if not isinstance(text, str):
            return value
        text = _readable(text).strip()
        if len(text) <= most:
            return text
        note(f"cut to {most} characters")
        return text[:most].rstrip()

    return BeforeValidator(kept)


def _readable(text: str) -> str:
    """Without signs that nobody sees and no database or screen should meet."""
    if text.isprintable() and _NO_SIGN not in text:
        return text
    seen = _UNSEEN.sub("", _CONTROL.sub(" ", text))
    if seen != text:
        note("control characters, or signs that cannot be seen, were left out")
    if _NO_SIGN in seen:
        note("what was no whole sign stands as \ufffd")
    return seen


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


def _event_id(text: str) -> str:
    if not EVENT_ID.fullmatch(text):
        raise ValueError("1 to 128 visible ASCII characters")
    return text


def _product_id(text: str) -> str:
    if not _PRODUCT_ID.fullmatch(text) or _UNSEEN.search(text) or _NO_SIGN in text:
        raise ValueError("1 to 64 characters without spaces and commas")
    return text


def _product_id_text(value: object) -> object:
    """Spaces and commas cannot travel in SALESmanago's list of products: an underscore stands for them."""
    text = _text_number(value)
    if not isinstance(text, str):
        return value
    kept = _NOT_IN_PRODUCT_ID.sub("_", text.strip())
    if kept != text.strip():
        note("spaces and commas cannot travel in an id of a product, they were replaced by _")
    return kept


_NOBODY = frozenset({"null", "none", "nil", "undefined", "nan", "false"})


def _customer_id(text: str) -> str:
    """What shops write for a guest is nobody's id (R72)."""
    if not text.strip("0") or text.lower() in _NOBODY:
        raise ValueError("this is no id of a customer but what stands for none")
    return text


def _text_number(value: object, *, whole: bool = True) -> object:
    """JSON numbers are text too: shops write them both ways. `whole`: only numbers that can be an id."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, float) and not whole and abs(value) < 2**53:
        return repr(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _stripped(value: object) -> object:
    text = _text_number(value)
    return text.strip() if isinstance(text, str) else text


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


_plain_128 = plain_text(1, 128)


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


def _plain_customer_id(value: str | int) -> str:
    try:
        return _customer_id(_plain_128.keep(str(value)))
    except ValueError:
        raise NotFast from None


def _plain_product_id(value: str | int) -> str:
    try:
        return _product_id(str(value))
    except ValueError:
        raise NotFast from None


Text1000 = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), _text(1000), plain_text(1, 1000)]
ExactText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), AfterValidator(_no_control_signs)
]
"""What somebody looks for: cut or cleaned it would find something else."""
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255), _text(255), plain_text(0, 255)]
"""May be empty: shops send empty strings for what they do not know, and that says nothing."""

Id = Annotated[
    str,
    BeforeValidator(_text_number, json_schema_input_type=str | int),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=128),
    AfterValidator(_no_control_signs),
    FastField(str | int, lambda value: _plain_128.keep(str(value))),
]
ReturnId = Annotated[
    str,
    BeforeValidator(_text_number, json_schema_input_type=str | int),
    StringConstraints(strip_whitespace=True, max_length=128),
    AfterValidator(_no_control_signs),
    FastField(str | int, lambda value: plain_text(0, 128).keep(str(value))),
]
"""May be empty, as `Name` may."""

CustomerId = Annotated[
    str,
    BeforeValidator(_text_number, json_schema_input_type=str | int),
    StringConstraints(strip_whitespace=True, min_length=1, max_length=128),
    AfterValidator(_no_control_signs),
    AfterValidator(_customer_id),
    FastField(str | int, _plain_customer_id),
]
ProductId = Annotated[
    str,
    BeforeValidator(_product_id_text, json_schema_input_type=str | int),
    AfterValidator(_product_id),
    FastField(str | int, _plain_product_id),
]
EventId = Annotated[
    str,
    BeforeValidator(_stripped),
    AfterValidator(_event_id),
    Field(json_schema_extra={"maxLength": 128, "minLength": 1, "pattern": r"^[\x21-\x7e]+$"}),
    FastField(str, _event_id),
]
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
_plain_quantity = plain_number(quantity, zero=False)
_IS_MONEY = Field(ge=0, max_digits=15, decimal_places=4)
_IS_QUANTITY = Field(gt=0, max_digits=12, decimal_places=4)
Money = Annotated[Decimal, _IS_MONEY, AfterValidator(money), BeforeValidator(decimal_of), _plain_money]
UnitPrice = Annotated[Decimal, _IS_MONEY, AfterValidator(money), BeforeValidator(price_of_goods), _plain_money]
Quantity = Annotated[Decimal, _IS_QUANTITY, AfterValidator(quantity), BeforeValidator(decimal_of), _plain_quantity]
MoneyBack = Annotated[Decimal, _IS_MONEY, AfterValidator(money), BeforeValidator(without_sign), _plain_money]
QuantityBack = Annotated[Decimal, _IS_QUANTITY, AfterValidator(quantity), BeforeValidator(without_sign), _plain_quantity]
"""Of goods that came back."""
Currency = Annotated[str, StringConstraints(pattern=_CURRENCY), BeforeValidator(_upper), plain_match(_CURRENCY, 3)]
Country = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), _text(64), plain_text(0, 64)]
Language = Annotated[
    str, StringConstraints(strip_whitespace=True, pattern=_LANGUAGE), BeforeValidator(_language), plain_match(_LANGUAGE, 5)
]
Url = Annotated[
    str,
    StringConstraints(pattern=_URL, max_length=_LONGEST_URL),
    AfterValidator(_no_control_signs),
    BeforeValidator(_stripped),
    plain_match(_URL, _LONGEST_URL),
]
BirthDate = Annotated[
    str,
    BeforeValidator(_text_number),
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

TagText = Annotated[str, BeforeValidator(_stripped, json_schema_input_type=str | int)]
TagTexts = Annotated[list[TagText], BeforeValidator(_first_tags, json_schema_input_type=list[str | int])]
"""Of any length and number; what is left out or cut is said."""
