"""The Admin API over HTTP: read the call, let a fault strike, carry it out, write it down, answer."""

import copy
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from app.sandbox.panel import faults, keys, wire
from app.sandbox.panel.faults import Fault, Kind
from app.sandbox.panel.gates import (
    catalogue_gates,
    client_reads,
    client_writes,
    newsletter_gates,
    order_gates,
    return_gates,
    system_gates,
    tag_gates,
)
from app.sandbox.panel.gates.call import Call, Gate, Reply, Wants, front_error, ok, refused
from app.sandbox.panel.ledger import Entry
from app.sandbox.panel.memory.model import Customer
from app.sandbox.panel.memory.world import Panel
from app.sandbox.panel.reading import InvalidError, local_time
from app.sandbox.panel.sandbox import Sandbox
from app.sandbox.panel.wire import Sent
from app.sandbox.salesmanago.drop import Dropped
from app.sandbox.salesmanago.service import html

GATES: dict[tuple[str, str], Gate] = {
    **tag_gates.GATES,
    **client_reads.GATES,
    **client_writes.GATES,
    **newsletter_gates.GATES,
    **order_gates.GATES,
    **return_gates.GATES,
    **catalogue_gates.GATES,
    **system_gates.GATES,
}
VERSIONS = frozenset({"6", "7", "8"})
INVALID_FORMAT = "Invalid data format"


@dataclass(frozen=True)
class Asked:
    """A call as it came in."""

    method: str
    path: str
    version: str
    name: str
    key: str
    gate: Gate | None
    sent: Sent
    error: str | None
    """Why it does not fit the schema, where it does not."""
    customers: list[str]


@dataclass
class Service:
    """The one endpoint behind all gates."""

    sandbox: Sandbox

    async def __call__(self, request: Request) -> Response:
        self.sandbox.in_flight += 1
        try:
            return await self._serve(request, self.sandbox.in_flight)
        finally:
            self.sandbox.in_flight -= 1

    async def _serve(self, request: Request, in_flight: int) -> Response:
        started = time.perf_counter()
        asked = self._ask(request, await request.body())
        now = self.sandbox.clock()
        fault = self.sandbox.faults.strike(f"{asked.method} {asked.path}", asked.customers)
        carried_out = fault is None or fault.applied
        warnings: list[str] = []
        reply = self._carry_out(asked, fault, now, warnings) if carried_out or is_lie(fault) else None
        response, said = disguise(fault, reply, asked.gate)
        if fault is not None and fault.kind is Kind.SLOW:
            await self.sandbox.sleep(fault.seconds)
        self.sandbox.ledger.add(
            Entry(
                n=self.sandbox.ledger.next_number(),
                at=now,
                method=asked.method,
                path=asked.path,
                gate=asked.name,
                http_status=None if isinstance(response, Dropped) else response.status_code,
                success=said.success if said else None,
                codes=list(said.codes) if said else [],
                messages=list(said.messages) if said else [],
                warnings=warnings,
                rows=wire.count_rows(asked.sent),
                customers=asked.customers,
                params=asked.sent.logged,
                beside=asked.sent.beside,
                fault=fault.kind.value if fault else None,
                applied=carried_out,
                duration_ms=round((time.perf_counter() - started) * 1000),
                in_flight=in_flight,
            )
        )
        # Written down before the wait, so that a caller who gave up on us can already read about it.
        if fault is not None and fault.kind in (Kind.TIMEOUT_BEFORE, Kind.TIMEOUT_AFTER):
            await self.sandbox.sleep(fault.seconds)
        return response

    def _ask(self, request: Request, raw: bytes) -> Asked:
        version, name = request.path_params["version"], request.path_params["gate"].rstrip("/")
        gate = GATES.get((request.method, name)) if version in VERSIONS else None
        sent, error = Sent(), None
        if request.method in ("GET", "DELETE"):
            sent = Sent(wire.query(request.url.query))
        else:
            try:
                sent = wire.body(raw, gate.wants if gate else Wants.OBJECT)
            except InvalidError as invalid:
                error = str(invalid)
        customers = wire.named_customers(sent, self.sandbox.panel)
        path = f"/api/admin/v{version}/{name}"
        key = request.headers.get("x-api-key", "")
        return Asked(request.method, path, version, name, key, gate, sent, error, customers)

    def _carry_out(self, asked: Asked, fault: Fault | None, now: int, warnings: list[str]) -> Reply:
        key = keys.matching(self.sandbox.keys, asked.key)
        if key is None:
            return front_error(401, "Brak autoryzacji: niepoprawny klucz API")
        if asked.gate is None:
            return front_error(404, "Nie znaleziono bramki")
        if not key.opens(asked.gate.area, asked.gate.level):
            return forbidden(asked.gate)
        if self.sandbox.too_fast(now):
            return front_error(429, "Zbyt wiele zapytań", retry_after=1)
        panel = copy.deepcopy(self.sandbox.panel) if is_lie(fault) else self.sandbox.panel
        return self._run(asked, asked.gate, panel, fault, now, warnings)

    def _run(self, asked: Asked, gate: Gate, panel: Panel, fault: Fault | None, now: int, warnings: list[str]) -> Reply:
        sent, limit = asked.sent, panel.rules.max_rows
        if asked.error is not None:
            return front_error(422, asked.error, code="invalid")
        if gate.wants is not Wants.QUERY and (sent.missing or (gate.wants is Wants.LIST and not sent.rows)):
            return refused(3, "Nie przekazano parametrów")
        if gate.level == "rw" and limit is not None and wire.count_rows(sent) > limit:
            return front_error(422, f"{INVALID_FORMAT}: more than {limit} rows", code="invalid")
        names = dict.fromkeys(name for one in [sent.params, *sent.rows] for name in one)
        warnings += [f"unknown parameter {name} ignored" for name in names if name not in gate.known]
        call = Call(panel, sent.params, sent.rows, sent.beside, local_time(now), now // 1000, spoiler(fault), warnings)
        try:
            reply = gate.run(call)
        except InvalidError as invalid:
            return front_error(422, f"{INVALID_FORMAT}: {invalid}", code="invalid")
        if not panel.rules.ids_as_strings:
            return reply
        return Reply(reply.status, wire.ids_as_texts(reply.payload), reply.codes, reply.messages, reply.headers)


def forbidden(gate: Gate | None) -> Reply:
    scope = gate.scope if gate else "Scope: crm, level: rw"
    return front_error(403, f"Brak uprawnień, odmowa dostępu. {scope}")


def is_lie(fault: Fault | None) -> bool:
    """Whether the panel only pretends to do it."""
    return fault is not None and fault.kind is Kind.NOT_STORED


def spoiler(fault: Fault | None) -> Callable[[Customer], bool]:
    """Which rows a fault makes fail: those of the named customer, or all."""
    if fault is None or fault.kind is not Kind.REFUSE_ROWS:
        return lambda _customer: False
    wanted = fault.customer
    return lambda one: wanted is None or wanted in (str(one.id), one.login.lower(), one.email.lower())


def disguise(fault: Fault | None, reply: Reply | None, gate: Gate | None) -> tuple[Response, Reply | None]:
    """What the caller gets, and what was said by the panel or by the fault in its name."""
    said = reply or front_error(500, "nothing to say")
    if fault is None:
        return as_json(said), reply
    match fault.kind:
        case Kind.TIMEOUT_BEFORE | Kind.TIMEOUT_AFTER:
            return Dropped(timed_out=True), reply
        case Kind.RESET_AFTER:
            return Dropped(timed_out=False), reply
        case Kind.SERVER_ERROR | Kind.BAD_GATEWAY | Kind.UNAVAILABLE | Kind.HTML_200:
            return html(faults.HTML_STATUS[fault.kind], fault.retry_after), reply
        case Kind.TRUNCATED_JSON:
            payload = json.dumps(said.payload, ensure_ascii=False)
            return Response(payload[: len(payload) // 2], media_type="application/json"), reply
        case Kind.THROTTLE:
            said = front_error(429, "Zbyt wiele zapytań", retry_after=fault.retry_after)
        case Kind.UNAUTHENTICATED:
            said = front_error(401, "Brak autoryzacji: niepoprawny klucz API")
        case Kind.FORBIDDEN:
            said = forbidden(gate)
        case Kind.INVALID:
            said = front_error(422, f"{INVALID_FORMAT}: {fault.message}", code="invalid")
        case Kind.REFUSE:
            said = refused(fault.code, fault.message)
        case Kind.OVERLOADED:
            said = ok({"serverLoadStatus": "overloaded"}) if said.success else said
        case Kind.SLOW | Kind.REFUSE_ROWS | Kind.NOT_STORED:
            pass
    return as_json(said), said


def as_json(said: Reply) -> Response:
    return JSONResponse(said.payload, said.status, said.headers)
