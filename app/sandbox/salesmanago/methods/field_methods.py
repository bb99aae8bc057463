"""Methods that official plugins and public clients call beside the documented ones (contract 2.7, 2.8, 2.10, 2.11)."""

from dataclasses import replace

from app.sandbox.salesmanago import fields
from app.sandbox.salesmanago.memory.model import JsonObject, RefusalError
from app.sandbox.salesmanago.memory.tags import fold_all
from app.sandbox.salesmanago.methods import contact_methods, event_methods, reads
from app.sandbox.salesmanago.methods.call import Call, Method
from app.sandbox.salesmanago.methods.read_methods import page_of


def integration_upsert(call: Call) -> JsonObject:
    """A contact, an event, or both in one call: the official SDK's only way to write one."""
    contact, event = (fields.mapping(call.body, name) for name in ("contactUpsertRequest", "addContactExtEventRequest"))
    if not contact and not event:
        raise RefusalError("contactUpsertRequest or addContactExtEventRequest is needed")
    answer: JsonObject = {"contactId": None, "eventId": None}
    if contact:
        answer["contactId"] = contact_methods.upsert(_within(call, contact))["contactId"]
    if event:
        inner = _within(call, event)
        updates = fields.text(fields.mapping(event, "contactEvent"), "eventId")
        answer["eventId"] = (event_methods.update if updates else event_methods.add)(inner)["eventId"]
    return answer


def _within(call: Call, request: JsonObject) -> Call:
    """The inner request as a call of its own: it names its owner itself, or means the one at the root."""
    owner = fields.text(request, "owner")
    if owner is not None and owner not in call.account.owners:
        raise RefusalError("Owner does not exist")
    return replace(call, body=request, owner=owner or call.owner or call.account.owners[0])


def add_tag(call: Call) -> JsonObject:
    contact = call.named_contact(call.body)
    call.world.retag(contact, fold_all([_tag(call)]), (), call.now)
    return {"contactId": contact.id}


def delete_tag(call: Call) -> JsonObject:
    contact = call.named_contact(call.body)
    call.world.retag(contact, (), fold_all([_tag(call)]), call.now)
    return {"contactId": contact.id}


def _tag(call: Call) -> str:
    tag = fields.text(call.body, "tag")
    if not tag:
        raise RefusalError("tag cannot be empty")
    return tag


def recent_activity(call: Call) -> JsonObject:
    """Sums of a window. Nobody visits a stand-in, so visits are none."""
    since, until = fields.integer(call.body, "from"), fields.integer(call.body, "to")
    known = [one for one in call.world.contacts_of(call.client_id, call.owner) if not one.deleted]
    lately = [one for one in known if since <= one.modified_on <= until]
    kinds = [one.fields.get("state", "") for one in known]
    return {
        "recentActivity": {
            "from": since,
            "to": until,
            "monitoredContacts": len(lately),
            "totalContacts": len(known),
            "customers": kinds.count("CUSTOMER"),
            "partners": kinds.count("PARTNER"),
            "prospects": kinds.count("PROSPECT"),
            "anonymous": 0,
            "allVisits": [],
            "visitStats": {},
        }
    }


def paginated_list_by_id(call: Call) -> JsonObject:
    """Contacts with their events, a page at a time, the oldest first. The shape of the real answer is not known."""
    start, end = page_of(call)
    known = sorted(call.world.contacts_of(call.client_id, call.owner), key=lambda one: (one.created_on, one.id))
    return {"contacts": [reads.full(one, call.world.events_of(one)) for one in known[start:end]]}


def export_data(call: Call) -> JsonObject:
    """Start an export of everybody who carries a tag, or is named; the file shows them when the job is done."""
    wanted = fields.objects(call.body, "contacts")
    kinds = [str(one.get("dataType")) for one in fields.objects(call.body, "data")]
    if not wanted or not kinds:
        raise RefusalError("contacts and data cannot be empty")

    def run(_now: int) -> JsonObject:
        found = {one.id: one for addressee in wanted for one in contact_methods.addressed(call, addressee)}
        return {"data": [reads.full(one, call.world.events_of(one)) for one in found.values() if not one.deleted]}

    return {"requestId": call.world.start_job(call.client_id, "contact/export/data", 0, call.now, run).id}


METHODS: dict[str, Method] = {
    "integration/upsert": Method(integration_upsert, ("contactId", "eventId"), needs_owner=False),
    "contact/addTag": Method(add_tag, ("contactId",)),
    "contact/deleteTag": Method(delete_tag, ("contactId",)),
    "contact/recentActivity": Method(recent_activity, ("recentActivity",)),
    "contact/paginatedListById": Method(paginated_list_by_id, ("contacts",)),
    "contact/export/data": Method(export_data),
}
