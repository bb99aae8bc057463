"""The page a person looks at: server-rendered, everything from outside escaped."""

from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.sandbox.salesmanago import fields
from app.sandbox.salesmanago.faults import Kind
from app.sandbox.salesmanago.ledger import Entry
from app.sandbox.salesmanago.memory.model import Channel, Contact
from app.sandbox.salesmanago.sandbox import Sandbox

CONTACTS_SHOWN, EVENTS_SHOWN, CALLS_SHOWN = 200, 50, 50


class Page:
    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.filters.update(when=when, outcome=outcome, severity=severity, address=contact_path)
        self.templates.globals.update(Channel=Channel, fault_kinds=list(Kind))

    async def front(self, request: Request) -> HTMLResponse:
        self.sandbox.now()
        world = self.sandbox.world
        wanted = fields.email_key(request.query_params.get("q", ""))
        found = (one for one in world.contacts.values() if wanted in one.email)
        contacts = sorted(found, key=lambda one: one.modified_on, reverse=True)
        latest = islice(reversed(world.events.values()), EVENTS_SHOWN)
        return self._render(
            request,
            "front.html",
            counts=self.sandbox.counts(),
            query=wanted,
            contacts=contacts[:CONTACTS_SHOWN],
            hidden=max(0, len(contacts) - CONTACTS_SHOWN),
            events=[(event, world.contacts[event.contact_id]) for event in latest],
            calls=self.sandbox.ledger.latest(CALLS_SHOWN),
            faults=self.sandbox.faults.active,
            deliveries=list(islice(reversed(self.sandbox.callbacks.deliveries), CALLS_SHOWN)),
        )

    async def contact(self, request: Request) -> HTMLResponse:
        self.sandbox.now()
        email = fields.email_key(request.path_params["email"])
        contact = self.sandbox.find(email, request.query_params.get("client_id"))
        if contact is None:
            raise HTTPException(404)
        calls = [entry for entry in reversed(self.sandbox.ledger.entries) if contact.email in entry.emails]
        return self._render(
            request,
            "contact.html",
            contact=contact,
            events=list(reversed(self.sandbox.world.events_of(contact))),
            calls=calls[:CALLS_SHOWN],
        )

    def _render(self, request: Request, template: str, **shown: object) -> HTMLResponse:
        base = str(request.scope.get("root_path", ""))
        return HTMLResponse(self.templates.get_template(template).render(base=base, **shown))


def when(epoch_ms: int) -> str:
    """UTC, to the second; what no clock can show stays a number."""
    try:
        return datetime.fromtimestamp(epoch_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return str(epoch_ms)


def outcome(entry: Entry) -> str:
    """What became of a call, in a few words."""
    if entry.http_status is None:
        return "dropped after it was done" if entry.applied else "dropped before it was done"
    verdict = {True: "success", False: "refused", None: "no JSON"}[entry.success]
    return ", ".join([f"HTTP {entry.http_status}", verdict, *entry.messages])


def severity(entry: Entry) -> str:
    """The colour of an outcome: what the caller cannot know is odd."""
    if entry.http_status is None or entry.success is None:
        return "odd"
    return "good" if entry.success else "bad"


def contact_path(contact: Contact, action: str = "") -> str:
    """The address of a contact under /contacts or /sandbox/contacts, account included."""
    path = quote(contact.email, safe="/@")
    return f"{path}{'/' + action if action else ''}?{urlencode({'client_id': contact.client_id})}"
