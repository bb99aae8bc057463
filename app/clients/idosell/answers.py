"""What the panel shows us, read out of its field names and quirks into values (contract sections 1 and 2). Nothing here decides."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.domain.event_parts import Address, Customer, NewsletterBox
from app.domain.panel_tags import PanelTag
from app.domain.runs.backfill import ListedAccount
from app.domain.shops.countries import country_as_kept
from app.domain.shops.shop import Shop
from app.formats.contact_values import birth_date, e164, email_address, is_national, language, phone_region
from app.formats.words import UNREADABLE

JsonObject = dict[str, Any]  # a border: their JSON

_ZERO_DATE = "0000-00-00"
_WHOLE = re.compile(r"-?[0-9]+")
_UNFIT = re.compile(f"[\\x00-\\x1f\\x7f{UNREADABLE}]+")
_LONGEST = 255
_LONGEST_NUMBER = 18
TIME_FORMAT = "%Y-%m-%d %H:%M:%S"
EMPTY_RESULT = 2
"""Of a search: nothing found (section 1.6)."""


@dataclass(frozen=True)
class Fault:
    code: int
    words: str


@dataclass(frozen=True)
class PanelAccount:
    """A customer as the panel shows it."""

    id: int
    login: str
    email: str
    active_shops: frozenset[int] = frozenset()
    email_agreed: frozenset[int] = field(default_factory=frozenset)
    """Shops in whose e-mail newsletter the customer is."""
    sms_agreed: frozenset[int] = field(default_factory=frozenset)


def rows(shown: object) -> list[JsonObject]:
    """A list, or a map keyed by number, or `[]` for an empty map (section 1.8)."""
    values = shown.values() if isinstance(shown, dict) else shown if isinstance(shown, list) else ()
    return [one for one in values if isinstance(one, dict)]


def faults(answer: Mapping[str, Any]) -> list[Fault]:
    """Every error of an answer, of the whole call or per row; code 0 without words is none (section 1.6)."""
    return list(_faults(answer.get("errors")))


def row_faults(row: Mapping[str, Any]) -> list[Fault]:
    """Why one row of a write was not done."""
    return list(_faults(row.get("errors")))


def _faults(errors: object) -> Iterable[Fault]:
    if isinstance(errors, dict) and ("faultCode" in errors or "faultString" in errors or "message" in errors):
        entries: Sequence[object] = [errors]
    else:
        entries = rows(errors)
    for entry in entries:
        assert isinstance(entry, dict)
        code = whole(entry.get("faultCode"))
        words = str(entry.get("faultString") or entry.get("message") or "").strip()
        if code not in (None, 0) or words:
            yield Fault(code if code is not None else -1, words)


def echoed_page(answer: Mapping[str, Any]) -> int | None:
    return whole(answer.get("resultsPage"))


def found_ids(answer: Mapping[str, Any]) -> list[tuple[int, str]]:
    """(id, e-mail) of the accounts a CRM search found (section 2.10)."""
    named = ((whole(row.get("clientId")), row.get("clientEmail")) for row in rows(answer.get("clientsResults")))
    return [(number, _name(email).lower()) for number, email in named if number is not None]


def accounts(answer: Mapping[str, Any]) -> list[PanelAccount]:
    """Accounts of the customers' gate (section 2.9)."""
    found = []
    for row in rows(answer.get("results")):
        number = whole(row.get("clientId"))
        if number is None:
            continue
        found.append(
            PanelAccount(
                id=number,
                login=_name(row.get("clientLogin")),
                email=_name(row.get("clientEmail")).lower(),
                active_shops=frozenset(shop_ids(row.get("clientActiveInShops"))),
                email_agreed=_agreed(row, "newsletterEmailApprovalsData", "newsletterEmailApprovalDate"),
                sms_agreed=_agreed(row, "newsletterSmsApprovalsData", "newsletterSmsApprovalDate"),
            )
        )
    return found


def listed_accounts(answer: Mapping[str, Any], shop: Shop) -> list[ListedAccount]:
    """Accounts of the customers' gate with everything a transfer needs of them, as this shop sees them (section 2.9)."""
    return [_listed(row, number, shop) for row in rows(answer.get("results")) if (number := whole(row.get("clientId"))) is not None]


def pages(answer: Mapping[str, Any]) -> tuple[int, int]:
    """(rows in all, pages in all). `resultsNumberPage` is the number of pages, whatever it sounds like (section 1.5)."""
    return whole(answer.get("resultsNumberAll")) or 0, whole(answer.get("resultsNumberPage")) or 0


def _listed(row: Mapping[str, Any], number: int, shop: Shop) -> ListedAccount:
    customer = customer_of(row, number, shop)
    return ListedAccount(
        id=number,
        customer=customer,
        is_guest=is_yes(row.get("isUnregistered")),
        active_in=frozenset(shop_ids(row.get("clientActiveInShops"))),
        content=hashlib.sha256(repr(customer).encode()).hexdigest()[:16],
    )


def customer_of(row: Mapping[str, Any], number: int, shop: Shop) -> Customer | None:
    """None without an address that could be one. What is odd in another field is left out, the rest still goes (R10)."""
    address, preferences = part(row, "clientBillingAddress"), part(row, "clientPreferences")
    try:
        email = email_address(_name(row.get("clientEmail"))[:_LONGEST])
    except ValueError:
        return None
    phones = (said(address, "clientPhone1"), said(address, "clientPhone2"))
    country = said(address, "clientCountryId")
    region = phone_region(country, shop.country)
    return Customer(
        email=email,
        id=str(number),
        first_name=said(address, "clientFirstName"),
        last_name=said(address, "clientLastName"),
        company=said(address, "clientFirm"),
        gender=_GENDERS.get(said(row, "clientType") or ""),
        phone=next((found for phone in phones if phone and (found := e164(phone, region))), None),
        phone_assumed=not country and any(phone and is_national(phone) for phone in phones),
        address=Address(
            street=said(address, "clientStreet"),
            postal_code=said(address, "clientZipCode"),
            city=said(address, "clientCity"),
            country=country_as_kept(country),
        ),
        wholesaler=is_yes(preferences["clientIsWholesaler"]) if "clientIsWholesaler" in preferences else None,
        newsletter_email=_ticked(row, "newsletterEmailApprovalsData", "newsletterEmailApprovalDate", shop),
        newsletter_sms=_ticked(row, "newsletterSmsApprovalsData", "newsletterSmsApprovalDate", shop),
        language=language(said(preferences, "langId") or ""),
        birth_date=_day(said(part(row, "clientPersonalData"), "clientBirthDate")),
    )


_GENDERS = {"female": "female", "male": "male", "person_female": "female", "person_male": "male"}


def part(row: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A nested object; the panel writes an empty one as `[]`."""
    part = row.get(name)
    return part if isinstance(part, dict) else {}


def said(row: Mapping[str, Any], name: str) -> str | None:
    """Text without control signs, from text or a number (section 1.8); silence for everything else."""
    value = row.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = _UNFIT.sub(" ", value).strip()[:_LONGEST] if isinstance(value, str) else ""
    return text or None


def _name(shown: object) -> str:
    """What names somebody: kept as it is, signs that could not be read among it, so that it never equals another name."""
    return str(shown).strip() if isinstance(shown, str | int) and not isinstance(shown, bool) else ""


def _day(text: str | None) -> str | None:
    try:
        return None if text is None or text.startswith(_ZERO_DATE) else birth_date(text)
    except ValueError:
        return None


def _ticked(row: Mapping[str, Any], where: str, date: str, shop: Shop) -> NewsletterBox:
    """The consent of this shop with its date; a date nobody can read is no date, and so no opt-in (R06)."""
    theirs = [one for one in rows(row.get(where)) if whole(one.get("shopId")) == shop.number and is_real_date(one.get(date))]
    return NewsletterBox(ticked=bool(theirs), since=instant(theirs[0].get(date), shop) if theirs else None)


def instant(shown: object, shop: Shop, *, later: bool = False) -> datetime | None:
    """Panel time is local and says no zone (section 1.8). Of the hour that comes twice in autumn the first, or the `later` one.

    An opt-out takes the later reading and an opt-in the earlier one: a doubt favours the resignation (R06).
    """
    try:
        local = datetime.strptime(str(shown)[:19], TIME_FORMAT).replace(tzinfo=ZoneInfo(shop.time_zone))
        readings = [local.replace(fold=fold).astimezone(UTC) for fold in (0, 1)]
        return max(readings) if later else min(readings)
    except (ValueError, OverflowError):  # the first and the last day of the calendar may be none in UTC
        return None


def shop_ids(shown: object) -> Iterable[int]:
    for row in rows(shown):
        number = whole(row.get("shopId"))
        if number is not None:
            yield number


def _agreed(row: Mapping[str, Any], where: str, date: str) -> frozenset[int]:
    """A real date is an agreement since then; a zero date or a missing row is none."""
    agreed = [one for one in rows(row.get(where)) if is_real_date(one.get(date))]
    return frozenset(shop_ids(agreed))


def is_real_date(shown: object) -> bool:
    return isinstance(shown, str) and shown.strip() != "" and not shown.startswith(_ZERO_DATE)


def tags(answer: Mapping[str, Any]) -> list[PanelTag]:
    found = []
    for row in rows(answer.get("results")):
        number, name = whole(row.get("tagId")), row.get("tagName")
        if number is not None and isinstance(name, str):
            found.append(PanelTag(number, name, whole(row.get("tagValue")) or 0))
    return found


def whole(shown: object) -> int | None:
    """Numbers may come as text (section 1.8)."""
    if isinstance(shown, bool):
        return None
    if isinstance(shown, int):
        return shown
    if isinstance(shown, str) and len(text := shown.strip()) <= _LONGEST_NUMBER and _WHOLE.fullmatch(text):
        return int(text)
    return None  # a longer one is no number of ours, and cut short it would be another's


def is_yes(shown: object) -> bool:
    """Booleans vary by gate (section 1.8)."""
    return shown is True or shown == 1 or (isinstance(shown, str) and shown.strip().lower() in ("true", "y", "yes", "1"))
