"""The shapes in which SALESmanago shows a contact. The same id is `contactId` in one of them and `id` in the other."""

from collections.abc import Iterable

from app.sandbox.salesmanago.memory.changes import ADDRESS_FIELDS
from app.sandbox.salesmanago.memory.model import Channel, Contact, Event, JsonObject

_EMPTY_LISTS = (
    "contactVisits",
    "contactEvents",
    "emailMessages",
    "contactFunnels",
    "contactNotes",
    "contactTasks",
    "incomingEmailMessages",
    "coupons",
    "smsMessages",
)


def brief(contact: Contact) -> JsonObject:
    return {"id": contact.id, "email": contact.email}


def basic(contact: Contact) -> JsonObject:
    """As contact/basic answers."""
    return {**_common(contact), "contactId": contact.id, "lastVisit": None}


def full(contact: Contact, events: Iterable[Event]) -> JsonObject:
    """As contact/list answers. Of an event only the keys are shown which somebody has seen in a real answer."""
    return {
        "id": contact.id,
        **_common(contact),
        "province": contact.fields.get("province"),
        "mainContactOwner": contact.owners[0],
        "contactTags": [
            {
                "tag": tag.name,
                "tagName": tag.name,
                "score": tag.score,
                "createdOn": tag.created_on,
                "tagWithScore": f"{tag.name} ({tag.score})",
            }
            for tag in contact.tags.values()
        ],
        "properties": [{"name": name, "value": value} for name, value in contact.properties.items()],
        "contactExtEvents": [_event(event) for event in events],
        **{name: [] for name in _EMPTY_LISTS},
    }


def exported(contact: Contact) -> JsonObject:
    """One line of the file which paginatedContactList/export leaves."""
    return {
        "success": True,
        "email": contact.email,
        "exists": True,
        "id": contact.id,
        "name": contact.fields.get("name"),
        "country": contact.address.get("country"),
        "phone": contact.fields.get("phone"),
    }


def _common(contact: Contact) -> JsonObject:
    year, month, day = _birthday(contact.fields.get("birthday", ""))
    address = {key: contact.address.get(key) for key in ADDRESS_FIELDS} if contact.address else None
    return {
        **{key: contact.fields.get(key) for key in ("name", "phone", "fax", "company", "externalId")},
        "email": contact.email,
        "score": 0,
        "state": contact.fields.get("state", "PROSPECT"),
        "optedOut": contact.opted_out(Channel.EMAIL),
        "optedOutPhone": contact.opted_out(Channel.PHONE),
        "deleted": contact.deleted,
        "invalid": contact.invalid,
        "address": address,
        "birthdayYear": year,
        "birthdayMonth": month,
        "birthdayDay": day,
        "modifiedOn": contact.modified_on,
        "createdOn": contact.created_on,
    }


def _birthday(written: str) -> tuple[str | None, str | None, str | None]:
    """Year, month and day as the contract shows them: strings without leading zeros."""
    if not written:
        return None, None, None
    return written[:-4] or None, written[-4:-2].lstrip("0"), written[-2:].lstrip("0")


def _event(event: Event) -> JsonObject:
    return {
        "date": event.details.date,
        "contactExtEventType": event.details.type,
        "externalId": event.details.texts.get("externalId"),
        "value": event.details.value,
        "products": event.details.texts.get("products"),
    }
