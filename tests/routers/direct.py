"""Requests that an application is given as the server would: for tests of thousands of them, of which a client takes the half."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message


@dataclass(frozen=True)
class Answered:
    status_code: int
    content: bytes

    def json(self) -> Any:
        return json.loads(self.content)

    @property
    def text(self) -> str:
        return self.content.decode()


async def ask(app: ASGIApp, method: str, address: str, headers: Mapping[str, str | bytes], body: bytes = b"") -> Answered:
    """The address as it stands in the first line of the request. What the application raises is a 500, as for the server."""
    path, _, query = address.partition("?")
    usual = {"Host": "gateway.test", "Accept": "*/*", **({"Content-Length": str(len(body))} if body else {})}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method.upper(),
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), _as_bytes(value)) for name, value in {**usual, **headers}.items()],
        "server": ("gateway.test", 80),
        "client": ("127.0.0.1", 123),
    }
    sent: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    received, answered = list[Message](), asyncio.Event()

    async def receive() -> Message:
        if sent:
            return sent.pop()
        await answered.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        received.append(message)
        if message["type"] == "http.response.body" and not message.get("more_body", False):
            answered.set()

    try:
        await app(scope, receive, send)
    except Exception:
        return Answered(500, b"")
    start, *rest = received
    assert answered.is_set()
    return Answered(start["status"], b"".join(message.get("body", b"") for message in rest))


def _as_bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value
