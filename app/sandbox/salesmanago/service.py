"""The v2 API over HTTP: read the call, let a fault strike, carry it out, write it down, answer."""

import json
import time
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from app.sandbox.salesmanago import faults, wire
from app.sandbox.salesmanago.drop import Dropped
from app.sandbox.salesmanago.faults import Fault, Kind
from app.sandbox.salesmanago.ledger import Entry
from app.sandbox.salesmanago.leniency import read_kindly
from app.sandbox.salesmanago.memory.model import Job, JsonObject, RefusalError
from app.sandbox.salesmanago.methods import authorise, contact_methods, event_methods, field_methods, read_methods
from app.sandbox.salesmanago.methods.call import Call, Method
from app.sandbox.salesmanago.sandbox import Sandbox

METHODS: dict[str, Method] = {**contact_methods.METHODS, **event_methods.METHODS, **read_methods.METHODS, **field_methods.METHODS}
TITLES = {
    200: "Scheduled maintenance",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
}


@dataclass(frozen=True)
class Answer:
    """What the service says: JSON, or a bare HTML page when there is none."""

    status: int
    payload: JsonObject | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def success(self) -> bool | None:
        return None if self.payload is None else self.payload["success"] is True

    @property
    def messages(self) -> list[str]:
        said = None if self.payload is None else self.payload.get("message")
        return [str(one) for one in said] if isinstance(said, list) else []

    def response(self) -> Response:
        return html(self.status) if self.payload is None else JSONResponse(self.payload, self.status)


@dataclass
class Service:
    """The one endpoint behind all v2 paths."""

    sandbox: Sandbox

    async def __call__(self, request: Request) -> Response:
        self.sandbox.in_flight += 1
        try:
            return await self._serve(request, self.sandbox.in_flight)
        finally:
            self.sandbox.in_flight -= 1

    async def _serve(self, request: Request, in_flight: int) -> Response:
        started = time.perf_counter()
        raw = await request.body()
        now = self.sandbox.now()
        name = request.path_params["method"]
        body = wire.parse(raw)
        emails = wire.named_emails(body, self.sandbox.world) if body else []
        is_event_batch = name in event_methods.BATCH_METHODS
        fault = self.sandbox.faults.strike(f"/api/{name}", emails, is_event_batch=is_event_batch)

        carried_out = fault is None or fault.applied
        answer = self._carry_out(request, name, body, now, fault) if carried_out else None
        response, said = disguise(fault, answer)
        if fault is not None and fault.kind is Kind.SLOW:
            await self.sandbox.sleep(fault.seconds)
        self.sandbox.ledger.add(
            Entry(
                n=self.sandbox.ledger.next_number(),
                at=now,
                path=f"/api/{name}",
                client_id=str(body["clientId"]) if body and body.get("clientId") else None,
                http_status=None if isinstance(response, Dropped) else response.status_code,
                success=said.success if said else None,
                messages=said.messages if said else [],
                warnings=answer.warnings if answer else [],
                items=wire.count_items(body) if body else 0,
                emails=emails,
                body=wire.without_secrets(body) if body is not None else None,
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

    def _carry_out(self, request: Request, name: str, body: JsonObject | None, now: int, fault: Fault | None) -> Answer:
        method = METHODS.get(name)
        if method is None and name != authorise.PATH:
            return Answer(404)
        if request.method != "POST":
            return Answer(405)
        if body is None:
            return Answer(400)
        if method is None:
            return self._authorised(body, now)

        def file_url(job: Job) -> str:
            return f"{str(request.base_url).rstrip('/')}/files/{job.file_key}.json"

        def spoil(item: JsonObject, index: int) -> bool:
            if fault is None or fault.kind is not Kind.PARTIAL_EVENTS:
                return False
            named = wire.named_emails({**item, "clientId": body.get("clientId")}, self.sandbox.world)
            return fault.email in named if fault.email else index == 0

        def tokens(client_id: str) -> list[str]:
            return self.sandbox.world.valid_tokens(client_id, now)

        warnings: list[str] = []
        sent = body if self.sandbox.strict else read_kindly(body, warnings.append)
        try:
            account, owner = wire.authenticate(self.sandbox.accounts, sent, needs_owner=method.needs_owner, tokens=tokens)
            call = Call(self.sandbox.world, account, owner, sent, now, file_url, spoil, warnings)
            return Answer(200, {"success": True, "message": [], **method.run(call)}, warnings)
        except RefusalError as refusal:
            return Answer(200, refused(str(refusal), method.answers), warnings)

    def _authorised(self, body: JsonObject, now: int) -> Answer:
        try:
            given = authorise.authorise(self.sandbox.world, list(self.sandbox.accounts.values()), body, now)
        except RefusalError as refusal:
            return Answer(200, refused(str(refusal), ("token", "clientId", "validTo")))
        return Answer(200, {"success": True, "message": [], **given})


def refused(message: str, answers: tuple[str, ...] = ()) -> JsonObject:
    return {"success": False, "message": [message], **dict.fromkeys(answers)}


def disguise(fault: Fault | None, answer: Answer | None) -> tuple[Response, Answer | None]:
    """What the caller gets, and what was said by the service or by the fault in its name."""
    if fault is None:
        return (answer or Answer(500)).response(), answer
    match fault.kind:
        case Kind.TIMEOUT_BEFORE | Kind.TIMEOUT_AFTER:
            return Dropped(timed_out=True), answer
        case Kind.RESET_AFTER:
            return Dropped(timed_out=False), answer
        case Kind.EMPTY_200:
            return Response(status_code=200), answer
        case Kind.REFUSE:
            said = Answer(200, refused(fault.message))
        case Kind.UNAUTHENTICATED:
            said = Answer(200, refused(wire.NOT_AUTHENTICATED))
        case Kind.INACTIVE:
            said = Answer(200, refused(wire.INACTIVE))
        case Kind.TRUNCATED_JSON:
            payload = json.dumps(answer.payload if answer else None)
            return Response(payload[: len(payload) // 2], media_type="application/json"), answer
        case Kind.SLOW | Kind.PARTIAL_EVENTS:
            said = answer or Answer(500)
        case _:
            return html(faults.HTTP_STATUS[fault.kind], fault.retry_after), answer
    return said.response(), said


def html(status: int, retry_after: int | None = None) -> HTMLResponse:
    """A page as a web server in front of the service writes it."""
    title = TITLES[status]
    page = f"<html>\n<head><title>{status} {title}</title></head>\n<body><h1>{title}</h1></body>\n</html>\n"
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return HTMLResponse(page, status, headers)
