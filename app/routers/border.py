"""What holds for every request and answer: how much is read and for how long, and which headers go out.

Plain ASGI: it stands on the hot path.
"""

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.routers.problems import too_large

MAX_BODY_BYTES = 1024 * 1024
MAX_BATCH_BYTES = 5 * 1024 * 1024

BODY_SECONDS = 30.0
"""From the headers to the last byte of the body."""

_MANY = ("/events", "/subscriber-lists")
_SAFE_HEADERS = {b"x-content-type-options": b"nosniff", b"cache-control": b"no-store"}


class Border:
    """Bodies beyond the limit are refused by their announced length, or while they stream in; so are those that never end."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = MAX_BATCH_BYTES if scope["path"].endswith(_MANY) else MAX_BODY_BYTES
        left, whole = limit, False
        until = asyncio.get_running_loop().time() + BODY_SECONDS

        async def counted() -> Message:
            nonlocal left, whole
            if whole:
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, headers={"Connection": "close"}) from None
            whole = not message.get("more_body", False)
            left -= len(message.get("body", b""))
            if left < 0:
                raise HTTPException(413)
            return message

        async def safe(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in _SAFE_HEADERS.items() if name not in present),
                ]
            await send(message)

        announced = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if not announced.isdigit() or int(announced[:20]) > limit:
            await too_large()(scope, receive, safe)
            return
        await self._app(scope, counted, safe)
