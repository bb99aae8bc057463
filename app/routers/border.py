"""What holds for every request and answer: how much is read and for how long, and which headers go out.

Plain ASGI: it stands on the hot path.
"""

import asyncio

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.deadlines import WHOLE
from app.routers.problems import problem_of
from app.routers.wire_model import printable

MAX_BODY_BYTES = 1024 * 1024
MAX_BATCH_BYTES = 5 * 1024 * 1024

BODY_SECONDS = 30.0
"""From the headers to the last byte of the body."""

_MANY = ("/events", "/subscriber-lists")
_SAFE_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"cache-control", b"no-store"))


class Border:
    """Bodies beyond the limit are refused by their announced length, or while they stream in; so are those that never end.

    What stands behind it is given the whole body as one message.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(one for one in _SAFE_HEADERS if one[0] not in present)]
            await send(message)

        try:
            _check_address(scope)
            whole = await _whole(scope, receive)
        except (HTTPException, RequestValidationError) as refusal:
            response = await problem_of(Request(scope), refusal)
            await response(scope, receive, safe)
            return
        first: Message | None = whole

        async def again() -> Message:
            nonlocal first
            message, first = first, None
            return message or await receive()

        await self._app(scope, again, safe)


def _check_address(scope: Scope) -> None:
    """No database can be asked for a text with a NUL in it. Raises `HTTPException` 404, or `RequestValidationError`.

    Callbacks judge their parameters themselves, before any database is asked.
    """
    if scope["path"].startswith("/callbacks/"):
        return
    if "\x00" in scope["path"]:
        raise HTTPException(404)
    if b"%00" in scope["query_string"]:
        names = (pair.partition(b"=")[0].decode("latin-1") for pair in scope["query_string"].split(b"&") if b"%00" in pair)
        words = "control characters are not allowed"
        raise RequestValidationError([{"loc": ("query", printable(name)), "type": "value_error", "msg": words} for name in names])


async def _whole(scope: Scope, receive: Receive) -> Message:
    """The body as one message, or that nobody waits for an answer any more. Raises `HTTPException` 408 and 413."""
    limit = MAX_BATCH_BYTES if scope["path"].endswith(_MANY) else MAX_BODY_BYTES
    announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    if not announced.isdigit() or int(announced[:20]) > limit:
        raise HTTPException(413)
    if WHOLE in scope:
        return await _gathered(receive, limit)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _gathered(receive, limit)
    except TimeoutError:
        raise HTTPException(408, headers={"Connection": "close"}) from None


async def _gathered(receive: Receive, limit: int) -> Message:
    message = await receive()
    if not message.get("more_body", False) and len(message.get("body", b"")) <= limit:
        return message
    parts: list[bytes] = [message["body"]]
    left = limit - len(message["body"])
    while message.get("more_body", False) and left >= 0:
        message = await receive()
        parts.append(message.get("body", b""))
        left -= len(parts[-1])
    if left < 0:
        raise HTTPException(413)
    return {**message, "body": b"".join(parts)}
