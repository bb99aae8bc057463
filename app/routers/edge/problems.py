"""Every failing answer has one shape: an RFC 9457 problem document. This is the one table class -> status.

No document carries a value that came in: a wrong address in an answer would be a wrong address in somebody's log.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app.domain.errors import (
    BadConfiguration,
    ContentConflict,
    ForgedCallback,
    GatewayError,
    NotAllowed,
    NotFound,
    NotPossible,
    NotReady,
    TooMany,
    UnknownCaller,
)
from app.domain.operations.request_log import Mistake
from app.routers.edge.asked import Asked, asked_by
from app.routers.edge.field_examples import EXAMPLES, WHOLE_BODY
from app.routers.edge.field_problems import FieldProblem, field_problems
from app.routers.edge.rate_limits import headers_of
from app.routers.edge.request_record import RequestRecord, current

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """RFC 9457."""

    type: str = Field(description="Path of the page about this kind of problem.", examples=["/problems/invalid"])
    title: str = Field(description="The kind of problem in a sentence.", examples=["The event is not well formed."])
    status: int = Field(description="The HTTP status.", examples=[422])
    detail: str = Field(
        description="What this one is about, and what became of the request.",
        examples=["1 field needs another value. Nothing was stored."],
    )
    errors: list[FieldProblem] = Field(description="What is wrong with which field, at most 20.", examples=[[]])
    request_id: str | None = Field(
        default=None,
        description="As in the header X-Request-Id; the door remembers the request under it.",
        examples=["9f2c51d0a7e84b36"],
    )


class ConflictProblem(Problem):
    """RFC 9457, with what was stored under the `event_id`."""

    event_id: str = Field(description="The id that was used before.", examples=[EXAMPLES["event_id"]])
    stored_digest: str = Field(description="SHA-256 of what was accepted under it.", examples=["6f1ed002ab55…0aa"])


_STATUS: dict[type[GatewayError], tuple[int, str, str]] = {
    UnknownCaller: (401, "unknown-caller", "The request carries no valid key."),
    NotAllowed: (403, "not-allowed", "This key may not do that."),
    ForgedCallback: (403, "forged-callback", "The callback is not accepted."),
    NotFound: (404, "not-found", "There is no such thing here."),
    ContentConflict: (409, "content-conflict", "This event_id was used for other content."),
    NotPossible: (409, "not-possible", "This cannot be done as things stand."),
    TooMany: (429, "too-many-requests", "Too many requests."),
    BadConfiguration: (422, "bad-configuration", "The configuration has mistakes."),
    NotReady: (503, "not-ready", "Nothing can be stored at the moment."),
}
_TITLES = {
    400: "The body cannot be read.",
    404: "There is no such address.",
    405: "This address does not take that method.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    414: "The address is too long.",
    415: "The body must be JSON.",
}


def problem(
    status: int,
    kind: str,
    title: str,
    detail: str,
    errors: Sequence[FieldProblem] = (),
    headers: dict[str, str] | None = None,
    **more: Any,
) -> Response:
    record = current()
    if record is not None:
        note_refusal(record, kind, detail, errors)
    body = Problem(
        type=f"/problems/{kind}",
        title=title,
        status=status,
        detail=detail,
        errors=list(errors),
        request_id=record.id if record is not None else None,
    )
    return JSONResponse(body.model_dump() | more, status, headers, media_type=MEDIA_TYPE)


def note_refusal(record: RequestRecord, kind: str, detail: str, errors: Sequence[FieldProblem]) -> None:
    """What the door remembers of a refusal."""
    record.problem, record.detail = kind, detail
    record.mistakes = tuple(Mistake(one.field, one.rule, one.message) for one in errors)


def documented(*statuses: int, of: type[GatewayError] | None = None) -> dict[int | str, dict[str, Any]]:
    """OpenAPI entries for the problems a route may answer. `of`: whose title stands where several errors share a status."""
    titles = {status: title for status, _, title in _STATUS.values()} | _TITLES | {422: "What was sent is not well formed."}
    titles |= {409: _STATUS[ContentConflict][2]}
    if of is not None:
        titles[_STATUS[of][0]] = _STATUS[of][2]
    return {status: _documented(titles[status]) for status in statuses}


def _documented(title: str) -> dict[str, Any]:
    model = ConflictProblem if title == _STATUS[ContentConflict][2] else Problem
    return {"description": title, "content": {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}}}}


class BadParameter(Exception):
    """A parameter of a request without body: missing, doubled, or none that can be."""

    answer = (400, "bad-parameter", "The request has not the parameters it needs.")

    def __init__(self, name: str, rule: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.rule = rule


class UnreadableAddress(Exception):
    """A sign in the path or the query that no text of ours can hold."""


def install(app: FastAPI) -> None:
    for kind, handler in _HANDLERS.items():
        app.add_exception_handler(kind, handler)


async def problem_of(request: Request, error: Exception) -> Response:
    """The answer to what went wrong, for those who stand before FastAPI's own handlers."""
    handler = next(_HANDLERS[step] for step in type(error).__mro__ if step in _HANDLERS)
    return await handler(request, error)


async def _bad_parameter(_request: Request, error: Exception) -> Response:
    assert isinstance(error, BadParameter)
    mistake = FieldProblem(field=error.name, rule=error.rule, message=str(error), example=EXAMPLES[error.name])
    return problem(*error.answer, "Nothing was done.", [mistake])


async def _gateway_error(_request: Request, error: Exception) -> Response:
    status, kind, title = next(_STATUS[step] for step in type(error).__mro__ if step in _STATUS)
    headers: dict[str, str] = {}
    more: dict[str, Any] = {}
    if isinstance(error, UnknownCaller):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, NotReady):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, TooMany):
        headers["Retry-After"] = str(error.retry_after_seconds)
        limited = headers_of(error.limit, error.quota, 0, error.retry_after_seconds)
        headers |= {name.decode(): value.decode() for name, value in limited}
    if isinstance(error, ContentConflict):
        if (record := current()) is not None:
            record.event_id = error.event_id
        more = {"event_id": error.event_id, "stored_digest": error.stored_digest}
    detail = str(error) or "Send `Authorization: Bearer <shop key>`; `gateway keys issue SHOP` makes a key."
    return problem(status, kind, title, detail, headers=headers, **more)


async def _unreadable_address(_request: Request, _error: Exception) -> Response:
    words = "Leave out the sign NUL (%00). Nothing was stored."
    return problem(400, "unreadable-address", "The address holds a sign that no text can hold.", words)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = error.errors()
    asked = asked_by(request.scope)
    is_json = says_json(request.headers.get("content-type", ""))
    if not is_json and asked.model is not None and [list(one["loc"]) for one in errors] == [["body"]]:
        return _not_json(415, asked)
    count = "1 field needs" if len(errors) == 1 else f"{len(errors)} fields need"
    detail = f"{count} another value. {asked.nothing}"
    return problem(422, "invalid", f"The {asked.what} is not well formed.", detail, field_problems(errors, asked))


def says_json(content_type: str) -> bool:
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _not_json(status: int, asked: Asked) -> Response:
    """The body as a whole is not what it should be."""
    mistake = FieldProblem(field=WHOLE_BODY, rule="json_invalid", message=asked.shape, example=asked.example_of([]))
    return problem(status, "not-json", _TITLES[status], asked.nothing, [mistake])


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status, asked = error.status_code, asked_by(request.scope)
    nothing = "Nothing was stored." if request.scope["path"].startswith("/v1/shops/") else asked.nothing
    if status == 413:
        detail = f"At most 1 MiB for an event, 5 MiB for a batch or a list, 8 KiB for a callback. {nothing}"
        return problem(413, "too-large", _TITLES[413], detail)
    if status == 414:
        return problem(414, "too-long", _TITLES[414], f"At most 8 KiB for the path, and 8 KiB for the query. {nothing}")
    if status in (400, 415):
        return _not_json(status, asked)
    if status == 408:
        detail = f"{nothing} Send it again."
        return problem(408, "too-slow", _TITLES[408], detail, headers=dict(error.headers or {}))
    title = _TITLES.get(status, "The request cannot be served.")
    kind = title.lower().rstrip(".").replace(" ", "-")
    return problem(status, kind, title, "See /docs for what there is.", headers=dict(error.headers or {}))


async def _defect(request: Request, error: Exception) -> Response:
    log.error("defect", route=getattr(request.scope.get("route"), "path", ""), exc_info=error)
    detail = "This is a defect of ours; it was noted. Keep the event and send it again later."
    return problem(500, "defect", "The gateway failed.", detail)


_HANDLERS: dict[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    BadParameter: _bad_parameter,
    UnreadableAddress: _unreadable_address,
    GatewayError: _gateway_error,
    RequestValidationError: _invalid,
    HTTPException: _http_error,
    Exception: _defect,
}
