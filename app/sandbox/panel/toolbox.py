"""Instruments for testers under /sandbox: look at the panel, break it, act in the staff's place."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from dataclasses import fields as attributes
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from app.sandbox.panel.gates.client_rows import CRM_TYPES
from app.sandbox.panel.gates.client_rows import whole as client_row
from app.sandbox.panel.memory.model import Channel, Consents, Customer, Subscriber
from app.sandbox.panel.memory.world import FaultError, Panel
from app.sandbox.panel.sandbox import Sandbox
from app.sandbox.salesmanago import fields
from app.sandbox.salesmanago.memory.model import JsonObject, RefusalError
from app.sandbox.salesmanago.toolbox import arguments, from_form

TEXTS = frozenset(one.name for one in attributes(Customer) if one.type is str and one.name not in ("login", "modified_at"))
FLAGS = ("wholesaler", "unregistered", "active")


class Toolbox:
    """The handlers; each answers JSON, or leads back to the page when a form asked."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def routes(self) -> list[Route]:
        one = "/sandbox/customers/{login:path}"
        return [
            Route("/sandbox/state", self.state, methods=["GET"]),
            Route("/sandbox/customers", self.customers, methods=["GET"]),
            Route("/sandbox/customers", self.add_customer, methods=["POST"]),
            Route(f"{one}/tags", self.tags, methods=["POST"]),
            Route(f"{one}/approvals", self.approvals, methods=["POST"]),
            Route(one, self.customer, methods=["GET"]),
            Route("/sandbox/subscribers", self.subscribers, methods=["GET"]),
            Route("/sandbox/subscribers", self.subscribe, methods=["POST"]),
            Route("/sandbox/ledger", self.ledger, methods=["GET"]),
            Route("/sandbox/reset", self.reset, methods=["POST"]),
            Route("/sandbox/faults", self.faults, methods=["GET"]),
            Route("/sandbox/faults", self.add_fault, methods=["POST"]),
            Route("/sandbox/faults", self.clear_faults, methods=["DELETE"]),
            Route("/sandbox/faults/clear", self.clear_faults, methods=["POST"]),
        ]

    async def state(self, _request: Request) -> Response:
        return JSONResponse(self.sandbox.counts())

    async def customers(self, _request: Request) -> Response:
        return JSONResponse({"customers": [self.summary(one) for one in self.sandbox.panel.customers.values()]})

    async def customer(self, request: Request) -> Response:
        return JSONResponse(self.whole(self._named(request)))

    def summary(self, one: Customer) -> JsonObject:
        return {
            "id": one.id,
            "login": one.login,
            "email": one.email,
            "name": one.name,
            "tags": self.sandbox.panel.tags_of(one),
            "approvals": answers(one.consents),
            "active_shops": one.active_shops,
            "unregistered": one.unregistered,
            "modified_at": one.modified_at,
        }

    def whole(self, one: Customer) -> JsonObject:
        """Everything that is remembered about one customer."""
        panel = self.sandbox.panel
        tags = [{"id": tag_id, "name": panel.tags[tag_id], "value": value} for tag_id, value in one.tags.items()]
        orders = [order.serial for order in panel.orders_of(one)]
        return {**asdict(one), **self.summary(one), "tag_rows": tags, "orders": orders}

    async def add_customer(self, request: Request) -> Response:
        """Somebody registers, or the staff adds an account: `email` or `login`, other attributes by their names in the model.

        `tags` maps names to values and `approvals` is {"email": {"1": true}, "sms": {}}.
        """
        wanted = await arguments(request)
        panel, now = self.sandbox.panel, self.sandbox.local_now()
        address = fields.text(wanted, "email") or ""
        login = fields.text(wanted, "login") or address
        if not login:
            raise RefusalError("a login or an email is needed")
        customer = Customer(panel.next_customer_id(), login, address, registered_on=now[:10], modified_at=now)
        for name in TEXTS & wanted.keys():
            setattr(customer, name, fields.text(wanted, name) or "")
        for name in FLAGS:
            setattr(customer, name, fields.flag(wanted, name) is True or (name == "active" and name not in wanted))
        if customer.type not in CRM_TYPES:
            raise RefusalError(f"type is one of {', '.join(CRM_TYPES)}")
        customer.active_shops = shop_ids(wanted, "active_shops") or sorted(panel.shops)[:1]
        values, said = tag_values(wanted.get("tags") or {}), statements(panel, wanted)
        refusing(lambda: panel.add(customer))
        panel.staff_tags(customer, values, (), now)
        for channel, shop_id, given in said:
            panel.say(customer, channel, shop_id, given, now)
        await self.sandbox.webhooks.happened("clientCreated", {"results": [client_row(panel, customer)]})
        return done(request, self.whole(customer), 201)

    async def tags(self, request: Request) -> Response:
        """The staff edits tags: `add` maps names to values, `remove` lists names; a form sends one name and value."""
        wanted = await arguments(request)
        customer = self._named(request)
        add, remove = wanted.get("add") or {}, wanted.get("remove") or []
        if from_form(request):
            add = {str(add): fields.text(wanted, "value") or "1"} if add else {}
            remove = [str(remove)] if remove else []
        if not isinstance(remove, list):
            raise RefusalError("remove lists names")
        names = [str(name) for name in remove]
        self.sandbox.panel.staff_tags(customer, tag_values(add), names, self.sandbox.local_now())
        return done(request, self.whole(customer))

    async def approvals(self, request: Request) -> Response:
        """The customer or the staff states an approval: `shop`, `channel` (email or sms) and `given`."""
        wanted = await arguments(request)
        customer = self._named(request)
        shop_id, channel, given = self._statement(wanted, Channel.EMAIL)
        now = self.sandbox.local_now()
        self.sandbox.panel.say(customer, channel, shop_id, given, now)
        await self.sandbox.webhooks.said(
            f"newsletter_{channel.value}", _newsletter(shop_id, customer.email, given, now, customer.id, customer.phone)
        )
        return done(request, self.whole(customer))

    async def subscribers(self, _request: Request) -> Response:
        return JSONResponse({"subscribers": [subscriber_json(one) for one in self.sandbox.panel.subscribers]})

    async def subscribe(self, request: Request) -> Response:
        """Somebody without account signs up or resigns: `email` or `phone`, and an approval as above."""
        wanted = await arguments(request)
        address, phone = (fields.text(wanted, key) or "" for key in ("email", "phone"))
        if not address and not phone:
            raise RefusalError("an email or a phone is needed")
        shop_id, channel, given = self._statement(wanted, Channel.EMAIL if address else Channel.SMS)
        now = self.sandbox.local_now()
        subscriber = self.sandbox.panel.subscribe(address, phone, {(channel, shop_id): given}, now)
        await self.sandbox.webhooks.said(f"newsletter_{channel.value}", _newsletter(shop_id, address, given, now, 0, phone))
        return done(request, subscriber_json(subscriber), 201)

    def _statement(self, wanted: Mapping[str, object], usual: Channel) -> tuple[int, Channel, bool]:
        shop_id = whole_number(wanted.get("shop") or 1, "shop")
        if shop_id not in self.sandbox.panel.shops:
            raise RefusalError("no such shop")
        written = fields.text(wanted, "channel") or usual
        if written not in tuple(Channel):
            raise RefusalError("channel is email or sms")
        given = wanted.get("given", True)
        return shop_id, Channel(written), given is True or given in ("y", "yes", "true")

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

    def _named(self, request: Request) -> Customer:
        customer = self.sandbox.panel.by_login(request.path_params["login"])
        if customer is None:
            raise HTTPException(404, "no such customer")
        return customer


def answers(consents: Consents) -> JsonObject:
    """Per channel and shop, whether the answer was yes."""
    return {
        channel.value: {str(shop_id): said.given for shop_id, said in sorted(rows.items())} for channel, rows in consents.items()
    }


def subscriber_json(one: Subscriber) -> JsonObject:
    return {**asdict(one), "approvals": answers(one.consents)}


def whole_number(value: object, name: str) -> int:
    written = str(value)
    if not written.isdecimal() or not 1 <= int(written[:16]) < 10**15:
        raise RefusalError(f"{name} must be a whole number from 1")
    return int(written)


def tag_values(add: object) -> dict[str, int]:
    if not isinstance(add, dict):
        raise RefusalError("tags map names to values")
    return {str(name): whole_number(value, "value") for name, value in add.items()}


def statements(panel: Panel, wanted: Mapping[str, object]) -> list[tuple[Channel, int, bool]]:
    """Approvals as `answers` shows them, read back."""
    said = []
    for channel in Channel:
        for shop_id, given in fields.mapping(fields.mapping(wanted, "approvals"), channel.value).items():
            if whole_number(shop_id, "shop") not in panel.shops:
                raise RefusalError("no such shop")
            said.append((channel, int(shop_id), given is True))
    return said


def shop_ids(wanted: Mapping[str, object], key: str) -> list[int]:
    written = wanted.get(key) or []
    pieces = written.split(",") if isinstance(written, str) else written
    if not isinstance(pieces, list):
        raise RefusalError(f"{key} must be a list")
    return [whole_number(str(piece).strip(), key) for piece in pieces]


def refusing(act: Callable[[], object]) -> None:
    """What the panel refuses with a fault code, the tools refuse with its text."""
    try:
        act()
    except FaultError as error:
        raise RefusalError(str(error)) from error


def done(request: Request, body: JsonObject, status: int = 200) -> Response:
    """JSON for programs; somebody at the page goes back to where they were."""
    if not from_form(request):
        return JSONResponse(body, status)
    base = str(request.scope.get("root_path", ""))
    came_from = urlsplit(request.headers.get("referer", ""))
    at_customer = came_from.path.startswith(f"{base}/customers/")
    return RedirectResponse(came_from.path if at_customer else f"{base}/", 303)


def _newsletter(shop_id: int, email: str, given: bool, now: str, number: int, phone: str) -> JsonObject:
    """What a "Webhooki" tells of a statement."""
    state = "y" if given else "n"
    return {
        "shop": shop_id,
        "client_id": number,
        "email": email,
        "phone": phone,
        "state": state,
        "confirmed": "y",
        "occurred_at": now,
    }
