"""Addresses, numbers and days as we keep them, from whichever side they come."""

import re
from datetime import datetime

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from app.domain.text import remembered

_REMEMBERED = 8_192
"""Customers come again within the hour; reading their address and number costs more than the rest of the event."""


def email_address(text: str) -> str:
    """An address as we keep it. Raises `ValueError` with the rule it breaks."""
    text = text.strip()
    local, _, domain = text.rpartition("@")
    if len(text) <= _LONGEST and _ORDINARY.fullmatch(local):
        # Nothing about it can be wrong but its domain, and few domains have most of the customers.
        whole = f"{local.lower()}@{_address('a@' + domain).removeprefix('a@')}"
        if len(whole) <= _LONGEST:
            return whole
    return _address(text)


_ORDINARY = re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*")
_LONGEST = 254


@remembered(_REMEMBERED)
def _address(text: str) -> str:
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError:
        raise ValueError("this is not an e-mail address with an internet domain, at most 254 characters") from None
    address = (found.ascii_email or found.normalized).lower()
    if "." not in address.rpartition("@")[2]:
        raise ValueError("the domain of the address has no dot")
    return address


def birth_date(text: str) -> str:
    """`YYYY-MM-DD` as `YYYYMMDD`. Raises `ValueError` for what is no day of the calendar."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date().strftime("%Y%m%d")  # noqa: DTZ007 - a day has no zone
    except ValueError:
        raise ValueError("a date like 1987-06-05") from None


@remembered(_REMEMBERED)
def e164(phone: str, country: str) -> str | None:
    """The number in E.164, read as of `country` when it has no country code; None if it is no possible number (R10)."""
    try:
        parsed = phonenumbers.parse(phone, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
