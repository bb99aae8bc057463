"""The v2 methods which write contacts, their tags and their statuses."""

from collections.abc import Callable

from app.sandbox.salesmanago import fields
from app.sandbox.salesmanago.memory.changes import ContactChange, read_change
from app.sandbox.salesmanago.memory.model import Channel, Contact, JsonObject, RefusalError, Status
from app.sandbox.salesmanago.memory.tags import fold_all
from app.sandbox.salesmanago.memory.world import UNKNOWN_CONTACT
from app.sandbox.salesmanago.methods.call import Call, Method

DOI_BY_DEFAULT = "useApiDoubleOptIn is missing: the batch default is true, confirmation e-mails may go out"
Item = tuple[str, ContactChange]


def upsert(call: Call) -> JsonObject:
    """Create or modify one contact, now or, with async, a little later."""
    email = fields.email(fields.mapping(call.body, "contact"))
    return _write(call, email, "contact/upsert")


def insert(call: Call) -> JsonObject:
    email = fields.email(fields.mapping(call.body, "contact"))
    known = call.world.find(call.client_id, email)
    if known is not None and not known.deleted:
        raise RefusalError("Contact already exists")
    return _write(call, email, "contact/insert")


def update(call: Call) -> JsonObject:
    """The contact is named at the root; an e-mail inside `contact` does not name anybody."""
    return _write(call, call.named_contact(call.body).email, "contact/update")


def _write(call: Call, email: str, cause: str) -> JsonObject:
    change = read_change(call.body, double_opt_in=fields.flag(call.body, "useApiDoubleOptIn") is True)
    call.warnings.extend(change.warnings)
    client_id, owner = call.client_id, call.named_owner
    if fields.flag(call.body, "async"):
        # The id is answered at once, whenever the job runs (the official SDK stores it).
        contact_id = call.world.id_of(client_id, email)
        call.world.start_job(client_id, cause, 1, call.now, lambda now: _store(call, [(email, change)], now, cause))
        return {"contactId": contact_id, "externalId": None}
    if change.new_email and call.world.find(client_id, email) is None:
        call.warnings.append("newEmail is sent for a contact which does not exist: nothing to rename")
    contact = call.world.upsert(client_id, owner, email, change, call.now, cause)
    return {"contactId": contact.id, "externalId": contact.fields.get("externalId")}


def batch_upsert(call: Call) -> JsonObject:
    """The synchronous batch: a map of e-mails to ids, in which a bad item is missing."""
    stored = _stored(call, _items(call), call.now, "contact/batchupsert")
    return {"contactIds": {email: contact.id for email, contact in stored}}


def batch_upsert_v2(call: Call) -> JsonObject:
    """The asynchronous batch: what became of each item shows in the file of the job only."""
    items = _items(call)
    cause = "contact/batchupsertv2"
    job = call.world.start_job(call.client_id, cause, len(items), call.now, lambda now: _store(call, items, now, cause))
    return {"requestId": job.id}


def _items(call: Call) -> list[Item]:
    sent = fields.objects(call.body, "upsertDetails")
    if not sent:
        raise RefusalError("upsertDetails cannot be empty")
    double_opt_in = fields.flag(call.body, "useApiDoubleOptIn")
    if double_opt_in is None:
        call.warnings.append(DOI_BY_DEFAULT)
    lang = fields.text(call.body, "lang")
    items: list[Item] = []
    for index, item in enumerate(sent):
        try:
            email = fields.email(fields.mapping(item, "contact"))
            change = read_change(item, double_opt_in=double_opt_in is not False, lang=lang)
        except RefusalError as refusal:
            call.warnings.append(f"upsertDetails[{index}] is not stored: {refusal}")
            continue
        call.warnings.extend(f"upsertDetails[{index}]: {warning}" for warning in change.warnings)
        items.append((email, change))
    return items


def _stored(call: Call, items: list[Item], now: int, cause: str) -> list[tuple[str, Contact]]:
    stored: list[tuple[str, Contact]] = []
    for email, change in items:
        try:
            contact = call.world.upsert(call.client_id, call.named_owner, email, change, now, cause)
        except RefusalError as refusal:
            call.warnings.append(f"{email} is not stored: {refusal}")
            continue
        stored.append((email, contact))
    return stored


def _store(call: Call, items: list[Item], now: int, cause: str) -> JsonObject:
    stored = _stored(call, items, now, cause)
    return {"contacts": [{"success": True, "email": email, "id": contact.id} for email, contact in stored]}


def delete(call: Call) -> JsonObject:
    contact = call.by_email(fields.email(call.body))
    if contact is None:
        raise RefusalError(UNKNOWN_CONTACT)
    call.world.delete(contact, call.now, permanently=fields.flag(call.body, "permanently") is True)
    return {"result": "Contact deleted"}


def batch_delete(call: Call) -> JsonObject:
    """Deletes by e-mail, by id, and by tag: then everybody who carries the tag."""
    for addressee in fields.objects(call.body, "contacts"):
        for contact in addressed(call, addressee):
            call.world.delete(contact, call.now, permanently=False)
    return {"result": "Contacts deleted"}


def addressed(call: Call, addressee: JsonObject) -> list[Contact]:
    kind, value = (fields.text(addressee, "addresseeType") or "").upper(), fields.text(addressee, "value") or ""
    if kind == "TAG":
        names = fold_all([value])
        call.warnings.append(f"batchDelete by TAG deletes everybody tagged {', '.join(names)}")
        contacts = call.world.contacts_of(call.client_id, call.owner)
        return [contact for contact in contacts if not contact.tags.keys().isdisjoint(names)]
    if kind == "EMAIL":
        found = call.by_email(fields.email_key(value))
    elif kind == "CONTACT_ID":
        found = call.world.get(call.client_id, value, call.owner)
    else:
        raise RefusalError("addresseeType is missing or not supported")
    return [] if found is None else [found]


def manage_tags(call: Call) -> JsonObject:
    contact = call.named_contact(call.body)
    add, remove = fold_all(fields.texts(call.body, "tags")), fold_all(fields.texts(call.body, "removeTags"))
    scoring = fields.flag(call.body, "tagScoring") is True
    call.world.retag(contact, add, remove, call.now, scoring=scoring)
    return {"contactId": contact.id}


def _opt(channel: Channel, status: Status, cause: str) -> Callable[[Call], JsonObject]:
    def run(call: Call) -> JsonObject:
        contact = call.named_contact(call.body)
        call.world.set_status(contact, channel, status, call.now, cause)
        return {"contactId": contact.id}

    return run


def _batch_opt(status: Status, cause: str) -> Callable[[Call], JsonObject]:
    def run(call: Call) -> JsonObject:
        emails = fields.texts(call.body, "emails")
        if not emails:
            raise RefusalError("No email specified")
        found = {email: call.by_email(email) for email in map(fields.email_key, emails)}
        changed = {email: one for email, one in found.items() if one is not None and not one.deleted}
        for contact in changed.values():
            call.world.set_status(contact, Channel.EMAIL, status, call.now, cause)
        return {"contactIds": {email: contact.id for email, contact in changed.items()}}

    return run


_ID = ("contactId",)
METHODS: dict[str, Method] = {
    "contact/upsert": Method(upsert, ("contactId", "externalId")),
    "contact/insert": Method(insert, ("contactId", "externalId")),
    "contact/update": Method(update, ("contactId", "externalId")),
    "contact/batchupsert": Method(batch_upsert, ("contactIds",)),
    "contact/batchupsertv2": Method(batch_upsert_v2),
    "contact/delete": Method(delete, ("result",)),
    "contact/batchDelete": Method(batch_delete, ("result",)),
    "contact/managetags": Method(manage_tags, _ID),
    # Clients in the field call these four without an owner, and it works.
    "contact/optin": Method(_opt(Channel.EMAIL, Status.IN, "contact/optin"), _ID, needs_owner=False),
    "contact/optout": Method(_opt(Channel.EMAIL, Status.OUT, "contact/optout"), _ID, needs_owner=False),
    "contact/phoneoptin": Method(_opt(Channel.PHONE, Status.IN, "contact/phoneoptin"), _ID, needs_owner=False),
    "contact/phoneoptout": Method(_opt(Channel.PHONE, Status.OUT, "contact/phoneoptout"), _ID, needs_owner=False),
    "contact/batchoptin": Method(_batch_opt(Status.IN, "contact/batchoptin"), ("contactIds",)),
    "contact/batchoptout": Method(_batch_opt(Status.OUT, "contact/batchoptout"), ("contactIds",)),
}
