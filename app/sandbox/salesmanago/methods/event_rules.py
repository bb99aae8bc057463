"""What SALESmanago accepts in an external event. The real service may trim; this one refuses, so that we notice."""

import re
from collections.abc import Mapping
from decimal import Decimal

from app.sandbox.salesmanago import fields
from app.sandbox.salesmanago.memory.model import EventDetails, RefusalError

TYPES = frozenset(
    {
        "PURCHASE",
        "CART",
        "VISIT",
        "PHONE_CALL",
        "OTHER",
        "RESERVATION",
        "CANCELLED",
        "ACTIVATION",
        "MEETING",
        "OFFER",
        "DOWNLOAD",
        "LOGIN",
        "TRANSACTION",
        "CANCELLATION",
        "RETURN",
        "SURVEY",
        "APP_STATUS",
        "APP_TYPE_WEB",
        "APP_TYPE_MANUAL",
        "APP_TYPE_RETENTION",
        "APP_TYPE_UPSALE",
        "LOAN_STATUS",
        "LOAN_ORDER",
        "FIRST_LOAN",
        "REPEATED_LOAN",
    }
)
DETAILS = tuple(f"detail{number}" for number in range(1, 21))
LIMITS = {"description": 2048, "products": 512, "location": 36, "externalId": 255, "shopDomain": 255}
LIMITS |= dict.fromkeys(DETAILS, 255)
MAX_INTEGER_DIGITS, MAX_DECIMALS = 19, 2
EARLIEST_CREDIBLE_DATE = 100_000_000_000
"""March 1973 in milliseconds, or the year 5138 in seconds."""
_LOCATION = re.compile(r"[A-Za-z0-9/_.\-]*")


def read_event(source: Mapping[str, object]) -> EventDetails:
    """The content of `contactEvent`, or a refusal which names the field."""
    event = fields.mapping(source, "contactEvent")
    if not event:
        raise RefusalError("contactEvent cannot be empty")
    kind = fields.text(event, "contactExtEventType")
    if kind not in TYPES:
        raise RefusalError("contactExtEventType is missing or unknown")
    date = fields.integer(event, "date")
    return EventDetails(date, kind, _texts(event), _value(event))


def looks_like_seconds(date: int) -> bool:
    """Whether milliseconds would put the event before there were shops on the web."""
    return 0 < date < EARLIEST_CREDIBLE_DATE


def _texts(event: Mapping[str, object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, limit in LIMITS.items():
        value = fields.text(event, key)
        if value is None:
            continue
        # The official client cuts bytes here, and half a product id is a wrong product id.
        length = len(value.encode()) if key == "products" else len(value)
        if length > limit:
            raise RefusalError(f"{key} is too long: {length}, at most {limit}")
        found[key] = value
    if not _LOCATION.fullmatch(found.get("location", "")):
        raise RefusalError("location may hold letters, digits and / _ - . only")
    return found


def _value(event: Mapping[str, object]) -> int | float | None:
    value = event.get("value")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RefusalError("value must be a number")
    number = Decimal(repr(value))
    exponent = number.normalize().as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= MAX_DECIMALS and len(str(abs(int(number)))) <= MAX_INTEGER_DIGITS:
        return value
    raise RefusalError(f"value may have at most {MAX_INTEGER_DIGITS} digits and {MAX_DECIMALS} decimals")
