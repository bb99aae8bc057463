"""What holds for every request and answer: how much is read, and which headers go out. Plain ASGI: it stands on the hot path."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.routers.problems import too_large

MAX_BODY_BYTES = 1024 * 1024
MAX_BATCH_BYTES = 5 * 1024 * 1024

_MANY = ("/events", "/subscriber-lists")
_SAFE_HEADERS = {b"x-content-type-options": b"nosniff", b"cache-control": b"no-store"}


class Border:
    """Bodies beyond the limit are refused by their announced length, or while they stream in."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = MAX_BATCH_BYTES if scope["path"].endswith(_MANY) else MAX_BODY_BYTES
        left = limit

        async def counted() -> Message:
            nonlocal left
            message = await receive()
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
