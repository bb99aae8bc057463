"""Reading what WooCommerce writes: times in UTC, amounts as text, boxes in fields of the shop's own."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.domain.event_kinds.subjects import real_id
from app.domain.event_parts import Address, Customer
from app.domain.intake.arrival import is_time
from app.domain.shops.countries import country_as_kept
from app.domain.shops.shop import CLEARABLE_FIELDS, Shop
from app.domain.values import replace
from app.formats.contact_values import e164, email_address, is_national, phone_region

Row = Mapping[str, Any]  # a border: their JSON

_YES = frozenset({"yes", "y", "1", "true", "on", "tak"})
_LONGEST = 255


def moment(row: Row, name: str, received_at: datetime) -> datetime | None:
    """`date_created_gmt` and the like: UTC without saying so. What is no time counts as when the push came."""
    try:
        at = datetime.fromisoformat(str(row.get(f"{name}_gmt") or ""))
    except ValueError:
        return None
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return at.astimezone(UTC) if is_time(at, received_at) else received_at


def part(row: Row, name: str) -> Row:
    """A nested object; PHP writes an empty one as a list."""
    found = row.get(name)
    return found if isinstance(found, dict) else {}


def listed(row: Row, name: str) -> list[Row]:
    found = row.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def text(row: Row, name: str) -> str | None:
    found = row.get(name)
    return str(found).strip()[:_LONGEST] or None if isinstance(found, str | int) and not isinstance(found, bool) else None


def box(row: Row, field: str | None) -> bool | None:
    """The answer a field of the shop's own keeps; None if it is not there, and so was not asked."""
    if field is None:
        return None
    values = [one.get("value") for one in listed(row, "meta_data") if one.get("key") == field]
    return str(values[-1]).strip().lower() in _YES if values else None


def customer(email: object, number: object, billing: Row, names: Row, shop: Shop) -> Customer | None:
    """None without an address that could be one."""
    try:
        address = email_address(str(email or ""))
    except ValueError:
        return None
    country, phone = text(billing, "country"), text(billing, "phone")
    return Customer(
        email=address,
        id=real_id(str(number or "")),
        first_name=text(billing, "first_name") or text(names, "first_name"),
        last_name=text(billing, "last_name") or text(names, "last_name"),
        company=text(billing, "company"),
        phone=e164(phone, phone_region(country, shop.country)) if phone else None,
        phone_assumed=bool(phone) and not country and is_national(phone or ""),
        address=Address(
            street=" ".join(filter(None, (text(billing, "address_1"), text(billing, "address_2")))) or None,
            postal_code=text(billing, "postcode"),
            city=text(billing, "city"),
            country=country_as_kept(country),
        ),
    )


def cleared(known: Customer, row: Row) -> Customer:
    """WooCommerce shows every field of an account, so an empty one says that there is none any more (R10)."""
    billing = part(row, "billing")
    none: dict[str, Any] = {name: "" for name in CLEARABLE_FIELDS if _is_empty(name, billing, row)}
    changed = replace(known, **none)
    if all(billing.get(name) == "" for name in ("address_1", "postcode", "city")):
        changed = replace(changed, address=Address(street="", postal_code="", city="", country=""))
    return changed


def _is_empty(name: str, billing: Row, row: Row) -> bool:
    """The account has a name of its own beside that of the invoice."""
    return billing.get(name) == "" and row.get(name) in (None, "")
