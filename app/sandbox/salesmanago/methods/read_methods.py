"""The v2 methods which only look: contacts, tags, windows of time, jobs and users."""

from collections import Counter
from collections.abc import Callable

from app.sandbox.salesmanago import fields
from app.sandbox.salesmanago.memory.model import Contact, JsonObject, RefusalError
from app.sandbox.salesmanago.methods import reads
from app.sandbox.salesmanago.methods.call import Call, Method

MAX_LIST = 50
MAX_PAGE = 1000


def has_contact(call: Call) -> JsonObject:
    contact = call.by_email(fields.email(call.body))
    found = contact is not None and not contact.deleted
    return {"result": found, "contactId": contact.id if contact is not None and found else None}


def basic(call: Call) -> JsonObject:
    return {"contacts": [reads.basic(contact) for contact in _by_emails(call, call.owner)]}


def basic_by_id(call: Call) -> JsonObject:
    return {"contacts": [reads.basic(contact) for contact in _by_ids(call, "id", call.owner)]}


def _list(find: Callable[[Call], list[Contact]], selector: str) -> Callable[[Call], JsonObject]:
    def run(call: Call) -> JsonObject:
        if len(fields.texts(call.body, selector)) > MAX_LIST:
            raise RefusalError(f"At most {MAX_LIST} contacts per call")
        return {"contacts": [reads.full(contact, call.world.events_of(contact)) for contact in find(call)]}

    return run


def _by_emails(call: Call, owner: str | None) -> list[Contact]:
    """Those who are known, each once. Who is unknown is simply missing."""
    emails = dict.fromkeys(fields.email_key(email) for email in fields.texts(call.body, "email"))
    if not emails:
        raise RefusalError("No email specified")
    found = (call.world.find(call.client_id, email, owner) for email in emails)
    return [contact for contact in found if contact is not None]


def _by_ids(call: Call, selector: str, owner: str | None) -> list[Contact]:
    ids = dict.fromkeys(fields.texts(call.body, selector))
    if not ids:
        raise RefusalError(f"{selector} cannot be empty")
    found = (call.world.get(call.client_id, contact_id, owner) for contact_id in ids)
    return [contact for contact in found if contact is not None]


def created_contacts(call: Call) -> JsonObject:
    return {"createdContacts": [reads.brief(one) for one in _window(call, lambda contact: contact.created_on)]}


def modified_contacts(call: Call) -> JsonObject:
    return {"modifiedContacts": [reads.brief(one) for one in _window(call, lambda contact: contact.modified_on)]}


def paginated_modified_contacts(call: Call) -> JsonObject:
    found = _window(call, lambda contact: contact.modified_on)
    start, end = page_of(call)
    return {"modifiedContacts": [reads.brief(one) for one in found[start:end]], "hasMore": len(found) > end}


def _window(call: Call, moment: Callable[[Contact], int]) -> list[Contact]:
    """The contacts whose moment lies in the window, both ends included, oldest first."""
    since, until = fields.integer(call.body, "from"), fields.integer(call.body, "to")
    contacts = call.world.contacts_of(call.client_id, call.owner)
    return sorted((one for one in contacts if since <= moment(one) <= until), key=lambda one: (moment(one), one.id))


def page_of(call: Call) -> tuple[int, int]:
    page, size = fields.integer(call.body, "page"), fields.integer(call.body, "size")
    if page < 1 or not 1 <= size <= MAX_PAGE:
        raise RefusalError(f"page starts at 1, size is 1 to {MAX_PAGE}")
    return (page - 1) * size, page * size


def tags(call: Call) -> JsonObject:
    """Every tag of the owner's contacts and how many carry it."""
    contacts = call.world.contacts_of(call.client_id, call.owner)
    carried = Counter(name for contact in contacts if not contact.deleted for name in contact.tags)
    return {"tags": [{"tag": name, "numberOfTagged": number} for name, number in sorted(carried.items())]}


def export(call: Call) -> JsonObject:
    """Start an export of one page; the file shows the contacts as they are when the job is done."""
    start, end = page_of(call)

    def run(_now: int) -> JsonObject:
        living = (one for one in call.world.contacts_of(call.client_id, call.owner) if not one.deleted)
        contacts = sorted(living, key=lambda one: (one.created_on, one.id))[start:end]
        return {"contacts": [reads.exported(contact) for contact in contacts]}

    kind = "contact/paginatedContactList/export"
    return {"requestId": call.world.start_job(call.client_id, kind, 0, call.now, run).id}


def job_status(call: Call) -> JsonObject:
    """A message as long as the job runs; then none, and the address of its file."""
    job = call.world.jobs.get(fields.integer(call.body, "requestId"))
    if job is None or job.client_id != call.client_id:
        raise RefusalError("Job does not exist")
    if job.result is None:
        return {"message": ["Job is still running"], "fileUrl": None}
    return {"fileUrl": call.file_url(job)}


def users(call: Call) -> JsonObject:
    return {"users": list(call.account.owners)}


_CONTACTS = ("contacts",)
METHODS: dict[str, Method] = {
    "contact/hasContact": Method(has_contact, ("result", "contactId")),
    "contact/basic": Method(basic, _CONTACTS),
    "contact/basicById": Method(basic_by_id, _CONTACTS),
    "contact/list": Method(_list(lambda call: _by_emails(call, call.owner), "email"), _CONTACTS),
    "contact/listById": Method(_list(lambda call: _by_ids(call, "contactId", call.owner), "contactId"), _CONTACTS),
    "contact/listAll": Method(_list(lambda call: _by_emails(call, None), "email"), _CONTACTS),
    "contact/listAllById": Method(_list(lambda call: _by_ids(call, "contactId", None), "contactId"), _CONTACTS),
    "contact/createdContacts": Method(created_contacts, ("createdContacts",)),
    "contact/modifiedContacts": Method(modified_contacts, ("modifiedContacts",)),
    "contact/paginatedModifiedContacts": Method(paginated_modified_contacts, ("modifiedContacts",)),
    "contact/tags": Method(tags, ("tags",)),
    "v2/contact/tags": Method(tags, ("tags",)),
    "contact/paginatedContactList/export": Method(export),
    "job/status": Method(job_status, ("fileUrl",)),
    "user/listByClient": Method(users, ("users",)),
}
