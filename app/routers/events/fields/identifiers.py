"""The wire types of ids: of events, customers, products, returns."""

import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from app.domain.event_kinds.subjects import real_id
from app.routers.events.fast.parser import FastField, NotFast, plain_text
from app.routers.events.fields.texts import NO_SIGN, UNSEEN, no_control_signs, number_as_text, plain_128, stripped
from app.routers.events.wire_model import note

EVENT_ID = re.compile(r"[\x21-\x7e]{1,128}")
_PRODUCT_ID = re.compile(r"[^\s,\x00-\x1f\x7f-\x9f]{1,64}")
_NOT_IN_PRODUCT_ID = re.compile(r"[\s,]+")


def _event_id(text: str) -> str:
    if not EVENT_ID.fullmatch(text):
        raise ValueError("1 to 128 visible ASCII characters")
    return text


def _product_id(text: str) -> str:
    if not _PRODUCT_ID.fullmatch(text) or UNSEEN.search(text) or NO_SIGN in text:
        raise ValueError("1 to 64 characters without spaces and commas")
    return text


def _product_id_text(value: object) -> object:
    """Spaces and commas cannot travel in SALESmanago's list of products: an underscore stands for them."""
    text = number_as_text(value)
    if not isinstance(text, str):
        return value
    kept = _NOT_IN_PRODUCT_ID.sub("_", text.strip())
    if kept != text.strip():
        note("spaces and commas cannot travel in an id of a product, they were replaced by _")
    return kept


def _customer_id(text: str) -> str:
    """What shops write for a guest is nobody's id (R72)."""
    if real_id(text) is None:
        raise ValueError("this is no id of a customer but what stands for none")
    return text


def _plain_customer_id(value: str | int) -> str:
    try:
        return _customer_id(plain_128.keep(str(value)))
    except ValueError:
        raise NotFast from None


def _plain_product_id(value: str | int) -> str:
    try:
        return _product_id(str(value))
    except ValueError:
        raise NotFast from None


# The constraints stand next to `str`: behind another validator pydantic measures a text before it strips it.
Id = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=128),
    BeforeValidator(number_as_text, json_schema_input_type=str | int),
    AfterValidator(no_control_signs),
    FastField(str | int, lambda value: plain_128.keep(str(value))),
]


ReturnId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=128),
    BeforeValidator(number_as_text, json_schema_input_type=str | int),
    AfterValidator(no_control_signs),
    FastField(str | int, lambda value: plain_text(0, 128).keep(str(value))),
]
"""May be empty, as `Name` may."""

CustomerId = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=128),
    BeforeValidator(number_as_text, json_schema_input_type=str | int),
    AfterValidator(no_control_signs),
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
    BeforeValidator(stripped),
    AfterValidator(_event_id),
    Field(json_schema_extra={"maxLength": 128, "minLength": 1, "pattern": r"^[\x21-\x7e]+$"}),
    FastField(str, _event_id),
]
