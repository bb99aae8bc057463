"""The v2 methods for external events."""

from app.sandbox.salesmanago import fields
from app.sandbox.salesmanago.memory.changes import nothing
from app.sandbox.salesmanago.memory.model import Channel, Contact, EventDetails, JsonObject, RefusalError, Status
from app.sandbox.salesmanago.methods.call import Call, Method
from app.sandbox.salesmanago.methods.event_rules import looks_like_seconds, read_event

MAX_BATCH = 1000


def add(call: Call) -> JsonObject:
    """Add one event. An unknown e-mail is refused, unless forceOptIn allows to create the contact."""
    details = _details(call, call.body, "contactEvent")
    contact = _contact_or_new(call)
    return {"eventId": call.world.add_event(contact, details, call.now).id}


def _contact_or_new(call: Call) -> Contact:
    try:
        return call.named_contact(call.body)
    except RefusalError:
        if fields.text(call.body, "contactId") or not fields.flag(call.body, "forceOptIn"):
            raise
    cause = "addContactExtEvent with forceOptIn"
    email = fields.email(call.body)
    contact = call.world.upsert(call.client_id, call.named_owner, email, nothing(), call.now, cause)
    call.world.set_status(contact, Channel.EMAIL, Status.IN, call.now, cause)
    return contact


def update(call: Call) -> JsonObject:
    """Overwrite one event: what is not sent again is gone."""
    event_id = fields.text(fields.mapping(call.body, "contactEvent"), "eventId")
    if not event_id:
        raise RefusalError("eventId cannot be empty")
    event = call.world.event(call.client_id, call.named_owner, event_id)
    call.world.replace_event(event, _details(call, call.body, "contactEvent"), call.now)
    return {"eventId": event.id}


def delete(call: Call) -> JsonObject:
    event = call.world.event(call.client_id, call.named_owner, fields.text(call.body, "eventId") or "")
    call.world.delete_event(event)
    return {"result": "deleted"}


def add_batch(call: Call) -> JsonObject:
    """Add up to a thousand events; those which fail are named, and the answer still says success."""
    items = fields.objects(call.body, "events")
    if not 1 <= len(items) <= MAX_BATCH:
        raise RefusalError(f"events must have 1 to {MAX_BATCH} items")
    failed: list[str] = []
    for index, item in enumerate(items):
        try:
            if call.spoil(item, index):
                raise RefusalError("spoiled by a fault")
            contact = call.named_contact(item)
            call.world.add_event(contact, _details(call, item, f"events[{index}]"), call.now)
        except RefusalError as refusal:
            call.warnings.append(f"events[{index}] is not stored: {refusal}")
            failed.append(str(item.get("contactId") or item.get("email")))
    return {"createdAmount": len(items) - len(failed), "failedAmount": len(failed), "failedContacts": failed}


def _details(call: Call, source: JsonObject, where: str) -> EventDetails:
    details = read_event(source)
    if looks_like_seconds(details.date):
        call.warnings.append(f"{where}: date looks like seconds, milliseconds are expected")
    return details


_ADD, _UPDATE, _BATCH = Method(add, ("eventId",)), Method(update, ("eventId",)), Method(add_batch)
BATCH_METHODS = frozenset({"v2/contact/addBatchContactExtEvent", "contact/batchAddContactExtEvent"})
METHODS: dict[str, Method] = {
    "v2/contact/addContactExtEvent": _ADD,
    "contact/addContactExtEvent": _ADD,
    "v2/contact/updateContactExtEvent": _UPDATE,
    "contact/updateContactExtEvent": _UPDATE,
    "contact/deleteContactExtEvent": Method(delete, ("result",)),
    **dict.fromkeys(sorted(BATCH_METHODS), _BATCH),
}
