"""Instruments for testers under /sandbox: look at the world, break it, click in a contact's or the staff's place."""

from collections.abc import Mapping
from dataclasses import asdict
from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.sandbox.salesmanago import fields
from app.sandbox.salesmanago.callbacks import Templates
from app.sandbox.salesmanago.memory.model import Channel, Contact, JsonObject, RefusalError, Status
from app.sandbox.salesmanago.memory.tags import fold_all
from app.sandbox.salesmanago.sandbox import Sandbox
from app.sandbox.salesmanago.wire import parse

CLICKS = {
    ("unsubscribe", Channel.EMAIL): "contact clicked the unsubscribe link",
    ("unsubscribe", Channel.PHONE): "contact answered STOP to a text message",
    ("subscribe", Channel.EMAIL): "contact clicked the confirmation link",
    ("subscribe", Channel.PHONE): "contact agreed to text messages",
}


class Toolbox:
    """The handlers; each answers JSON, or leads back to the page when a form asked."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def routes(self) -> list[Route]:
        one = "/sandbox/contacts/{email:path}"
        return [
            Route("/sandbox/state", self.state, methods=["GET"]),
            Route("/sandbox/contacts", self.contacts, methods=["GET"]),
            Route(f"{one}/unsubscribe", self.unsubscribe, methods=["POST"]),
            Route(f"{one}/subscribe", self.subscribe, methods=["POST"]),
            Route(f"{one}/bounce", self.bounce, methods=["POST"]),
            Route(f"{one}/tags", self.tags, methods=["POST"]),
            Route(one, self.contact, methods=["GET"]),
            Route("/sandbox/events", self.events, methods=["GET"]),
            Route("/sandbox/jobs", self.jobs, methods=["GET"]),
            Route("/sandbox/ledger", self.ledger, methods=["GET"]),
            Route("/sandbox/reset", self.reset, methods=["POST"]),
            Route("/sandbox/faults", self.faults, methods=["GET"]),
            Route("/sandbox/faults", self.add_fault, methods=["POST"]),
            Route("/sandbox/faults", self.clear_faults, methods=["DELETE"]),
            Route("/sandbox/faults/clear", self.clear_faults, methods=["POST"]),
            Route("/sandbox/callbacks", self.callbacks, methods=["GET"]),
            Route("/sandbox/callbacks", self.set_callbacks, methods=["POST"]),
        ]

    async def state(self, _request: Request) -> Response:
        self.sandbox.now()
        return JSONResponse(self.sandbox.counts())

    async def contacts(self, request: Request) -> Response:
        self.sandbox.now()
        client_id = request.query_params.get("client_id")
        found = (one for one in self.sandbox.world.contacts.values() if client_id in (None, one.client_id))
        return JSONResponse({"contacts": [summary(contact) for contact in found]})

    async def contact(self, request: Request) -> Response:
        return JSONResponse(self.whole(self._named(request)))

    def whole(self, contact: Contact) -> JsonObject:
        """Everything that is remembered about one contact."""
        remembered = asdict(contact)
        del remembered["event_ids"]
        events = [event_json(self.sandbox, event.id) for event in self.sandbox.world.events_of(contact)]
        return {**remembered, **summary(contact), "tags": list(remembered["tags"].values()), "events": events}

    async def events(self, request: Request) -> Response:
        self.sandbox.now()
        wanted = {key: value for key, value in request.query_params.items() if key in ("client_id", "email", "type")}
        found = (event_json(self.sandbox, event_id) for event_id in self.sandbox.world.events)
        return JSONResponse({"events": [one for one in found if all(one[key] == wanted[key] for key in wanted)]})

    async def jobs(self, _request: Request) -> Response:
        self.sandbox.now()
        shown = ("id", "client_id", "kind", "items", "created_on", "ready_at", "result")
        jobs = self.sandbox.world.jobs.values()
        return JSONResponse({"jobs": [{key: getattr(job, key) for key in shown} for job in jobs]})

    async def ledger(self, request: Request) -> Response:
        query = request.query_params
        after = int(query["after"]) if query.get("after", "").isdecimal() else 0
        entries = self.sandbox.ledger.after(after, query.get("path"))
        return JSONResponse({"entries": [entry.as_json() for entry in entries]})

    async def reset(self, request: Request) -> Response:
        self.sandbox.reset()
        return done(request, self.sandbox.counts())

    async def faults(self, _request: Request) -> Response:
        return JSONResponse({"faults": [fault.as_json() for fault in self.sandbox.faults.active]})

    async def add_fault(self, request: Request) -> Response:
        fault = self.sandbox.faults.add(await arguments(request))
        return done(request, fault.as_json(), status=201)

    async def clear_faults(self, request: Request) -> Response:
        """Clear the fault with the given id, or all."""
        wanted = {**request.query_params, **await arguments(request)}.get("id")
        self.sandbox.faults.clear(int(str(wanted)) if str(wanted).isdecimal() else None)
        return done(request, {"faults": [fault.as_json() for fault in self.sandbox.faults.active]})

    async def callbacks(self, _request: Request) -> Response:
        return JSONResponse(self.sandbox.callbacks.as_json())

    async def set_callbacks(self, request: Request) -> Response:
        wanted = await arguments(request)
        client_id = fields.text(wanted, "client_id") or ""
        if client_id not in self.sandbox.accounts:
            raise RefusalError("client_id is unknown")
        opt_in, opt_out = fields.text(wanted, "opt_in") or None, fields.text(wanted, "opt_out") or None
        encode_plus = fields.flag(wanted, "encode_plus") is not False
        templates = Templates(client_id, opt_in, opt_out, encode_plus)
        self.sandbox.callbacks.templates[client_id] = templates
        return done(request, dict(vars(templates)), status=201)

    async def unsubscribe(self, request: Request) -> Response:
        return await self._click(request, "unsubscribe", Status.OUT)

    async def subscribe(self, request: Request) -> Response:
        return await self._click(request, "subscribe", Status.IN)

    async def bounce(self, request: Request) -> Response:
        """E-mails to the contact bounced: the address is marked as invalid and gets no more. There is no callback for that."""
        contact = self._named(request, await arguments(request))
        contact.invalid = True
        self.sandbox.world.set_status(contact, Channel.EMAIL, Status.OUT, self.sandbox.now(), "e-mails bounced")
        return done(request, summary(contact))

    async def _click(self, request: Request, action: str, status: Status) -> Response:
        """A contact clicks. Only the e-mail channel has a callback: none is known for phones."""
        wanted = await arguments(request)
        written = fields.text(wanted, "channel") or Channel.EMAIL
        if written not in tuple(Channel):
            raise RefusalError("channel is email or phone")
        channel = Channel(written)
        contact, now = self._named(request, wanted), self.sandbox.now()
        self.sandbox.world.set_status(contact, channel, status, now, CLICKS[action, channel])
        fired = None
        if channel is Channel.EMAIL:
            opt_in = status is Status.IN
            fired = await self.sandbox.callbacks.fire(contact.client_id, contact.email, opt_in=opt_in, now=now)
        return done(request, {**self.whole(contact), "callback": dict(vars(fired)) if fired else None})

    async def tags(self, request: Request) -> Response:
        """The staff edits tags in the panel: a list, or one text with commas; `score` sets that of the added ones."""
        wanted = await arguments(request)
        contact, now = self._named(request, wanted), self.sandbox.now()
        add, remove = tags_in(wanted, "add"), tags_in(wanted, "remove")
        score = fields.text(wanted, "score")
        if score and not score.isdecimal():
            raise RefusalError("score must be a whole number")
        self.sandbox.world.retag(contact, [name for name in add if name not in contact.tags], remove, now)
        for name in add if score else ():
            self.sandbox.world.set_score(contact, name, int(score or 1), now)
        return done(request, self.whole(contact))

    def _named(self, request: Request, wanted: Mapping[str, object] | None = None) -> Contact:
        self.sandbox.now()
        client_id = fields.text(wanted or {}, "client_id") or request.query_params.get("client_id")
        contact = self.sandbox.find(fields.email_key(request.path_params["email"]), client_id)
        if contact is None:
            raise HTTPException(404, "no such contact")
        return contact


def summary(contact: Contact) -> JsonObject:
    return {
        "id": contact.id,
        "client_id": contact.client_id,
        "email": contact.email,
        "name": contact.fields.get("name"),
        "tags": {tag.name: tag.score for tag in contact.tags.values()},
        "opted_out": contact.opted_out(Channel.EMAIL),
        "opted_out_phone": contact.opted_out(Channel.PHONE),
        "deleted": contact.deleted,
        "event_count": len(contact.event_ids),
        "created_on": contact.created_on,
        "modified_on": contact.modified_on,
    }


def event_json(sandbox: Sandbox, event_id: str) -> JsonObject:
    event = sandbox.world.events[event_id]
    return {
        "id": event.id,
        "client_id": event.client_id,
        "email": sandbox.world.contacts[event.contact_id].email,
        "type": event.details.type,
        "date": event.details.date,
        "value": event.details.value,
        **event.details.texts,
        "created_on": event.created_on,
        "modified_on": event.modified_on,
    }


def tags_in(wanted: Mapping[str, object], key: str) -> tuple[str, ...]:
    written = wanted.get(key)
    return fold_all([written] if isinstance(written, str) else fields.texts(wanted, key))


async def arguments(request: Request) -> JsonObject:
    """The fields of a form, or of a JSON object; no body means none."""
    raw = await request.body()
    if not raw.strip():
        return {}
    if from_form(request):
        return dict(parse_qsl(raw.decode(), keep_blank_values=True))
    body = parse(raw)
    if body is None:
        raise RefusalError("the body must be a JSON object or a form")
    return body


def from_form(request: Request) -> bool:
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


def done(request: Request, body: JsonObject, status: int = 200) -> Response:
    """JSON for programs; somebody at the page goes back to where they were."""
    if not from_form(request):
        return JSONResponse(body, status)
    base = str(request.scope.get("root_path", ""))
    came_from = urlsplit(request.headers.get("referer", ""))
    if not came_from.path.startswith(f"{base}/contacts/"):
        return RedirectResponse(f"{base}/", 303)
    return RedirectResponse(f"{came_from.path}?{came_from.query}".rstrip("?"), 303)
