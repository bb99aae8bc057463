"""What SALESmanago shows us, read out of its field names into values. What does not fit is left out."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.domain.delivery.verify import RemoteContact, RemoteEvent

MOST_TAGS = 2_000


MOST_EVENTS = 20_000
"""Of one contact. A contact with more is not read at all: half of its tags would look like the loss of the rest."""
MOST_MESSAGES = 20
LONGEST_TAG = 255
LONGEST_ID = 255


_LATEST = 253_402_300_799_999
"""The last millisecond of the year 9999."""


def seen_contacts(answer: Mapping[str, Any], asked: Collection[str]) -> dict[str, RemoteContact] | None:
    """Those of an answer who were asked for; None if more is shown of somebody than we read."""
    entries, seen, wanted = answer.get("contacts"), dict[str, RemoteContact](), frozenset(asked)
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict):
            continue
        if _length(entry.get("contactTags")) > MOST_TAGS or _length(entry.get("contactExtEvents")) > MOST_EVENTS:
            return None
        contact = seen_contact(entry)
        if contact is not None and contact.email in wanted:
            seen[contact.email] = contact
    return seen


def _length(shown: object) -> int:
    return len(shown) if isinstance(shown, list) else 0


def identifier(shown: object) -> str | None:
    """An id of SALESmanago: text, or a number."""
    if isinstance(shown, bool) or not isinstance(shown, str | int):
        return None
    return str(shown)[:LONGEST_ID]


def seen_contact(shown: Mapping[str, Any]) -> RemoteContact | None:
    """A contact of `contact/list` (section 2.6), or None for one that is deleted or nameless."""
    address = shown.get("email")
    if not isinstance(address, str) or shown.get("deleted") is True:
        return None
    return RemoteContact(
        email=address.strip().lower(),
        tags=dict(_tags(shown.get("contactTags"))),
        events=tuple(_seen_events(shown.get("contactExtEvents"))),
        opted_out=_flag(shown.get("optedOut")),
        opted_out_phone=_flag(shown.get("optedOutPhone")),
        created_at=_instant(shown.get("createdOn") or None),
        modified_at=_instant(shown.get("modifiedOn") or None),
        is_invalid=shown.get("invalid") is True,
    )


def modified_emails(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Addresses of `modifiedContacts` (section 2.7)."""
    shown = answer.get("modifiedContacts")
    named = (entry.get("email") for entry in shown if isinstance(entry, dict)) if isinstance(shown, list) else ()
    return tuple(email.strip().lower() for email in named if isinstance(email, str) and email.strip())


def _flag(shown: object) -> bool | None:
    return shown if isinstance(shown, bool) else None


def _tags(shown: object) -> Iterable[tuple[str, int]]:
    for entry in shown if isinstance(shown, list) else ():
        name = entry.get("tag") or entry.get("tagName") if isinstance(entry, dict) else None
        if isinstance(name, str) and len(name) <= LONGEST_TAG:
            score = entry.get("score")
            yield name, score if isinstance(score, int) and not isinstance(score, bool) else 1


def _seen_events(shown: object) -> Iterable[RemoteEvent]:
    for entry in shown if isinstance(shown, list) else ():
        at = _instant(entry.get("date")) if isinstance(entry, dict) else None
        if at is not None:
            kind, external_id = identifier(entry.get("contactExtEventType")), identifier(entry.get("externalId"))
            yield RemoteEvent(
                kind or "",
                external_id or "",
                at,
                value=_amount(entry.get("value")),
                location=identifier(entry.get("location")),
                products=entry["products"] if isinstance(entry.get("products"), str) else None,
                id=next((shown for key in ("eventId", "id") if (shown := identifier(entry.get(key)))), None),
            )


def _instant(milliseconds_: object) -> datetime | None:
    """Epoch milliseconds; None for what is no time of the calendar."""
    if isinstance(milliseconds_, bool) or not isinstance(milliseconds_, int) or not 0 <= milliseconds_ <= _LATEST:
        return None
    return datetime.fromtimestamp(milliseconds_ // 1000, UTC) + timedelta(milliseconds=milliseconds_ % 1000)


def _amount(shown: object) -> Decimal | None:
    return Decimal(str(shown)) if isinstance(shown, int | float) and not isinstance(shown, bool) else None


def messages(answer: Mapping[str, Any]) -> str:
    """`message` is a list of strings, a string, or null (section 1.4)."""
    said = answer.get("message")
    if isinstance(said, str):
        return said
    return "; ".join(str(one) for one in said[:MOST_MESSAGES]) if isinstance(said, list) else ""
